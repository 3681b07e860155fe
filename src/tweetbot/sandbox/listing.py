"""X API v2: an account's timeline is read."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import inf
from typing import Final

from tweetbot.sandbox.fields import POST, TWEET, Vocabulary, show
from tweetbot.sandbox.grants import Grant
from tweetbot.sandbox.messages import Answer, Call, json_answer
from tweetbot.sandbox.queries import refuse_unknown, refuse_value
from tweetbot.sandbox.rules import Rules
from tweetbot.sandbox.timeline import Post, Timeline

_PARAMETERS: Final = frozenset({"max_results", "pagination_token", "exclude", "expansions"}) | {
    *("since_id", "until_id", "start_time", "end_time"),
    *("media.fields", "place.fields", "poll.fields", "user.fields"),
}
_EXCLUDABLE: Final = ("replies", "retweets")
_TOKEN: Final = re.compile(r"7140d([0-9]{1,19})", re.ASCII)


class Listing:
    """Shows timelines, in the vocabularies that the rules allow."""

    def __init__(self, timeline: Timeline, rules: Rules) -> None:
        self._timeline = timeline
        stances = {POST: rules.post_fields, TWEET: rules.tweet_fields}
        self._taken = [words for words, stance in stances.items() if stance == "taken"]
        self._known = _PARAMETERS | {
            words.parameter for words, stance in stances.items() if stance != "refused"
        }

    def list(self, call: Call, _: Grant, account_id: str) -> Answer:
        """Answer `GET /2/users/{id}/tweets`."""
        query = call.query
        refuse_unknown(query, self._known)
        vocabulary, asked = self._read_fields(query)
        size, window = _read_size(query), _read_window(query)
        newest_first = reversed(self._timeline.posts)
        found = [p for p in newest_first if p.account_id == account_id and window.admits(p)]
        posts = found[:size]
        body: dict[str, object] = {"meta": _meta(posts, more=len(found) > size)}
        if posts:  # X leaves `data` out when there is nothing to put into it
            body = {"data": [show(post, vocabulary, asked) for post in posts], **body}
        return json_answer(200, body, note=f"{len(posts)} shown")

    def _read_fields(self, query: Mapping[str, str]) -> tuple[Vocabulary, frozenset[str]]:
        """Return the vocabulary of the answer, which is that of the request, and what to show."""
        named = [words for words in self._taken if words.parameter in query]
        vocabulary = (named or self._taken[-1:] or [TWEET])[0]
        asked: frozenset[str] = frozenset()
        for words in named:
            asked |= _read_words(query, words.parameter, words.fields)
        expansions = POST.expansions | TWEET.expansions
        return vocabulary, asked | _read_words(query, "expansions", expansions)


@dataclass(frozen=True)
class _Window:
    """The part of a timeline that a query asks for."""

    after_id: int
    before_id: int
    start: float
    end: float
    replies: bool

    def admits(self, post: Post) -> bool:
        """Whether the post is inside; `start_time` counts, `end_time` does not."""
        return (
            self.after_id < int(post.id) < self.before_id
            and self.start <= post.at < self.end
            and (self.replies or post.parent is None)
        )


def _read_window(query: Mapping[str, str]) -> _Window:
    return _Window(
        after_id=_read_id(query, "since_id", 0),
        before_id=min(_read_id(query, "until_id", 2**64), _read_page(query)),
        start=_read_time(query, "start_time", 0.0),
        end=_read_time(query, "end_time", inf),
        replies="replies" not in _read_words(query, "exclude", frozenset(_EXCLUDABLE)),
    )


def _read_page(query: Mapping[str, str]) -> int:
    """Return the id at which the page before ended."""
    if "pagination_token" not in query:
        return 2**64
    match = _TOKEN.fullmatch(query["pagination_token"])
    if not match:
        refuse_value("pagination_token", query["pagination_token"], "is not valid")
    return int(match[1])


def _read_id(query: Mapping[str, str], name: str, default: int) -> int:
    value = query.get(name, str(default))
    if not value.isascii() or not value.isdigit():
        refuse_value(name, value, "is no id")
    return int(value)


def _read_time(query: Mapping[str, str], name: str, default: float) -> float:
    if name not in query:
        return default
    moment = _moment(query[name])
    if moment is None or moment.tzinfo is None:
        refuse_value(name, query[name], "is no time like 2026-11-23T09:00:00Z")
    return moment.timestamp()


def _moment(text: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(text)
        moment.timestamp()
    except (ValueError, OverflowError):
        return None
    return moment


def _read_size(query: Mapping[str, str]) -> int:
    value = query.get("max_results", "10")
    if not re.fullmatch(r"\d{1,3}", value, re.ASCII) or not 5 <= int(value) <= 100:
        refuse_value("max_results", value, "is not between 5 and 100")
    return int(value)


def _read_words(query: Mapping[str, str], name: str, known: frozenset[str]) -> frozenset[str]:
    """Return the words of a list with commas; raises `Refused` for one that is not known."""
    words = frozenset(query[name].split(",")) if query.get(name) else frozenset()
    for word in sorted(words - known):
        refuse_value(name, word, f"is not one of [{','.join(sorted(known))}]")
    return words


def _meta(posts: Sequence[Post], *, more: bool) -> dict[str, object]:
    if not posts:
        return {"result_count": 0}
    meta: dict[str, object] = {
        "newest_id": posts[0].id,
        "oldest_id": posts[-1].id,
        "result_count": len(posts),
    }
    return meta | ({"next_token": f"7140d{posts[-1].id}"} if more else {})
