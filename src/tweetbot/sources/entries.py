"""One item of a feed, as it is read; pure."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from tweetbot.profile import item_name
from tweetbot.sources.links import without_scheme
from tweetbot.sources.markup import one_line, said, uncalled
from tweetbot.values import dataclass

_YEAR_10000 = 253_402_300_800  # UTC epoch seconds
NAMES = ("title", "link", "summary", "author", "date")  # that a template can have of a story


@dataclass(frozen=True)
class Markup:
    """What somebody wrote, in a language that is declared or has to be guessed."""

    text: str = ""
    is_html: bool = False

    @cached_property
    def said(self) -> str:
        """What it says, as text."""
        return said(self.text, is_html=self.is_html)


NOTHING = Markup()


@dataclass(frozen=True)
class Entry:
    """One item; `key` is what it is known by, `at` its date (UTC epoch seconds), if it has one.

    A line of text is `text`. An object's line has its keys in `row`. All others tell a story.
    """

    key: str
    at: float | None = None
    title: Markup = NOTHING
    summary: Markup = NOTHING
    author: Markup = NOTHING
    link: str = ""
    text: str | None = None
    row: Mapping[str, Any] | None = None

    @cached_property
    def name(self) -> str:
        """What the profile remembers it by."""
        return item_name(self.key)

    @cached_property
    def values(self) -> Mapping[str, str]:
        """What a template can name; where there is no title, the summary serves."""
        if self.row is not None:
            return {name: uncalled(_written(value)) for name, value in self.row.items()}
        if self.text is not None:
            return {}
        title = self.title.said or self.summary.said
        return {
            "title": one_line(title),
            "link": self.link,
            "summary": self.summary.said,
            "author": one_line(self.author.said),
            "date": "" if self.at is None else time.strftime("%Y-%m-%d", time.gmtime(self.at)),
        }

    @property
    def searched(self) -> tuple[str, ...]:
        """The texts in one of which an expression has to be found."""
        if self.text is not None:
            return (self.text,)
        if self.row is None:
            return self.title.said, self.summary.said
        return tuple(_written(value) for value in self.row.values())

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing in it that could be posted."""
        if self.row is not None or self.text is not None:
            return False
        return not (self.link or self.title.said or self.summary.said)


def known_by(*keys: str, content: Iterable[str]) -> str:
    """Return what identifies an item: the first of its keys that is not empty, else its content.

    An address is the same where a site has moved from http to https.
    """
    for key in keys:
        if key.strip():
            return without_scheme(key.strip())
    return "\0".join(content)


def date_of(written: Any) -> float | None:
    """Read a date as JSON has it: RFC 3339, or epoch seconds (or milliseconds)."""
    if isinstance(written, int | float) and not isinstance(written, bool):
        date = written / 1000 if written > 10**11 else float(written)
        return date if 0 <= date < _YEAR_10000 else None
    try:
        return datetime.fromisoformat(str(written).strip()).timestamp()
    except (ValueError, OverflowError):
        return None


def _written(value: Any) -> str:
    """Write a value of JSON as a text has it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        value = int(value)
    if isinstance(value, list):
        return ", ".join(map(_written, value))
    return str(value) if not isinstance(value, dict) else ""
