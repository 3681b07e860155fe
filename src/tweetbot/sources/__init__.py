"""Where a draft comes from: a text given directly, the next item of a list or of a feed.

For `cli`, which chooses the source, and for `posting` and `preview`, which ask it for a draft.
Uses `draft`.
"""

from typing import TYPE_CHECKING

from tweetbot.doors import late
from tweetbot.sources.given import Extras, Given, given, rubbish
from tweetbot.sources.source import Nothing, Reason, Source

if TYPE_CHECKING:
    from tweetbot.sources.cursor import Cursor, Item, Order
    from tweetbot.sources.feeds import FeedOptions, Fetch, FirstRun, followed
    from tweetbot.sources.lists import ListFile, listed
    from tweetbot.sources.media import check_alt, check_together, read_media
    from tweetbot.sources.template import template_of
else:
    __getattr__ = late(
        __name__,
        cursor="Cursor Item Order",
        feeds="FeedOptions Fetch FirstRun followed",
        lists="ListFile listed",
        media="check_alt check_together read_media",
        template="template_of",
    )

__all__ = [
    "Cursor",
    "Extras",
    "FeedOptions",
    "Fetch",
    "FirstRun",
    "Given",
    "Item",
    "ListFile",
    "Nothing",
    "Order",
    "Reason",
    "Source",
    "check_alt",
    "check_together",
    "followed",
    "given",
    "listed",
    "read_media",
    "rubbish",
    "template_of",
]
