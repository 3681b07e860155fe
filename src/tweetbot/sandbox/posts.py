"""X API v2: posts are made and deleted."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from html import escape

from tweetbot.sandbox.creation import Creation, read_creation
from tweetbot.sandbox.grants import Grant
from tweetbot.sandbox.links import shorten_links
from tweetbot.sandbox.media import Library
from tweetbot.sandbox.messages import Answer, Call, Refused, json_answer
from tweetbot.sandbox.problems import (
    DUPLICATE,
    NO_TARGET,
    NOT_PERMITTED,
    NOT_THE_AUTHOR,
    NOT_YOURS_TO_DELETE,
    TWO_CASHTAGS,
    no_such_post,
)
from tweetbot.sandbox.rules import Rules
from tweetbot.sandbox.timeline import Post, Timeline

_LONGEST = 25_000
# twitter-text, js/src/regexp/cashtag.js
_CASHTAG = re.compile(
    r"(?<!\S)\$[a-z]{1,6}([._][a-z]{1,2})?(?![^\s!-/:-@\[-`{-~])", re.IGNORECASE | re.ASCII
)


class Posts:
    """Makes and deletes posts, as strictly as X does for a self-serve app."""

    def __init__(
        self, timeline: Timeline, library: Library, rules: Rules, *, now: Callable[[], float]
    ) -> None:
        self._timeline = timeline
        self._library = library
        self._rules = rules
        self._now = now

    def create(self, call: Call, grant: Grant, _: str) -> Answer:
        """Answer `POST /2/tweets`."""
        creation, account = read_creation(call.json), grant.account
        media = self._library.usable(creation.media_ids, account_id=account.id)
        if creation.parent:
            self._check_parent(creation.parent, account_id=account.id)
        self._check_text(creation, account_id=account.id)
        post = self._timeline.add(creation, account=account, media=media)
        data = {"id": post.id, "text": escape_text(post.text), "edit_history_tweet_ids": [post.id]}
        link = f"{call.base_url}/{account.username}/status/{post.id}"
        return json_answer(201, {"data": data}, note=f"{_summary(post)} → {link}")

    def delete(self, _: Call, grant: Grant, post_id: str) -> Answer:
        """Answer `DELETE /2/tweets/{id}`."""
        post = self._timeline.get(post_id)
        if post is None and not self._rules.forgiving_delete:
            raise Refused(no_such_post(post_id))
        if post is not None and post.account_id != grant.account.id:
            raise Refused(NOT_YOURS_TO_DELETE)
        self._timeline.remove(post_id)
        return json_answer(200, {"data": {"deleted": True}}, note=f"post {post_id} deleted")

    def _check_parent(self, parent_id: str, *, account_id: str) -> None:
        parent = self._timeline.get(parent_id)
        if parent is None or parent.at + self._rules.reply_lag > self._now():
            raise Refused(NO_TARGET)
        if parent.account_id != account_id:
            raise Refused(NOT_THE_AUTHOR)

    def _check_text(self, creation: Creation, *, account_id: str) -> None:
        is_known = self._timeline.has_recent(creation, account_id=account_id)
        if self._rules.refuse_duplicates and is_known:
            raise Refused(DUPLICATE)
        if len(_CASHTAG.findall(creation.text)) > 1:
            raise Refused(TWO_CASHTAGS)
        # A link counts as its t.co address, whatever it leads to.
        shortened, _ = shorten_links(creation.text)
        if len(shortened) > min(self._rules.max_length, _LONGEST):
            raise Refused(NOT_PERMITTED)


def escape_text(text: str) -> str:
    """Return the text as X's answers have it."""
    return escape(text, quote=False)


def _summary(post: Post) -> str:
    """Say in a line of the log what was posted."""
    answers = f" answers {post.parent}" if post.parent else ""
    poll = f" with a poll of {len(post.poll.options)}" if post.poll else ""
    media = f" with {', '.join(one.media_type for one in post.media)}" if post.media else ""
    return json.dumps(post.sent_text, ensure_ascii=False) + answers + poll + media
