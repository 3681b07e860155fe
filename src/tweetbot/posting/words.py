"""How a time and a text stand in a message."""

from __future__ import annotations

import time

from tweetbot.profile import Pending, PendingPart


def clock(at: float) -> str:
    """Write a time (UTC epoch seconds) as the person's clock shows it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def minute(at: float) -> str:
    """Write a time without its seconds."""
    return clock(at)[:-3]


def one_line(text: str) -> str:
    """Return a text as part of a message: a CI would take a line of its own for a command."""
    return " ".join(text.split())


def said(waiting: Pending | PendingPart) -> str:
    """Return what a post that is not live yet says, on one line, or how many files it shows."""
    number = len(waiting.media_keys)
    return one_line(waiting.text) or f"(no text, {number} file{'' if number == 1 else 's'})"


def short(text: str) -> str:
    """Return the beginning of a text, on one line."""
    line = one_line(text)
    return line if len(line) <= 60 else line[:60] + "…"
