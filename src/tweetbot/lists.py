"""A bot from a text file: the next item of a list, and a cycle in which none repeats.

What was used is not kept: a cursor of a few dozen bytes says where the list stands, however long
it is, and the file may be edited between any two runs.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal, NamedTuple

from tweetbot.errors import ConfigurationError, TextRefused
from tweetbot.sources import Draft

Order = Literal["shuffle", "file"]
_NAME_SIZE = 12  # bytes: among a million items, two share a name with a chance of 1 in 10^17
_LONGEST_LINE = 60_000  # characters; of the longest post, 25,000, each may be written as two
_CHUNK = 20_000  # names kept at a time, at most


def listed(path: str, *, order: Order = "shuffle", once: bool = False) -> ListFile:
    """Post the next line of a text file; none comes again before all had their turn.

    A symbolic link is its target. Raises `ConfigurationError` if the path leads nowhere.
    """
    try:
        return ListFile(Path(path).resolve(), order, once)
    except (OSError, RuntimeError) as error:  # no working directory; links in a circle
        raise ConfigurationError(f"The list {path} cannot be found: {error}.") from None


class Item(NamedTuple):
    """One item of a list, and the line that it stands on."""

    text: str
    line: int


@dataclass(frozen=True)
class Cursor:
    """What was used last of a list: a few dozen bytes, however long the list is.

    `last` names that item, under the `seed` of a shuffle. In the order of the file, `place` counts
    the items above it, and `above` and `below` name its neighbours: should it be removed, they
    tell where it was.
    """

    order: Order
    last: str
    seed: str = ""
    place: int = 0
    above: str = ""
    below: str = ""

    def __post_init__(self) -> None:
        names = (self.last, self.seed, self.above, self.below)
        if not all(re.fullmatch(r"([0-9a-f]{24})?", name) for name in names):
            raise ValueError("names are digests in hexadecimal")
        if type(self.place) is not int or not 0 <= self.place < 10**9:
            raise ValueError("a place is a number")

    @classmethod
    def read(cls, value: Any) -> Cursor | None:
        """Read what the profile keeps; what is no cursor counts as none."""
        if not isinstance(value, dict):
            return None
        names = [entry.name for entry in fields(cls)]
        try:
            return cls(**{name: value[name] for name in names if name in value})
        except (TypeError, ValueError):
            return None

    def written(self) -> dict[str, Any]:
        """Return what the profile keeps."""
        return {name: value for name, value in vars(self).items() if value}

    def is_at(self, item: Item) -> bool:
        """Whether `item` is the one that was used last."""
        return _naming(self.seed)(item) == self.last


@dataclass(frozen=True)
class ListFile:
    """A text file with one item a line.

    Blank lines and lines that begin with # are skipped. In an item, `\\n` is a line break, `\\#` a
    #, `\\\\` a backslash. Identical items count once. The file is read a line at a time, in one
    pass, so that neither its length nor that of a line matters.
    """

    path: Path
    order: Order
    once: bool

    @property
    def key(self) -> str:
        return str(self.path)

    def draft(self, cursor: Any) -> Draft:
        """Return the next item of the cycle, or the first of a new one.

        The cursor of another order begins a new one, too. Raises `TextRefused` at the end of a
        cycle with `once`, and `ConfigurationError` if there are no items.
        """
        first, following = _ORDERS[self.order]
        last = Cursor.read(cursor)
        goes_on = last is not None and last.order == self.order
        found = following(self, last) if last and goes_on else None
        if not found and not (self.once and goes_on):
            found = first(self, last)
        if not found:
            raise self._finished() if any(self.items()) else self._empty()
        item, after = found
        return Draft(item.text, self.key, after.written())

    def items(self) -> Iterator[Item]:
        """Read the items; raises `ConfigurationError` if the file cannot be read as UTF-8."""
        try:
            for number, line in enumerate(self._lines(), start=1):
                text = line.strip()
                if text and not text.startswith("#"):
                    yield Item(_unescape(text), number)
        except OSError as error:
            raise ConfigurationError(
                f"The list {self.path} cannot be read: {error.strerror}."
            ) from None

    def _lines(self) -> Iterator[str]:
        if self.path.exists() and not self.path.is_file():  # a pipe cannot be read twice
            raise ConfigurationError(f"The list {self.path} is not a file.")
        # A byte that is not UTF-8 becomes half of a surrogate pair (PEP 383): so the line is known.
        with self.path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
            lines = iter(partial(file.readline, _LONGEST_LINE), "")
            for number, line in enumerate(lines, start=1):
                if len(line) == _LONGEST_LINE:
                    raise self._unusable(number, "is longer than any post", "Is it a list?")
                if not _is_utf8(line):
                    raise self._unusable(number, "is not UTF-8", "Save the file as UTF-8.")
                yield line

    def _unusable(self, number: int, what: str, remedy: str) -> ConfigurationError:
        return ConfigurationError(f"Line {number} of the list {self.path} {what}.", remedy)

    def _finished(self) -> TextRefused:
        return TextRefused(
            f"List finished: each item of {self.path} had its turn.",
            "Without --once it begins again; with --order file, items can be added at its end.",
        )

    def _empty(self) -> ConfigurationError:
        return ConfigurationError(f"The list {self.path} has no items.", "Write one a line.")


def _is_utf8(line: str) -> bool:
    try:
        return line.isascii() or bool(line.encode())
    except UnicodeEncodeError:
        return False


def _unescape(text: str) -> str:
    """Turn `\\n`, `\\#` and `\\\\` into what they stand for; any other backslash stays."""
    if "\\" not in text:
        return text
    parts = text.split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\#", "#") for part in parts)


def _naming(seed: str = "") -> Callable[[Item], str]:
    """Return what names an item; under another seed, all names and their order are others."""
    keyed = hashlib.blake2b(key=seed.encode(), digest_size=_NAME_SIZE)

    def name(item: Item) -> str:
        hashed = keyed.copy()
        hashed.update(item.text.encode())
        return hashed.hexdigest()

    return name


_Found = tuple[Item, Cursor] | None

# --- Shuffled -----------------------------------------------------------------------------------
# The order is that of the items' names, so that no list of the used ones is kept: an item that
# is added, removed or edited does not change the place of any other.


def _next_shuffled(source: ListFile, last: Cursor) -> _Found:
    return _lowest(source, last.seed, above=last.last)


def _first_shuffled(source: ListFile, last: Cursor | None) -> _Found:
    """Begin a cycle; not with the item that the one before ended with, if there is another."""
    seed = (last and last.seed) or source.key
    while True:
        # No chance in it: a dry run shows what the run will post.
        seed = hashlib.blake2b(os.fsencode(seed), digest_size=_NAME_SIZE).hexdigest()
        found = _lowest(source, seed)
        if not (found and last and last.is_at(found[0]) and _has_others(source, found[0])):
            return found


def _lowest(source: ListFile, seed: str, *, above: str = "") -> _Found:
    name = _naming(seed)
    named = ((own, item) for item in source.items() if (own := name(item)) > above)
    lowest = min(named, key=lambda pair: pair[0], default=None)
    return lowest and (lowest[1], Cursor("shuffle", lowest[0], seed))


def _has_others(source: ListFile, item: Item) -> bool:
    return any(other.text != item.text for other in source.items())


# --- In the order of the file -------------------------------------------------------------------
# The items above the last one had their turn. One that is moved or copied across it may therefore
# come twice, or wait for the next cycle; no other one does.

_KEPT = 3  # the item, the one below it, and one more where the first may not begin a cycle


class _Place(NamedTuple):
    """An item and its place: how many items stand above it."""

    place: int
    name: str
    item: Item


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

    @property
    def is_full(self) -> bool:
        return len(self.new) == _KEPT or len(self.doubtful) == _CHUNK

    def take(self, found: _Place, *, is_new: bool) -> None:
        if self.is_full:
            return
        if is_new:
            self.new.append(found)
        else:
            self.doubtful.setdefault(found.name, found.place)


def _next_in_file(source: ListFile, last: Cursor) -> _Found:
    return _in_file(_after(source, last), above=last.last)


def _first_in_file(source: ListFile, last: Cursor | None) -> _Found:
    """Begin at the top; not with the item that was used last, if there is another."""
    found = _after(source, Cursor("file", ""))
    is_last = bool(found and last and last.is_at(found[0].item))
    return _in_file(found[1:] if is_last and len(found) > 1 else found)


def _in_file(found: list[_Place], *, above: str = "") -> _Found:
    if not found:
        return None
    place, name, item = found[0]
    below = found[1].name if len(found) > 1 else ""
    return item, Cursor("file", name, "", place, above, below)


def _after(source: ListFile, cursor: Cursor) -> list[_Place]:
    """Return the items that come next, at most three; those that stand further up count there.

    It takes one pass; a second one where something is doubtful; and one more for each chunk of
    copies and nothing else.
    """
    while onward := _onward(source, cursor):
        found = sorted([*_cleared(source, onward.doubtful), *onward.new])
        if found or not onward.is_full:
            return found[:_KEPT]
        cursor = Cursor("file", "", place=max(onward.doubtful.values()) + 1)
    return []


def _onward(source: ListFile, cursor: Cursor) -> _Onward | None:
    """Read on after the last item; if it is gone, after the one above it, else where it was."""
    name, seen = _naming(), _Seen()
    after = {cursor.last: 0, cursor.above: 1} if cursor.last else {}
    best = 0 if after else 3
    ways: dict[int, _Onward] = {}
    items = enumerate(source.items())
    for place, item in items:
        own = name(item)
        is_new = seen.is_new(own)
        if own == cursor.below:
            ways.setdefault(2, _Onward())
        if place == cursor.place:
            ways.setdefault(3, _Onward())
        for onward in ways.values():
            onward.take(_Place(place, own, item), is_new=is_new)
        if own in after:
            ways.setdefault(after[own], _Onward())
        if best in ways and ways[best].is_full:
            break
    deque(items, maxlen=0)  # to the end: a line that is not UTF-8 is found before a token is spent
    return ways[min(ways)] if ways else None


def _cleared(source: ListFile, doubtful: dict[str, int]) -> list[_Place]:
    """Return the first ones of the doubtful that do not stand further up."""
    found: list[_Place] = []
    if not doubtful:
        return found
    name, left = _naming(), dict(doubtful)
    for place, item in enumerate(islice(source.items(), max(left.values()) + 1)):
        own = name(item)
        if left.get(own) == place:
            found.append(_Place(place, own, item))
        left.pop(own, None)
        if len(found) == _KEPT:
            break
    return found


_ORDERS: dict[
    Order,
    tuple[Callable[[ListFile, Cursor | None], _Found], Callable[[ListFile, Cursor], _Found]],
] = {
    "shuffle": (_first_shuffled, _next_shuffled),
    "file": (_first_in_file, _next_in_file),
}
