"""`delete`: take an own post back; X's posts of a thread do not pull each other along."""

from __future__ import annotations

from dataclasses import replace

from tweetbot.draft import LAST, Target
from tweetbot.errors import AccessTokenRefused, AnswerLost, ConfigurationError
from tweetbot.money import PRICE_DELETE
from tweetbot.posting.account import make_sure_whose
from tweetbot.posting.context import Context
from tweetbot.posting.outcome import address
from tweetbot.posting.session import LONGEST_RENEWAL, Session, session
from tweetbot.posting.words import said
from tweetbot.profile import Posted, Profile
from tweetbot.store import Store
from tweetbot.values import dataclass
from tweetbot.x import DEADLINE, Transport

_TRIES = 2 * 3  # each of two may never leave twice


@dataclass(frozen=True)
class Deleted:
    """What was taken back, and its address; `was_gone` if it was not there any more."""

    id: str
    url: str
    was_gone: bool
    usd: float


def delete(store: Store, transport: Transport, target: Target, *, context: Context) -> Deleted:
    """Delete an own post (`DELETE /2/tweets/{id}`).

    The document forgets it, so that its text may be posted again. What is not yet live of a thread
    that it belongs to is let go. Raises the errors of `tweetbot.errors`.
    """
    lasting = LONGEST_RENEWAL + _TRIES * DEADLINE
    with session(store, transport, context, lasting=lasting) as held:
        make_sure_whose(held)
        try:
            named = _named(held.profile, target)
        except ConfigurationError as error:
            slip = error
        else:
            return _take_back(held, named)
    raise slip  # of a person, who hears it: it says nothing of the next run


def _named(profile: Profile, target: Target) -> str:
    check_own(profile, target)
    return _last(profile) if target.id == LAST else target.id


def _take_back(held: Session, post_id: str) -> Deleted:
    held.renew_if_due(held.profile.pending)
    was_there = _delete(held, post_id)
    usd = PRICE_DELETE if was_there else 0.0
    _let_go_of_its_thread(held, post_id)
    profile = _without(held.profile, post_id)
    held.save(replace(profile, spend=held.spent().with_cost(usd)))
    return Deleted(post_id, address(post_id, profile.username), not was_there, usd)


def check_own(profile: Profile, target: Target) -> None:
    """Raise `ConfigurationError` for a post whose address names another account."""
    account, author = profile.account, target.author
    if account is None or author is None or target.id in profile.known_ids:
        return
    if author.lower() != account.username.lower():
        raise ConfigurationError(
            f"That post is @{author}'s, and this bot is @{account.username}.",
            "X lets an app answer and delete the posts of its own account alone.",
        )


def _last(profile: Profile) -> str:
    done = profile.pending.done if profile.pending else ()
    ids = [*(post_id for posted in profile.posts for post_id in posted.all_ids), *done]
    if not ids:
        raise ConfigurationError(
            "There is no last post to delete: this bot remembers none.",
            "Name the post by its address or id.",
        )
    return ids[-1]


def _delete(held: Session, post_id: str) -> bool:
    """Delete it; once more after a lost answer or a 401, for it may be repeated."""
    try:
        return held.try_again(lambda: held.api.delete_post(post_id))
    except AnswerLost:
        pass
    except AccessTokenRefused:
        if not held.may_renew:
            raise
        held.renew(held.profile.pending)
    return held.try_again(lambda: held.api.delete_post(post_id))


def _let_go_of_its_thread(held: Session, post_id: str) -> None:
    pending = held.profile.pending
    if pending is None or post_id not in pending.done:
        return
    rest = "; ".join(said(part) for part in pending.parts)
    held.context.tell(f"The rest of its thread was let go: {rest}")
    held.end_thread()


def _without(profile: Profile, post_id: str) -> Profile:
    """Forget a post; what is left of its thread stays, under no text."""
    return replace(profile, posts=tuple(_left(profile.posts, post_id)))


def _left(posts: tuple[Posted, ...], post_id: str) -> list[Posted]:
    left = []
    for posted in posts:
        ids = tuple(one for one in posted.all_ids if one != post_id)
        if ids == posted.all_ids:
            left.append(posted)
        elif ids:
            left.append(replace(posted, id=ids[0], ids=ids if len(ids) > 1 else (), digest=""))
    return left
