"""Items that have a day: they are offered on that day alone, once, before all others."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tweetbot.sources.cursor import naming
from tweetbot.sources.item import Item
from tweetbot.values import dataclass

_DAY = r"(?a)(?:(\d{4})-)?(\d{1,2})-(\d{1,2})(?:[T ]00:00(?::00)?)?"
Today = tuple[int, int, int]  # year, month, day
_MOST = 500  # items of one day that are remembered


def is_day(on: str) -> bool:
    """Whether it names a day, with a year or without: 12-24 or 2026-12-24."""
    found = re.fullmatch(_DAY, on)
    if not found:
        return False
    year, month, day = (int(part or 2000) for part in found.groups())
    return 1 <= month <= 12 and 1 <= day <= _days_of(year, month)


def _days_of(year: int, month: int) -> int:
    if month == 2:
        return 29 if year % 4 == 0 and (year % 100 or year % 400 == 0) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def is_today(on: str, today: Today) -> bool:
    """Whether that day is today."""
    found = re.fullmatch(_DAY, on)
    return found is not None and tuple(int(part or today[0]) for part in found.groups()) == today


@dataclass(frozen=True)
class Day:
    """Which items of a day had their turn."""

    day: str = ""
    used: tuple[str, ...] = ()

    @classmethod
    def read(cls, cursor: Any, today: Today) -> Day:
        """Read what the profile keeps; what is of another day is over."""
        own = "{:04}-{:02}-{:02}".format(*today)
        used = cursor.get("used") if isinstance(cursor, Mapping) else None
        if not isinstance(used, list) or cursor.get("day") != own:
            return cls(own)
        return cls(own, tuple(name for name in used if isinstance(name, str)))

    def had(self, item: Item) -> bool:
        """Whether that item had its turn today."""
        return _name(item) in self.used

    def after(self, item: Item) -> Day:
        return Day(self.day, (*self.used, _name(item))[-_MOST:])

    def written(self) -> dict[str, Any]:
        """Return what the profile keeps."""
        return {"day": self.day, "used": list(self.used)} if self.used else {}


def _name(item: Item) -> str:
    return naming()(item)
