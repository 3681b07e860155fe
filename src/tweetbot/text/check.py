"""Whether a text can be posted, and how it has to change where it cannot."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

from tweetbot.errors import TextRefused
from tweetbot.money import PRICE_LINK, dollars
from tweetbot.text.characters import INVISIBLE
from tweetbot.text.links import links as links_in
from tweetbot.text.weight import EMOJI_WEIGHT, LINK_WEIGHT, LONG_LIMIT, Measure, chunks_of

# Surrogates have no UTF-8. The control characters that are no white space show nothing, and come
# from a wrong encoding (NUL) or from a terminal's colours (ESC).
_FORBIDDEN = "[\ufffe\ufeff\uffff\ud800-\udfff\0-\x08\x0e-\x1f\x7f-\x84\x86-\x9f]"


def check(text: str, measured: Measure, *, links: bool = True, mentions: bool = True) -> None:
    """Raise `TextRefused` if `text`, which weighs `measured`, cannot be posted.

    It shows nothing, holds a character that cannot be posted, is too long, has
    more than one cashtag, has a link without `links`, or names an account without `mentions`.
    """
    check_size(text)
    if is_blank(text):
        what = "empty" if not text else "invisible" if text.strip() else "white space alone"
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


def is_blank(text: str) -> bool:
    """Whether a text shows nothing: it is empty, white space or zero-width characters alone."""
    rest = text.lstrip()
    return not rest or (
        not (rest[0].isascii() or rest[0].isalnum())
        and bool(re.fullmatch(rf"[\s{INVISIBLE}]*", rest))
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
    chunks = chunks_of(normal, links_in(normal))
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
