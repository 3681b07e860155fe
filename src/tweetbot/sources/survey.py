"""A look at a whole list: what it holds, what a round costs, and what can never be posted."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tweetbot.draft import Draft
from tweetbot.money import dollars
from tweetbot.sources.lists import List
from tweetbot.sources.source import Nothing
from tweetbot.values import dataclass

AHEAD = 3  # items that are shown
MOST_REFUSED = 5  # that a run passes over


@dataclass(frozen=True)
class Ahead:
    """The next drafts, and what the run passes over before the first; `nothing`: after them."""

    drafts: tuple[Draft, ...] = ()
    refused: tuple[Draft, ...] = ()
    nothing: Nothing | None = None


@dataclass(frozen=True)
class Survey:
    """What is known of a list; `ahead` is what comes next, as the profile stands.

    `comments` are lines that are none of its items; `hashtags` are lines that begin with # and are.
    `unused` are the keys of objects that make nothing of an item, and `notes` are what a run says.
    """

    shape: str
    items: int
    comments: int
    hashtags: int
    links: int
    usd: float
    unpostable: tuple[str, ...]
    unused: tuple[str, ...]
    ahead: Ahead
    notes: tuple[str, ...]

    @property
    def said(self) -> Iterator[str]:
        """Tell it, a line each."""
        counts = [_counted(self.items, "item"), _counted(self.comments, "comment")]
        yield f"The list is {self.shape}: {', '.join(filter(None, counts))}."
        if self.hashtags:
            begin = "line begins" if self.hashtags == 1 else "lines begin"
            yield f"{self.hashtags:,} {begin} with # and will be posted; a comment has a space."
        if self.unused:
            yield f"Keys that are not used: {', '.join(self.unused)}."
        with_links = f", {_counted(self.links, 'link')} among them" if self.links else ""
        yield f"A round costs about {dollars(self.usd)}{with_links}."


def surveyed(source: List, cursor: Any) -> Survey:
    """Look at every item of a list, once, and at what comes next after `cursor`."""
    ahead = _ahead(source, cursor)
    ready = {draft.item: draft for draft in (*ahead.drafts, *ahead.refused)}
    count = links = 0
    usd, unpostable = 0.0, []
    seen: set[str] = set()
    unused: dict[str, None] = {}
    for item in source.every_item():
        if isinstance(item.holds, dict) and source.making.template is None:
            from tweetbot.sources.list_json import unused as unused_of  # late: its reader's

            unused.update(dict.fromkeys(unused_of(item.holds)))
        made = ready.get(item.text) or source.drafted(item, {})
        count += 1
        if made.refused:
            unpostable.append(f"{made.where}: {made.refused.happened}")
        elif made.digest not in seen:
            usd += made.usd
            links += len(made.links)
            seen.add(made.digest)
    comments, hashtags = source.tally["comments"], source.tally["hashtags"]
    return Survey(
        source.shape.name,
        count,
        comments,
        hashtags,
        links,
        usd,
        tuple(unpostable),
        tuple(unused),
        ahead,
        source.notes(cursor),
    )


def _ahead(source: List, cursor: Any) -> Ahead:
    """Draw the next items, as a run does."""
    drafts: list[Draft] = []
    refused: list[Draft] = []
    seen: set[str] = set()
    while len(drafts) < AHEAD and len(refused) <= MOST_REFUSED:
        found = source.draft(cursor)
        if isinstance(found, Nothing):
            return Ahead(tuple(drafts), tuple(refused), found)
        if found.item in seen:
            break
        seen.add(found.item)
        if not found.refused:
            drafts.append(found)
        elif not drafts:
            refused.append(found)
        cursor = found.cursor
    return Ahead(tuple(drafts), tuple(refused))


def _counted(number: int, what: str) -> str:
    if not number:
        return "" if what != "item" else "no items"
    return f"{number:,} {what}" + ("" if number == 1 else "s")
