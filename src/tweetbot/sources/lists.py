"""A bot from a text file: the next item of a list, one a line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from tweetbot.draft import USUAL, Draft, Terms
from tweetbot.errors import ConfigurationError
from tweetbot.sources.cursor import Cursor, Item, Order
from tweetbot.sources.given import rubbish
from tweetbot.sources.orders import next_item
from tweetbot.sources.source import Nothing
from tweetbot.values import dataclass

_LONGEST_LINE = 60_000  # characters; of the longest post, 25,000, each may be written as two


def listed(
    path: str,
    *,
    order: Order = "shuffle",
    once: bool = False,
    terms: Terms = USUAL,
    made_with_ai: bool = False,
) -> ListFile:
    """Post the next line of a text file; none comes again before all had their turn.

    A symbolic link is its target. Raises `ConfigurationError` if the path leads nowhere.
    """
    try:
        return ListFile(Path(path).resolve(), order, once, terms, made_with_ai)
    except (OSError, RuntimeError) as error:  # no working directory; links in a circle
        raise ConfigurationError(f"The list {path} cannot be found: {error}.") from None


@dataclass(frozen=True)
class Survey:
    """A look at a whole list: the next draft, and a line for each item that X would refuse."""

    draft: Draft
    unpostable: tuple[str, ...]


@dataclass(frozen=True)
class ListFile:
    """A text file with one item a line.

    Blank lines and lines that begin with # are skipped. In an item, `\\n` is a line break, `\\#` a
    #, `\\\\` a backslash. Identical items count once. The file is read a line at a time, in one
    pass, so that neither its length nor that of a line matters.
    """

    path: Path
    order: Order
    once: bool
    terms: Terms = USUAL
    made_with_ai: bool = False
    lasting: float = 0  # a million lines take a second

    @property
    def key(self) -> str:
        return str(self.path)

    def adopt(self, cursors: Mapping[str, Any]) -> Mapping[str, Any]:
        return cursors

    def draft(self, cursor: Any) -> Draft | Nothing:
        """Return the next item of the cycle, or the first of a new one.

        There is nothing at the end of a cycle with `once`. Raises `ConfigurationError` if there are
        no items.
        """
        found = self._next(cursor)
        return found if isinstance(found, Nothing) else self._draft(*found)

    def survey(self, cursor: Any) -> Survey | Nothing:
        """Return what a run would post next, and which items can never be posted."""
        found = self._next(cursor)
        if isinstance(found, Nothing):
            return found
        next_item, after = found
        next_draft, unpostable = None, []
        for item in self.items():
            made = self._draft(item, after)
            if made.refused:
                unpostable.append(f"line {item.line}: {made.refused.happened}")
            if item == next_item:
                next_draft = made
        return Survey(next_draft or self._draft(next_item, after), tuple(unpostable))

    def _next(self, cursor: Any) -> tuple[Item, Cursor] | Nothing:
        found = next_item(self, self.order, cursor, once=self.once)
        if not found and not any(self.items()):
            raise self._empty()
        return found or self._finished()

    def _draft(self, item: Item, after: Cursor) -> Draft:
        made = Draft.of(
            item.text,
            self.terms,
            source=self.key,
            cursor=after.written(),
            refused=rubbish(item.text),
        )
        where = f"line {item.line} of {self.path.name}"
        return replace(made, made_with_ai=self.made_with_ai, where=where)

    def items(self) -> Iterator[Item]:
        """Read the items; raises `ConfigurationError` if the file cannot be read as UTF-8."""
        try:
            for number, line in enumerate(self._lines(), start=1):
                text = line.strip()
                if text and not text.startswith("#"):
                    yield Item(_unescape(text), number)
        except OSError as error:
            raise ConfigurationError(
                f"The list {self.path} cannot be read: {error.strerror}."
            ) from None

    def _lines(self) -> Iterator[str]:
        if self.path.exists() and not self.path.is_file():  # a pipe cannot be read twice
            raise ConfigurationError(f"The list {self.path} is not a file.")
        # A byte that is not UTF-8 becomes half of a surrogate pair (PEP 383): so the line is known.
        with self.path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
            lines = iter(partial(file.readline, _LONGEST_LINE), "")
            for number, line in enumerate(lines, start=1):
                if len(line) == _LONGEST_LINE:
                    raise self._unusable(number, "is longer than any post", "Is it a list?")
                if not _is_utf8(line):
                    raise self._unusable(number, "is not UTF-8", "Save the file as UTF-8.")
                yield line

    def _unusable(self, number: int, what: str, remedy: str) -> ConfigurationError:
        return ConfigurationError(f"Line {number} of the list {self.path} {what}.", remedy)

    def _finished(self) -> Nothing:
        return Nothing(
            "finished",
            f"List finished: each item of {self.path} had its turn. Without --once it begins again;"
            " with --order file, items can be added at its end.",
        )

    def _empty(self) -> ConfigurationError:
        return ConfigurationError(f"The list {self.path} has no items.", "Write one a line.")


def _is_utf8(line: str) -> bool:
    try:
        return line.isascii() or bool(line.encode())
    except UnicodeEncodeError:
        return False


def _unescape(text: str) -> str:
    """Turn `\\n`, `\\#` and `\\\\` into what they stand for; any other backslash stays."""
    if "\\" not in text:
        return text
    parts = text.split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\#", "#") for part in parts)
