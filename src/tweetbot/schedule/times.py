"""When a bot posts: times of a day, on some days of the week or on all.

What `--at` says, and how cron writes it. Days are numbered from 0, Monday.
"""

from __future__ import annotations

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
FULL_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
A_DAY = 24 * 60  # minutes
_TIME = re.compile(r"(?:(?P<days>\S.*?)\s+)?(?P<hour>[0-9]{1,2}):(?P<minute>[0-9]{2})")
_EXPECTED = "it must be HH:MM, or days and HH:MM, as in 09:07 or 'Mon,Thu 09:07'"


class At(NamedTuple):
    """A time of the day in minutes; `days` are those of the week, none of them means every day."""

    minutes: int
    days: tuple[int, ...] = ()

    @property
    def hour(self) -> int:
        return self.minutes // 60

    @property
    def minute(self) -> int:
        return self.minutes % 60

    @property
    def clock(self) -> str:
        return f"{self.hour:02}:{self.minute:02}"

    @property
    def day_names(self) -> tuple[str, ...]:
        return tuple(DAYS[day] for day in self.days)

    def __str__(self) -> str:
        return " ".join([*([",".join(self.day_names)] if self.days else []), self.clock])

    def later(self, minutes: int) -> At:
        """Return the time so many minutes later (or earlier), on the days on which it falls."""
        shift, left = divmod(self.minutes + minutes, A_DAY)
        return At(left, tuple(sorted((day + shift) % 7 for day in self.days)))


def read_at(text: str) -> At:
    """Read what `--at` says; raises `ValueError` that says what it must be."""
    found = _TIME.fullmatch(text.strip())
    if not found or int(found["hour"]) > 23 or int(found["minute"]) > 59:
        raise ValueError(_EXPECTED)
    days = sorted(set(_days(found["days"]))) if found["days"] else []
    return At(60 * int(found["hour"]) + int(found["minute"]), tuple(days) if len(days) < 7 else ())


def _days(text: str) -> Iterable[int]:
    for part in re.split(r"\s*,\s*|\s+", text):
        first, dash, last = part.partition("-")
        begin = _day(first)
        end = _day(last) if dash else begin
        yield from (day % 7 for day in range(begin, end + 1 + (7 if end < begin else 0)))


def _day(text: str) -> int:
    for number, name in enumerate(FULL_DAYS):
        if len(text) >= 3 and name.lower().startswith(text.lower()):
            return number
    raise ValueError(f"{_EXPECTED}; days are {', '.join(DAYS)}")


def usual(profile: str) -> At:
    """Return a time after nine that is the bot's own, and never the full hour."""
    digest = hashlib.sha256(profile.encode()).digest()
    return At(9 * 60 + 1 + int.from_bytes(digest[:4]) % 59)


def distance(times: Iterable[At]) -> int:
    """Return the smallest number of minutes between two starts."""
    week = sorted({day * A_DAY + at.minutes for at in times for day in at.days or range(7)})
    return min(later - earlier for earlier, later in pairwise([*week, week[0] + 7 * A_DAY]))


def cron_fields(times: Iterable[At]) -> list[str]:
    """Return the five fields of cron for the times; those that differ in the hour alone share one.

    Cron's week begins with 0, Sunday.
    """
    hours = defaultdict(set)
    for at in sorted(set(times)):
        hours[at.minute, at.days].add(at.hour)
    return [
        f"{minute} {','.join(map(str, sorted(those)))} * * {_cron_days(days)}"
        for (minute, days), those in hours.items()
    ]


def _cron_days(days: tuple[int, ...]) -> str:
    return ",".join(map(str, sorted((day + 1) % 7 for day in days))) or "*"
