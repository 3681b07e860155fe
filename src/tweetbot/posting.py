"""`post` and `renew`: one run, from the lock to the post's URL.

The order of steps is the product. Each one is there because a run can die between any two of
them (`store.py` has the reasons for those around the renewal):

    lock, load
    something pending?     renew if due, settle it: was it posted after all?
    posted already?        the same text within six hours: nothing to do
    token due?             prove that the save will succeed, then refresh
    save                   the new token and the intent (`pending`) in one write
    post                   once
    save                   the outcome

An unclear answer (a lost one, a 5xx, a success without an id) is never answered with a second
`POST /2/tweets`: X has no idempotency key. It stays `pending`; the account's own timeline tells.
At most two token requests are sent in a run.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace

from tweetbot.errors import (
    AccessTokenRefused,
    AnswerLost,
    ConfigurationError,
    Duplicate,
    GrantRefused,
    LoginNeeded,
    NotAllowed,
    NotPermitted,
    NotSent,
    OutcomeUnknown,
    Overtaken,
    RateLimited,
    Temporary,
    TextRefused,
    TokenNotSaved,
    TweetbotError,
)
from tweetbot.oauth import AuthorizationServer
from tweetbot.profile import LastError, Pending, Posted, Profile, Token
from tweetbot.sources import Draft, Source, refuse_rubbish
from tweetbot.store import Store
from tweetbot.text import LIMIT, Entity, Measure, check, measure, price
from tweetbot.transport import Transport
from tweetbot.xapi import Post, Timeline, XApi, token_refusal

SAME_TEXT_FOR = 6 * 3600  # seconds in which the same text again is taken for a repeated run
UNREADABLE_FOR = 24 * 3600  # seconds after which a post that nobody could look up is let go
CLOCK_SLACK = 5 * 60  # seconds by which X's clock and its ids may disagree
RESEND_AFTER = (0.5, 2.0)  # seconds before each further try of a request that never left
TOKEN_REQUESTS = 2
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


@dataclass(frozen=True)
class Surroundings:
    """What a run needs of the world; tests bring their own clock and sleep."""

    api_url: str
    check_after: tuple[float, ...]
    wait: float = 30.0
    check: Callable[[str], Measure] = check
    now: Callable[[], float] = time.time
    sleep: Callable[[float], None] = time.sleep
    tell: Callable[[str], None] = lambda _: None


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
    with _run(store, transport, surroundings) as run:
        return run.post(source, again=again)


def renew(
    store: Store,
    transport: Transport,
    *,
    surroundings: Surroundings,
    if_older: float | None = None,
) -> Renewal:
    """Renew the login without posting, unless it is younger than `if_older` seconds."""
    with _run(store, transport, surroundings) as run:
        return run.renew_alone(if_older)


@contextmanager
def _run(store: Store, transport: Transport, around: Surroundings) -> Iterator[_Run]:
    """Hold the lock for a run; an error that ends it is recorded in the profile."""
    with store.lock():
        profile = store.load()
        profile.check_usable(api_url=around.api_url)  # not this machine's: nothing is recorded
        run = _Run(store, transport, profile, around)
        try:
            yield run
        except (TokenNotSaved, Overtaken):
            raise  # the store has just refused more than this; or it is another run's by now
        except TweetbotError as error:
            run.record(error)
            raise


class _Run:
    """One run under the lock; `profile` is what the store holds, or is about to."""

    def __init__(
        self, store: Store, transport: Transport, profile: Profile, around: Surroundings
    ) -> None:
        self.profile = profile
        self._store = store
        self._transport = transport
        self._around = around
        self._server = AuthorizationServer(
            profile.client,
            transport,
            now=around.now,
            refusal=token_refusal(around.now),
        )
        self._token_requests = 0
        self._answer_lost = False
        self._renewed = False
        self._unsettled: Pending | None = None

    # -- the run --------------------------------------------------------------------------------

    def post(self, source: Source, *, again: bool) -> Outcome:
        unsettled = self.profile.pending
        earlier = self._settle(unsettled) if unsettled else None
        if unsettled and earlier and source.key and unsettled.source == source.key:
            return self._outcome(unsettled.text, earlier, already_posted=True)
        draft = self._next_draft(source)
        if earlier and earlier.digest == draft.digest:
            return self._outcome(draft.text, earlier, already_posted=True)
        already = None if again or draft.source else self._posted_already(draft)
        if already:
            return self._outcome(draft.text, already, already_posted=True)
        self._check_budget(draft)
        pending = Pending(
            text=draft.text,
            digest=draft.digest,
            at=self._now(),
            source=draft.source,
            cursor=draft.cursor,
        )
        if not self._renew_if_due(pending):
            self._save(replace(self.profile, pending=pending))
        return self._outcome(draft.text, self._send(pending))

    def renew_alone(self, if_older: float | None) -> Renewal:
        obtained_at = self.profile.token.obtained_at
        young = obtained_at is not None and if_older and 0 <= self._now() - obtained_at < if_older
        if not young:
            self._renew(self.profile.pending)
            if self.profile.last_error and self.profile.last_error.code in MENDED_BY_RENEWAL:
                self._save(replace(self.profile, last_error=None))
        return Renewal(self._renewed, self.profile.token.expires_at)

    def record(self, error: TweetbotError) -> None:
        """Write down why the run failed."""
        last = LastError(at=self._now(), code=error.code, error=error.name, message=str(error))
        with suppress(TweetbotError):  # the run has its error already
            self._save(self.profile.with_error(last))

    def _next_draft(self, source: Source) -> Draft:
        """Choose the draft; an item of a list that can never be posted is moved past."""
        draft = source.draft(self.profile.cursors.get(source.key or ""))
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
            self._around.tell(f'The list goes on after "{_short(item.text)}".')
            self.profile = self.profile.with_cursor(item.source, item.cursor)

    def _check_budget(self, draft: Draft) -> None:
        usd = price(measure(draft.text))
        month = _month(self._now())
        spend = self.profile.spend.in_month(month)
        if spend.budget_usd is not None and spend.with_post(usd).usd > spend.budget_usd:
            raise NotAllowed(
                f"The bot's budget for {month} is used up: {spend.posts} posts, about"
                f" ${spend.usd:.3f} of ${spend.budget_usd:.2f}, and this one costs ${usd:.3f}.",
                "Nothing was posted. `tweetbot auth --budget USD` sets another budget.",
            )

    # -- the token ------------------------------------------------------------------------------

    def _renew_if_due(self, pending: Pending | None) -> bool:
        """Renew if the token is due; says whether `pending` was saved with it.

        A renewal that fails for a while, while the old access token still works, is a warning.
        """
        token = self.profile.token
        if not token.is_due(self._now()) or self._token_requests:
            return False
        try:
            self._renew(pending)
        except Overtaken:
            raise
        except (Temporary, GrantRefused) as error:
            # Refused at once, the grant is dead. Refused after a lost answer, it was renewed and
            # the new token is lost; the old access token may live on for a while.
            lost_for_good = isinstance(error, GrantRefused)
            if not token.is_alive(self._now()) or (lost_for_good and not self._answer_lost):
                raise
            advice = " Log in again with `tweetbot auth`." if lost_for_good else ""
            self._around.tell(f"The login could not be renewed: {error.happened}{advice}")
            return False
        return True

    def _renew(self, pending: Pending | None) -> None:
        """Renew the token and save it together with the intent, in one write."""
        with self._store.prepare(self.profile) as slot:
            token = self._refresh()
            self.profile = replace(self.profile, token=token, pending=pending)
            slot.commit(self.profile)
        self._renewed = True

    def _refresh(self) -> Token:
        """Ask for a new token; a lost answer is asked for once more, at once.

        At once, because a server that forgives a repeated refresh does so for seconds.
        """
        try:
            return self._ask_for_token()
        except AnswerLost:
            self._answer_lost = True
            if self._token_requests >= TOKEN_REQUESTS:
                raise
        return self._ask_for_token()

    def _ask_for_token(self) -> Token:
        self._token_requests += 1
        try:
            return self._server.refresh(self.profile.token)
        except GrantRefused as error:
            at = self._now() if self._answer_lost else self._store.interrupted_at
            interrupted = f" A renewal was interrupted at {_clock(at)}." if at else ""
            raise GrantRefused(
                f"{error.happened}{interrupted}",
                "The usual causes: the bot was logged in or renewed elsewhere with the same app,"
                " an old backup of the profile was restored, or access was withdrawn on x.com."
                " Run `tweetbot auth`.",
                x=error.x,
            ) from None

    # -- the post -------------------------------------------------------------------------------

    def _send(self, pending: Pending) -> Posted:
        """Post what is pending; a clear refusal leaves nothing pending."""
        try:
            created = self._create_post(pending.text)
        except AnswerLost as lost:
            return self._look_after(pending, lost)
        except TweetbotError as error:
            settled = isinstance(error, Duplicate) and self._is_late(pending)
            if settled:
                return self._late_duplicate(pending)
            self.profile = replace(self.profile, pending=None)
            if isinstance(error, TextRefused):
                self._move_past(pending)
            raise
        return self._posted(pending, created.id)

    def _create_post(self, text: str) -> Post:
        """Send the post; once more after a 401 or a short rate limit: both prove it is not live."""
        try:
            return self._try_to_post(text)
        except AccessTokenRefused:
            if self._token_requests >= TOKEN_REQUESTS:
                raise
            self._renew_after_401()
        except RateLimited as limited:
            pause = (limited.retry_at or self._now() + 86400) - self._now()
            if pause > self._around.wait:
                raise
            self._around.sleep(max(0, pause))
        return self._try_to_post(text)

    def _renew_after_401(self) -> None:
        try:
            self._renew(self.profile.pending)
        except AnswerLost as lost:  # of the renewal: what became of the post is clear
            raise Temporary(lost.happened, "Nothing was posted; run again later.") from None

    def _try_to_post(self, text: str) -> Post:
        try:
            for pause in RESEND_AFTER:
                try:
                    return self._api.create_post(text)
                except NotSent:
                    self._around.sleep(pause)
            return self._api.create_post(text)
        except NotPermitted as error:
            raise self._explained(error, text) from None

    def _explained(self, error: NotPermitted, text: str) -> TweetbotError:
        """Find the reason that X does not give: what is known here tells."""
        if missing := self.profile.token.missing_scopes:
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

    def _posted(self, pending: Pending, post_id: str | None, *, at: int | None = None) -> Posted:
        """Record that `pending` is live; nothing that fails from here on fails the run."""
        posted = Posted(id=post_id, at=at or self._now(), digest=pending.digest)
        usd = price(measure(pending.text))
        profile = replace(
            self.profile.with_post(posted).with_cursor(pending.source, pending.cursor),
            spend=self.profile.spend.in_month(_month(posted.at)).with_post(usd),
        )
        self.profile = profile  # true, written down or not
        try:
            self._save(profile)
        except TweetbotError as error:
            self._around.tell(f"Posted, but not written down; the next run settles it. {error}")
        return posted

    # -- an unclear answer ----------------------------------------------------------------------

    def _look_after(self, pending: Pending, lost: AnswerLost) -> Posted:
        """Look for a post whose answer was lost; raises `OutcomeUnknown` if it is not there."""
        why = "Looking is switched off."
        for pause in self._around.check_after:
            self._around.sleep(pause)
            try:
                found = self._look(pending)
            except TweetbotError as error:
                why = f"The timeline cannot be read: {error.happened}"
            else:
                if found:
                    return self._posted(pending, found.id)
                why = "It is not on the timeline yet."
        raise self._unknown(pending, f"{lost.happened} {why}", lost)

    def _settle(self, pending: Pending) -> Posted | None:
        """Find out what became of an earlier run's post; `None` if it is not live."""
        self._renew_if_due(pending)
        if not self._around.check_after:
            self._let_go(pending)
            return None
        age = self._now() - pending.at
        pause = self._around.check_after[-1]
        if 0 <= age < pause:
            self._around.sleep(pause - age)
        try:
            found = self._look(pending)
        except TokenNotSaved:
            raise  # more urgent than an old post
        except TweetbotError as error:
            if age < UNREADABLE_FOR:
                why = f"The timeline cannot be read, so nothing was posted now: {error}"
                raise self._unknown(pending, why, error) from None
            self._let_go(pending)
            return None
        if found:
            self._around.tell(f"The post of {_clock(pending.at)} was posted after all.")
            return self._posted(pending, found.id, at=pending.at)
        self._around.tell(
            f"The post of {_clock(pending.at)} did not go out and was not sent again:"
            f" {pending.text}"
        )
        self._unsettled = pending
        self._save(replace(self.profile, pending=None))
        return None

    def _let_go(self, pending: Pending) -> None:
        """Stop asking about a post that nobody could look up; it is not sent again."""
        self._around.tell(
            f"Whether the post of {_clock(pending.at)} is live could not be found out; it was not"
            f" sent again: {pending.text}"
        )
        self._unsettled = pending
        posted = Posted(id=None, at=pending.at, digest=pending.digest)
        profile = self.profile.with_post(posted)
        self._save(profile.with_cursor(pending.source, pending.cursor))

    def _is_late(self, pending: Pending) -> bool:
        """Whether X's "duplicate" is about an attempt that was thought not to be live."""
        return self._unsettled is not None and self._unsettled.digest == pending.digest

    def _late_duplicate(self, pending: Pending) -> Posted:
        found = None
        with suppress(TweetbotError):
            found = self._look(self._unsettled or pending)
        self._around.tell("X has this text already: the earlier attempt was posted after all.")
        return self._posted(pending, found.id if found else None)

    def _look(self, pending: Pending) -> Post | None:
        """Look for `pending` among the account's newest posts (billed; docs.x.com, pricing)."""
        try:
            timeline = self._timeline()
        except AccessTokenRefused:
            if self._token_requests >= TOKEN_REQUESTS:
                raise
            self._renew(self.profile.pending)
            timeline = self._timeline()
        # The post's time is X's; so the attempt's is moved from our clock to X's.
        skew = timeline.date - self._now() if timeline.date else 0
        since = pending.at + skew - CLOCK_SLACK
        known = {posted.id for posted in self.profile.posts}
        return next(
            (
                post
                for post in timeline.posts
                if post.at >= since and post.id not in known and post.has_text(pending.text)
            ),
            None,
        )

    def _timeline(self) -> Timeline:
        if self.profile.account is None:
            self.profile = replace(self.profile, account=self._api.me())
        assert self.profile.account is not None
        return self._api.timeline(self.profile.account.id)

    def _unknown(self, pending: Pending, why: str, cause: TweetbotError) -> OutcomeUnknown:
        return OutcomeUnknown(
            f"Whether the post of {_clock(pending.at)} is live is not known: {why}",
            f'It was not sent again: "{_short(pending.text)}". Look at {self._address()};'
            " the next run settles it.",
            x=cause.x,
        )

    # -- small things ---------------------------------------------------------------------------

    @property
    def _api(self) -> XApi:
        return XApi(
            self._transport,
            api_url=self.profile.client.api_url,
            access_token=self.profile.token.access_token,
            now=self._around.now,
        )

    def _save(self, profile: Profile) -> None:
        self._store.save(profile)
        self.profile = profile

    def _now(self) -> int:
        return int(self._around.now())

    def _posted_already(self, draft: Draft) -> Posted | None:
        now = self._now()
        same = [
            posted
            for posted in self.profile.posts
            if posted.id and posted.digest == draft.digest and 0 <= now - posted.at < SAME_TEXT_FOR
        ]
        return same[-1] if same else None

    def _outcome(self, text: str, posted: Posted, *, already_posted: bool = False) -> Outcome:
        account = self.profile.account
        measured = measure(text)
        return Outcome(
            id=posted.id,
            username=account.username if account else None,
            text=text,
            posted_at=posted.at,
            usd=0.0 if already_posted else price(measured),
            links=measured.links,
            renewed=self._renewed,
            already_posted=already_posted,
        )

    def _address(self) -> str:
        account = self.profile.account
        return f"https://x.com/{account.username}" if account else "https://x.com"


def _clock(at: int) -> str:
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def _month(at: int) -> str:
    return time.strftime("%Y-%m", time.gmtime(at))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 60 else line[:60] + "…"
