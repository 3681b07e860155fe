"""Posts as X shows them, on a timeline or in the answer to a new one."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Mapping
from typing import Any

from tweetbot.values import dataclass
from tweetbot.x.words import items, mapping

_T_CO = r"t\.co/\w+"
_EPOCH_MS = 1288834974657  # the zero of the times inside X's ids


@dataclass(frozen=True)
class Post:
    """A post as X shows it; `urls` pairs each t.co link with where it leads.

    `parent` is the id of the post that it answers.
    """

    id: str
    text: str
    urls: tuple[tuple[str, str], ...] = ()
    parent: str | None = None
    media_keys: tuple[str, ...] = ()

    @property
    def at(self) -> float:
        """When X made it, by X's clock: the time is inside the id."""
        return id_time(self.id)

    def has_text(self, text: str) -> bool:
        """Whether it shows `text`, which X has normalised, escaped and linked."""
        shown = _comparable(self._linked)
        without_media = re.sub(r" \S+/(photo|video)/\d+$", "", shown)
        return _comparable(text) in (shown, without_media)

    def may_have_text(self, text: str) -> bool:
        """Whether it may show `text`: X does not say where one of its links leads."""
        parts = re.split(_T_CO, _one_form(self._linked))
        pattern = r"\S+".join(map(re.escape, parts))
        return len(parts) > 1 and re.fullmatch(pattern, _one_form(text)) is not None

    def has_media(self, keys: Collection[str]) -> bool:
        """Whether it shows any of these uploads: each belongs to one post."""
        return not set(keys).isdisjoint(self.media_keys)

    @property
    def may_have_media(self) -> bool:
        """Whether it may be a post of media alone: X does not say what it shows."""
        return not self.media_keys and not re.sub(rf"https://{_T_CO}", "", self.text).strip()

    @property
    def _linked(self) -> str:
        """Its text with the links as they were written."""
        import html

        shown = html.unescape(self.text)  # first: a link's own "&copy=" is no entity
        for short, expanded in self.urls:
            shown = shown.replace(short, expanded)
        return shown


@dataclass(frozen=True)
class Timeline:
    """An account's newest posts; `is_full` if there may be more than these."""

    posts: tuple[Post, ...]
    is_full: bool

    def reaches_back_to(self, at: float) -> bool:
        """Whether no post since `at` (X's clock) can be missing."""
        return not self.is_full or min(post.at for post in self.posts) <= at


def read_post(value: object) -> Post | None:
    data = mapping(value)
    if not is_id(data.get("id")):
        return None
    # Of a long post, `text` is cut (twarc 702).
    note = mapping(data.get("note_post") or data.get("note_tweet"))
    urls = tuple(
        (str(link.get("url")), str(link.get("expanded_url")))
        for part in (note, data)
        for item in items(mapping(part.get("entities")).get("urls"))
        if (link := mapping(item)).get("url") and link.get("expanded_url")
    )
    return Post(
        data["id"],
        str(note.get("text") or data.get("text") or ""),
        urls,
        _parent(data),
        tuple(map(str, items(mapping(data.get("attachments")).get("media_keys")))),
    )


def _parent(data: Mapping[str, Any]) -> str | None:
    """Find the id of the post that this one answers, in either vocabulary."""
    for one in items(data.get("referenced_posts") or data.get("referenced_tweets")):
        if mapping(one).get("type") == "replied_to" and is_id(mapping(one).get("id")):
            return str(mapping(one)["id"])
    return None


def id_time(post_id: str) -> float:
    """Return when X made the post of that id, by X's clock: a snowflake begins with its time.

    Of what is no id, as a document changed by hand may have, 0.
    """
    return ((int(post_id) >> 22) + _EPOCH_MS) / 1000 if is_id(post_id) else 0.0


def is_id(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[0-9]{1,19}", value))


def _comparable(text: str) -> str:
    """Bring a text and X's rendering of it to one form; a link of X's at its end is left out."""
    return _one_form(re.sub(rf"\s+https://{_T_CO}\s*$", "", text))


def _one_form(text: str) -> str:
    """NFC, bare links, single spaces."""
    text = re.sub(r"(?i)https?://", "", unicodedata.normalize("NFC", text))
    return " ".join(re.sub(r"/(?=\s|$)", "", text).split())
