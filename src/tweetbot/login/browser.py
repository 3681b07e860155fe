"""Open a URL in the person's browser, where that can work and cannot take over the terminal."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress


def can_open(environ: Mapping[str, str], *, terminal: bool) -> bool:
    """Say whether opening a browser makes sense here.

    A `BROWSER` in the environment is the person's own word. Without it, a graphical browser has to
    be likely: a text browser would take over the terminal, or hang where there is none.
    """
    if environ.get("BROWSER"):
        return True
    if not terminal:
        return False
    graphical = sys.platform in ("darwin", "win32") or bool(
        environ.get("DISPLAY") or environ.get("WAYLAND_DISPLAY") or environ.get("WSL_DISTRO_NAME")
    )
    return graphical and not _is_text_browser()


def open_url(url: str) -> None:
    """Open `url` without waiting; nothing is known of the result, so none is given.

    In a process of its own: what a browser prints must not mix with ours, and standard input
    stays with us.
    """
    with suppress(RuntimeError):  # no more threads: the person has the address
        threading.Thread(target=_run, args=(url,), daemon=True).start()


def _run(url: str) -> None:
    subprocess.run(
        # -P: a webbrowser.py of the current folder is not run.
        [sys.executable, "-P", "-m", "webbrowser", url],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=_without_secrets(os.environ),
        check=False,
    )


def _without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a browser, which needs none of our variables."""
    return {name: value for name, value in environ.items() if not name.startswith("TWEETBOT_")}


def _is_text_browser() -> bool:
    import webbrowser  # late: looks for every browser it knows

    try:
        # w3m, lynx and the like are GenericBrowser: they run in the terminal.
        return type(webbrowser.get()) is webbrowser.GenericBrowser
    except webbrowser.Error:
        return True
