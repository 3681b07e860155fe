"""What a run needs of the world around it."""

from __future__ import annotations

import time
from collections.abc import Callable

from tweetbot.values import dataclass

Progress = Callable[[str, int, int], None]  # what is done, how much of it, of how much


@dataclass(frozen=True)
class Context:
    """The API, the pauses, the clock and the person; tests bring their own clock and sleep."""

    api_url: str
    check_after: tuple[float, ...]
    wait: float = 30.0
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    tell: Callable[[str], None] = lambda _: None
    progress: Progress = lambda _what, _done, _of: None
