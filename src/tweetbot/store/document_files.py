"""The files of one document: itself, its slot, its rescue files; private, and their owner's.

`folder` has the order in which they are written.
"""

from __future__ import annotations

import hashlib
import json
import os
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tweetbot.errors import ConfigurationError, LoginNeeded, Overtaken
from tweetbot.profile import Elsewhere, Profile, Unreadable, parse
from tweetbot.store.files import BINARY, NOFOLLOW, sync_folder, write


class DocumentFiles:
    """What lies at `path` and beside it."""

    def __init__(
        self,
        path: Path,
        *,
        state_dir: Callable[[], Path | None],
        wait: float = 30.0,
        now: Callable[[], float] = time.time,
        warn: Callable[[str], None] = lambda _: None,
        why_empty: LoginNeeded | None = None,
    ) -> None:
        self.path = Path(os.path.realpath(path))
        self.interrupted_at: int | None = None
        self.largest_intent: int | None = None
        self._state_dir = state_dir
        self._wait = wait
        self._now = now
        self._warn = warn
        self._why_empty = why_empty
        self._locked = False

    def __str__(self) -> str:
        return str(self.path)

    def exists(self) -> bool:
        """Whether there is a document, readable or not."""
        try:
            self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError:  # a folder that is closed to us; `lock` and `load` say so
            return True
        return True

    def remove_leftovers(self) -> None:
        """Drop the slot and rescue files: they are void, and one that stays is not believed."""
        for place in (self.beside(".next"), *self.rescue_places(self._state_dir())):
            with suppress(OSError):
                place.unlink(missing_ok=True)

    @property
    def mode(self) -> int | None:
        """The permissions of the file."""
        try:
            return self.path.stat().st_mode & 0o777
        except OSError:
            return None

    def beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def rescue_places(self, state_dir: Path | None) -> tuple[Path, ...]:
        # One state folder serves every config folder, and each has its own `default.json`.
        folder = hashlib.sha256(os.fsencode(self.path.parent)).hexdigest()[:8]
        elsewhere = () if state_dir is None else (state_dir / f"{self.path.name}.{folder}.rescue",)
        return (self.beside(".rescue"), *elsewhere)

    def _not_logged_in(self) -> LoginNeeded:
        if self._why_empty:
            return self._why_empty
        name, others = self.path.stem, [path.stem for path in profile_paths(self.path.parent)]
        remedy = "Run `tweetbot auth`."
        if others:  # a mistyped name: a login under it could end the login that was meant
            remedy = (
                f"Name one of these by -p: {', '.join(others)}; or, for another account, run"
                f" `tweetbot auth -p {name} --account USERNAME`."
            )
        return LoginNeeded(f"Not logged in: there is no {self.path}.", remedy)

    def _read(self) -> Profile:
        try:
            return parse(self.path.read_bytes())
        except FileNotFoundError:
            raise self._not_logged_in() from None
        except Elsewhere:
            raise Overtaken(
                f"The bot of {self.path} was moved into another store meanwhile.",
                "Run it again: it goes on there.",
            ) from None
        except Unreadable as error:
            raise ConfigurationError(
                f"{self.path} cannot be read as a profile: {error}.",
                "Mend it or restore it; `tweetbot auth --force` replaces it.",
            ) from None
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error.strerror}.") from None

    def _newer_than(self, stored: Profile) -> Profile | None:
        """Look for a renewed token that did not reach its place (roll forward)."""
        for place in (self.beside(".next"), *self.rescue_places(self._state_dir())):
            try:
                document = place.read_bytes()
                candidate = parse(document)
            except Unreadable:
                self.interrupted_at = _intent_time(document) or self.interrupted_at
            except OSError as error:
                # A state folder that is closed to us says nothing; a file that is there does.
                is_there = place.parent == self.path.parent or os.path.lexists(place)
                if is_there and not isinstance(error, FileNotFoundError):
                    # It may hold the newest token, and the next renewal would overwrite it.
                    raise ConfigurationError(
                        f"{place} cannot be read: {error.strerror}.", "Mend it; nothing was sent."
                    ) from None
            else:
                token = candidate.token
                if token.parent == stored.token.digest and token != stored.token:
                    return candidate
        return None

    def _tighten(self) -> None:
        """Take a group's and the world's permissions away from a document with secrets."""
        with suppress(OSError):
            mode = self.path.stat().st_mode & 0o777
            if sys.platform == "win32" or not mode & 0o077:
                return
            self.path.chmod(0o600)
            self._warn(f"{self.path} was open to others (mode {mode:04o}); it is 0600 now.")

    def _create(self, path: Path) -> int:
        """Open a new file, private from its first instant; a leftover of that name goes."""
        path.unlink(missing_ok=True)
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | NOFOLLOW | BINARY
        descriptor = os.open(path, flags, 0o600)
        self._keep_owner(descriptor)
        return descriptor

    def _keep_owner(self, descriptor: int) -> None:
        """Root running over a user's folder leaves files that the user can read."""
        if sys.platform != "win32" and os.geteuid() == 0:
            with suppress(OSError):
                folder = self.path.parent.stat()
                os.fchown(descriptor, folder.st_uid, folder.st_gid)

    def write_new(self, path: Path, document: bytes) -> None:
        descriptor = self._create(path)
        try:
            write(descriptor, document)
            os.fsync(descriptor)
        except BaseException:
            with suppress(OSError):
                path.unlink()
            raise
        finally:
            os.close(descriptor)

    def replace(self, document: bytes) -> None:
        temporary = self.beside(".tmp")  # one name is enough: the lock is held
        self.write_new(temporary, document)
        try:
            os.replace(temporary, self.path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise
        sync_folder(self.path.parent)


def profile_paths(config_dir: Path) -> list[Path]:
    """Return the documents in `config_dir`, by name."""
    try:
        paths = list(config_dir.iterdir())
    except FileNotFoundError:
        return []
    except OSError as error:
        raise ConfigurationError(
            f"The folder {config_dir} cannot be read: {error.strerror}.",
            "Check its owner, or TWEETBOT_CONFIG_DIR.",
        ) from None
    return sorted(path for path in paths if path.suffix == ".json" and path.name[0].isalnum())


def _intent_time(document: bytes) -> int | None:
    try:
        at = json.loads(document.rstrip(b"\0"))["intent"]["at"]
    except (ValueError, LookupError, TypeError):
        return None
    return at if isinstance(at, int) else None
