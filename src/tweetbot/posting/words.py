"""How a time and a text stand in a message."""

from __future__ import annotations

import time


def clock(at: float) -> str:
    """Write a time (UTC epoch seconds) as the person's clock shows it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def one_line(text: str) -> str:
    """Return a text as part of a message: a CI would take a line of its own for a command."""
    return " ".join(text.split())


def short(text: str) -> str:
    """Return the beginning of a text, on one line."""
    line = one_line(text)
    return line if len(line) <= 60 else line[:60] + "…"
