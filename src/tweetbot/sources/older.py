"""How tweetbot 0.1 kept a list: by its path, and each line that begins with # was a comment."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any


def is_path(key: str) -> bool:
    """Whether a cursor is kept by an absolute path, of this system or of Windows."""
    return os.path.isabs(key) or (key[1:3] in (":\\", ":/"))


def file_name(path: str) -> str:
    return path.replace("\\", "/").rpartition("/")[2] if path[1:2] == ":" else Path(path).name


def wrote(cursor: Any) -> bool:
    """Whether 0.1 wrote the cursor of a list; later ones say where it lay."""
    return isinstance(cursor, Mapping) and "order" in cursor and "path" not in cursor


def no_comments(name: str) -> str:
    """Say that lines are items now which 0.1 passed over."""
    return (
        f"{name} has lines that begin with #. tweetbot 0.1 took them for comments, and now they are"
        " posted: a comment is # and a space."
    )
