"""Items of a list or feed that can never be posted: a run passes them over and goes on.

Only so many: a list of nothing else must not be used up in one run, and X sees each try.
"""

from __future__ import annotations

from tweetbot.draft import Draft
from tweetbot.errors import TextRefused, Unpostable
from tweetbot.posting.session import Session
from tweetbot.posting.words import one_line, short

MOST_OURS = 5  # items that we refuse
MOST_OF_X = 2  # items that X refuses


class Passing:
    """What this run has passed over; the profile's cursor moves past it with the next save."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._last = TextRefused("Nothing can be posted.")
        self._items: set[str] = set()
        self._ours = 0
        self._of_x = 0

    @property
    def count(self) -> int:
        """How many items were passed over."""
        return self._ours + self._of_x

    def over(self, draft: Draft, refused: TextRefused) -> None:
        """Pass an item over; raises what ends the run where it must not go on.

        Of X's refusals only those go past an item that no later run will see revoked; after any
        other one the item is offered again.
        """
        by_us = refused is draft.refused
        if draft.source is None or not (by_us or isinstance(refused, Unpostable)):
            raise refused
        if self._ours == MOST_OURS if by_us else self._of_x == MOST_OF_X:
            raise self._ended(refused, "and the next one cannot be posted either")
        self._ours, self._of_x = self._ours + by_us, self._of_x + (not by_us)
        self._items.add(draft.item)
        self._last = refused
        said = f'"{short(draft.text)}"' if draft.text.strip() else ""
        which = ", ".join(filter(None, (draft.where, said)))
        self._session.context.tell(f"Passed over: {which}. {one_line(refused.happened)}")
        profile = self._session.profile
        self._session.profile = profile.with_cursor(draft.source, draft.cursor)

    def check_goes_on(self, draft: Draft) -> None:
        """Raise if this one was passed over: a list that begins again has nothing else."""
        if draft.item in self._items:
            raise self.nothing_else()

    def nothing_else(self) -> TextRefused:
        """Return what a run ends with that has passed something over and posted nothing."""
        return self._ended(self._last, "and there is nothing else to post")

    def _ended(self, last: TextRefused, why: str) -> TextRefused:
        items = "1 item was" if self.count == 1 else f"{self.count} items were"
        return TextRefused(f"{items} passed over, {why}. {last.happened}", last.remedy, x=last.x)
