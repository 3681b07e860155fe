"""`--write` of cron: lines in the person's crontab, between two marker lines."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator

from tweetbot.errors import ConfigurationError
from tweetbot.schedule.job import Job
from tweetbot.schedule.plan import Plan, is_as_made, is_mark
from tweetbot.schedule.writing import Written, not_ours

BEGIN = "# >>> {name} >>>\n"
END = "# <<< {name} <<<\n"


def write_crontab(job: Job, plan: Plan, force: bool) -> Written:
    """Put the lines into the person's crontab, between two marker lines."""
    (file,) = plan.files
    crontab = _crontab()
    old, new = _with_block(crontab, job.name, file.text, force=force)
    if new != crontab:
        _call("-", given=new)
    done = "crontab (unchanged)" if new == crontab else "crontab"
    others = _other_lines(new.replace(file.text, ""), job.profile)
    return Written((done,), (*_replaced(old, file.text), *others))


def _replaced(old: str, new: str) -> Iterator[str]:
    """Say which lines of the block are gone, so that they can be put back."""
    kept = new.splitlines()
    gone = [line for line in old.splitlines() if line not in kept and not is_mark(line)]
    if gone:
        yield "\n".join(["This stood in the crontab for the bot, and is replaced:", *gone])


def _other_lines(crontab: str, profile: str) -> Iterator[str]:
    """Say which lines of the person's own post for the same bot."""
    for line in crontab.splitlines():
        if re.search(rf"^[^#].*\bpost -p {re.escape(profile)} ", line):
            yield f"The crontab already has a line that posts for {profile}: {line}"


def _with_block(crontab: str, name: str, text: str, *, force: bool) -> tuple[str, str]:
    """Return what stands in the block of this name, and the crontab with the new one; pure."""
    begin, end = BEGIN.format(name=name), END.format(name=name)
    block = f"{begin}{text}{end}"
    above, found, rest = _parted(crontab, begin)
    if not found:
        newline = "" if not crontab or crontab.endswith("\n") else "\n"
        return "", f"{crontab}{newline}{block}"
    old, closed, below = _parted(rest, end)
    if not closed:
        raise ConfigurationError(
            f"The crontab has the line {begin.strip()}, and no {end.strip()}.",
            "Mend it by `crontab -e`.",
        )
    if not force and not is_as_made(old):
        raise not_ours(f"What stands between {begin.strip()} and {end.strip()} in the crontab")
    return old, f"{above}{block}{below}"


def _parted(text: str, line: str) -> tuple[str, str, str]:
    """Part the text at a line, which has to be a whole one."""
    if text.startswith(line):
        return "", line, text[len(line) :]
    above, found, below = text.partition(f"\n{line}")
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
