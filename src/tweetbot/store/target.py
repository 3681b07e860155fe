"""What a bot is moved into by `export --to`: `git:…`, or a Redis server.

A pointer is used from anywhere on this machine, so a remote's name becomes its URL. That URL is
tried by the move itself: what a pointer names has let us in.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from tweetbot.errors import ConfigurationError
from tweetbot.profile import LivesIn
from tweetbot.store.key import VARIABLE, Keys, new_key
from tweetbot.values import dataclass


@dataclass(frozen=True)
class Target:
    """A store, and what a pointer to it says; `is_without_user` if a URL's user was left out."""

    lives_in: LivesIn
    is_without_user: bool = False
    has_new_key: bool = False

    def __str__(self) -> str:
        return shown_store(self.lives_in.store)

    def keys(self, where: object) -> Keys:
        """Return the keys for what is moved to `where`, a ref of a repository."""
        url, _, ref = str(where).removeprefix("git:").rpartition(" ")
        remedy = (
            f"Set {VARIABLE} to the key with which it was brought there; if that is lost, remove"
            f" what lies there: git push {url} :{ref}"
        )
        named = "The key of this move" + (", a new one," if self.has_new_key else "")
        return Keys.read(self.lives_in.key or "", remedy=remedy, named=named)


def read_target(
    text: str,
    environ: Mapping[str, str],
    *,
    known: Sequence[LivesIn] = (),
    own_key: str | None = None,
    now: Callable[[], float] = time.time,
) -> Target:
    """Read the value of `--to`; a key is that of `TWEETBOT_KEY`, else a known one, else a new one.

    `known` is where bots of this machine live, this one first: those of one repository have one
    key, for its jobs have one secret. `own_key` is that of this bot, if it was moved before.
    Raises `ConfigurationError` if it is no store into which a bot can be moved.
    """
    at = int(now())
    if text.startswith(("redis://", "rediss://")):
        from tweetbot.store.redis_server import connect

        connect(text, named="--to").close()  # raises if it is no URL of a server
        return Target(LivesIn(store=text, at=at))
    if not text.startswith("git:"):
        raise ConfigurationError(
            "--to names no store that a bot can be moved into.",
            "It is git:NAME (of a remote; git: alone is origin), git:URL, or redis://HOST:6379/0.",
        )
    from tweetbot.store.git_remote import Address, Remote

    address = Remote(Address.parse(text, named="--to"), environ).by_url()
    bare = address.without_secret()
    key = _key(environ, bare.store, known) or own_key
    lives_in = LivesIn(store=bare.store, key=key or new_key(), at=at)
    return Target(lives_in, is_without_user=bare != address, has_new_key=key is None)


def check_neighbours(target: Target, profile: str, environ: Mapping[str, str]) -> None:
    """Raise if a new key would lock the jobs of other bots of that repository out.

    Their one secret would be replaced by it.
    """
    if not target.has_new_key:
        return
    from tweetbot.store.git_remote import Address, Remote

    others = sorted(Remote(Address.parse(target.lives_in.store), environ).refs().keys() - {profile})
    if others:
        raise ConfigurationError(
            f"In {target} there are other bots ({', '.join(others)}), and their jobs have a key.",
            f"Set {VARIABLE} to that key; or to one of its own, if {profile} has jobs of its own.",
        )


def _key(environ: Mapping[str, str], store: str, known: Sequence[LivesIn]) -> str | None:
    if environ.get(VARIABLE, "").split():
        return str(Keys.read(environ[VARIABLE], remedy="Unset it, and a key is made."))
    repository = store.partition("?")[0]
    there = [one.key for one in known if one.key and one.store.partition("?")[0] == repository]
    return there[0] if there else None


def shown_store(store: str) -> str:
    """Return a store as it may be shown: free of secrets."""
    if store.startswith("git:"):
        from tweetbot.store.git_remote import Address

        return str(Address.parse(store))
    from tweetbot.store.redis_server import shown

    return shown(store)
