"""A local X to rehearse against and to test with: no account, no cost, no network.

For the command `sandbox` and for the tests. Uses nothing of the other rooms: what rehearses must
not share the mistakes of what is rehearsed.
"""

from tweetbot.sandbox.accounts import Account
from tweetbot.sandbox.command import run_command, variables
from tweetbot.sandbox.creation import Poll
from tweetbot.sandbox.faults import Fault
from tweetbot.sandbox.media import Failure, Media
from tweetbot.sandbox.requests import Request
from tweetbot.sandbox.sandbox import Sandbox
from tweetbot.sandbox.timeline import Post

__all__ = [
    "Account",
    "Failure",
    "Fault",
    "Media",
    "Poll",
    "Post",
    "Request",
    "Sandbox",
    "run_command",
    "variables",
]
