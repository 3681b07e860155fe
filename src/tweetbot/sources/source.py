"""What every source can do.

A source is asked for one draft, with the cursor that the profile keeps for it. The draft carries
the cursor as it stands once it is used, and `posting` saves that in the same write that records
the post: an item counts as used exactly when its post is live, or when it can never be posted.
After anything else it is offered again: the same cursor and the same list always lead to the same
item. Within a run it may be asked again, with the cursor after an item that was passed over.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, Protocol

from tweetbot.draft import Draft
from tweetbot.errors import ConfigurationError
from tweetbot.values import dataclass

Reason = Literal["nothing-new", "first-look", "not-today", "finished"]


@dataclass(frozen=True)
class Nothing:
    """There is nothing to post in this run, and that is no failure.

    `said` is a line for the person. `cursor`, unless it is `None`, is to be kept all the same.
    `example` shows what posts are going to look like.
    """

    reason: Reason
    said: str
    cursor: Any = None
    example: Draft | None = None

    @property
    def is_the_job(self) -> bool:
        """Whether the run did its job; a list that is finished is worth a monitor's alarm."""
        return self.reason != "finished"


def check_kind(name: str, cursor: Any, *, is_feed: bool) -> None:
    """Raise `ConfigurationError` for a feed with the name of a list, or a list with a feed's.

    The place of the one would be lost to the other. What is damaged is neither's.
    """
    kept = cursor if isinstance(cursor, Mapping) else {}
    is_feeds = isinstance(kept.get("used"), str)
    is_lists = isinstance(kept.get("used"), list) or kept.get("order") in ("shuffle", "file")
    if is_lists if is_feed else is_feeds:
        was, this = ("list", "feed") if is_feed else ("feed", "list")
        raise ConfigurationError(
            f"{name} is remembered as a {was}, and this is a {this}.",
            f"Give this {this} a name of its own: --remember-as NAME.",
        )


class Source(Protocol):
    """Yields one draft a run; `key` names its cursor in the profile."""

    @property
    def key(self) -> str | None: ...

    @property
    def lasting(self) -> float:
        """How many seconds it may take to find a draft."""

    def draft(self, cursor: Any) -> Draft | Nothing:
        """Return the draft that follows `cursor` (`None` at first); it may be `refused`."""

    def is_called(self, name: str | None) -> bool:
        """Whether that is its `key`, or what an older tweetbot calls it."""

    def adopt(self, cursors: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the profile's cursors, with this source's own under its `key`.

        An older tweetbot may have kept it under another name.
        """
