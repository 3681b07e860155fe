"""What a kind makes of a job: files, and what is left for the person."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from tweetbot.values import dataclass

_MADE = "Made by `tweetbot schedule {kind}`"
_MARK = re.compile(r"Made by `tweetbot schedule \w+` \(([0-9a-f]{12})\)")


@dataclass(frozen=True)
class File:
    """A file; `place` is where it belongs, and the text says so in a comment of its syntax."""

    place: str
    text: str


@dataclass(frozen=True)
class Plan:
    """The files, the lines that are left for the person, and what has to be known.

    `by_hand` is left only if the files were not written by us.
    """

    files: tuple[File, ...]
    steps: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    by_hand: tuple[str, ...] = ()


def headed(
    kind: str,
    place: str,
    body: str,
    *,
    notes: Sequence[str] = (),
    comment: str = "# {}",
    before: str = "",
) -> File:
    """Put a head on a file: where it belongs, who made it, and a digest of what was made.

    `comment` is a line of a comment; `before` is what has to stand above it.
    """
    shown = "".join(char if char.isprintable() else "?" for char in place)
    lines = [shown, *notes, f"{_MADE.format(kind=kind)} ({digest(body)})"]
    head = "".join(f"{comment.format(line)}\n" for line in lines)
    return File(place, f"{before}{head}{body}")


def digest(body: str) -> str:
    return hashlib.sha256(body.encode()).hexdigest()[:12]


def is_as_made(text: str) -> bool:
    """Whether `text` is a file with such a head, and nobody changed what stands below it."""
    head, mark, rest = _split(text)
    return bool(head) and digest(rest) == mark


def is_mark(line: str) -> bool:
    """Whether the line says who made the file."""
    return bool(_MARK.search(line))


def _split(text: str) -> tuple[str, str, str]:
    found = _MARK.search(text)
    if not found:
        return "", "", text
    end = text.find("\n", found.end()) + 1
    return text[:end], found[1], text[end:]
