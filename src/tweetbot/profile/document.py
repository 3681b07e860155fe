"""A profile as its JSON document, and back; no I/O here."""

from __future__ import annotations

import codecs
import json
import types
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from typing import Any, get_args, get_origin

from tweetbot.profile.keys import Unreadable
from tweetbot.profile.pointer import Elsewhere, LivesIn, Pointer
from tweetbot.profile.profile import VERSION, Profile

_LARGEST = 2**40  # a time beyond it (milliseconds, perhaps) is none that can be shown
# The Python types that a JSON value of a field may have; `bool` is never a number.
_JSON_TYPES: dict[Any, tuple[type, ...]] = {
    str: (str,),
    int: (int,),
    bool: (bool,),
    float: (int, float),
    tuple: (list,),
    Mapping: (dict,),
}


# Control characters that JSON lets stand, and what some readers take for the end of a line.
_ESCAPES = {code: f"\\u{code:04x}" for code in (*range(0x7F, 0xA0), 0x2028, 0x2029)}


def dump(profile: Profile, *, one_line: bool = False) -> bytes:
    """Write `profile` as its document: JSON in UTF-8, two spaces, one newline at the end.

    `one_line` is the form for what takes a line: a CI's secret, the input of a command.
    """
    return _written(_to_json(profile), indent=None if one_line else 2)


def on_one_line(document: bytes) -> bytes:
    """Write a document on one line, with all that it says as it stands there."""
    return _written(_object(document), indent=None)


def _written(value: object, *, indent: int | None) -> bytes:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    # Half a surrogate pair (of a file's name, say) has no UTF-8; its escape is JSON's, too.
    return (text.translate(_ESCAPES) + "\n").encode(errors="backslashreplace")


def dump_pointer(profile: Profile, lives_in: LivesIn) -> bytes:
    """Write what stays of `profile` where it does not live any more: no token, no secret."""
    client = replace(profile.client, client_secret=None, unknown={})
    pointer = Pointer(
        version=profile.version, client=client, account=profile.account, lives_in=lives_in
    )
    return (json.dumps(_to_json(pointer), indent=2) + "\n").encode()


def parse(document: bytes) -> Profile:
    """Read a document; raises `Unreadable` for whatever is no profile of this version.

    A pointer is none: `Elsewhere`. NULs at the end are ignored: they are what is left of a
    preallocated slot.
    """
    value = _object(document)
    if _points(value):
        _read(Pointer, value, "")  # raises if it does not say where
        raise Elsewhere("the bot was moved, and this document only points to where it lives")
    profile: Profile = _read(Profile, value, "")
    return profile


def parse_pointer(document: bytes) -> Pointer | None:
    """Read a document that is a pointer; `None` if the bot itself is in it. Raises `Unreadable`."""
    value = _object(document)
    if not _points(value):
        return None
    pointer: Pointer = _read(Pointer, value, "")
    return pointer


def _points(value: Mapping[str, Any]) -> bool:
    return value.get("lives_in") is not None and value.get("token") is None


def _object(document: bytes) -> dict[str, Any]:
    """Read a document as a JSON object of a version that is known."""
    if not document.strip(b"\0\t\r\n "):
        raise Unreadable("it is empty")
    try:
        value = json.loads(_text(document))
    except (UnicodeDecodeError, ValueError, RecursionError) as error:
        raise Unreadable("it is not JSON") from error
    if not isinstance(value, dict):
        raise Unreadable("it is no JSON object")
    version = value.get("version")
    if isinstance(version, int) and version > VERSION:
        raise Unreadable(f"a newer tweetbot wrote it (version {version}); upgrade tweetbot")
    return value


def _text(document: bytes) -> str:
    """Decode a document; Windows' editors and shells put a byte order mark before it."""
    if document.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return document.decode("utf-16")
    return document.rstrip(b"\0").removeprefix(codecs.BOM_UTF8).decode()


def _to_json(value: Any) -> Any:
    if isinstance(value, tuple):
        return [_to_json(item) for item in value]
    if not hasattr(value, "__dataclass_fields__"):
        return value
    known = {
        entry.name: _to_json(getattr(value, entry.name))
        for entry in fields(value)
        if entry.name != "unknown" and not _is_left_out(entry, getattr(value, entry.name))
    }
    return {**known, **value.unknown}


def _is_left_out(entry: Field[Any], value: object) -> bool:
    """Whether a key of a special case is not written, because this is none."""
    return bool(entry.metadata.get("rare")) and value == entry.default


def _read(kind: Any, value: object, where: str) -> Any:
    """Build the dataclass `kind` from a JSON object; a null counts as a missing key."""
    if not isinstance(value, dict):
        raise Unreadable(f'"{where.rstrip(".")}" is no JSON object')
    known: dict[str, Any] = {}
    entries = [entry for entry in fields(kind) if entry.name != "unknown"]
    for entry in entries:
        path = where + entry.name
        if value.get(entry.name) is not None:
            known[entry.name] = _value(entry.type, value[entry.name], path)
        elif entry.default is MISSING and entry.default_factory is MISSING:
            raise Unreadable(f'"{path}" is missing')
    names = {entry.name for entry in entries}
    return kind(**known, unknown={key: value[key] for key in value if key not in names})


def _value(hint: Any, value: Any, path: str) -> Any:
    """Check one value against the type of its field."""
    if isinstance(hint, types.UnionType):  # `X | None`
        hint = get_args(hint)[0]
    if is_dataclass(hint) and isinstance(hint, type):
        return _read(hint, value, path + ".")
    if get_origin(hint) is tuple and isinstance(value, list):
        return tuple(_value(get_args(hint)[0], item, path) for item in value)
    if hint is not Any and type(value) not in _JSON_TYPES[get_origin(hint) or hint]:
        raise Unreadable(f'"{path}" is of the wrong kind')
    if hint in (int, float) and not abs(value) < _LARGEST:
        raise Unreadable(f'"{path}" is out of range')
    return value
