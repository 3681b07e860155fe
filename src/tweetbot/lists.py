"""A bot from a text file: the next item of a list, and a cycle in which none repeats.

What was used is not kept: a cursor of a few dozen bytes says where the list stands, however long
it is, and the file may be edited between any two runs.
"""

from __future__ import annotations

import hashlib
import os
import re
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
_CHUNK = 20_000  # names kept at a time


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
    pass (in the order of the file: in a few), so that neither its length nor that of a line
    matters.
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


def _next_in_file(source: ListFile, last: Cursor) -> _Found:
    return _first_from(source, _place_after(source, last), above=last.last)


def _first_in_file(source: ListFile, last: Cursor | None) -> _Found:
    """Begin at the top; not with the item that was used last, if there is another."""
    found = _first_from(source, 0)
    if found and last and last.is_at(found[0]):
        return _first_from(source, 1) or found
    return found


def _place_after(source: ListFile, last: Cursor) -> int:
    """Find the place after the last item; if that one is gone, the place where it was."""
    known = {last.last, last.above, last.below}
    places: dict[str, int] = {}
    name = _naming()
    for place, item in enumerate(source.items()):
        if (own := name(item)) in known:
            places.setdefault(own, place)
    for own, step in ((last.last, 1), (last.above, 1), (last.below, 0)):
        if own in places:
            return places[own] + step
    return last.place


def _first_from(source: ListFile, start: int, *, above: str = "") -> _Found:
    """Return the first item from `start` on that does not stand further up as well."""
    name = _naming()
    while chunk := _names(source, start, start + _CHUNK):
        for item in islice(source.items(), start):
            chunk.pop(name(item), None)
        if chunk:
            own, below = [*chunk, ""][:2]
            found = next(islice(source.items(), chunk[own], None), None)
            return found and (found, Cursor("file", name(found), "", chunk[own], above, below))
        start += _CHUNK
    return None


def _names(source: ListFile, start: int, stop: int) -> dict[str, int]:
    """Return the first place of each item from `start` to `stop`, in their order.

    The rest of the file is read, too: a line that is not UTF-8 is found while nothing is spent.
    """
    name = _naming()
    places: dict[str, int] = {}
    for place, item in enumerate(source.items()):
        if start <= place < stop:
            places.setdefault(name(item), place)
    return places


_ORDERS: dict[
    Order,
    tuple[Callable[[ListFile, Cursor | None], _Found], Callable[[ListFile, Cursor], _Found]],
] = {
    "shuffle": (_first_shuffled, _next_shuffled),
    "file": (_first_in_file, _next_in_file),
}
