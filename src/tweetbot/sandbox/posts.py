"""X API v2: posts are made and deleted."""

from __future__ import annotations

import json
from collections.abc import Callable
from html import escape

from tweetbot.sandbox.creation import Creation, read_creation
from tweetbot.sandbox.grants import Grant
from tweetbot.sandbox.links import shorten_links
from tweetbot.sandbox.messages import Answer, Call, Refused, json_answer
from tweetbot.sandbox.problems import (
    DUPLICATE,
    NO_TARGET,
    NOT_PERMITTED,
    NOT_THE_AUTHOR,
    NOT_YOURS_TO_DELETE,
    invalid_media,
    no_such_post,
)
from tweetbot.sandbox.timeline import Post, Timeline

_LONGEST = 25_000


class Posts:
    """Makes and deletes posts, as strictly as X does for a self-serve app.

    `reply_lag` is how long, in seconds, a new post cannot be answered yet. `forgiving_delete`
    says of a post that is gone that it was deleted.
    """

    def __init__(
        self,
        timeline: Timeline,
        *,
        now: Callable[[], float],
        max_length: int,
        refuse_duplicates: bool,
        reply_lag: float,
        forgiving_delete: bool,
    ) -> None:
        self._timeline = timeline
        self._now = now
        self._max_length = min(max_length, _LONGEST)
        self._refuse_duplicates = refuse_duplicates
        self._reply_lag = reply_lag
        self._forgiving_delete = forgiving_delete

    def create(self, call: Call, grant: Grant, _: str) -> Answer:
        """Answer `POST /2/tweets`."""
        creation, account = read_creation(call.json), grant.account
        if creation.media_ids:
            raise Refused(invalid_media(creation.media_ids))
        if creation.parent:
            self._check_parent(creation.parent, account_id=account.id)
        self._check_text(creation, account_id=account.id)
        post = self._timeline.add(creation, account=account)
        data = {"id": post.id, "text": escape_text(post.text), "edit_history_tweet_ids": [post.id]}
        link = f"{call.base_url}/{account.username}/status/{post.id}"
        return json_answer(201, {"data": data}, note=f"{_summary(post)} → {link}")

    def delete(self, _: Call, grant: Grant, post_id: str) -> Answer:
        """Answer `DELETE /2/tweets/{id}`."""
        post = self._timeline.get(post_id)
        if post is None and not self._forgiving_delete:
            raise Refused(no_such_post(post_id))
        if post is not None and post.account_id != grant.account.id:
            raise Refused(NOT_YOURS_TO_DELETE)
        self._timeline.remove(post_id)
        return json_answer(200, {"data": {"deleted": True}}, note=f"post {post_id} deleted")

    def _check_parent(self, parent_id: str, *, account_id: str) -> None:
        parent = self._timeline.get(parent_id)
        if parent is None or parent.at + self._reply_lag > self._now():
            raise Refused(NO_TARGET)
        if parent.account_id != account_id:
            raise Refused(NOT_THE_AUTHOR)

    def _check_text(self, creation: Creation, *, account_id: str) -> None:
        is_known = self._timeline.has_recent(creation, account_id=account_id)
        if self._refuse_duplicates and is_known:
            raise Refused(DUPLICATE)
        # A link counts as its t.co address, whatever it leads to.
        shortened, _ = shorten_links(creation.text)
        if len(shortened) > self._max_length:
            raise Refused(NOT_PERMITTED)


def escape_text(text: str) -> str:
    """Return the text as X's answers have it."""
    return escape(text, quote=False)


def _summary(post: Post) -> str:
    """Say in a line of the log what was posted."""
    answers = f" answers {post.parent}" if post.parent else ""
    poll = f" with a poll of {len(post.poll.options)}" if post.poll else ""
    return json.dumps(post.sent_text, ensure_ascii=False) + answers + poll
