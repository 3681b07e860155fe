"""A document in Redis, for many bots on many hosts.

One hash a profile, `tweetbot:<name>`, with the fields `document`, `version` and `token` (the digest
of the refresh token). The lock is a key beside it, with an owner and an expiry that is longer than
the sum of all deadlines of a run, and that each write sets anew: a run that is slow, or cut off
from the server, keeps it, and nobody shows X the token that it is spending. The price: a killed run
keeps others out until then. A lock can be lost all the same (a host that sleeps), so every save
also compares the version: a run that lost its lock cannot overwrite a newer document. A lock lost
before the refresh ends the run; after it, the renewed token is written unless a later one is there.

Each command may be sent twice, because its answer may be lost: it finds what it did before.

Redis has to keep what it was given: `appendonly yes`, `appendfsync always` or `everysec`, and no
eviction of keys that never expire. That is checked where the server lets it be read.
"""

from __future__ import annotations

import math
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tweetbot.errors import (
    Busy,
    ConfigurationError,
    LoginNeeded,
    Overtaken,
    Temporary,
    TweetbotError,
)
from tweetbot.profile import Profile, Unreadable, dump, parse
from tweetbot.settings import is_profile_name
from tweetbot.store.redis_client import Server
from tweetbot.store.redis_errors import foreign
from tweetbot.store.redis_scripts import HOLD, RELEASE, SAVE
from tweetbot.store.rehearsal import rehearsal
from tweetbot.store.rescue import Rescue
from tweetbot.store.signals import signals_held_back

PREFIX = "tweetbot:"
OWN_TIME = 60.0  # seconds for the server's part in a run, between two writes
_POLL = 0.1
_LOOKS = 3  # at what stands in the way of a renewed token

# Seconds before each further try to save a renewed token: a server restarts within half a minute.
SAVE_AGAIN_AFTER = (1.0, 3.0, 10.0, 20.0)


class RedisStore:
    """One profile document in a Redis server, which several of them may share."""

    has_lock = True

    def __init__(
        self,
        profile: str,
        *,
        server: Server,
        state_dir: Callable[[], Path | None],
        wait: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.interrupted_at: int | None = None
        self.largest_intent: int | None = None
        self._profile = profile
        self._key = PREFIX + profile
        self._server = server
        self._wait = wait
        self._sleep = sleep
        self._owner = ""
        self._lasting = OWN_TIME
        self._version = ""
        self._rescue = Rescue(profile, state_dir=state_dir)

    def __str__(self) -> str:
        return f"{self._server} {self._key}"

    def make_ready(self) -> None:
        """Raise `ConfigurationError` if the server could forget a login."""
        self._server.check_durability()

    @contextmanager
    def lock(self, *, new: bool = False, lasting: float = 0) -> Iterator[None]:
        """Hold the profile's lock, which expires by itself; waits for another run."""
        self._server.check_durability()
        if not new:
            self.load()  # raises "not logged in"
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(16)}"
        self._lasting = lasting + OWN_TIME
        try:
            self._wait_for_lock()
            yield
        finally:
            with suppress(TweetbotError), self._server.errors():  # it expires by itself
                self._server.client.eval(RELEASE, 1, self._lock_key, self._owner)
            self._server.close()

    def load(self) -> Profile:
        """Return the document, and remember its version for the next save."""
        with self._server.errors():
            document, version = self._server.client.hmget(self._key, "document", "version")
        self._version = version or ""
        if document is None:
            raise LoginNeeded(
                f"Not logged in: there is no {self._key} in {self._server}.",
                "Run `tweetbot auth`, or `tweetbot import`.",
            )
        try:
            stored = parse(document.encode(errors="surrogateescape"))
        except Unreadable as error:
            raise ConfigurationError(
                f"{self} cannot be read as a profile: {error}.",
                "Mend it or restore it; `tweetbot auth --force` replaces it.",
            ) from None
        return self._rescue.newer_than(stored)

    def save(self, profile: Profile) -> None:
        """Replace the document; raises `Overtaken` if another run has done so meanwhile.

        A copy that holds the token which this one replaced is an old one that came back.
        """
        self._save(profile, dump(profile))

    def _save(self, profile: Profile, document: bytes) -> None:
        with self._server.errors():
            saved = self._write(profile, document, version=secrets.token_hex(8))
        if not saved:
            raise Overtaken(f"Another run has changed {self} meanwhile.", "Run again later.")
        self._rescue.forget(profile)

    def check_unchanged(self) -> None:
        """Leave it to the save, which compares the version."""

    def keep_lock(self) -> None:
        """Let the lock last anew; raises `Overtaken` if another run has it."""
        with self._server.errors():
            mine = self._hold()
        if not mine:
            raise Overtaken(f"Another run has taken the lock of {self}.", "Run again later.")

    def rehearse(self, current: Profile | None, *, planned: Profile | None = None) -> None:
        """Prove that a document can be saved, and that the lock is still ours.

        The server looks at its memory before a write and not after it: so one more write follows
        the document.
        """
        self.keep_lock()
        if current:
            self._save(current, rehearsal(current, planned))
            self.keep_lock()

    @contextmanager
    def prepare(self, current: Profile, *, planned: Profile | None = None) -> Iterator[RedisStore]:
        """Prove that a renewed token can be saved; signals are held back inside."""
        self.rehearse(current, planned=planned)
        with signals_held_back():
            yield self

    def commit(self, renewed: Profile) -> None:
        """Save the renewed token over all that is not newer, else in a file of this machine."""
        version = secrets.token_hex(8)  # the same in each try: the first may have done it
        why = ""
        for pause in (*SAVE_AGAIN_AFTER, None):
            try:
                newer = self._write_renewed(renewed, version)
            except (ConfigurationError, Temporary) as error:
                why = error.happened
                if pause is not None:
                    self._sleep(pause)
            else:
                if newer:
                    raise self._rescue.keep_in_case(renewed, newer)
                return
        raise self._rescue.keep(renewed, why, remedy="Mend the server")

    def _write_renewed(self, renewed: Profile, version: str) -> str:
        """Write the renewed token; return what stands there instead, if that may not be lost."""
        document = dump(renewed)
        for _ in range(_LOOKS):
            with self._server.errors():
                if self._write(renewed, document, version=version):
                    return ""
                if newer := self._newer(renewed):
                    return newer
        return f"{self} is changed all the time"

    def _newer(self, renewed: Profile) -> str:
        """Say what stands there if it is newer; what is not may be overwritten as it is now."""
        document, version = self._server.client.hmget(self._key, "document", "version")
        self._version = version or ""
        if document is None:
            return ""
        try:
            stored = parse(document.encode(errors="surrogateescape"))
        except Unreadable as error:
            return f"{self} cannot be read as a profile any more: {error}"
        is_later = (stored.token.obtained_at or 0) > (renewed.token.obtained_at or 0)
        return f"a later login stands in {self} by now" if is_later else ""

    def set_aside(self) -> None:
        """Keep an unreadable document under another key."""
        with self._server.errors():
            self._server.client.rename(self._key, f"{self._key}:bad")
        self._version = ""

    def remove(self) -> None:
        """Forget the bot."""
        with self._server.errors():
            self._server.client.delete(self._key)

    def remove_leftovers(self) -> None:
        """Do nothing: there are none."""

    def check_writable(self) -> None:
        """Raise `ConfigurationError` if the server could forget a login."""
        self._server.check_durability()

    @property
    def mode(self) -> None:
        """There is no file."""

    # -- the server -----------------------------------------------------------------------------

    @property
    def _lock_key(self) -> str:
        return f"{self._key}:lock"

    @property
    def _lock_arguments(self) -> tuple[str, int]:
        return self._owner, round(self._lasting * 1000)

    def _write(self, profile: Profile, document: bytes, *, version: str) -> bool:
        """Write, as `SAVE` says, over what is older; say whether it stands there."""
        token = profile.token
        arguments = (self._version, token.parent or "", version, token.digest, document)
        written = bool(
            self._server.client.eval(
                SAVE, 2, self._key, self._lock_key, *arguments, *self._lock_arguments
            )
        )
        if written:
            self._version = version
        return written

    def _hold(self) -> bool:
        """Take or extend the lock; say whether it is ours."""
        return bool(self._server.client.eval(HOLD, 1, self._lock_key, *self._lock_arguments))

    def _wait_for_lock(self) -> None:
        deadline = time.monotonic() + self._wait
        with self._server.errors():
            while not self._hold():
                if time.monotonic() >= deadline:
                    raise self._active_elsewhere()
                time.sleep(_POLL)

    def _active_elsewhere(self) -> Busy:
        """Say who holds the lock, and when it ends if that run is dead."""
        owner = self._server.client.get(self._lock_key) or ""
        left = max(0, self._server.client.pttl(self._lock_key)) / 1000
        ends_at = math.ceil(time.time() + left)
        host, _, process = owner.rpartition(":")[0].rpartition(":")
        who = f" (on {foreign(host)}, process {foreign(process)})" if host else ""
        return Busy(
            f"Another run of this bot is active{who}.",
            "Nothing was posted; run again later. If that run was killed, its lock ends at"
            f" {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(ends_at))}.",
            retry_at=ends_at,
        )


def names(server: Server) -> list[str]:
    """Return the names of the profiles in the server."""
    with server.errors():
        keys = set(server.client.scan_iter(match=f"{PREFIX}*", count=1000))
    return sorted(key.removeprefix(PREFIX) for key in keys if key.count(":") == 1)


def exists(server: Server, profile: str) -> bool:
    """Say whether the server has a document for `profile`."""
    with server.errors():
        return bool(server.client.exists(PREFIX + profile))


def open_all_in(
    server: Server, *, state_dir: Callable[[], Path | None]
) -> Iterator[tuple[str, RedisStore]]:
    """Yield the stores of all profiles in a server; they share its client."""
    for name in filter(is_profile_name, names(server)):
        yield name, RedisStore(name, server=server, state_dir=state_dir)
