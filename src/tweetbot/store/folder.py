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
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from tweetbot.errors import (
    AnswerLost,
    Busy,
    ConfigurationError,
    TokenNotSaved,
    TweetbotError,
)
from tweetbot.profile import (
    LivesIn,
    Profile,
    dump,
    dump_pointer,
)
from tweetbot.store.document_files import DocumentFiles
from tweetbot.store.files import (
    BINARY,
    NOFOLLOW,
    lock,
    make_folder,
    os_errors,
    preallocate,
    rewrite,
    sync_folder,
)
from tweetbot.store.rehearsal import rehearsal
from tweetbot.store.signals import signals_held_back
from tweetbot.store.slot import Slot

FIRST_DOCUMENT = 8 * 1024  # bytes that a first login may have
_POLL = 0.05  # seconds between two tries to get the lock


class FileStore(DocumentFiles):
    """One profile document in a folder of this machine.

    `path` may be a symbolic link: the link stays, its target is replaced. `wait` is how many
    seconds `lock` waits for another run; `warn` is told what a person should know; `why_empty` is
    the better reason why there is no document, if one is known.
    """

    has_lock = True

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


def _since(descriptor: int) -> str:
    """Say when the other run began, if it left its time in the lock file."""
    try:
        os.lseek(descriptor, 0, os.SEEK_SET)
        began = int(os.read(descriptor, 32))
        return time.strftime(" since %Y-%m-%d %H:%M:%S", time.localtime(began))
    except (OSError, ValueError, OverflowError):
        return ""
