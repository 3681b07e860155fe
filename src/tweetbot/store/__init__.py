"""Where a profile document lives: lock, load, save, and the prepared save of a renewed token.

`store` says what every store can do and `places` which one is in force; `folder` is the default and
has the whole protocol in its docstring. For all that keep or read a profile. Uses `profile`,
`settings` and `errors`.
"""

from tweetbot.store.places import (
    has_profile,
    kind,
    open_store,
    open_stores,
    opened,
    place,
    profile_names,
)
from tweetbot.store.store import PreparedSave, Store, find

__all__ = [
    "PreparedSave",
    "Store",
    "find",
    "has_profile",
    "kind",
    "open_store",
    "open_stores",
    "opened",
    "place",
    "profile_names",
]
