"""`tweetbot post --feed`, as its user types it."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
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


def test_a_dry_run_shows_the_next_item_and_what_a_first_look_takes_as_old(
    bot: Bot, web: FeedServer
) -> None:
    url = f"{web.url}/feed"
    web.pages["/feed"] = Page(rss("B", "A"))
    shown = follow(bot, url, "-n")
    assert (shown.code, shown.out) == (0, "B https://example.com/B\n")
    assert "2 items taken as old" in shown.err
    follow(bot, url)
    before = bot.document
    assert follow(bot, url, "-n", "--json").json["reason"] == "nothing-new"
    web.pages["/feed"] = Page(rss("D", "C", "B", "A"))
    shown = follow(bot, url, "-n")
    assert (shown.code, shown.out) == (0, "C https://example.com/C\n")
    assert "2 new items" in shown.err
    assert (bot.document, texts(bot)) == (before, [])


def test_a_dry_run_says_how_many_new_items_wait(bot: Bot, web: FeedServer) -> None:
    url = f"{web.url}/feed"
    web.pages["/feed"] = Page(rss("A"))
    follow(bot, url)
    assert "Nothing new in the feed." in follow(bot, url, "-n").err
    web.pages["/feed"] = Page(rss("B", "A"))
    for options in ((), ("--match", "B")):
        assert follow(bot, url, "-n", *options).err.startswith("1 new item is waiting.\n")
    assert "Nothing new in the feed fits --match." in follow(bot, url, "-n", "--match", "C").err
    web.pages["/feed"] = Page(rss("C", "B", "A"))
    assert follow(bot, url, "-n").err.startswith("2 new items are waiting")
    assert "1 new item" in follow(bot, url, "-n", "--match", "C").err
    assert follow(bot, url, "--match", "C").err == ""


def test_a_dry_run_needs_no_bot(newcomer: Bot, tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(rss("A"))
    assert (
        follow(newcomer, str(path), "-n", "--first-run", "all").out == "A https://example.com/A\n"
    )


def test_a_feed_that_is_asked_too_often_says_when_to_come_back(bot: Bot, web: FeedServer) -> None:
    web.pages["/feed"] = Page(status=429, headers={"Retry-After": "600"})
    run = follow(bot, f"{web.url}/feed", "--json")
    assert (run.code, abs(run.json["retry_at"] - time.time() - 600) < 60) == (6, True)


def test_a_feed_that_has_moved_says_so_once(bot: Bot, web: FeedServer) -> None:
    web.pages |= {
        "/old": Page(status=301, headers={"Location": "/new"}),
        "/new": Page(rss("A")),
    }
    said = f"The feed has moved to {web.url}/new"
    assert said in follow(bot, f"{web.url}/old").err
    web.pages["/new"] = Page(rss("B", "A"))
    for _ in range(2):
        run = follow(bot, f"{web.url}/old")
        assert (run.code, said in run.err) == (0, False)
    assert texts(bot) == ["B https://example.com/B"]


def test_a_feed_is_known_at_the_address_that_it_has_moved_to(bot: Bot, web: FeedServer) -> None:
    """A person does as he is told, and his line has `--first-run all`: nothing comes twice."""
    web.pages |= {
        "/old": Page(status=301, headers={"Location": "/new"}),
        "/new": Page(rss("B", "A")),
    }
    for page in ("old", "old", "new", "new"):
        run = follow(bot, f"{web.url}/{page}", "--first-run", "all", "--template", "{title}")
        assert run.code == 0
    assert texts(bot) == ["A", "B"]
    assert [*bot.document["cursors"]] == [f"{web.url}/new"]


def test_the_same_answer_is_not_fetched_twice(bot: Bot, web: FeedServer) -> None:
    web.pages["/feed"] = Page(rss("A"), etag='"1"')
    for _ in range(2):
        assert follow(bot, f"{web.url}/feed").code == 0
    assert [asked[1].get("if-none-match") for asked in web.asked] == [None, '"1"']
    assert web.asked[0][1]["user-agent"].startswith("tweetbot/")


def test_a_run_that_is_too_early_does_not_fetch(bot: Bot, web: FeedServer) -> None:
    bot.run("post", "Hello")
    early = follow(bot, f"{web.url}/feed", "--min-gap", "1h", "--json")
    assert (early.json["reason"], web.asked) == ("too-early", [])


def test_a_feed_is_known_by_its_name(bot: Bot, tmp_path: Path) -> None:
    path = tmp_path / "feed.xml"
    path.write_bytes(rss("A"))
    follow(bot, str(path))
    follow(bot, str(path), "--remember-as", "news")
    follow(bot, "-", stdin=rss("A"))
    assert set(bot.document["cursors"]) == {"feed.xml", "news", "-"}


def test_a_download_that_failed_is_no_first_look(bot: Bot, web: FeedServer, tmp_path: Path) -> None:
    path, url = tmp_path / "my feed.xml", f"{web.url}/feed"
    path.touch()
    web.pages["/feed"] = Page(b"\n")
    empty = follow(bot, str(path), "--json")
    assert (empty.code, empty.json["error"]) == (2, "configuration")
    assert f"Where it may be empty: --feed - --remember-as 'my feed.xml' < '{path}'" in empty.err
    assert follow(bot, url).code == 6
    assert bot.document["cursors"] == {}
    path.write_bytes(rss("B", "A"))
    web.pages["/feed"] = Page(rss("B", "A"))
    for place in (str(path), url):
        assert "First look: 2 items" in follow(bot, place).err


def test_a_file_that_may_be_empty_goes_on_as_standard_input(bot: Bot, tmp_path: Path) -> None:
    path = tmp_path / "log.txt"
    path.write_text("One\n")
    follow(bot, str(path))
    for content, reason in ((b"", "nothing-new"), (b"One\nTwo\n", None), (b"", "nothing-new")):
        run = follow(bot, "-", "--remember-as", "log.txt", "--json", stdin=content)
        assert (run.code, run.json["reason"]) == (0, reason)
    assert texts(bot) == ["Two"]


def test_a_program_prints_what_is_new(bot: Bot) -> None:
    for _ in range(3):
        run = follow(bot, "-", "--first-run", "all", stdin=b"blorbo\nquonk\n")
        assert run.code == 0
    assert texts(bot) == ["blorbo", "quonk"]
    empty = follow(bot, "-", "--json", stdin=b"")
    assert (empty.code, empty.json["reason"]) == (0, "nothing-new")


def test_what_is_said_of_a_quiet_feed(bot: Bot, web: FeedServer) -> None:
    """Somebody has to be able to tell a quiet feed from a bot that is dead."""
    web.pages["/feed"] = Page(rss("A"))
    bot.change(posts=[{"id": "1", "at": 1_000_000_000, "digest": "a"}])
    follow(bot, f"{web.url}/feed")
    assert bot.run("status", "--max-age", "1h", "-p", "default").code == 0


REFUSED = {
    "a text besides": (("Hello",), "a text and a feed"),
    "a list besides": (("--list", "facts.txt"), "a list and a feed"),
    "a thread": (("--thread",), "--thread"),
    "a poll": (("--poll", "a", "--poll", "b"), "--poll"),
    "a parent": (("--reply-to", "last"), "--reply-to"),
    "media": (("--media", "a.png", "--alt", "a"), "a.png"),
    "--once": (("--once",), "--once"),
    "an expression": (("--match", "("), "--match"),
    "no name": (("--remember-as", ""), "--remember-as"),
    "a template of nothing": (("--template", " "), "--template is empty"),
    "a template without a name": (("--template", "News: $title"), "names nothing"),
    "a link that is refused": (("--no-links",), "{link}"),
    "a first run": (("--first-run", "some"), "--first-run"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_options_that_do_not_go_with_a_feed(name: str, bot: Bot, web: FeedServer) -> None:
    args, said = REFUSED[name]
    run = follow(bot, f"{web.url}/feed", *args)
    assert (run.code, said in run.err, web.asked) == (2, True, [])


@pytest.mark.parametrize("option", ["--first-run=all", "--match=a"])
def test_options_of_a_feed_without_one(option: str, bot: Bot) -> None:
    run = bot.run("post", "Hello", option)
    assert (run.code, option.split("=")[0] in run.err) == (2, True)


PLACES = {
    "nothing": ("", 2),
    "no file": ("no.xml", 2),
    "a folder": (".", 2),
    "another scheme": ("ftp://example.com/feed", 2),
    "no server": ("http://127.0.0.1:9/feed", 6),
    "no such page": ("{web}/none", 6),
    "a web page": ("{web}/page", 6),
}


@pytest.mark.parametrize("name", PLACES)
def test_a_feed_that_cannot_be_read(name: str, bot: Bot, web: FeedServer) -> None:
    web.pages["/page"] = Page(b"<!doctype html><title>Sorry</title>")
    place, code = PLACES[name]
    bot.make_due()
    run = follow(bot, place.replace("{web}", web.url))
    assert (run.code, run.out, bot.x.count("token")) == (code, "", 0)
    assert "Traceback" not in run.err


@pytest.mark.parametrize("is_clone", [True, False])
def test_without_the_extra_rss_is_refused_and_json_is_not(
    bot: Bot, tmp_path: Path, is_clone: bool
) -> None:
    """As where tweetbot was installed without it: the package cannot be imported."""
    (tmp_path / "feedparser.py").write_text("raise ImportError('not installed')\n")
    bot.environ["PYTHONPATH"] = str(tmp_path)
    if not is_clone:  # from a package index: its metadata name no folder
        (tmp_path / "tweetbot_cli-1.dist-info").mkdir()
    feed, lines = tmp_path / "feed.xml", tmp_path / "feed.json"
    feed.write_bytes(rss("A"))
    run = follow(bot, str(feed))
    assert run.code == 2
    assert "pip install 'tweetbot-cli[feeds]'" in run.err
    assert "pipx" in run.err
    assert "uv tool" in run.err
    assert ("in its clone: pip install '.[feeds]'" in run.err) == is_clone
    lines.write_text('{"version": "https://jsonfeed.org/version/1.1", "items": []}')
    assert follow(bot, str(lines)).code == 0


@pytest.mark.parametrize("args", [("Hello",), ("--list", "facts.txt"), ("--feed", "lines.txt")])
def test_what_needs_no_feedparser_loads_none(
    args: tuple[str, ...], bot: Bot, tmp_path: Path
) -> None:
    (tmp_path / "facts.txt").write_text("One\n")
    (tmp_path / "lines.txt").write_text("One\n")
    bot.environ["PYTHONPROFILEIMPORTTIME"] = "1"
    run = bot.run("post", *args, cwd=tmp_path)
    assert run.code == 0
    loaded = {line.rpartition("|")[2].strip() for line in run.err.splitlines()}
    assert "click" in loaded
    assert not loaded & {"feedparser", "sgmllib"}
    assert ("tweetbot.sources.feed_documents" in loaded) == ("--feed" in args)
