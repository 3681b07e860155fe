"""What every store of a profile document can do."""

from __future__ import annotations

from contextlib import AbstractContextManager
from typing import Protocol

from tweetbot.errors import LoginNeeded
from tweetbot.profile import LivesIn, Profile


class PreparedSave(Protocol):
    """The proven save of a renewed token."""

    def commit(self, renewed: Profile) -> None:
        """Save it; raises `TokenNotSaved` that says where it is instead."""


class Store(Protocol):
    """One profile document; `str()` says where it lives, free of secrets.

    `interrupted_at` is the time of a renewal that began and left no token, if one is known.
    `largest_intent` is how many bytes of an intent may go with a renewed token, where a limit of
    the document's size is to be feared: a larger one follows as a save of its own.
    """

    interrupted_at: int | None
    largest_intent: int | None

    @property
    def has_lock(self) -> bool:
        """Whether `lock` keeps out the runs of other machines, too, or there are none."""

    def lock(self, *, new: bool = False, lasting: float = 0) -> AbstractContextManager[None]:
        """Keep other runs out. Raises `LoginNeeded` if there is no document, unless `new`.

        `lasting` is how many seconds the caller may wait for X meanwhile, all deadlines together:
        a lock that expires by itself must not do so earlier.
        """

    def load(self) -> Profile:
        """Return the newest document; raises `LoginNeeded` if there is none."""

    def save(self, profile: Profile) -> None:
        """Replace the document as a whole, or raise and leave it as it was."""

    def check_unchanged(self) -> None:
        """Raise `Overtaken` if another run has changed the document, where no lock prevents it."""

    def keep_lock(self) -> None:
        """Let a lock that expires by itself last anew: what the run does now needs no save.

        Raises `Overtaken` if another run has it.
        """

    def rehearse(self, current: Profile | None, *, planned: Profile | None = None) -> None:
        """Prove that a document as large as `planned` with a longer token can be saved.

        Changes nothing; without `planned` what is there is the measure.
        """

    def prepare(
        self, current: Profile, *, planned: Profile | None = None
    ) -> AbstractContextManager[PreparedSave]:
        """Prove that a renewed token can be saved with `planned`, before the old one is spent."""

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


class Movable(Store, Protocol):
    """A store out of which a bot can be moved: where it lives from then on is remembered here."""

    def point(self, profile: Profile, lives_in: LivesIn) -> None:
        """Replace the document by a pointer, without a token or a client secret."""


def find(store: Store) -> Profile | None:
    """Return the document, or `None` if there is none."""
    try:
        return store.load()
    except LoginNeeded:
        return None
