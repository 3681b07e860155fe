"""Which top-level domains X knows; pure but for two files of this folder, read once."""

from __future__ import annotations

import re
from functools import cache

# Not a suffix of something longer.
_TLD_END = "(?![0-9A-Za-z@+-])"
_ASCII_TLD = f"[A-Za-z]{{2,}}+{_TLD_END}"
_PUNYCODE_TLD = "[Xx][Nn]--[0-9A-Za-z-]++"
# For special use (RFC 7686), so not in IANA's list; X links it.
_ONION = "onion"
_TLD_FILES = ("tlds.txt", "tlds_of_x.txt")


@cache
def _tlds() -> frozenset[str]:
    """Read IANA's list and what X's own has besides; the heads of the files say where from."""
    lines = (line for name in _TLD_FILES for line in _lines(name))
    return frozenset([_ONION, *(line for line in lines if not line.startswith("#"))])


def _lines(name: str) -> list[str]:
    import pkgutil

    data = pkgutil.get_data("tweetbot.text", name) or b""
    return data.decode("ascii").lower().splitlines()


@cache
def _unicode_tlds() -> dict[str, list[str]]:
    """Group the internationalised ones by their first character, the longest first."""
    names: dict[str, list[str]] = {}
    for tld in _tlds():
        if tld.startswith("xn--"):
            name = tld.removeprefix("xn--").encode().decode("punycode")
            names.setdefault(name[0], []).append(name)
    return {first: sorted(group, key=len, reverse=True) for first, group in names.items()}


def tld_end(text: str, start: int) -> int:
    """Tell where the top-level domain at `start` ends; 0 if there is none."""
    if punycode := re.compile(_PUNYCODE_TLD).match(text, start):
        return punycode.end()
    found = re.compile(_ASCII_TLD).match(text, start)
    if found and found[0].lower() in _tlds():
        return found.end()
    if re.compile("[A-Za-z]*+[^\0-\x7f]").match(text, start):
        return _unicode_tld_end(text, start)
    return 0


def _unicode_tld_end(text: str, start: int) -> int:
    for name in _unicode_tlds().get(text[start].lower(), ()):
        end = start + len(name)
        if text[start:end].lower() == name and re.compile(_TLD_END).match(text, end):
            return end
    return 0
