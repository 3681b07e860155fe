"""X API v2: the calls that a bot needs; each returns a value or raises what the refusal means."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from tweetbot.errors import AnswerLost, Temporary
from tweetbot.profile import Account
from tweetbot.x.posts import Post, Timeline, is_id, read_post
from tweetbot.x.refusals import refusal
from tweetbot.x.transport import Answer, Transport
from tweetbot.x.words import items, mapping, read_words

POST_DEADLINE = 20.0  # seconds, connect included
DEADLINE = 10.0


class XApi:
    """The calls that a bot needs, with one access token."""

    def __init__(
        self, transport: Transport, *, api_url: str, access_token: str, now: Callable[[], float]
    ) -> None:
        self._transport = transport
        self._api_url = api_url
        self._access_token = access_token
        self._now = now

    def me(self) -> Account:
        """Return the account that the token belongs to (`GET /2/users/me`; billed)."""
        data = mapping(mapping(self._get("/2/users/me").json()).get("data"))
        username = str(data.get("username") or "")
        if not is_id(data.get("id")) or not re.fullmatch(r"\w{1,50}", username):
            raise Temporary("X's answer about the account cannot be read.")
        return Account(id=data["id"], username=username)

    def timeline(self, account_id: str) -> Timeline:
        """Return the five newest posts of the account (`GET /2/users/{id}/tweets`; billed)."""
        answer = self._get(
            f"/2/users/{account_id}/tweets",
            {"max_results": "5", "tweet.fields": "entities,note_tweet"},
        )
        body = mapping(answer.json())
        # No posts, no `data`; but then X sends `meta`.
        data = body.get("data", [] if "meta" in body else None)
        posts = tuple(post for item in items(data) if (post := read_post(item)))
        # A post that cannot be read may be the one that is looked for.
        if not isinstance(data, list) or len(posts) < len(data):
            raise Temporary("X's answer about the timeline cannot be read.")
        return Timeline(posts, _date(answer.headers))

    def create_post(self, text: str) -> Post:
        """Post `text` (`POST /2/tweets`), once.

        Raises `NotSent` if the request never left, `AnswerLost` if the post may be live all the
        same, else the refusal.
        """
        answer = self._request(
            "POST",
            "/2/tweets",
            headers={"Content-Type": "application/json"},
            content=json.dumps({"text": text}).encode(),
            deadline=POST_DEADLINE,
        )
        return read_created(answer, now=self._now())

    def _get(self, path: str, params: Mapping[str, str] | None = None) -> Answer:
        answer = self._request("GET", path, params=params, deadline=DEADLINE)
        if answer.status != 200:
            raise refusal(answer, now=self._now())
        return answer

    def _request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **rest: Any
    ) -> Answer:
        authorization = {"Authorization": f"Bearer {self._access_token}"}  # RFC 6750 §2.1
        answer = self._transport.request(
            method, self._api_url + path, headers={**authorization, **(headers or {})}, **rest
        )
        return answer.without(self._access_token)


def read_created(answer: Answer, *, now: float) -> Post:
    """Read the answer to `POST /2/tweets`: clear is an id, or a refusal in the 3xx and 4xx."""
    if 200 <= answer.status < 300:
        created = read_post(mapping(answer.json()).get("data"))
        if created:
            return created
    if 300 <= answer.status < 500:
        raise refusal(answer, now=now)
    words = read_words(answer)
    raise AnswerLost(f"X gave no clear answer ({answer.status}).", x=words)


def _date(headers: Mapping[str, str]) -> float | None:
    try:
        return parsedate_to_datetime(headers["date"]).timestamp()
    except (LookupError, ValueError, OverflowError):
        return None
