"""Which store is in force: the environment decides, else the bot's document, by `_STORES`.

A document in the folder may be a pointer to another store (`pointed`). Nothing above the room knows
which it is.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tweetbot.errors import ConfigurationError, TweetbotError
from tweetbot.profile import LivesIn
from tweetbot.settings import Settings, is_profile_name, user_state_dir
from tweetbot.store.document_files import profile_paths
from tweetbot.store.folder import FileStore
from tweetbot.store.pointed import STORE_VARIABLE, Pointed, forget, pointed, surroundings
from tweetbot.store.secret import empty_secret
from tweetbot.store.store import Movable, Store
from tweetbot.values import dataclass

if TYPE_CHECKING:
    from tweetbot.store.target import Target

COMMAND_VARIABLES = ("TWEETBOT_PROFILE_JSON", "TWEETBOT_LOAD_COMMAND", "TWEETBOT_SAVE_COMMAND")


@dataclass(frozen=True)
class _Wanted:
    """What a row of `_STORES` opens."""

    name: str
    settings: Settings
    environ: Mapping[str, str] = field(repr=False)
    wait: float
    warn: Callable[[str], None]
    # What named the store, if no variable did: a pointer, or `export --to`.
    pointer: Path | None = None
    target: Target | None = None

    @property
    def named(self) -> str:
        """Say what names the store: where a person corrects its address."""
        if self.target:
            return "--to"
        if self.pointer:
            return f"its address (`tweetbot export -p {self.name} --to ADDRESS` gives another)"
        return STORE_VARIABLE

    def mask(self, secret: str) -> None:
        """Let the log of GitHub Actions hide a secret."""
        # docs.github.com, actions/reference/workflow-commands-for-github-actions, "add-mask"
        if self.environ.get("GITHUB_ACTIONS") == "true":
            self.warn(f"::add-mask::{secret}")


def open_store(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    wait: float = 30.0,
    warn: Callable[[str], None],
    profile: str | None = None,
) -> Store:
    """Return the store of a profile: the settings' own, or the one called `profile`."""
    name = profile or settings.profile
    wanted = _Wanted(name, settings, environ, wait, warn)
    there = _followed(settings, environ, name)
    if there is None:
        return _STORES[_in_force(environ)](wanted)
    there.tighten(warn)
    inside = replace(wanted, environ=there.environ(environ), pointer=there.path)
    store = _STORES[_in_force(inside.environ)](inside)
    if not there.is_halfway:
        return store
    from tweetbot.store.halfway import Halfway

    return Halfway(_folder(wanted), store, there.lives_in)


def open_stores(
    settings: Settings,
    environ: Mapping[str, str],
    *,
    warn: Callable[[str], None],
    here_alone: bool = False,
) -> Iterator[tuple[str, Store]]:
    """Yield the stores of all profiles; those of one git repository or server are read by one.

    `here_alone` leaves out those that are in another place than the folder.
    """
    if _in_force(environ) == "git":
        from tweetbot.store.git_place import open_all

        yield from open_all(environ, state_dir=user_state_dir, warn=warn)
        return
    if _in_force(environ) == "redis":
        from tweetbot.store.redis import open_all_in
        from tweetbot.store.redis_client import Server

        yield from open_all_in(Server(environ[STORE_VARIABLE]), state_dir=user_state_dir)
        return
    for name in profile_names(settings, environ):
        if here_alone and _followed(settings, environ, name):
            continue
        try:
            store = open_store(settings, environ, warn=warn, profile=name)
        except TweetbotError as error:
            warn(f"{name}: {error}")
        else:
            yield name, store


def open_folder(
    settings: Settings, environ: Mapping[str, str], *, warn: Callable[[str], None]
) -> Movable:
    """Return the profile's document in the folder, for a move out of there."""
    return _folder(_Wanted(settings.profile, settings, environ, 30.0, warn))


def open_target(
    target: Target,
    settings: Settings,
    environ: Mapping[str, str],
    *,
    warn: Callable[[str], None],
) -> Store:
    """Return the store that a bot is to be moved into."""
    inside = surroundings(target.lives_in, environ)
    name = settings.profile
    return _STORES[_in_force(inside)](_Wanted(name, settings, inside, 30.0, warn, target=target))


def pointer(settings: Settings, environ: Mapping[str, str]) -> Pointed | None:
    """Return where the profile of the settings was moved, if a document here says so."""
    return _followed(settings, environ, settings.profile)


def pointers(settings: Settings) -> list[LivesIn]:
    """Return where the bots live that were moved out of the folder, the settings' own first."""
    paths = sorted(profile_paths(settings.folder), key=lambda path: path.stem != settings.profile)
    return [there.lives_in for there in map(pointed, paths) if there and not there.is_halfway]


def forget_pointer(settings: Settings, environ: Mapping[str, str]) -> None:
    """Remove the pointer of a bot that is no more, if there is one."""
    if _in_force(environ) == "folder":
        forget(settings.path)


def _followed(settings: Settings, environ: Mapping[str, str], name: str) -> Pointed | None:
    if _in_force(environ) != "folder":
        return None
    return pointed(settings.folder / f"{name}.json")


def opened(settings: Settings, environ: Mapping[str, str], document: bytes) -> bytes:
    """Return a document as it is; one that the git store printed in need is decrypted."""
    from tweetbot.store.key import is_sealed

    if not is_sealed(document):
        return document
    from tweetbot.store.git_place import keys

    there = _followed(settings, environ, settings.profile)
    path = there.path if there else None
    if there:
        environ = there.environ(environ)
    return keys(settings.profile, environ, path).open(document, where="this document")


def profile_names(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """Return the names of all profiles in the store that is in force."""
    in_force = _in_force(environ)
    if in_force == "command":
        return [settings.profile]
    if in_force == "redis":
        from tweetbot.store.redis import names
        from tweetbot.store.redis_client import Server

        found = names(Server(environ[STORE_VARIABLE]))
    elif in_force == "git":
        from tweetbot.store.git_place import remote

        found = sorted(remote(environ).refs())
    else:
        found = [path.stem for path in profile_paths(settings.folder)]
    return [name for name in found if is_profile_name(name)]


def has_profile(settings: Settings, environ: Mapping[str, str], name: str) -> bool:
    """Say whether the store in force has a profile of that name, readable or not."""
    in_force = _in_force(environ)
    if in_force == "redis":
        from tweetbot.store.redis import exists
        from tweetbot.store.redis_client import Server

        return exists(Server(environ[STORE_VARIABLE]), name)
    if in_force == "git":
        return name in profile_names(settings, environ)
    return in_force == "command" or os.path.lexists(settings.folder / f"{name}.json")


def place(settings: Settings, environ: Mapping[str, str]) -> str:
    """Say where the profiles are, free of secrets."""
    if _in_force(environ) in ("redis", "git"):
        from tweetbot.store.target import shown_store

        return shown_store(environ[STORE_VARIABLE])
    return str(settings.folder)


def kind(settings: Settings, environ: Mapping[str, str]) -> str:
    """Say which store the bot of the settings lives in: a row of `_STORES`."""
    there = _followed(settings, environ, settings.profile)
    return _in_force(there.environ(environ) if there else environ)


def _in_force(environ: Mapping[str, str]) -> str:
    """Say which store the environment asks for."""
    commands = [name for name in COMMAND_VARIABLES if environ.get(name)]
    if commands and environ.get(STORE_VARIABLE):
        raise ConfigurationError(
            f"{commands[0]} and {STORE_VARIABLE} are both set.", "A bot lives in one place."
        )
    if environ.get(STORE_VARIABLE):
        return "git" if environ[STORE_VARIABLE].startswith("git:") else "redis"
    return "command" if commands else "folder"


def _folder(wanted: _Wanted) -> FileStore:
    path = wanted.settings.folder / f"{wanted.name}.json"
    return FileStore(
        path,
        state_dir=user_state_dir,
        wait=wanted.wait,
        warn=wanted.warn,
        why_empty=empty_secret(wanted.environ),
    )


def _command(wanted: _Wanted) -> Store:
    from tweetbot.store.command import CommandStore

    return CommandStore(
        wanted.name,
        environ=wanted.environ,
        state_dir=user_state_dir,
        warn=wanted.warn,
        mask=wanted.mask,
    )


def _redis(wanted: _Wanted) -> Store:
    from tweetbot.store.redis import RedisStore
    from tweetbot.store.redis_client import Server

    server = Server(wanted.environ[STORE_VARIABLE], named=wanted.named)
    return RedisStore(wanted.name, server=server, state_dir=user_state_dir, wait=wanted.wait)


def _git(wanted: _Wanted) -> Store:
    from tweetbot.store.git_place import open_git_store

    return open_git_store(
        wanted.name,
        environ=wanted.environ,
        state_dir=user_state_dir,
        wait=wanted.wait,
        warn=wanted.warn,
        mask=wanted.mask,
        pointer=wanted.pointer,
        target=wanted.target,
    )


_STORES: dict[str, Callable[[_Wanted], Store]] = {
    "folder": _folder,
    "command": _command,
    "redis": _redis,
    "git": _git,
}
