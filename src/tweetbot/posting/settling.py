"""A post whose answer was unclear: find out what became of it, and never send it again.

An unclear answer (a lost one, a 5xx, a success without an id) is never answered with a second
`POST /2/tweets`: X has no idempotency key. It stays `pending`; the account's own timeline tells,
in the same run or in the next one.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from tweetbot.draft import Draft
from tweetbot.errors import (
    AccessTokenRefused,
    AnswerLost,
    OutcomeUnknown,
    TokenNotSaved,
    TweetbotError,
)
from tweetbot.posting.session import TOKEN_REQUESTS, Context, Session, clock, one_line, short
from tweetbot.profile import Pending, Posted
from tweetbot.x import DEADLINE, Post, Timeline

UNREADABLE_FOR = 24 * 3600  # seconds after which a post that nobody could look up is let go
CLOCK_SLACK = 5 * 60  # seconds by which X's clock and its ids may disagree


def longest(context: Context) -> float:
    """Return how many seconds a run may spend on unclear answers: an earlier one and its own."""
    pauses = context.check_after
    looks = 1 + max(len(pauses), 1)
    once = 1 + TOKEN_REQUESTS  # whose account it is; and what is asked again after a renewal
    return sum(pauses) + max(pauses, default=0) + (looks + once) * DEADLINE


@dataclass(frozen=True)
class Settled:
    """An earlier run's post that is live, and the draft that it was."""

    posted: Posted
    draft: Draft


def find_out(session: Session, pending: Pending, lost: AnswerLost, *, usd: float) -> Posted:
    """Look for a post whose answer was just lost; raises `OutcomeUnknown` if it is not there."""
    why = "Looking is switched off."
    for pause in session.context.check_after:
        session.context.sleep(pause)
        try:
            found = _look(session, pending)
        except TweetbotError as error:
            why = f"The timeline cannot be read: {error.happened}"
        else:
            if found:
                return session.record_post(pending, found.id, usd=usd)
            why = "It is not on the timeline yet."
    raise _unknown(session, pending, f"{lost.happened} {why}", lost)


def settle_earlier(session: Session, pending: Pending) -> Settled | None:
    """Find out what became of an earlier run's post; `None` if it is not known to be live.

    Raises `OutcomeUnknown` while the timeline cannot be read, for a day.
    """
    session.renew_if_due(pending)
    context = session.context
    if not context.check_after:
        _let_go(session, pending)
        return None
    age = session.now() - pending.at
    pause = context.check_after[-1]
    if 0 <= age < pause:
        context.sleep(pause - age)
    try:
        found = _look(session, pending)
    except TokenNotSaved:
        raise  # more urgent than an old post
    except TweetbotError as error:
        if age < UNREADABLE_FOR:
            why = f"The timeline cannot be read, so nothing was posted now: {error}"
            raise _unknown(session, pending, why, error) from None
        _let_go(session, pending)
        return None
    if found:
        context.tell(f"The post of {clock(pending.at)} was posted after all.")
        earlier = Draft.of(pending.text, source=pending.source, cursor=pending.cursor)
        return Settled(
            session.record_post(pending, found.id, usd=earlier.usd, at=pending.at), earlier
        )
    context.tell(
        f"The post of {clock(pending.at)} did not go out and was not sent again:"
        f" {one_line(pending.text)}"
    )
    session.save(replace(session.profile, pending=None))
    return None


def record_duplicate(session: Session, pending: Pending, *, attempt: Pending, usd: float) -> Posted:
    """Record `pending` as live: X has its text, from `attempt`, which did not seem to be live."""
    found = None
    with suppress(TweetbotError):
        found = _look(session, attempt)
    session.context.tell("X has this text already: the earlier attempt was posted after all.")
    return session.record_post(pending, found.id if found else None, usd=usd)


def _let_go(session: Session, pending: Pending) -> None:
    """Stop asking about a post that nobody could look up; it is not sent again."""
    session.context.tell(
        f"Whether the post of {clock(pending.at)} is live could not be found out; it was not"
        f" sent again: {one_line(pending.text)}"
    )
    posted = Posted(id=None, at=pending.at, digest=pending.digest)
    profile = session.profile.with_post(posted)
    session.save(profile.with_cursor(pending.source, pending.cursor))


def _look(session: Session, pending: Pending) -> Post | None:
    """Look for `pending` among the account's newest posts (billed; docs.x.com, pricing)."""
    try:
        timeline = _timeline(session)
    except AccessTokenRefused:
        if not session.may_renew:
            raise
        session.renew(session.profile.pending)
        timeline = _timeline(session)
    # The post's time is X's; so the attempt's is moved from our clock to X's.
    skew = timeline.date - session.now() if timeline.date else 0
    since = pending.at + skew - CLOCK_SLACK
    known = {posted.id for posted in session.profile.posts}
    return next(
        (
            post
            for post in timeline.posts
            if post.at >= since and post.id not in known and post.has_text(pending.text)
        ),
        None,
    )


def _timeline(session: Session) -> Timeline:
    account = session.profile.account
    if account is None:
        account = session.api.me()
        session.profile = replace(session.profile, account=account)
    return session.api.timeline(account.id)


def _unknown(session: Session, pending: Pending, why: str, cause: TweetbotError) -> OutcomeUnknown:
    account = session.profile.account
    address = f"https://x.com/{account.username}" if account else "https://x.com"
    return OutcomeUnknown(
        f"Whether the post of {clock(pending.at)} is live is not known: {why}",
        f'It was not sent again: "{short(pending.text)}". Look at {address};'
        " the next run settles it.",
        x=cause.x,
    )
