"""How the keys of the document are declared, and what cannot be one."""

from __future__ import annotations

from dataclasses import field
from typing import Any


class Unreadable(ValueError):
    """The text is no profile document; says why in a few words, without its content."""


def unknown() -> Any:
    return field(default_factory=dict, repr=False)


RARE = {"rare": True}  # a key that is written only where it says something
