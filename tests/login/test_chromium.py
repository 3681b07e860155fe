"""A login in a real browser, against the local X."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

from tests.chromium import Window, browser
from tweetbot.sandbox import Fault

if TYPE_CHECKING:
    from playwright.sync_api import Browser

    from tests.conftest import Bot

CLOSING_WORDS = "tweetbot has received the answer."


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as chromium:
        yield chromium


@pytest.fixture
def window(chromium: Browser) -> Iterator[Window]:
    with chromium.new_context() as context:
        yield Window(context.new_page())


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_a_click_logs_the_bot_in_and_leaves_no_trace_in_the_browser(
    newcomer: Bot, window: Window, host: str
) -> None:
    callback = newcomer.take_callback(host)
    with newcomer.auth() as auth:
        window.open(auth.url)
        response = window.click("#authorize")
        words, history = window.page.inner_text("body"), window.history
        run = auth.end()

    assert (run.code, run.out) == (0, "Logged in as @dogfacts\n")
    assert newcomer.path.stat().st_mode & 0o777 == 0o600
    assert newcomer.document["account"]["username"] == "dogfacts"
    assert response.status == 200
    assert CLOSING_WORDS in words
    closing_page = callback.removesuffix("callback") + "done"
    assert window.page.url == closing_page
    # The consent page's own address is all that holds the state; the code stands nowhere.
    assert history == ["about:blank", auth.url, closing_page]
    assert window.faults == []


def test_a_reload_of_the_closing_page_is_harmless(newcomer: Bot, window: Window) -> None:
    newcomer.x.fault("token", Fault("delay", seconds=1.5))  # the login goes on meanwhile
    with newcomer.auth() as auth:
        window.open(auth.url)
        window.click("#authorize")
        again = window.page.reload()
        assert again
        assert again.status == 200
        run = auth.end()

    assert run.code == 0
    assert newcomer.x.count("token") == 1
    assert window.faults == []


def test_cancel_ends_the_login_and_closes_the_page(newcomer: Bot, window: Window) -> None:
    with newcomer.auth() as auth:
        window.open(auth.url)
        response = window.click("#cancel")
        words, history = window.page.inner_text("body"), window.history
        run = auth.end()

    assert run.code == 4
    assert "access_denied" in run.err
    assert not newcomer.path.exists()
    assert newcomer.x.count("token") == 0
    assert response.status == 200
    assert CLOSING_WORDS in words
    assert urlsplit(window.page.url).query == ""
    assert history == ["about:blank", auth.url, window.page.url]
    assert window.faults == []
