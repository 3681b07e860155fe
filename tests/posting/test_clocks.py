"""Our own clock may be wrong by years; X's is right. A page of the timeline is not all of it."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from tweetbot.posting.run import young_post
from tweetbot.profile import digest
from tweetbot.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot, Clock

HELLO = "Hello, world"
OTHER = "Another text"
DAY = 24 * 3600
YEARS = 2 * 365 * DAY
UNREADABLE = Fault("status", status=503)


def post_id(at: float) -> str:
    return str((int(at * 1000) - 1288834974657) << 22)


def page(posts: dict[str, float], **fields: Any) -> Fault:
    """Let the timeline show these texts, made at those times."""
    data = [{"id": post_id(at), "text": text, **fields} for text, at in posts.items()]
    body = {"data": data, "meta": {"result_count": len(data)}}
    return Fault("status", status=200, body=json.dumps(body).encode())


def leave_pending(bot: Bot, at: float, text: str = HELLO, **fields: Any) -> None:
    bot.change(pending={"text": text, "digest": digest(text), "at": int(at), **fields})


@pytest.fixture
def right(clock: Clock, x: Sandbox) -> Clock:
    """X's clock, which stays right while the bot's own, `clock`, is set by the test."""
    began, offset = time.monotonic(), time.time()
    x.clock = lambda: offset + time.monotonic() - began
    return clock


# --- the month ------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["1970-01-01 00:00", "2031-05-05 00:00"])
@pytest.mark.parametrize("is_due", [False, True])
def test_a_run_with_a_wrong_clock_does_not_reset_what_the_month_cost(
    bot: Bot, right: Clock, wrong: str, *, is_due: bool
) -> None:
    month = time.strftime("%Y-%m", time.gmtime())
    bot.change(spend={"month": month, "posts": 9, "usd": 1.5, "budget_usd": 20.0})
    if is_due:
        bot.make_due()
    right.time = time.mktime(time.strptime(wrong, "%Y-%m-%d %H:%M"))
    ended = bot.post(HELLO, clock=right)
    assert ended.code == 0, ended.said
    spend = bot.document["spend"]
    assert (spend["month"], spend["posts"], spend["usd"]) == (month, 10, 1.515)


def test_a_budget_that_is_used_up_holds_at_a_clock_of_1970(bot: Bot, right: Clock) -> None:
    month = time.strftime("%Y-%m", time.gmtime())
    bot.change(spend={"month": month, "posts": 9, "usd": 5.0, "budget_usd": 5.0})
    right.time = 0
    assert bot.post(HELLO, clock=right).code == 5


# --- a post that X has dated a little ahead of us ------------------------------------------------


def test_a_text_is_known_again_by_a_machine_whose_clock_is_a_minute_behind(
    bot: Bot, clock: Clock, lax: Sandbox
) -> None:
    bot.x, lax.clock = lax, clock.now
    bot.log_in()
    assert bot.post(HELLO, clock=clock).code == 0
    clock.time -= 60
    again = bot.post(HELLO, clock=clock)
    assert (again.code, len(lax.posts)) == (0, 1), again.said


def test_a_gap_is_kept_by_a_machine_whose_clock_is_a_minute_behind(bot: Bot, clock: Clock) -> None:
    assert bot.post(HELLO, clock=clock).code == 0
    last = bot.store.load().posts[-1]
    assert young_post(bot.store.load(), 3600, last.at - 60) == last


# --- status ---------------------------------------------------------------------------------


def test_a_post_of_the_future_is_too_old_for_a_monitor(bot: Bot) -> None:
    at = int(time.time()) + YEARS
    bot.change(posts=[{"id": post_id(at), "at": at, "digest": digest(HELLO)}])
    ended = bot.run("status", "-p", "default", "--max-age", "36h")
    assert ended.code == 9, ended.out
    assert "in the future" in ended.out


# --- an attempt whose time is wrong -------------------------------------------------------------


@pytest.mark.parametrize("wrong", [8 * 3600, YEARS, -YEARS * 10])
def test_an_attempt_timed_by_a_wrong_clock_is_found_all_the_same(
    bot: Bot, clock: Clock, x: Sandbox, wrong: int
) -> None:
    x.fault("timeline", UNREADABLE)
    x.fault("timeline", UNREADABLE)
    x.fault("post", Fault("reset", after=True))
    now = clock.time
    x.clock = lambda: now
    clock.time += wrong
    assert bot.post(HELLO, clock=clock).code == 7
    clock.time = now + 60
    x.clock = clock.now
    ended = bot.post(HELLO, clock=clock)
    assert (ended.code, len(x.posts)) == (0, 1), ended.said
    assert ended.outcome
    assert ended.outcome.id == x.posts[0].id


def test_an_attempt_whose_time_x_could_tell_is_written_down_by_xs_clock(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    now = clock.time
    x.clock = lambda: now
    clock.time += 8 * 3600
    x.fault("timeline", UNREADABLE)
    x.fault("timeline", UNREADABLE)
    x.fault("post", Fault("reset"))
    assert bot.post(HELLO, clock=clock).code == 7
    assert abs(bot.document["pending"]["at"] - now) < 5


@pytest.mark.parametrize("at", [0, YEARS])
def test_the_day_of_an_unreadable_timeline_begins_when_it_is_first_found_so(
    bot: Bot, clock: Clock, x: Sandbox, at: int
) -> None:
    """The attempt's own time is that of a board without a clock."""
    now = clock.time
    leave_pending(bot, at=now + at if at else 0)
    for hours, code in ((0, 7), (23, 7), (25, 0)):
        clock.time = now + hours * 3600
        x.fault("timeline", UNREADABLE)
        ended = bot.post(OTHER, clock=clock)
        assert ended.code == code, (hours, ended.said)


def test_a_run_at_1970_does_not_end_the_day_of_an_unreadable_timeline(
    bot: Bot, right: Clock, x: Sandbox
) -> None:
    leave_pending(bot, at=time.time() - 60)
    right.time = 0
    x.fault("timeline", UNREADABLE)
    assert bot.post(OTHER, clock=right).code == 7
    right.time = time.time() + YEARS
    x.fault("timeline", UNREADABLE)
    assert bot.post(OTHER, clock=right).code == 7
    assert x.posts == ()


def test_our_own_clock_alone_does_not_end_that_day(bot: Bot, clock: Clock, x: Sandbox) -> None:
    leave_pending(bot, at=clock.time - 60)
    bot.change(token={"expires_at": int(clock.time) + 4 * YEARS})
    clock.time += YEARS
    x.close()
    assert bot.post(OTHER, clock=clock).code == 7
    assert bot.document["pending"]["text"] == HELLO


def test_no_request_carries_a_time_that_only_our_own_clock_has_made_up(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    leave_pending(bot, at=clock.time - 60)
    assert bot.post(OTHER, clock=clock).code == 0
    leave_pending(bot, at=clock.time - 60)
    bot.make_due()
    assert bot.post("A third text", clock=clock).code == 0
    first, second = (request for request in x.requests if request.step == "timeline")
    assert "start_time" not in first.query
    began = time.strptime(second.query["start_time"], "%Y-%m-%dT%H:%M:%SZ")
    assert began < time.gmtime(clock.time - 60)


# --- a page is not the whole timeline -----------------------------------------------------------


def by_hand(count: int, now: float) -> dict[str, float]:
    return {f"By hand {number}": now + number for number in range(count)}


def test_a_full_page_that_does_not_reach_back_proves_nothing(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    at = clock.time - 3600
    leave_pending(bot, at=at)
    x.fault("timeline", page(by_hand(20, at + 1800)))
    ended = bot.post(OTHER, clock=clock)
    assert (ended.code, x.posts) == (7, ()), ended.said
    assert "do not reach back" in ended.said


@pytest.mark.parametrize("oldest", ["there are no more", "it is older than the attempt"])
def test_a_page_that_reaches_back_proves_that_it_did_not_go_out(
    bot: Bot, clock: Clock, x: Sandbox, oldest: str
) -> None:
    at = clock.time - 3600
    leave_pending(bot, at=at)
    older = {} if oldest == "there are no more" else {"Older": at - 3600}
    x.fault("timeline", page({**by_hand(19, at + 1800), **older}))
    ended = bot.post(OTHER, clock=clock)
    assert (ended.code, len(x.posts)) == (0, 1), ended.said
    assert "did not go out" in ended.said


# --- the fields -------------------------------------------------------------------------------


def refuse(name: str) -> Fault:
    errors = [{"parameters": {name: ["entities"]}, "message": f"[{name}] is not one of …"}]
    body = json.dumps({"title": "Invalid Request", "errors": errors}).encode()
    return Fault("status", status=400, body=body)


def test_a_server_that_knows_the_other_spelling_alone_is_asked_in_it(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    x.fault("post", Fault("reset", after=True))
    x.fault("timeline", refuse("post.fields"))
    ended = bot.post("See https://example.com/a", clock=clock)
    assert (ended.code, len(x.posts)) == (0, 1), ended.said
    spellings = [set(r.query) - {"max_results", "start_time"} for r in x.requests[-2:]]
    assert spellings == [{"post.fields"}, {"tweet.fields"}]


def test_a_refused_question_is_no_advice_to_change_the_text(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    leave_pending(bot, at=clock.time - 60)
    x.fault("timeline", refuse("max_results"))
    ended = bot.post(OTHER, clock=clock)
    assert ended.code == 7
    assert "Change the text" not in ended.said


def test_a_link_that_x_does_not_explain_may_be_the_one(bot: Bot, clock: Clock, x: Sandbox) -> None:
    leave_pending(bot, at=clock.time - 60, text="See https://example.com/a")
    x.fault("timeline", page({"See https://t.co/abcdefghij": clock.time - 59}))
    ended = bot.post(OTHER, clock=clock)
    assert (ended.code, x.posts) == (7, ()), ended.said


# --- a renewal that never left ----------------------------------------------------------------


@pytest.mark.parametrize(("tries", "code"), [(2, 0), (3, 6)])
def test_a_renewal_that_never_left_is_tried_twice_more(
    bot: Bot, clock: Clock, x: Sandbox, tries: int, code: int
) -> None:
    """The network is back after so many tries."""
    bot.expire()
    x.close()

    def come_back(_: float) -> None:
        if len(clock.pauses) == tries:
            x.__enter__()

    clock.on_sleep = come_back
    ended = bot.post(HELLO, clock=clock)
    assert (ended.code, clock.pauses) == (code, [0.5, 2.0]), ended.said
    assert len(x.posts) == (code == 0)
