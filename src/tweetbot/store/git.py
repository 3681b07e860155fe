"""A document on a ref of a git repository: the disk of a CI job.

One ref for each bot, and on it one commit without a parent: `document`, encrypted (`key`), and
while a run is on `lock`, with a random owner and an expiry. Every write is one push that names the
commit it replaces, so a run that lost its lock cannot overwrite a newer document. The same push
again is no error, so one whose answer was lost is repeated, or looked up.

A run: fetch, take the lock, renew, save, post, save and let go. Taking the lock is a push of the
size of what follows, so it is the rehearsal too (`git_lock`). Each save sets the lock anew; one
that leaves nothing pending lets it go, and what is still to be done takes it again.

A renewed token is written wherever that is right: where the ref is gone, or holds an older login.
Where another run has the bot by now, that run's memory stays, with our token in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from tweetbot.errors import (
    ConfigurationError,
    LoginNeeded,
    Overtaken,
    TokenNotSaved,
    TweetbotError,
)
from tweetbot.profile import LOGGED_OUT, Moved, Profile, Unreadable, dump, parse
from tweetbot.store.git_lock import RefLock
from tweetbot.store.git_ref import Ref, Stored
from tweetbot.store.key import Keys
from tweetbot.store.masks import Masks
from tweetbot.store.rehearsal import rehearsal
from tweetbot.store.rescue import Rescue
from tweetbot.store.signals import signals_held_back

# Seconds before each further try to save a renewed token.
SAVE_AGAIN_AFTER = (1.0, 3.0, 10.0, 20.0)


class GitStore:
    """One profile document in a git repository elsewhere; `nothing_there` is what mends that."""

    has_lock = True

    def __init__(
        self,
        profile: str,
        *,
        ref: Ref,
        keys: Keys,
        state_dir: Callable[[], Path | None],
        warn: Callable[[str], None],
        mask: Callable[[str], None] = lambda _: None,
        nothing_there: str = "Run `tweetbot auth`, or `tweetbot import`.",
        wait: float = 30.0,
        now: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.interrupted_at: int | None = None
        self.largest_intent: int | None = None
        self._ref = ref
        self._keys = keys
        self._warn = warn
        self._masks = Masks(mask)
        self._nothing_there = nothing_there
        self._lock = RefLock(ref, keys=keys, wait=wait, now=now, sleep=sleep)
        self._now = now
        self._sleep = sleep
        self._rescue = Rescue(profile, state_dir=state_dir)
        self._is_known = False  # what is stored: nobody has to be asked

    def __str__(self) -> str:
        return str(self._ref)

    def make_ready(self) -> None:
        """Raise if git or the server cannot be used at all."""
        self._ref.look()

    @contextmanager
    def lock(self, *, new: bool = False, lasting: float = 0) -> Iterator[None]:
        """Hold the profile's lock, which expires by itself; waits for another run."""
        try:
            self._lock.take(lambda: self._found(new=new), lasting=lasting)
            self._is_known = True
            yield
        finally:
            self._is_known = False
            self._let_go()

    def _let_go(self) -> None:
        """Take the lock away; one that stays keeps the next runs out until it expires."""
        try:
            self._lock.let_go()
        except Overtaken:
            pass  # it is another run's by now
        except TweetbotError as error:
            self._warn(f"The lock of {self} stays for some minutes: {error.happened}")

    def load(self) -> Profile:
        """Return the document; raises `LoginNeeded` if there is none."""
        if not self._is_known:
            self._ref.look()
        stored = self._stored_profile()
        if stored is None:
            raise self._not_logged_in()
        self._masks.hide(stored)
        newest = self._rescue.newer_than(stored)
        self._masks.hide(newest)
        return newest

    def know(self, commit: str) -> None:
        """Take `commit`, which was fetched already, for what is there; nobody is asked."""
        self._ref.know(commit)
        self._is_known = True

    def save(self, profile: Profile) -> None:
        """Replace the document; raises `Overtaken` if another run has done so meanwhile.

        With nothing pending the run is at its end, as far as is known here, and lets go.
        """
        self._masks.hide(profile)
        made = self._ref.make(
            self._keys.seal(dump(profile)), self._lock.anew() if profile.pending else None
        )
        try:
            self._ref.put(made)
        except Overtaken:
            if not self._is_older(profile):
                raise
            self._ref.put(made)
        self._rescue.forget(profile)

    def rehearse(self, current: Profile | None, *, planned: Profile | None = None) -> None:
        """Prove that such a document can be saved, and that the lock is still ours."""
        size = len(rehearsal(current, planned)) if current else 0
        if not self._lock.has_proven(size):
            self._lock.hold(current, size)

    @contextmanager
    def prepare(self, current: Profile, *, planned: Profile | None = None) -> Iterator[GitStore]:
        """Prove that a renewed token can be saved; signals are held back inside."""
        self.rehearse(current, planned=planned)
        with signals_held_back():
            yield self

    def commit(self, renewed: Profile) -> None:
        """Save the renewed token; raises `TokenNotSaved` that says where it is instead.

        Raises `Overtaken` if another run has the bot by now; the token is in its document then.
        """
        self._masks.hide(renewed)
        sealed, made, why = self._keys.seal(dump(renewed)), None, ""
        for pause in (*SAVE_AGAIN_AFTER, None):
            try:
                made = made or self._ref.make(sealed, self._lock.anew())
                elsewhere = self._commit(made, renewed)
            except TweetbotError as error:
                why = error.happened
                if pause is not None:
                    self._sleep(pause)
            else:
                if elsewhere:
                    raise elsewhere
                return
        raise self._kept_elsewhere(renewed, sealed, why)

    def set_aside(self) -> None:
        """Keep an unreadable document under another ref."""
        self._ref.copy_aside()
        self._ref.stored = replace(self._ref.stored, document=None)

    def remove(self) -> None:
        """Forget the bot; where the server lets no ref be removed, what stays is marked."""
        stored = self._stored_profile()
        try:
            self._ref.remove()
        except ConfigurationError:
            if not stored:
                raise
            note = Moved(at=int(self._now()), note=LOGGED_OUT)
            self.save(replace(stored, moved=note))

    def remove_leftovers(self) -> None:
        """Do nothing: there are none."""

    def check_unchanged(self) -> None:
        """Leave it to the save, which names the commit that it replaces."""

    def keep_lock(self) -> None:
        """Set the lock anew once half of its time is gone: each time is a push."""
        self._lock.keep()

    def check_writable(self) -> None:
        """Know nothing: only a push tells."""

    @property
    def mode(self) -> None:
        """There is no file."""

    # -- the document ---------------------------------------------------------------------------

    def _found(self, *, new: bool) -> Profile | None:
        """Return what a lock is taken over; raises `LoginNeeded` unless that may be nothing."""
        if self._ref.stored.document is None and not new:
            raise self._not_logged_in()
        return self._readable(new=new)

    def _stored_profile(self) -> Profile | None:
        """Return what is stored, decrypted."""
        document = self._ref.stored.document
        if document is None:
            return None
        try:
            return parse(self._keys.open(document, where=self))
        except Unreadable as error:
            raise ConfigurationError(
                f"{self} cannot be read as a profile: {error}.",
                "Restore it; `tweetbot auth --force` replaces it.",
            ) from None

    def _readable(self, *, new: bool) -> Profile | None:
        """Return what is stored; what cannot be read is left as it is where it may be `new`."""
        try:
            return self._stored_profile()
        except ConfigurationError:
            if not new:
                raise
            return None

    def _not_logged_in(self) -> LoginNeeded:
        return LoginNeeded(f"Not logged in: there is no {self}.", self._nothing_there)

    def _commit(self, made: Stored, renewed: Profile) -> TweetbotError | None:
        """Put the renewed token there, whatever stands there; return what else ends the run."""
        try:
            self._ref.put(made)
        except Overtaken:
            self._ref.look()
        else:
            return None
        found = self._stored_profile()
        if found and _obtained_at(found) > _obtained_at(renewed):
            return self._rescue.keep_in_case(renewed, f"a later login stands in {self} by now")
        is_elsewhere = self._lock.is_held_elsewhere(self._ref.stored)
        if not found or not (is_elsewhere or _last_post(found) > _last_post(renewed)):
            self._ref.put(made)
            return None
        theirs = dump(replace(found, token=renewed.token))
        self._ref.put(self._ref.make(self._keys.seal(theirs), self._ref.stored.lock))
        return Overtaken(
            f"Another run has taken over {self} meanwhile; it has the renewed login.",
            "Nothing was posted; run again later.",
        )

    def _is_older(self, profile: Profile) -> bool:
        """Whether what is there now was deleted or set back by somebody: an older login."""
        if self._lock.is_held_elsewhere(self._ref.look()):
            return False
        found = self._readable(new=True)
        if found is None:
            return self._ref.stored.document is None
        return _obtained_at(found) < _obtained_at(profile)

    def _kept_elsewhere(self, renewed: Profile, sealed: bytes, why: str) -> TokenNotSaved:
        """Keep the renewed token on this machine, and print it, encrypted, in case that is lost."""
        kept = self._rescue.keep(renewed, why, remedy="Mend the git server")
        self._warn(sealed.decode())
        return TokenNotSaved(
            kept.happened,
            f"{kept.remedy} The line above is the login, encrypted: `tweetbot import` takes it.",
        )


def _obtained_at(profile: Profile) -> int:
    return profile.token.obtained_at or 0


def _last_post(profile: Profile) -> int:
    return profile.posts[-1].at if profile.posts else 0
