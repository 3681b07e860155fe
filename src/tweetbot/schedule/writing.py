"""`--write`: the files go where they belong; nothing of the person's is written over."""

from __future__ import annotations

import os
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path

from tweetbot.errors import ConfigurationError
from tweetbot.schedule import repository
from tweetbot.schedule.job import Job
from tweetbot.schedule.plan import File, Plan, is_as_made
from tweetbot.schedule.systemd import user_units

BEGIN = "# >>> {name} >>>\n"
END = "# <<< {name} <<<\n"


def write_units(job: Job, _plan: Plan, force: bool) -> list[str]:
    """Write the units of this one bot."""
    return _write(user_units(job), force=force)


def write_workflow(job: Job, plan: Plan, force: bool) -> list[str]:
    """Write the workflow into the repository in which the person stands."""
    top = repository.root(job.here.directory)
    if top is None:
        raise ConfigurationError(
            f"{job.here.directory} lies in no git repository.", "Change to the one of the bot."
        )
    (file,) = plan.files
    return _write((File(str(top / file.place), file.text),), force=force)


def _write(files: tuple[File, ...], *, force: bool) -> list[str]:
    """Write all files or none; returns what was done to each."""
    try:
        before = [_read(Path(file.place)) for file in files]
        for file, text in zip(files, before, strict=True):
            if text is not None and not force and not is_as_made(text):
                raise _not_ours(file.place)
        for file, text in zip(files, before, strict=True):
            if text != file.text:
                _replace(Path(file.place), file.text)
    except OSError as error:
        raise ConfigurationError(
            f"{error.filename or files[0].place} cannot be written: {error.strerror}."
        ) from None
    return [
        f"{file.place}{' (unchanged)' if text == file.text else ''}"
        for file, text in zip(files, before, strict=True)
    ]


def _not_ours(place: str) -> ConfigurationError:
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


def write_crontab(job: Job, plan: Plan, force: bool) -> list[str]:
    """Put the lines into the person's crontab, between two marker lines."""
    (file,) = plan.files
    crontab = _crontab()
    new = _with_block(crontab, job.name, file.text, force=force)
    if new == crontab:
        return ["crontab (unchanged)"]
    _call("-", given=new)
    return ["crontab"]


def _with_block(crontab: str, name: str, text: str, *, force: bool) -> str:
    """Return the crontab with the block of this name in it; pure."""
    begin, end = BEGIN.format(name=name), END.format(name=name)
    block = f"{begin}{text}{end}"
    above, found, rest = _parted(crontab, begin)
    if not found:
        newline = "" if not crontab or crontab.endswith("\n") else "\n"
        return f"{crontab}{newline}{block}"
    old, closed, below = _parted(rest, end)
    if not closed:
        raise ConfigurationError(
            f"The crontab has the line {begin.strip()}, and no {end.strip()}.",
            "Mend it by `crontab -e`.",
        )
    if not force and not is_as_made(old):
        raise _not_ours(f"What stands between {begin.strip()} and {end.strip()} in the crontab")
    return f"{above}{block}{below}"


def _parted(text: str, line: str) -> tuple[str, str, str]:
    """Part the text at a line, which has to be a whole one."""
    if text.startswith(line):
        return "", line, text[len(line) :]
    above, found, below = f"{text}".partition(f"\n{line}")
    return (f"{above}\n", found, below) if found else (text, "", "")


def _crontab() -> str:
    ended = _run("-l")
    if ended.returncode == 0:
        return ended.stdout
    if "no crontab" in ended.stderr.lower() or not ended.stderr.strip():
        return ""
    raise _refused(ended)


def _call(*args: str, given: str) -> None:
    ended = _run(*args, given=given)
    if ended.returncode:
        raise _refused(ended)


def _refused(ended: subprocess.CompletedProcess[str]) -> ConfigurationError:
    return ConfigurationError(f"crontab refused: {ended.stderr.strip() or ended.returncode}.")


def _run(*args: str, given: str = "") -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["crontab", *args],
            input=given,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            env={**os.environ, "LC_ALL": "C"},
            timeout=30,
            check=False,
        )
    except OSError as error:
        why = "it is not installed" if isinstance(error, FileNotFoundError) else error.strerror
        raise ConfigurationError(
            f"The program crontab cannot be started: {why}.",
            "Install cron, or use another kind: `tweetbot schedule` lists them.",
        ) from None
    except subprocess.TimeoutExpired:
        raise ConfigurationError("crontab does not answer.") from None
