"""Posts as X shows them, on a timeline or in the answer to a new one."""

from __future__ import annotations

import html
import re
import unicodedata
from dataclasses import dataclass

from tweetbot.x.words import items, mapping

_EPOCH_MS = 1288834974657  # the zero of the times inside X's ids


@dataclass(frozen=True)
class Post:
    """A post as X shows it; `urls` pairs each t.co link with where it leads."""

    id: str
    text: str
    urls: tuple[tuple[str, str], ...] = ()

    @property
    def at(self) -> float:
        """When X made it, by X's clock: the time is inside the id."""
        return ((int(self.id) >> 22) + _EPOCH_MS) / 1000

    def has_text(self, text: str) -> bool:
        """Whether it shows `text`, which X has normalised, escaped and linked."""
        shown = html.unescape(self.text)  # first: a link's own "&copy=" is no entity
        for short, expanded in self.urls:
            shown = shown.replace(short, expanded)
        shown = _comparable(shown)
        without_media = re.sub(r" \S+/(photo|video)/\d+$", "", shown)
        return _comparable(text) in (shown, without_media)


@dataclass(frozen=True)
class Timeline:
    """An account's newest posts, and X's clock when it was read."""

    posts: tuple[Post, ...]
    date: float | None


def read_post(value: object) -> Post | None:
    data = mapping(value)
    if not is_id(data.get("id")):
        return None
    note = mapping(data.get("note_tweet"))  # of a long post, `text` is cut (twarc 702)
    urls = tuple(
        (str(link.get("url")), str(link.get("expanded_url")))
        for part in (note, data)
        for item in items(mapping(part.get("entities")).get("urls"))
        if (link := mapping(item)).get("url") and link.get("expanded_url")
    )
    return Post(data["id"], str(note.get("text") or data.get("text") or ""), urls)


def is_id(value: object) -> bool:
    return isinstance(value, str) and bool(re.fullmatch(r"[0-9]{1,19}", value))


def _comparable(text: str) -> str:
    """Bring a text and X's rendering of it to one form: NFC, bare links, single spaces."""
    text = unicodedata.normalize("NFC", text)
    text = re.sub(r"(?i)https?://", "", re.sub(r"\s+https://t\.co/\w+\s*$", "", text))
    return " ".join(re.sub(r"/(?=\s|$)", "", text).split())
