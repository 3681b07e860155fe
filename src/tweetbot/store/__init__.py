"""Where a profile document lives: lock, load, save, and the prepared save of a renewed token.

The environment decides which store is in force, by the rows of `_STORES`; nothing above knows
which it is. `folder.py` is the default and has the whole protocol in its docstring.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Protocol

from tweetbot.errors import ConfigurationError, LoginNeeded
from tweetbot.profile import Profile
from tweetbot.settings import Settings, user_state_dir
from tweetbot.store.folder import FileStore, profile_paths

COMMAND_VARIABLES = ("TWEETBOT_PROFILE_JSON", "TWEETBOT_LOAD_COMMAND", "TWEETBOT_SAVE_COMMAND")
REDIS_VARIABLE = "TWEETBOT_STORE"


class PreparedSave(Protocol):
    """The proven save of a renewed token."""

    def commit(self, renewed: Profile) -> None:
        """Save it; raises `TokenNotSaved` that says where it is instead."""


class Store(Protocol):
    """One profile document; `str()` says where it lives, free of secrets.

    `interrupted_at` is the time of a renewal that began and left no token, if one is known.
    """

    interrupted_at: int | None

    def lock(self, *, new: bool = False, lasting: float = 0) -> AbstractContextManager[None]:
        """Keep other runs out. Raises `LoginNeeded` if there is no document, unless `new`.

        `lasting` is how many seconds the caller may wait for X meanwhile, all deadlines together:
        a lock that expires by itself must not do so earlier.
        """

    def load(self) -> Profile:
        """Return the newest document; raises `LoginNeeded` if there is none."""

    def save(self, profile: Profile) -> None:
        """Replace the document as a whole, or raise and leave it as it was."""

    def rehearse(self, current: Profile | None) -> None:
        """Prove that a document can be saved; changes nothing."""

    def prepare(self, current: Profile) -> AbstractContextManager[PreparedSave]:
        """Prove that a renewed token can be saved, before the old one is spent."""

    def make_ready(self) -> None:
        """Make room for a first document."""

    def set_aside(self) -> None:
        """Let a new document take the place of an unreadable one."""

    def remove(self) -> None:
        """Forget the bot."""

    def remove_leftovers(self) -> None:
        """Drop what an interrupted renewal left: a login has made it void."""

    def check_writable(self) -> None:
        """Raise `ConfigurationError` if a save is bound to fail; nothing is written."""

    @property
    def mode(self) -> int | None:
        """The document's permissions, where it has any."""


def find(store: Store) -> Profile | None:
    """Return the document, or `None` if there is none."""
    try:
        return store.load()
    except LoginNeeded:
        return None


@dataclass(frozen=True)
class _Wanted:
    """What a row of `_STORES` opens."""

    name: str
    settings: Settings
    environ: Mapping[str, str] = field(repr=False)
    wait: float
    warn: Callable[[str], None]


def open_store(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    wait: float = 30.0,
    warn: Callable[[str], None],
    profile: str | None = None,
) -> Store:
    """Return the store of a profile: the settings' own, or the one called `profile`."""
    wanted = _Wanted(profile or settings.profile, settings, environ, wait, warn)
    return _STORES[kind(environ)](wanted)


def profile_names(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """Return the names of all profiles in the store that is in force."""
    in_force = kind(environ)
    if in_force == "redis":
        from tweetbot.store import redis

        return redis.names(environ[REDIS_VARIABLE])
    if in_force == "command":
        return [settings.profile]
    return [path.stem for path in profile_paths(settings.config_dir)]


def place(settings: Settings, environ: Mapping[str, str]) -> str:
    """Say where the profiles are, free of secrets."""
    if kind(environ) == "redis":
        from tweetbot.store import redis

        return redis.shown(environ[REDIS_VARIABLE])
    return str(settings.config_dir)


def kind(environ: Mapping[str, str]) -> str:
    """Say which store the environment asks for."""
    commands = [name for name in COMMAND_VARIABLES if environ.get(name)]
    if commands and environ.get(REDIS_VARIABLE):
        raise ConfigurationError(
            f"{commands[0]} and {REDIS_VARIABLE} are both set.", "A bot lives in one place."
        )
    if environ.get(REDIS_VARIABLE):
        return "redis"
    return "command" if commands else "folder"


def _folder(wanted: _Wanted) -> Store:
    path = wanted.settings.config_dir / f"{wanted.name}.json"
    return FileStore(path, state_dir=user_state_dir, wait=wanted.wait, warn=wanted.warn)


def _command(wanted: _Wanted) -> Store:
    from tweetbot.store.command import CommandStore

    def mask(secret: str) -> None:
        # docs.github.com, actions/reference/workflow-commands-for-github-actions, "add-mask"
        if wanted.environ.get("GITHUB_ACTIONS") == "true":
            wanted.warn(f"::add-mask::{secret}")

    return CommandStore(
        wanted.name,
        environ=wanted.environ,
        state_dir=user_state_dir,
        warn=wanted.warn,
        mask=mask,
    )


def _redis(wanted: _Wanted) -> Store:
    from tweetbot.store.redis import RedisStore

    url = wanted.environ[REDIS_VARIABLE]
    return RedisStore(wanted.name, url=url, state_dir=user_state_dir, wait=wanted.wait)


_STORES: dict[str, Callable[[_Wanted], Store]] = {
    "folder": _folder,
    "command": _command,
    "redis": _redis,
}
