"""What is no list and looks structured: it is refused with the line that makes a list of it."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from tweetbot.errors import ConfigurationError
from tweetbot.sources.list_lines import is_line, quoted

_DEEPEST = 3
_DECLARED = re.compile(rb"<(\?xml|!doctype)", re.IGNORECASE)
_ELEMENT = re.compile(rb"<([a-z][\w:.-]*)(\s[^<>]*)?>", re.IGNORECASE)
_TAIL = 200  # bytes, in which a document ends
_FEED = re.compile(rb"<(rss|feed|rdf:RDF)\b")
_PAGE = re.compile(rb"<(!doctype html|html)\b", re.IGNORECASE)
_SHEETS = (".xlsx", ".xls", ".ods", ".numbers")
_YAML = (".yaml", ".yml")
_PICTURE = "A folder of pictures can be one, or a table that names them in a column called media."
_BINARY = (
    (b"\x89PNG", "a picture", _PICTURE),
    (b"GIF87a", "a picture", _PICTURE),
    (b"GIF89a", "a picture", _PICTURE),
    (b"\xff\xd8\xff", "a picture", _PICTURE),
    (b"%PDF-", "a PDF", "Give a text file, an item a line."),
    (b"PK\x03\x04", "a zip archive", "Unpack it, and give what is in it."),
    (b"\x1f\x8b", "a compressed file", "Unpack it, and give what is in it."),
)


def refuse(path: Path, begins: bytes) -> None:
    """Raise `ConfigurationError` if a file that begins so is no list of lines."""
    suffix = path.suffix.lower()
    if suffix in _SHEETS or _is_sheet(begins):
        line = f"libreoffice --convert-to csv {quoted(path)}"
        raise ConfigurationError(
            f"{path} is a spreadsheet's own file, and no list.", f"Export it as CSV: {line}"
        )
    for sign, what, remedy in _BINARY:
        if begins.startswith(sign):
            raise ConfigurationError(f"{path} is {what}, and no list.", remedy)
    if suffix in _YAML:
        raise _refused(path, "a YAML file", "yq -o json", ".json")
    if _DECLARED.match(begins) or _is_element(path, begins):
        raise _of_elements(path, begins)
    if begins[:1] in (b"{", b"[") or suffix == ".json":
        _refuse_json(path, begins)


def _is_sheet(begins: bytes) -> bool:
    is_zip = begins.startswith(b"PK\x03\x04")
    inside = is_zip and (b"xl/workbook" in begins or b"opendocument.spreadsheet" in begins)
    return inside or begins.startswith(b"\xd0\xcf\x11\xe0")


def _is_element(path: Path, begins: bytes) -> bool:
    """Whether a file ends with the element that it begins with; "<nick> hello" is a line."""
    found = _ELEMENT.match(begins)
    if not found:
        return False
    with path.open("rb") as file:
        file.seek(max(0, os.fstat(file.fileno()).st_size - _TAIL))
        return file.read().rstrip().endswith(b"</" + found[1] + b">")


def _of_elements(path: Path, begins: bytes) -> ConfigurationError:
    if _FEED.search(begins):
        return ConfigurationError(
            f"{path} is a feed, and no list.", f"Give it by --feed {quoted(path)}."
        )
    if _PAGE.match(begins):
        return _refused(path, "a web page", "xmllint --html --xpath '//li//text()'", ".txt")
    return _refused(path, "an XML document", "xmllint --xpath '//text()'", ".txt")


def _refuse_json(path: Path, begins: bytes) -> None:
    """Refuse JSON that is no array in a `.json` file; a line of text may begin with a bracket."""
    first = begins.split(b"\n", 1)[0].strip()
    value = _parsed(path)
    if isinstance(value, dict):
        raise _of_object(path, value)
    if isinstance(value, list):
        raise _refused(path, "a JSON array under another name", "cat", ".json")
    if _is_json(first):
        raise _refused(path, "JSON Lines under another name", "cat", ".jsonl")
    if path.suffix.lower() == ".json" or first in (b"{", b"["):
        raise ConfigurationError(
            f"{path} looks like JSON, and is none: {_fault(path)}.",
            "Mend it; a list of lines is called .txt.",
        )


def _of_object(path: Path, value: dict[str, Any]) -> ConfigurationError:
    where = _longest(value)
    if where is None:
        return _refused(path, "one JSON object", "jq '[.[]]'", "-list.json")
    if where[1]:
        return _refused(path, "one JSON object", f"jq -r '{where[0]}[]'", ".txt")
    return _refused(path, "one JSON object", f"jq '{where[0]}'", "-list.json")


def _refused(path: Path, what: str, command: str, ending: str = "") -> ConfigurationError:
    into = f" > {_beside(path, ending)}" if ending else ""
    return ConfigurationError(
        f"{path} is {what}, and no list.", f"Make one of it: {command} {quoted(path)}{into}"
    )


def _beside(path: Path, ending: str) -> str:
    return quoted(path.with_name(path.stem + ending))


def _parsed(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        return None


def _fault(path: Path) -> str:
    try:
        json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        return str(error)
    return "it holds one value"


def _is_json(line: bytes) -> bool:
    """Whether a line is an object or an array of JSON."""
    try:
        return isinstance(json.loads(line), dict | list)
    except (ValueError, RecursionError):
        return False


def _longest(value: Any, at: str = "", depth: int = 0) -> tuple[str, bool] | None:
    """Find the longest array: how jq calls it, and whether it can be a list of lines."""
    found: list[tuple[int, str, bool]] = []

    def look(value: Any, at: str, depth: int) -> None:
        if isinstance(value, list):
            lines = all(isinstance(one, str) and is_line(one) for one in value)
            found.append((len(value), at, lines))
        elif isinstance(value, dict) and depth < _DEEPEST:
            for name, one in value.items():
                look(one, f"{at}{_step(name)}", depth + 1)

    look(value, at, depth)
    if not found:
        return None
    _, where, lines = max(found, key=lambda one: one[0])
    return where, lines


def _step(name: str) -> str:
    if re.fullmatch(r"[A-Za-z_]\w*", name, re.ASCII):
        return f".{name}"
    return "." + json.dumps(name).replace("'", "\\u0027")
