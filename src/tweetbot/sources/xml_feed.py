"""RSS, RDF and Atom, by feedparser; no network and no disk is asked."""

from __future__ import annotations

import calendar
import io
import re
from types import ModuleType
from typing import Any
from urllib.parse import urljoin

from tweetbot.errors import missing_extra
from tweetbot.foreign import one_line
from tweetbot.sources.entries import Entry, Markup, known_by
from tweetbot.sources.links import link_of
from tweetbot.sources.no_feed import NoFeed, check_number
from tweetbot.sources.xml_shape import check_shape

# Entities of a document's own: short ones name a letter. Long ones blow it up; expat notices, and
# then feedparser reads once more without it.
_LONG_ENTITY = re.compile(rb"<!ENTITY[^<>]{64,}>")
# Halves of surrogate pairs by their numbers: programs that count in UTF-16 write an emoji so. XML
# has none, and feedparser gives up the whole feed for one.
_HALVES = re.compile(rb"(?:&#(?:[xX]0*[dD][89a-fA-F][0-9a-fA-F]{2}|0*5[567][0-9]{3});)++")
_BEGINNING = re.compile(rb"<(?:\w+:)?(?:item|entry)[\s>]")
_END = re.compile(rb"</(?:\w+:)?(?:item|entry)\s*>")
_HTML = ("text/html", "application/xhtml+xml")


def library() -> ModuleType:
    """Load feedparser; raises `ConfigurationError` where it is not installed."""
    try:
        import feedparser
    except ImportError:
        raise missing_extra("feeds", "RSS and Atom need the package feedparser.") from None
    module: ModuleType = feedparser
    return module


def read_xml(document: bytes, *, base: str, charset: str) -> tuple[list[Entry], bool]:
    """Read the items of a feed, in its own order; of a broken one those that can be read.

    Says, too, whether it is whole. Raises `NoFeed` for what is no feed, and for one that is broken
    and gives nothing.
    """
    feedparser = library()
    headers = {"content-type": "application/xml" + (f"; charset={charset}" if charset else "")}
    if base:
        headers["content-location"] = base
    document = _HALVES.sub(_joined, document)
    # As a stream: bytes could be the name of a file, and a text an address.
    stream = io.BytesIO(_LONG_ENTITY.sub(b"", document))
    check_number(document.count(b"<item") + document.count(b"<entry"))
    check_shape(document)
    try:
        parsed = feedparser.parse(
            stream, response_headers=headers, resolve_relative_uris=False, sanitize_html=False
        )
    except (MemoryError, RecursionError):
        raise
    except Exception as error:  # what no feed should make it raise, a broken one has
        raise NoFeed(f"it is broken ({type(error).__name__} in feedparser)") from error
    fault = parsed.get("bozo_exception")
    if isinstance(fault, feedparser.CharacterEncodingOverride | feedparser.NonXMLContentType):
        fault = None
    whole = parsed.entries[:-1] if fault and _breaks_off(document) else parsed.entries
    if not whole:
        _check(parsed.version, fault)
    base = base or link_of(parsed.feed.get("link") or "")
    return [_entry(item, base) for item in whole], fault is None


def _breaks_off(document: bytes) -> bool:
    """Whether the last item of a broken feed has no end: a download that was cut, say.

    Without its id or link it would be another one; half of it is no post in any case.
    """
    return len(_BEGINNING.findall(document)) > len(_END.findall(document))


def _joined(halves: re.Match[bytes]) -> bytes:
    """Make one character of two halves; half of one is U+FFFD."""
    numbers = (written.strip(b"&#;") for written in halves[0].split(b";")[:-1])
    units = "".join(chr(int(b"0" + one, 16 if one[:1] in b"xX" else 10)) for one in numbers)
    text = units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return "".join(f"&#{ord(one)};" for one in text).encode()


def _check(version: str, fault: Exception | None) -> None:
    """Raise `NoFeed` unless this is a feed without items."""
    if fault:
        raise NoFeed(f"it is broken ({one_line(str(fault))[:120]})")
    if not version:
        raise NoFeed("it is XML, but no feed")


def _entry(item: Any, base: str) -> Entry:
    guid = str(item.get("id") or "")
    link = link_of(_link(item, guid, base), base) or link_of(_address(guid))
    title, summary = _markup(item, "title"), _summary(item)
    detail = item.get("author_detail") or {}
    return Entry(
        key=known_by(guid, link, content=(title.text, summary.text)),
        at=_date(item),
        title=title,
        summary=summary,
        author=Markup(str(detail.get("name") or item.get("author") or "")),
        link=link or _enclosure(item, base),
    )


def _link(item: Any, guid: str, base: str) -> str:
    """Return its link; feedparser takes any guid for one that is not said to be none."""
    link = str(item.get("link") or "")
    is_guid = bool(guid) and link in (guid, urljoin(base, guid))
    return "" if is_guid and not (_address(guid) or guid.startswith("/")) else link


def _address(guid: str) -> str:
    return guid if re.match(r"(?i)https?://", guid.strip()) else ""


def _enclosure(item: Any, base: str) -> str:
    """Return where the episode of a podcast is that has no page."""
    links = (link_of(str(found.get("href") or ""), base) for found in item.get("links") or ())
    return next(filter(None, links), "")


def _markup(item: Any, name: str) -> Markup:
    detail = item.get(f"{name}_detail") or {}
    return Markup(str(item.get(name) or ""), detail.get("type") in _HTML)


def _summary(item: Any) -> Markup:
    summary = _markup(item, "summary")
    contents = item.get("content") or ()
    if summary.text or not contents:
        return summary
    return Markup(str(contents[0].get("value") or ""), contents[0].get("type") in _HTML)


def _date(item: Any) -> float | None:
    """Return when it was published; where that is not said, when it was changed."""
    for name in ("published_parsed", "updated_parsed", "created_parsed"):
        # Asked by `in`: for a missing one, feedparser's `get` takes another, and warns.
        parsed = item[name] if name in item else None  # noqa: SIM401
        if parsed:
            try:
                return float(calendar.timegm(parsed))
            except (ValueError, OverflowError):
                continue
    return None
