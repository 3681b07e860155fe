"""One bot while a run holds its lock: what is written down of it, and its login.

`store/folder.py` has the reasons for the order of steps around a renewal. At most two token
requests are sent in a run.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from tweetbot.errors import (
    AnswerLost,
    GrantRefused,
    NotSent,
    NotTheBot,
    Overtaken,
    RateLimited,
    Temporary,
    TokenNotSaved,
    TweetbotError,
)
from tweetbot.posting.context import Context
from tweetbot.posting.record import Record
from tweetbot.posting.words import clock
from tweetbot.profile import Pending, Profile, Token, dump
from tweetbot.store import Store
from tweetbot.x import TOKEN_DEADLINE, AuthorizationServer, Transport, XApi, token_refusal

TOKEN_REQUESTS = 2
RESEND_AFTER = (0.5, 2.0)  # seconds before each further try of a request that never left
# Seconds, at the most: a connection is tried in vain up to its deadline.
LONGEST_RENEWAL = (len(RESEND_AFTER) + TOKEN_REQUESTS) * TOKEN_DEADLINE + sum(RESEND_AFTER)

T = TypeVar("T")


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


class Session(Record):
    """One bot under its lock, with its login: the record of a run that may ask X."""

    def __init__(
        self, store: Store, transport: Transport, profile: Profile, context: Context
    ) -> None:
        super().__init__(store, profile, context)
        self.renewed = False
        self._transport = transport
        self._server = AuthorizationServer(
            profile.client,
            transport,
            now=context.now,
            refusal=token_refusal(context.now),
            hear=self._x_clock.hear,
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
            hear=self._x_clock.hear,
        )

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

    def wait_for(self, limited: RateLimited) -> None:
        """Wait until a rate limit ends; raises it if that takes longer than a run waits."""
        pause = (limited.retry_at or self.now() + 86400) - self.now()
        if pause > self.context.wait:
            raise limited
        self.context.sleep(max(0, pause))

    def try_again(self, request: Callable[[], T]) -> T:
        """Send a request; twice more, after pauses, while it has certainly not left."""
        for pause in RESEND_AFTER:
            try:
                return request()
            except NotSent:
                self.context.sleep(pause)
        return request()
