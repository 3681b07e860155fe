"""A bar on the terminal for what takes longer than a second."""

from __future__ import annotations

import signal
import sys
import threading
from typing import TYPE_CHECKING

import click

from tweetbot.cli.terminal import is_terminal
from tweetbot.foreign import one_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from click._termui_impl import ProgressBar

SHOWN_AFTER = 1.0  # seconds


def progress(*, quiet: bool) -> Callable[[str, int, int], None]:
    """Return what shows progress, if a person looks on."""
    return _Bar() if is_terminal(sys.stderr) and not quiet else _nothing


def _nothing(_what: str, _done: int, _of: int) -> None:
    """Leave no trace in a log."""


class _Bar:
    """One bar after the other; each is drawn only if it is not at its end by then."""

    def __init__(self) -> None:
        self._what = ""
        self._done = self._of = 0
        self._bar: ProgressBar[int] | None = None
        self._timer: threading.Timer | None = None
        self._lock = threading.Lock()

    def __call__(self, what: str, done: int, of: int) -> None:
        with self._lock:
            if what != self._what:
                self._end()
                self._begin(what)
            self._done, self._of = done, of
            self._draw()
            if done >= of:
                self._end()

    def _begin(self, what: str) -> None:
        self._what = what
        self._timer = threading.Timer(SHOWN_AFTER, self._show, [what])
        self._timer.daemon = True
        _start(self._timer)

    def _show(self, what: str) -> None:
        with self._lock:
            if what == self._what:
                self._bar = click.progressbar(
                    length=self._of, label=one_line(what), file=sys.stderr
                )
                self._draw()

    def _draw(self) -> None:
        if self._bar:
            self._bar.update(self._done - self._bar.pos)
            self._bar.render_progress()

    def _end(self) -> None:
        if self._timer:
            self._timer.cancel()
        if self._bar:
            self._bar.render_finish()
        self._what, self._bar, self._timer = "", None, None


def _start(timer: threading.Timer) -> None:
    """Start a thread that takes no signal: each has to wake the main one."""
    if not hasattr(signal, "pthread_sigmask"):
        timer.start()
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    try:
        timer.start()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
