"""`post` and `renew`: one run, from the lock to the post's URL.

The order of steps is the product. Each one is there because a run can die between any two of
them (`session.py` has those of the login, `settling.py` those of an unclear answer):

    lock, load
    whose account?         asked where X did not say it at the login
    something pending?     renew if due, settle it: was it posted after all?
    posted already?        the same text within six hours: nothing to do
    token due?             prove that the save will succeed, then refresh
    save                   the new token and the intent (`pending`) in one write
    upload                 what goes with it, and its alt texts; then the intent
    post                   once
    save                   the outcome
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tweetbot.draft import LAST, Draft, Part, Target
from tweetbot.errors import ConfigurationError, LoginNeeded, Temporary, TextRefused
from tweetbot.posting import sending, settling
from tweetbot.posting.account import make_sure_whose
from tweetbot.posting.context import Context
from tweetbot.posting.outcome import Outcome
from tweetbot.posting.passing import Passing
from tweetbot.posting.sending import Sending
from tweetbot.posting.session import LONGEST_RENEWAL, Session, session
from tweetbot.posting.waiting import Uploads, ids_of, part_of, waiting_parts
from tweetbot.posting.words import minute, one_line
from tweetbot.profile import CLOCKS_DIFFER_BY, Pending, Posted, Profile
from tweetbot.sources import Nothing, Source
from tweetbot.store import Store, find
from tweetbot.values import dataclass
from tweetbot.x import Transport

MENDED_BY_RENEWAL = (ConfigurationError.code, LoginNeeded.code, Temporary.code)


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
    min_gap: float | None = None,
) -> Outcome:
    """Post the next draft of `source` once, renewing the login on the way if that is due.

    With `again`, a text that was posted within the last six hours is posted all the same. With
    `min_gap`, nothing is posted within so many seconds of the last post. Raises the errors of
    `tweetbot.errors`; each is recorded in the profile as `last_error`.
    """
    if min_gap and (early := _too_early(store, context, min_gap)):
        return early
    with session(store, transport, context, lasting=longest(context) + source.lasting) as held:
        return _Run(held).post(source, again=again, min_gap=min_gap)


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
    """Return how many seconds a run may wait for X between two saves: its deadlines and pauses."""
    return LONGEST_RENEWAL + sending.longest(context) + settling.longest(context)


def _too_early(store: Store, context: Context, min_gap: float) -> Outcome | None:
    """Look without a lock: nobody is asked where the last post is young and nothing is pending."""
    profile = find(store)
    if profile is None or profile.pending:
        return None
    last = young_post(profile, min_gap, context.now())
    return too_early(last) if last else None


def young_post(profile: Profile, min_gap: float, now: float) -> Posted | None:
    """Return the last post if it is younger than that; one far in the future proves nothing."""
    last = profile.posts[-1] if profile.posts else None
    return last if last and -CLOCKS_DIFFER_BY <= now - last.at < min_gap else None


def too_early(last: Posted) -> Outcome:
    """Say that the last post is too young for another one."""
    said = f"Too early, nothing was sent: the last post is of {minute(last.at)}."
    return Outcome(None, None, None, last.at, reason="too-early", said=said)


class _Run:
    """One run of `post` under the lock."""

    def __init__(self, held: Session) -> None:
        self._session = held
        self._context = held.context
        self._told: set[str] = set()
        self._attempt: Pending | None = None  # an earlier post, thought not to be live

    def post(self, source: Source, *, again: bool, min_gap: float | None) -> Outcome:
        make_sure_whose(self._session)
        earlier = self._settle_earlier()
        if earlier and source.is_called(earlier.draft.source):
            return self._outcome(earlier.draft, earlier.posted, already_posted=True)
        if min_gap and (last := young_post(self._session.profile, min_gap, self._session.time())):
            return too_early(last)
        return self._post_next(source, earlier, again=again)

    def _post_next(
        self, source: Source, earlier: settling.Settled | None, *, again: bool
    ) -> Outcome:
        """Post the next draft that can be posted; what can never be is passed over."""
        passing = Passing(self._session)
        profile = self._session.profile
        self._session.profile = replace(profile, cursors=source.adopt(profile.cursors))
        while True:
            found = source.draft(self._session.profile.cursors.get(source.key or ""))
            if isinstance(found, Nothing):
                if passing.count:
                    raise passing.nothing_else()
                return self._nothing(source, found)
            passing.check_goes_on(found)
            for note in found.notes:
                self._tell_once(note)
            try:
                outcome = self._post_draft(found, earlier, again=again)
            except TextRefused as refused:
                passing.over(found, refused)
            else:
                return replace(outcome, passed_over=passing.count)

    def _tell_once(self, note: str) -> None:
        if note not in self._told:
            self._told.add(note)
            self._context.tell(one_line(note))

    def _nothing(self, source: Source, found: Nothing) -> Outcome:
        if found.is_the_job:
            cursor = found.cursor
            self._session.check_still_ours()  # to look at a feed may take long
            self._session.record_run(source=None if cursor is None else source.key, cursor=cursor)
        return Outcome(None, None, None, None, reason=found.reason, said=found.said)

    def _post_draft(
        self, draft: Draft, earlier: settling.Settled | None, *, again: bool
    ) -> Outcome:
        if draft.reply_to:
            draft = self._answering(draft, draft.reply_to)
        if draft.refused:
            raise draft.refused
        if earlier and earlier.posted.digest == draft.digest:
            if draft.source:  # the item is live, too: another run must not offer it again
                self._session.record_run(source=draft.source, cursor=draft.cursor)
            return self._outcome(draft, earlier.posted, already_posted=True)
        already = None if again or draft.source else self._posted_lately(draft)
        if already:
            self._session.record_run()
            return self._outcome(draft, already, already_posted=True)
        self._session.spent().check(draft.usd)
        self._session.check_still_ours()
        uploads = self._upload(draft.parts)
        self._intend(draft, uploads)
        return self._outcome(draft, self._send(draft, uploads))

    def _settle_earlier(self) -> settling.Settled | None:
        """Settle what an earlier run left, and go on with its thread."""
        unsettled = self._session.profile.pending
        if not unsettled:
            return None
        earlier = settling.settle_earlier(self._session, unsettled)
        if isinstance(earlier, settling.Unfinished):
            return self._go_on(earlier)
        self._attempt = None if earlier else unsettled
        return earlier

    def _go_on(self, unfinished: settling.Unfinished) -> settling.Settled:
        session, pending = self._session, self._session.pending
        live = len(pending.done)
        self._context.tell(
            f"Going on with a thread: {live} of its posts {'is' if live == 1 else 'are'} live,"
            f" {len(pending.parts)} to come."
        )
        parts = _parts_of(pending)
        uploads = self._upload(parts)
        if any(uploads):
            waiting = waiting_parts(parts, uploads)
            pending = replace(pending, parts=waiting, media_keys=waiting[0].media_keys)
        session.save(replace(session.profile, pending=session.timed(pending)))
        posted = Sending(session, parts, ids_of(uploads), attempt=unfinished.attempt).send()
        return settling.Settled(posted, Draft(parts, pending.source, pending.cursor))

    def _upload(self, parts: Sequence[Part]) -> Uploads:
        """Upload what goes with the parts; the login is renewed and saved before."""
        if not any(part.media for part in parts):
            return ()
        from tweetbot.posting.uploads import upload  # late: few posts have a picture

        self._session.renew_if_due(self._session.profile.pending)
        uploads = upload(self._session, parts)
        self._session.check_still_ours()
        return uploads

    def _intend(self, draft: Draft, uploads: Uploads) -> None:
        """Save what is about to be sent, with the renewed login where it is due."""
        waiting = waiting_parts(draft.parts, uploads)
        pending = Pending(
            text=draft.parts[0].text,
            digest=draft.digest,
            source=draft.source,
            cursor=draft.cursor,
            parts=waiting if len(waiting) > 1 else (),
            reply_to=draft.reply_to.id if draft.reply_to else None,
            made_with_ai=draft.made_with_ai,
            paid_partnership=draft.paid_partnership,
            media_keys=waiting[0].media_keys,
        )
        pending = self._session.timed(pending)
        with self._session.intent(pending):
            if not self._session.renew_if_due(pending):
                self._session.save(replace(self._session.profile, pending=pending))

    def _send(self, draft: Draft, uploads: Uploads) -> Posted:
        attempt = self._attempt
        if attempt and attempt.digest != draft.digest:
            attempt = None
        return Sending(self._session, draft.parts, ids_of(uploads), attempt=attempt).send()

    # -- the draft ------------------------------------------------------------------------------

    def _answering(self, draft: Draft, target: Target) -> Draft:
        """Find what it answers: the newest post, or the one before if it is that very answer."""
        if target.id != LAST:
            from tweetbot.posting.deleting import check_own

            check_own(self._session.profile, target)
            return draft
        ids = [posted.all_ids[-1] for posted in self._session.profile.posts if posted.all_ids]
        if not ids:
            raise ConfigurationError(
                "There is no last post to answer: this bot remembers none.",
                "Name the post by its address or id: --reply-to URL.",
            )
        before = draft.answering(ids[-2]) if len(ids) > 1 else None
        if before and self._session.profile.posts[-1].digest == before.digest:
            return before
        return draft.answering(ids[-1])

    def _posted_lately(self, draft: Draft) -> Posted | None:
        return self._session.profile.posted_lately(draft.digest, now=int(self._session.time()))

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
            ids=posted.ids,
        )


def _parts_of(pending: Pending) -> tuple[Part, ...]:
    """Make the parts to come; raises `ConfigurationError` that says how to do without them."""
    try:
        return tuple(map(part_of, pending.parts))
    except ConfigurationError as error:
        raise ConfigurationError(
            f"The thread cannot go on: {error.happened}",
            "Put it back; or let the rest go by taking back the post before: `tweetbot delete"
            " last`.",
        ) from None
