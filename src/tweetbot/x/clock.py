"""X's clock, as far as it is known: the `Date` of its answers (RFC 9110 §6.6.1).

A board without a clock of its own boots in 1970, or years ahead; X does not.
"""

from __future__ import annotations

from collections.abc import Callable
from email.utils import parsedate_to_datetime

from tweetbot.x.answer import Answer


class ServerClock:
    """Learns X's time from its answers, and tells it by the difference to `now`."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._ahead: float | None = None

    def hear(self, answer: Answer) -> None:
        """Take the time from an answer; one without a readable `Date` teaches nothing."""
        try:
            date = parsedate_to_datetime(answer.headers["date"]).timestamp()
        except (LookupError, ValueError, OverflowError):
            return
        self._ahead = date - self._now()

    def now(self) -> float | None:
        """Return X's time in UTC epoch seconds; `None` before its first answer."""
        return None if self._ahead is None else self._now() + self._ahead


def ignore(_answer: Answer) -> None:
    """Learn nothing."""
