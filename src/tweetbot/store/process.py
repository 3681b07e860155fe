"""A program that is run for its output, within a deadline: it and all its children."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence

from tweetbot.values import dataclass

LARGEST = 10 * 1024 * 1024  # bytes that a program may print
_LOOK = 0.05  # seconds between two looks whether a program has ended, or has printed too much
_LAST_LOOK = 0.5  # seconds in which what it has printed before its end has to arrive


@dataclass(frozen=True)
class Ended:
    """How a program ended; `code` is `None` if it had to be ended, with all its children.

    That is so after the deadline, or because it has printed more than `LARGEST`.
    """

    code: int | None
    out: bytes
    err: bytes
    is_endless: bool = False


def run(
    command: str | Sequence[str], given: bytes, environ: Mapping[str, str], *, deadline: float
) -> Ended:
    """Run a program with `given` as its standard input; a text is run by the shell.

    It has no terminal, so nothing in it can ask a person. Its own end is what counts: a child that
    lives on and keeps the pipes (the master of an ssh connection, say) is not waited for. If we are
    killed, it has all of `given` or was not started: else it would save half a document, or none.
    Raises `OSError` if it cannot be started.
    """
    filled = _filled_pipe(given)
    try:
        process = subprocess.Popen(
            command,
            shell=isinstance(command, str),
            stdin=subprocess.PIPE if filled is None else filled,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=environ,
            start_new_session=True,
        )
    finally:
        if filled is not None:
            os.close(filled)
    with process:
        try:
            return _communicate(process, given if filled is None else None, deadline)
        finally:
            if process.poll() is None:
                _end(process)


def _filled_pipe(given: bytes) -> int | None:
    """Return a pipe to read from that has all of `given` in it; `None` where it takes not so much.

    Linux's takes 64 KiB; Windows has none that would not wait.
    """
    if sys.platform == "win32":
        return None
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    try:
        is_filled = os.write(writing, given) == len(given)
    except BlockingIOError:
        is_filled = False
    finally:
        os.close(writing)
    if not is_filled:
        os.close(reading)
    return reading if is_filled else None


def _communicate(process: subprocess.Popen[bytes], given: bytes | None, deadline: float) -> Ended:
    ends_at = time.monotonic() + deadline
    rest = given
    while True:
        left = ends_at - time.monotonic()
        ended = process.poll() is not None
        look = _LAST_LOOK if ended else _LOOK
        try:
            out, err = process.communicate(rest, timeout=max(0, min(look, left)))
        except subprocess.TimeoutExpired as late:
            rest = None  # it is on its way
            out, err = late.stdout or b"", late.stderr or b""
            if max(len(out), len(err)) <= LARGEST and not ended and left > 0:
                continue
        if max(len(out), len(err)) > LARGEST:
            return Ended(None, b"", b"", is_endless=True)
        return Ended(process.poll(), out, err)


def _end(process: subprocess.Popen[bytes]) -> None:
    if sys.platform == "win32":
        process.kill()
    else:
        os.killpg(process.pid, signal.SIGKILL)
