"""A list in the order of its file: one pass, in constant memory.

The items above the last one had their turn. One that is moved or copied across it may therefore
come twice, or wait for the next cycle; no other one does, while the last one or a neighbour stays.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

from tweetbot.sources.cursor import Cursor, Found, Items, naming
from tweetbot.sources.item import Item

_CHUNK = 20_000  # names kept at a time, at most
_KEPT = 3  # the item, the one below it, and one more where the first may not begin a cycle


class _Place(NamedTuple):
    """An item, its place (how many items stand above it), and how many copies stand below it.

    `beside` names the item right above it.
    """

    place: int
    name: str
    item: Item
    beside: str = ""
    copies: int = 0


class _Seen:
    """Names that came by, in 2 MiB however many they are: its "no" is certain, its "yes" is not.

    A Bloom filter of two bits a name: of the names after a million others, it takes one in eighty
    for seen that is not.
    """

    def __init__(self) -> None:
        self._bits = bytearray(1 << 21)

    def is_new(self, name: str) -> bool:
        """Take `name` for seen from now on; say whether it certainly was not."""
        one, other = divmod(int(name[:12], 16), 1 << 24)
        bits, one_bit, other_bit = self._bits, 1 << one % 8, 1 << other % 8
        is_new = not (bits[one // 8] & one_bit and bits[other // 8] & other_bit)
        bits[one // 8] |= one_bit
        bits[other // 8] |= other_bit
        return is_new


class _Onward:
    """The items from one place on: the first ones that are new, and what is doubtful before them.

    Doubtful are those that perhaps stand further up, too; `doubtful` has their places by name.
    """

    def __init__(self) -> None:
        self.new: list[_Place] = []
        self.doubtful: dict[str, int] = {}
        self._copies = Counter[str]()

    @property
    def is_full(self) -> bool:
        return len(self.new) == _KEPT or len(self.doubtful) == _CHUNK

    @property
    def marked(self) -> list[_Place]:
        """The new ones; of each is said how many copies came by later."""
        return [found._replace(copies=self._copies[found.item.text]) for found in self.new]

    def mark_copies(self, items: Iterable[Item]) -> None:
        """Look for copies of the new ones, to the end of the list."""
        texts = {found.item.text for found in self.new}
        self._copies.update(item.text for item in items if item.text in texts)

    def take(self, found: _Place, *, is_new: bool) -> None:
        if any(found.name == one.name for one in self.new):
            self._copies[found.item.text] += 1
        if self.is_full:
            return
        if is_new:
            self.new.append(found)
        else:
            self.doubtful.setdefault(found.name, found.place)


def next_in_file(source: Items, last: Cursor) -> Found:
    return _in_file(_after(source, last), above=last.last)


def first_in_file(source: Items, last: Cursor | None) -> Found:
    """Begin at the top; not with the item that was used last, if there is another."""
    found = _after(source, Cursor("file", ""))
    is_last = bool(found and last and last.is_at(found[0].item))
    return _in_file(found[1:] if is_last and len(found) > 1 else found)


def _in_file(found: list[_Place], *, above: str = "") -> Found:
    if not found:
        return None
    place, name, item, beside, copies = found[0]
    below = found[1].name if len(found) > 1 else ""
    beside = beside if copies else ""
    return item, Cursor("file", name, "", place, above, below, copies > 0, beside, copies)


def _after(source: Items, cursor: Cursor) -> list[_Place]:
    """Return the items that come next, at most three; those that stand further up count there.

    It takes one pass; a second one where something is doubtful; and one more for each chunk of
    copies and nothing else.
    """
    while onward := _onward(source, cursor):
        found = sorted([*_cleared(source, onward.doubtful), *onward.marked])
        if found or not onward.is_full:
            return found[:_KEPT]
        cursor = Cursor("file", "", place=max(onward.doubtful.values()) + 1)
    return []


class _Ways:
    """The ways on: 0 after the last item, 1 after the one above, 2 from the one below, 3 its place.

    Where the last item had a copy further down, what is met first may be that copy: then its line
    is gone, and what stood between the two has yet to come. While there are as many as there were,
    it is not gone.
    """

    def __init__(self, cursor: Cursor) -> None:
        self._cursor = cursor
        self._is_its_place = not cursor.again
        self._one_above = ""
        self._missing = cursor.copies + 1 if cursor.copies else -1
        self._after = {cursor.last: 0, cursor.above: 1} if cursor.last else {}
        self._open: dict[int, _Onward] = {}

    @property
    def best(self) -> _Onward | None:
        """The first of the ways that are open."""
        ways = [way for way in self._open if way or self._is_its_place or not self._missing]
        return self._open[min(ways)] if ways else None

    @property
    def is_found(self) -> bool:
        """Whether the best way of all is open and full."""
        best = 0 if self._after else 3
        return self._is_its_place and best in self._open and self._open[best].is_full

    def pass_by(self, found: _Place, *, is_new: bool) -> None:
        """Read one item: take it on the ways that are open, and open those it is the sign of."""
        cursor, own = self._cursor, found.name
        is_below = own == cursor.below
        self._is_its_place |= is_below and 0 in self._open
        for way, is_here in ((2, is_below), (3, found.place == cursor.place)):
            if is_here:
                self._open.setdefault(way, _Onward())
        for onward in self._open.values():
            onward.take(found, is_new=is_new)
        if own == cursor.last:
            self._missing -= 1
            self._is_its_place |= found.place == cursor.place or (
                2 not in self._open and "" != self._one_above in (cursor.above, cursor.beside)
            )
        behind = self._after.get(own)
        if behind is not None and (behind or self._is_its_place or 2 not in self._open):
            self._open.setdefault(behind, _Onward())
        self._one_above = own


def _onward(source: Items, cursor: Cursor) -> _Onward | None:
    """Read on after the last item; if it is gone, after the one above it, else where it was."""
    name, seen, ways = naming(), _Seen(), _Ways(cursor)
    items, beside = enumerate(source.items()), ""
    for place, item in items:
        own = name(item)
        ways.pass_by(_Place(place, own, item, beside), is_new=seen.is_new(own))
        beside = own
        if ways.is_found:
            break
    rest = (item for _, item in items)
    if onward := ways.best:
        onward.mark_copies(rest)
    deque(rest, maxlen=0)  # to the end: a line that is not UTF-8 is found before a token is spent
    return onward


def _cleared(source: Items, doubtful: dict[str, int]) -> list[_Place]:
    """Return the first ones of the doubtful that do not stand further up."""
    found: list[_Place] = []
    if not doubtful:
        return found
    name, left = naming(), dict(doubtful)
    for place, item in enumerate(islice(source.items(), max(left.values()) + 1)):
        own = name(item)
        if left.get(own) == place:
            found.append(_Place(place, own, item))
        left.pop(own, None)
        if len(found) == _KEPT:
            break
    return found
