"""JSON as X's specification has it: what is unknown, missing or of another kind is refused.

Each function takes a value and its path in the body (`$.poll.options`), and raises `Refused` with
a 400 that names the path.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NoReturn

from tweetbot.sandbox.messages import Refused
from tweetbot.sandbox.problems import NO_JSON_OBJECT, invalid_request

_ID = re.compile(r"[0-9]{1,19}")


def members(
    value: object, path: str, *, required: Collection[str] = (), optional: Collection[str] = ()
) -> dict[str, object]:
    """Return the members of an object that has all the `required` ones and no unknown ones."""
    if not isinstance(value, dict):
        if path == "$":
            raise Refused(NO_JSON_OBJECT)
        refuse(path, value, "is not an object.")
    for name in value:
        if name not in required and name not in optional:
            refuse(f"{path}.{name}", value[name], "is not allowed here.")
    for name in required:
        if name not in value:
            refuse(f"{path}.{name}", "", "is required.")
    return value


def string(value: object, path: str) -> str:
    """Return a string that UTF-8 can hold."""
    # JSON can spell half of a surrogate pair, which no UTF-8 text can hold.
    if not isinstance(value, str) or any("\ud800" <= character <= "\udfff" for character in value):
        refuse(path, value, "is not a string.")
    return value


def id_string(value: object, path: str) -> str:
    """Return an id, which X writes as a string of digits."""
    if not isinstance(value, str) or not _ID.fullmatch(value):
        refuse(path, value, "does not match the regex pattern ^[0-9]{1,19}$.")
    return value


def flag(value: object, path: str) -> bool:
    """Return a boolean."""
    if not isinstance(value, bool):
        refuse(path, value, "is not a boolean.")
    return value


def whole(value: object, path: str, *, least: int, most: int) -> int:
    """Return an integer in a range; true and 1.0 are none."""
    if not isinstance(value, int) or isinstance(value, bool):
        refuse(path, value, "is not an integer.")
    if not least <= value <= most:
        refuse(path, value, f"is not between {least} and {most}.")
    return value


def choice(value: object, path: str, *, among: Collection[str]) -> str:
    """Return one of a few words."""
    if not isinstance(value, str) or value not in among:
        refuse(path, value, f"is not one of [{','.join(among)}].")
    return value


def items(value: object, path: str, *, least: int, most: int) -> list[object]:
    """Return the items of an array."""
    if not isinstance(value, list):
        refuse(path, value, "is not an array.")
    if not least <= len(value) <= most:
        refuse(path, value, f"has not {least} to {most} items.")
    return value


def refuse(path: str, value: object, why: str) -> NoReturn:
    """Refuse a value: a 400 that echoes it."""
    raise Refused(invalid_request(f"{path}: {why}", {path.removeprefix("$."): _echo(value)}))


def _echo(value: object) -> str:
    return str(value)[:200]
