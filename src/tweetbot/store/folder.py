"""A document in a folder of this machine.

X's refresh tokens are single use. From the moment X answers a refresh, the token on the disk is
dead and the new one exists only in our memory. So the save that follows is prepared before the
request is sent (`FileStore.prepare`), and everything that can fail has failed by then:

1. *lock*: one exclusive lock for the whole run; the document is re-read after it is taken.
2. *rehearse*: save the current document over itself, as large as the one that will follow. A
   read-only, full, immutable or bind-mounted file is found here, while nothing is lost.
3. *open the slot*: `<profile>.json.next`, preallocated to that size, with the intent written and
   synced.
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
    Busy,
    ConfigurationError,
    LoginNeeded,
    Overtaken,
    TokenNotSaved,
    TweetbotError,
)
from tweetbot.profile import (
    Elsewhere,
    LivesIn,
    Profile,
    Unreadable,
    dump,
    dump_pointer,
    parse,
)
from tweetbot.store.files import (
    BINARY,
    NOFOLLOW,
    lock,
    make_folder,
    os_errors,
    preallocate,
    rewrite,
    sync_folder,
    write,
)
from tweetbot.store.rehearsal import rehearsal
from tweetbot.store.signals import signals_held_back
from tweetbot.store.slot import Slot

FIRST_DOCUMENT = 8 * 1024  # bytes that a first login may have
_POLL = 0.05  # seconds between two tries to get the lock


class FileStore:
    """One profile document in a folder of this machine.

    `path` may be a symbolic link: the link stays, its target is replaced. `wait` is how many
    seconds `lock` waits for another run; `warn` is told what a person should know; `why_empty` is
    the better reason why there is no document, if one is known.
    """

    has_lock = True

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

    def make_ready(self) -> None:
        """Make the folder, 0700, where there is none."""
        with os_errors("make", self.path.parent):
            make_folder(self.path.parent)

    @contextmanager
    def lock(self, *, new: bool = False, lasting: float = 0) -> Iterator[None]:  # noqa: ARG002
        """Hold the profile's lock; the kernel releases it if the process dies.

        Raises `Busy` if another run keeps it, `ConfigurationError` where there can be none,
        `LoginNeeded` if there is no document, unless `new`: then no lock file is left behind.
        """
        with os_errors("look for", self.path):  # a folder that is closed to us, say
            there = new or self.path.exists()
        if not there:
            raise self._not_logged_in()
        path = self.beside(".lock")
        with os_errors("lock", path):
            # Not inherited by children (PEP 446): a helper that lives on must not keep the lock.
            descriptor = os.open(path, os.O_RDWR | os.O_CREAT | NOFOLLOW | BINARY, 0o600)
        try:
            self._keep_owner(descriptor)
            self._wait_for_lock(descriptor)
            with suppress(OSError):  # only for the message that the next one prints
                os.ftruncate(descriptor, 0)
                rewrite(descriptor, f"{int(self._now())}\n".encode())
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
        with os_errors("write", self.path):
            self.replace(dump(profile))

    def point(self, profile: Profile, lives_in: LivesIn) -> None:
        """Leave of `profile` only where it lives now; no token stays in this folder."""
        with os_errors("write", self.path):
            self.replace(dump_pointer(profile, lives_in))
        self.remove_leftovers()

    def check_unchanged(self) -> None:
        """Know that it is unchanged: the lock is the kernel's."""

    def keep_lock(self) -> None:
        """Do nothing: it ends with the process."""

    @contextmanager
    def prepare(self, current: Profile, *, planned: Profile | None = None) -> Iterator[Slot]:
        """Prove that a renewed token can be saved; signals are held back inside.

        Raises `ConfigurationError` before anything is spent. Leave it by an exception, and the
        slot is removed, except after `AnswerLost`: then the intent stays for the next message.
        """
        document = rehearsal(current, planned)
        with os_errors("write", self.path):
            self.replace(document)
        with os_errors("write", self.beside(".next")):
            descriptor = self._open_slot(current, size=len(document))
        state_dir = self._state_dir()  # imports; so not between the request and the write
        try:
            with signals_held_back():
                yield Slot(self, descriptor, state_dir)
        except TweetbotError as error:
            if not isinstance(error, AnswerLost | TokenNotSaved):
                self.beside(".next").unlink(missing_ok=True)
            raise
        finally:
            with suppress(OSError):  # what counts was synced
                os.close(descriptor)

    def rehearse(self, current: Profile | None, *, planned: Profile | None = None) -> None:
        """Prove that a document can be saved here; changes nothing."""
        with os_errors("write", self.path):
            if current:
                self.replace(rehearsal(current, planned))
            else:
                self.write_new(self.beside(".tmp"), bytes(FIRST_DOCUMENT))
                self.beside(".tmp").unlink()

    def remove_leftovers(self) -> None:
        """Drop the slot and rescue files: they are void, and one that stays is not believed."""
        for place in (self.beside(".next"), *self.rescue_places(self._state_dir())):
            with suppress(OSError):
                place.unlink(missing_ok=True)

    def set_aside(self) -> None:
        """Keep an unreadable document as `.bad`, so that a login can take its place."""
        with os_errors("rename", self.path):
            self.path.chmod(0o600)  # it holds secrets, whatever is wrong with it
            os.replace(self.path, self.beside(".bad"))
            self._warn(f"The unreadable profile is kept as {self.beside('.bad')}.")
            self.remove_leftovers()

    def remove(self) -> None:
        """Forget the bot: its document and all copies of it (the lock file stays)."""
        with os_errors("remove", self.path):
            self.path.unlink(missing_ok=True)
            self.beside(".bad").unlink(missing_ok=True)
            self.remove_leftovers()
            sync_folder(self.path.parent)

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

    def _open_slot(self, current: Profile, *, size: int) -> int:
        """Make room for the new document and write down what is about to happen."""
        descriptor = self._create(self.beside(".next"))
        try:
            preallocate(descriptor, size)
            intent = {"parent": current.token.digest, "at": int(self._now())}
            rewrite(descriptor, json.dumps({"intent": intent}).encode())
            os.lseek(descriptor, 0, os.SEEK_SET)  # here, so that `commit` begins with its write
            os.fsync(descriptor)
            sync_folder(self.path.parent)
        except BaseException:
            os.close(descriptor)
            with suppress(OSError):
                self.beside(".next").unlink()
            raise
        return descriptor

    def _wait_for_lock(self, descriptor: int) -> None:
        deadline = time.monotonic() + self._wait
        while not self._try_lock(descriptor):
            if time.monotonic() >= deadline:
                raise Busy(
                    f"Another run of this bot is active{_since(descriptor)}.",
                    "Nothing was posted; run again later.",
                )
            time.sleep(_POLL)

    def _try_lock(self, descriptor: int) -> bool:
        try:
            lock(descriptor)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES, errno.EDEADLK):
                return False
            raise ConfigurationError(
                f"The folder {self.path.parent} cannot be locked: {error.strerror}.",
                "Put the profiles on a local file system (TWEETBOT_CONFIG_DIR).",
            ) from None
        return True


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
