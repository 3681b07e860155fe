"""The next run finds out what became of a post that the last one could not vouch for."""

from __future__ import annotations

import json
import time
import unicodedata
from typing import TYPE_CHECKING, Any

import pytest

from tweetbot.draft import Terms
from tweetbot.errors import ConfigurationError
from tweetbot.profile import Profile
from tweetbot.sandbox import Fault, Sandbox
from tweetbot.store.folder import FileStore
from tweetbot.x.posts import Post

if TYPE_CHECKING:
    from tests.conftest import Bot, Clock

HELLO = "Hello, world"
OTHER = "Another text"
DAY = 24 * 3600
EMPTY = Fault("status", status=200, body=b'{"meta":{"result_count":0}}')
UNREADABLE = Fault("status", status=503)


class Forgetful(FileStore):
    """A store on a disk that fails for one save."""

    failing = True

    def save(self, profile: Profile) -> None:
        if self.failing:
            self.failing = False
            raise ConfigurationError("The disk is full.")
        super().save(profile)


def leave_open(bot: Bot, clock: Clock, text: str = HELLO, *, is_live: bool) -> None:
    """Let a run end without a clear answer; nothing of it is on the timeline yet."""
    for _ in range(2):
        bot.x.fault("timeline", EMPTY)
    bot.x.fault("post", Fault("reset", after=is_live))
    ended = bot.post(text, clock=clock)
    assert ended.code == 7
    clock.pauses.clear()


def live(x: Sandbox, text: str = HELLO) -> int:
    return sum(post.sent_text == text for post in x.posts)


def url_of(bot: Bot, number: int) -> str:
    return f"https://x.com/{bot.x.account.username}/status/{bot.x.posts[number].id}"


def asked(x: Sandbox, since: int) -> list[str]:
    return [request.step for request in x.requests[since:]]


def shown(text: str, *, at: float, **fields: Any) -> Fault:
    """Let the timeline show one post that X made at that time."""
    post = {"id": str((int(at * 1000) - 1288834974657) << 22), "text": text, **fields}
    body = {"data": [post], "meta": {"result_count": 1}}
    return Fault("status", status=200, body=json.dumps(body).encode())


# --- found ----------------------------------------------------------------------------------


def test_a_post_that_is_found_does_the_job_of_the_same_text(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    leave_open(bot, clock, is_live=True)
    before = len(x.requests)
    ended = bot.post(HELLO, clock=clock)
    assert (ended.code, ended.url) == (0, url_of(bot, 0))
    assert asked(x, before) == ["timeline"]
    assert bot.document["pending"] is None
    assert bot.document["last_error"] is None
    assert [posted["id"] for posted in bot.document["posts"]] == [x.posts[0].id]
    assert bot.document["spend"]["posts"] == 1


@pytest.mark.parametrize(("hours", "again"), [(7, False), (0, True)])
def test_a_post_that_is_found_does_the_job_whatever_the_six_hours_say(
    bot: Bot, clock: Clock, x: Sandbox, *, hours: int, again: bool
) -> None:
    leave_open(bot, clock, is_live=True)
    clock.time += hours * 3600
    ended = bot.post(HELLO, clock=clock, again=again)
    assert (ended.code, ended.url, x.count("post")) == (0, url_of(bot, 0), 1)


def test_a_post_that_is_found_counts_and_another_text_goes_on(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    leave_open(bot, clock, is_live=True)
    ended = bot.post(OTHER, clock=clock)
    assert (ended.code, ended.url) == (0, url_of(bot, 1))
    assert (live(x), live(x, OTHER)) == (1, 1)
    assert "was posted after all" in ended.told
    assert [posted["id"] for posted in bot.document["posts"]] == [post.id for post in x.posts]


def test_the_command_settles_what_the_last_one_left_open(bot: Bot, x: Sandbox) -> None:
    x.fault("post", Fault("reset", after=True))
    x.fault("timeline", Fault("status", status=503, times=2))
    first = bot.run("post", HELLO)
    assert (first.code, first.out) == (7, "")
    bot.age_pending()
    second = bot.run("post", HELLO)
    assert (second.code, second.out.strip(), live(x)) == (0, url_of(bot, 0), 1)


def test_a_post_found_later_is_remembered_for_six_hours(bot: Bot, clock: Clock, x: Sandbox) -> None:
    leave_open(bot, clock, is_live=True)
    bot.post(OTHER, clock=clock)
    before = len(x.requests)
    ended = bot.post(HELLO, clock=clock)
    assert (ended.code, ended.url, asked(x, before)) == (0, url_of(bot, 0), [])


def test_a_post_found_while_the_disk_fails_is_written_down_with_the_next(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    leave_open(bot, clock, is_live=True)
    store = Forgetful(bot.path, state_dir=lambda: bot.folder)
    ended = bot.post(OTHER, clock=clock, store=store)
    assert (ended.code, ended.url) == (0, url_of(bot, 1)), ended.said
    assert "The disk is full" in ended.told
    assert [posted["id"] for posted in bot.document["posts"]] == [post.id for post in x.posts]


# --- the pause ------------------------------------------------------------------------------


def test_the_rest_of_the_last_pause_is_waited_out(bot: Bot, clock: Clock) -> None:
    leave_open(bot, clock, is_live=True)
    bot.change(pending={"at": int(clock.time) - 35})
    clock.time = float(int(clock.time))
    assert bot.post(HELLO, clock=clock, check_after=(3, 40)).code == 0
    assert clock.pauses == [5]


@pytest.mark.parametrize(("age", "pause"), [(4, 26), (29, 1), (-3600, 30)])
def test_a_request_that_may_still_be_on_its_way_is_waited_out(
    bot: Bot, clock: Clock, age: int, pause: int
) -> None:
    """It left within 10 s of its intent, and its deadline is 20 s; a future says nothing."""
    leave_open(bot, clock, is_live=True)
    clock.time = float(int(clock.time))
    bot.change(pending={"at": int(clock.time) - age})
    assert bot.post(HELLO, clock=clock).code == 0
    assert clock.pauses == [pause]


@pytest.mark.parametrize("age", [30, 3600])
def test_an_old_attempt_is_looked_up_at_once_and_once(
    bot: Bot, clock: Clock, x: Sandbox, age: int
) -> None:
    leave_open(bot, clock, is_live=False)
    bot.change(pending={"at": int(clock.time) - age})
    before = len(x.requests)
    assert bot.post(OTHER, clock=clock).code == 0
    assert (clock.pauses, asked(x, before)) == ([], ["timeline", "post"])


def test_a_login_that_is_due_is_renewed_once_before_the_look(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    leave_open(bot, clock, is_live=True)
    bot.make_due()
    before = len(x.requests)
    assert bot.post(OTHER, clock=clock).code == 0
    assert asked(x, before) == ["token", "timeline", "post"]


def test_a_renewal_alone_leaves_the_post_pending(bot: Bot, clock: Clock, x: Sandbox) -> None:
    leave_open(bot, clock, is_live=True)
    assert bot.run("renew").code == 0
    assert bot.document["pending"]["text"] == HELLO
    assert x.count("timeline") == 2


def test_a_run_that_cannot_renew_leaves_the_post_pending(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    leave_open(bot, clock, is_live=True)
    bot.expire()
    x.fault("token", Fault("status", status=503, times=2))
    assert bot.post(OTHER, clock=clock).code == 6
    assert bot.document["pending"]["text"] == HELLO
    assert bot.post(HELLO, clock=clock).url == url_of(bot, 0)
    assert live(x) == 1


def test_a_login_that_is_dead_is_told_before_the_post_that_is_pending(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    """The token is young, so it is the timeline that says it."""
    leave_open(bot, clock, is_live=True)
    x.revoke_all()
    assert bot.post(OTHER, clock=clock).code == 4
    assert bot.document["pending"]["text"] == HELLO


# --- not found ------------------------------------------------------------------------------


def test_a_post_that_is_not_found_is_reported_and_another_text_goes_on(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    leave_open(bot, clock, is_live=False)
    sent_at = time.strftime("%H:%M:%S", time.localtime(bot.document["pending"]["at"]))
    ended = bot.post(OTHER, clock=clock)
    assert (ended.code, live(x), live(x, OTHER)) == (0, 0, 1)
    for words in (sent_at, "did not go out and was not sent again", HELLO):
        assert words in ended.told


def test_a_post_that_is_not_found_is_sent_if_it_is_asked_for_again(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    leave_open(bot, clock, is_live=False)
    ended = bot.post(HELLO, clock=clock)
    assert (ended.code, ended.url, live(x)) == (0, url_of(bot, 0), 1)


def test_a_duplicate_tells_that_the_earlier_attempt_was_posted(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    leave_open(bot, clock, is_live=True)
    x.fault("timeline", EMPTY)
    before = len(x.requests)
    ended = bot.post(HELLO, clock=clock)
    assert (ended.code, ended.url, live(x)) == (0, url_of(bot, 0), 1), ended.said
    assert asked(x, before) == ["timeline", "post", "timeline"]
    assert bot.document["last_error"] is None


@pytest.mark.parametrize("second_look", [EMPTY, UNREADABLE])
def test_a_duplicate_whose_id_nobody_can_tell_is_still_a_success(
    bot: Bot, clock: Clock, x: Sandbox, second_look: Fault
) -> None:
    leave_open(bot, clock, is_live=True)
    x.fault("timeline", EMPTY)
    x.fault("timeline", second_look)
    ended = bot.post(HELLO, clock=clock)
    assert (ended.code, ended.url, live(x)) == (0, None, 1), ended.said
    assert bot.document["pending"] is None
    assert bot.document["posts"][-1]["id"] is None


def test_the_command_prints_a_null_id_for_a_post_that_x_does_not_name(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    leave_open(bot, clock, is_live=True)
    x.fault("timeline", EMPTY)
    x.fault("timeline", EMPTY)
    bot.age_pending()
    ended = bot.run("post", HELLO, "--json")
    assert (ended.code, ended.json["ok"], ended.json["id"], live(x)) == (0, True, None, 1)


def test_a_duplicate_of_another_text_is_no_proof(bot: Bot, clock: Clock, x: Sandbox) -> None:
    bot.post(OTHER, clock=clock)
    bot.change(posts=[])
    leave_open(bot, clock, is_live=False)
    ended = bot.post(OTHER, clock=clock)
    assert (ended.code, live(x, OTHER)) == (3, 1)


# --- cannot be found out --------------------------------------------------------------------


def test_nothing_is_posted_while_the_timeline_cannot_be_read(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    leave_open(bot, clock, is_live=True)
    x.fault("timeline", UNREADABLE)
    before = len(x.requests)
    ended = bot.post(OTHER, clock=clock)
    assert (ended.code, asked(x, before)) == (7, ["timeline"]), ended.said
    assert "timeline cannot be read, so nothing was posted now" in ended.said
    assert HELLO in ended.said
    assert bot.document["pending"]["text"] == HELLO


@pytest.mark.parametrize(("age", "code"), [(DAY - 1, 7), (DAY, 0)])
def test_after_a_day_the_run_goes_on_without_an_answer(
    bot: Bot, clock: Clock, x: Sandbox, age: int, code: int
) -> None:
    leave_open(bot, clock, is_live=True)
    at = int(clock.time) - age
    bot.change(pending={"at": at})
    x.fault("timeline", UNREADABLE)
    ended = bot.post(OTHER, clock=clock)
    assert (ended.code, live(x, OTHER)) == (code, int(code == 0)), ended.said
    if code == 0:
        assert "could not be found out" in ended.told
        assert HELLO in ended.told
        first = bot.document["posts"][0]
        assert (first["id"], first["at"]) == (None, at)
    assert bot.document["spend"]["posts"] == (2 if code == 0 else 0), "it may be live"


def test_with_looking_switched_off_the_run_goes_on_at_once(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    leave_open(bot, clock, is_live=True)
    before = len(x.requests)
    ended = bot.post(OTHER, clock=clock, check_after=())
    assert (ended.code, asked(x, before)) == (0, ["post"])
    assert "could not be found out" in ended.told
    assert [posted["id"] for posted in bot.document["posts"]] == [None, x.posts[1].id]


def test_with_looking_switched_off_a_duplicate_still_tells(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    leave_open(bot, clock, is_live=True)
    bot.environ["TWEETBOT_CHECK_AFTER"] = ""
    ended = bot.run("post", HELLO)
    assert (ended.code, live(x), bot.document["pending"]) == (0, 1, None), ended.err


# --- recognised by its time -----------------------------------------------------------------


@pytest.mark.parametrize("skew", [-2 * 3600, -240, 0, 240, 2 * 3600])
def test_a_wrong_clock_does_not_hide_the_post(
    bot: Bot, clock: Clock, x: Sandbox, skew: int
) -> None:
    x.clock = lambda: clock.time + skew
    bot.log_in()
    x.fault("post", Fault("reset", after=True))
    ended = bot.post(HELLO, clock=clock)
    assert (ended.code, ended.url) == (0, url_of(bot, 0)), ended.said


@pytest.mark.parametrize("skew", [-2 * 3600, 0, 2 * 3600])
@pytest.mark.parametrize(("older", "code"), [(295, 0), (305, 7)])
def test_a_post_made_before_the_attempt_is_not_taken_for_it(
    bot: Bot, clock: Clock, x: Sandbox, skew: int, older: int, code: int
) -> None:
    """Five minutes of slack are granted, by X's clock."""
    x.clock = lambda: clock.time + skew
    bot.log_in()
    for _ in range(2):
        x.fault("timeline", shown(HELLO, at=x.clock() - older))
    x.fault("post", Fault("reset"))
    ended = bot.post(HELLO, clock=clock)
    assert ended.code == code, ended.said


def test_a_post_that_is_known_already_is_not_taken_for_another(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    assert bot.post(HELLO, clock=clock).code == 0
    x.fault("post", Fault("reset"))
    ended = bot.post(HELLO, clock=clock, again=True)
    assert (ended.code, live(x)) == (7, 1)
    ended = bot.post(OTHER, clock=clock)
    assert "did not go out" in ended.told


def test_a_post_of_another_text_is_not_taken_for_it(bot: Bot, clock: Clock, x: Sandbox) -> None:
    x.fault("post", Fault("reset"))
    for _ in range(2):
        x.fault("timeline", shown(OTHER, at=clock.time))
    assert bot.post(HELLO, clock=clock).code == 7


# --- recognised by its text -----------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "Tom & Jerry <3 \"quoted\" 'so' > that",
        "A literal &amp; and &lt;b&gt; and &copy without its semicolon",
        "Read https://example.com/a?b=1&copy=2&c=3#d and https://example.org",
        "Two\n\nparagraphs   with  spaces ",
        "https://example.com/",
        "Caf\u00e9, 1\u00a0000 \u20ac, \U0001f468\u200d\U0001f469\u200d\U0001f467",
    ],
)
def test_x_s_rendering_of_a_text_is_recognised(
    bot: Bot, clock: Clock, x: Sandbox, text: str
) -> None:
    x.fault("post", Fault("reset", after=True))
    ended = bot.post(text, clock=clock)
    assert (ended.code, ended.url) == (0, url_of(bot, 0)), ended.said


T1, T2 = "https://t.co/aaaaaaaaaa", "https://t.co/bbbbbbbbbb"
PHOTO = "https://x.com/dogfacts/status/1/photo/1"


@pytest.mark.parametrize(
    ("sent", "shown_as", "urls", "is_same"),
    [
        ("Cafe\u0301", "Caf\u00e9", (), True),
        ("Caf\u00e9", "Cafe\u0301", (), True),
        ("a < b & c > d", "a &lt; b &amp; c &gt; d", (), True),
        ("&amp;", "&amp;amp;", (), True),
        ("&lt;", "<", (), False),
        ("See https://example.com/a", f"See {T1}", ((T1, "https://example.com/a"),), True),
        ("See https://example.com/a", f"See {T1}", ((T1, "https://example.com/b"),), False),
        ("See example.com now", f"See {T1} now", ((T1, "http://example.com"),), True),
        ("See Example.com/", f"See {T1}", ((T1, "http://Example.com"),), True),
        ("See example.com.", f"See {T1}.", ((T1, "http://example.com"),), True),
        ("http://a.com b.com", f"{T1} {T2}", ((T1, "http://a.com"), (T2, "http://b.com")), True),
        (
            "x?a=1 example.com/?a=1&copy=2",
            f"x?a=1 {T1}",
            ((T1, "http://example.com/?a=1&copy=2"),),
            True,
        ),
        ("Look", f"Look {T1}", ((T1, PHOTO),), True),
        ("Look", f"Look {T1}", (), True),
        ("Look at a.com", f"Look at {T1} {T2}", ((T1, "http://a.com"), (T2, PHOTO)), True),
        (f"Look at {PHOTO}", f"Look at {T1}", ((T1, PHOTO),), True),
        (f"Look at {PHOTO} now", f"Look at {T1} now", ((T1, PHOTO),), True),
        ("Look", "Look!", (), False),
        ("Look", "look", (), False),
        ("Look", "Look Look", (), False),
        ("Two\nlines", "Two\nlines", (), True),
    ],
)
def test_a_text_is_recognised_as_x_shows_it(
    sent: str, shown_as: str, urls: tuple[tuple[str, str], ...], is_same: bool
) -> None:
    assert Post("1", shown_as, urls).has_text(sent) is is_same


def test_a_long_post_that_the_timeline_cuts_is_recognised(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    text = "Long & winding. " * 60 + "See https://example.com"
    long = {
        "text": text.replace("&", "&amp;").replace("https://example.com", T1),
        "entities": {"urls": [{"url": T1, "expanded_url": "https://example.com"}]},
    }
    x.fault("post", Fault("reset"))
    x.fault("timeline", shown(f"{text[:200]}… {T2}", at=clock.time, note_post=long))
    ended = bot.post(text, clock=clock, terms=Terms(limit=25_000))
    assert ended.code == 0, ended.said
    look = x.requests[-1]
    assert "note_post" in look.query["post.fields"]


def test_the_timeline_s_links_are_read(bot: Bot, clock: Clock, x: Sandbox) -> None:
    urls = [{"url": T1, "expanded_url": "http://example.com", "display_url": "example.com"}]
    text = unicodedata.normalize("NFD", "Caf\u00e9 & example.com")
    x.fault("post", Fault("reset"))
    x.fault("timeline", shown(f"Caf\u00e9 &amp; {T1}", at=clock.time, entities={"urls": urls}))
    assert bot.post(text, clock=clock).code == 0
