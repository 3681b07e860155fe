"""A person consents once in a browser (RFC 8252), and may take it back.

`log_in` has the order of steps; `client` is the app, `consent` the browser's part (with `listener`,
`redirect` and `browser`), `grant` whose account it is. For `cli`. Uses `x` for the requests and
`store` for the profile.
"""

from tweetbot.login.browser import can_open, open_url
from tweetbot.login.budget import ask_budget, set_budget
from tweetbot.login.client import LoginOptions
from tweetbot.login.log_in import log_in
from tweetbot.login.log_out import BY_HAND, LoggedOut, log_out

__all__ = [
    "BY_HAND",
    "LoggedOut",
    "LoginOptions",
    "ask_budget",
    "can_open",
    "log_in",
    "log_out",
    "open_url",
    "set_budget",
]
