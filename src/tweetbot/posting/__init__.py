"""One run of `post` or `renew`: the order of its steps is the product.

`run` has that order, `session` the bot under its lock and its login, `settling` what happens to a
post whose answer was unclear. For `cli`. Uses `sources`, `x` and `store`.
"""

from tweetbot.posting.run import Outcome, Renewal, longest, post, renew
from tweetbot.posting.session import Context

__all__ = ["Context", "Outcome", "Renewal", "longest", "post", "renew"]
