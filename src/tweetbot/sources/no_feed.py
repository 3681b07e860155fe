"""What a document is instead of a feed."""

from __future__ import annotations


class NoFeed(Exception):
    """A document cannot be read as a feed; `why` goes on after "…: ", `remedy` is a sentence."""

    def __init__(self, why: str, remedy: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.remedy = remedy
