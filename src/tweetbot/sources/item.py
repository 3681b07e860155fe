"""What an item of a list is to be: a post with all that can go with one; pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import field
from typing import Any, NamedTuple

from tweetbot.values import dataclass


class Item(NamedTuple):
    """One item of a list: what it is known by, the line that it stands on, and what it holds.

    It is known by its `key`, else by its content. `holds` is what its shape has read, `None` where
    that is the text alone. `on` is the day on which alone it is offered, as in "12-24".
    """

    text: str
    line: int
    holds: Any = None
    on: str = ""


@dataclass(frozen=True)
class File:
    """A file to be shown, relative to the list; `alt` is `None` where nobody has said a word."""

    name: str
    alt: str | None = None


@dataclass(frozen=True)
class Content:
    """What an item says; `values` are those that a template can name.

    `fault` says in words why it can be no post, and `made_with_ai` is `None` where it does not say.
    """

    text: str = ""
    files: tuple[File, ...] = ()
    poll: tuple[tuple[str, ...], str] | None = None  # options, and how long it lasts
    thread: tuple[Content, ...] = ()
    made_with_ai: bool | None = None
    paid_partnership: bool = False
    values: Mapping[str, str] = field(default_factory=dict)
    fault: str = ""

    @property
    def says_nothing(self) -> bool:
        """Whether it has names, and none of those that make a post."""
        return bool(self.values) and not (self.text or self.thread or self.files or self.fault)


def known_by(says: Mapping[str, Any]) -> str:
    """Return what names content that is more than a text; alt texts and labels are not part of it.

    So an item whose alt text was mended is the same one.
    """
    filled = {name: value for name, value in says.items() if value}
    if filled.keys() == {"text"} and isinstance(filled["text"], str):
        return filled["text"]
    return json.dumps(filled, sort_keys=True, ensure_ascii=False)
