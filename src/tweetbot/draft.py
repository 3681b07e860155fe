"""A post before it is sent: checked and measured once, where its text comes in.

Nobody further in asks `text` about it again: its weight, its links, its price and its digest
travel with it, and so does the reason why it cannot be posted, if there is one.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal, Self

from tweetbot import text as texts
from tweetbot.errors import TextRefused
from tweetbot.money import PRICE_ALT
from tweetbot.profile import digest
from tweetbot.text import Entity, Measure
from tweetbot.values import dataclass

BETWEEN_PARTS = "\n---\n"  # of a thread, as a person writes it


@dataclass(frozen=True)
class Terms:
    """What a text is held to; `links` and `mentions` are False where one is not wanted.

    With `fit`, a text that is too long is shortened.
    """

    limit: int = texts.LIMIT
    links: bool = True
    mentions: bool = True
    fit: bool = False


USUAL = Terms()


@dataclass(frozen=True)
class Poll:
    """A poll under a post; how long it takes is in minutes."""

    options: tuple[str, ...]
    minutes: int


MB = 1_000_000  # bytes
Kind = Literal["picture", "GIF", "video"]


@dataclass(frozen=True)
class Media:
    """A file that goes with a post; its bytes are read when they are uploaded.

    `size` is in bytes. `alt` is its description for those who cannot see it, empty where that is
    left out. `content` is the SHA-256 of the file, empty where nobody has read all of it.
    """

    path: str
    media_type: str
    size: int
    alt: str = ""
    content: str = ""

    @property
    def kind(self) -> Kind:
        """What a person calls it."""
        if self.media_type == "image/gif":
            return "GIF"
        return "video" if self.media_type.startswith("video/") else "picture"

    @property
    def size_in_words(self) -> str:
        """Its size as a person reads it."""
        if self.size >= MB / 10:
            return f"{self.size / MB:.1f} MB"
        return f"{self.size / 1_000:.1f} kB" if self.size >= 100 else f"{self.size} bytes"


LAST = "last"  # in place of the id of a post: the newest that the bot remembers


@dataclass(frozen=True)
class Target:
    """An own post that is answered or taken back; `author` is the handle in its address."""

    id: str
    author: str | None = None


@dataclass(frozen=True)
class Part:
    """One post of a draft; `refused` says why it can never be posted.

    `cut` is what was left out of the text that was given, to make it fit.
    """

    text: str
    measure: Measure
    refused: TextRefused | None = None
    poll: Poll | None = None
    cut: str = ""
    media: tuple[Media, ...] = ()

    @classmethod
    def of(
        cls,
        text: str,
        terms: Terms = USUAL,
        *,
        refused: TextRefused | None = None,
        media: tuple[Media, ...] = (),
    ) -> Self:
        """Measure a text and check it: the one place where that is done.

        `refused` is a reason that was found already. With `media` the text may be left out.
        """
        if media and texts.is_blank(text):
            text = ""
        measured, cut = texts.measure(text, limit=terms.limit), ""
        if terms.fit and measured.weighted_length > terms.limit:
            text, cut = texts.shorten(text, limit=terms.limit)
            measured = texts.measure(text, limit=terms.limit)
        if not refused and (text or not media):
            try:
                texts.check(text, measured, links=terms.links, mentions=terms.mentions)
            except TextRefused as error:
                refused = error
        return cls(text, measured, refused, cut=cut, media=media)

    @property
    def usd(self) -> float:
        """What X is going to charge for the post, estimated, in US dollars."""
        return texts.price(self.measure)

    @property
    def usd_before(self) -> float:
        """What X charges before it is posted: for alt texts. The price of an upload is unknown."""
        return sum(PRICE_ALT for media in self.media if media.alt)


@dataclass(frozen=True)
class Draft:
    """What one run is to post: one post, or the posts of a thread, each answering the one before.

    `source` and `cursor` say which list it came from and where that stands once it is used;
    both are `None` for a text given directly. `item` names it in its source. `reply_to` is the own
    post that the first part answers. `where` tells a person where it stands, as in "line 3 of
    facts.txt"; `notes` are lines that he should read.
    """

    parts: tuple[Part, ...]
    source: str | None = None
    cursor: Any = None
    reply_to: Target | None = None
    made_with_ai: bool = False
    paid_partnership: bool = False
    where: str = ""
    item: str = ""
    notes: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        text: str,
        terms: Terms = USUAL,
        *,
        source: str | None = None,
        cursor: Any = None,
        refused: TextRefused | None = None,
        media: tuple[Media, ...] = (),
    ) -> Self:
        """Make a draft of one text; `refused` is a reason that was found already."""
        return cls((Part.of(text, terms, refused=refused, media=media),), source, cursor)

    @property
    def text(self) -> str:
        """What it says; the parts of a thread as a person writes them."""
        return BETWEEN_PARTS.join(part.text for part in self.parts)

    @property
    def digest(self) -> str:
        """Name what it says: the text alone, or all that makes it another post than the text."""
        polls = [part.poll and [*part.poll.options, part.poll.minutes] for part in self.parts]
        if len(self.parts) == 1 and not any(polls) and self.reply_to is None and not self.media:
            return digest(self.text)
        parent = self.reply_to and self.reply_to.id
        says = [[part.text for part in self.parts], polls, parent]
        shown = [[[one.content or one.path, one.alt] for one in part.media] for part in self.parts]
        return digest(json.dumps([*says, shown] if self.media else says))

    @property
    def media(self) -> tuple[Media, ...]:
        """The files that go with it, those of all parts of a thread."""
        return tuple(media for part in self.parts for media in part.media)

    @property
    def usd(self) -> float:
        """What X is going to charge, estimated, in US dollars; of an upload nobody knows it."""
        return sum(part.usd + part.usd_before for part in self.parts)

    @property
    def links(self) -> tuple[Entity, ...]:
        """What X makes a link of."""
        return tuple(link for part in self.parts for link in part.measure.links)

    @property
    def refused(self) -> TextRefused | None:
        """Why it can never be posted, if that is so."""
        return next((part.refused for part in self.parts if part.refused), None)

    def answering(self, post_id: str) -> Draft:
        """Make it the answer to an own post."""
        return replace(self, reply_to=Target(post_id))


def thread(texts_of_parts: Sequence[str], terms: Terms = USUAL) -> tuple[Part, ...]:
    """Make the parts of a thread; what is wrong with one says which."""
    parts = [Part.of(text, terms) for text in texts_of_parts]
    return tuple(
        replace(part, refused=_of_part(part.refused, number)) if part.refused else part
        for number, part in enumerate(parts, start=1)
    )


def _of_part(refused: TextRefused, number: int) -> TextRefused:
    return TextRefused(f"Post {number} of the thread: {refused.happened}", refused.remedy)
