"""A list of threads, pictures and texts, run after run, while runs die and answers get lost."""

from __future__ import annotations

import json
import random
import shutil
import time
from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import mortal
from tests.lists import listed
from tests.mortal import Life
from tests.posting.test_threads import BROKEN, renew_the_grant
from tests.sandbox.pictures import png
from tweetbot.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot, Clock

STEPS = ("post", "post", "post", "token", "timeline", "upload", "metadata", "me")
TROUBLED = 8  # runs that something may befall; then plain ones until the list is finished
PICTURE = [{"file": "a.png", "alt": "A dot"}]
NOTHING_POSTED = (2, 3, 5, 6)


def a_fault(chance: random.Random) -> tuple[str, Fault]:
    step, kind = chance.choice(STEPS), chance.choice(BROKEN)
    skip, times = chance.randrange(4), chance.choice((1, 1, 2))
    after = chance.random() < 0.5
    if kind.isdecimal():
        after = after and kind.startswith("5")
        return step, Fault("status", status=int(kind), after=after, skip=skip, times=times)
    return step, Fault(kind, after=after, skip=skip, times=times)


def some_items(chance: random.Random) -> list[dict[str, Any]]:
    texts = [f"{number} {chance.random()}" for number in range(7)]

    def item(number: int) -> dict[str, Any]:
        shown = {"media": PICTURE} if chance.random() < 0.4 else {}
        return {"text": texts[number], **shown}

    items: list[dict[str, Any]] = [
        {"thread": [*map(item, range(3))]},
        {"thread": [item(3), item(4)]},
    ]
    items += [item(5), item(6)]
    chance.shuffle(items)
    return items


def parts(item: dict[str, Any]) -> list[dict[str, Any]]:
    thread: list[dict[str, Any]] = item.get("thread", [item])
    return thread


def check(x: Sandbox, items: list[dict[str, Any]]) -> None:
    """Each post is live at most once, with its picture, and under the one before."""
    live = {post.sent_text: post for post in x.posts}
    assert len(live) == len(x.posts), "posted twice"
    for item in items:
        for part in parts(item):
            if post := live.get(part["text"]):
                assert bool(post.media) == ("media" in part), "a picture is missing"
        for before, after in pairwise(part["text"] for part in parts(item)):
            if after in live:
                assert before in live, "a part without the one before"
                assert live[after].parent == live[before].id, "another chain"


def run(bot: Bot, clock: Clock, path: Path, life: Life) -> tuple[int | None, str, str | None]:
    """Post the next item; return the exit code (`None`: it died), what it said, and the reason."""
    source = listed(str(path), order="file", once=True)
    ended = mortal.post(bot, source, clock=clock, life=life)
    return (ended.code, ended.said, ended.reason) if ended else (None, "killed", None)


def play(bot: Bot, clock: Clock, path: Path, chance: random.Random) -> Counter[int | None]:
    items = some_items(chance)
    path.write_text("".join(f"{json.dumps(item)}\n" for item in items))
    codes: Counter[int | None] = Counter()
    for number in range(5 * TROUBLED):
        is_troubled = number < TROUBLED
        clock.time += chance.choice((60, 600, 4000)) if is_troubled else 60
        if is_troubled and chance.random() < 0.7:
            bot.x.fault(*a_fault(chance))
        dies = is_troubled and chance.random() < 0.4
        before = len(bot.x.posts)
        life = Life(chance.randrange(30) if dies else None)
        code, said, reason = run(bot, clock, path, life)
        codes[code] += 1
        check(bot.x, items)
        if code in NOTHING_POSTED and "live" not in said:
            assert len(bot.x.posts) == before, f"it was said that nothing was posted: {said}"
        if code == 4:
            renew_the_grant(bot, clock)
        if reason == "finished":
            break
    assert reason == "finished", f"it never ended: {said}"
    expected = {part["text"] for item in items for part in parts(item)}
    assert {post.sent_text for post in bot.x.posts} == expected, "lost"
    return codes


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_list_of_threads_and_pictures_is_posted_to_its_end_each_part_once(
    bot: Bot, clock: Clock, tmp_path: Path, *, full: bool, figures: Callable[[str], None]
) -> None:
    seen: Counter[int | None] = Counter()
    (tmp_path / "a.png").write_bytes(png())
    for seed in range(1000 if full else 12):
        shutil.rmtree(bot.folder, ignore_errors=True)
        with Sandbox(refuse_duplicates=bool(seed % 2)) as x:
            bot.x, x.clock, clock.time = x, clock.now, time.time()
            bot.log_in()
            try:
                seen += play(bot, clock, tmp_path / "list.jsonl", random.Random(seed))
            except AssertionError as error:
                raise AssertionError(f"seed {seed}: {error}") from error
    figures(f"lists of threads and pictures: {seed + 1} of them, runs ended with {dict(seen)}")
