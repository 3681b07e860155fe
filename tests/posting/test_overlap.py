"""Runs of one bot that overlap: one renews, all post, and X sees no token twice."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tweetbot.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot, Run

RUNS = 6


def at_once(bot: Bot, *commands: tuple[str, ...]) -> list[Run]:
    with ThreadPoolExecutor(len(commands)) as pool:
        return list(pool.map(lambda command: bot.run(*command), commands))


@pytest.mark.timeout(600)
def test_six_runs_at_once_renew_once_and_post_six_times(
    bot: Bot, tmp_path: Path, full: bool, figures: Callable[[str], None]
) -> None:
    rounds = 20 if full else 3
    texts = [f"Number {number}" for number in range(RUNS)]
    for number in range(rounds):
        with Sandbox(revoke_on_reuse=True) as x:
            crowded = replace(bot, x=x, folder=tmp_path / str(number))
            crowded.log_in()
            crowded.expire()
            runs = at_once(crowded, *(("post", text) for text in texts))
            assert [run.code for run in runs] == [0] * RUNS, [run.err for run in runs]
            assert sorted(post.text for post in x.posts) == texts
            assert x.count("token") == 1
            assert x.count("post") == RUNS
            assert len(crowded.document["posts"]) == RUNS
            assert crowded.run("renew").code == 0  # the grant was not revoked
    figures(f"overlap: {rounds} rounds of {RUNS} runs, 1 renewal and {RUNS} posts in each")


def test_the_same_text_from_runs_at_once_is_posted_once(bot: Bot) -> None:
    bot.expire()
    runs = at_once(bot, *[("post", "Hello")] * RUNS)
    assert [run.code for run in runs] == [0] * RUNS
    assert {run.out for run in runs} == {f"https://x.com/dogfacts/status/{bot.x.posts[0].id}\n"}
    assert bot.x.count("post") == 1


def test_a_run_that_waited_in_vain_has_asked_x_for_nothing(bot: Bot) -> None:
    bot.expire()
    with bot.store.lock():
        run = bot.run("post", "Hello", "--wait", "0")
    assert run.code == 6
    assert " since 20" in run.err
    assert bot.x.requests == ()
