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

from tweetbot.errors import TextRefused
from tweetbot.money import PRICE_LINK, PRICE_POST, dollars
from tweetbot.text import entities
from tweetbot.text.entities import Span
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
    links = entities.links(normal)
    chunks = _chunks(normal, links)
    weight = sum(chunk.weight for chunk in chunks)

    def as_given(spans: list[Span]) -> tuple[Entity, ...]:
        found = [(places[start], _end(places, end)) for start, end in spans]
        return tuple(Entity(start, end, text[start:end]) for start, end in found)

    return Measure(
        weighted_length=weight,
        valid=0 < weight <= limit and (text.isascii() or not re.search(_FORBIDDEN_BY_X, text)),
        links=as_given(links),
        mentions=as_given(entities.outside(links, entities.mentions(normal))),
        cashtags=as_given(entities.outside(links, entities.cashtags(normal))),
        limit=limit,
        fits=places[_fitting(normal, chunks, limit)],
    )


def check(text: str, measured: Measure, *, links: bool = True, mentions: bool = True) -> None:
    """Raise `TextRefused` if `text`, which weighs `measured`, cannot be posted.

    It is empty or white space alone, holds a character that cannot be posted, is too long, has
    more than one cashtag, has a link without `links`, or names an account without `mentions`.
    """
    check_size(text)
    if not text.strip():
        what = "white space alone" if text else "empty"
        raise TextRefused(f"The text is {what}.", "Give the text that is to be posted.")
    check_characters(text)
    _refuse_length(text, measured)
    _refuse_cashtags(measured)
    if measured.links and not links:
        link = measured.links[0]
        raise TextRefused(
            f"X would make a link of {link.text} (at character {link.start + 1}), which costs"
            f" {dollars(PRICE_LINK)}.",
            "Write it another way, or leave out --no-links.",
        )
    if measured.mentions and not mentions:
        mention = measured.mentions[0]
        raise TextRefused(
            f"The text names the account {mention.text} (at character {mention.start + 1}).",
            "Write it another way, or leave out --no-mentions.",
        )


def check_size(text: str) -> None:
    """Raise `TextRefused` for what is longer than any post, and not worth weighing."""
    if len(text) > LONG_LIMIT:
        raise TextRefused(
            f"The text has {len(text)} characters, and X takes {LONG_LIMIT} at most.", "Shorten it."
        )


def check_characters(text: str, what: str = "text") -> None:
    """Raise `TextRefused` for a character that X takes in no text."""
    if text.isascii() and text.isprintable():
        return
    if not (found := re.search(_FORBIDDEN, text)):
        return
    number = ord(found[0])
    if 0xDC80 <= number <= 0xDCFF:  # how Python keeps a stray byte (PEP 383)
        fault, remedy = f"the byte 0x{number - 0xDC00:02X}, not UTF-8", f"Save the {what} as UTF-8."
    else:
        fault, remedy = f"U+{number:04X}, which X does not accept", "Remove it."
    raise TextRefused(f"Character {found.start() + 1} of the {what} is {fault}.", remedy)


def price(measured: Measure) -> float:
    """Estimate what X charges for the post, in US dollars: a link makes it dearer."""
    return PRICE_LINK if measured.links else PRICE_POST


# --- Refusals -----------------------------------------------------------------------------------

_FORBIDDEN_BY_X = "[\ufffe\ufeff\uffff]"
# Surrogates have no UTF-8. The control characters that are no white space show nothing, and come
# from a wrong encoding (NUL) or from a terminal's colours (ESC).
_FORBIDDEN = "[\ufffe\ufeff\uffff\ud800-\udfff\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]"


def _refuse_length(text: str, measured: Measure) -> None:
    excess = measured.weighted_length - measured.limit
    if excess <= 0:
        return
    raise TextRefused(
        f"The text has {measured.weighted_length} of {measured.limit} characters "
        f'(X would cut it at "{_last_words(text[: measured.fits])}").',
        " ".join([f"Shorten it by {excess}.", *_heavy(text)]),
    )


def _last_words(text: str) -> str:
    words = " ".join(text.split())
    if len(words) <= 30:
        return words
    before, _, last = words[-30:].partition(" ")
    return "…" + (last or before)


def _heavy(text: str) -> Iterator[str]:
    """Say what counts for more than it looks."""
    normal = unicodedata.normalize("NFC", text)
    chunks = _chunks(normal, entities.links(normal))
    links = sum(chunk.kind == "link" for chunk in chunks)
    emoji = sum(chunk.kind == "emoji" for chunk in chunks)
    double = sum(c.weight - (c.end - c.start) for c in chunks if c.kind == "plain")
    if links:
        yield f"Links: {links}, {LINK_WEIGHT} each."
    if emoji:
        yield f"Emoji and symbols: {emoji}, {EMOJI_WEIGHT} each."
    if double:
        yield f"Other characters that count 2: {double}."


def _refuse_cashtags(measured: Measure) -> None:
    # docs.x.com, x-api/posts/manage-tweets/integrate, 13 April 2026.
    if len(measured.cashtags) > 1:
        tags = ", ".join(tag.text for tag in measured.cashtags)
        raise TextRefused(f"X allows one cashtag a post, and this text has {tags}.", "Leave one.")


# --- Weight -------------------------------------------------------------------------------------

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
class _Chunk:
    """A stretch that X counts as one, or a run of plain characters."""

    kind: Literal["link", "emoji", "plain"]
    start: int
    end: int
    weight: int


def _chunks(text: str, links: list[Span]) -> list[_Chunk]:
    chunks: list[_Chunk] = []
    position = 0
    for start, end in links:
        chunks += _prose(text, position, start)
        chunks.append(_Chunk("link", start, end, LINK_WEIGHT))
        position = end
    return [*chunks, *_prose(text, position, len(text))]


def _prose(text: str, start: int, end: int) -> Iterator[_Chunk]:
    if text.isascii():  # to compile the expressions takes longer than to use them
        yield _Chunk("plain", start, end, end - start)
        return
    for emoji in re.compile(_EMOJI).finditer(text, start, end):
        yield _plain(text, start, emoji.start())
        yield _Chunk("emoji", emoji.start(), emoji.end(), EMOJI_WEIGHT)
        start = emoji.end()
    yield _plain(text, start, end)


def _plain(text: str, start: int, end: int) -> _Chunk:
    double = len(re.compile(_DOUBLE).findall(text, start, end))
    return _Chunk("plain", start, end, end - start + double)


def _fitting(text: str, chunks: list[_Chunk], limit: int) -> int:
    """Count the leading characters within `limit`; never part of a link or of an emoji."""
    left = limit
    for chunk in chunks:
        if chunk.weight > left:
            return chunk.start + (_run(text, chunk, left) if chunk.kind == "plain" else 0)
        left -= chunk.weight
    return len(text)


def _run(text: str, chunk: _Chunk, left: int) -> int:
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
