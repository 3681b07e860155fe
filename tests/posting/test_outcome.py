"""Exactly one post, and the truth about it: one run that meets a fault, and the next run."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from tweetbot.sandbox import Fault, Sandbox
from tweetbot.x.answer import Answer
from tweetbot.x.transport import Transport

if TYPE_CHECKING:
    from tests.conftest import Bot, Clock, Ended

HELLO = "Hello, world"
HOUR = 3600


class Impatient(Transport):
    """A transport whose deadlines are half a second, for servers that say nothing."""

    def request(self, method: str, url: str, *, deadline: float, **rest: Any) -> Answer:
        return super().request(method, url, deadline=min(deadline, 0.5), **rest)


def status(code: int, body: bytes = b"", *, after: bool = False, times: int = 1) -> Fault:
    return Fault("status", status=code, body=body, after=after, times=times)


def run(
    bot: Bot,
    clock: Clock,
    text: str = HELLO,
    *,
    again: bool = False,
    fault: Fault | None = None,
) -> Ended:
    """Run `post`; `fault` is the one that it will meet."""
    waits = fault is not None and fault.kind in ("silent", "drip")
    transport = Impatient if waits else Transport
    return bot.post(text, clock=clock, again=again, transport=transport)


def name(value: object) -> str:
    """Name a row of a table: the fault, how often it comes, and its body."""
    if not isinstance(value, Fault):
        return str(value)
    times = f" x{value.times}" if value.times > 1 else ""
    return f"{value}{times} {value.body.decode()}".rstrip()


def live(x: Sandbox, text: str = HELLO) -> int:
    """How many posts of `text` X has."""
    return sum(post.sent_text == text for post in x.posts)


def url_of_last(x: Sandbox) -> str:
    return f"https://x.com/{x.account.username}/status/{x.posts[-1].id}"


# --- the table: which fault, how the run ends, how many posts are live ----------------------

LOST = ("reset", "garbage", "silent")
GATEWAY = (500, 502, 503, 504)
BEFORE = [*(Fault(kind) for kind in LOST), *(status(code) for code in GATEWAY)]
AFTER = [replace(fault, after=True) for fault in BEFORE]
FOUR_BEFORE, FOUR_AFTER = BEFORE[:4], AFTER[:4]
LATE = [Fault("half"), Fault("drip"), Fault("delay", seconds=0.01)]

# The fault of `POST /2/tweets` | this run: exit code, posts live | the next run with this text.
POST_TABLE = [
    *((fault, 7, 0, 0, 1) for fault in BEFORE),
    *((fault, 0, 1, 0, 1) for fault in AFTER),
    *((fault, 0, 1, 0, 1) for fault in LATE),
    (status(200, b'{"errors":[{"detail":"Not this time."}]}'), 7, 0, 0, 1),
    (status(201, b"{}", after=True), 0, 1, 0, 1),
    (status(201, b'{"data":{"id":', after=True), 0, 1, 0, 1),
    (status(204, after=True), 0, 1, 0, 1),
    (status(302), 2, 0, 0, 1),
    (status(400), 3, 0, 0, 1),
    (status(401), 0, 1, 0, 1),
    (status(401, times=2), 4, 0, 0, 1),
    (status(402), 5, 0, 0, 1),
    (status(403), 5, 0, 0, 1),
    (status(403, b"<h1>Forbidden</h1>"), 6, 0, 0, 1),
    (status(404), 2, 0, 0, 1),
    (status(405), 2, 0, 0, 1),
    (status(429), 6, 0, 0, 1),
]


@pytest.mark.parametrize(
    ("fault", "code", "posts", "next_code", "next_posts"), POST_TABLE, ids=name
)
def test_a_fault_of_the_post_ends_with_one_post_and_the_truth(
    bot: Bot,
    clock: Clock,
    x: Sandbox,
    fault: Fault,
    code: int,
    posts: int,
    next_code: int,
    next_posts: int,
) -> None:
    x.fault("post", fault)
    ended = run(bot, clock, fault=fault)
    assert (ended.code, live(x)) == (code, posts), ended.said
    assert bool(bot.document["pending"]) == (code == 7)
    assert bool(bot.document["last_error"]) == (code != 0)
    assert ended.url == (url_of_last(x) if code == 0 else None)

    ended = run(bot, clock)
    assert (ended.code, live(x)) == (next_code, next_posts), ended.said
    assert ended.url == url_of_last(x)
    assert bot.document["pending"] is None
    assert bot.document["last_error"] is None


# The fault of a renewal that is due | this run | the next run, which has another text.
# After a lost answer the old refresh token is spent, and only the access token lives on.
TOKEN_TABLE = [
    *((fault, 0, 1, 0, 2) for fault in FOUR_BEFORE),
    *((fault, 0, 1, 4, 1) for fault in FOUR_AFTER),
    (Fault("half"), 0, 1, 4, 1),
    (Fault("drip"), 0, 1, 4, 1),
    (Fault("delay", seconds=0.01), 0, 1, 0, 2),
    *((replace(fault, times=2), 0, 1, 0, 2) for fault in FOUR_BEFORE),
    (status(400), 4, 0, 0, 1),
    (status(401), 2, 0, 0, 1),
    (status(402), 5, 0, 0, 1),
    (status(403), 5, 0, 0, 1),
    (status(403, b"<h1>Forbidden</h1>"), 0, 1, 0, 2),
    (status(429), 0, 1, 0, 2),
]


@pytest.mark.parametrize(
    ("fault", "code", "posts", "next_code", "next_posts"), TOKEN_TABLE, ids=name
)
def test_a_fault_of_the_renewal_never_costs_or_doubles_a_post(
    bot: Bot,
    clock: Clock,
    x: Sandbox,
    fault: Fault,
    code: int,
    posts: int,
    next_code: int,
    next_posts: int,
) -> None:
    bot.make_due()
    x.fault("token", fault)
    ended = run(bot, clock, fault=fault)
    assert (ended.code, len(x.posts)) == (code, posts), ended.said
    assert bot.document["pending"] is None

    ended = run(bot, clock, "Another text")
    assert (ended.code, len(x.posts)) == (next_code, next_posts), ended.said
    assert len({post.text for post in x.posts}) == len(x.posts)


# The same where the access token has expired | this run | the next run with this text.
EXPIRED_TABLE = [
    *((fault, 0, 1, 0, 1) for fault in FOUR_BEFORE),
    *((fault, 4, 0, 4, 0) for fault in FOUR_AFTER),
    *((replace(fault, times=2), 6, 0, 0, 1) for fault in FOUR_BEFORE),
    (status(429), 6, 0, 0, 1),
]


@pytest.mark.parametrize(
    ("fault", "code", "posts", "next_code", "next_posts"), EXPIRED_TABLE, ids=name
)
def test_without_a_token_nothing_is_posted_and_nothing_is_pending(
    bot: Bot,
    clock: Clock,
    x: Sandbox,
    fault: Fault,
    code: int,
    posts: int,
    next_code: int,
    next_posts: int,
) -> None:
    bot.expire()
    x.fault("token", fault)
    ended = run(bot, clock, fault=fault)
    assert (ended.code, live(x)) == (code, posts), ended.said
    assert bot.document["pending"] is None

    ended = run(bot, clock)
    assert (ended.code, live(x)) == (next_code, next_posts), ended.said


# What makes the timeline or `users/me` unreadable, in both looks of a run.
UNREADABLE = [
    *(replace(fault, times=2) for fault in (*FOUR_BEFORE, Fault("half"))),
    *(
        status(200, body, times=2)
        for body in (
            b"<h1>Log in to the hotel</h1>",
            b"[]",
            b"{}",
            b'{"errors":[{"title":"Not Found Error"}]}',
            b'{"data":5}',
            b'{"data":{"id":"5"}}',
            b'{"data":[{"text":"Hello, world"}]}',
        )
    ),
    status(401, times=4),  # each look renews the login and looks again
    *(status(code, times=2) for code in (302, 402, 403, 404, 429, 503)),
]


@pytest.mark.parametrize(
    ("fault", "was_posted"),
    [*((fault, True) for fault in UNREADABLE), *((fault, False) for fault in UNREADABLE[:4])],
    ids=name,
)
def test_a_timeline_that_cannot_be_read_leaves_the_outcome_open(
    bot: Bot, clock: Clock, x: Sandbox, fault: Fault, was_posted: bool
) -> None:
    x.fault("post", Fault("reset", after=was_posted))
    x.fault("timeline", fault)
    ended = run(bot, clock, fault=fault)
    assert (ended.code, live(x), x.count("post")) == (7, was_posted, 1), ended.said
    assert "The timeline cannot be read" in ended.said
    assert bot.document["pending"]["text"] == HELLO

    ended = run(bot, clock)
    assert (ended.code, live(x), x.count("post")) == (0, 1, 2 - was_posted), ended.said


@pytest.mark.parametrize(
    "fault",
    [
        Fault("reset", times=2),
        status(401, times=4),
        status(503, times=2),
        *(
            status(200, body, times=2)
            for body in (
                b"[]",
                b'{"data":5}',
                b'{"data":{"id":"5"}}',
                b'{"data":{"id":"5","username":null}}',
                b'{"data":{"id":5,"username":"dogfacts"}}',
                b'{"data":{"id":"5/6","username":"dogfacts"}}',
            )
        ),
    ],
    ids=name,
)
def test_while_the_account_cannot_be_read_nothing_is_posted(
    bot: Bot, clock: Clock, x: Sandbox, fault: Fault
) -> None:
    bot.change(account=None)
    x.fault("me", fault)
    ended = run(bot, clock, fault=fault)
    assert (ended.code, live(x), bot.document["pending"]) in ((4, 0, None), (6, 0, None))

    while ended.code in (4, 6):
        if ended.code == 4:
            bot.log_in()
        ended = run(bot, clock)
    assert (ended.code, live(x), x.count("post")) == (0, 1, 1), ended.said
    assert bot.document["account"]["id"] == x.account.id


# --- within one run -------------------------------------------------------------------------


NOTHING_YET = status(200, b'{"meta":{"result_count":0}}')


def steps(x: Sandbox) -> list[str]:
    return [request.step for request in x.requests]


def test_nothing_is_asked_after_a_clear_answer(bot: Bot, clock: Clock, x: Sandbox) -> None:
    bot.make_due()
    ended = run(bot, clock)
    assert (ended.code, ended.url, clock.pauses) == (0, url_of_last(x), [])
    assert steps(x) == ["token", "post"]
    assert len({request.connection for request in x.requests}) == 1


def test_a_request_that_never_left_is_sent_up_to_three_times(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    x.close()
    ended = run(bot, clock)
    assert (ended.code, clock.pauses) == (6, [0.5, 2.0]), ended.said
    assert "could not be reached" in ended.said
    assert bot.document["pending"] is None
    assert bot.document["last_error"]["error"] == "temporary"


@pytest.mark.parametrize("tries", [1, 2])
def test_a_server_that_comes_back_gets_the_post_once(
    bot: Bot, clock: Clock, x: Sandbox, tries: int
) -> None:
    def wake(_: float) -> None:
        if len(clock.pauses) == tries:
            x.__enter__()

    x.close()
    clock.on_sleep = wake
    ended = run(bot, clock)
    assert (ended.code, clock.pauses) == (0, [0.5, 2.0][:tries]), ended.said
    assert (live(x), steps(x)) == (1, ["post"])


def test_an_unclear_answer_is_looked_up_after_each_pause(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    x.fault("post", Fault("reset"))
    ended = run(bot, clock)
    assert (ended.code, clock.pauses) == (7, [3, 10])
    assert steps(x) == ["post", "timeline", "timeline"]


def test_a_post_that_shows_at_once_ends_the_looking(bot: Bot, clock: Clock, x: Sandbox) -> None:
    x.fault("post", Fault("reset", after=True))
    ended = run(bot, clock)
    assert (ended.code, ended.url, clock.pauses) == (0, url_of_last(x), [3])
    assert [posted["id"] for posted in bot.document["posts"]] == [x.posts[0].id]


def test_a_post_that_shows_late_is_found_by_the_second_look(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    x.fault("post", Fault("reset", after=True))
    x.fault("timeline", NOTHING_YET)
    ended = run(bot, clock)
    assert (ended.code, ended.url, clock.pauses) == (0, url_of_last(x), [3, 10])


def test_an_open_outcome_says_what_was_sent_when_and_where_to_look(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    sent_at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(clock.time))
    x.fault("post", status(503, b"<title>503</title><p>Over capacity</p>"))
    ended = run(bot, clock)
    for words in (
        HELLO,
        sent_at,
        "https://x.com/dogfacts",
        "next run settles it",
        "not sent again",
    ):
        assert words in ended.said
    assert "Over capacity" in ended.said
    pending = bot.document["pending"]
    assert (pending["text"], pending["at"]) == (HELLO, int(clock.time - 13))
    assert bot.document["last_error"]["error"] == "outcome-unknown"


def test_without_an_account_the_login_is_asked_for_it_first(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    bot.change(account=None)
    x.fault("post", Fault("reset", after=True))
    ended = run(bot, clock)
    assert (ended.code, ended.url) == (0, url_of_last(x))
    assert steps(x) == ["me", "post", "timeline"]
    assert bot.document["account"] == {"id": x.account.id, "username": x.account.username}


def test_a_401_of_the_look_up_renews_and_looks_again(bot: Bot, clock: Clock, x: Sandbox) -> None:
    x.fault("post", Fault("reset", after=True))
    x.fault("timeline", status(401))
    ended = run(bot, clock)
    assert (ended.code, ended.url, clock.pauses) == (0, url_of_last(x), [3])
    assert steps(x) == ["post", "timeline", "token", "timeline"]


def test_a_login_renewed_by_the_look_up_keeps_the_post_pending(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    spent = bot.document["token"]["refresh_token"]
    x.fault("post", Fault("reset"))
    x.fault("timeline", status(401))
    assert run(bot, clock).code == 7
    assert bot.document["pending"]["text"] == HELLO
    assert bot.document["token"]["refresh_token"] != spent


def test_with_looking_switched_off_the_outcome_stays_open_at_once(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    x.fault("post", Fault("reset", after=True))
    ended = bot.post(HELLO, clock=clock, check_after=())
    assert (ended.code, clock.pauses, steps(x)) == (7, [], ["post"])
    assert "switched off" in ended.said
    assert bot.document["pending"]["text"] == HELLO


def test_a_renewal_lost_after_a_401_is_no_open_outcome(bot: Bot, clock: Clock, x: Sandbox) -> None:
    x.fault("post", status(401))
    x.fault("token", status(503, times=2))
    ended = run(bot, clock)
    assert (ended.code, live(x), bot.document["pending"]) == (6, 0, None), ended.said
    assert steps(x) == ["post", "token", "token"]


def test_a_401_with_both_token_requests_used_asks_for_no_third(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    bot.make_due()
    x.fault("token", Fault("reset"))
    x.fault("post", status(401))
    ended = run(bot, clock)
    assert (ended.code, steps(x)) == (4, ["token", "token", "post"]), ended.said


def test_a_short_rate_limit_is_waited_out(bot: Bot, clock: Clock, x: Sandbox) -> None:
    limit = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(clock.time) + 25)}
    x.fault("post", Fault("status", status=429, headers=limit))
    ended = run(bot, clock)
    assert (ended.code, live(x), clock.pauses) == (0, 1, [25])


def test_a_duplicate_that_nobody_attempted_is_the_text_s_fault(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    run(bot, clock)
    bot.change(posts=[])
    ended = run(bot, clock)
    assert (ended.code, live(x), bot.document["pending"]) == (3, 1, None)
    assert "duplicate" in ended.said


def test_the_same_error_counts_and_success_forgets_it(bot: Bot, clock: Clock, x: Sandbox) -> None:
    x.fault("post", status(402, times=3))
    for count in (1, 2, 3):
        assert run(bot, clock).code == 5
        assert bot.document["last_error"]["count"] == count
    x.fault("post", status(400))
    assert run(bot, clock).code == 3
    last = bot.document["last_error"]
    assert (last["code"], last["error"], last["count"]) == (3, "text-refused", 1)
    assert last["message"].startswith("X refused the post as invalid")
    assert run(bot, clock).code == 0
    assert bot.document["last_error"] is None


# --- the same text within six hours ---------------------------------------------------------


def test_the_same_text_within_six_hours_is_answered_without_a_request(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    first = run(bot, clock)
    clock.time += 6 * HOUR - 1
    ended = run(bot, clock)
    assert (ended.code, ended.url, steps(x)) == (0, first.url, ["post"])
    assert ended.outcome
    assert ended.outcome.already_posted


def test_the_command_says_that_it_was_posted_already(bot: Bot, x: Sandbox) -> None:
    first = bot.run("post", HELLO)
    second = bot.run("post", HELLO)
    assert (second.code, second.out) == (0, first.out)
    assert "lready posted" in second.err
    assert bot.run("post", HELLO, "--json").json["already_posted"] is True
    assert x.count("post") == 1


def test_a_text_that_was_posted_already_needs_no_budget(bot: Bot, clock: Clock, x: Sandbox) -> None:
    bot.change(spend={"budget_usd": 0.02})
    first = run(bot, clock)
    assert run(bot, clock, "Another text").code == 5
    assert run(bot, clock).url == first.url
    assert len(x.posts) == 1


def test_the_same_text_after_six_hours_is_sent(bot: Bot, clock: Clock, x: Sandbox) -> None:
    run(bot, clock)
    clock.time += 6 * HOUR
    assert (run(bot, clock).code, live(x)) == (0, 2)


def test_again_sends_the_same_text(bot: Bot, clock: Clock, lax: Sandbox) -> None:
    bot.x = lax
    bot.log_in()
    run(bot, clock)
    ended = run(bot, clock, again=True)
    assert (ended.code, live(lax), ended.url) == (0, 2, url_of_last(lax))


# --- a save that fails after a clear answer -------------------------------------------------


def test_a_post_that_cannot_be_written_down_is_a_success(bot: Bot, x: Sandbox) -> None:
    x.fault("post", Fault("delay", seconds=0.5))
    aside = bot.folder.with_name("aside")
    with bot.start("post", HELLO) as process:
        while not x.count("post"):
            time.sleep(0.01)
        bot.folder.rename(aside)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out.decode().strip()) == (0, url_of_last(x)), err
    assert b"not written down" in err

    aside.rename(bot.folder)
    assert bot.document["pending"]["text"] == HELLO
    bot.age_pending()
    ended = bot.run("post", HELLO)
    assert (ended.code, ended.out.strip(), live(x)) == (0, url_of_last(x), 1)
    assert x.count("post") == 1
