"""Lists in JSON: an array, or a value a line; each a string, or an object that is a post."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

from tweetbot.errors import ConfigurationError
from tweetbot.sources.item import Content, File, Item, known_by
from tweetbot.sources.list_lines import Tally, lines_of, unusable

_SAYS = ("text", "thread", "media", "poll", "on")
_SHAPES = {  # as a message shows what is right
    "media": '[{"file": "a.png", "alt": "A fox"}, …]',
    "poll": '{"options": ["A", "B"], "duration": "1d"}',
    "thread": '["One", {"text": "Two"}]',
}
_USED = {*_SAYS, "alt", "made_with_ai", "paid_partnership", "key"}
_USED_INSIDE = {"media": {"file", "alt"}, "poll": {"options", "duration"}}


def json_lines(path: Path, _tally: Tally, *, whole: bool) -> Iterator[Item]:
    """Read a value a line."""
    for number, line in enumerate(lines_of(path), start=1):
        if line.strip():
            try:
                value = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise unusable(
                    path, number, f"is not JSON: {error}", "Mend or remove it."
                ) from None
            yield _item(value, number, whole=whole)


def json_array(path: Path, _tally: Tally, *, whole: bool) -> Iterator[Item]:
    """Read the values of an array; they are numbered, for their lines are not known."""
    try:
        values = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"The list {path} cannot be read: {error.strerror}.") from None
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"The list {path} is not JSON: {error}.", "Mend it.") from None
    for number, value in enumerate(values, start=1):
        yield _item(value, number, whole=whole)


def _item(value: Any, number: int, *, whole: bool) -> Item:
    if isinstance(value, str):
        return Item(value.strip(), number)
    if not isinstance(value, dict):
        return Item(json.dumps(value), number, value if value is not None else [])
    key, on = value.get("key"), value.get("on")
    says = {name: value[name] for name in _SAYS if value.get(name)}
    if whole or not says.keys() - {"on"}:
        says = {"object": value}
    name = str(key) if key else known_by(says)
    return Item(name, number, value, str(on) if on else "")


def content(item: Item) -> Content:
    """Make of a value what it is to be."""
    if item.holds is None:
        return Content(item.text, values={"text": item.text})
    return _content(item.holds)


def _content(value: Any) -> Content:
    if isinstance(value, str):
        return Content(value.strip())
    if not isinstance(value, dict):
        return Content(fault="is neither a text nor an object")
    try:
        return Content(
            _text(value, "text"),
            _files(value),
            _poll(value.get("poll")),
            tuple(_content(part) for part in _list(value, "thread")),
            _flag(value, "made_with_ai"),
            bool(_flag(value, "paid_partnership")),
            values={name: _written(one) for name, one in value.items()},
        )
    except ValueError as error:
        return Content(fault=str(error))


def _text(value: Mapping[str, Any], name: str) -> str:
    text = value.get(name)
    if text is not None and not isinstance(text, str):
        raise ValueError(f'has a "{name}" that is no text')
    return (text or "").strip()


def _list(value: Mapping[str, Any], name: str) -> list[Any]:
    found = value.get(name)
    if found is not None and not isinstance(found, list):
        raise ValueError(f'has a "{name}" that is no list, as in {_SHAPES[name]}')
    return found or []


def _flag(value: Mapping[str, Any], name: str) -> bool | None:
    flag = value.get(name)
    if flag is not None and not isinstance(flag, bool):
        raise ValueError(f'has a "{name}" that is neither true nor false')
    return flag


def _files(value: Mapping[str, Any]) -> tuple[File, ...]:
    media = value.get("media")
    if not media:
        return ()
    if isinstance(value.get("alt"), list):
        raise ValueError(f'has a list of "alt"; each stands beside its file: {_SHAPES["media"]}')
    alt = _alt(value)
    if isinstance(media, str):
        return (File(media, alt),)
    if not isinstance(media, list):
        raise ValueError(f'has a "media" that is neither a file nor a list: {_SHAPES["media"]}')
    files = tuple(_file(one) for one in media)
    if alt is not None and len(files) == 1 and files[0].alt is None:
        return (File(files[0].name, alt),)
    return files


def _file(value: Any) -> File:
    if isinstance(value, str):
        return File(value)
    if isinstance(value, dict) and isinstance(value.get("file"), str):
        return File(value["file"], _alt(value))
    raise ValueError(f'has a "media" without a "file", as in {_SHAPES["media"]}')


def _alt(value: Mapping[str, Any]) -> str | None:
    """Read an alt text; an empty one leaves it out on purpose."""
    alt = value.get("alt")
    if alt is not None and not isinstance(alt, str):
        raise ValueError('has an "alt" that is no text')
    return alt


def _poll(value: Any) -> tuple[tuple[str, ...], str] | None:
    if value is None:
        return None
    if not isinstance(value, dict) or not isinstance(value.get("options"), list):
        raise ValueError(f'has a "poll" that is not as in {_SHAPES["poll"]}')
    return tuple(map(str, value["options"])), str(value.get("duration") or "1d")


def _written(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def unused(value: Any, used: Set[str] = frozenset(_USED)) -> Iterator[str]:
    """Name the keys of an item that make nothing of it: mistyped, perhaps."""
    for name, one in value.items() if isinstance(value, dict) else ():
        if name not in used:
            yield name
        elif name in ("thread", *_USED_INSIDE):
            for inside in one if isinstance(one, list) else [one]:
                yield from unused(inside, _USED_INSIDE.get(name, _USED))


def names(items: Iterator[Item]) -> tuple[str, ...]:
    """Return the names that the objects have, each once, in their order."""
    found: dict[str, None] = {}
    for item in items:
        found.update(dict.fromkeys(item.holds if isinstance(item.holds, dict) else ("text",)))
    return tuple(found)
