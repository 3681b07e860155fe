"""A person consents once in a browser (RFC 8252), and may take it back.

For `cli` (`auth`, `logout`). Uses `x` for the requests and `store` for the profile.
"""

from tweetbot.login.browser import can_open, open_url
from tweetbot.login.log_in import LoginOptions, ask_budget, log_in, log_out, set_budget

__all__ = ["LoginOptions", "ask_budget", "can_open", "log_in", "log_out", "open_url", "set_budget"]
