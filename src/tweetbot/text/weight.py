"""What X makes of a text: its weighted length, its links, mentions and cashtags, its price.

The rules are those of twitter-text (github.com/twitter/twitter-text, `config/v3.json` and the
grammar of its JavaScript edition; docs.x.com, fundamentals/counting-characters): the text in NFC,
a link 23, an emoji 2 however many code points it is made of, and of the rest the code points of
four ranges 1, all others 2.

One thing differs, on purpose: an emoji is recognised by its structure (Unicode TR 51 §1.4.9), not
by a table that knows none newer than itself. No loop and no expression goes back over more than
a word, so that the time grows with the length alone.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Literal

from tweetbot.money import PRICE_LINK, PRICE_POST
from tweetbot.text import names
from tweetbot.text.links import Span
from tweetbot.text.links import links as links_in
from tweetbot.values import dataclass

LIMIT = 280
LONG_LIMIT = 25_000  # for Premium accounts (docs.x.com changelog, 9 and 20 August 2024)
LINK_WEIGHT = 23
EMOJI_WEIGHT = 2


@dataclass(frozen=True)
class Entity:
    """A part of the text; `start` and `end` count code points of the text as it was given."""

    start: int
    end: int
    text: str


@dataclass(frozen=True)
class Measure:
    """What a text weighs, and what X finds in it.

    `fits` is the number of leading code points of the text, as given, that stay within `limit`;
    `valid` is twitter-text's verdict: not empty, not too long, no forbidden character.
    """

    weighted_length: int
    valid: bool
    links: tuple[Entity, ...]
    mentions: tuple[Entity, ...]
    cashtags: tuple[Entity, ...]
    limit: int
    fits: int


def measure(text: str, *, limit: int = LIMIT) -> Measure:
    """Weigh `text`, whatever is in it; the time grows with its length alone."""
    normal = unicodedata.normalize("NFC", text)
    places = _places(text, normal)
    links = links_in(normal)
    chunks = chunks_of(normal, links)
    weight = sum(chunk.weight for chunk in chunks)

    def as_given(spans: list[Span]) -> tuple[Entity, ...]:
        found = [(places[start], _end(places, end)) for start, end in spans]
        return tuple(Entity(start, end, text[start:end]) for start, end in found)

    return Measure(
        weighted_length=weight,
        valid=0 < weight <= limit and (text.isascii() or not re.search(_FORBIDDEN_BY_X, text)),
        links=as_given(links),
        mentions=as_given(names.outside(links, names.mentions(normal))),
        cashtags=as_given(names.outside(links, names.cashtags(normal))),
        limit=limit,
        fits=places[_fitting(normal, chunks, limit)],
    )


def price(measured: Measure) -> float:
    """Estimate what X charges for the post, in US dollars: a link makes it dearer."""
    return PRICE_LINK if measured.links else PRICE_POST


_FORBIDDEN_BY_X = "[\ufffe\ufeff\uffff]"

# All but the four ranges of config/v3.json; these code points weigh 2.
_DOUBLE = "[^\0-\u10ff\u2000-\u200d\u2010-\u201f\u2032-\u2037]"

_FLAG = "[\U0001f1e6-\U0001f1ff]{2}"
_KEYCAP = "[0-9#*]\ufe0f?\u20e3"
# The blocks that hold all of Extended_Pictographic (and symbols that weigh 2 in any case). Two of
# Latin-1 weigh 1 as characters and 2 as emoji, which takes the variation selector.
_PICTOGRAPH = (
    "(?:[\u203c\u2049\u2100-\u214f\u2190-\u23ff\u2460-\u27bf\u2900-\u297f\u2b00-\u2bff"
    "\u3030\u303d\u3297\u3299\U0001f000-\U0001f1e5\U0001f200-\U0001f3fa\U0001f400-\U0001faff"
    "\U0001fc00-\U0001fffd]"
    "\ufe0f?|[\xa9\xae]\ufe0f)"
)
_SKIN_TONE = "[\U0001f3fb-\U0001f3ff]"
_TAGS = "[\U000e0020-\U000e007e]++\U000e007f"
_ELEMENT = f"{_PICTOGRAPH}{_SKIN_TONE}?+(?:{_TAGS})?+"
_EMOJI = f"{_ELEMENT}(?:\u200d{_ELEMENT})*+|{_FLAG}|{_KEYCAP}"


@dataclass(frozen=True)
class Chunk:
    """A stretch that X counts as one, or a run of plain characters."""

    kind: Literal["link", "emoji", "plain"]
    start: int
    end: int
    weight: int


def chunks_of(text: str, links: list[Span]) -> list[Chunk]:
    """Cut a text (in NFC) into what X counts as one, and the rest."""
    chunks: list[Chunk] = []
    position = 0
    for start, end in links:
        chunks += _prose(text, position, start)
        chunks.append(Chunk("link", start, end, LINK_WEIGHT))
        position = end
    return [*chunks, *_prose(text, position, len(text))]


def _prose(text: str, start: int, end: int) -> Iterator[Chunk]:
    if text.isascii():  # to compile the expressions takes longer than to use them
        yield Chunk("plain", start, end, end - start)
        return
    for emoji in re.compile(_EMOJI).finditer(text, start, end):
        yield _plain(text, start, emoji.start())
        yield Chunk("emoji", emoji.start(), emoji.end(), EMOJI_WEIGHT)
        start = emoji.end()
    yield _plain(text, start, end)


def _plain(text: str, start: int, end: int) -> Chunk:
    double = len(re.compile(_DOUBLE).findall(text, start, end))
    return Chunk("plain", start, end, end - start + double)


def _fitting(text: str, chunks: list[Chunk], limit: int) -> int:
    """Count the leading characters within `limit`; never part of a link or of an emoji."""
    left = limit
    for chunk in chunks:
        if chunk.weight > left:
            return chunk.start + (_run(text, chunk, left) if chunk.kind == "plain" else 0)
        left -= chunk.weight
    return len(text)


def _run(text: str, chunk: Chunk, left: int) -> int:
    for count, character in enumerate(text[chunk.start : chunk.end]):
        left -= 2 if re.match(_DOUBLE, character) else 1
        if left < 0:
            return count
    return chunk.end - chunk.start


def _places(text: str, normal: str) -> Sequence[int]:
    """Tell for each index of `normal`, and for its end, the index in `text`.

    What NFC changes as one stands at one place: that of its beginning.
    """
    if text == normal:
        return range(len(text) + 1)
    places: list[int] = []
    for start, end in _clusters(text):
        composed = unicodedata.normalize("NFC", text[start:end])
        if composed == text[start:end]:
            places.extend(range(start, end))
        else:
            places.extend([start] * len(composed))
    return [*places, len(text)]


def _end(places: Sequence[int], index: int) -> int:
    """Tell where what ends before `index` ends in the text, all of what NFC changed with it."""
    while places[index] == places[index - 1]:
        index += 1
    return places[index]


def _clusters(text: str) -> Iterator[tuple[int, int]]:
    """Cut where NFC joins nothing, so that each part can be normalised for itself."""
    start = 0
    for index in range(1, len(text)):
        if _is_apart(text, start, index):
            yield start, index
            start = index
    yield start, len(text)


def _is_apart(text: str, start: int, index: int) -> bool:
    character = text[index]
    if character < "\u0300":  # below, nothing joins what stands before it
        return True
    # Not its own class: U+0F73 has none, but is made of two marks.
    if unicodedata.combining(unicodedata.normalize("NFD", character)[0]):
        return False
    last = unicodedata.normalize("NFC", text[start:index])[-1]
    after = unicodedata.normalize("NFC", character)
    return unicodedata.normalize("NFC", last + character) == last + after
