"""What was used of a feed: the names of its items, in under 6 kB.

A profile keeps it as the feed's cursor. What is pending holds the name of its item alone, so that
whoever settles it, with whatever source, adds it to what is there by then.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import field, replace
from typing import Any

from tweetbot.values import dataclass

REMEMBERED = 500  # items; a feed shows a few dozen
_NAME = 11  # characters: 8 bytes in base64url; among 500, two share one with a chance of 1 in 10^14
_LONGEST_VALIDATOR = 160  # characters
_TEXTS = ("etag", "modified", "look", "moved", "path")


def item_name(key: str) -> str:
    """Name an item by what identifies it in its feed."""
    import base64  # late: most bots follow no feed

    hashed = hashlib.blake2b(key.encode(errors="surrogatepass"), digest_size=8).digest()
    return base64.urlsafe_b64encode(hashed).decode().rstrip("=")


@dataclass(frozen=True)
class Seen:
    """The used items of a feed by their names, the one that was shown longest ago first.

    `is_cut` says that the feed has had more items than are remembered; so it may be if the first
    look was at a broken one. `etag` and `modified` are the server's, of a look that left nothing
    new behind, and `look` names what was looked for. `moved` names the address that a person was
    told the feed has moved to. `path` is where it lay, if it is a file.
    """

    used: tuple[str, ...] = ()
    is_cut: bool = False
    etag: str = ""
    modified: str = ""
    look: str = ""
    moved: str = ""
    path: str = ""
    unknown: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, value: Any) -> Seen | None:
        """Read what the profile keeps; what is none counts as no look."""
        if not isinstance(value, dict) or not isinstance(value.get("used"), str):
            return None
        names = value["used"]
        if not re.fullmatch(f"([A-Za-z0-9_-]{{{_NAME}}})*", names):
            return None
        used = tuple(names[start : start + _NAME] for start in range(0, len(names), _NAME))
        known = {name: value.get(name) for name in _TEXTS}
        texts = {name: text if isinstance(text, str) else "" for name, text in known.items()}
        rest = {name: value[name] for name in value if name not in {"used", "is_cut", *texts}}
        return cls(used, value.get("is_cut") is True, **texts, unknown=rest)

    def written(self) -> dict[str, Any]:
        """Return what the profile keeps."""
        texts = {name: getattr(self, name) for name in _TEXTS}
        kept = {name: text for name, text in texts.items() if text}
        cut = {"is_cut": True} if self.is_cut else {}
        return {**self.unknown, "used": "".join(self.used), **cut, **kept}

    def with_used(self, names: Iterable[str]) -> Seen:
        """Add what is used by now; it has just been shown."""
        added = dict.fromkeys(names)
        kept = [name for name in self.used if name not in added]
        return replace(self, used=(*kept, *added)[-REMEMBERED:])

    def shown(self, names: Collection[str], *, is_cut: bool) -> Seen:
        """Note that a feed shows these; the used ones among them are forgotten last."""
        used = {*self.used}
        again = self.with_used(name for name in names if name in used)
        return replace(again, is_cut=self.is_cut or is_cut)

    def validated(self, *, etag: str, modified: str, look: str) -> Seen:
        """Keep what the server tells a look by that left nothing new behind; no long ones."""
        etag, modified = (text if _is_short(text) else "" for text in (etag, modified))
        return replace(self, etag=etag, modified=modified, look=look if etag or modified else "")


def _is_short(validator: str) -> bool:
    return len(validator) <= _LONGEST_VALIDATOR and validator.isascii() and validator.isprintable()


def merged(cursor: Any, used: Any) -> Any:
    """Return a source's cursor once what was taken from it is used: a feed adds an item's name.

    Where nothing is remembered of the feed, nothing is added: its next look is a first one.
    """
    if not isinstance(used, str):
        return used
    seen = Seen.read(cursor)
    return seen.with_used([used]).written() if seen else cursor
