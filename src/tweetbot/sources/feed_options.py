"""What a person wants of a feed, and what fetches it."""

from __future__ import annotations

import re
from typing import Literal, Protocol

from tweetbot.draft import USUAL, Terms
from tweetbot.values import dataclass

FirstRun = Literal["skip", "newest", "all"]


@dataclass(frozen=True)
class FeedOptions:
    """What a person wants of a feed; `remember_as` is the name that it is remembered by.

    `alt` describes what an object shows that has no description of its own.
    """

    terms: Terms = USUAL
    template: str | None = None
    first_run: FirstRun = "skip"
    match: re.Pattern[str] | None = None
    remember_as: str | None = None
    made_with_ai: bool = False
    alt: str | None = None


class Fetched(Protocol):
    """What a server has answered; see `tweetbot.x.Fetched`."""

    @property
    def content(self) -> bytes: ...
    @property
    def url(self) -> str: ...
    @property
    def charset(self) -> str: ...
    @property
    def etag(self) -> str: ...
    @property
    def modified(self) -> str: ...
    @property
    def moved_to(self) -> str: ...
    @property
    def is_unchanged(self) -> bool: ...


class Fetch(Protocol):
    """Fetches an address, unless it is as it was by the server's validators.

    Raises what keeps it from that; `deadline` is in seconds and counts everything.
    """

    def __call__(self, url: str, *, etag: str, modified: str, deadline: float) -> Fetched: ...
