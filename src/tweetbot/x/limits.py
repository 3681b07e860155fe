"""When a rate limit ends, as the headers of an answer tell it, and in words."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping

from tweetbot.x.words import http_date


def reset_of(headers: Mapping[str, str], now: float) -> int | None:
    """Return when a rate limit ends: the latest reset among the exhausted windows.

    The 24-hour headers are undocumented and come only where such a limit applies
    (node-twitter-api-v2 495, 553); with them exhausted, the 15-minute window may have room.
    """
    windows = ("x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour")
    resets = [
        _number(headers, f"{window}-reset")
        for window in windows
        if headers.get(f"{window}-remaining", "0") == "0"
    ]
    resets.append(retry_after(headers, now))
    return max((at for at in resets if at is not None), default=None)


def retry_after(headers: Mapping[str, str], now: float) -> int | None:
    """Read seconds or an HTTP date (RFC 9110 §10.2.3); X does not promise it."""
    pause = _number(headers, "retry-after")
    if pause is not None:
        return int(now) + pause
    at = http_date(headers, "retry-after")
    sent = http_date(headers, "date")
    if at is None:
        return None
    # By the clock of who wrote both, where it is known; ours may be wrong.
    return int(at - sent + now) if sent is not None else int(at)


def _number(headers: Mapping[str, str], name: str) -> int | None:
    value = headers.get(name, "")
    return int(value) if re.fullmatch(r"[0-9]{1,18}", value) else None


def when(at: int | None, now: float) -> str:
    """Say when that is, in local time and in minutes."""
    if at is None or abs(at - now) > 366 * 86400:
        return ""
    minutes = max(0, -int(-(at - now) // 60))
    away = f"{minutes} min" if minutes < 120 else f"{round(minutes / 60)} h"
    return f"; it resets at {time.strftime('%Y-%m-%d %H:%M', time.localtime(at))} (in {away})"
