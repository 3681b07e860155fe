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
from functools import cached_property
from pathlib import Path
from typing import Any

from tweetbot.errors import (
    Busy,
    ConfigurationError,
    LoginNeeded,
    Overtaken,
    Temporary,
    TweetbotError,
)
from tweetbot.profile import Profile, Unreadable, dump, parse
from tweetbot.store.redis_errors import foreign, meaning
from tweetbot.store.redis_server import DEADLINE, connect, is_volatile, library, shown
from tweetbot.store.rehearsal import rehearsal
from tweetbot.store.rescue import Rescue
from tweetbot.store.signals import signals_held_back

PREFIX = "tweetbot:"
OWN_TIME = 60.0  # seconds for the server's part in a run, between two writes
_POLL = 0.1
_LOOKS = 3  # at what stands in the way of a renewed token

# What is good for a document that never expires; `volatile-*` evicts keys that do, such as a lock.
_NEEDED = {
    "appendonly": ("yes",),
    "appendfsync": ("always", "everysec"),
    "maxmemory-policy": (
        "noeviction",
        "volatile-lru",
        "volatile-lfu",
        "volatile-lrm",
        "volatile-random",
        "volatile-ttl",
    ),
}
# Seconds before each further try to save a renewed token: a server restarts within half a minute.
SAVE_AGAIN_AFTER = (1.0, 3.0, 10.0, 20.0)

# Compare and set in one step. KEYS: the hash, the lock. ARGV: the version that was loaded, the
# digest of the refresh token that this one replaced ('' after a login), the new version, the new
# digest, the document, the owner, the lock's milliseconds. The new version stands there already if
# only the answer to an earlier try was lost. A hash that is gone is written anew, unless another
# run has the lock: nothing is there that could be newer.
_SAVE = """
local owner = redis.call('GET', KEYS[2])
if owner == ARGV[6] then redis.call('PEXPIRE', KEYS[2], ARGV[7]) end
local version = redis.call('HGET', KEYS[1], 'version') or ''
local token = redis.call('HGET', KEYS[1], 'token') or ''
local spent = ARGV[2] ~= '' and token == ARGV[2]
local gone = version == '' and (not owner or owner == ARGV[6])
if version == ARGV[3] then return 1 end
if version ~= ARGV[1] and not spent and not gone then return 0 end
redis.call('HSET', KEYS[1], 'version', ARGV[3], 'token', ARGV[4], 'document', ARGV[5])
return 1
"""
# Take the lock or extend it; one that has expired and that nobody took is taken back.
# KEYS: the lock. ARGV: the owner, the milliseconds.
_HOLD = """
local owner = redis.call('GET', KEYS[1])
if owner and owner ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0
"""


class RedisStore:
    """One profile document in a Redis server; `url` is redis:// or rediss://."""

    has_lock = True

    def __init__(
        self,
        profile: str,
        *,
        url: str,
        state_dir: Callable[[], Path | None],
        wait: float = 30.0,
        sleep: Callable[[float], None] = time.sleep,
        deadline: float = DEADLINE,
    ) -> None:
        self.interrupted_at: int | None = None
        self.largest_intent: int | None = None
        self._profile = profile
        self._key = PREFIX + profile
        self._url = url
        self._wait = wait
        self._sleep = sleep
        self._deadline = deadline
        self._owner = ""
        self._lasting = OWN_TIME
        self._version = ""
        self._rescue = Rescue(profile, state_dir=state_dir)

    def __str__(self) -> str:
        return f"{shown(self._url)} {self._key}"

    def make_ready(self) -> None:
        """Raise `ConfigurationError` if the server could forget a login."""
        self._check_durability()

    @contextmanager
    def lock(self, *, new: bool = False, lasting: float = 0) -> Iterator[None]:
        """Hold the profile's lock, which expires by itself; waits for another run."""
        self._check_durability()
        if not new:
            self.load()  # raises "not logged in"
        self._owner = f"{socket.gethostname()}:{os.getpid()}:{secrets.token_hex(16)}"
        self._lasting = lasting + OWN_TIME
        try:
            self._wait_for_lock()
            yield
        finally:
            with suppress(TweetbotError), self._errors():  # it expires by itself
                self._redis.eval(_RELEASE, 1, self._lock_key, self._owner)
            self._redis.close()

    def load(self) -> Profile:
        """Return the document, and remember its version for the next save."""
        with self._errors():
            document, version = self._redis.hmget(self._key, "document", "version")
        self._version = version or ""
        if document is None:
            raise LoginNeeded(
                f"Not logged in: there is no {self._key} in {shown(self._url)}.",
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
        with self._errors():
            saved = self._write(profile, document, version=secrets.token_hex(8))
        if not saved:
            raise Overtaken(f"Another run has changed {self} meanwhile.", "Run again later.")
        self._rescue.forget(profile)

    def check_unchanged(self) -> None:
        """Leave it to the save, which compares the version."""

    def keep_lock(self) -> None:
        """Let the lock last anew; raises `Overtaken` if another run has it."""
        with self._errors():
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
            with self._errors():
                if self._write(renewed, document, version=version):
                    return ""
                if newer := self._newer(renewed):
                    return newer
        return f"{self} is changed all the time"

    def _newer(self, renewed: Profile) -> str:
        """Say what stands there if it is newer; what is not may be overwritten as it is now."""
        document, version = self._redis.hmget(self._key, "document", "version")
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
        with self._errors():
            self._redis.rename(self._key, f"{self._key}:bad")
        self._version = ""

    def remove(self) -> None:
        """Forget the bot."""
        with self._errors():
            self._redis.delete(self._key)

    def remove_leftovers(self) -> None:
        """Do nothing: there are none."""

    def check_writable(self) -> None:
        """Raise `ConfigurationError` if the server could forget a login."""
        self._check_durability()

    @property
    def mode(self) -> None:
        """There is no file."""

    # -- the server -----------------------------------------------------------------------------

    @cached_property
    def _redis(self) -> Any:
        return connect(self._url, deadline=self._deadline)

    @property
    def _lock_key(self) -> str:
        return f"{self._key}:lock"

    @property
    def _lock_arguments(self) -> tuple[str, int]:
        return self._owner, round(self._lasting * 1000)

    def _write(self, profile: Profile, document: bytes, *, version: str) -> bool:
        """Write, as `_SAVE` says, over what is older; say whether it stands there."""
        token = profile.token
        arguments = (self._version, token.parent or "", version, token.digest, document)
        written = bool(
            self._redis.eval(_SAVE, 2, self._key, self._lock_key, *arguments, *self._lock_arguments)
        )
        if written:
            self._version = version
        return written

    def _hold(self) -> bool:
        """Take or extend the lock; say whether it is ours."""
        return bool(self._redis.eval(_HOLD, 1, self._lock_key, *self._lock_arguments))

    def _wait_for_lock(self) -> None:
        deadline = time.monotonic() + self._wait
        with self._errors():
            while not self._hold():
                if time.monotonic() >= deadline:
                    raise self._active_elsewhere()
                time.sleep(_POLL)

    def _active_elsewhere(self) -> Busy:
        """Say who holds the lock, and when it ends if that run is dead."""
        owner = self._redis.get(self._lock_key) or ""
        left = max(0, self._redis.pttl(self._lock_key)) / 1000
        ends_at = math.ceil(time.time() + left)
        host, _, process = owner.rpartition(":")[0].rpartition(":")
        who = f" (on {foreign(host)}, process {foreign(process)})" if host else ""
        return Busy(
            f"Another run of this bot is active{who}.",
            "Nothing was posted; run again later. If that run was killed, its lock ends at"
            f" {time.strftime('%Y-%m-%d %H:%M:%S', time.localtime(ends_at))}.",
            retry_at=ends_at,
        )

    def _check_durability(self) -> None:
        if is_volatile(self._url):
            return
        for name, good in _NEEDED.items():
            found = self._config(name)
            if found is not None and found not in good:
                raise ConfigurationError(
                    f"{shown(self._url)} may forget a login: its {name} is {foreign(found)}.",
                    f"Set {name} to {good[0]}; or accept that by ?volatile=ok in TWEETBOT_STORE.",
                )

    def _config(self, name: str) -> str | None:
        """Read a setting of the server; `None` if it does not let it be read."""
        redis = library()
        with self._errors():
            try:
                return str(self._redis.config_get(name)[name])
            except (redis.ResponseError, KeyError):
                return None

    @contextmanager
    def _errors(self) -> Iterator[None]:
        redis = library()
        try:
            yield
        except redis.RedisError as error:
            raise meaning(
                error,
                shown(self._url),
                is_away=isinstance(error, redis.ConnectionError | redis.TimeoutError),
                said=self._without_password(str(error)),
                url=self._url,
            ) from None

    def _without_password(self, said: str) -> str:
        password = self._redis.connection_pool.connection_kwargs.get("password")
        return said.replace(password, "[hidden]") if password else said


def names(url: str) -> list[str]:
    """Return the names of the profiles in the server."""
    store = RedisStore("", url=url, state_dir=Path)
    with store._errors():
        keys = set(store._redis.scan_iter(match=f"{PREFIX}*", count=1000))
    return sorted(key.removeprefix(PREFIX) for key in keys if key.count(":") == 1)


def exists(url: str, profile: str) -> bool:
    """Say whether the server has a document for `profile`."""
    store = RedisStore(profile, url=url, state_dir=Path)
    with store._errors():
        return bool(store._redis.exists(store._key))
