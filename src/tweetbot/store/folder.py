"""A document in a folder of this machine.

X's refresh tokens are single use. From the moment X answers a refresh, the token on the disk is
dead and the new one exists only in our memory. So the save that follows is prepared before the
request is sent (`FileStore.prepare`), and everything that can fail has failed by then:

1. *lock*: one exclusive lock for the whole run; the document is re-read after it is taken.
2. *rehearse*: save the current document over itself. A read-only, full, immutable or
   bind-mounted file is found here, while nothing is lost.
3. *open the slot*: `<profile>.json.next`, preallocated, with the intent written and synced.
4. *hold signals back*; the caller sends the request.
5. *one write* of the whole new document into the slot, `fsync`: durable here.
6. *rename* over the profile, `fsync` of the folder.
7. If 5 or 6 fails: a fresh temporary file, else a *rescue* file; then `TokenNotSaved`.

`load` rolls forward: a complete document in the slot or a rescue file whose `token.parent` names
the stored refresh token is the newer one. Between 4 and 5 nothing is imported or opened.

Invariants: the profile is a complete document at every instant; only a holder of the lock
changes files; the lock file is never renamed or unlinked (two runs would hold two locks).
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tweetbot.errors import (
    AnswerLost,
    ConfigurationError,
    LoginNeeded,
    Temporary,
    TokenNotSaved,
    TweetbotError,
)
from tweetbot.profile import Profile, Unreadable, dump, parse
from tweetbot.store.signals import signals_held_back

SLOT_SLACK = 8 * 1024  # bytes beyond the current document, for a longer token or a long text
_POLL = 0.05  # seconds between two tries to get the lock
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_BINARY = getattr(os, "O_BINARY", 0)


class FileStore:
    """One profile document in a folder of this machine.

    `path` may be a symbolic link: the link stays, its target is replaced. `wait` is how many
    seconds `lock` waits for another run; `warn` is told what a person should know.
    """

    def __init__(
        self,
        path: Path,
        *,
        state_dir: Callable[[], Path],
        wait: float = 30.0,
        now: Callable[[], float] = time.time,
        warn: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.path = Path(os.path.realpath(path))
        self.interrupted_at: int | None = None
        self._state_dir = state_dir
        self._wait = wait
        self._now = now
        self._warn = warn
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

    def make_ready(self) -> None:
        """Make the folder, 0700, where there is none."""
        with _os_errors("make", self.path.parent):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)

    @contextmanager
    def lock(self, *, new: bool = False, lasting: float = 0) -> Iterator[None]:  # noqa: ARG002
        """Hold the profile's lock; the kernel releases it if the process dies.

        Raises `Temporary` if another run keeps it, `ConfigurationError` where there can be none,
        `LoginNeeded` if there is no document, unless `new`: then no lock file is left behind.
        """
        with _os_errors("look for", self.path):  # a folder that is closed to us, say
            there = new or self.path.exists()
        if not there:
            raise self._not_logged_in()
        path = self._beside(".lock")
        with _os_errors("lock", path):
            # Not inherited by children (PEP 446): a helper that lives on must not keep the lock.
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | _NOFOLLOW | _BINARY, 0o600)
        try:
            self._keep_owner(descriptor)
            self._wait_for_lock(descriptor)
            with suppress(OSError):  # only for the message that the next one prints
                os.ftruncate(descriptor, 0)
                _rewrite(descriptor, f"{int(self._now())}\n".encode())
            self._locked = True
            yield
        finally:
            self._locked = False
            with suppress(OSError):  # whatever it says, the lock is gone
                os.close(descriptor)

    def load(self) -> Profile:
        """Return the newest document; a holder of the lock repairs the files on the way.

        Raises `LoginNeeded` if there is none, `ConfigurationError` if it cannot be read; then the
        file is left as it is.
        """
        profile = self._read()
        newer = self._newer_than(profile)
        if self._locked:
            self._tighten()
            if newer:
                with suppress(ConfigurationError):  # it is used all the same, and tried again
                    self.save(newer)
                    self.remove_leftovers()
        return newer or profile

    def save(self, profile: Profile) -> None:
        """Replace the document atomically; raises `ConfigurationError`, the old one untouched."""
        with _os_errors("write", self.path):
            self._replace(dump(profile))

    @contextmanager
    def prepare(self, current: Profile) -> Iterator[Slot]:
        """Prove that a renewed token can be saved; signals are held back inside.

        Raises `ConfigurationError` before anything is spent. Leave it by an exception, and the
        slot is removed, except after `AnswerLost`: then the intent stays for the next message.
        """
        self.rehearse(current)
        with _os_errors("write", self._beside(".next")):
            descriptor = self._open_slot(current)
        state_dir = self._state_dir()  # imports; so not between the request and the write
        try:
            with signals_held_back():
                yield Slot(self, descriptor, state_dir)
        except TweetbotError as error:
            if not isinstance(error, AnswerLost | TokenNotSaved):
                self._beside(".next").unlink(missing_ok=True)
            raise
        finally:
            with suppress(OSError):  # what counts was synced
                os.close(descriptor)

    def rehearse(self, current: Profile | None) -> None:
        """Prove that a document can be saved here; changes nothing."""
        if current:
            self.save(current)
            return
        with _os_errors("write", self.path):
            self._write_new(self._beside(".tmp"), bytes(SLOT_SLACK))
            self._beside(".tmp").unlink()

    def remove_leftovers(self) -> None:
        """Drop the slot and rescue files: they are void, and one that stays is not believed."""
        for place in (self._beside(".next"), *self._rescue_places(self._state_dir())):
            with suppress(OSError):
                place.unlink(missing_ok=True)

    def set_aside(self) -> None:
        """Keep an unreadable document as `.bad`, so that a login can take its place."""
        with _os_errors("rename", self.path):
            os.replace(self.path, self._beside(".bad"))
            self._warn(f"The unreadable profile is kept as {self._beside('.bad')}.")
            self.remove_leftovers()

    def remove(self) -> None:
        """Forget the bot: its document and all copies of it (the lock file stays)."""
        with _os_errors("remove", self.path):
            self.path.unlink(missing_ok=True)
            self._beside(".bad").unlink(missing_ok=True)
            self.remove_leftovers()
            _sync_folder(self.path.parent)

    def check_writable(self) -> None:
        """Raise `ConfigurationError` if the folder cannot be written."""
        if not os.access(self.path.parent, os.W_OK):
            raise ConfigurationError(f"The folder {self.path.parent} cannot be written.")

    @property
    def mode(self) -> int | None:
        """The permissions of the file."""
        try:
            return self.path.stat().st_mode & 0o777
        except OSError:
            return None

    # -- the files ------------------------------------------------------------------------------

    def _beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def _rescue_places(self, state_dir: Path) -> tuple[Path, ...]:
        # One state folder serves every config folder, and each has its own `default.json`.
        folder = hashlib.sha256(os.fsencode(self.path.parent)).hexdigest()[:8]
        return (self._beside(".rescue"), state_dir / f"{self.path.name}.{folder}.rescue")

    def _not_logged_in(self) -> LoginNeeded:
        name, others = self.path.stem, [path.stem for path in profile_paths(self.path.parent)]
        remedy = f"Run `tweetbot auth -p {name}`" if others else "Run `tweetbot auth`"
        choice = f"; or name one of these by -p: {', '.join(others)}" if others else ""
        return LoginNeeded(f"Not logged in: there is no {self.path}.", f"{remedy}{choice}.")

    def _read(self) -> Profile:
        try:
            return parse(self.path.read_bytes())
        except FileNotFoundError:
            raise self._not_logged_in() from None
        except Unreadable as error:
            raise ConfigurationError(
                f"{self.path} cannot be read as a profile: {error}.",
                "Mend it or restore it; `tweetbot auth --force` replaces it.",
            ) from None
        except OSError as error:
            raise ConfigurationError(f"{self.path} cannot be read: {error.strerror}.") from None

    def _newer_than(self, stored: Profile) -> Profile | None:
        """Look for a renewed token that did not reach its place (roll forward)."""
        for place in (self._beside(".next"), *self._rescue_places(self._state_dir())):
            try:
                document = place.read_bytes()
                candidate = parse(document)
            except Unreadable:
                self.interrupted_at = _intent_time(document) or self.interrupted_at
            except OSError as error:
                if place.parent == self.path.parent and not isinstance(error, FileNotFoundError):
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
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _NOFOLLOW | _BINARY
        descriptor = os.open(path, flags, 0o600)
        self._keep_owner(descriptor)
        return descriptor

    def _keep_owner(self, descriptor: int) -> None:
        """Root running over a user's folder leaves files that the user can read."""
        if sys.platform != "win32" and os.geteuid() == 0:
            with suppress(OSError):
                folder = self.path.parent.stat()
                os.fchown(descriptor, folder.st_uid, folder.st_gid)

    def _write_new(self, path: Path, document: bytes) -> None:
        descriptor = self._create(path)
        try:
            _write(descriptor, document)
            os.fsync(descriptor)
        except BaseException:
            with suppress(OSError):
                path.unlink()
            raise
        finally:
            os.close(descriptor)

    def _replace(self, document: bytes) -> None:
        temporary = self._beside(".tmp")  # one name is enough: the lock is held
        self._write_new(temporary, document)
        try:
            os.replace(temporary, self.path)
        except OSError:
            with suppress(OSError):
                temporary.unlink()
            raise
        _sync_folder(self.path.parent)

    def _open_slot(self, current: Profile) -> int:
        """Make room for the new document and write down what is about to happen."""
        descriptor = self._create(self._beside(".next"))
        try:
            _preallocate(descriptor, len(dump(current)) + SLOT_SLACK)
            intent = {"parent": current.token.digest, "at": int(self._now())}
            _rewrite(descriptor, json.dumps({"intent": intent}).encode())
            os.lseek(descriptor, 0, os.SEEK_SET)  # here, so that `commit` begins with its write
            os.fsync(descriptor)
            _sync_folder(self.path.parent)
        except BaseException:
            os.close(descriptor)
            with suppress(OSError):
                self._beside(".next").unlink()
            raise
        return descriptor

    def _wait_for_lock(self, descriptor: int) -> None:
        deadline = time.monotonic() + self._wait
        while not self._try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise Temporary(
                    f"Another run of this bot is active{_since(descriptor)}.",
                    "Nothing was posted; run again later.",
                )
            time.sleep(_POLL)

    def _try_lock(self, descriptor: int) -> bool:
        try:
            _lock(descriptor)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
                return False
            raise ConfigurationError(
                f"The folder {self.path.parent} cannot be locked: {error.strerror}.",
                "Put the profiles on a local file system (TWEETBOT_CONFIG_DIR).",
            ) from None
        return True


class Slot:
    """The open slot: `commit` saves the renewed token, whatever happens to the disk."""

    def __init__(self, store: FileStore, descriptor: int, state_dir: Path) -> None:
        self._store = store
        self._descriptor = descriptor
        self._state_dir = state_dir

    def commit(self, renewed: Profile) -> None:
        """Save `renewed` in its place; raises `TokenNotSaved` that says where it is instead."""
        store = self._store
        document = dump(renewed)
        kept_at: Path | None = None
        try:
            _write(self._descriptor, document)
            os.fsync(self._descriptor)  # durable here
            kept_at = store._beside(".next")
            os.ftruncate(self._descriptor, len(document))
            os.replace(kept_at, store.path)
        except OSError:
            self._rescue(document, kept_at)
        else:
            with suppress(OSError):  # without it a power cut leaves the slot: rolled forward
                _sync_folder(store.path.parent)

    def _rescue(self, document: bytes, kept_at: Path | None) -> None:
        store = self._store
        with suppress(OSError):
            store._replace(document)
            return
        for place in store._rescue_places(self._state_dir):
            if kept_at is None:
                with suppress(OSError):
                    place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                    store._write_new(place, document)
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


def profile_paths(config_dir: Path) -> list[Path]:
    """Return the documents in `config_dir`, by name."""
    try:
        paths = list(config_dir.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise ConfigurationError(
            f"The folder {config_dir} cannot be read: {error.strerror}.",
            "Check its owner, or TWEETBOT_CONFIG_DIR.",
        ) from None
    return sorted(path for path in paths if path.suffix == ".json" and path.name[0].isalnum())


@contextmanager
def _os_errors(verb: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"Cannot {verb} {path}: {error.strerror or error}.",
            f"Check the folder {path.parent} (TWEETBOT_CONFIG_DIR), its owner and its free space.",
        ) from None


def _rewrite(descriptor: int, document: bytes) -> None:
    """Write all of `document` at the file's beginning."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    _write(descriptor, document)


def _write(descriptor: int, document: bytes) -> None:
    rest = memoryview(document)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def _preallocate(descriptor: int, size: int) -> None:
    """Reserve `size` bytes, so that a disk that fills up later cannot refuse the write."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise
        else:
            return
    _write(descriptor, bytes(size))


def _sync_folder(folder: Path) -> None:
    """Make a rename last through a power cut; Windows has no such call."""
    if sys.platform == "win32":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in (errno.EINVAL, errno.ENOTSUP):  # some network file systems
            raise
    finally:
        os.close(descriptor)


if sys.platform == "win32":
    import msvcrt

    def _lock(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # beyond the text: a locked byte is unreadable
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def _since(descriptor: int) -> str:
    """Say when the other run began, if it left its time in the lock file."""
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        began = int(os.read(descriptor, 32))
        return time.strftime(" since %Y-%m-%d %H:%M:%S", time.localtime(began))
    except (OSError, ValueError, OverflowError):
        return ""


def _intent_time(document: bytes) -> int | None:
    try:
        at = json.loads(document.rstrip(b"\0"))["intent"]["at"]
    except (ValueError, LookupError, TypeError):
        return None
    return at if isinstance(at, int) else None
