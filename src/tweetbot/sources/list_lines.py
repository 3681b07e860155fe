"""Lists in text files: an item a line, or, of a fortune file, what stands between lines of %."""

from __future__ import annotations

from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tweetbot.errors import ConfigurationError
from tweetbot.sources.item import Content, Item

LONGEST_LINE = 60_000  # characters; of the longest post, 25,000, each may be written as two
Tally = Counter[str]  # what was met beside items: "comments", and "hashtags" among them


def lines_of(path: Path, *, newline: str | None = None) -> Iterator[str]:
    """Yield the lines of a text file, one at a time: neither its length nor theirs matters.

    Raises `ConfigurationError` that names the line which is not UTF-8, or too long.
    """
    try:
        # A byte that is not UTF-8 becomes half of a surrogate pair (PEP 383): so the line is known.
        with path.open(encoding="utf-8-sig", errors="surrogateescape", newline=newline) as file:
            lines = iter(partial(file.readline, LONGEST_LINE), "")
            for number, line in enumerate(lines, start=1):
                if len(line) == LONGEST_LINE:
                    raise unusable(path, number, "is longer than any post", "Is it a list?")
                if not _is_utf8(line):
                    raise unusable(path, number, "is not UTF-8", _to_utf8(path))
                yield line
    except OSError as error:
        raise ConfigurationError(f"The list {path} cannot be read: {error.strerror}.") from None


def unusable(path: Path, number: int, what: str, remedy: str) -> ConfigurationError:
    """Say what is wrong with one line of a list."""
    return ConfigurationError(f"Line {number} of the list {path} {what}.", remedy)


def lines(path: Path, tally: Tally, **_: bool) -> Iterator[Item]:
    """Read a line each; blank ones are skipped, and comments: a # alone, or one before a space."""
    for number, line in enumerate(lines_of(path), start=1):
        text = line.strip()
        if not text:
            continue
        if text[0] == "#":
            if _is_comment(text):
                tally["comments"] += 1
                continue
            tally["hashtags"] += 1
        yield Item(_unescape(text), number)


def is_line(text: str) -> bool:
    """Whether a line of a text file says just this; what is blank is skipped."""
    said = text.strip()
    if "\n" in text or "\r" in text or said == "%" or _is_comment(said):
        return False
    return _unescape(said) == said


def _is_comment(text: str) -> bool:
    return text[:1] == "#" and (text == "#" or text[1].isspace())


def fortune(path: Path, _tally: Tally, **_: bool) -> Iterator[Item]:
    """Read what stands between lines of % alone, line breaks and all."""
    held: list[str] = []
    size, first = 0, 1
    for number, line in enumerate(lines_of(path), start=1):
        size += len(line)
        if line.rstrip() == "%":
            if text := "".join(held).strip():
                yield Item(text, first)
            held, size = [], 0
        elif size > LONGEST_LINE:
            raise unusable(path, first, "begins what is longer than any post", "Is it a list?")
        elif held or line.strip():
            first = first if held else number
            held.append(line.rstrip() + "\n")
    if text := "".join(held).strip():
        yield Item(text, first)


def text_alone(item: Item) -> Content:
    """Take an item for the text that it is."""
    return Content(item.text, values={"text": item.text})


def _is_utf8(line: str) -> bool:
    try:
        return line.isascii() or bool(line.encode())
    except UnicodeEncodeError:
        return False


def _to_utf8(path: Path) -> str:
    with path.open("rb") as file:
        written = "UTF-16" if file.read(2) in (BOM_UTF16_LE, BOM_UTF16_BE) else "WINDOWS-1252"
    name, beside = quoted(path), quoted(path.with_name(f"{path.name}.utf8"))
    # Under its own name, for the ending tells the shape, and the name where the list stands.
    into = f"{name} > {beside} && mv {beside} {name}"
    return f"Save the file as UTF-8: iconv -f {written} -t UTF-8 {into}"


def quoted(path: Path) -> str:
    """Write a name as a shell reads it."""
    from shlex import quote  # late: messages alone need it

    return quote(str(path))


def _unescape(text: str) -> str:
    """Turn `\\n`, `\\#` and `\\\\` into what they stand for; any other backslash stays."""
    if "\\" not in text:
        return text
    parts = text.split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\#", "#") for part in parts)
