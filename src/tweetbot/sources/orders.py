"""The order in which a list is gone through: a cycle in which no item comes again.

What was used is not kept: a cursor of a few dozen bytes says where the list stands, however long
it is, and the list may be edited between any two runs. Pure: `items` reads them anew at each call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tweetbot.sources.cursor import Cursor, Found, Items, Order
from tweetbot.sources.in_file import first_in_file, next_in_file
from tweetbot.sources.shuffled import first_shuffled, next_shuffled


def next_item(source: Items, order: Order, cursor: Any, *, once: bool) -> Found:
    """Return the next item of the cycle, or the first of a new one, and the cursor after it.

    The cursor of another order begins a new one, too. `None` at the end of a cycle with `once`, or
    if there are no items.
    """
    first, following = _ORDERS[order]
    last = Cursor.read(cursor)
    goes_on = last is not None and last.order == order
    found = following(source, last) if last and goes_on else None
    if not found and not (once and goes_on):
        found = first(source, last)
    return found


_ORDERS: dict[
    Order,
    tuple[Callable[[Items, Cursor | None], Found], Callable[[Items, Cursor], Found]],
] = {
    "shuffle": (first_shuffled, next_shuffled),
    "file": (first_in_file, next_in_file),
}
