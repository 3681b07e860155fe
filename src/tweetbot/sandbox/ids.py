"""Ids: numbers that tell the time and only grow."""

from __future__ import annotations

from collections.abc import Callable

_SNOWFLAKE_EPOCH_MS = 1_288_834_974_657


class Snowflakes:
    """Makes X's ids: milliseconds, then 22 bits that tell the ids of one millisecond apart."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._last = 0

    def next(self) -> str:
        """Return an id that is greater than every earlier one."""
        milliseconds = int(self._now() * 1000) - _SNOWFLAKE_EPOCH_MS
        self._last = max(milliseconds << 22, self._last + 1)
        return str(self._last)
