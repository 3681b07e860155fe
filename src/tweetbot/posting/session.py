"""One bot while a run holds its lock: what it remembers, and its login.

`store/folder.py` has the reasons for the order of steps around a renewal. At most two token
requests are sent in a run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import TypeVar

from tweetbot.errors import (
    AnswerLost,
    GrantRefused,
    NotSent,
    NotTheBot,
    Overtaken,
    Temporary,
    TokenNotSaved,
    TweetbotError,
)
from tweetbot.profile import LastError, Pending, Posted, Profile, Spend, Token, dump
from tweetbot.store import Store
from tweetbot.x import (
    TOKEN_DEADLINE,
    AuthorizationServer,
    ServerClock,
    Transport,
    XApi,
    token_refusal,
)

TOKEN_REQUESTS = 2
RESEND_AFTER = (0.5, 2.0)  # seconds before each further try of a request that never left
# Seconds, at the most: a connection is tried in vain up to its deadline.
LONGEST_RENEWAL = (len(RESEND_AFTER) + TOKEN_REQUESTS) * TOKEN_DEADLINE + sum(RESEND_AFTER)
INTENT_FOR = 10  # seconds from the time of an intent within which its POST leaves
SAVES_OF_AN_INTENT = 3
CLOCK_JITTER = 2  # seconds by which X's clock, read from a header, seems to go back

T = TypeVar("T")


@dataclass(frozen=True)
class Context:
    """What a run needs of the world; tests bring their own clock and sleep."""

    api_url: str
    check_after: tuple[float, ...]
    wait: float = 30.0
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    tell: Callable[[str], None] = lambda _: None


@contextmanager
def session(
    store: Store, transport: Transport, context: Context, *, lasting: float
) -> Iterator[Session]:
    """Hold the lock for a run; an error that ends it is recorded in the profile.

    `lasting` is the longest that the run waits for X, in seconds.
    """
    with store.lock(lasting=lasting):
        profile = store.load()
        profile.check_usable(api_url=context.api_url)  # not this machine's: nothing is recorded
        held = Session(store, transport, profile, context)
        try:
            yield held
        except (TokenNotSaved, Overtaken, NotTheBot):
            # The store has just refused more than this; or it is another run's, or login's, by now.
            raise
        except TweetbotError as error:
            held.record_error(error)
            raise


class Session:
    """One bot under its lock; `profile` is what the store holds, or is about to."""

    def __init__(
        self, store: Store, transport: Transport, profile: Profile, context: Context
    ) -> None:
        self.profile = profile
        self.context = context
        self.renewed = False
        self._store = store
        self._transport = transport
        self._x_clock = ServerClock(context.now)
        self._server = AuthorizationServer(
            profile.client,
            transport,
            now=context.now,
            refusal=token_refusal(context.now),
            hear=self._x_clock.hear,
        )
        self._token_requests = 0
        self._loaded_at = context.now()
        self._intended_at: int | None = None  # the time of this run's intent
        self._is_timed_by_x = False
        self._answer_lost = False

    @property
    def api(self) -> XApi:
        """X's API, with the access token of this moment."""
        return XApi(
            self._transport,
            api_url=self.profile.client.api_url,
            access_token=self.profile.token.access_token,
            now=self.context.now,
            hear=self._x_clock.hear,
        )

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

    # -- what it remembers ----------------------------------------------------------------------

    def save(self, profile: Profile) -> None:
        """Replace the profile, here and in the store."""
        self._store.save(profile)
        self.profile = profile

    def record_error(self, error: TweetbotError) -> None:
        """Write down why the run failed."""
        last = LastError(at=int(self.time()), code=error.code, error=error.name, message=str(error))
        with suppress(TweetbotError):  # the run has its error already
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
            pending, text=left[0].text, parts=left, done=(*pending.done, post_id), at=None
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
        return replace(pending, at=pending.at + ahead) if abs(ahead) > CLOCK_JITTER else pending

    def timed(self, pending: Pending) -> Pending:
        """Give an intent the time of this moment."""
        self._intended_at, self._is_timed_by_x = int(self.time()), self.x_now() is not None
        return replace(pending, at=self._intended_at)

    def _is_saved(self, pending: Pending) -> bool:
        """Whether the document holds this intent, perhaps with a later time."""
        saved = self.profile.pending
        return saved is not None and replace(saved, at=pending.at) == pending

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
            self.profile.with_post(posted).with_cursor(pending.source, pending.cursor),
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

    def forget(self) -> None:
        """Forget the bot."""
        self._store.remove()

    # -- the login ------------------------------------------------------------------------------

    @property
    def may_renew(self) -> bool:
        """Whether a token request is left in this run."""
        return self._token_requests < TOKEN_REQUESTS

    def renew_if_due(self, pending: Pending | None) -> bool:
        """Renew if the token is due; says whether `pending` was saved with it.

        A renewal that fails for a while, while the old access token still works, is a warning.
        """
        token = self.profile.token
        if not token.is_due(self.now()) or self._token_requests:
            return False
        try:
            self.renew(pending)
        except Overtaken:
            raise
        except (Temporary, GrantRefused) as error:
            # Refused at once, the grant is dead. Refused after a lost answer, it was renewed and
            # the new token is lost; the old access token may live on for a while.
            lost_for_good = isinstance(error, GrantRefused)
            if not token.is_alive(self.now()) or (lost_for_good and not self._answer_lost):
                raise
            advice = " Log in again with `tweetbot auth`." if lost_for_good else ""
            self.context.tell(f"The login could not be renewed: {error.happened}{advice}")
            return False
        return pending is None or self._is_saved(pending)

    def renew(self, pending: Pending | None) -> None:
        """Renew the token and save it together with the intent, in one write.

        An intent that may be too large for the store does not go along (`Store.largest_intent`).
        """
        planned = replace(self.profile, pending=pending)
        limit = self._store.largest_intent
        if limit is not None and len(dump(planned)) - len(dump(self.profile)) > limit:
            planned = self.profile
        with self._store.prepare(self.profile, planned=planned) as slot:
            token = self._refresh()
            intent = planned.pending
            if intent and intent.at == self._intended_at and not self._is_fresh(intent):
                planned = replace(planned, pending=self.timed(intent))
            self.profile = replace(planned, token=token)
            slot.commit(self.profile)
        self.renewed = True

    def revoke(self, refresh_token: str) -> None:
        """Withdraw the grant of a refresh token."""
        self._server.revoke(refresh_token)

    def _refresh(self) -> Token:
        """Ask for a new token; a lost answer is asked for once more, at once.

        At once, because a server that forgives a repeated refresh does so for seconds.
        """
        try:
            return self._ask_for_token()
        except AnswerLost:
            self._answer_lost = True
            if not self.may_renew:
                raise
        return self._ask_for_token()

    def _ask_for_token(self) -> Token:
        self._token_requests += 1
        try:
            return self.try_again(lambda: self._server.refresh(self.profile.token))
        except GrantRefused as error:
            at = self.now() if self._answer_lost else self._store.interrupted_at
            interrupted = f" A renewal was interrupted at {clock(at)}." if at else ""
            raise GrantRefused(
                f"{error.happened}{interrupted}",
                "The usual causes: the bot was logged in or renewed elsewhere with the same app,"
                " a renewed login could not be saved, an old backup of the profile was restored,"
                " or access was withdrawn on x.com. Run `tweetbot auth`.",
                x=error.x,
            ) from None

    def try_again(self, request: Callable[[], T]) -> T:
        """Send a request; twice more, after pauses, while it has certainly not left."""
        for pause in RESEND_AFTER:
            try:
                return request()
            except NotSent:
                self.context.sleep(pause)
        return request()


def _posted(pending: Pending, post_id: str | None = None, *, at: float) -> Posted:
    """Make one entry of all that is live of `pending`."""
    ids = (*pending.done, *filter(None, [post_id]))
    first = ids[0] if ids else None
    return Posted(id=first, at=int(at), digest=pending.digest, ids=ids if pending.done else ())


def clock(at: float) -> str:
    """Write a time (UTC epoch seconds) as the person's clock shows it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def one_line(text: str) -> str:
    """Return a text as part of a message: a CI would take a line of its own for a command."""
    return " ".join(text.split())


def short(text: str) -> str:
    """Return the beginning of a text, on one line."""
    line = one_line(text)
    return line if len(line) <= 60 else line[:60] + "…"
