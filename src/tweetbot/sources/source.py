"""What every source can do.

A source is asked for one draft, with the cursor that the profile keeps for it. The draft carries
the cursor as it stands once its text is used, and `posting` saves that in the same write that
records the post: an item counts as used exactly when its post is live, or when X (or the length)
refused the text itself. After anything else it is offered again: the same cursor and the same
list always lead to the same item.
"""

from __future__ import annotations

from typing import Any, Protocol

from tweetbot.draft import Draft


class Source(Protocol):
    """Yields one draft a run; `key` names its cursor in the profile."""

    @property
    def key(self) -> str | None: ...

    def draft(self, cursor: Any) -> Draft:
        """Return the draft that follows `cursor` (`None` at first); it may be `refused`."""
