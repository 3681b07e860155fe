"""A bot whose move out of a folder broke off: it is here or there, and whoever needs it finds out.

A move goes: lock here, lock there, *mark* here (`lives_in` beside the token), save there, *point*
(here only `lives_in` stays). So while both are marked the login is the same in both places, or it
did not arrive. It counts as arrived if what is there is the same bot with a login that is not
older; then the place there wins. Not arrived is sure only under the lock there: it replaces what a
save that is still on its way would have had to find.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import replace

from tweetbot.errors import Overtaken, TweetbotError
from tweetbot.profile import LivesIn, Profile
from tweetbot.store.store import Movable, PreparedSave, Store, find


def settle(here: Movable, there: Store, marked: Profile, lives_in: LivesIn) -> bool:
    """Find out whether a bot has arrived, and end its move or call it off; `here` is locked.

    Raises what `there` raises if that cannot be told now.
    """
    if not _has_arrived(there, marked):
        with there.lock(new=True):
            arrived = _has_arrived(there, marked)
            if not arrived:
                here.save(replace(marked, lives_in=None))
                return False
    here.point(marked, lives_in)
    return True


def _has_arrived(there: Store, marked: Profile) -> bool:
    found = find(there)
    if found is None:
        return False
    if found.token.refresh_token == marked.token.refresh_token:
        return True
    is_same = found.is_same_grant(marked) or found.token.parent == marked.token.digest
    return is_same and (found.token.obtained_at or 0) >= (marked.token.obtained_at or 0)


class Halfway:
    """The store of such a bot: `here` until the move has ended, or been called off, else `there`.

    A reader finds out for itself and changes nothing; a run that takes the lock settles it.
    """

    def __init__(self, here: Movable, there: Store, lives_in: LivesIn) -> None:
        self._here = here
        self._there = there
        self._lives_in = lives_in
        self._store: Store = here

    def __str__(self) -> str:
        return str(self._store)

    @contextmanager
    def lock(self, *, new: bool = False, lasting: float = 0) -> Iterator[None]:
        """Settle the move, then lock the store where the bot is."""
        with self._here.lock(new=new):
            self._store = self._settled()
        with self._store.lock(new=new, lasting=lasting):
            yield

    def load(self) -> Profile:
        """Return the document from where the bot is."""
        if self._store is self._there:
            return self._there.load()
        profile = self._here.load()
        if profile.lives_in is None:
            return profile
        with self._explained():
            if _has_arrived(self._there, profile):
                self._store = self._there
                return self._there.load()
        return replace(profile, lives_in=None)

    def _settled(self) -> Store:
        try:
            profile = self._here.load()
        except Overtaken:  # the move has ended meanwhile
            return self._there
        if profile.lives_in is None:
            return self._here
        with self._explained():
            arrived = settle(self._here, self._there, profile, self._lives_in)
        return self._there if arrived else self._here

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except TweetbotError as error:
            raise type(error)(
                f"The move of this bot broke off, and whether it arrived is not known:"
                f" {error.happened}",
                error.remedy,
                retry_at=error.retry_at,
            ) from None

    # -- the store that it is ---------------------------------------------------------------------

    @property
    def interrupted_at(self) -> int | None:
        """When a renewal began that left no token."""
        return self._store.interrupted_at

    @interrupted_at.setter
    def interrupted_at(self, at: int | None) -> None:
        self._store.interrupted_at = at

    @property
    def largest_intent(self) -> int | None:
        """How much of an intent goes with a renewed token."""
        return self._store.largest_intent

    @largest_intent.setter
    def largest_intent(self, size: int | None) -> None:
        self._store.largest_intent = size

    @property
    def has_lock(self) -> bool:
        """Whether its lock keeps out other machines."""
        return self._store.has_lock

    def save(self, profile: Profile) -> None:
        """Replace the document."""
        self._store.save(profile)

    def check_unchanged(self) -> None:
        """Raise if another run has changed the document."""
        self._store.check_unchanged()

    def keep_lock(self) -> None:
        """Set the lock anew, where it ends by itself."""
        self._store.keep_lock()

    def rehearse(self, current: Profile | None, *, planned: Profile | None = None) -> None:
        """Prove that a document can be saved."""
        self._store.rehearse(current, planned=planned)

    def prepare(
        self, current: Profile, *, planned: Profile | None = None
    ) -> AbstractContextManager[PreparedSave]:
        """Prove that a renewed token can be saved."""
        return self._store.prepare(current, planned=planned)

    def make_ready(self) -> None:
        """Know that there is room: a document is here."""

    def set_aside(self) -> None:
        """Let a new document take the place of an unreadable one."""
        self._store.set_aside()

    def remove(self) -> None:
        """Forget the bot."""
        self._store.remove()

    def remove_leftovers(self) -> None:
        """Drop what an interrupted renewal left."""
        self._store.remove_leftovers()

    def check_writable(self) -> None:
        """Raise if a save is bound to fail."""
        self._store.check_writable()

    @property
    def mode(self) -> int | None:
        """The document's permissions."""
        return self._store.mode
