"""What a run achieved."""

from __future__ import annotations

from tweetbot.text import Entity
from tweetbot.values import dataclass


@dataclass(frozen=True)
class Outcome:
    """A post; its `id` is `None` if X has it but did not tell.

    With a `reason`, nothing was to be posted, and `said` is a line about it. `ids` are those of
    all posts of a thread. `passed_over` counts items of a list that can never be posted.
    """

    id: str | None
    username: str | None
    text: str | None
    posted_at: int | None
    usd: float = 0.0
    links: tuple[Entity, ...] = ()
    renewed: bool = False
    already_posted: bool = False
    reason: str | None = None
    said: str = ""
    ids: tuple[str, ...] = ()
    passed_over: int = 0

    @property
    def posted(self) -> bool:
        """Whether a post of this run, or the one that it stands for, is live."""
        return self.reason is None

    @property
    def parts(self) -> tuple[tuple[str, str], ...]:
        """The id and the address of each post of a thread."""
        return tuple((post_id, address(post_id, self.username)) for post_id in self.ids)

    @property
    def url(self) -> str | None:
        """The post's address; X redirects `i` to the account's name."""
        return self.id and address(self.id, self.username)


def address(post_id: str, username: str | None) -> str:
    """Return a post's address; X redirects `i` to the account's name."""
    return f"https://x.com/{username or 'i'}/status/{post_id}"
