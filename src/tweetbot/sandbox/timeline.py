"""Posts: how X numbers, stores and finds them."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from secrets import choice
from string import ascii_letters, digits

_SNOWFLAKE_EPOCH_MS = 1_288_834_974_657
_DUPLICATE_WINDOW = 6 * 60 * 60
_LINK = re.compile(r"https?://\S*[^\s.,;:!?'\")\]}]")


@dataclass(frozen=True)
class Link:
    """A link of a post: the t.co address in its text, and where that leads."""

    url: str
    expanded_url: str


@dataclass(frozen=True)
class Post:
    """A post as X keeps it: each link of `sent_text` is a t.co address in `text`."""

    id: str
    text: str
    at: float
    account_id: str
    sent_text: str = ""
    links: tuple[Link, ...] = ()


class Timeline:
    """Every post of the local X, newest last."""

    def __init__(self, *, now: Callable[[], float]) -> None:
        self._now = now
        self._last_id = 0
        self.posts: tuple[Post, ...] = ()

    def add(self, text: str, *, account_id: str) -> Post:
        """Store a new post."""
        stored, links = shorten_links(text)
        post = Post(self._next_id(), stored, self._now(), account_id, text, links)
        self.posts = (*self.posts, post)
        return post

    def remove(self, post_id: str) -> None:
        """Delete a post."""
        self.posts = tuple(post for post in self.posts if post.id != post_id)

    def get(self, post_id: str) -> Post | None:
        """Return the post with that id."""
        return next((post for post in self.posts if post.id == post_id), None)

    def has_recent(self, text: str, *, account_id: str) -> bool:
        """Whether the account posted this very text within the last six hours."""
        since = self._now() - _DUPLICATE_WINDOW
        return any(
            post.sent_text == text and post.account_id == account_id and post.at > since
            for post in self.posts
        )

    def _next_id(self) -> str:
        # A snowflake: milliseconds, then 22 bits that tell the posts of one millisecond apart.
        milliseconds = int(self._now() * 1000) - _SNOWFLAKE_EPOCH_MS
        self._last_id = max(milliseconds << 22, self._last_id + 1)
        return str(self._last_id)


def shorten_links(text: str) -> tuple[str, tuple[Link, ...]]:
    """Return the text with t.co addresses, as X stores it, and where each of them leads."""
    links: list[Link] = []

    def shorten(match: re.Match[str]) -> str:
        slug = "".join(choice(ascii_letters + digits) for _ in range(10))
        links.append(Link(f"https://t.co/{slug}", match[0]))
        return links[-1].url

    return _LINK.sub(shorten, text), tuple(links)
