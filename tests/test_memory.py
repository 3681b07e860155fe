"""Whose memory counts where two documents of a bot meet: a table."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tweetbot.profile import Client, Moved, Pending, Posted, Profile, Spend, Token, together

NOW = 1_790_000_000
CLIENT = Client(client_id="c", redirect_uri="http://127.0.0.1/", api_url="https://a")
MOVED = Moved(at=NOW - 5)


def side(
    name: str,
    *last_posts: int,
    pending: int | None = None,
    moved: Moved | None = None,
    spend: Spend | None = None,
) -> Profile:
    """One side, known by its cursors."""
    return Profile(
        client=CLIENT,
        token=Token(access_token="a", refresh_token=name),
        cursors={"name": name},
        posts=tuple(Posted(id=None, at=at, digest=name) for at in last_posts),
        pending=None if pending is None else Pending(text=name, digest=f"p{name}", at=pending),
        moved=moved,
        spend=spend or Spend(),
    )


@pytest.mark.parametrize(
    ("here", "there", "kept"),
    [
        (side("here", NOW - 9), side("there", NOW - 8), "there"),
        (side("here", NOW - 8), side("there", NOW - 9), "here"),
        (side("here", NOW - 8), side("there"), "here"),
        (side("here", NOW - 9, pending=NOW - 7), side("there", NOW - 8), "there"),
        # neither has posted since
        (side("here", NOW - 9), side("there", NOW - 9), "here"),
        (side("here", NOW - 9, moved=MOVED), side("there", NOW - 9), "there"),
        (side("here", NOW - 9), side("there", NOW - 9, pending=NOW - 8), "there"),
        (side("here", pending=NOW - 8, moved=MOVED), side("there"), "here"),
        (side("here", pending=NOW - 8), side("there", pending=NOW - 7), "there"),
        # a time that lies ahead
        (side("here", NOW - 8), side("there", NOW - 9, NOW + 9**9), "here"),
        (side("here", NOW - 9), side("there", NOW + 60), "there"),
    ],
)
def test_the_side_that_posted_last_is_kept(here: Profile, there: Profile, kept: str) -> None:
    assert together(here, there, now=NOW).profile.cursors == {"name": kept}


def test_a_thread_that_waits_for_its_next_post_is_kept_where_neither_has_posted_since() -> None:
    here = side("here", NOW - 9, moved=MOVED)
    thread = replace(here, pending=Pending(text="2", digest="t", done=("1",)))
    assert together(thread, side("there", NOW - 9), now=NOW).profile.pending == thread.pending


@pytest.mark.parametrize("kept", ["here", "there"])
def test_at_a_clock_of_1970_the_later_post_counts_all_the_same(kept: str) -> None:
    later = {"here": NOW - 9, "there": NOW - 9, kept: NOW - 8}
    both = together(side("here", later["here"]), side("there", later["there"]), now=60)
    assert both.profile.cursors == {"name": kept}


def test_what_is_pending_is_lost_only_if_the_other_side_cannot_know_its_end() -> None:
    here = side("here", NOW - 9, pending=NOW - 8)
    assert together(here, side("there", NOW - 7), now=NOW).lost is None
    open_here = side("here", NOW - 9, pending=NOW - 2)
    assert together(open_here, side("there", NOW - 7), now=NOW).lost == open_here.pending
    found = Posted(id="1", at=NOW - 3, digest="phere")
    settled = replace(side("there", NOW - 7), posts=(found,))
    assert together(open_here, settled, now=NOW).lost is None


NOV, DEC = Spend(month="2026-11", posts=9, usd=0.9), Spend(month="2026-12", posts=1, usd=0.1)


@pytest.mark.parametrize(
    ("here", "there", "kept"),
    [
        (NOV, replace(NOV, posts=1, usd=0.1), NOV),
        (replace(NOV, posts=1, usd=0.1), NOV, NOV),
        (NOV, DEC, DEC),
        (DEC, NOV, DEC),
        (replace(NOV, budget_usd=5.0), DEC, replace(DEC, budget_usd=5.0)),
        (replace(NOV, budget_usd=5.0), replace(DEC, budget_usd=7.0), replace(DEC, budget_usd=7.0)),
    ],
)
def test_the_later_months_spend_is_kept_or_the_larger(
    here: Spend, there: Spend, kept: Spend
) -> None:
    both = together(side("here", spend=here), side("there", spend=there), now=NOW)
    assert both.profile.spend == kept
