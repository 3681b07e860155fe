"""How the keys of the document are declared, and what cannot be one.

A document is read by the types of the fields. So the files that declare them do without
`from __future__ import annotations`, which would leave their names alone, to be looked up anew.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any


class Unreadable(ValueError):
    """The text is no profile document; says why in a few words, without its content."""


def unknown() -> Any:
    return field(default_factory=dict, repr=False)


RARE = {"rare": True}  # a key that is written only where it says something
