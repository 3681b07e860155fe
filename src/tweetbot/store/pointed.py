"""Where a bot lives that was moved out of the folder: what its pointer there says.

The environment wins: where it names a store, the folder is not looked at. Else a pointer takes the
place of `TWEETBOT_STORE` and `TWEETBOT_KEY` for its bot.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

from tweetbot.errors import ConfigurationError
from tweetbot.profile import Account, LivesIn, Unreadable, parse, parse_pointer
from tweetbot.values import dataclass

STORE_VARIABLE = "TWEETBOT_STORE"


@dataclass(frozen=True)
class Pointed:
    """A document that names another store; `is_halfway` while it holds the login, too."""

    path: Path
    lives_in: LivesIn
    is_halfway: bool
    account: Account | None = None

    def environ(self, environ: Mapping[str, str]) -> dict[str, str]:
        """Return the environment in which the bot's own store is in force."""
        return surroundings(self.lives_in, environ)

    def tighten(self, warn: Callable[[str], None]) -> None:
        """Take a group's and the world's permissions away: the key is in it."""
        with suppress(OSError):
            mode = self.path.stat().st_mode & 0o777
            if sys.platform != "win32" and mode & 0o077:
                self.path.chmod(0o600)
                warn(f"{self.path} was open to others (mode {mode:04o}); it is 0600 now.")


def surroundings(lives_in: LivesIn, environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` with the store and the key of `lives_in`."""
    from tweetbot.store.key import VARIABLE

    return {**environ, STORE_VARIABLE: lives_in.store, VARIABLE: lives_in.key or ""}


def pointed(path: Path) -> Pointed | None:
    """Read where the bot of a document lives; `None` if it is the document that is there.

    What cannot be read is left to the store in the folder, which says so.
    """
    try:
        document = path.read_bytes()
        if b'"lives_in": null' in document or b'"lives_in"' not in document:
            return None  # as we write it
        pointer = parse_pointer(document)
        there = pointer or parse(document)
    except (OSError, Unreadable):
        return None
    if there.lives_in is None:
        return None
    return Pointed(path, there.lives_in, is_halfway=pointer is None, account=there.account)


def forget(path: Path) -> None:
    """Remove a pointer: its bot is no more."""
    if pointed(path):
        try:
            os.unlink(os.path.realpath(path))
        except OSError as error:
            raise ConfigurationError(f"{path} cannot be removed: {error.strerror}.") from None
