"""A feed that a program of one's own prints, a line an item; pure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from tweetbot.sources.entries import Entry, date_of, known_by
from tweetbot.sources.no_feed import NoFeed, check_number

_KEYS = ("key", "id", "guid")  # of an object's line
_LINKS = ("link", "url")


def read_lines(text: str) -> list[Entry]:
    """Read `KEY<TAB>TEXT` or `TEXT`, a line each."""
    return [_entry(line) for line in _lines(text)]


def read_objects(text: str) -> list[Entry]:
    """Read a JSON object from each line; raises `NoFeed` that names a line without one."""
    return [_object(_json(line, number)) for number, line in _numbered(text)]


def _entry(line: str) -> Entry:
    key, tab, said = line.partition("\t")
    if tab and key.strip() and said.strip():
        return Entry(key=known_by(key, content=()), text=said.strip())
    return Entry(key=known_by(content=(line.strip(),)), text=line.strip())


def _object(value: Any) -> Entry:
    names = {name.lower(): name for name in reversed(value)}
    keys = [str(value[names[name]]) for name in (*_KEYS, *_LINKS) if _is_key(value, names, name)]
    text = value.get(names.get("text"))
    content = text if isinstance(text, str) else json.dumps(value, sort_keys=True)
    date = value.get(names.get("date"))
    return Entry(
        key=known_by(*keys, content=(content,)),
        at=None if date in (None, "") else date_of(date),
        row=value,
    )


def _is_key(value: Any, names: Any, name: str) -> bool:
    found = value.get(names.get(name))
    return isinstance(found, str | int | float) and not isinstance(found, bool)


def _json(line: str, number: int) -> Any:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise NoFeed(
            f"line {number} is no whole JSON object", "Write one object a line, as `jq -c` does."
        )
    return value


def _lines(text: str) -> Iterator[str]:
    return (line for _, line in _numbered(text))


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    """Yield what is no blank line; only a line feed ends one, with or without a return."""
    check_number(text.count("\n"))
    for number, line in enumerate(text.split("\n"), start=1):
        line = line.rstrip("\r")
        if line.strip():
            yield number, line
