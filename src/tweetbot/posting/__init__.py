"""One run of `post` or `renew`: the order of its steps is the product.

`run` has that order, `session` the bot under its lock and its login, `record` what is written down
of it, `sending` one post or a thread part by part, `settling` what happens to a post whose answer
was unclear, `deleting` takes one back. For `cli`. Uses `sources`, `x` and `store`.
"""

from typing import TYPE_CHECKING

from tweetbot.doors import late
from tweetbot.posting.context import Context, Progress
from tweetbot.posting.outcome import Outcome
from tweetbot.posting.record import write_down
from tweetbot.posting.run import Renewal, longest, post, renew

if TYPE_CHECKING:
    from tweetbot.posting.deleting import Deleted, delete
else:
    __getattr__ = late(__name__, deleting="Deleted delete")

__all__ = [
    "Context",
    "Deleted",
    "Outcome",
    "Progress",
    "Renewal",
    "delete",
    "longest",
    "post",
    "renew",
    "write_down",
]
