"""Doors that open late, or stay shut: what few runs need, or none, takes no time of the others."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any


def late(room: str, **names: str) -> Callable[[str], Any]:
    """Return the `__getattr__` of a room (PEP 562), for the names that some of its files hold.

        __getattr__ = late(__name__, lists="ListFile listed", media="read_media")

    A type checker has to see them imported: under `if TYPE_CHECKING`.
    """
    files = {name: file for file, held in names.items() for name in held.split()}

    def load(name: str) -> Any:
        if name not in files:
            raise AttributeError(f"{room} has no {name}")
        found = getattr(import_module(f"{room}.{files[name]}"), name)
        setattr(sys.modules[room], name, found)  # a file of that name has taken the place
        return found

    return load


@contextmanager
def shut(*names: str) -> Iterator[None]:
    """Let nobody import modules of these names meanwhile; what is there already stays.

    For what a library tries to import and does without (`ImportError`).
    """
    modules: dict[str, Any] = sys.modules
    shut_now = [name for name in names if name not in modules]
    modules.update(dict.fromkeys(shut_now))  # None: "import of … halted" (docs.python.org, import)
    try:
        yield
    finally:
        for name in shut_now:
            del modules[name]
