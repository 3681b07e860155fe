"""What a folder store asks of the system: whole writes, reserved space, synced folders, a lock."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tweetbot.errors import ConfigurationError

NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
BINARY = getattr(os, "O_BINARY", 0)


@contextmanager
def os_errors(verb: str, path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"Cannot {verb} {path}: {error.strerror or error}.",
            f"Check the folder {path.parent} (TWEETBOT_CONFIG_DIR), its owner and its free space.",
        ) from None


def make_folder(folder: Path) -> None:
    """Make a folder, 0700, and those above it, where there are none.

    What root makes belongs to the owner of the folder around it: root may be making it for a user.
    """
    if folder.is_dir():
        return
    if not folder.parent.exists():
        make_folder(folder.parent)
    folder.mkdir(mode=0o700, exist_ok=True)
    if sys.platform != "win32" and os.geteuid() == 0:
        around = folder.parent.stat()
        # By descriptor: the user may have put a link there meanwhile.
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | NOFOLLOW)
        try:
            os.fchown(descriptor, around.st_uid, around.st_gid)
        finally:
            os.close(descriptor)


def rewrite(descriptor: int, document: bytes) -> None:
    """Write all of `document` at the file's beginning."""
    os.lseek(descriptor, 0, os.SEEK_SET)
    write(descriptor, document)


def write(descriptor: int, document: bytes) -> None:
    rest = memoryview(document)
    while rest:
        rest = rest[os.write(descriptor, rest) :]


def preallocate(descriptor: int, size: int) -> None:
    """Reserve `size` bytes, so that a disk that fills up later cannot refuse the write."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(descriptor, 0, size)
        except OSError as error:
            if error.errno not in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
                raise
        else:
            return
    write(descriptor, bytes(size))


def sync_folder(folder: Path) -> None:
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

    def lock(descriptor: int) -> None:
        os.lseek(descriptor, 1 << 20, os.SEEK_SET)  # beyond the text: a locked byte is unreadable
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
