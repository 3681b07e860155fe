"""A login in a real browser, against the local X.

Without Chromium or Playwright these tests are skipped, but for CI, where they have to run.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

import pytest

from tweetbot.sandbox import Fault

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

    from tests.conftest import Bot

ARGUMENTS = (
    "--no-sandbox",  # root runs it in containers
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
CLOSING_WORDS = "tweetbot has received the answer."


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        missing("Chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=ARGUMENTS) as browser,
    ):
        yield browser


def missing(what: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what} is missing")
    pytest.skip(f"{what} is missing")


class Window:
    """A window of the browser that remembers all that went wrong in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("console", self._hear)
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("requestfailed", self._fail)
        page.on("response", self._read)

    def open(self, url: str) -> None:
        self.page.goto(url)

    def click(self, button: str) -> Response:
        """Click on the consent page; returns the page that the browser ends at."""
        with self.page.expect_navigation() as navigation:
            self.page.click(button)
        return navigation.value

    @property
    def history(self) -> list[str]:
        """Every address that the person can go back to."""
        devtools = self.page.context.new_cdp_session(self.page)
        entries = devtools.send("Page.getNavigationHistory")["entries"]
        devtools.detach()
        return [entry["url"] for entry in entries]

    def _hear(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning") and not is_icon(message.location["url"]):
            self.faults.append(f"{message.type}: {message.text}")

    def _fail(self, request: Request) -> None:
        if not is_icon(request.url):
            self.faults.append(f"failed: {request.url}")

    def _read(self, response: Response) -> None:
        if response.status >= 400 and not is_icon(response.url):
            self.faults.append(f"{response.status}: {response.url}")


def is_icon(url: str) -> bool:
    return urlsplit(url).path == "/favicon.ico"


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
