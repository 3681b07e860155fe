"""Lists for tests: what a person gives by options, as arguments."""

from __future__ import annotations

from datetime import date
from typing import Any

from tweetbot.sources import List, Order, Remembered
from tweetbot.sources import listed as made


def listed(
    path: object,
    *,
    order: Order = "shuffle",
    once: bool = False,
    name: str | None = None,
    today: date = date(2026, 12, 24),
    **making: Any,
) -> List:
    """Open a list as `post --list` does, on a day."""
    return made(str(path), Remembered(order, once, name, today.timetuple), **making)
