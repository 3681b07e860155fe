"""Where a profile document lives: lock, load, save, and the prepared save of a renewed token.

`store` says what every store can do and `places` which one is in force; `folder` is the default and
has the whole protocol in its docstring. `halfway` has that of a move into another store, `pointed`
what stays here of it. For all that keep or read a profile. Uses `profile`,
`settings` and `errors`.
"""

from typing import TYPE_CHECKING

from tweetbot.doors import late
from tweetbot.store.places import (
    forget_pointer,
    has_profile,
    kind,
    open_folder,
    open_store,
    open_stores,
    open_target,
    opened,
    place,
    pointer,
    pointers,
    profile_names,
)
from tweetbot.store.pointed import Pointed
from tweetbot.store.signals import signals_held_back
from tweetbot.store.store import Movable, PreparedSave, Store, find

if TYPE_CHECKING:
    from tweetbot.store.halfway import settle
    from tweetbot.store.target import Target, check_neighbours, read_target, shown_store
else:
    __getattr__ = late(
        __name__, halfway="settle", target="Target check_neighbours read_target shown_store"
    )

__all__ = [
    "Movable",
    "Pointed",
    "PreparedSave",
    "Store",
    "Target",
    "check_neighbours",
    "find",
    "forget_pointer",
    "has_profile",
    "kind",
    "open_folder",
    "open_store",
    "open_stores",
    "open_target",
    "opened",
    "place",
    "pointer",
    "pointers",
    "profile_names",
    "read_target",
    "settle",
    "shown_store",
    "signals_held_back",
]
