"""This machine's time zone, by the name that other schedulers know it by."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo

from tweetbot.schedule.times import At
from tweetbot.values import dataclass

LOCALTIME = Path("/etc/localtime")
_FOLDER = "zoneinfo/"


@dataclass(frozen=True)
class Zone:
    """The zone of the times, and that of the machine's own schedulers.

    `name` is `None` where none is known (a copy of a zone's file, a rule in TZ); `here` and
    `scheduler` are the zones themselves.
    """

    name: str | None
    here: tzinfo | None
    scheduler: tzinfo | None
    scheduler_name: str | None


def read_zone(environ: Mapping[str, str], *, localtime: Path = LOCALTIME) -> Zone:
    """Look the zone up: TZ where it is set, else the machine's."""
    machine_name = _machine_zone(localtime)
    machine = _zone(machine_name) if machine_name else None
    text = environ.get("TZ", "").removeprefix(":")
    if not text or os.path.isabs(text):
        return Zone(machine_name if machine else None, machine, machine, machine_name)
    found = _zone(text)
    return Zone(text if found else None, found, machine, machine_name)


def _machine_zone(localtime: Path) -> str | None:
    """Return the name of the zone whose file /etc/localtime is; without one it is UTC."""
    if os.name != "posix":
        return None
    if not localtime.exists():
        return "UTC"
    _, found, name = os.path.realpath(localtime).partition(_FOLDER)
    if found:
        return name.removeprefix("posix/")
    try:
        return localtime.with_name("timezone").read_text(encoding="ascii").strip() or None
    except (OSError, ValueError):
        return None


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (OSError, ValueError, KeyError):  # no such zone, or no name of one
        return None


def _offset(zone: tzinfo | None, at: float) -> int:
    """Return how many minutes the clock is ahead of UTC; of an unknown zone, this process' own."""
    moment = datetime.fromtimestamp(at, UTC).astimezone(zone)
    offset = moment.utcoffset()
    return int(offset.total_seconds() // 60) if offset else 0


def in_scheduler_time(
    zone: Zone, times: tuple[At, ...], *, now: float, whose: str
) -> tuple[tuple[At, ...], list[str]]:
    """Return the times as the clock of this machine's schedulers shows them, and what to know."""
    then = now + 182 * 86400  # the other half of the year
    shifts = [_offset(zone.scheduler, at) - _offset(zone.here, at) for at in (now, then)]
    if shifts == [0, 0]:
        return times, []
    moved = tuple(at.later(shifts[0]) for at in times)
    return moved, [
        f"{whose} goes by the machine's clock ({zone.scheduler_name or 'unknown zone'}):"
        f" {_both(times, moved)} of {zone.name or 'TZ'}, until one of them changes to or from"
        " summer time."
    ]


def in_named_zone(
    zone: Zone, times: tuple[At, ...], *, now: float
) -> tuple[tuple[At, ...], str, list[str]]:
    """Return the times, the name of their zone, and what to know; without a name it is UTC."""
    if zone.name:
        return times, zone.name, []
    moved = tuple(at.later(-_offset(zone.here, now)) for at in times)
    return (
        moved,
        "UTC",
        [
            "The name of this machine's time zone is not known, so the times are in UTC:"
            f" {_both(times, moved)} here, until the clocks change. TZ=Europe/Berlin before the"
            " command, say, names it."
        ],
    )


def _both(times: tuple[At, ...], moved: tuple[At, ...]) -> str:
    return ", ".join(f"{there} is {here}" for here, there in zip(times, moved, strict=True))
