"""Lists in tables: a row of a CSV or TSV file with a header is an item."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

from tweetbot.errors import ConfigurationError
from tweetbot.sources.item import Content, File, Item, known_by
from tweetbot.sources.list_lines import Tally, lines_of, unusable
from tweetbot.values import dataclass

_SEPARATORS = ";,\t"
_FILES = ("", "2", "3", "4")
_KNOWN = (
    "text",
    "key",
    "on",
    *(f"{name}{number}" for name in ("media", "alt") for number in _FILES),
)
_LARGEST_CELL = 60_000  # characters


@dataclass(frozen=True)
class Header:
    """The names of the columns, in lower case."""

    names: tuple[str, ...]

    def place(self, name: str) -> int | None:
        """Return which column has that name."""
        return self.names.index(name) if name in self.names else None

    @cached_property
    def content(self) -> tuple[tuple[str, int], ...]:
        """The columns that make a row the post that it is."""
        names = ("text", *(f"media{number}" for number in _FILES), "on")
        return tuple((name, at) for name in names if (at := self.place(name)) is not None)


class Row(NamedTuple):
    """A row under its header."""

    header: Header
    cells: Sequence[str]

    def cell(self, name: str) -> str:
        """Return the cell under a name, empty where there is none."""
        at = self.header.place(name)
        return self.cells[at] if at is not None and at < len(self.cells) else ""


def rows(path: Path, _tally: Tally, *, whole: bool) -> Iterator[Item]:
    """Read a row each; empty ones are skipped."""
    table = _table(path)
    header = next(table, None)
    if header is None:
        return
    names = Header(tuple(name.lower() for name in header[1]))
    key, on = names.place("key"), names.place("on")
    for line, cells in table:
        if not any(cells):
            continue
        name = cells[key] if key is not None and key < len(cells) else ""
        day = cells[on] if on is not None and on < len(cells) else ""
        yield Item(name or _known_by(names, cells, whole=whole), line, Row(names, cells), day)


def _known_by(header: Header, cells: Sequence[str], *, whole: bool) -> str:
    filled = [(name, cells[at]) for name, at in header.content if at < len(cells) and cells[at]]
    if not whole and len(filled) == 1 and filled[0][0] == "text":
        return filled[0][1]  # as most are
    says = dict(filled)
    if not whole and any(value for name, value in says.items() if name != "on"):
        return known_by(says)
    named = dict(zip(header.names, cells, strict=False))
    return known_by({"row": named})


def columns(path: Path) -> tuple[str, ...]:
    """Return the names of a table's columns, as they are written."""
    return tuple(next(_table(path), (1, []))[1])


def content(item: Item) -> Content:
    """Make of a row what it is to be."""
    row: Row = item.holds
    extra = [cell for cell in row.cells[len(row.header.names) :] if cell]
    files = tuple(
        File(row.cell(f"media{number}"), row.cell(f"alt{number}") or None)
        for number in _FILES
        if row.cell(f"media{number}")
    )
    fault = "has more cells than the header: a text with a separator needs quotation marks"
    return Content(
        row.cell("text"),
        files,
        values=dict(zip(row.header.names, row.cells, strict=False)),
        fault=fault if extra else "",
    )


def _table(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield each record with the line that it begins on, the header first."""
    import csv  # late: other lists need none

    lines = lines_of(path, newline="")
    blank, first = 0, next(lines, "")
    while first and not first.strip():
        blank, first = blank + 1, next(lines, "")
    separator, is_named = _separator(first, path)
    csv.field_size_limit(_LARGEST_CELL)
    before = blank + is_named
    if not is_named:
        lines = _again(first, lines)
    lines = (line.replace("\r\n", "\n") for line in lines)
    reader = csv.reader(lines, delimiter=separator, strict=True)
    line = before + 1
    try:
        for cells in reader:
            yield line, [cell.strip() for cell in cells]
            line = before + reader.line_num + 1
    except csv.Error as error:
        raise unusable(
            path,
            line,
            f"begins what is no row of a table: {error}",
            "A quotation mark is missing, perhaps, or one too many.",
        ) from None


def _again(first: str, lines: Iterator[str]) -> Iterator[str]:
    yield first
    yield from lines


def _separator(first: str, path: Path) -> tuple[str, bool]:
    """Return what parts the cells, and whether the first line does nothing but name it.

    Spreadsheets write `sep=;` there.
    """
    if len(first.rstrip()) == 5 and first.lower().startswith("sep="):
        return first[4], True
    bare = "".join(first.split('"')[::2])  # outside quotation marks
    usual = "\t" if path.suffix.lower() in (".tsv", ".tab") else ","
    best = max(_SEPARATORS, key=lambda one: (bare.count(one), one == usual))
    return (best if bare.count(best) else usual), False


def check_header(path: Path, *, has_template: bool) -> None:
    """Raise `ConfigurationError` for a table whose rows are no posts."""
    names = columns(path)
    lower = [name.lower() for name in names]
    twice = next((name for name in _KNOWN if lower.count(name) > 1), None)
    if twice:
        raise ConfigurationError(
            f"The table {path} has more than one column called {twice}.", "Rename all but one."
        )
    if not names or has_template or "text" in lower:
        return
    there = ", ".join(name for name in names if name)
    example = next((name for name in names if name), "name")
    raise ConfigurationError(
        f"The table {path} has no column called text. Its columns: {there}.",
        f"Rename one, or say what a post is made of: --template '{{{example}}}'. A list of lines is"
        " called .txt.",
    )
