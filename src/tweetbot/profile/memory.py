"""What a bot remembers, where two documents of it meet; pure.

Memory is never mixed: what is pending moves the cursors beside it, and no others. So it comes as a
whole from the side that posted last.
"""

from __future__ import annotations

import math
from dataclasses import replace

from tweetbot.foreign import one_line
from tweetbot.profile.posts import Pending
from tweetbot.profile.profile import Profile
from tweetbot.profile.spend import Spend
from tweetbot.values import dataclass

CLOCK_SLACK = 5 * 60  # seconds by which X's clock may be ahead of this machine's


@dataclass(frozen=True)
class Together:
    """The bot that two documents make; `lost` is pending on the side that nobody asks any more."""

    profile: Profile
    lost: Pending | None

    @property
    def lost_text(self) -> str:
        """The beginning of the text that is lost."""
        line = one_line(self.lost.text) if self.lost else ""
        return line if len(line) <= 60 else line[:60] + "…"


def together(current: Profile, imported: Profile, *, now: float) -> Together:
    """Return the imported login with what is remembered by the side that posted last.

    While nobody knows whose the login is, it has to belong to the bot that was here.
    """
    is_newer = _is_newer(imported, current, now=now)
    kept, dropped = (imported, current) if is_newer else (current, imported)
    profile = replace(
        imported,
        cursors=kept.cursors,
        posts=kept.posts,
        ran_at=kept.ran_at,
        pending=kept.pending,
        spend=_larger(current.spend, imported.spend),
        unknown={**dropped.unknown, **kept.unknown},
    )
    if profile.account is None:
        profile = replace(
            profile,
            expected=imported.expected or current.owner,
            replaced=imported.replaced or current.replaced_by(imported.client),
        )
    return Together(profile, _lost(dropped, kept))


def _is_newer(imported: Profile, current: Profile, *, now: float) -> bool:
    """Whether the imported side posted last; else the one that has the later post pending.

    A post in the future is no proof; unless all are: then it is our clock that is wrong.
    """
    times = [post.at for post in (*current.posts, *imported.posts)]
    latest = now + CLOCK_SLACK
    if times and min(times) > latest:
        latest = max(times)
    here, there = _last(current, latest), _last(imported, latest)
    # A moved profile has stood still: what comes back knows at least as much.
    return there > here or (there == here and current.moved is not None)


def _last(profile: Profile, latest: float) -> tuple[int, int]:
    posts = [post.at for post in profile.posts if post.at <= latest]
    pending = profile.pending
    return max(posts, default=0), (pending.at or 1) if pending else 0  # a thread waits without one


def _lost(dropped: Profile, kept: Profile) -> Pending | None:
    """Return what is pending on the one side, if the other cannot know its end."""
    pending = dropped.pending
    if pending is None or (kept.pending and kept.pending.digest == pending.digest):
        return None
    at = math.inf if pending.at is None else pending.at
    is_known = any(post.at >= at or post.digest == pending.digest for post in kept.posts)
    return None if is_known else pending


def _larger(here: Spend, there: Spend) -> Spend:
    """Return the later month's spend, of the same month the larger; a budget that one has stays."""
    other, larger = sorted((here, there), key=lambda spend: (spend.month, spend.usd))
    budget = other.budget_usd if larger.budget_usd is None else larger.budget_usd
    return replace(larger, budget_usd=budget)
