"""X API v2: who may ask, how often, and which desk answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tweetbot.sandbox.grants import Grant, Grants
from tweetbot.sandbox.limits import RateLimits
from tweetbot.sandbox.listing import Listing
from tweetbot.sandbox.messages import Answer, Call, Refused, json_answer
from tweetbot.sandbox.posts import Posts
from tweetbot.sandbox.problems import FORBIDDEN, TOO_MANY_REQUESTS, UNAUTHORIZED
from tweetbot.sandbox.queries import refuse_unknown
from tweetbot.sandbox.uploads import Uploads

Desk = Callable[[Call, Grant, str], Answer]

_READ: Final = frozenset({"tweet.read", "users.read"})
_WRITE: Final = _READ | {"tweet.write"}
_MEDIA: Final = frozenset({"media.write"})


class Api:
    """Answers the requests that carry an access token."""

    def __init__(
        self,
        grants: Grants,
        limits: RateLimits,
        *,
        posts: Posts,
        listing: Listing,
        uploads: Uploads,
    ) -> None:
        self._grants = grants
        self._limits = limits
        # Each step with the scopes that it needs.
        self._desks: Mapping[str, tuple[frozenset[str], Desk]] = {
            "me": (_READ, _me),
            "post": (_WRITE, posts.create),
            "delete": (_WRITE, posts.delete),
            "timeline": (_READ, listing.list),
            "upload": (_MEDIA, uploads.upload),
            "initialize": (_MEDIA, uploads.initialize),
            "append": (_MEDIA, uploads.append),
            "finalize": (_MEDIA, uploads.finalize),
            "status": (_MEDIA, uploads.status),
            "metadata": (_MEDIA, uploads.describe),
        }

    def answers(self, step: str) -> bool:
        """Whether a step is one of the API's."""
        return step in self._desks

    def answer(self, step: str, call: Call, target: str) -> Answer:
        """Answer one request; `target` is the id in its path.

        Raises `Refused` without rate-limit headers if the access token is not good.
        """
        grant = self._grants.of(_bearer(call))
        if grant is None:
            raise Refused(UNAUTHORIZED)
        scopes, desk = self._desks[step]
        limit = self._limits.count(step, grant.account.id)
        try:
            if limit.exceeded:
                raise Refused(TOO_MANY_REQUESTS)
            if not scopes <= grant.scope:
                raise Refused(FORBIDDEN)
            return desk(call, grant, target).having(limit.headers)
        except Refused as refused:
            raise Refused(refused.answer.having(limit.headers)) from None


def _me(call: Call, grant: Grant, _: str) -> Answer:
    refuse_unknown(call.query, ("user.fields",))
    account = grant.account
    data = {"id": account.id, "name": account.name, "username": account.username}
    return json_answer(200, {"data": data}, note=f"@{account.username}")


def _bearer(call: Call) -> str:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""
