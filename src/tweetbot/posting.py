"""`post` and `renew`: one run, from the lock to the post's URL.

The order of steps is the product. Each one is there because a run can die between any two of
them (`session.py` has those of the login, `settling.py` those of an unclear answer):

    lock, load
    something pending?     renew if due, settle it: was it posted after all?
    posted already?        the same text within six hours: nothing to do
    token due?             prove that the save will succeed, then refresh
    save                   the new token and the intent (`pending`) in one write
    post                   once
    save                   the outcome
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tweetbot import settling
from tweetbot.errors import (
    AccessTokenRefused,
    AnswerLost,
    ConfigurationError,
    Duplicate,
    LoginNeeded,
    NotPermitted,
    NotSent,
    RateLimited,
    Temporary,
    TextRefused,
    TweetbotError,
)
from tweetbot.profile import Pending, Posted
from tweetbot.session import LONGEST_RENEWAL, Session, Surroundings, session, short
from tweetbot.sources import Draft, Source, refuse_rubbish
from tweetbot.store import Store
from tweetbot.text import LIMIT, Entity, measure, price
from tweetbot.transport import Transport
from tweetbot.xapi import POST_DEADLINE, Post

RESEND_AFTER = (0.5, 2.0)  # seconds before each further try of a request that never left
MENDED_BY_RENEWAL = (ConfigurationError.code, LoginNeeded.code, Temporary.code)


@dataclass(frozen=True)
class Outcome:
    """What a run achieved; `id` is `None` if X has the post but did not tell its id."""

    id: str | None
    username: str | None
    text: str
    posted_at: int
    usd: float = 0.0
    links: tuple[Entity, ...] = ()
    renewed: bool = False
    already_posted: bool = False

    @property
    def url(self) -> str | None:
        """The post's address; X redirects `i` to the account's name."""
        return self.id and f"https://x.com/{self.username or 'i'}/status/{self.id}"


@dataclass(frozen=True)
class Renewal:
    """What `renew` did, and until when the access token lives now."""

    renewed: bool
    expires_at: int | None


def post(
    store: Store,
    transport: Transport,
    source: Source,
    *,
    surroundings: Surroundings,
    again: bool = False,
) -> Outcome:
    """Post the next draft of `source` once, renewing the login on the way if that is due.

    With `again`, a text that was posted within the last six hours is posted all the same.
    Raises the errors of `tweetbot.errors`; each is recorded in the profile as `last_error`.
    """
    with session(store, transport, surroundings, lasting=longest(surroundings)) as held:
        return _Run(held).post(source, again=again)


def renew(
    store: Store,
    transport: Transport,
    *,
    surroundings: Surroundings,
    if_older: float | None = None,
) -> Renewal:
    """Renew the login without posting, unless it is younger than `if_older` seconds."""
    with session(store, transport, surroundings, lasting=LONGEST_RENEWAL) as held:
        obtained_at = held.profile.token.obtained_at
        young = obtained_at is not None and if_older and 0 <= held.now() - obtained_at < if_older
        if not young:
            held.renew(held.profile.pending)
            if held.profile.last_error and held.profile.last_error.code in MENDED_BY_RENEWAL:
                held.save(replace(held.profile, last_error=None))
        return Renewal(held.renewed, held.profile.token.expires_at)


def longest(around: Surroundings) -> float:
    """Return how many seconds a run may wait for X: the sum of its deadlines and pauses."""
    tries = (len(RESEND_AFTER) + 1) * POST_DEADLINE + sum(RESEND_AFTER)
    sending = 2 * tries + around.wait  # again after a 401 or a short rate limit
    return LONGEST_RENEWAL + sending + settling.longest(around)


class _Run:
    """One run of `post` under the lock."""

    def __init__(self, held: Session) -> None:
        self._session = held
        self._around = held.around
        self._attempt: Pending | None = None  # an earlier post, thought not to be live

    def post(self, source: Source, *, again: bool) -> Outcome:
        unsettled = self._session.profile.pending
        earlier = settling.settle(self._session, unsettled) if unsettled else None
        if unsettled and earlier and source.key and unsettled.source == source.key:
            return self._outcome(unsettled.text, earlier, already_posted=True)
        self._attempt = None if earlier else unsettled
        draft = self._next_draft(source)
        if earlier and earlier.digest == draft.digest:
            return self._outcome(draft.text, earlier, already_posted=True)
        already = None if again or draft.source else self._posted_lately(draft)
        if already:
            return self._outcome(draft.text, already, already_posted=True)
        spend = self._session.profile.spent(self._session.now())
        spend.check(price(measure(draft.text)))
        pending = Pending(
            text=draft.text,
            digest=draft.digest,
            at=self._session.now(),
            source=draft.source,
            cursor=draft.cursor,
        )
        with self._session.intent(pending):
            if not self._session.renew_if_due(pending):
                self._session.save(replace(self._session.profile, pending=pending))
        return self._outcome(draft.text, self._send(pending))

    # -- the draft ------------------------------------------------------------------------------

    def _next_draft(self, source: Source) -> Draft:
        """Choose the draft; an item of a list that can never be posted is moved past."""
        draft = source.draft(self._session.profile.cursors.get(source.key or ""))
        try:
            if draft.source:
                refuse_rubbish(draft.text)
            self._around.check(draft.text)
        except TextRefused:
            self._move_past(draft)
            raise
        return draft

    def _move_past(self, item: Draft | Pending) -> None:
        """Leave an item of a list that can never be posted: no use offering it again."""
        if item.source:
            self._around.tell(f'Passed over, and the list goes on: "{short(item.text)}".')
            self._session.profile = self._session.profile.with_cursor(item.source, item.cursor)

    def _posted_lately(self, draft: Draft) -> Posted | None:
        return self._session.profile.posted_lately(draft.digest, now=self._session.now())

    # -- the post -------------------------------------------------------------------------------

    def _send(self, pending: Pending) -> Posted:
        """Post what is pending; a clear refusal leaves nothing pending."""
        try:
            created = self._create_post(pending.text)
        except AnswerLost as lost:
            return settling.look_after(self._session, pending, lost)
        except TweetbotError as error:
            attempt = self._attempt
            if attempt and attempt.digest == pending.digest and isinstance(error, Duplicate):
                return settling.late_duplicate(self._session, pending, attempt=attempt)
            self._session.profile = replace(self._session.profile, pending=None)
            if isinstance(error, TextRefused):
                self._move_past(pending)
            raise
        return self._session.record_post(pending, created.id)

    def _create_post(self, text: str) -> Post:
        """Send the post; once more after a 401 or a short rate limit: both prove it is not live."""
        try:
            return self._try_to_post(text)
        except AccessTokenRefused:
            if not self._session.may_renew:
                raise
            self._renew_after_401()
        except RateLimited as limited:
            pause = (limited.retry_at or self._session.now() + 86400) - self._session.now()
            if pause > self._around.wait:
                raise
            self._around.sleep(max(0, pause))
        return self._try_to_post(text)

    def _renew_after_401(self) -> None:
        try:
            self._session.renew(self._session.profile.pending)
        except AnswerLost as lost:  # of the renewal: what became of the post is clear
            raise Temporary(lost.happened, "Nothing was posted; run again later.") from None

    def _try_to_post(self, text: str) -> Post:
        try:
            for pause in RESEND_AFTER:
                try:
                    return self._session.api.create_post(text)
                except NotSent:
                    self._around.sleep(pause)
            return self._session.api.create_post(text)
        except NotPermitted as error:
            raise self._explained(error, text) from None

    def _explained(self, error: NotPermitted, text: str) -> TweetbotError:
        """Find the reason that X does not give: what is known here tells."""
        if missing := self._session.profile.token.missing_scopes:
            return LoginNeeded(
                f"The login lacks the permission {missing} (403).",
                "Set the app's permission to Read and write in X's console, then run"
                " `tweetbot auth`.",
                x=error.x,
            )
        weighted_length = measure(text).weighted_length
        if weighted_length > LIMIT and "not permitted" in str(error.x):
            return TextRefused(
                f"X did not accept {weighted_length} characters (403).",
                f"Only Premium accounts may post more than {LIMIT}; shorten the text.",
                x=error.x,
            )
        return error

    def _outcome(self, text: str, posted: Posted, *, already_posted: bool = False) -> Outcome:
        account = self._session.profile.account
        measured = measure(text)
        return Outcome(
            id=posted.id,
            username=account.username if account else None,
            text=text,
            posted_at=posted.at,
            usd=0.0 if already_posted else price(measured),
            links=measured.links,
            renewed=self._session.renewed,
            already_posted=already_posted,
        )
