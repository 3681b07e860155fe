"""What is to run: this installation, the bot, the words of its command, and the times."""

from __future__ import annotations

import getpass
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from pathlib import Path
from urllib.parse import urlsplit

from tweetbot.errors import ConfigurationError
from tweetbot.schedule.times import At
from tweetbot.schedule.zone import Zone
from tweetbot.values import dataclass

Word = str | Path  # a path is a file of the person's, absolute

# What a scheduler's bare environment lacks, where it is set here.
_KEPT = (
    "TWEETBOT_CONFIG_DIR",
    "TWEETBOT_API_URL",
    "TWEETBOT_CHECK_AFTER",
    "TWEETBOT_LOAD_COMMAND",
    "TWEETBOT_SAVE_COMMAND",
    "TWEETBOT_STORE",
    "TWEETBOT_KEY",
    "XDG_STATE_HOME",
    "TZ",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    *(f"{name}{end}" for name in ("http", "https", "all", "no") for end in ("_proxy", "_PROXY")),
)
_EVERYWHERE = ("TWEETBOT_API_URL", "TWEETBOT_CHECK_AFTER")  # those that mean the same elsewhere


@dataclass(frozen=True)
class Here:
    """This installation: how it is started, who started it and where, and with which variables."""

    program: tuple[str, ...]
    version: str
    directory: Path
    home: Path
    user: str
    environ: Mapping[str, str] = field(repr=False)


def read_here(environ: Mapping[str, str], *, program: str, version: str) -> Here:
    """Look around; `program` is how this process was started."""
    script = Path(program).resolve()
    is_script = script.stem == "tweetbot" and script.exists()
    try:
        directory = Path.cwd()
    except OSError:
        raise ConfigurationError("The folder you stand in is gone.", "Change to another.") from None
    return Here(
        (str(script),) if is_script else (sys.executable, "-m", "tweetbot"),
        version,
        directory,
        _home(directory),
        _user(),
        environ,
    )


def _home(otherwise: Path) -> Path:
    try:
        return Path.home()
    except RuntimeError:
        return otherwise


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a user without a name
        return str(os.getuid())


@dataclass(frozen=True)
class Job:
    """What every kind of scheduler is told; `words` stand behind `tweetbot post -p PROFILE`.

    `folder` has the profiles, `minutes` is how long a run may take, `min_gap` is in seconds and
    `environment` that of GitHub.
    """

    here: Here
    profile: str
    words: tuple[Word, ...]
    times: tuple[At, ...]
    zone: Zone
    now: float
    folder: Path | None = None
    extras: tuple[str, ...] = ()
    minutes: int = 10
    min_gap: float | None = None
    environment: str | None = None

    @property
    def name(self) -> str:
        """What the job is called."""
        return f"tweetbot-{self.profile}"

    @property
    def post(self) -> tuple[Word, ...]:
        """The words behind the program; the bot is always named."""
        return ("post", "-p", self.profile, *self.words)

    @property
    def command(self) -> tuple[str, ...]:
        """The command for this machine."""
        return (*self.here.program, *map(str, self.post))

    @property
    def files(self) -> tuple[Path, ...]:
        return tuple(word for word in self.words if isinstance(word, Path))

    @property
    def store(self) -> str:
        return self.here.environ.get("TWEETBOT_STORE", "")

    @property
    def package(self) -> str:
        """What pip installs: this version, with what the job needs."""
        needs = {*self.extras, *(["redis"] if self.is_in_redis else [])}
        extras = f"[{','.join(sorted(needs))}]" if needs else ""
        return f"tweetbot-cli{extras}=={self.here.version}"

    @property
    def is_in_redis(self) -> bool:
        return bool(self.store) and not self.store.startswith("git:")

    @cached_property
    def _in_force(self) -> dict[str, str]:
        """The variables that a job on this machine needs."""
        environ = self.here.environ
        kept = {name: environ[name] for name in _KEPT if environ.get(name)}
        if "TWEETBOT_CHECK_AFTER" in environ:  # empty, it means never to look
            kept["TWEETBOT_CHECK_AFTER"] = environ["TWEETBOT_CHECK_AFTER"]
        if self.folder and (environ.get("XDG_CONFIG_HOME") or _is_not_own(self.here.home)):
            kept["TWEETBOT_CONFIG_DIR"] = str(self.folder)
        return kept

    @property
    def secrets(self) -> tuple[str, ...]:
        """The names of those variables that are never written into a file by us."""
        return tuple(name for name, text in self._in_force.items() if _is_secret(name, text))

    @property
    def variables(self) -> dict[str, str]:
        """Those that may be written down."""
        return {name: text for name, text in self._in_force.items() if not _is_secret(name, text)}

    @property
    def variables_elsewhere(self) -> dict[str, str]:
        """Those that mean the same on another machine; its zone is that of the times."""
        kept = {name: text for name, text in self.variables.items() if name in _EVERYWHERE}
        zone = self.zone.name
        return {**kept, **({"TZ": zone} if zone and zone not in ("UTC", "Etc/UTC") else {})}

    @property
    def directory(self) -> Path | None:
        """The folder to stand in, where a store is found from there."""
        by_name = self.store.startswith("git:") and ":" not in self.store[4:]
        commands = any(name in self._in_force for name in _KEPT if name.endswith("_COMMAND"))
        return self.here.directory if by_name or commands else None


def _is_secret(name: str, text: str) -> bool:
    if name == "TWEETBOT_KEY":
        return True
    if name == "TWEETBOT_STORE" or name.lower().endswith("_proxy"):
        return _has_password(text.removeprefix("git:"))
    return False


def _has_password(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return True
    return "@" in parts.netloc or bool(re.search(r"password|token", parts.query, re.IGNORECASE))


def _is_not_own(home: Path) -> bool:
    """Whether HOME is another folder than the one that a scheduler sets it to."""
    try:
        import pwd

        return Path(pwd.getpwuid(os.getuid()).pw_dir) != home
    except (ImportError, KeyError):
        return False
