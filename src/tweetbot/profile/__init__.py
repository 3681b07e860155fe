"""All that a bot must remember, as frozen values, and the JSON document that holds it; no I/O.

Everything stands in one document, so that one atomic write keeps it consistent. Keys that this
version does not know are kept at every level (`unknown`), so that an older tweetbot never takes
something away from a newer one. Times are integers, UTC epoch seconds.

For every room that reads or keeps a bot. Uses `money`, `errors` and `foreign`.
"""

from typing import TYPE_CHECKING

from tweetbot.doors import late
from tweetbot.profile.document import dump, dump_pointer, on_one_line, parse, parse_pointer
from tweetbot.profile.grant import POSTING_SCOPES, Account, Client, Expected, Moved, Replaced, Token
from tweetbot.profile.keys import Unreadable
from tweetbot.profile.pointer import Elsewhere, LivesIn
from tweetbot.profile.posts import Pending, PendingMedia, PendingPart, Posted, digest
from tweetbot.profile.profile import (
    CLOCKS_DIFFER_BY,
    LOGGED_OUT,
    POSTS_KEPT,
    SAME_TEXT_FOR,
    VERSION,
    LastError,
    Profile,
)
from tweetbot.profile.spend import Spend

if TYPE_CHECKING:
    from tweetbot.profile.memory import Together, together
    from tweetbot.profile.seen import REMEMBERED, Seen, item_name
else:
    __getattr__ = late(__name__, memory="Together together", seen="REMEMBERED Seen item_name")

__all__ = [
    "CLOCKS_DIFFER_BY",
    "LOGGED_OUT",
    "POSTING_SCOPES",
    "POSTS_KEPT",
    "REMEMBERED",
    "SAME_TEXT_FOR",
    "VERSION",
    "Account",
    "Client",
    "Elsewhere",
    "Expected",
    "LastError",
    "LivesIn",
    "Moved",
    "Pending",
    "PendingMedia",
    "PendingPart",
    "Posted",
    "Profile",
    "Replaced",
    "Seen",
    "Spend",
    "Together",
    "Token",
    "Unreadable",
    "digest",
    "dump",
    "dump_pointer",
    "item_name",
    "on_one_line",
    "parse",
    "parse_pointer",
    "together",
]
