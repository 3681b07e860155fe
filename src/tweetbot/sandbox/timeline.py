"""Posts: how X stores and finds them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from tweetbot.sandbox.accounts import Account
from tweetbot.sandbox.creation import Creation, Poll
from tweetbot.sandbox.ids import Snowflakes
from tweetbot.sandbox.links import Link, new_link, shorten_links
from tweetbot.sandbox.media import Media

_DUPLICATE_WINDOW = 6 * 60 * 60


@dataclass(frozen=True)
class Post:
    """A post as X keeps it: each link of `sent_text` is a t.co address in `text`.

    Media make one more such link, at its end; `media` are as they were when it was posted.

    `parent` is the id of the post that it answers, `conversation_id` that of the first one of
    its thread, which may be itself.
    """

    id: str
    text: str
    at: float
    account_id: str
    sent_text: str = ""
    links: tuple[Link, ...] = ()
    parent: str | None = None
    conversation_id: str = ""
    poll: Poll | None = None
    media: tuple[Media, ...] = ()
    reply_settings: str | None = None
    made_with_ai: bool = False
    paid_partnership: bool = False


class Timeline:
    """Every post of the local X, newest last."""

    def __init__(self, ids: Snowflakes, *, now: Callable[[], float]) -> None:
        self._ids = ids
        self._now = now
        self.posts: tuple[Post, ...] = ()

    def add(self, creation: Creation, *, account: Account, media: tuple[Media, ...] = ()) -> Post:
        """Store a new post."""
        text, links = shorten_links(creation.text)
        parent = self.get(creation.parent or "")
        post_id = self._ids.next()
        if media:
            shown = _media_links(media, at=f"https://x.com/{account.username}/status/{post_id}")
            text, links = f"{text} {shown[0].url}".strip(), links + shown
        post = Post(
            id=post_id,
            text=text,
            at=self._now(),
            account_id=account.id,
            sent_text=creation.text,
            links=links,
            parent=creation.parent,
            conversation_id=parent.conversation_id if parent else post_id,
            poll=creation.poll,
            media=media,
            reply_settings=creation.reply_settings,
            made_with_ai=creation.made_with_ai,
            paid_partnership=creation.paid_partnership,
        )
        self.posts = (*self.posts, post)
        return post

    def remove(self, post_id: str) -> None:
        """Delete a post; its answers stay."""
        self.posts = tuple(post for post in self.posts if post.id != post_id)

    def get(self, post_id: str) -> Post | None:
        """Return the post with that id."""
        return next((post for post in self.posts if post.id == post_id), None)

    def has_recent(self, creation: Creation, *, account_id: str) -> bool:
        """Whether the account posted the same in the same place within the last six hours.

        The same text under another post is another post, and with media it always is.
        """
        since = self._now() - _DUPLICATE_WINDOW
        asked = (creation.text, creation.parent, account_id)
        return not creation.media_ids and any(
            (post.sent_text, post.parent, post.account_id) == asked
            and post.at > since
            and not post.media
            for post in self.posts
        )


def _media_links(media: Sequence[Media], *, at: str) -> tuple[Link, ...]:
    """Return the link that stands for media in the text, once for each of them."""
    kind = "video" if media[0].category == "tweet_video" else "photo"
    link = new_link(f"{at}/{kind}/1")
    return tuple(replace(link, media_key=one.key) for one in media)
