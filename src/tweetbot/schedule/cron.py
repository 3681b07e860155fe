"""A crontab line for this very installation."""

from __future__ import annotations

import os
import re
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

# What cron's bare environment would lack.
_KEPT = ("TWEETBOT_CONFIG_DIR", "TWEETBOT_API_URL")


# Where `uvx` and `pipx run` keep a copy until they need the room.
_CACHES = re.compile(
    r"/(archive|environments|builds)-v[0-9]+/|/pipx/\.?cache/|/\.?caches?/pipx/", re.I
)


def is_fleeting(program: str) -> bool:
    """Whether `program` lies in the cache of uv or pipx, and goes away with it."""
    return any(
        _CACHES.search(Path(path).as_posix()) for path in (program, os.path.realpath(program))
    )


def crontab_line(profile: str, folder: Path, *, environ: Mapping[str, str], program: str) -> str:
    """Post the next line of `<profile>.txt` every day at nine; it lies beside the profile.

    So does a log file. `program` is how this process was started; the line names it by its
    absolute path.
    """
    script = Path(program).resolve()
    tweetbot = [str(script)] if script.stem == "tweetbot" else [sys.executable, "-m", "tweetbot"]
    variables = [f"{name}={shlex.quote(environ[name])}" for name in _KEPT if environ.get(name)]
    texts, log = (folder / f"{profile}.{suffix}" for suffix in ("txt", "log"))
    command = shlex.join([*tweetbot, "post", "-p", profile, "--list", str(texts)])
    line = " ".join([*variables, command, f">> {shlex.quote(str(log))} 2>&1"])
    return "0 9 * * *  " + line.replace("%", r"\%")  # cron ends a command at a bare %
