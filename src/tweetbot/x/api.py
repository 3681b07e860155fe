"""X API v2: the calls that a bot needs; each returns a value or raises what the refusal means."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from tweetbot.draft import Part
from tweetbot.errors import AnswerLost, Temporary
from tweetbot.profile import Account
from tweetbot.x.answer import Answer
from tweetbot.x.clock import ignore
from tweetbot.x.posts import Post, Timeline, is_id, read_post
from tweetbot.x.refusals import refusal
from tweetbot.x.transport import Transport
from tweetbot.x.words import items, mapping, read_words

POST_DEADLINE = 20.0  # seconds, connect included
DEADLINE = 10.0
PAGE = 20  # posts of a look at the timeline; each is billed
# X's OpenAPI document and its SDK (xdk 0.10.6) know the first spelling alone; its servers have
# answered to the second one, too (measured in August 2026). The spelling of the question is that
# of the answer. What a post answers is an expansion in the one and a field in the other.
_FIELDS = {"post.fields": "entities,note_post,attachments"}
_PARENTS = {"expansions": "referenced_posts"}
_NAMES = (b"post.fields", b"expansions")
_OTHER_FIELDS = {"tweet.fields": "entities,note_tweet,referenced_tweets,attachments"}


class XApi:
    """The calls that a bot needs, with one access token; `hear` is told every answer."""

    def __init__(
        self,
        transport: Transport,
        *,
        api_url: str,
        access_token: str,
        now: Callable[[], float],
        hear: Callable[[Answer], None] = ignore,
    ) -> None:
        self._transport = transport
        self._api_url = api_url
        self._access_token = access_token
        self._now = now
        self._hear = hear

    def me(self) -> Account:
        """Return the account that the token belongs to (`GET /2/users/me`; billed)."""
        data = mapping(mapping(self._get("/2/users/me").json()).get("data"))
        username = str(data.get("username") or "")
        if not is_id(data.get("id")) or not re.fullmatch(r"\w{1,50}", username):
            raise Temporary("X's answer about the account cannot be read.")
        return Account(id=data["id"], username=username)

    def timeline(
        self, account_id: str, *, since: float | None = None, with_parents: bool = False
    ) -> Timeline:
        """Return the newest posts of the account (`GET /2/users/{id}/tweets`; billed).

        At most a page; `since` is a time by X's clock, before which no post is wanted. What a post
        answers is known only `with_parents`.
        """
        params = {"max_results": str(PAGE)}
        if since is not None:
            params["start_time"] = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(since))
        path = f"/2/users/{account_id}/tweets"
        body = mapping(self._ask_for_posts(path, params, with_parents=with_parents).json())
        # No posts, no `data`; but then X sends `meta`.
        data = body.get("data", [] if "meta" in body else None)
        posts = tuple(post for item in items(data) if (post := read_post(item)))
        # A post that cannot be read may be the one that is looked for.
        if not isinstance(data, list) or len(posts) < len(data):
            raise Temporary("X's answer about the timeline cannot be read.")
        return Timeline(posts, is_full=len(posts) >= PAGE)

    def create_post(
        self,
        part: Part,
        *,
        reply_to: str | None = None,
        media_ids: Sequence[str] = (),
        made_with_ai: bool = False,
        paid_partnership: bool = False,
    ) -> Post:
        """Post `part` (`POST /2/tweets`), once; `reply_to` is the id of the post it answers.

        `media_ids` are those of what was uploaded, in the order in which it is shown. Raises
        `NotSent` if the request never left, `AnswerLost` if the post may be live all the same,
        else the refusal.
        """
        body: dict[str, Any] = {"text": part.text} if part.text else {}
        if media_ids:
            body["media"] = {"media_ids": list(media_ids)}
        if reply_to:
            body["reply"] = {"in_reply_to_tweet_id": reply_to}
        if part.poll:
            poll = part.poll
            body["poll"] = {"options": list(poll.options), "duration_minutes": poll.minutes}
        if made_with_ai:
            body["made_with_ai"] = True
        if paid_partnership:
            body["paid_partnership"] = True
        answer = self.request(
            "POST",
            "/2/tweets",
            headers={"Content-Type": "application/json"},
            content=json.dumps(body).encode(),
            deadline=POST_DEADLINE,
        )
        return read_created(answer, now=self._now())

    def delete_post(self, post_id: str) -> bool:
        """Delete an own post (`DELETE /2/tweets/{id}`); say whether it was still there.

        May be repeated: a post that is gone counts as deleted.
        """
        answer = self.request("DELETE", f"/2/tweets/{post_id}", deadline=DEADLINE)
        if answer.status == 404:
            return False
        if not answer.is_success:
            raise refusal(answer, now=self._now(), of="delete")
        return True

    def _ask_for_posts(self, path: str, params: Mapping[str, str], *, with_parents: bool) -> Answer:
        """Ask in one spelling, and in the other one if X does not know it."""
        own = {**params, **_FIELDS, **(_PARENTS if with_parents else {})}
        answer = self.request("GET", path, params=own, deadline=DEADLINE)
        if answer.status == 400 and any(name in answer.body for name in _NAMES):
            other = {**params, **_OTHER_FIELDS}
            answer = self.request("GET", path, params=other, deadline=DEADLINE)
        return self._good(answer)

    def _get(self, path: str) -> Answer:
        return self._good(self.request("GET", path, deadline=DEADLINE))

    def _good(self, answer: Answer) -> Answer:
        if answer.status != 200:
            raise refusal(answer, now=self._now(), of="read")
        return answer

    def request(
        self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **rest: Any
    ) -> Answer:
        """Send one request with the token; return its answer, whatever its status."""
        authorization = {"Authorization": f"Bearer {self._access_token}"}  # RFC 6750 §2.1
        answer = self._transport.request(
            method, self._api_url + path, headers={**authorization, **(headers or {})}, **rest
        )
        self._hear(answer)
        return answer.without(self._access_token)


def read_created(answer: Answer, *, now: float) -> Post:
    """Read the answer to `POST /2/tweets`: clear is an id, or a refusal in the 3xx and 4xx.

    408, 409 and 425 say nothing of what a server behind a gateway has done.
    """
    if 200 <= answer.status < 300:
        created = read_post(mapping(answer.json()).get("data"))
        if created:
            return created
    if 300 <= answer.status < 500 and answer.status not in (408, 409, 425):
        raise refusal(answer, now=now)
    words = read_words(answer)
    raise AnswerLost(f"X gave no clear answer ({answer.status}).", x=words)
