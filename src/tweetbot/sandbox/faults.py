"""Scripted trouble: what can go wrong between a client and X, on demand."""

from __future__ import annotations

import re
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from tweetbot.sandbox.routes import STEPS, WIDER

# Each kind with its pause in seconds; 0: it has none.
_KINDS: Final = {
    "status": 0.0,
    "silent": 60.0,
    "delay": 1.0,
    "drip": 0.2,
    "half": 0.0,
    "garbage": 0.0,
    "reset": 0.0,
}
_ALWAYS_WORK: Final = frozenset({"delay", "drip", "half"})
_NO_ANSWER: Final = frozenset({"silent", "garbage", "reset"})
_TEXT: Final = re.compile(
    r"(?P<step>[a-z]+):((?P<number>[1-9]\d{0,5}):)?((?P<when>after|before):)?"
    r"(?P<kind>[a-z]+|[2-5]\d\d)(=(?P<seconds>\d+(\.\d+)?))?",
    re.ASCII,
)


@dataclass(frozen=True)
class Fault:
    """One trouble, for the next `times` requests of a step after the next `skip` of them.

    With a `number` it is for the request of that number, counted from the first that ever came.

    `status`   an answer with this status, `body` and `headers` (none: what X says with it)
    `silent`   no answer; the connection is held for `seconds` (60)
    `delay`    the normal answer, `seconds` (1) late
    `drip`     the normal answer, one byte every `seconds` (0.2)
    `half`     half of the normal answer's bytes, then the end of the connection
    `garbage`  bytes that are no HTTP
    `reset`    the connection is reset

    `after` says that the work is done, and only its answer lost: the post stands, the refresh
    token is spent. `delay`, `drip` and `half` always do the work, on arrival of the request.
    """

    kind: str
    after: bool = False
    status: int = 503
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    seconds: float | None = None
    times: int = 1
    skip: int = 0
    number: int | None = None

    def __post_init__(self) -> None:
        if self.kind not in _KINDS:
            raise ValueError(f"There is no fault {self.kind!r}; there are {', '.join(_KINDS)}.")

    @property
    def pause(self) -> float:
        """Seconds: how long to hold, to delay, or to wait between two bytes."""
        return _KINDS[self.kind] if self.seconds is None else self.seconds

    @property
    def works(self) -> bool:
        """Whether X does what it was asked for."""
        return self.after or self.kind in _ALWAYS_WORK

    @property
    def answers(self) -> bool:
        """Whether anything that is HTTP goes out."""
        return self.kind not in _NO_ANSWER

    def __str__(self) -> str:
        kind = str(self.status) if self.kind == "status" else self.kind
        return f"after:{kind}" if self.after else kind

    @staticmethod
    def parse(text: str) -> tuple[str, Fault]:
        """Read `STEP:[NUMBER:][after:]KIND[=SECONDS]`; a status stands for itself: `post:3:503`.

        Raises `ValueError` with a sentence.
        """
        match = _TEXT.fullmatch(text)
        if not match:
            raise ValueError(
                f"{text!r} is not a fault; write it like post:503, post:3:after:reset, "
                "token:silent or post:delay=3."
            )
        kind, seconds = match["kind"], match["seconds"]
        fault = Fault("status", status=int(kind)) if kind.isdigit() else Fault(kind)
        if kind == "status" or (seconds and not fault.pause):
            raise ValueError(f"{text!r} is not a fault: {_misuse(kind)}")
        return _known(match["step"]), replace(
            fault,
            after=match["when"] == "after",
            seconds=float(seconds) if seconds else None,
            number=int(match["number"]) if match["number"] else None,
        )


def _misuse(kind: str) -> str:
    if kind == "status":
        return "write the status itself, like post:503."
    return f"{kind} takes no seconds."


def _known(step: str) -> str:
    if step not in STEPS:
        raise ValueError(f"There is no step {step!r}; there are {', '.join(STEPS)}.")
    return step


class FaultQueue:
    """The faults still to come, a queue for each step."""

    def __init__(self) -> None:
        self._queues: defaultdict[str, deque[Fault]] = defaultdict(deque)
        self._numbered: dict[tuple[str, int], Fault] = {}
        self._arrived: Counter[str] = Counter()

    def add(self, step: str, fault: Fault) -> None:
        """Append a fault; raises `ValueError` if there is no such step."""
        step = _known(step)
        if fault.number is None:
            self._queues[step].append(fault)
            return
        for number in range(fault.number, fault.number + fault.times):
            self._numbered[step, number] = fault

    def take(self, step: str) -> Fault | None:
        """Return the fault that this request of `step` meets.

        One that has its number goes first; of the others only the first in line counts, and it
        waits.
        """
        steps = [step, WIDER[step]] if step in WIDER else [step]
        self._arrived.update(steps)
        numbered = [self._numbered.pop((one, self._arrived[one]), None) for one in steps]
        found = next((fault for fault in numbered if fault), None)
        return found or next(
            (fault for one in steps if (fault := self._next(self._queues[one]))), None
        )

    @staticmethod
    def _next(queue: deque[Fault]) -> Fault | None:
        if not queue:
            return None
        fault = queue.popleft()
        if fault.skip:
            queue.appendleft(replace(fault, skip=fault.skip - 1))
            return None
        if fault.times > 1:
            queue.appendleft(replace(fault, times=fault.times - 1))
        return fault
