"""Runs a command against the local X, as its whole world."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from tweetbot.sandbox.sandbox import Sandbox

NOT_FOUND = 127
NOT_EXECUTABLE = 126
_FORWARDED = (signal.SIGTERM, signal.SIGHUP)


def variables(sandbox: Sandbox, config_dir: str | Path) -> str:
    """Return lines to paste into a shell, after which tweetbot talks to the local X."""
    environ = sandbox.environ(config_dir)
    return "\n".join(f"export {name}={shlex.quote(value)}" for name, value in environ.items())


def run_command(
    sandbox: Sandbox, command: Sequence[str], *, environ: Mapping[str, str], approve: bool
) -> int:
    """Run `command` with a profile folder of its own and return its exit status as a shell would.

    It inherits the standard streams and `environ`, without tweetbot's own variables. `approve`
    gives consent in the place of a person, with a browser that needs no display.
    """
    with (
        tempfile.TemporaryDirectory(prefix="tweetbot-sandbox-") as folder,
        _registered(sandbox) as redirect_uri,
        _approving(sandbox, approve=approve),
    ):
        child = {**_harmless(environ), **sandbox.environ(folder)}
        child["TWEETBOT_REDIRECT_URI"] = redirect_uri
        child["PATH"] = os.pathsep.join([*_script_folders(), environ.get("PATH", os.defpath)])
        if approve:
            child["BROWSER"] = browser_command()
        try:
            return _run(command, child)
        except OSError as error:
            sandbox.tell(f"{command[0]}: {error.strerror}")
            return NOT_FOUND if isinstance(error, FileNotFoundError) else NOT_EXECUTABLE


def browser_command() -> str:
    """Return a value for `BROWSER` that fetches an address without a display.

    Python's `webbrowser` splits it as a shell would, and puts the address in place of `%s`.
    """
    script = Path(__file__).with_name("browser.py")
    return f"{shlex.join([sys.executable, '-I', str(script)])} %s"


@contextmanager
def _registered(sandbox: Sandbox) -> Iterator[str]:
    """Register a callback URL on a port that is free now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    redirect_uri = f"http://127.0.0.1:{port}/callback"
    sandbox.redirect_uris.add(redirect_uri)
    try:
        yield redirect_uri
    finally:
        sandbox.redirect_uris.discard(redirect_uri)


@contextmanager
def _approving(sandbox: Sandbox, *, approve: bool) -> Iterator[None]:
    before = sandbox.approve
    sandbox.approve = approve or before
    try:
        yield
    finally:
        sandbox.approve = before


def _harmless(environ: Mapping[str, str]) -> dict[str, str]:
    """Take out what belongs to the real X, and every proxy: none could reach this machine."""
    kept = ("TWEETBOT_PROFILE", "TWEETBOT_CHECK_AFTER")
    return {
        name: value
        for name, value in environ.items()
        if name in kept or not name.upper().startswith("TWEETBOT_")
        if not name.upper().endswith("_PROXY")
    }


def _script_folders() -> list[str]:
    """Return where the command `tweetbot` of this very installation is."""
    own = str(Path(sys.argv[0]).resolve().parent)
    folders = [own] if shutil.which("tweetbot", path=own) else []
    # Not resolved: the interpreter of a virtual environment is a link out of it.
    return [*folders, str(Path(sys.executable).parent)]


def _run(command: Sequence[str], environ: Mapping[str, str]) -> int:
    with subprocess.Popen(command, env=environ) as process, _forwarding(process):
        status = _wait(process)
    return status if status >= 0 else 128 - status


def _wait(process: subprocess.Popen[bytes]) -> int:
    # Not one long wait: the kernel may hand a signal to a thread of the server, and then nothing
    # wakes this one, in which alone Python runs the handler. A wait with an end looks up often.
    while True:
        with suppress(subprocess.TimeoutExpired):
            return process.wait(timeout=60)


@contextmanager
def _forwarding(process: subprocess.Popen[bytes]) -> Iterator[None]:
    """Pass on what a scheduler sends; leave Ctrl-C to the command, which gets it itself."""

    def forward(number: int, _: FrameType | None) -> None:
        process.send_signal(number)

    def ignore(_number: int, _: FrameType | None) -> None:
        pass

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {**dict.fromkeys(_FORWARDED, forward), signal.SIGINT: ignore}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
