"""A program in the place of tweetbot that writes down how it was called, and jobs that run it."""

from __future__ import annotations

import json
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tweetbot.schedule import At, Here, Job, Word, read_zone

HOSTILE_FOLDER = '50% $H\'s "d" `i` ${{ x }} \\b ö'
RECORD = """\
import json, os, sys
names = [name for name in os.environ if name.startswith(("TWEETBOT_", "TZ"))]
variables = {name: os.environ[name] for name in names}
with open(sys.argv[1], "a") as calls:
    calls.write(json.dumps([sys.argv[2:], variables, os.getcwd()]) + "\\n")
print("https://x.com/dogfacts/status/1")
sys.exit(int(os.environ.get("CODE", 0)))
"""


@dataclass(frozen=True)
class Recorder:
    """The program, in a folder with a name that breaks careless quoting."""

    folder: Path

    @property
    def program(self) -> Path:
        return self.folder / "tweetbot"

    def install(self) -> None:
        self.folder.mkdir(parents=True)
        record, calls = self.folder / "record.py", self.folder / "calls"
        record.write_text(RECORD)
        line = shlex.join([sys.executable, str(record), str(calls)])
        self.program.write_text(f'#!/bin/sh\nexec {line} "$@"\n')
        self.program.chmod(0o755)

    @property
    def calls(self) -> list[Any]:
        """The words, the variables and the folder of each call."""
        path = self.folder / "calls"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    def job(
        self,
        *words: Word,
        profile: str = "dogfacts",
        times: tuple[At, ...] = (At(9 * 60 + 7),),
        environ: Mapping[str, str] | None = None,
        **more: Any,
    ) -> Job:
        environ = environ or {}
        here = Here(
            (str(self.program),),
            "1.2.3",
            self.folder,
            self.folder,  # not what a scheduler sets HOME to
            "root",
            environ,
        )
        zone = read_zone(environ, localtime=Path("/usr/share/zoneinfo/Europe/Berlin"))
        return Job(here, profile, words, times, zone, time.time(), folder=self.folder, **more)


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    recorder = Recorder(tmp_path / HOSTILE_FOLDER)
    recorder.install()
    return recorder
