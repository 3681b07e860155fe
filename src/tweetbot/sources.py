"""Where a draft comes from."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tweetbot.profile import digest


@dataclass(frozen=True)
class Draft:
    """A text before it is sent.

    `source` and `cursor` say which list it came from and where that stands once it is posted;
    both are `None` for a text given directly.
    """

    text: str
    source: str | None = None
    cursor: Any = None

    @property
    def digest(self) -> str:
        return digest(self.text)


def given(text: str) -> Draft:
    """Make a draft of a text that was given directly; newlines at its end are dropped."""
    return Draft(text.rstrip("\r\n"))
