"""Threads and replies: every part once, in one chain, whatever happens on the way."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests import mortal
from tests.mortal import Life
from tweetbot.draft import LAST, Target
from tweetbot.sandbox import Fault, Sandbox
from tweetbot.sources import Extras, given

if TYPE_CHECKING:
    from tests.conftest import Bot, Clock

PARTS = ["One", "Two https://example.com/2", "Three", "Four", "Five"]
ALONE = Extras()
WHOLE = Extras(is_thread=True)
THREAD = "\n---\n".join(PARTS)
OTHER = "Another text"
FAULTS = {
    "refused": Fault("reset"),
    "before": Fault("status", status=503),
    "after": Fault("status", status=503, after=True),
    "half": Fault("half"),
    "reset": Fault("reset", after=True),
    "429": Fault("status", status=429),
    "401": Fault("status", status=401),
}


def run(
    bot: Bot,
    clock: Clock,
    text: str = THREAD,
    extras: Extras = WHOLE,
    *,
    life: Life | None = None,
) -> tuple[int | None, str]:
    """Run `post` in this process; return its exit code (`None`: it died) and what it said."""
    ended = mortal.post(bot, given(text, extras=extras), clock=clock, life=life)
    return (ended.code, ended.said) if ended else (None, "killed")


def chain(x: Sandbox, since: int = 0) -> list[str]:
    """Return the texts of a thread, each of which answers the one before."""
    posts = x.posts[since:]
    for before, after in pairwise(posts):
        assert after.parent == before.id
    return [post.sent_text for post in posts]


def until_nothing_is_pending(bot: Bot, clock: Clock) -> None:
    """Let plain runs go on; each is a minute later."""
    for _ in range(9):
        clock.time += 60
        code, said = run(bot, clock)
        if code == 0:
            assert bot.document["pending"] is None
            return
    pytest.fail(f"it never ended: {code} {said}")


@pytest.mark.parametrize("takes_duplicates", [False, True])
@pytest.mark.parametrize("number", range(1, 6))
@pytest.mark.parametrize("name", FAULTS)
def test_whatever_befalls_a_part_every_part_is_posted_once_in_one_chain(
    bot: Bot,
    clock: Clock,
    lax: Sandbox,
    name: str,
    number: int,
    *,
    takes_duplicates: bool,
) -> None:
    if takes_duplicates:
        bot.x, lax.clock = lax, clock.now
        bot.log_in()
    fault = FAULTS[name]
    bot.x.fault("post", Fault(fault.kind, status=fault.status, after=fault.after, skip=number - 1))
    code, said = run(bot, clock)
    if code and name != "429":
        assert f"{number - 1} of 5 posts" in said or number == 1, said
    until_nothing_is_pending(bot, clock)
    assert chain(bot.x) == PARTS
    (entry,) = bot.document["posts"]
    assert entry["ids"] == [post.id for post in bot.x.posts]
    assert entry["id"] == entry["ids"][0]


@pytest.mark.parametrize("is_due", [False, True])
def test_a_thread_that_is_killed_at_any_step_is_completed_and_no_part_comes_twice(
    bot: Bot, clock: Clock, lax: Sandbox, *, is_due: bool
) -> None:
    bot.x, lax.clock = lax, clock.now
    number, code = 0, None
    while code is None:
        parts = [f"{part} {number}" for part in PARTS[:3]]
        text = "\n---\n".join(parts)
        bot.log_in()
        if is_due:
            bot.make_due()
        before = len(lax.posts)
        code, _ = run(bot, clock, text, life=Life(number))
        clock.time += 60
        following, said = run(bot, clock, text)
        if following == 4:  # it died between the refresh and the save of its answer
            bot.log_in()
            following, said = run(bot, clock, text)
        assert (following, chain(lax, before)) == (0, parts), (number, said)
        assert bot.document["pending"] is None
        number += 1
    assert number > 12


def test_a_part_that_x_refuses_for_its_text_ends_the_thread_and_the_rest_is_named(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    x.fault("post", Fault("status", status=400, skip=2))
    code, said = run(bot, clock)
    assert (code, chain(x)) == (3, PARTS[:2]), said
    assert all(text in said for text in ("2 of 5 posts are live", *PARTS[2:]))
    document = bot.document
    assert (document["pending"], document["posts"][0]["ids"]) == (
        None,
        [post.id for post in x.posts],
    )
    assert run(bot, clock, "Another text", ALONE)[0] == 0


def test_a_thread_that_broke_off_says_how_far_it_came_and_the_next_run_goes_on_first(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    reset = {"x-rate-limit-remaining": "0", "x-rate-limit-reset": str(int(clock.time) + 900)}
    x.fault("post", Fault("status", status=429, skip=3, headers=reset))
    code, said = run(bot, clock)
    assert code == 6
    assert "3 of 5 posts are live; the next run goes on with the fourth." in said
    assert bot.document["pending"]["at"] is None
    clock.time += 1000
    code, said = run(bot, clock, "Another text", ALONE)
    assert code == 0, said
    assert [post.sent_text for post in x.posts] == [*PARTS, "Another text"]


@pytest.mark.parametrize(("live", "verb"), [(1, "is"), (3, "are")])
def test_how_far_a_thread_has_come_is_english(
    bot: Bot, clock: Clock, x: Sandbox, live: int, verb: str
) -> None:
    x.fault("post", Fault("status", status=403, skip=live))
    assert f"{live} of 5 posts {verb} live" in run(bot, clock)[1]
    assert f"Going on with a thread: {live} of its posts {verb} live" in run(bot, clock)[1]


def test_the_same_thread_again_is_answered_from_the_document(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    assert [run(bot, clock)[0] for _ in range(2)] == [0, 0]
    assert x.count("post") == 5


def test_a_budget_is_held_for_the_whole_thread(bot: Bot, clock: Clock, x: Sandbox) -> None:
    bot.change(spend={"month": "", "posts": 0, "usd": 0.0, "budget_usd": 0.25})
    code, said = run(bot, clock)  # four of $0.015 and one with a link
    assert (code, x.requests) == (5, ()), said


def test_each_part_counts_when_it_is_live(bot: Bot, clock: Clock, x: Sandbox) -> None:
    x.fault("post", Fault("status", status=402, skip=2))
    assert run(bot, clock)[0] == 5
    assert (bot.document["spend"]["posts"], bot.document["spend"]["usd"]) == (2, 0.215)


def test_a_parent_that_is_not_visible_yet_is_waited_for(bot: Bot, clock: Clock) -> None:
    with Sandbox(reply_lag=2) as slow:
        bot.x, slow.clock = slow, clock.now
        bot.log_in()
        code, said = run(bot, clock)
        assert (code, chain(slow)) == (0, PARTS), said


# --- replies --------------------------------------------------------------------------------


def reply(to: str, author: str | None = None) -> Extras:
    return Extras(reply_to=Target(to, author))


def test_an_answer_goes_under_the_last_post_once(bot: Bot, clock: Clock, x: Sandbox) -> None:
    assert run(bot, clock, "A fact", ALONE)[0] == 0
    codes = [run(bot, clock, "Its source", reply(LAST))[0] for _ in range(2)]
    assert (codes, chain(x)) == ([0, 0], ["A fact", "Its source"])


def test_a_lost_answer_is_found_under_its_parent_alone(
    bot: Bot, clock: Clock, lax: Sandbox
) -> None:
    """The same text under another post is another post."""
    bot.x, lax.clock = lax, clock.now
    bot.log_in()
    for text in ("One", "Two"):
        assert run(bot, clock, text, ALONE)[0] == 0
    first, second = (post.id for post in lax.posts)
    assert run(bot, clock, "Source", reply(first))[0] == 0
    bot.change(posts=[])
    lax.fault("post", Fault("reset"))
    code, said = run(bot, clock, "Source", reply(second))
    assert code == 7, said
    clock.time += 60
    assert run(bot, clock, "Source", reply(second))[0] == 0
    assert [post.parent for post in lax.posts] == [None, None, first, second]


def test_the_post_of_another_account_is_refused_before_it_is_sent(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    code, said = run(bot, clock, "Hi", reply("17", "catfacts"))
    assert (code, x.requests) == (2, ()), said
    assert "@catfacts" in said


def test_without_a_last_post_there_is_nothing_to_answer(bot: Bot, clock: Clock, x: Sandbox) -> None:
    assert (run(bot, clock, "Hi", reply(LAST))[0], x.requests) == (2, ())


# --- any sequence of runs -------------------------------------------------------------------

BROKEN = ("reset", "garbage", "half", "500", "503", "429", "402", "401")


def a_fault(chance: random.Random) -> tuple[str, Fault]:
    step = chance.choice(("post", "post", "post", "token", "timeline"))
    kind, after = chance.choice(BROKEN), chance.random() < 0.5
    skip, times = chance.randrange(4), chance.choice((1, 1, 2))
    if kind.isdecimal():
        after = after and kind.startswith("5")
        return step, Fault("status", status=int(kind), after=after, skip=skip, times=times)
    return step, Fault(kind, after=after, skip=skip, times=times)


def check_chain(x: Sandbox, parts: list[str]) -> None:
    """Each post is live at most once; no part without the one before, and each under it.

    The answer to the last post may stand under several: under each post that was the last.
    """
    assert len({(post.sent_text, post.parent) for post in x.posts}) == len(x.posts), "posted twice"
    of_thread = [post for post in x.posts if post.sent_text in parts]
    live = {post.sent_text: post for post in of_thread}
    assert len(live) == len(of_thread), "a part twice"
    for before, after in pairwise(parts):
        if after in live:
            assert before in live, "a part without the one before"
            assert live[after].parent == live[before].id, "another chain"


def play(bot: Bot, clock: Clock, chance: random.Random) -> list[int | None]:
    parts = [f"{word} {chance.random()}" for word in ("One", "Two", "Three")]
    reply, text = f"Source {chance.random()}", f"Text {chance.random()}"
    jobs = [("\n---\n".join(parts), WHOLE), (text, ALONE), (reply, Extras(reply_to=Target(LAST)))]
    bot.x.fault(*a_fault(chance))
    codes: list[int | None] = []
    for _ in range(chance.randint(2, 4)):
        clock.time += chance.choice((60, 600, 4000))
        if chance.random() < 0.6:
            bot.x.fault(*a_fault(chance))
        life = Life(chance.randrange(24) if chance.random() < 0.4 else None)
        job = chance.choice(jobs)
        before = len(bot.x.posts)
        code, said = run(bot, clock, *job, life=life)
        codes.append(code)
        check_chain(bot.x, parts)
        live = {post.sent_text for post in bot.x.posts}
        if code == 0:
            assert set(job[0].split("\n---\n")) <= live, said
        elif code in (2, 3, 5, 6) and "live" not in said:
            assert len(bot.x.posts) == before, f"it was said that nothing was posted: {said}"
        if code == 4:
            renew_the_grant(bot, clock)
    return codes


def renew_the_grant(bot: Bot, clock: Clock) -> None:
    """Do what a person does after exit code 4; all else that the bot knows stays."""
    token = {name: value for name, value in bot.x.grant().items() if name.endswith("_token")}
    now = int(clock.time)
    bot.change(token={**token, "obtained_at": now, "expires_at": now + 7200, "parent": None})


@pytest.mark.timeout(1200)
def test_no_sequence_of_faults_breaks_a_chain_or_posts_a_part_twice(
    bot: Bot, clock: Clock, tmp_path: Path, *, full: bool, figures: Callable[[str], None]
) -> None:
    seen: Counter[int | None] = Counter()
    for seed in range(2000 if full else 25):
        with Sandbox(refuse_duplicates=bool(seed % 2)) as x:
            bot.x, bot.folder, x.clock = x, tmp_path / "bot", clock.now
            bot.log_in()
            bot.change(token={"obtained_at": int(clock.time), "expires_at": int(clock.time) + 7200})
            try:
                seen.update(play(bot, clock, random.Random(seed)))
            except AssertionError as error:
                raise AssertionError(f"seed {seed}: {error}") from error
    figures(f"threads and replies: {seed + 1} sequences, runs ended with {dict(seen)}")
