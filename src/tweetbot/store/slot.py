"""The slot of a prepared save: where a renewed token becomes durable (`folder`, steps 3 to 7)."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from tweetbot.errors import TokenNotSaved
from tweetbot.profile import Profile, dump
from tweetbot.store.files import make_folder, sync_folder, write


class Folder(Protocol):
    """What a slot needs of its store."""

    path: Path

    def beside(self, suffix: str) -> Path: ...
    def replace(self, document: bytes) -> None: ...
    def write_new(self, path: Path, document: bytes) -> None: ...
    def rescue_places(self, state_dir: Path | None) -> tuple[Path, ...]: ...


class Slot:
    """The open slot: `commit` saves the renewed token, whatever happens to the disk."""

    def __init__(self, store: Folder, descriptor: int, state_dir: Path | None) -> None:
        self._store = store
        self._descriptor = descriptor
        self._state_dir = state_dir

    def commit(self, renewed: Profile) -> None:
        """Save `renewed` in its place; raises `TokenNotSaved` that says where it is instead."""
        store = self._store
        document = dump(renewed)
        kept_at: Path | None = None
        try:
            write(self._descriptor, document)
            os.fsync(self._descriptor)  # durable here
            kept_at = store.beside(".next")
            os.ftruncate(self._descriptor, len(document))
            os.replace(kept_at, store.path)
        except OSError:
            self._rescue(document, kept_at)
        else:
            with suppress(OSError):  # without it a power cut leaves the slot: rolled forward
                sync_folder(store.path.parent)

    def _rescue(self, document: bytes, kept_at: Path | None) -> None:
        store = self._store
        with suppress(OSError):
            store.replace(document)
            return
        for place in store.rescue_places(self._state_dir):
            if kept_at is None:
                with suppress(OSError):
                    make_folder(place.parent)
                    store.write_new(place, document)
                    kept_at = place
        if kept_at is None:
            raise TokenNotSaved(
                f"The login was renewed, but could not be saved at {store.path} or anywhere else.",
                "Nothing was posted. Mend the disk, then run `tweetbot auth`.",
            )
        raise TokenNotSaved(
            f"The login was renewed, but could not be saved at {store.path}; it is in {kept_at}.",
            "Nothing was posted. Mend the disk; the next run takes the login over from there.",
        )
