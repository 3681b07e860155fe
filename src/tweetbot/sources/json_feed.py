"""JSON Feed, 1.0 and 1.1 (jsonfeed.org/version/1.1), which needs no library; pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tweetbot.sources.entries import Entry, Markup, date_of, known_by
from tweetbot.sources.links import link_of
from tweetbot.sources.no_feed import NoFeed, check_number


def is_json_feed(value: Any) -> bool:
    """Whether a JSON document is a feed."""
    return isinstance(value, dict) and isinstance(value.get("items"), list)


def read_json_feed(feed: Mapping[str, Any], *, base: str) -> list[Entry]:
    """Read the items of a feed, in its own order; raises `NoFeed` if one is no object."""
    check_number(len(feed["items"]))
    base = base or link_of(_text(feed, "home_page_url"))
    if not all(isinstance(item, dict) for item in feed["items"]):
        raise NoFeed("an item of this JSON Feed is no object")
    return [_entry(item, base) for item in feed["items"]]


def _entry(item: Mapping[str, Any], base: str) -> Entry:
    link = link_of(_text(item, "url"), base) or link_of(_text(item, "external_url"), base)
    key = _text(item, "id")
    title = Markup(_text(item, "title"))
    summary = _summary(item)
    date = _text(item, "date_published") or _text(item, "date_modified")
    return Entry(
        key=known_by(key, link, content=(title.text, summary.text)),
        at=date_of(date),
        title=title,
        summary=summary,
        author=Markup(_author(item)),
        link=link or (link_of(key) if key.lower().startswith("http") else ""),
    )


def _summary(item: Mapping[str, Any]) -> Markup:
    plain = _text(item, "summary") or _text(item, "content_text")
    return Markup(plain) if plain else Markup(_text(item, "content_html"), is_html=True)


def _author(item: Mapping[str, Any]) -> str:
    authors = item.get("authors") if isinstance(item.get("authors"), list) else [item.get("author")]
    named = (_text(author, "name") for author in authors or () if isinstance(author, dict))
    return ", ".join(name for name in named if name)


def _text(item: Mapping[str, Any], name: str) -> str:
    """Return a text; some feeds have numbers for ids."""
    value = item.get(name)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) else ""
