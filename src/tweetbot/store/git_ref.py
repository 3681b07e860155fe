"""The ref of one bot: what it held when it was read, and the push that replaces just that."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable

from tweetbot.errors import ConfigurationError, Overtaken, Temporary, TweetbotError
from tweetbot.store.git_remote import AGAIN_AFTER, FOR_A_MOMENT, Remote
from tweetbot.values import dataclass

SLACK = 300.0  # seconds by which two clocks may differ
LONGEST = 2 * 3600.0  # seconds that no run's lock lasts

_DOCUMENT, _LOCK = "document", "lock"


@dataclass(frozen=True)
class Lock:
    """Who holds the bot, and until when by that run's clock."""

    owner: str
    until: float

    @classmethod
    def parse(cls, document: bytes) -> Lock | None:
        """Read a lock; what cannot be read is none."""
        try:
            fields = json.loads(document)
            return cls(str(fields["owner"]), float(fields["until"]))
        except (ValueError, LookupError, TypeError):
            return None

    def dump(self) -> bytes:
        """Write the lock as JSON."""
        return json.dumps({"owner": self.owner, "until": math.ceil(self.until)}).encode()

    def holds(self, now: float) -> bool:
        """Whether its run may still be alive; one further ahead than any run lasts is void."""
        return now - SLACK < self.until < now + LONGEST + SLACK


@dataclass(frozen=True)
class Stored:
    """What a ref holds; `commit` is empty where there is none, `document` is encrypted."""

    commit: str = ""
    document: bytes | None = None
    lock: Lock | None = None


class Ref:
    """A compare-and-swap: `stored` is what was read, or what was written since."""

    def __init__(
        self, remote: Remote, profile: str, *, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self.stored = Stored()
        self.written_at = -math.inf  # by the monotonic clock
        self._remote = remote
        self._profile = profile
        self._name = remote.address.ref(profile)
        self._sleep = sleep

    def __str__(self) -> str:
        return f"{self._remote} {self._name}"

    def look(self) -> Stored:
        """Read what is there now."""
        commit, files = self._remote.read(self._profile)
        return self._know(commit, files)

    def know(self, commit: str) -> None:
        """Take `commit`, which was fetched already, for what is there."""
        self._know(commit, self._remote.files(commit) or {})

    def _know(self, commit: str, files: dict[str, bytes]) -> Stored:
        lock = Lock.parse(files[_LOCK]) if _LOCK in files else None
        self.stored = Stored(commit, files.get(_DOCUMENT), lock)
        return self.stored

    def make(self, document: bytes | None, lock: Lock | None) -> Stored:
        """Make what `put` puts there."""
        files = {} if document is None else {_DOCUMENT: document}
        if lock:
            files[_LOCK] = lock.dump()
        return Stored(self._remote.make_commit(files), document, lock)

    def put(self, made: Stored) -> None:
        """Put `made` in the place of what is stored; the same again is no error.

        Raises `Overtaken` if something else is there by now, `ConfigurationError` if the server
        refuses it, `Temporary` if it could not be reached; then it may be there all the same.
        """
        began = time.monotonic()
        try:
            self._push(made)
        except Overtaken:
            raise
        except Temporary:
            if time.monotonic() - began > FOR_A_MOMENT:
                raise
            self._sleep(AGAIN_AFTER)
            self._push(made)
        self.stored, self.written_at = made, time.monotonic()

    def _push(self, made: Stored) -> None:
        try:
            self._remote.push(self._name, made.commit, read=self.stored.commit)
        except (ConfigurationError, Temporary) as failed:
            there = self._commit_there(failed)
            if there == made.commit:
                return  # only the answer was lost
            if there == self.stored.commit:
                raise
            raise Overtaken(
                f"Another run has changed {self} meanwhile.", "Run again later."
            ) from None

    def _commit_there(self, failed: TweetbotError) -> str:
        try:
            return self._remote.commit_of(self._profile)
        except TweetbotError:
            raise failed from None

    def remove(self) -> None:
        """Remove the ref; raises as `put` does."""
        self.put(Stored())

    def copy_aside(self) -> None:
        """Keep what is stored under another name, too."""
        folder, _, name = self._name.rpartition("/")
        self._remote.push(f"{folder}-bad/{name}", self.stored.commit, read=None)
