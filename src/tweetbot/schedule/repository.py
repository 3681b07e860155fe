"""What jobs of a forge have in common: they stand in the repository, whose files alone they see."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from tweetbot.errors import ConfigurationError
from tweetbot.schedule.job import Job, Word
from tweetbot.schedule.words import shell


def root(folder: Path) -> Path | None:
    """Return the top of the repository that `folder` lies in."""
    return next((one for one in (folder, *folder.parents) if os.path.exists(one / ".git")), None)


def command(job: Job, quoted: Callable[[str], str], *more: str) -> str:
    """Return the line that posts, as seen from the top of the repository."""
    top = root(job.here.directory) or job.here.directory
    words = [_seen_from(top, word) for word in job.post]
    return " ".join(["tweetbot", *map(quoted, [*words[:3], *more, *words[3:]])])


def _seen_from(top: Path, word: Word) -> str:
    if not isinstance(word, Path):
        return word
    for one in (word, word.resolve()):
        if one.is_relative_to(top):
            seen = one.relative_to(top).as_posix()
            return f"./{seen}" if seen.startswith("-") else seen
    raise ConfigurationError(
        f"{word} lies outside of the repository {top}, so a job cannot see it.",
        "Put it into the repository, or change to the right one.",
    )


def warnings(job: Job) -> list[str]:
    """Say what keeps a job from seeing what it needs."""
    if not root(job.here.directory):
        return [f"{job.here.directory} lies in no git repository: paths are taken from here."]
    return [
        f"{path} is not there yet; the job needs it in the repository."
        for path in job.files
        if not os.path.exists(path)
    ]


def committed(job: Job, file: str) -> str:
    """Return the line that gives the job its files; they are named as seen from here."""
    here = job.here.directory
    paths = [(root(here) or here) / file, *job.files]
    names = [shell(os.path.relpath(path, here)) for path in paths]
    return f"git add -- {' '.join(names)} && git commit -m 'A bot' && git push"


def git_store(job: Job) -> str:
    """Return the repository as a store, as a job of it calls it."""
    return "git:origin?branch" if job.store.endswith("?branch") else "git:origin"
