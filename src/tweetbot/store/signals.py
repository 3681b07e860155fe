"""Hold signals back while a renewed token is on its way from X to the disk."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_HELD_BACK = ("SIGINT", "SIGTERM", "SIGHUP")  # Windows has no SIGHUP


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Hold SIGINT, SIGTERM and SIGHUP back; they take effect when the block is left."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals reach the main thread alone
        return
    received: list[int] = []

    def remember(number: int, _frame: FrameType | None) -> None:
        received.append(number)

    numbers = [getattr(signal, name) for name in _HELD_BACK if hasattr(signal, name)]
    before = {number: signal.signal(number, remember) for number in numbers}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for number in dict.fromkeys(received):
            signal.raise_signal(number)
