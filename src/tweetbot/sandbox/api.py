"""X API v2: who am I, post, delete, read the timeline."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from html import escape
from math import inf
from typing import Final

from tweetbot.sandbox.grants import Grant, Grants
from tweetbot.sandbox.limits import RateLimits
from tweetbot.sandbox.messages import Answer, Call, Refused, json_answer
from tweetbot.sandbox.problems import (
    DUPLICATE,
    FORBIDDEN,
    NOT_FOUND,
    NOT_PERMITTED,
    TOO_MANY_REQUESTS,
    UNAUTHORIZED,
    invalid_request,
)
from tweetbot.sandbox.timeline import Post, Timeline, shorten_links

_READ: Final = frozenset({"tweet.read", "users.read"})
_WRITE: Final = _READ | {"tweet.write"}
_SCOPES: Final = {"me": _READ, "timeline": _READ, "post": _WRITE, "delete": _WRITE}

_LONGEST: Final = 25_000
_REPLY_SETTINGS: Final = ("following", "mentionedUsers", "subscribers", "verified")
_FLAGS: Final = ("made_with_ai", "paid_partnership")
_FIELDS: Final = ("tweet.fields", "post.fields")
_TIMELINE_PARAMETERS: Final = frozenset(
    {"max_results", "since_id", "until_id", "start_time", "end_time", "exclude", *_FIELDS}
)


class Api:
    """Answers the requests that carry an access token."""

    def __init__(
        self,
        grants: Grants,
        timeline: Timeline,
        limits: RateLimits,
        *,
        max_length: int,
        refuse_duplicates: bool,
    ) -> None:
        self._grants = grants
        self._timeline = timeline
        self._limits = limits
        self._max_length = min(max_length, _LONGEST)
        self._refuse_duplicates = refuse_duplicates
        self._steps = {
            "me": self._me,
            "post": self._post,
            "delete": self._delete,
            "timeline": self._list,
        }

    def answer(self, step: str, call: Call, target: str) -> Answer:
        """Answer one request; `target` is the id in its path.

        Raises `Refused` without rate-limit headers if the access token is not good.
        """
        grant = self._grants.of(_bearer(call))
        if grant is None:
            raise Refused(UNAUTHORIZED)
        limit = self._limits.count(step, grant.account.id)
        try:
            if limit.exceeded:
                raise Refused(TOO_MANY_REQUESTS)
            if not _SCOPES[step] <= grant.scope:
                raise Refused(FORBIDDEN)
            return self._steps[step](call, grant, target).having(limit.headers)
        except Refused as refused:
            raise Refused(refused.answer.having(limit.headers)) from None

    def _me(self, call: Call, grant: Grant, _: str) -> Answer:
        _refuse_unknown(call.query, frozenset({"user.fields"}))
        account = grant.account
        data = {"id": account.id, "name": account.name, "username": account.username}
        return json_answer(200, {"data": data}, note=f"@{account.username}")

    def _post(self, call: Call, grant: Grant, _: str) -> Answer:
        text = _read_text(call.json)
        account = grant.account
        if self._refuse_duplicates and self._timeline.has_recent(text, account_id=account.id):
            raise Refused(DUPLICATE)
        if _length(text) > self._max_length:
            raise Refused(NOT_PERMITTED)
        post = self._timeline.add(text, account_id=account.id)
        data = {"id": post.id, "text": _escaped(post.text), "edit_history_tweet_ids": [post.id]}
        shown = json.dumps(text, ensure_ascii=False)
        link = f"{call.base_url}/{account.username}/status/{post.id}"
        return json_answer(201, {"data": data}, note=f"{shown} → {link}")

    def _delete(self, _: Call, grant: Grant, post_id: str) -> Answer:
        post = self._timeline.get(post_id)
        if post is None:
            raise Refused(NOT_FOUND)
        if post.account_id != grant.account.id:
            raise Refused(NOT_PERMITTED)
        self._timeline.remove(post_id)
        return json_answer(200, {"data": {"deleted": True}}, note=f"post {post_id} deleted")

    def _list(self, call: Call, _: Grant, account_id: str) -> Answer:
        _refuse_unknown(call.query, _TIMELINE_PARAMETERS)
        size, window = _read_size(call.query), _read_window(call.query)
        newest_first = reversed(self._timeline.posts)
        posts = [p for p in newest_first if p.account_id == account_id and window.admits(p)][:size]
        body: dict[str, object] = {"meta": _meta(posts)}
        if posts:  # X leaves `data` out when there is nothing to put into it
            body = {"data": [_shown(post, call.query) for post in posts], **body}
        return json_answer(200, body, note=f"{len(posts)} shown")


def _bearer(call: Call) -> str:
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _read_text(body: object) -> str:
    """Return the text of a body that X would take (`CreatePostsRequest`); raises `Refused`."""
    if not isinstance(body, dict):
        raise Refused(invalid_request("The body has to be a JSON object."))
    for name, value in body.items():
        if not _field_is_good(name, value):
            raise Refused(invalid_request(f"$.{name}: is not allowed here.", {name: str(value)}))
    text = str(body.get("text", ""))
    if not text.strip():
        raise Refused(invalid_request("$.text: is required.", {"text": text}))
    return text


def _field_is_good(name: str, value: object) -> bool:
    if name == "text":
        return isinstance(value, str) and _is_utf8(value)
    if name == "reply_settings":
        return value in _REPLY_SETTINGS
    return name in _FLAGS and isinstance(value, bool)


def _is_utf8(text: str) -> bool:
    # JSON can spell half of a surrogate pair, which no UTF-8 text can hold.
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _length(text: str) -> int:
    # A link counts as its t.co address, whatever it leads to. No weights: a client that can count
    # is not tested by a server that repeats its sums.
    shortened, _ = shorten_links(text)
    return len(shortened)


@dataclass(frozen=True)
class _Window:
    """The part of a timeline that a query asks for."""

    after_id: int
    before_id: int
    start: float
    end: float

    def admits(self, post: Post) -> bool:
        """Whether the post is inside; `start_time` counts, `end_time` does not."""
        return self.after_id < int(post.id) < self.before_id and self.start <= post.at < self.end


def _read_window(query: Mapping[str, str]) -> _Window:
    return _Window(
        after_id=_read_id(query, "since_id", 0),
        before_id=_read_id(query, "until_id", 2**64),
        start=_read_time(query, "start_time", 0.0),
        end=_read_time(query, "end_time", inf),
    )


def _read_id(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name, str(default))
    if not value.isascii() or not value.isdigit():
        raise Refused(invalid_request(f"The {name} query parameter is no id.", {name: value}))
    return int(value)


def _read_time(query: Mapping[str, str], name: str, default: float) -> float:
    if name not in query:
        return default
    try:
        moment = datetime.fromisoformat(query[name])
        if moment.tzinfo is not None:
            return moment.timestamp()
    except (ValueError, OverflowError):
        pass
    message = f"The {name} query parameter is no time like 2026-11-23T09:00:00Z."
    raise Refused(invalid_request(message, {name: query[name]}))


def _read_size(query: Mapping[str, str]) -> int:
    value = query.get("max_results", "10")
    if not re.fullmatch(r"\d{1,3}", value, re.ASCII) or not 5 <= int(value) <= 100:
        message = f"The `max_results` query parameter value [{value}] is not between 5 and 100"
        raise Refused(invalid_request(message, {"max_results": value}))
    return int(value)


def _refuse_unknown(query: Mapping[str, str], known: frozenset[str]) -> None:
    for name, value in query.items():
        if name not in known:
            message = f"The query parameter [{name}] is not one of [{','.join(sorted(known))}]"
            raise Refused(invalid_request(message, {name: value}))


def _shown(post: Post, query: Mapping[str, str]) -> dict[str, object]:
    """Return a post as the timeline shows it: id and text, and the fields that were asked for."""
    # Two vocabularies live side by side, and the one of the request picks that of the answer.
    vocabulary = "post" if "post.fields" in query else "tweet"
    fields = query.get(f"{vocabulary}.fields", "").split(",")
    shown: dict[str, object] = {"id": post.id, "text": _escaped(post.text)}
    shown[f"edit_history_{vocabulary}_ids"] = [post.id]
    if "created_at" in fields:
        shown["created_at"] = _timestamp(post.at)
    if "author_id" in fields:
        shown["author_id"] = post.account_id
    if "entities" in fields and post.links:
        shown["entities"] = {"urls": [asdict(link) for link in post.links]}
    return shown


def _meta(posts: Sequence[Post]) -> dict[str, object]:
    if not posts:
        return {"result_count": 0}
    return {"newest_id": posts[0].id, "oldest_id": posts[-1].id, "result_count": len(posts)}


def _timestamp(at: float) -> str:
    moment = datetime.fromtimestamp(int(at * 1000) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _escaped(text: str) -> str:
    return escape(text, quote=False)
