"""What the profile remembers of a list: where it stands, in a few dozen bytes."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterator
from dataclasses import fields
from typing import Any, Literal, Protocol

from tweetbot.sources.item import Item
from tweetbot.values import dataclass

Order = Literal["shuffle", "file"]
NAME_SIZE = 12  # bytes: among a million items, two share a name with a chance of 1 in 10^17


@dataclass(frozen=True)
class Cursor:
    """What was used last of a list: a few dozen bytes, however long the list is.

    `last` names that item, under the `seed` of a shuffle. In the order of the file, `place` counts
    the items above it, and `above` and `below` name its neighbours: should it be removed, they
    tell where it was. `again` says that a copy of it stands further down, which is not its place;
    then `beside` names what stands right above it, and there are so many `copies`.
    """

    order: Order
    last: str
    seed: str = ""
    place: int = 0
    above: str = ""
    below: str = ""
    again: bool = False
    beside: str = ""
    copies: int = 0  # older cursors do not say

    def __post_init__(self) -> None:
        names = (self.last, self.seed, self.above, self.below, self.beside)
        if not all(re.fullmatch(r"([0-9a-f]{24})?", name) for name in names):
            raise ValueError("names are digests in hexadecimal")
        for number in (self.place, self.copies):
            if type(number) is not int or not 0 <= number < 10**9:
                raise ValueError("a place is a number, and so are copies")
        if type(self.again) is not bool:
            raise ValueError("a copy is there or not")

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
        return naming(self.seed)(item) == self.last


class Items(Protocol):
    """What an order needs of a list: its name, and its items, from the first one on."""

    @property
    def key(self) -> str: ...

    def items(self) -> Iterator[Item]: ...


def naming(seed: str = "") -> Callable[[Item], str]:
    """Return what names an item; under another seed, all names and their order are others."""
    keyed = hashlib.blake2b(key=seed.encode(), digest_size=NAME_SIZE)

    def name(item: Item) -> str:
        hashed = keyed.copy()
        hashed.update(item.text.encode(errors="surrogatepass"))
        return hashed.hexdigest()

    return name


Found = tuple[Item, Cursor] | None
