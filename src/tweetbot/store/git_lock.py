"""The lock of a bot in a git repository: it stands beside the document and expires by itself.

It lasts as long as the longest stretch between two saves, and each sets it anew. Clocks differ: an
expired lock is taken over after five minutes, and one that lies further ahead than any run can
last is void.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Callable
from contextlib import suppress

from tweetbot.errors import Busy, Overtaken, TweetbotError
from tweetbot.profile import Profile, dump
from tweetbot.store.git_ref import SLACK, Lock, Ref, Stored
from tweetbot.store.key import Keys
from tweetbot.store.rehearsal import padded, rehearsal

OWN_TIME = 120.0  # seconds for git's part in a run, between two saves
ROOM = 2048  # bytes for an intent, in the rehearsal that taking the lock is
RECENTLY = 10.0  # seconds for which a push proves that the next one will succeed
POLL = 2.0  # seconds between two looks at another run's lock


class RefLock:
    """The lock of one run."""

    def __init__(
        self,
        ref: Ref,
        *,
        keys: Keys,
        wait: float,
        now: Callable[[], float],
        sleep: Callable[[float], None],
    ) -> None:
        self._ref = ref
        self._keys = keys
        self._wait = wait
        self._now = now
        self._sleep = sleep
        self._owner = ""
        self._lasting = OWN_TIME
        self._proven = 0  # bytes of a document that the server has taken in this run

    def take(self, found: Callable[[], Profile | None], *, lasting: float) -> None:
        """Take it, over the document that is `found`; waits for another run."""
        self._owner = secrets.token_hex(16)
        self._lasting = lasting + OWN_TIME
        ends_at = time.monotonic() + self._wait
        while True:
            stored = self._ref.look()
            current = found()
            if not self.is_held_elsewhere(stored):
                with suppress(Overtaken):  # somebody was faster
                    return self._take(current)
            left = ends_at - time.monotonic()
            if left <= 0:
                raise self._active_elsewhere()
            self._sleep(min(POLL, left))

    def anew(self) -> Lock:
        """Return the lock as it stands after a save."""
        return Lock(self._owner, self._now() + self._lasting)

    def keep(self) -> None:
        """Set it anew once half of its time is gone: each time is a push."""
        lock = self._ref.stored.lock
        if not self._is_held or lock is None or lock.until - self._now() < self._lasting / 2:
            self.hold(None, self._proven)

    def hold(self, current: Profile | None, size: int) -> None:
        """Set it, with the document as large as the one that will follow."""
        document = self._ref.stored.document
        if current:
            document = self._keys.seal(padded(dump(current), size))
        self._ref.put(self._ref.make(document, self.anew()))
        self._proven = size

    def has_proven(self, size: int) -> bool:
        """Whether a push with it has just shown that so large a document can be saved."""
        recently = time.monotonic() - self._ref.written_at < RECENTLY
        return self._is_held and recently and size <= self._proven

    def let_go(self) -> None:
        """Take it away, if it is still this run's."""
        if not self._is_held:
            return
        document = self._ref.stored.document
        if document is None:
            self._ref.remove()
        else:
            self._ref.put(self._ref.make(document, None))

    def is_held_elsewhere(self, stored: Stored) -> bool:
        """Whether another run has the bot."""
        lock = stored.lock
        return lock is not None and lock.owner != self._owner and lock.holds(self._now())

    @property
    def _is_held(self) -> bool:
        lock = self._ref.stored.lock
        return lock is not None and lock.owner == self._owner

    def _take(self, current: Profile | None) -> None:
        size = len(rehearsal(current, None)) + ROOM if current else 0
        try:
            self.hold(current, size)
        except TweetbotError:
            raise
        except BaseException:  # an interrupt: the push may have arrived, and is to be undone
            with suppress(TweetbotError):
                self._ref.look()
            raise

    def _active_elsewhere(self) -> Busy:
        """Say when the lock ends if its run is dead."""
        lock = self._ref.stored.lock
        if lock is None:
            return Busy("Another run of this bot is active.", "Run again later.")
        ends_at = math.ceil(lock.until + SLACK)
        at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(ends_at))
        return Busy(
            "Another run of this bot is active.",
            f"Nothing was posted; run again later. If that run was killed, its lock ends at {at}.",
            retry_at=ends_at,
        )
