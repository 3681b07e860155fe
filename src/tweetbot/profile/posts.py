"""Posts that are live, and the one that is about to be."""

import hashlib
from collections.abc import Mapping
from dataclasses import field
from typing import Any

from tweetbot.profile.keys import RARE, unknown
from tweetbot.values import dataclass


@dataclass(frozen=True, kw_only=True)
class PendingMedia:
    """A file that goes with a post: its absolute path, and its description."""

    file: str
    alt: str = ""
    unknown: Mapping[str, Any] = unknown()


@dataclass(frozen=True, kw_only=True)
class PendingPart:
    """One post of a thread that is not live yet; `media` is uploaded anew by each run."""

    text: str
    media: tuple[PendingMedia, ...] = field(default=(), metadata=RARE)
    media_keys: tuple[str, ...] = field(default=(), metadata=RARE)
    unknown: Mapping[str, Any] = unknown()


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A post that was about to be sent and has no recorded outcome.

    `text` is that of the post on its way, or the next one; `at` is `None` while none is. Of a
    thread, `parts` are those that are not live yet, this one first, and `done` the ids of those
    that are. `reply_to` is the post that it (or a thread's first part) answers. `media_keys` name
    what is shown with it. `found_at` is when a run first could not find out what became of it, by
    X's clock. `own_at` repeats an `at` that the machine's own clock alone has told, where no lock
    keeps other machines out.
    """

    text: str
    digest: str
    at: int | None = None
    source: str | None = None
    cursor: Any = None
    parts: tuple[PendingPart, ...] = field(default=(), metadata=RARE)
    done: tuple[str, ...] = field(default=(), metadata=RARE)
    reply_to: str | None = field(default=None, metadata=RARE)
    made_with_ai: bool = field(default=False, metadata=RARE)
    paid_partnership: bool = field(default=False, metadata=RARE)
    media_keys: tuple[str, ...] = field(default=(), metadata=RARE)
    found_at: int | None = field(default=None, metadata=RARE)
    own_at: int | None = field(default=None, metadata=RARE)
    unknown: Mapping[str, Any] = unknown()

    @property
    def is_of_unknown_age(self) -> bool:
        """Whether another machine cannot tell how old it is: nobody has compared that clock."""
        return self.at is not None and self.at == self.own_at

    @property
    def parent(self) -> str | None:
        """The id of the post that the next part answers."""
        return self.done[-1] if self.done else self.reply_to


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A post that is live; `id` is `None` where X never confirmed it.

    A thread is one entry: `ids` are those of all its posts, `id` is that of the first.
    """

    id: str | None = None
    at: int
    digest: str
    ids: tuple[str, ...] = field(default=(), metadata=RARE)
    unknown: Mapping[str, Any] = unknown()

    @property
    def all_ids(self) -> tuple[str, ...]:
        """The ids of all its posts, as far as they are known."""
        return self.ids or ((self.id,) if self.id else ())


def digest(text: str) -> str:
    """Name a post's text: SHA-256 of its UTF-8; what has none can be no post, and has a name."""
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
