"""Where a bot lives that was moved out of a folder: all that stays behind."""

import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from tweetbot.profile.grant import Account, Client
from tweetbot.profile.keys import Unreadable, unknown
from tweetbot.values import dataclass

_STORE = r"git:[^\s?-][^\s?]*(\?branch)?|rediss?://\S+"
_KEYS = r"[A-Za-z0-9_-]{43}=( [A-Za-z0-9_-]{43}=)*"  # as `store/key` writes them


@dataclass(frozen=True, kw_only=True)
class LivesIn:
    """The store a bot was moved into, good from anywhere, and its key where it has one.

    A Redis server's URL has a password in it, so neither is shown.
    """

    store: str = field(repr=False)
    key: str | None = field(default=None, repr=False)
    at: int
    unknown: Mapping[str, Any] = unknown()

    def __post_init__(self) -> None:
        if not (re.fullmatch(_STORE, self.store) and self.store.isprintable()):
            raise Unreadable('"lives_in.store" names no store')
        if self.key is None and self.store.startswith("git:"):
            raise Unreadable('"lives_in.key" is missing')
        if self.key is not None and not re.fullmatch(_KEYS, self.key):
            raise Unreadable('"lives_in.key" is no key')


@dataclass(frozen=True, kw_only=True)
class Pointer:
    """A document without a login: the bot lives elsewhere, and so does all that it remembers."""

    version: int
    client: Client
    account: Account | None = None
    lives_in: LivesIn
    unknown: Mapping[str, Any] = unknown()


class Elsewhere(Unreadable):
    """The document is a pointer: whoever wants the bot itself finds none here."""
