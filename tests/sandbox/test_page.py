"""The page of the local X, read from its source and seen by a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.chromium import Window, browser
from tests.sandbox.pictures import gif, mp4, png
from tests.sandbox.sandbox_app import App
from tweetbot.sandbox import Sandbox

if TYPE_CHECKING:
    from playwright.sync_api import Browser

POLL = {"options": ["Bark", "Dig & <dig>"], "duration_minutes": 1440}


def get(x: Sandbox, path: str = "/") -> httpx.Response:
    return httpx.get(x.url + path, trust_env=False)


def words(page: str) -> str:
    """Return a page without its tags and its style."""
    return re.sub(r"\s+", " ", re.sub(r"(?s)<style>.*?</style>|<[^>]+>", " ", page))


def test_a_thread_is_one_card_in_the_order_of_its_posts(x: Sandbox, app: App) -> None:
    first = app.post("One")
    app.post("Another")
    second = app.reply(first, "Two")
    app.reply(second, "Three")

    cards = get(x).text.split("<section")[1:]

    assert len(cards) == 2
    assert 'aria-label="A thread of 3 posts"' in cards[0]  # the newest post leads
    assert re.findall(r">(One|Two|Three|\d/3)<", cards[0]) == [
        *("1/3", "One", "2/3", "Two", "3/3", "Three")
    ]
    assert cards[0].count("goes-on") == 2
    assert "Answers" not in cards[0]


def test_a_post_names_what_it_answers_unless_that_stands_right_above(x: Sandbox, app: App) -> None:
    first = app.post("One")
    second = app.reply(first, "Two")
    app.reply(first, "Also two")
    assert "Answers “One”" in words(get(x).text)

    app.delete(second)
    app.delete(first)
    page = words(get(x).text)
    assert "Answers a post that is gone." in page
    assert "One" not in page


def test_a_post_s_page_shows_its_thread_and_marks_it(x: Sandbox, app: App) -> None:
    first = app.post("One")
    second = app.reply(first, "Two")
    app.post("Another")

    page = get(x, f"/dogfacts/status/{second}").text

    assert "Another" not in page
    assert re.findall(r'class="post[^"]* here" id="p(\d+)"', page) == [second]
    assert 'http-equiv="refresh"' not in page


def test_a_poll_shows_its_options_and_until_when_it_is_open(x: Sandbox, app: App) -> None:
    x.clock = lambda: 1_800_000_000.0
    app.post("Which?", poll=POLL, reply_settings="mentionedUsers")

    page = get(x).text

    assert "<li>Bark<span>0%</span></li>" in page
    assert "<li>Dig &amp; &lt;dig&gt;<span>0%</span></li>" in page
    assert re.search(r"open until 1[67] Jan, \d\d:\d\d", page)
    assert "Accounts that are mentioned can reply." in page


def test_labels_and_links_are_shown(x: Sandbox, app: App) -> None:
    app.post("see https://example.org/?a=1&b=2.", made_with_ai=True, paid_partnership=True)

    page = get(x).text

    assert '<a href="https://example.org/?a=1&amp;b=2">' in page
    assert "Made with AI" in page
    assert "Paid partnership" in page


def test_a_picture_comes_from_the_local_x_and_from_nowhere_else(x: Sandbox, app: App) -> None:
    media_id = app.picture(png(), 'A "dog" & <friend>')
    app.post("Look", media={"media_ids": [media_id]})

    page, picture = get(x), get(x, f"/media/{media_id}")

    assert 'alt="A &quot;dog&quot; &amp; &lt;friend&gt;"' in page.text
    assert "img-src 'self'" in page.headers["content-security-policy"]
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert (picture.content, picture.headers["content-type"]) == (png(), "image/png")
    assert picture.headers["x-content-type-options"] == "nosniff"
    assert get(x, "/media/12").status_code == 404


def test_the_log_does_not_name_every_picture_that_is_shown() -> None:
    lines: list[str] = []
    with Sandbox(log=lines.append) as x:
        app = App(x)
        media_id = app.picture(png())
        get(x, f"/media/{media_id}")
        app.close()

    assert [line.split()[1] for line in lines] == ["upload"]


# A real browser.


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as chromium:
        yield chromium


@pytest.mark.slow
def test_a_person_sees_thread_pictures_gif_video_and_poll(
    x: Sandbox, app: App, chromium: Browser, tmp_path: Path
) -> None:
    time = 1_800_000_000.0
    x.clock = lambda: time
    first = app.post("One")
    app.reply(first, "Two")
    gone = app.post("Not this one")
    app.delete(gone)
    app.post("Which?", poll=POLL)
    texts = [f"Picture {n}" for n in range(4)]
    ids = [app.picture(png(80, 60, (60 * n, 90, 160)), text) for n, text in enumerate(texts)]
    app.post("Four", media={"media_ids": ids}, made_with_ai=True)
    loop = app.film(gif(), "image/gif", "tweet_gif")
    film = app.film(mp4(), "video/mp4", "tweet_video")
    app.describe(loop, "A dog turns around")
    app.describe(film, "A dog runs")
    time += 2
    for media_id in (loop, film):
        app.post(media={"media_ids": [media_id]})

    with chromium.new_context(java_script_enabled=False) as context:
        window = Window(context.new_page())
        page = window.page
        page.goto(x.url)
        page.screenshot(path=tmp_path / "page.png", full_page=True)

        for text in [*texts, "A dog turns around"]:
            picture = page.get_by_role("img", name=text)
            assert picture.is_visible()
            assert picture.evaluate("image => image.complete && image.naturalWidth > 0")
            assert page.get_by_text(f"ALT {text}").is_visible()
        assert page.get_by_role("img", name="A dog runs (video)").is_visible()
        thread = page.get_by_role("region", name="A thread of 2 posts")
        assert thread.get_by_role("article").all_inner_texts()[1].endswith("Two")
        assert page.get_by_role("listitem").all_inner_texts() == ["Bark\n0%", "Dig & <dig>\n0%"]
        assert page.get_by_text("Made with AI").is_visible()
        assert page.get_by_text("Not this one").count() == 0
        # The style is allowed, and in use: pictures stand in two columns.
        left, right = (page.get_by_role("img", name=text).bounding_box() for text in texts[:2])
        assert left
        assert right
        assert (left["y"], left["x"] < right["x"]) == (right["y"], True)
        assert window.faults == []
