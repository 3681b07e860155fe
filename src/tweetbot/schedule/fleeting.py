"""Paths that go away before the scheduler comes, and profiles that it will not find."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path
from urllib.parse import urlsplit

from tweetbot.schedule.job import Job

# Where `uvx` and `pipx run` keep a copy until they need the room.
_CACHES = re.compile(
    r"/(archive|environments|builds)-v[0-9]+/|/pipx/\.?cache/|/\.?caches?/pipx/", re.IGNORECASE
)


def is_fleeting(program: str) -> bool:
    """Whether `program` lies in the cache of uv or pipx, and goes away with it."""
    return any(
        _CACHES.search(Path(path).as_posix()) for path in (program, os.path.realpath(program))
    )


def warnings(job: Job, *, is_here: bool) -> list[str]:
    """Say what a job will not find, as far as that is seen from here."""
    if not is_here:
        return _of_rehearsal(job)
    found = [*_of_program(job), *_of_rehearsal(job)]
    paths = [path for path in (job.folder, *job.files) if path]
    found += [
        f"{path} lies in a folder that is emptied now and then." for path in _temporary(paths)
    ]
    found += [f"{path} is not there yet." for path in job.files if not os.path.exists(path)]
    return found


def _of_program(job: Job) -> list[str]:
    if not any(map(is_fleeting, job.here.program)):
        return []
    return [
        "This tweetbot lies in a cache that is emptied now and then. Install it, and come back:"
        " `uv tool install tweetbot-cli`, or `pipx install tweetbot-cli`."
    ]


def _of_rehearsal(job: Job) -> list[str]:
    api_url = job.here.environ.get("TWEETBOT_API_URL", "")
    if urlsplit(api_url).scheme != "http":
        return []
    return ["This is a rehearsal: its X and its folder go away when the sandbox ends."]


def _temporary(paths: Iterable[Path]) -> list[Path]:
    folder = os.path.realpath(tempfile.gettempdir())
    return [path for path in paths if Path(os.path.realpath(path)).is_relative_to(folder)]
