"""What X makes of a text: its weight, its links, mentions and cashtags, its price; pure.

For `draft`, which measures each text once. Uses `money` and `errors` alone.
"""

from typing import TYPE_CHECKING

from tweetbot.doors import late
from tweetbot.text.check import check, check_characters, check_size, is_blank
from tweetbot.text.weight import LIMIT, LONG_LIMIT, Entity, Measure, measure, price

if TYPE_CHECKING:
    from tweetbot.text.shorten import shorten
else:
    __getattr__ = late(__name__, shorten="shorten")

__all__ = [
    "LIMIT",
    "LONG_LIMIT",
    "Entity",
    "Measure",
    "check",
    "check_characters",
    "check_size",
    "is_blank",
    "measure",
    "price",
    "shorten",
]
