"""`post` and `renew`: one run, from the lock to the post's URL.

The order of steps is the product. Each one is there because a run can die between any two of
them (`session.py` has those of the login, `settling.py` those of an unclear answer):

    lock, load
    whose account?         asked where X did not say it at the login
    something pending?     renew if due, settle it: was it posted after all?
    posted already?        the same text within six hours: nothing to do
    token due?             prove that the save will succeed, then refresh
    save                   the new token and the intent (`pending`) in one write
    post                   once
    save                   the outcome
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tweetbot.draft import Draft, Part
from tweetbot.errors import (
    AccessTokenRefused,
    AnswerLost,
    ConfigurationError,
    Duplicate,
    LoginNeeded,
    NotPermitted,
    RateLimited,
    Temporary,
    TextRefused,
    TweetbotError,
)
from tweetbot.posting import settling
from tweetbot.posting.account import make_sure_whose
from tweetbot.posting.session import LONGEST_RENEWAL, RESEND_AFTER, Context, Session, session, short
from tweetbot.profile import Pending, Posted
from tweetbot.sources import Source
from tweetbot.store import Store
from tweetbot.text import LIMIT, Entity
from tweetbot.x import POST_DEADLINE, Post, Transport

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
    context: Context,
    again: bool = False,
) -> Outcome:
    """Post the next draft of `source` once, renewing the login on the way if that is due.

    With `again`, a text that was posted within the last six hours is posted all the same.
    Raises the errors of `tweetbot.errors`; each is recorded in the profile as `last_error`.
    """
    with session(store, transport, context, lasting=longest(context)) as held:
        return _Run(held).post(source, again=again)


def renew(
    store: Store,
    transport: Transport,
    *,
    context: Context,
    if_older: float | None = None,
) -> Renewal:
    """Renew the login without posting, unless it is younger than `if_older` seconds."""
    with session(store, transport, context, lasting=LONGEST_RENEWAL) as held:
        obtained_at = held.profile.token.obtained_at
        young = obtained_at is not None and if_older and 0 <= held.now() - obtained_at < if_older
        if not young:
            held.renew(held.profile.pending)
            if held.profile.last_error and held.profile.last_error.code in MENDED_BY_RENEWAL:
                held.save(replace(held.profile, last_error=None))
        return Renewal(held.renewed, held.profile.token.expires_at)


def longest(context: Context) -> float:
    """Return how many seconds a run may wait for X: the sum of its deadlines and pauses."""
    tries = (len(RESEND_AFTER) + 1) * POST_DEADLINE + sum(RESEND_AFTER)
    sending = 2 * tries + context.wait  # again after a 401 or a short rate limit
    return LONGEST_RENEWAL + sending + settling.longest(context)


class _Run:
    """One run of `post` under the lock."""

    def __init__(self, held: Session) -> None:
        self._session = held
        self._context = held.context
        self._attempt: Pending | None = None  # an earlier post, thought not to be live

    def post(self, source: Source, *, again: bool) -> Outcome:
        make_sure_whose(self._session)
        unsettled = self._session.profile.pending
        earlier = settling.settle_earlier(self._session, unsettled) if unsettled else None
        if earlier and source.key and earlier.draft.source == source.key:
            return self._outcome(earlier.draft, earlier.posted, already_posted=True)
        self._attempt = None if earlier else unsettled
        draft = self._next_draft(source)
        if earlier and earlier.posted.digest == draft.digest:
            return self._outcome(draft, earlier.posted, already_posted=True)
        already = None if again or draft.source else self._posted_lately(draft)
        if already:
            return self._outcome(draft, already, already_posted=True)
        self._session.spent().check(draft.usd)
        pending = self._session.timed(
            Pending(
                text=draft.text,
                digest=draft.digest,
                at=0,
                source=draft.source,
                cursor=draft.cursor,
            )
        )
        with self._session.intent(pending):
            if not self._session.renew_if_due(pending):
                self._session.save(replace(self._session.profile, pending=pending))
        return self._outcome(draft, self._send(draft))

    # -- the draft ------------------------------------------------------------------------------

    def _next_draft(self, source: Source) -> Draft:
        """Choose the draft; an item of a list that can never be posted is moved past."""
        draft = source.draft(self._session.profile.cursors.get(source.key or ""))
        if draft.refused:
            self._move_past(draft)
            raise draft.refused
        return draft

    def _move_past(self, item: Draft) -> None:
        """Leave an item of a list that can never be posted: no use offering it again."""
        if item.source:
            self._context.tell(f'Passed over, and the list goes on: "{short(item.text)}".')
            self._session.profile = self._session.profile.with_cursor(item.source, item.cursor)

    def _posted_lately(self, draft: Draft) -> Posted | None:
        return self._session.profile.posted_lately(draft.digest, now=int(self._session.time()))

    # -- the post -------------------------------------------------------------------------------

    def _send(self, draft: Draft) -> Posted:
        """Post the draft, which is pending; a clear refusal leaves nothing pending."""
        session = self._session
        try:
            created = self._create_post(draft.parts[0])
        except AnswerLost as lost:
            return settling.find_out(session, session.pending, lost, usd=draft.usd)
        except TweetbotError as error:
            attempt = self._attempt
            if attempt and attempt.digest == draft.digest and isinstance(error, Duplicate):
                return settling.record_duplicate(
                    session, session.pending, attempt=attempt, usd=draft.usd
                )
            session.profile = replace(session.profile, pending=None)
            if isinstance(error, TextRefused):
                self._move_past(draft)
            raise
        return session.record_post(session.pending, created.id, usd=draft.usd, at=session.time())

    def _create_post(self, part: Part) -> Post:
        """Send the post; once more after a 401 or a short rate limit: both prove it is not live."""
        try:
            return self._try_to_post(part)
        except AccessTokenRefused:
            if not self._session.may_renew:
                raise
            self._renew_after_401()
        except RateLimited as limited:
            pause = (limited.retry_at or self._session.now() + 86400) - self._session.now()
            if pause > self._context.wait:
                raise
            self._context.sleep(max(0, pause))
        return self._try_to_post(part)

    def _renew_after_401(self) -> None:
        try:
            self._session.renew(self._session.profile.pending)
        except AnswerLost as lost:  # of the renewal: what became of the post is clear
            raise Temporary(lost.happened, "Nothing was posted; run again later.") from None

    def _try_to_post(self, part: Part) -> Post:
        def send() -> Post:
            self._session.freshen_intent()
            return self._session.api.create_post(part)

        try:
            return self._session.try_again(send)
        except NotPermitted as error:
            raise self._explained(error, part) from None

    def _explained(self, error: NotPermitted, part: Part) -> TweetbotError:
        """Find the reason that X does not give: what is known here tells."""
        if missing := self._session.profile.token.missing_scopes:
            return LoginNeeded(
                f"The login lacks the permission {missing} (403).",
                "Set the app's permission to Read and write in X's console, then run"
                " `tweetbot auth`.",
                x=error.x,
            )
        weighted_length = part.measure.weighted_length
        if weighted_length > LIMIT and "not permitted" in str(error.x):
            return TextRefused(
                f"X did not accept {weighted_length} characters (403).",
                f"Only Premium accounts may post more than {LIMIT}; shorten the text.",
                x=error.x,
            )
        if "not permitted" in str(error.x) and self._session.profile.known_ids:
            # Seen to pass within minutes, on accounts that post every day.
            return Temporary(
                "X does not permit this post for the moment (403).",
                "Nothing was posted; this bot has posted before, so run again later.",
                x=error.x,
            )
        return error

    def _outcome(self, draft: Draft, posted: Posted, *, already_posted: bool = False) -> Outcome:
        account = self._session.profile.account
        return Outcome(
            id=posted.id,
            username=account.username if account else None,
            text=draft.text,
            posted_at=posted.at,
            usd=0.0 if already_posted else draft.usd,
            links=draft.links,
            renewed=self._session.renewed,
            already_posted=already_posted,
        )
