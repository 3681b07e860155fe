"""A post before it is sent: checked and measured once, where its text comes in.

Nobody further in asks `text` about it again: its weight, its links, its price and its digest
travel with it, and so does the reason why it cannot be posted, if there is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from tweetbot import text as texts
from tweetbot.errors import TextRefused
from tweetbot.profile import digest
from tweetbot.text import Entity, Measure


@dataclass(frozen=True)
class Terms:
    """What a text is held to; `links` is False where one would be too dear."""

    limit: int = texts.LIMIT
    links: bool = True


USUAL = Terms()


@dataclass(frozen=True)
class Part:
    """One post of a draft; `refused` says why it can never be posted."""

    text: str
    measure: Measure
    refused: TextRefused | None = None


@dataclass(frozen=True)
class Draft:
    """What one run is to post, part by part.

    `source` and `cursor` say which list it came from and where that stands once it is used;
    both are `None` for a text given directly.
    """

    parts: tuple[Part, ...]
    source: str | None = None
    cursor: Any = None

    @classmethod
    def of(
        cls,
        text: str,
        terms: Terms = USUAL,
        *,
        source: str | None = None,
        cursor: Any = None,
        refused: TextRefused | None = None,
    ) -> Self:
        """Make a draft of a text: the one place where a text is measured.

        `refused` is a reason that was found already; what X would refuse is found here.
        """
        measured = texts.measure(text, limit=terms.limit)
        if not refused:
            try:
                texts.check(text, measured, links=terms.links)
            except TextRefused as error:
                refused = error
        return cls((Part(text, measured, refused),), source, cursor)

    @property
    def text(self) -> str:
        """The text of its first part."""
        return self.parts[0].text

    @property
    def digest(self) -> str:
        """Name what it says."""
        return digest(self.text)

    @property
    def usd(self) -> float:
        """What X is going to charge, estimated, in US dollars."""
        return sum(texts.price(part.measure) for part in self.parts)

    @property
    def links(self) -> tuple[Entity, ...]:
        """What X makes a link of."""
        return tuple(link for part in self.parts for link in part.measure.links)

    @property
    def refused(self) -> TextRefused | None:
        """Why it can never be posted, if that is so."""
        return next((part.refused for part in self.parts if part.refused), None)
