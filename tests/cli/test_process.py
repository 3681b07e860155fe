"""How a process ends: at once, but with nothing lost."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SEEN_AT_EXIT = "import atexit; atexit.register(print, 'at exit')"
SEEN_AT_SHUTDOWN = """
import os

class Late:
    def __del__(self, write=os.write):
        write(1, b"shutdown\\n")

late = Late()
"""
THREAD = """
import threading, time
threading.Thread(target=lambda: (time.sleep(0.5), print("joined"))).start()
"""


# What coverage watches has to end in the ordinary way.
_UNWATCHED = {name: os.environ[name] for name in os.environ if not name.startswith("COV")}


def version(folder: Path, before: str, *options: str) -> list[str]:
    """Run `tweetbot --version` in a Python that does something `before`; return its lines."""
    (folder / "sitecustomize.py").write_text(before)
    run = subprocess.run(
        [sys.executable, *options, "-m", "tweetbot", "--version"],
        env={**_UNWATCHED, "PYTHONPATH": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout.splitlines()[1:]


def test_the_end_waits_for_no_shutdown_of_the_interpreter(tmp_path: Path) -> None:
    assert version(tmp_path, SEEN_AT_SHUTDOWN) == []


@pytest.mark.parametrize(
    ("before", "seen"),
    [
        (SEEN_AT_EXIT, ["at exit"]),
        (THREAD, ["joined"]),
        (THREAD + SEEN_AT_SHUTDOWN, ["joined", "shutdown"]),
        (SEEN_AT_SHUTDOWN + "import sys; sys.setprofile(lambda *_: None)", ["shutdown"]),
    ],
)
def test_whoever_waits_for_the_end_sees_it(tmp_path: Path, before: str, seen: list[str]) -> None:
    assert version(tmp_path, before) == seen


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux alone has it")
def test_what_cannot_be_printed_is_still_reported() -> None:
    with open("/dev/full", "w") as full:
        run = subprocess.run(
            [sys.executable, "-m", "tweetbot", "--version"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    said = "Standard output takes nothing (No space left on device).\n"
    assert (run.returncode, run.stderr) == (2, said)
