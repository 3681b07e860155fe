"""A renewed login that its store did not take, in a file of this machine.

X has ended the old one by then, so this is the only copy: the next run here goes on with it. The
file is named by the login that it replaces.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tweetbot.errors import TokenNotSaved, TweetbotError
from tweetbot.profile import Profile
from tweetbot.store.folder import FileStore


class Rescue:
    """Files beside a store that is elsewhere, in the folder for what has no better place."""

    def __init__(self, profile: str, *, state_dir: Callable[[], Path | None]) -> None:
        self._profile = profile
        self._state_dir = state_dir

    def newer_than(self, stored: Profile) -> Profile:
        """Return the login that replaced the stored one, if it is here; else `stored`.

        Raises `ConfigurationError` if it is here and cannot be read: it may be the only live one.
        """
        file = self._file(stored.token.digest)
        return file.load() if file and os.path.lexists(file.path) else stored

    def keep(self, renewed: Profile, why: str, *, remedy: str) -> TokenNotSaved:
        """Keep `renewed` here if that is possible; return the error that says where it is."""
        happened = f"The login was renewed, but could not be saved: {why.rstrip('.')}"
        file = self._kept(renewed)
        if file is None:
            return TokenNotSaved(
                f"{happened}.",
                f"Nothing was posted. {remedy}; if the next run is refused, run `tweetbot auth`.",
            )
        return TokenNotSaved(
            f"{happened}; it is in {file}.",
            f"Nothing was posted. {remedy}; the next run on this machine takes the login over from"
            " there.",
        )

    def keep_in_case(self, renewed: Profile, why: str) -> TokenNotSaved:
        """Keep `renewed` although its store has another login, which the next run will try."""
        happened = f"The login was renewed, but not saved: {why.rstrip('.')}"
        file = self._kept(renewed)
        where, way = (f"; it is in {file}", f"import --force {file}") if file else ("", "auth")
        return TokenNotSaved(
            f"{happened}{where}.",
            "Nothing was posted. The next run goes on with what is there; if that is refused, run"
            f" `tweetbot {way}`.",
        )

    def forget(self, saved: Profile) -> None:
        """Drop what the store has by now."""
        file = self._file(saved.token.parent)
        with suppress(OSError):
            if file:
                file.path.unlink(missing_ok=True)

    def _kept(self, renewed: Profile) -> FileStore | None:
        file = self._file(renewed.token.parent)
        if file is None:
            return None
        try:
            file.make_ready()
            file.save(renewed)
        except TweetbotError:
            return None
        return file

    def _file(self, replaced: str | None) -> FileStore | None:
        """Name the file; `None` where there is no home folder for it."""
        folder = self._state_dir()
        if folder is None:
            return None
        path = folder / f"{self._profile}.{replaced}.rescue"
        return FileStore(path, state_dir=lambda: path.parent)
