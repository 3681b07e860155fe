"""Where a feed comes from: a server, a file, standard input."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import field
from pathlib import Path
from typing import Protocol

from tweetbot.errors import ConfigurationError, Temporary
from tweetbot.foreign import address
from tweetbot.profile import Seen, item_name
from tweetbot.sources.feed_documents import Document
from tweetbot.sources.feed_options import Fetch
from tweetbot.sources.list_lines import quoted
from tweetbot.sources.no_feed import NoFeed
from tweetbot.values import dataclass

LARGEST = 10 * 1024 * 1024  # bytes
FETCHED_WITHIN = 20.0  # seconds


@dataclass(frozen=True)
class Arrival:
    """What came; without a document, nothing has changed since the last look."""

    document: Document | None
    etag: str = ""
    modified: str = ""
    moved_to: str = ""


class Origin(Protocol):
    """Gives a feed's document; `key` is the name that it is remembered by.

    Files that it names are looked for in `folder`; a stranger's server names none of this machine.
    """

    @property
    def key(self) -> str: ...

    @property
    def is_standard_input(self) -> bool: ...

    @property
    def folder(self) -> Path | None: ...

    @property
    def lies_at(self) -> str:
        """The path of a file; nothing else has one."""

    def get(self, seen: Seen | None, *, look: str) -> Arrival:
        """Get the document; raises what keeps it from being read, and remembers nothing."""

    def error(self, fault: NoFeed) -> Exception:
        """Say that what came is no feed."""


@dataclass(frozen=True)
class Server:
    """A feed behind an address."""

    url: str
    fetch: Fetch
    is_standard_input: bool = False
    folder: None = None
    lies_at: str = ""

    @property
    def key(self) -> str:
        return self.url

    def get(self, seen: Seen | None, *, look: str) -> Arrival:
        is_same = seen is not None and seen.look == item_name(f"{self.url}\0{look}")
        etag, modified = (seen.etag, seen.modified) if seen and is_same else ("", "")
        found = self.fetch(self.url, etag=etag, modified=modified, deadline=FETCHED_WITHIN)
        if found.is_unchanged:
            return Arrival(None, etag, modified, found.moved_to)
        document = Document(found.content, base=found.url, charset=found.charset)
        if document.is_blank:
            raise self.error(NoFeed("the answer is empty"))
        return Arrival(document, found.etag, found.modified, found.moved_to)

    def error(self, fault: NoFeed) -> Exception:
        where = address(self.url)
        return Temporary(f"The feed {where} cannot be read: {fault.why}.", fault.remedy)


_TABLES = (".csv", ".tsv", ".tab")
_XML = (".xml", ".rss", ".atom", ".rdf")
_HEADER = re.compile(  # with a column called text
    rb'(?i)(?:\xef\xbb\xbf)?(?:[^\r\n]*[;,\t])?"?text"?(?:[;,\t][^\r\n]*)?\r?\n'
)


@dataclass(frozen=True)
class File:
    """A feed in a file."""

    path: Path
    is_standard_input: bool = False

    @property
    def key(self) -> str:
        return self.path.name

    @property
    def folder(self) -> Path:
        return self.path.parent

    @property
    def lies_at(self) -> str:
        return os.path.abspath(self.path)

    def get(self, seen: Seen | None, *, look: str) -> Arrival:
        del seen, look
        try:
            if os.path.exists(self.path) and not os.path.isfile(self.path):
                raise ConfigurationError(
                    f"The feed {self.path} is not a file.",
                    "What a program prints is read by: PROGRAM | tweetbot post --feed -",
                )
            with self.path.open("rb") as file:
                content = _at_most(file.read(LARGEST + 1), self.error)
        except OSError as error:
            is_there = not isinstance(error, FileNotFoundError)
            remedy = "" if is_there else "An address begins with https://."
            raise self.error(NoFeed(str(error.strerror), remedy)) from None
        self._check(Document(content))
        return Arrival(Document(content))

    def _check(self, document: Document) -> None:
        """Raise for what is left by a download that failed, and for a table.

        A look at the former would be a first one, and all that comes later would count as new.
        """
        suffix = self.path.suffix.lower()
        if document.is_blank:
            piped = f"--feed - --remember-as {quoted(Path(self.key))} < {quoted(self.path)}"
            remedy = f"What writes it may have failed. Where it may be empty: {piped}"
            raise self.error(NoFeed("it is empty", remedy))
        if suffix in _XML and not document.is_xml:
            raise self.error(NoFeed("it is no XML", "What writes it may have failed."))
        if suffix in _TABLES and _HEADER.match(document.content):
            raise self.error(NoFeed("it is a table", "A table goes with --list."))

    def error(self, fault: NoFeed) -> Exception:
        return ConfigurationError(
            f"The feed {self.path} cannot be read: {fault.why}.", fault.remedy
        )


@dataclass(frozen=True)
class StandardInput:
    """A feed that a program has printed; it was read before anything else."""

    content: bytes = field(repr=False)
    key: str = "-"
    is_standard_input: bool = True
    folder: Path = Path()
    lies_at: str = ""

    def get(self, seen: Seen | None, *, look: str) -> Arrival:
        del seen, look
        return Arrival(Document(_at_most(self.content, self.error)))

    def error(self, fault: NoFeed) -> Exception:
        return Temporary(f"The feed from standard input cannot be read: {fault.why}.", fault.remedy)


def origin_of(place: str | bytes, fetch: Fetch) -> Origin:
    """Return where a feed is: a URL, a file's path, or what a program has printed."""
    if isinstance(place, bytes):
        return StandardInput(place)
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", place):
        return Server(place, fetch)
    return File(Path(place))


def _at_most(content: bytes, error: Callable[[NoFeed], Exception]) -> bytes:
    if len(content) > LARGEST:
        raise error(NoFeed(f"it is larger than {LARGEST // 1024} KiB"))
    return content
