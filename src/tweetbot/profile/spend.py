"""What a bot cost in a month, and may cost."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from tweetbot.errors import NotAllowed
from tweetbot.money import dollars
from tweetbot.profile.keys import unknown
from tweetbot.values import dataclass


@dataclass(frozen=True, kw_only=True)
class Spend:
    """What the bot cost in `month` (UTC, "2026-11"), estimated, in US dollars."""

    month: str = ""
    posts: int = 0
    usd: float = 0.0
    budget_usd: float | None = None
    unknown: Mapping[str, Any] = unknown()

    def in_month(self, month: str, *, may_go_back: bool) -> Self:
        """Return what `month` cost so far; a new month begins at nothing.

        A month that is over comes back only by a clock that can be trusted: else it is this one.
        """
        if month == self.month or (month < self.month and not may_go_back):
            return self
        return replace(self, month=month, posts=0, usd=0.0)

    def check(self, usd: float) -> None:
        """Raise `NotAllowed` unless one more post for `usd` stays within the budget."""
        if self.budget_usd is None or self.with_post(usd).usd <= self.budget_usd:
            return
        raise NotAllowed(
            f"The bot's budget for {self.month} is used up: {self.count}, about"
            f" {dollars(self.usd)} of {dollars(self.budget_usd)}, and this one costs"
            f" {dollars(usd)}.",
            "Nothing was posted. `tweetbot renew --budget USD` sets another budget, without a"
            " browser.",
        )

    @property
    def count(self) -> str:
        """Say how many posts that was."""
        return f"{self.posts} post" + ("" if self.posts == 1 else "s")

    def with_post(self, usd: float) -> Self:
        """Count one more post."""
        return replace(self.with_cost(usd), posts=self.posts + 1)

    def with_cost(self, usd: float) -> Self:
        """Count what else is billed."""
        return replace(self, usd=round(self.usd + usd, 4))
