"""The command line within this process: streams and environment of its own, nothing started."""

from __future__ import annotations

import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, chdir, contextmanager, suppress
from pathlib import Path
from typing import IO

import tweetbot
from tweetbot.cli.commands import cli
from tweetbot.cli.edge import run

PROGRAM = str(Path(tweetbot.__file__).with_name("__main__.py"))  # as `python -m tweetbot` has it
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run_inside(
    args: Sequence[str], *, environ: Mapping[str, str], stdin: bytes = b"", cwd: Path | str = "."
) -> tuple[int, bytes, bytes]:
    """Run one command; return its exit code and what it wrote. For the main thread alone."""
    with ExitStack() as stack:
        files = [stack.enter_context(tempfile.TemporaryFile()) for _ in range(3)]
        files[0].write(stdin)
        files[0].seek(0)
        with _streams(files), _environment(environ), _arguments(args), _handlers(), chdir(cwd):
            code = run(cli, args)
        out, err = (_content(file) for file in files[1:])
    return code, out, err


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


@contextmanager
def _streams(files: Sequence[IO[bytes]]) -> Iterator[None]:
    """Put files behind the standard streams, for Python and for the system."""
    before = sys.stdin, sys.stdout, sys.stderr
    kept = [os.dup(number) for number in range(3)]
    for number, file in enumerate(files):
        os.dup2(file.fileno(), number)
    sys.stdin, sys.stdout, sys.stderr = (
        open(number, mode, encoding="utf-8", errors=errors, closefd=False)  # noqa: SIM115
        for number, (mode, errors) in enumerate(
            [("r", "surrogateescape"), ("w", "surrogateescape"), ("w", "backslashreplace")]
        )
    )
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            with suppress(OSError, ValueError):
                stream.flush()
        sys.stdin, sys.stdout, sys.stderr = before
        for number, descriptor in enumerate(kept):
            os.dup2(descriptor, number)
            os.close(descriptor)


@contextmanager
def _environment(environ: Mapping[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    _set_environment(environ)
    try:
        yield
    finally:
        _set_environment(before)


def _set_environment(environ: Mapping[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environ)
    time.tzset()  # Python reads TZ when it starts


@contextmanager
def _arguments(args: Sequence[str]) -> Iterator[None]:
    before, sys.argv = sys.argv, [PROGRAM, *args]
    try:
        yield
    finally:
        sys.argv = before


@contextmanager
def _handlers() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
