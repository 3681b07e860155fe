"""A text that was given directly, and what looks like an error instead of one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tweetbot.draft import USUAL, Draft, Terms
from tweetbot.errors import TextRefused
from tweetbot.text import check_size

_NOTHINGS = ("null", "None", "undefined")
_ERROR_BEGINNINGS = ("<!doctype", "<html", "traceback (most recent call last)")


@dataclass(frozen=True)
class Given:
    """A text that was given directly."""

    given: Draft
    key: None = None

    def draft(self, _cursor: Any) -> Draft:
        return self.given


def given(text: str, terms: Terms = USUAL, *, is_looked_at: bool = True) -> Given:
    """Post `text`; newlines at its end are dropped, nothing else is altered.

    `is_looked_at` says that a person wrote it where they saw it, on the command line. Raises
    `TextRefused` if it can never be posted.
    """
    text = text.rstrip("\r\n")
    check_size(text)
    made = Draft.of(text, terms, refused=None if is_looked_at else rubbish(text))
    if made.refused:
        raise made.refused
    return Given(made)


def rubbish(text: str) -> TextRefused | None:
    """Refuse what a failed program prints instead of a post.

    For texts that nobody has looked at: from standard input or a list.
    """
    if text.strip() in _NOTHINGS or text.lstrip().lower().startswith(_ERROR_BEGINNINGS):
        return TextRefused(
            "This looks like an error, not a post.",
            "Check the program that writes it; given as an argument, it would be posted.",
        )
    return None
