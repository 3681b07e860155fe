"""What kind of feed a document is, in one table, and its items by kind; pure.

The kind is told by the first characters, as browsers do: servers call feeds by any media type.
"""

from __future__ import annotations

import codecs
import html
import json
import queue
import re
import signal
import threading
from collections.abc import Callable, Sequence
from urllib.parse import urljoin, urlsplit

from tweetbot.foreign import address
from tweetbot.sources.entries import NAMES, Entry
from tweetbot.sources.feed_lines import read_lines, read_objects
from tweetbot.sources.given import rubbish
from tweetbot.sources.json_feed import is_json_feed, read_json_feed
from tweetbot.sources.no_feed import NoFeed
from tweetbot.sources.xml_feed import read_xml
from tweetbot.values import dataclass

READ_DEADLINE = 60.0  # seconds; 3,000 items take 3

_BOMS = (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
# Possessive, so that a page of comments is read once.
_HTML = re.compile(
    rb"(?is)\s*+(?:<\?xml[^>]*+>\s*+)?+(?:<!--(?:(?!-->).)*+-->\s*+)*+<(?:!doctype\s+html|html\b)"
)
_FEED_LINK = re.compile(
    r"(?i)<link\b[^<>]*\btype=[\"']?application/(?:(?:rss|atom)\+xml|feed\+json)[^<>]*>"
)
_HREF = re.compile(r"(?i)\bhref=[\"']?([^\"'\s<>]+)")


@dataclass(frozen=True)
class Document:
    """A feed as it came; `base` is its address, and `charset` what a server said of it."""

    content: bytes
    base: str = ""
    charset: str = ""

    @property
    def start(self) -> bytes:
        """How it begins, behind a byte order mark and white space."""
        return self.content[:4096].removeprefix(codecs.BOM_UTF8).lstrip()

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in it; a feed without items is more than that."""
        return not self.content.removeprefix(codecs.BOM_UTF8).strip()

    @property
    def is_xml(self) -> bool:
        return self.start.startswith(b"<") or self.content.startswith(_BOMS)

    def text(self) -> str:
        """Return it as text; raises `NoFeed` where it is not UTF-8."""
        try:
            return self.content.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = self.content.count(b"\n", 0, error.start) + 1
            remedy = "What gives it has to write UTF-8."
            raise NoFeed(f"line {line} is not UTF-8", remedy) from None


@dataclass(frozen=True)
class Read:
    """The items of a feed; `is_newest_first` says how it has them where no date tells.

    Unless it `is_whole`, there may be more items than could be read. `names` are those that a
    template can have whatever the items are; empty if they are theirs.
    """

    entries: list[Entry]
    is_newest_first: bool = True
    names: Sequence[str] = NAMES
    is_whole: bool = True


def read(document: Document) -> Read:
    """Read a feed; raises `NoFeed` for what is none or is broken and gives nothing."""
    for is_such, reader in _KINDS:
        if is_such(document):
            return reader(document)
    return _lines(document)


def read_in_time(document: Document, *, seconds: float = READ_DEADLINE) -> Read:
    """Read a feed like `read`, but for no longer than that: some documents are made to take long.

    The thread that goes on is left behind; the run ends soon.
    """
    outcome: queue.SimpleQueue[Read | Exception] = queue.SimpleQueue()

    def work() -> None:
        if hasattr(signal, "pthread_sigmask"):  # a signal has to wake the main thread
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
        try:
            outcome.put(read(document))
        except Exception as error:  # noqa: BLE001  # handed over
            outcome.put(error)

    threading.Thread(target=work, daemon=True).start()
    try:
        found = outcome.get(timeout=seconds)
    except queue.Empty:
        raise NoFeed(f"to read it takes longer than {seconds:g} s") from None
    if isinstance(found, MemoryError | RecursionError):
        raise NoFeed("it takes more memory than there is")
    if isinstance(found, Exception):
        raise found
    return found


def _is_html(document: Document) -> bool:
    return bool(_HTML.match(document.start))


def _xml(document: Document) -> Read:
    entries, is_whole = read_xml(document.content, base=document.base, charset=document.charset)
    return Read(entries, is_whole=is_whole)


def _html(document: Document) -> Read:
    page = document.content[:200_000].decode(errors="replace")
    found = _FEED_LINK.search(page)
    href = found and _HREF.search(found[0])
    remedy = "Give the address of its feed: look for RSS or Atom on it."
    if not document.base:
        remedy = "What writes it may have failed, or fetches the page in place of its feed."
    if href and (feed := _joined(document.base, html.unescape(href[1]))):
        remedy = f"It names this feed: {address(feed, whole=True)}"
    raise NoFeed("it is a web page, and no feed", remedy)


def _joined(base: str, href: str) -> str:
    try:
        return urlsplit(urljoin(base, href)).geturl()
    except ValueError:  # half a bracket
        return ""


def _is_object(document: Document) -> bool:
    return document.start.startswith(b"{")


def _object(document: Document) -> Read:
    """Read one object, which is a JSON Feed, or one a line."""
    text = document.text()
    try:
        value = json.loads(text)
    except RecursionError:
        raise NoFeed("it is JSON that nothing can read") from None
    except ValueError:
        value = None
    if is_json_feed(value):
        return Read(read_json_feed(value, base=document.base))
    if value is not None and "\n" in text.strip():
        raise NoFeed(
            "it is one JSON object, and no JSON Feed",
            "Write one object a line: jq -c '.items[]', with the name of its list.",
        )
    return Read(read_objects(text), is_newest_first=False, names=())


def _is_array(document: Document) -> bool:
    return bool(re.match(rb"\[\s*([\[{\]\"]|[0-9.]+\s*,)", document.start))


def _array(_document: Document) -> Read:
    raise NoFeed("it is a JSON array", "Write one object a line: jq -c '.[]'.")


def _lines(document: Document) -> Read:
    if b"\0" in document.content:
        raise NoFeed("it is no text")
    entries = read_lines(document.text())
    if entries and all(rubbish(entry.text or "") for entry in entries):
        raise NoFeed("it looks like an error, and no feed", "Check the program that writes it.")
    return Read(entries, is_newest_first=False, names=())


_KINDS: tuple[tuple[Callable[[Document], bool], Callable[[Document], Read]], ...] = (
    (_is_html, _html),
    (lambda document: document.is_xml, _xml),
    (_is_object, _object),
    (_is_array, _array),
)
