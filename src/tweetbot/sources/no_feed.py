"""What a document is instead of a feed."""

from __future__ import annotations


class NoFeed(Exception):
    """A document cannot be read as a feed; `why` goes on after "…: ", `remedy` is a sentence."""

    def __init__(self, why: str, remedy: str = "") -> None:
        super().__init__(why)
        self.why = why
        self.remedy = remedy


MOST_ITEMS = 50_000  # real feeds have some dozen, a few of them thousands


def check_number(items: int) -> None:
    """Raise `NoFeed` for more items than any feed has: to read them takes memory and time."""
    if items > MOST_ITEMS:
        raise NoFeed(
            f"it has {items} items, and a feed has {MOST_ITEMS} at most",
            "Texts that are to be gone through are a list: --list.",
        )
