"""What is written down of a bot while a run holds its lock: its posts, its spend, its intent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

from tweetbot.errors import LoginNeeded, Temporary, TextRefused, TweetbotError
from tweetbot.posting.context import Context
from tweetbot.profile import LastError, Pending, Posted, Profile, Spend
from tweetbot.store import Store
from tweetbot.x import ServerClock

INTENT_FOR = 10  # seconds from the time of an intent within which its POST leaves
SAVES_OF_AN_INTENT = 3
CLOCK_JITTER = 2  # seconds by which X's clock, read from a header, seems to go back


class Record:
    """The document of one bot under its lock; `profile` is what the store holds, or is about to."""

    def __init__(self, store: Store, profile: Profile, context: Context) -> None:
        self.profile = profile
        self.context = context
        self._store = store
        self._x_clock = ServerClock(context.now)
        self._loaded_at = context.now()
        self._intended_at: int | None = None  # the time of this run's intent
        self._is_timed_by_x = False

    def now(self) -> int:
        """Return the time by this machine's clock, in UTC epoch seconds."""
        return int(self.context.now())

    def x_now(self) -> float | None:
        """Return the time by X's clock, if X has answered in this run."""
        return self._x_clock.now()

    def time(self) -> float:
        """Return the time by the best clock that is known: X's, else this machine's."""
        x_now = self.x_now()
        return self.context.now() if x_now is None else x_now

    def spent(self) -> Spend:
        """Return what this month cost so far."""
        return self.profile.spent(int(self.time()), by_x=self.x_now() is not None)

    @property
    def pending(self) -> Pending:
        """What is about to be sent, or was; there has to be something."""
        if self.profile.pending is None:
            raise LookupError("nothing is pending")
        return self.profile.pending

    def save(self, profile: Profile) -> None:
        """Replace the profile, here and in the store."""
        self._store.save(profile)
        self.profile = profile

    def record_error(self, error: TweetbotError) -> None:
        """Write down why the run failed."""
        last = LastError(at=int(self.time()), code=error.code, error=error.name, message=str(error))
        with suppress(TweetbotError):  # the run has its error already
            self.check_still_ours()
            self.save(self.profile.with_error(last))

    @contextmanager
    def intent(self, pending: Pending) -> Iterator[None]:
        """Save `pending` inside; an interrupt takes it back, for nothing was sent yet."""
        try:
            yield
        except TweetbotError:
            raise
        except BaseException:
            if self._is_saved(pending):
                with suppress(TweetbotError):
                    self.save(replace(self.profile, pending=None))
            raise

    def freshen_intent(self) -> None:
        """Save the intent anew, with the new time, if it is too old for a POST to leave.

        Whoever finds it waits until a POST that left `INTENT_FOR` seconds after its time must have
        ended; so none may leave later. Raises `Overtaken` if another run has the bot by now.
        """
        for _ in range(SAVES_OF_AN_INTENT):
            pending = self.profile.pending
            if pending is None or self._is_fresh(pending):
                return
            self.check_unchanged()
            self.save(replace(self.profile, pending=self.timed(pending)))
        raise Temporary(
            f"Each save takes longer than {INTENT_FOR} s.", "Nothing was posted; run again later."
        )

    def check_still_ours(self) -> None:
        """Raise `Overtaken` if this run took long since it loaded, and another has the document."""
        if not 0 <= self.context.now() - self._loaded_at <= INTENT_FOR:
            self.check_unchanged()

    def check_unchanged(self) -> None:
        """Raise `Overtaken` if another run has the document by now."""
        self._store.check_unchanged()

    def keep_lock(self) -> None:
        """Let the lock last anew where it expires by itself; raises `Overtaken` if it is lost."""
        self._store.keep_lock()

    def add_cost(self, usd: float) -> None:
        """Count what was billed beside a post; written down by the next save."""
        self.profile = replace(self.profile, spend=self.spent().with_cost(usd))

    def let_go(self, pending: Pending, *, usd: float) -> None:
        """Record `pending` as a post that nobody could look up."""
        at = self.time() if pending.at is None else pending.at
        profile = self.profile.with_post(_posted(pending, at=at))
        profile = profile.with_cursor(pending.source, pending.cursor)
        self.save(replace(profile, spend=self.spent().with_post(usd)))

    def advance(self, post_id: str, *, usd: float, at: float) -> None:
        """Record that a part of a thread is live, and that the next one is on its way."""
        profile = self._advanced(post_id, usd=usd, at=at)
        self.save(replace(profile, pending=self.timed(profile.pending or self.pending)))

    def pause_after(self, post_id: str, *, usd: float, at: float) -> None:
        """Record that a part of a thread is live; none is on its way."""
        self.save(self._advanced(post_id, usd=usd, at=at))

    def _advanced(self, post_id: str, *, usd: float, at: float) -> Profile:
        pending = self.pending
        left = pending.parts[1:]
        pending = replace(
            pending,
            text=left[0].text,
            media_keys=left[0].media_keys,
            parts=left,
            done=(*pending.done, post_id),
            at=None,
            own_at=None,
        )
        spend = self.profile.spent(int(at), by_x=True).with_post(usd)
        return replace(self.profile, pending=replace(pending, found_at=None), spend=spend)

    def end_thread(self) -> None:
        """Record what is live of a thread as all of it: the rest is let go."""
        pending = self.pending
        profile = self.profile.with_post(_posted(pending, at=self.time()))
        self.profile = profile.with_cursor(pending.source, pending.cursor)

    def by_x_clock(self, pending: Pending) -> Pending:
        """Return an intent of this run with its time by X's clock, if that is known by now."""
        x_now = self.x_now()
        if pending.at is None or x_now is None:
            return pending
        if pending.at != self._intended_at or self._is_timed_by_x:
            return pending
        ahead = round(x_now - self.context.now())
        ahead = ahead if abs(ahead) > CLOCK_JITTER else 0
        return replace(pending, at=pending.at + ahead, own_at=None)

    def timed(self, pending: Pending) -> Pending:
        """Give an intent the time of this moment."""
        self._intended_at, self._is_timed_by_x = int(self.time()), self.x_now() is not None
        own_at = None if self._is_timed_by_x or self._store.has_lock else self._intended_at
        return replace(pending, at=self._intended_at, own_at=own_at)

    def _is_saved(self, pending: Pending) -> bool:
        """Whether the document holds this intent, perhaps with a later time."""
        saved = self.profile.pending
        if saved is None:
            return False
        return replace(saved, at=pending.at, own_at=pending.own_at) == pending

    def _is_fresh(self, pending: Pending) -> bool:
        if pending.at is None:
            return False
        return -CLOCK_JITTER <= self.time() - pending.at <= INTENT_FOR

    def record_post(
        self, pending: Pending, post_id: str | None, *, usd: float, at: float
    ) -> Posted:
        """Record that `pending` is live; nothing that fails from here on fails the run.

        `at` is when X made it, by its clock.
        """
        posted = _posted(pending, post_id, at=at)
        profile = replace(
            self.profile.with_post(posted)
            .with_cursor(pending.source, pending.cursor)
            .with_run(posted.at),
            spend=self.profile.spent(posted.at, by_x=True).with_post(usd),
        )
        self.profile = profile  # true, written down or not
        try:
            self.save(profile)
        except TweetbotError as error:
            self.context.tell(
                f"Posted, but not written down; the next run settles it. {error.happened}"
            )
        return posted

    def record_run(self, *, source: str | None = None, cursor: Any = None) -> None:
        """Record that the run had nothing to post, and where its source stands by now.

        What was wrong with a text or passed by itself is over; the rest only a post disproves.
        Raises if a cursor cannot be saved; that alone would be missed.
        """
        profile = self.profile.with_cursor(source, cursor).with_run(self.time())
        last = profile.last_error
        if last and last.code in (TextRefused.code, Temporary.code):
            profile = replace(profile, last_error=None)
        try:
            self.save(profile)
        except TweetbotError as error:
            if cursor is not None:
                raise
            self.context.tell(f"That this run had nothing to do is not written down: {error}")

    def forget(self) -> None:
        """Forget the bot."""
        self._store.remove()


def _posted(pending: Pending, post_id: str | None = None, *, at: float) -> Posted:
    """Make one entry of all that is live of `pending`."""
    ids = (*pending.done, *filter(None, [post_id]))
    first = ids[0] if ids else None
    return Posted(id=first, at=int(at), digest=pending.digest, ids=ids if pending.done else ())


def write_down(store: Store, error: TweetbotError, *, context: Context) -> None:
    """Record why a run could not begin, so that `status` knows of it; X is asked nothing.

    Nothing is recorded where a run that goes on meanwhile could lose by it, nor over a login that
    was refused: that one a person has to mend first.
    """
    if not store.has_lock:
        return
    with suppress(TweetbotError), store.lock():
        profile = store.load()
        profile.check_usable(api_url=context.api_url)
        last = profile.last_error
        if last is None or last.code != LoginNeeded.code:
            Record(store, profile, context).record_error(error)
