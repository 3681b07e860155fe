"""Where a draft comes from: a text given directly, the next item of a list or of a feed.

For `cli`, which chooses the source, and for `posting` and `preview`, which ask it for a draft.
Uses `draft`, `text` and `settings`.
"""

from typing import TYPE_CHECKING

from tweetbot.doors import late
from tweetbot.sources.given import Extras, Given, given, poll_of, rubbish
from tweetbot.sources.source import Nothing, Reason, Source

if TYPE_CHECKING:
    from tweetbot.sources.cursor import Cursor, Order
    from tweetbot.sources.feed import Feed, followed
    from tweetbot.sources.feed_options import FeedOptions, Fetch, FirstRun
    from tweetbot.sources.lists import List, Remembered, listed
    from tweetbot.sources.media import check_alt, check_together, read_media
    from tweetbot.sources.survey import Survey, surveyed
    from tweetbot.sources.template import template_of
else:
    __getattr__ = late(
        __name__,
        cursor="Cursor Order",
        feed="Feed followed",
        feed_options="FeedOptions Fetch FirstRun",
        lists="List Remembered listed",
        media="check_alt check_together read_media",
        survey="Survey surveyed",
        template="template_of",
    )

__all__ = [
    "Cursor",
    "Extras",
    "Feed",
    "FeedOptions",
    "Fetch",
    "FirstRun",
    "Given",
    "List",
    "Nothing",
    "Order",
    "Reason",
    "Remembered",
    "Source",
    "Survey",
    "check_alt",
    "check_together",
    "followed",
    "given",
    "listed",
    "poll_of",
    "read_media",
    "rubbish",
    "surveyed",
    "template_of",
]
