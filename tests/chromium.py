"""A real browser; without Chromium or Playwright its tests are skipped, but for CI."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn
from urllib.parse import urlsplit

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Page, Request, Response

ARGUMENTS = (
    "--no-sandbox",  # root runs it in containers
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@contextmanager
def browser() -> Iterator[Browser]:
    """Start a browser."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        missing("Chromium")
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright")
    with (
        sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=program, args=ARGUMENTS) as chromium,
    ):
        yield chromium


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
