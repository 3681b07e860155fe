"""Shorten a text to a limit: at a word, with an ellipsis, and never in the midst of a link."""

from __future__ import annotations

import re
import unicodedata

from tweetbot.text.weight import LINK_WEIGHT, Measure, measure

ELLIPSIS = "\u2026"
_LEAST = 10  # of the limit stay for other words than the links at the end
_JOINED = "\u200d\ufe0e\ufe0f"  # what belongs to the character before it


def shorten(text: str, *, limit: int) -> tuple[str, str]:
    """Return `text` cut to weigh `limit` at most, and what was left out of it.

    It is cut at a word, or inside one that is too long by itself; `\u2026` says so. The links that
    the text ends with stay, as far as there is room for them.
    """
    whole = measure(text, limit=limit)
    if whole.weighted_length <= limit:
        return text, ""
    tail = _tail(text, whole, room=limit - _LEAST)
    body, after = text[:tail].rstrip(), text[tail:].strip()
    end = f"{ELLIPSIS} {after}" if after else ELLIPSIS
    room = limit - measure(end, limit=limit).weighted_length
    while room > 0:
        kept = _cut(body, room)
        result = f"{kept}{end}"
        excess = measure(result, limit=limit).weighted_length - limit
        if excess <= 0:
            return result, body[len(kept) :].strip()
        room -= excess  # what now stands side by side weighs more than apart
    return end, body


def _tail(text: str, measured: Measure, *, room: int) -> int:
    """Return where the links begin that the text ends with, of those for which there is room."""
    start = len(text)
    for link in reversed(measured.links):
        stands_apart = link.start == 0 or text[link.start - 1].isspace()
        is_next = not text[link.end : start].strip()
        room -= LINK_WEIGHT + 1
        if not (stands_apart and is_next and room >= 0):
            break
        start = link.start
    return start


def _cut(text: str, room: int) -> str:
    """Return the beginning of `text` that fits: whole words, or of one alone what fits."""
    fits = measure(text, limit=max(room, 0)).fits
    if fits >= len(text):
        return text
    if text[fits].isspace():
        return text[:fits].rstrip()
    words = re.match(r"(?s)(.*\S)\s", text[: fits + 1])
    if words:
        return words[1]
    while 0 < fits < len(text) and _is_joined(text[fits], text[fits - 1]):
        fits -= 1
    return text[:fits]


def _is_joined(character: str, before: str) -> bool:
    """Whether `character` cannot stand without the one before it."""
    return (
        unicodedata.combining(character) > 0
        or character in _JOINED
        or unicodedata.category(character) in ("Mn", "Me", "Mc")
        or before == "\u200d"
    )
