"""One bot while a run holds its lock: what it remembers, and its login.

`store/folder.py` has the reasons for the order of steps around a renewal. At most two token
requests are sent in a run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from tweetbot.document import dump
from tweetbot.errors import (
    AnswerLost,
    GrantRefused,
    Overtaken,
    Temporary,
    TokenNotSaved,
    TweetbotError,
)
from tweetbot.profile import LastError, Pending, Posted, Profile, Token
from tweetbot.store import Store
from tweetbot.x import TOKEN_DEADLINE, AuthorizationServer, Transport, XApi, token_refusal

TOKEN_REQUESTS = 2
LONGEST_RENEWAL = TOKEN_REQUESTS * TOKEN_DEADLINE  # seconds


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
        except (TokenNotSaved, Overtaken):
            raise  # the store has just refused more than this; or it is another run's by now
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
        self._server = AuthorizationServer(
            profile.client,
            transport,
            now=context.now,
            refusal=token_refusal(context.now),
        )
        self._token_requests = 0
        self._answer_lost = False

    @property
    def api(self) -> XApi:
        """X's API, with the access token of this moment."""
        return XApi(
            self._transport,
            api_url=self.profile.client.api_url,
            access_token=self.profile.token.access_token,
            now=self.context.now,
        )

    def now(self) -> int:
        """Return the time in UTC epoch seconds."""
        return int(self.context.now())

    # -- what it remembers ----------------------------------------------------------------------

    def save(self, profile: Profile) -> None:
        """Replace the profile, here and in the store."""
        self._store.save(profile)
        self.profile = profile

    def record_error(self, error: TweetbotError) -> None:
        """Write down why the run failed."""
        last = LastError(at=self.now(), code=error.code, error=error.name, message=str(error))
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
            if self.profile.pending == pending:
                with suppress(TweetbotError):
                    self.save(replace(self.profile, pending=None))
            raise

    def record_post(
        self, pending: Pending, post_id: str | None, *, usd: float, at: int | None = None
    ) -> Posted:
        """Record that `pending` is live; nothing that fails from here on fails the run."""
        posted = Posted(id=post_id, at=at or self.now(), digest=pending.digest)
        profile = replace(
            self.profile.with_post(posted).with_cursor(pending.source, pending.cursor),
            spend=self.profile.spent(posted.at).with_post(usd),
        )
        self.profile = profile  # true, written down or not
        try:
            self.save(profile)
        except TweetbotError as error:
            self.context.tell(
                f"Posted, but not written down; the next run settles it. {error.happened}"
            )
        return posted

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
        return self.profile.pending == pending

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
            self.profile = replace(planned, token=token)
            slot.commit(self.profile)
        self.renewed = True

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
            return self._server.refresh(self.profile.token)
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


def clock(at: int) -> str:
    """Write a time (UTC epoch seconds) as the person's clock shows it."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def one_line(text: str) -> str:
    """Return a text as part of a message: a CI would take a line of its own for a command."""
    return " ".join(text.split())


def short(text: str) -> str:
    """Return the beginning of a text, on one line."""
    line = one_line(text)
    return line if len(line) <= 60 else line[:60] + "…"
