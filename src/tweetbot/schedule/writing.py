"""`--write` of units and workflows; nothing of the person's is written over."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from tweetbot.errors import ConfigurationError
from tweetbot.schedule import repository
from tweetbot.schedule.job import Job
from tweetbot.schedule.plan import File, Plan, is_as_made
from tweetbot.schedule.systemd import user_units
from tweetbot.values import dataclass


@dataclass(frozen=True)
class Written:
    """What was done, a line for each file, and what has to be known."""

    done: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def write_units(job: Job, _plan: Plan, force: bool) -> Written:
    """Write the units of this one bot."""
    return _write(user_units(job), force=force)


def write_workflow(job: Job, plan: Plan, force: bool) -> Written:
    """Write the workflow into the repository in which the person stands."""
    top = repository.root(job.here.directory)
    if top is None:
        raise ConfigurationError(
            f"{job.here.directory} lies in no git repository.", "Change to the one of the bot."
        )
    (file,) = plan.files
    return _write((File(str(top / file.place), file.text),), force=force)


def _write(files: tuple[File, ...], *, force: bool) -> Written:
    """Write all files or none."""
    try:
        before = [_read(Path(file.place)) for file in files]
        for file, text in zip(files, before, strict=True):
            if text is not None and not force and not is_as_made(text):
                raise not_ours(file.place)
        for file, text in zip(files, before, strict=True):
            if text != file.text:
                _replace(Path(file.place), file.text)
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or files[0].place} cannot be written: {error.strerror}."
        ) from None
    was = dict(zip(files, before, strict=True))
    return Written(
        tuple(f"{file.place}{' (unchanged)' if was[file] == file.text else ''}" for file in files),
        tuple(
            f"What stood in {file.place} is replaced."
            for file in files
            if was[file] not in (None, file.text)
        ),
    )


def not_ours(place: str) -> ConfigurationError:
    return ConfigurationError(
        f"{place} is not as `tweetbot schedule` wrote it.", "--force writes over it."
    )


def _read(path: Path) -> str | None:
    try:
        return path.read_bytes().decode(errors="replace")
    except FileNotFoundError:
        return None


def _replace(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(text.encode())
        os.chmod(name, 0o644)
        os.replace(name, path)
    except OSError:
        with suppress(OSError):
            os.unlink(name)
        raise
