"""X's servers: the one HTTP client, OAuth 2.0, API v2, and what X's refusals mean.

For `login` and `posting`, which hold the reasons for the order of requests. Uses `draft` for
what is posted, `profile` for the values that X gives (account, token), and `errors`. httpx and
authlib are imported here alone, so this room is entered only by commands that ask X.
"""

from typing import TYPE_CHECKING

from tweetbot.doors import late
from tweetbot.x.answer import Answer
from tweetbot.x.api import DEADLINE, POST_DEADLINE, XApi
from tweetbot.x.clock import ServerClock
from tweetbot.x.oauth import TOKEN_DEADLINE, AuthorizationRequest, AuthorizationServer
from tweetbot.x.posts import Post, Timeline, id_time
from tweetbot.x.refusals import token_refusal
from tweetbot.x.transport import Transport

if TYPE_CHECKING:
    from tweetbot.x.fetching import Fetched, fetch
    from tweetbot.x.media import CHUNK, MediaApi, Upload
else:
    __getattr__ = late(__name__, fetching="Fetched fetch", media="CHUNK MediaApi Upload")

__all__ = [
    "CHUNK",
    "DEADLINE",
    "POST_DEADLINE",
    "TOKEN_DEADLINE",
    "Answer",
    "AuthorizationRequest",
    "AuthorizationServer",
    "Fetched",
    "MediaApi",
    "Post",
    "ServerClock",
    "Timeline",
    "Transport",
    "Upload",
    "XApi",
    "fetch",
    "id_time",
    "token_refusal",
]
