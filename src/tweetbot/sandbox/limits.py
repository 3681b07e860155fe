"""Rate limits: how often an account may ask, and the headers that tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

# docs.x.com, x-api/fundamentals/rate-limits: requests of one user in 15 minutes.
_LIMITS: Final = {
    "post": 100,
    "delete": 50,
    "me": 75,
    "timeline": 900,
    "upload": 500,
    "metadata": 500,
    "status": 1_000,
    **dict.fromkeys(("initialize", "append", "finalize"), 1_875),
}
_WINDOW: Final = 15 * 60


@dataclass(frozen=True)
class RateLimit:
    """Where one account stands in one window; `used` counts the refused requests too."""

    limit: int
    used: int
    reset: float

    @property
    def exceeded(self) -> bool:
        """Whether this request is one too many."""
        return self.used > self.limit

    @property
    def headers(self) -> dict[str, str]:
        """The headers in which X tells it; the time of reset is in epoch seconds."""
        return {
            "x-rate-limit-limit": str(self.limit),
            "x-rate-limit-remaining": str(max(self.limit - self.used, 0)),
            "x-rate-limit-reset": str(int(self.reset)),
        }


class RateLimits:
    """Counts requests by step and account."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._windows: dict[tuple[str, str], RateLimit] = {}

    def count(self, step: str, account_id: str) -> RateLimit:
        """Count one request; a window begins with its first."""
        now = self._now()
        window = self._windows.get((step, account_id))
        if window is None or window.reset <= now:
            window = RateLimit(_LIMITS[step], 0, now + _WINDOW)
        window = RateLimit(window.limit, window.used + 1, window.reset)
        self._windows[step, account_id] = window
        return window
