"""What images and clusters have in common: names, and the paths inside of the image."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

from tweetbot.schedule.job import Job, Word
from tweetbot.schedule.words import shell

USER = 10001
BOT = "/bot"  # where the person's files are in the image
_LONGEST = 45  # characters; a CronJob's name may have 52, and a number may follow


def resource_name(text: str, number: int = 1) -> str:
    """Return a name that Kubernetes and image registries take; no two bots share one."""
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    if plain != text or len(plain) > _LONGEST:
        digest = hashlib.sha256(text.encode()).hexdigest()[:6]
        plain = f"{plain[: _LONGEST - 7].strip('-')}-{digest}"
    return plain if number == 1 else f"{plain}-{number}"


def image(job: Job) -> str:
    return f"{resource_name(job.name)}:{job.here.version}"


def context(job: Job) -> Path:
    """Return the folder that all files of the job lie in; the image is built from it."""
    folders = [str(path.parent) for path in job.files]
    return Path(os.path.commonpath(folders)) if folders else job.here.directory


def inside(job: Job, word: Word) -> str:
    """Return a word as it is in the image."""
    if not isinstance(word, Path):
        return word
    return f"{BOT}/{word.relative_to(context(job)).as_posix()}"


def post(job: Job) -> list[str]:
    return [inside(job, word) for word in job.post]


def build(job: Job) -> str:
    return f"docker build -t {image(job)} -f Dockerfile {shell(str(context(job)))}"
