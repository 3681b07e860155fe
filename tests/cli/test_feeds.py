"""`tweetbot post --feed`, as its user types it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import Bot, Run
from tests.feed_server import FeedServer, Page, rss


@pytest.fixture
def web() -> Iterator[FeedServer]:
    with FeedServer() as server:
        yield server


def texts(bot: Bot) -> list[str]:
    return [post.sent_text for post in bot.x.posts]


def follow(bot: Bot, place: str, *args: str, **options: Any) -> Run:
    return bot.run("post", "--feed", place, *args, **options)


def test_a_feed_from_its_first_look_to_its_quiet_days(bot: Bot, web: FeedServer) -> None:
    url = f"{web.url}/feed"
    web.pages["/feed"] = Page(rss("B", "A"))
    first = follow(bot, url, "--json")
    assert first.json["reason"] == "first-look"
    assert "2 items taken as old" in first.err
    assert "about $0.20, for its link; --template '{title}' $0.015" in first.err
    web.pages["/feed"] = Page(rss("D", "C", "B", "A"))
    run = follow(bot, url)
    assert (run.code, run.out[-4:-1].isdigit()) == (0, True)
    assert "2 new items are waiting" in run.err
    assert follow(bot, url).code == 0
    quiet = follow(bot, url, "--json")
    assert quiet.json | {"reason": "nothing-new", "posted": False, "ok": True} == quiet.json
    assert texts(bot) == ["C https://example.com/C", "D https://example.com/D"]
