"""What X makes of a text: its weight, its links, mentions and cashtags, its price; pure.

For `draft`, which measures each text once. Uses `money` and `errors` alone.
"""

from tweetbot.text.shorten import shorten
from tweetbot.text.weight import (
    LIMIT,
    LONG_LIMIT,
    Entity,
    Measure,
    check,
    check_characters,
    check_size,
    measure,
    price,
)

__all__ = [
    "LIMIT",
    "LONG_LIMIT",
    "Entity",
    "Measure",
    "check",
    "check_characters",
    "check_size",
    "measure",
    "price",
    "shorten",
]
