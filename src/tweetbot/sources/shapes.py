"""The shapes in which people keep lists: a row and a function for each; the file tells which."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

from tweetbot.errors import ConfigurationError
from tweetbot.sources.item import Content, Item
from tweetbot.sources.list_lines import LONGEST_LINE, Tally, fortune, lines, text_alone
from tweetbot.values import dataclass

_FORTUNE = rb"(?m)^%[ \t]*\r?$"
_HEAD = 4 * LONGEST_LINE  # bytes, in which the first item ends


class Read(Protocol):
    """Reads the items of a list in one pass.

    `tally` takes what else there was. With `whole`, an item is known by all that it holds.
    """

    def __call__(self, path: Path, tally: Tally, /, *, whole: bool) -> Iterator[Item]: ...


@dataclass(frozen=True)
class Shape:
    """A shape: what a person calls it and its items, how they are read, and what each is to be.

    `named` says whether an item is called by its name, not by its number. `has_days` says that
    items may have a day of their own. `begin` tells a person how to write the first item.
    """

    name: str
    item: str
    read: Read
    content: Callable[[Item], Content]
    is_named: bool = False
    has_days: bool = False
    begin: str = "Write one a line."

    def where(self, item: Item, path: Path) -> str:
        """Say where an item stands."""
        return f"{item.text if self.is_named else f'{self.item} {item.line}'} of {path.name}"


def _late(module: str, function: str) -> Callable[..., Any]:
    """Import a reader when a list has its shape: most runs need one, and many need none."""

    def call(*args: Any, **options: Any) -> Any:
        return getattr(import_module(f"tweetbot.sources.{module}"), function)(*args, **options)

    return call


_JSON = _late("list_json", "content")
LINES = Shape("a text file", "line", lines, text_alone)
FORTUNE = Shape("a fortune file", "line", fortune, text_alone)
JSON_LINES = Shape(
    "JSON Lines",
    "line",
    _late("list_json", "json_lines"),
    _JSON,
    has_days=True,
    begin='Write one a line: {"text": "One"}',
)
JSON = Shape(
    "a JSON array",
    "item",
    _late("list_json", "json_array"),
    _JSON,
    has_days=True,
    begin='Write them into the array: ["One", {"text": "Two"}]',
)
TABLE = Shape(
    "a table",
    "line",
    _late("list_rows", "rows"),
    _late("list_rows", "content"),
    has_days=True,
    begin="Write a header with a column called text, and a row for each item under it.",
)
FOLDER = Shape(
    "a folder",
    "item",
    _late("list_folder", "folder"),
    _late("list_folder", "content"),
    is_named=True,
    begin="Put a text into it, as x.txt; a picture of the same name goes with it.",
)
BY_SUFFIX = {
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
    ".json": JSON,
    ".csv": TABLE,
    ".tsv": TABLE,
    ".tab": TABLE,
}


def shape_of(path: Path) -> Shape:
    """Tell the shape of a list; raises `ConfigurationError` for what is none of them."""
    if os.path.isdir(path):  # `Path` raises where a folder above is closed to us
        return FOLDER
    if os.path.exists(path) and not os.path.isfile(path):  # a pipe cannot be read twice
        raise ConfigurationError(f"The list {path} is neither a file nor a folder.")
    try:
        with path.open("rb") as file:
            head = file.read(_HEAD)
    except OSError as error:
        raise ConfigurationError(f"The list {path} cannot be read: {error.strerror}.") from None
    shape = BY_SUFFIX.get(path.suffix.lower())
    if shape is None:
        shape = FORTUNE if b"%" in head and re.search(_FORTUNE, head) else LINES
    if shape in (LINES, FORTUNE, JSON) or b"\0" in head:
        _refuse_structured(path, head, shape)
    return shape


def _refuse_structured(path: Path, head: bytes, shape: Shape) -> None:
    begins = head.lstrip(b"\xef\xbb\xbf \t\r\n")
    if shape is JSON and begins.startswith(b"["):
        return
    if shape is JSON or begins[:1] in (b"{", b"[", b"<") or path.suffix or b"\0" in head:
        from tweetbot.sources.structured import refuse  # late: most lists are what they seem

        refuse(path, begins)
