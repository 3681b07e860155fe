"""A list in shuffled order.

The order is that of the items' names, so that no list of the used ones is kept: an item that is
added, removed or edited does not change the place of any other.
"""

from __future__ import annotations

import hashlib
import os

from tweetbot.sources.cursor import NAME_SIZE, Cursor, Found, Items, naming
from tweetbot.sources.item import Item


def next_shuffled(source: Items, last: Cursor) -> Found:
    return _lowest(source, last.seed, above=last.last)


def first_shuffled(source: Items, last: Cursor | None) -> Found:
    """Begin a cycle; not with the item that the one before ended with, if there is another."""
    seed = (last and last.seed) or source.key
    while True:
        # No chance in it: a dry run shows what the run will post.
        seed = hashlib.blake2b(os.fsencode(seed), digest_size=NAME_SIZE).hexdigest()
        found = _lowest(source, seed)
        if not (found and last and last.is_at(found[0]) and _has_others(source, found[0])):
            return found


def _lowest(source: Items, seed: str, *, above: str = "") -> Found:
    name = naming(seed)
    named = ((own, item) for item in source.items() if (own := name(item)) > above)
    lowest = min(named, key=lambda pair: pair[0], default=None)
    return lowest and (lowest[1], Cursor("shuffle", lowest[0], seed))


def _has_others(source: Items, item: Item) -> bool:
    return any(other.text != item.text for other in source.items())
