"""The command on a machine with a POSIX shell, and the secrets that it reads for itself."""

from __future__ import annotations

import os
from pathlib import Path

from tweetbot.schedule.job import Job
from tweetbot.schedule.words import shell


def run(job: Job) -> tuple[str, ...]:
    """Return the words of the run; its secrets come out of files that only their owner reads."""
    if not job.secrets:
        return job.command
    read = [
        f"{name}=$(cat {shell(str(secret_file(job, name)))}) || exit 2; export {name};"
        for name in job.secrets
    ]
    return ("/bin/sh", "-c", " ".join([*read, 'exec "$@"']), "sh", *job.command)


def secret_file(job: Job, name: str) -> Path:
    """Where a secret lies: beside the profiles, named after the bot and the variable."""
    return (job.folder or job.here.home) / f"{job.profile}.{name}"


def secret_steps(job: Job) -> list[str]:
    """Return the lines that put the secrets of this shell where the run reads them."""
    files = {name: secret_file(job, name) for name in job.secrets}
    return [
        f'(umask 077; mkdir -p {shell(str(file.parent))}; printf %s "${name}" > {shell(str(file))})'
        for name, file in files.items()
    ]


def log_file(job: Job) -> Path:
    """Where the runs of the bot write what they say."""
    return (job.folder or job.here.home) / f"{job.profile}.log"


def log_steps(job: Job) -> list[str]:
    """Return the line that makes the folder of the log, where there is none yet."""
    folder = job.folder
    if folder is None or os.path.isdir(folder):
        return []
    return [f"mkdir -p -m 700 {shell(str(folder))}  # for the log"]
