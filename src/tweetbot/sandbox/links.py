"""Links: X stores a t.co address in the place of each."""

from __future__ import annotations

import re
from dataclasses import dataclass
from secrets import choice
from string import ascii_letters, digits

LINK = re.compile(r"https?://\S*[^\s.,;:!?'\")\]}]")


@dataclass(frozen=True)
class Link:
    """A link of a post: the t.co address in its text, and where that leads."""

    url: str
    expanded_url: str
    media_key: str | None = None


def new_link(expanded_url: str) -> Link:
    """Return a new t.co address that leads there."""
    slug = "".join(choice(ascii_letters + digits) for _ in range(10))
    return Link(f"https://t.co/{slug}", expanded_url)


def shorten_links(text: str) -> tuple[str, tuple[Link, ...]]:
    """Return the text with t.co addresses, as X stores it, and where each of them leads."""
    links: list[Link] = []

    def shorten(match: re.Match[str]) -> str:
        links.append(new_link(match[0]))
        return links[-1].url

    return LINK.sub(shorten, text), tuple(links)
