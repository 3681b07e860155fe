"""Two jobs of one bot, without a lock between them: the documents behind commands."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from tweetbot.profile import Profile, digest
from tweetbot.sandbox import Fault, Sandbox
from tweetbot.store.command import CommandStore
from tweetbot.store.folder import FileStore
from tweetbot.x.answer import Answer
from tweetbot.x.transport import Transport

if TYPE_CHECKING:
    from tests.conftest import Bot, Clock

HELLO = "Hello, world"
COPY = "import sys; open(sys.argv[1], 'w').write(sys.stdin.read())"


def behind_commands(bot: Bot) -> CommandStore:
    """Return the bot's document as a job of a CI sees it: loaded and saved by commands."""
    environ = {
        "PATH": "/usr/bin:/bin",
        "TWEETBOT_LOAD_COMMAND": f"cat '{bot.path}'",
        "TWEETBOT_SAVE_COMMAND": f'{sys.executable} -c "{COPY}" "{bot.path}"',
    }
    return CommandStore(
        bot.name, environ=environ, state_dir=lambda: bot.folder.parent, warn=lambda _: None
    )


def leave_pending(bot: Bot, clock: Clock, *, age: int = 0) -> None:
    """Leave the document as a job leaves it that has just sent its post."""
    at = int(clock.time) - age
    bot.change(pending={"text": HELLO, "digest": digest(HELLO), "at": at})


def arrive(bot: Bot) -> None:
    """Let the post of the other job arrive at X."""
    with Transport(user_agent="other job", environ={}) as http:
        token = bot.document["token"]["access_token"]
        answer = http.request(
            "POST",
            f"{bot.x.url}/2/tweets",
            headers={"Authorization": f"Bearer {token}", "Content-Type": "application/json"},
            content=json.dumps({"text": HELLO}).encode(),
            deadline=5,
        )
        assert answer.status == 201


def test_a_second_job_waits_until_the_first_ones_post_must_have_arrived(
    bot: Bot, clock: Clock, lax: Sandbox
) -> None:
    bot.x, lax.clock = lax, clock.now
    bot.log_in()
    leave_pending(bot, clock, age=3)
    clock.on_sleep = lambda _: arrive(bot)
    ended = bot.post(HELLO, clock=clock, store=behind_commands(bot))
    assert (ended.code, len(lax.posts)) == (0, 1), ended.said
    assert 26 <= sum(clock.pauses) <= 28


def test_a_second_job_whose_document_changed_while_it_waited_does_not_post(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    leave_pending(bot, clock, age=3)

    def finish(_: float) -> None:
        arrive(bot)
        posted = [{"id": x.posts[0].id, "at": int(clock.time), "digest": digest(HELLO)}]
        bot.change(pending=None, posts=posted)

    clock.on_sleep = finish
    ended = bot.post("Another", clock=clock, store=behind_commands(bot))
    assert (ended.code, len(x.posts)) == (6, 1), ended.said
    assert "Another run has changed" in ended.said


def test_a_job_whose_clock_is_ahead_waits_by_xs_clock(bot: Bot, clock: Clock, x: Sandbox) -> None:
    """By its own clock, the other job's post has long ended."""
    bot.x, now = x, clock.time
    x.clock = lambda: now + sum(clock.pauses)
    leave_pending(bot, clock, age=3)
    clock.time += 60

    def arrive_late(_: float) -> None:
        if not x.posts:
            arrive(bot)

    clock.on_sleep = arrive_late
    ended = bot.post(HELLO, clock=clock, store=behind_commands(bot))
    assert (ended.code, len(x.posts)) == (0, 1), ended.said
    assert 26 <= sum(clock.pauses) <= 28


def test_an_attempt_that_a_clock_behind_xs_has_timed_is_waited_for_in_full(
    bot: Bot, clock: Clock, lax: Sandbox
) -> None:
    """Its machine had not heard X's clock when it sent its post, which arrives meanwhile."""
    bot.x, lax.clock = lax, clock.now
    bot.log_in()
    clock.time -= 600
    sent: list[Any] = []

    def request(self: Transport, method: str, url: str, **rest: Any) -> Answer:
        if url.endswith("/2/tweets"):
            sent.append(bot.document["pending"])
        return Transport.request(self, method, url, **rest)

    noting = type("NotingTransport", (Transport,), {"request": request})
    for store in (behind_commands(bot), bot.store):
        bot.post(f"{HELLO} {len(sent)}", clock=clock, store=store, transport=noting)
    assert ["own_at" in pending for pending in sent] == [True, False]
    bot.change(pending={**sent[0], "text": HELLO, "digest": digest(HELLO)})
    clock.time += 600
    clock.on_sleep = lambda _: arrive(bot)
    ended = bot.post(HELLO, clock=clock, store=behind_commands(bot))
    assert (ended.code, len(lax.posts)) == (0, 3), ended.said
    assert sum(clock.pauses) == 30


def test_a_job_that_took_long_before_its_intent_looks_whether_it_was_overtaken(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    """Another job posts the same while this one waits for X's word on its account."""
    bot.change(account=None)

    def request(self: Transport, method: str, url: str, **rest: Any) -> Answer:
        if url.endswith("/users/me"):
            arrive(bot)
            bot.change(cursors={"changed": 1})
            clock.time += 15
        return Transport.request(self, method, url, **rest)

    slow = type("SlowTransport", (Transport,), {"request": request})
    ended = bot.post(HELLO, clock=clock, store=behind_commands(bot), transport=slow)
    assert (ended.code, len(x.posts)) == (6, 1), ended.said


def rate_limit(bot: Bot, clock: Clock, **headers: str) -> None:
    limited = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(clock.time) + 25)}
    bot.x.fault("post", Fault("status", status=429, headers={**limited, **headers}))


def test_a_job_that_waited_for_a_rate_limit_and_was_overtaken_does_not_post(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    rate_limit(bot, clock)
    clock.on_sleep = lambda _: bot.change(pending=None)
    ended = bot.post(HELLO, clock=clock, store=behind_commands(bot))
    assert (ended.code, len(x.posts)) == (6, 0), ended.said


# --- the age of an intent when its post leaves ------------------------------------------------


class SlowStore(FileStore):
    """A store on a slow disk: what it takes is told to the clock."""

    slow: Callable[[], None] = staticmethod(lambda: None)

    def save(self, profile: Profile) -> None:
        super().save(profile)
        self.slow()


def watching(
    bot: Bot, clock: Clock, ages: list[float], took: Mapping[str, float]
) -> type[Transport]:
    """Make a transport that notes how old the intent is when a post leaves."""

    class Watching(Transport):
        def request(self, method: str, url: str, **rest: Any) -> Answer:
            if url.endswith("/2/tweets"):
                ages.append(clock.time - bot.document["pending"]["at"])
            clock.time += took.get(url.rpartition("/")[2], 0)
            return super().request(method, url, **rest)

    return Watching


def slow_save(bot: Bot, clock: Clock, store: SlowStore) -> None:  # noqa: ARG001
    pauses = iter([15.0])

    def wait() -> None:
        clock.time += next(pauses, 0.0)

    store.slow = wait


def due_and_slow(bot: Bot, clock: Clock, store: SlowStore) -> None:  # noqa: ARG001
    bot.make_due()


def after_401(bot: Bot, clock: Clock, store: SlowStore) -> None:  # noqa: ARG001
    bot.x.expire_access_tokens()


def limited(bot: Bot, clock: Clock, store: SlowStore) -> None:  # noqa: ARG001
    rate_limit(bot, clock)


@pytest.mark.parametrize("slow", [slow_save, due_and_slow, after_401, limited])
def test_a_post_leaves_within_ten_seconds_of_its_intent(
    slow: Callable[[Bot, Clock, SlowStore], None], bot: Bot, clock: Clock, x: Sandbox
) -> None:
    store = SlowStore(bot.path, state_dir=lambda: bot.folder.parent)
    slow(bot, clock, store)
    ages: list[float] = []
    transport = watching(bot, clock, ages, {"token": 9.0, "tweets": 2.0})
    ended = bot.post(HELLO, clock=clock, store=store, transport=transport)
    assert (ended.code, len(x.posts)) == (0, 1), ended.said
    assert ages
    assert max(ages) <= 10


def test_a_disk_on_which_each_save_takes_too_long_posts_nothing(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    store = SlowStore(bot.path, state_dir=lambda: bot.folder.parent)

    def wait() -> None:
        clock.time += 15

    store.slow = wait
    ended = bot.post(HELLO, clock=clock, store=store)
    assert (ended.code, x.requests) == (6, ()), ended.said
    assert bot.document["pending"] is None
