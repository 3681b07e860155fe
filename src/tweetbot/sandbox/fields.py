"""How X shows a post: the two vocabularies of its fields, and what each field holds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from typing import Final

from tweetbot.sandbox.links import Link
from tweetbot.sandbox.timeline import Post

_CUT_AT: Final = 280


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_OF_BOTH: Final = _words(
    "article attachments card_uri community_id context_annotations conversation_id created_at "
    "display_text_range edit_controls entities geo id lang media_metadata non_public_metrics "
    "organic_metrics paid_partnership possibly_sensitive promoted_metrics public_metrics "
    "reply_settings scopes source text withheld"
)
_EXPANSIONS_OF_BOTH: Final = _words(
    "article.cover_media article.media_entities attachments.media_keys "
    "attachments.media_source_tweet attachments.poll_ids author_id entities.mentions.username "
    "geo.place_id in_reply_to_user_id"
)


@dataclass(frozen=True)
class Vocabulary:
    """One of the two ways to ask for fields, and so to be answered."""

    noun: str
    fields: frozenset[str]
    expansions: frozenset[str]

    @property
    def parameter(self) -> str:
        """The query parameter that chooses this vocabulary."""
        return f"{self.noun}.fields"


# X's OpenAPI 2.168 and X's own SDK. What links posts and accounts is an expansion there, no field.
POST: Final = Vocabulary(
    "post",
    _OF_BOTH
    | {"article_title", "matched_media_notes", "note_post", "note_request_suggestions"}
    | {"suggested_source_links", "suggested_source_links_with_counts"},
    _EXPANSIONS_OF_BOTH | {"edit_history_post_ids", "referenced_posts", "username"},
)
# What X's servers have answered to since 2020.
TWEET: Final = Vocabulary(
    "tweet",
    _OF_BOTH
    | {"author_id", "edit_history_tweet_ids", "in_reply_to_user_id", "note_tweet"}
    | {"referenced_tweets"},
    _EXPANSIONS_OF_BOTH
    | {"edit_history_tweet_ids", "referenced_tweets.id", "referenced_tweets.id.author_id"},
)


def show(post: Post, vocabulary: Vocabulary, asked: Collection[str]) -> dict[str, object]:
    """Return a post with the fields that were asked for, by field or by expansion."""
    noun = vocabulary.noun
    text, links = _cut(post)
    shown: dict[str, object] = {
        "id": post.id,
        "text": escape(text, quote=False),
        f"edit_history_{noun}_ids": [post.id],
    }
    values: dict[str, object] = {
        "created_at": _timestamp(post.at),
        "author_id": post.account_id,
        "conversation_id": post.conversation_id,
        "entities": _entities(text, links),
        "attachments": _attachments(post),
        "in_reply_to_user_id": post.account_id if post.parent else None,
        "paid_partnership": post.paid_partnership,
        "reply_settings": post.reply_settings or "everyone",
        f"referenced_{noun}s": _references(post),
        f"note_{noun}": _note(post),
    }
    named = {name.partition(".")[0] for name in asked}
    return shown | {
        name: value for name, value in values.items() if name in named and value is not None
    }


def _cut(post: Post) -> tuple[str, tuple[Link, ...]]:
    """Return what stands in `text`: of a long post its beginning and a link to the whole."""
    if len(post.text) <= _CUT_AT:
        return post.text, post.links
    whole = Link(f"https://t.co/{post.id[-10:]}", f"https://x.com/i/web/status/{post.id}")
    text = f"{post.text[: _CUT_AT - 25]}… {whole.url}"
    return text, (*(link for link in post.links if link.url in text), whole)


def _note(post: Post) -> dict[str, object] | None:
    """Return the whole of a long post, without the link that stands for its media."""
    if len(post.text) <= _CUT_AT:
        return None
    links = [link for link in post.links if link.media_key is None]
    text = post.text if len(links) == len(post.links) else post.text.rpartition(" ")[0]
    entities = _entities(text, links)
    note: dict[str, object] = {"text": escape(text, quote=False)}
    return note | ({"entities": entities} if entities else {})


def _entities(text: str, links: Collection[Link]) -> dict[str, object] | None:
    urls = [_url_entity(text, link) for link in links]
    return {"urls": urls} if urls else None


def _url_entity(text: str, link: Link) -> dict[str, object]:
    start = text.find(link.url)
    key = {"media_key": link.media_key} if link.media_key else {}
    return {
        "start": start,
        "end": start + len(link.url),
        "url": link.url,
        "expanded_url": link.expanded_url,
        "display_url": link.expanded_url.partition("://")[2],
        **key,
    }


def _attachments(post: Post) -> dict[str, object] | None:
    if post.media:
        return {"media_keys": [media.key for media in post.media]}
    return {"poll_ids": [post.id]} if post.poll else None


def _references(post: Post) -> list[dict[str, str]] | None:
    return [{"type": "replied_to", "id": post.parent}] if post.parent else None


def _timestamp(at: float) -> str:
    moment = datetime.fromtimestamp(int(at * 1000) / 1000, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
