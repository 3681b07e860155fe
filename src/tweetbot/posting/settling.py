"""A post whose answer was unclear: find out what became of it, and never send it again.

An unclear answer (a lost one, a 5xx, a success without an id) is never answered with a second
`POST /2/tweets`: X has no idempotency key. It stays `pending`; the account's own timeline tells,
in the same run or in the next one.

"Not there" has to be proven: by a page that reaches back to the attempt, whose links X explains,
and not before every request that may still be on its way has ended.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

from tweetbot.draft import Draft
from tweetbot.errors import (
    AccessTokenRefused,
    AnswerLost,
    LoginNeeded,
    OutcomeUnknown,
    Temporary,
    TokenNotSaved,
    TweetbotError,
)
from tweetbot.posting.context import Context
from tweetbot.posting.record import INTENT_FOR
from tweetbot.posting.session import TOKEN_REQUESTS, Session
from tweetbot.posting.words import clock, said, short
from tweetbot.profile import Pending, Posted
from tweetbot.values import dataclass
from tweetbot.x import DEADLINE, POST_DEADLINE, Post, Timeline, id_time

UNREADABLE_FOR = 24 * 3600  # seconds after which a post that nobody could look up is let go
CLOCK_SLACK = 5 * 60  # seconds by which X's clock and its ids may disagree
ON_ITS_WAY = INTENT_FOR + POST_DEADLINE  # seconds after an intent in which its POST may arrive
_FIRST_POSTS = 1_767_225_600  # 2026: an attempt before it was made by a clock that had not been set


def longest(context: Context) -> float:
    """Return how many seconds a run may spend on unclear answers: an earlier one and its own."""
    pauses = context.check_after
    looks = 2 * (2 + max(len(pauses), 1))  # each in two spellings
    once = 1 + TOKEN_REQUESTS  # whose account it is; and what is asked again after a renewal
    waits = 2 * max(ON_ITS_WAY, *pauses, 0)
    return sum(pauses) + waits + (looks + once) * DEADLINE


@dataclass(frozen=True)
class Settled:
    """An earlier run's post that is live, and the draft that it was."""

    posted: Posted
    draft: Draft


@dataclass(frozen=True)
class Unfinished:
    """An earlier run's thread, with some posts live and some to come.

    `attempt` is a try at the next one, which does not seem to be live.
    """

    attempt: Pending | None = None


def find_out(session: Session, lost: AnswerLost) -> Post:
    """Look for a post whose answer was just lost; raises `OutcomeUnknown` if it is not there."""
    pending = session.pending
    why = "Looking is switched off."
    for pause in session.context.check_after:
        session.context.sleep(pause)
        try:
            found = _look(session, pending)
        except TweetbotError as error:
            why = f"The timeline cannot be read: {error.happened}"
        else:
            if found:
                return found
            why = "It is not on the timeline yet."
    session.profile = replace(session.profile, pending=session.by_x_clock(pending))
    raise _unknown(session, pending, f"{lost.happened} {why}", lost)


def settle_earlier(session: Session, pending: Pending) -> Settled | Unfinished | None:
    """Find out what became of an earlier run's post; `None` if it is not known to be live.

    Raises `OutcomeUnknown` while the timeline cannot be read, for a day.
    """
    session.renew_if_due(pending)
    if pending.at is None:
        return Unfinished()
    if not session.context.check_after:
        _let_go(session, pending)
        return None
    _wait_for_its_request(session, pending)
    pending = replace(pending, own_at=None)  # old enough by now, whatever that clock said
    try:
        found = _look(session, pending)
        if found is None and _wait_for_its_request(session, pending):
            found = _look(session, pending)  # our clock was ahead: X's has told so by now
    except (TokenNotSaved, LoginNeeded):
        raise  # more urgent than an old post; or only a person can go on
    except TweetbotError as error:
        _not_found_out(session, pending, error)
        return None
    if found:
        return _settled(session, pending, found)
    if pending.done:
        return Unfinished(pending)
    session.context.tell(
        f"The post of {_when(pending)} did not go out and was not sent again: {_whole(pending)}"
    )
    session.save(replace(session.profile, pending=None))
    return None


def find_duplicate(session: Session, attempt: Pending) -> tuple[str | None, float]:
    """Look once more for a text that X has already, from an attempt that did not seem to be live.

    Returns its id, if X tells it, and when X made it.
    """
    found = None
    with suppress(TweetbotError):
        found = _look(session, attempt)
    session.context.tell("X has this text already: the earlier attempt was posted after all.")
    return (found.id, found.at) if found else (None, session.time())


def _settled(session: Session, pending: Pending, found: Post) -> Settled | Unfinished:
    """Record a post that was found; of a thread there may be more to come."""
    session.context.tell(f"The post of {clock(found.at)} was posted after all.")
    earlier = Draft.of(pending.text, source=pending.source, cursor=pending.cursor)
    if len(pending.parts) > 1:
        session.pause_after(found.id, usd=earlier.usd, at=found.at)
        return Unfinished()
    posted = session.record_post(pending, found.id, usd=earlier.usd, at=found.at)
    return Settled(posted, earlier)


def _wait_for_its_request(session: Session, pending: Pending) -> bool:
    """Wait until no request of the attempt can be on its way: it may be another host's.

    Says whether that took time.
    """
    wait = max(ON_ITS_WAY, session.context.check_after[-1])
    age = 0.0 if pending.is_of_unknown_age else session.time() - (pending.at or 0)
    if age < wait:  # an attempt in the future says nothing: all of it is waited
        session.context.sleep(min(wait, wait - age))
        session.check_unchanged()
    return age < wait


def _not_found_out(session: Session, pending: Pending, error: TweetbotError) -> None:
    """Let the attempt go if nobody could look it up for a day; else raise `OutcomeUnknown`."""
    now = session.x_now()
    if now is not None:
        since = pending.at if _is_plausible(session, pending, now) else pending.found_at
        if since is not None and now - since >= UNREADABLE_FOR:
            _let_go(session, pending)
            return
        if pending.found_at is None:
            noted = replace(session.profile.pending or pending, found_at=int(now))
            session.profile = replace(session.profile, pending=noted)
    why = f"The timeline cannot be read, so nothing was posted now: {error}"
    raise _unknown(session, pending, why, error) from None


def _let_go(session: Session, pending: Pending) -> None:
    """Stop asking about a post that nobody could look up; it is not sent again.

    It may be live, so it counts against the budget.
    """
    rest = "".join(f"; {said(part)}" for part in pending.parts[1:])
    session.context.tell(
        f"Whether the post of {_when(pending)} is live could not be found out; it was not"
        f" sent again: {said(pending)}{rest}"
    )
    session.let_go(pending, usd=Draft.of(pending.text).usd)


# -- the timeline --------------------------------------------------------------------------------


def _look(session: Session, pending: Pending) -> Post | None:
    """Look for `pending` among the account's newest posts (billed; docs.x.com, pricing).

    Raises `Temporary` where a page without it is no proof.
    """
    try:
        timeline = _timeline(session, pending)
    except AccessTokenRefused:
        if not session.may_renew:
            raise
        session.renew(session.profile.pending)
        timeline = _timeline(session, pending)
    since = _not_before(session, session.by_x_clock(pending))
    known = session.profile.known_ids
    posts = [
        post
        for post in timeline.posts
        if post.at >= since
        and post.id not in known
        and (pending.parent is None or post.parent == pending.parent)
    ]
    for post in posts:
        if _is_it(post, pending):
            return post
    if any(_may_be_it(post, pending) for post in posts):
        raise Temporary("X does not say what one of the newest posts links to, or shows.")
    if not timeline.reaches_back_to(since):
        raise Temporary(f"The newest {len(timeline.posts)} posts do not reach back to the attempt.")
    return None


def _is_it(post: Post, pending: Pending) -> bool:
    """Whether it is the post: by its text; without a text by what it shows."""
    if pending.text:
        return post.has_text(pending.text)
    return post.has_media(pending.media_keys)


def _may_be_it(post: Post, pending: Pending) -> bool:
    return post.may_have_text(pending.text) if pending.text else post.may_have_media


def _timeline(session: Session, pending: Pending) -> Timeline:
    account = session.profile.account
    if account is None:
        raise LookupError("a run begins by asking whose account it is")
    # A time goes out only where X's clock has vouched for it in this run.
    since = None if session.x_now() is None else _not_before(session, session.by_x_clock(pending))
    with_parents = pending.parent is not None
    return session.api.timeline(account.id, since=since or None, with_parents=with_parents)


def _not_before(session: Session, pending: Pending) -> float:
    """Return the time, by X's clock, before which X cannot have made the post; 0 if none is known.

    An attempt that lies in the future was timed by a wrong clock; then the newest post that is
    known, which came before it, tells.
    """
    if _is_plausible(session, pending, session.time()):
        return (pending.at or 0) - CLOCK_SLACK
    return _newest_known(session)


def _is_plausible(session: Session, pending: Pending, now: float) -> bool:
    """Whether the attempt's time can be true: after what came before it, and not in the future."""
    earliest = max(_newest_known(session), _FIRST_POSTS) - CLOCK_SLACK
    return pending.at is not None and earliest <= pending.at <= now + CLOCK_SLACK


def _newest_known(session: Session) -> float:
    return max(map(id_time, session.profile.known_ids), default=0.0)


def _unknown(session: Session, pending: Pending, why: str, cause: TweetbotError) -> OutcomeUnknown:
    account = session.profile.account
    address = f"https://x.com/{account.username}" if account else "https://x.com"
    return OutcomeUnknown(
        f"Whether the post of {_when(pending)} is live is not known: {why}",
        f'It was not sent again: "{short(said(pending))}". Look at {address};'
        " the next run settles it.",
        x=cause.x,
    )


def _when(pending: Pending) -> str:
    return clock(pending.at or 0)


def _whole(pending: Pending) -> str:
    """Return all that was to be posted."""
    return " --- ".join(map(said, pending.parts)) or said(pending)
