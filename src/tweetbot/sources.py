"""Where a draft comes from.

A source is asked for one draft, with the cursor that the profile keeps for it. The draft carries
the cursor as it stands once its text is used, and `posting` saves that in the same write that
records the post: an item counts as used exactly when its post is live, or when X (or the length)
refused the text itself. After anything else it is offered again: the same cursor and the same
list always lead to the same item.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from tweetbot.errors import TextRefused
from tweetbot.profile import digest

_NOTHINGS = ("null", "None", "undefined")
_ERROR_BEGINNINGS = ("<!doctype", "<html", "traceback (most recent call last)")


@dataclass(frozen=True)
class Draft:
    """A text before it is sent.

    `source` and `cursor` say which list it came from and where that stands once it is used;
    both are `None` for a text given directly.
    """

    text: str
    source: str | None = None
    cursor: Any = None

    @property
    def digest(self) -> str:
        return digest(self.text)


class Source(Protocol):
    """Yields one draft a run; `key` names its cursor in the profile."""

    @property
    def key(self) -> str | None: ...

    def draft(self, cursor: Any) -> Draft:
        """Return the draft that follows `cursor` (`None` at first)."""


@dataclass(frozen=True)
class Given:
    """A text that was given directly."""

    text: str
    key: None = None

    def draft(self, _cursor: Any) -> Draft:
        return Draft(self.text)


def given(text: str) -> Given:
    """Post `text`; newlines at its end are dropped, nothing else is altered."""
    return Given(text.rstrip("\r\n"))


def refuse_rubbish(text: str) -> None:
    """Raise `TextRefused` for what a failed program prints instead of a post.

    For texts that nobody has looked at: from standard input or a list.
    """
    if text.strip() in _NOTHINGS or text.lstrip().lower().startswith(_ERROR_BEGINNINGS):
        raise TextRefused(
            "This looks like an error, not a post.",
            "Check the program that writes it; given as an argument, it would be posted.",
        )
