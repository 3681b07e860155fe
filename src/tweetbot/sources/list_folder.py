"""A list that is a folder: files that share a name are one item."""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

from tweetbot.errors import ConfigurationError
from tweetbot.sources.given import BETWEEN_PARTS
from tweetbot.sources.item import Content, File, Item
from tweetbot.sources.list_lines import Tally

_ALT = ".alt.txt"
_TEXT = ".txt"
# What X takes, and what people keep beside that: those items are told, not left out.
_MEDIA = {".jpg", ".jpeg", ".png", ".webp", ".gif", ".mp4", ".mov", ".heic", ".avif", ".bmp"}
_MEDIA |= {".tif", ".tiff", ".svg", ".webm", ".mkv", ".avi"}
_DIGITS = re.compile(r"([0-9]+)")


def folder(path: Path, _tally: Tally, **_: bool) -> Iterator[Item]:
    """Name the items, in the order in which a person reads their names; nothing is opened.

    An item is known by its name, for to read all of them takes too long.
    """
    held: dict[str, dict[str, str]] = {}
    try:
        with os.scandir(path) as entries:
            for entry in entries:
                name = entry.name
                if name[0] == ".":
                    continue
                stem, suffix = _parted(name)
                if (suffix in _MEDIA or suffix in (_TEXT, _ALT)) and not _is_folder(entry):
                    files = held.setdefault(stem, {})
                    files[suffix if suffix not in files else name] = name
    except OSError as error:
        raise ConfigurationError(f"The list {path} cannot be read: {error.strerror}.") from None
    for number, stem in enumerate(sorted(held, key=_reading_order), start=1):
        yield Item(stem, number, (path, held[stem]))


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether it is a folder; a link that leads nowhere is an item that cannot be posted."""
    try:
        return entry.is_dir()
    except OSError:  # links in a circle
        return False


def _parted(name: str) -> tuple[str, str]:
    lower = name.lower()
    if lower.endswith(_ALT):
        return name[: -len(_ALT)], _ALT
    dot = lower.rfind(".")
    return (name[:dot], lower[dot:]) if dot > 0 else (name, "")


def _reading_order(name: str) -> tuple[list[str | int], str]:
    """Sort 2 before 10."""
    parts: list[str | int] = list(_DIGITS.split(name))
    parts[1::2] = [int(str(part)) for part in parts[1::2]]
    return parts, name


def content(item: Item) -> Content:
    """Read the text and the alt text, and name the file that is shown."""
    path: Path
    files: dict[str, str]
    path, files = item.holds
    shown = [name for kind, name in files.items() if kind not in (_TEXT, _ALT)]
    if len(shown) > 1:
        return Content(fault=f"has {len(shown)} files to show: {', '.join(sorted(shown))}")
    if not shown and _TEXT not in files:
        return Content(fault="has an alt text, and nothing to show")
    try:
        text = _read(path, files.get(_TEXT))
        alt = _read(path, files.get(_ALT)) or None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is not UTF-8"
        return Content(fault=f"cannot be read: {why}")
    shows = tuple(File(name, alt) for name in shown)
    first, *others = re.split(BETWEEN_PARTS, text)
    if others:
        parts = (Content(first.strip(), shows), *(Content(part.strip()) for part in others))
        return Content(thread=parts, values={"text": text})
    return Content(text, shows, values={"text": text})


def _read(path: Path, name: str | None) -> str:
    if not name:
        return ""
    if not stat.S_ISREG(os.stat(path / name).st_mode):  # a pipe would be waited for
        raise OSError(errno.EINVAL, "it is not a file")
    return (path / name).read_text(encoding="utf-8-sig").strip()
