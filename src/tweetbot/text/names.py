"""The accounts and ticker symbols that a text names; pure."""

from __future__ import annotations

import re
from collections import deque

from tweetbot.text.characters import LATIN, PUNCTUATION, SPACES
from tweetbot.text.links import Span

# X gives out names of up to 15 characters; twitter-text takes 20, and so do older accounts.
_MENTION = (
    "(?:^|[^A-Za-z0-9_!#$%&*@\uff20]|(?:^|[^A-Za-z0-9_+~.-])[Rr][Tt]:?)"
    "([@\uff20][A-Za-z0-9_]{1,20}+(?:/[A-Za-z][A-Za-z0-9_-]{0,24}+)?+)"
)
_NO_MENTION = f"[@\uff20{LATIN}]|://"
_CASHTAG = (
    rf"(?<![^{SPACES}])\$[A-Za-z]{{1,6}}(?:[._][A-Za-z]{{1,2}})?"
    rf"(?![^{SPACES}{PUNCTUATION}_-])"
)


def mentions(text: str) -> list[Span]:
    """Find the accounts and lists that are named with @."""
    if "@" not in text and "\uff20" not in text:
        return []
    return [
        found.span(1)
        for found in re.finditer(_MENTION, text)
        if not re.compile(_NO_MENTION).match(text, found.end())
    ]


def cashtags(text: str) -> list[Span]:
    """Find the ticker symbols that are named with $."""
    if "$" not in text:
        return []
    return [found.span() for found in re.finditer(_CASHTAG, text)]


def outside(links: list[Span], spans: list[Span]) -> list[Span]:
    """Drop what lies within a link; both lists are in the order of the text."""
    kept = []
    remaining = deque(links)
    for start, end in spans:
        while remaining and remaining[0][1] <= start:
            remaining.popleft()
        if not remaining or end <= remaining[0][0]:
            kept.append((start, end))
    return kept
