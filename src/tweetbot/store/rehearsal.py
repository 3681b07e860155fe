"""What a rehearsal writes: the document that is there, as large as the one that will follow it.

The size alone can be proven: the content must stay what it is until X has answered. So the document
is filled up with white space inside its object, which no reader of JSON sees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from tweetbot.profile import Profile, dump

TOKEN_ROOM = 512  # bytes that a renewed token may have at least; X's have about a hundred
_LATEST = 2**40 - 1  # no time is longer
_DIGEST = "0" * 16


def rehearsal(
    current: Profile,
    planned: Profile | None,
    *,
    write: Callable[[Profile], bytes] = dump,
    there: bytes | None = None,
) -> bytes:
    """Return the document of `current`, of the size that `planned` may have after a renewal.

    `there` is that document as it lies there, where it has to stay what it is to the letter.
    """
    document = write(current) if there is None else there
    return padded(document, len(write(_grown(planned or current))))


def padded(document: bytes, size: int) -> bytes:
    """Fill a document up to `size` bytes, inside its object."""
    end = document.rindex(b"}")
    return document[:end] + b" " * (size - len(document)) + document[end:]


def _grown(profile: Profile) -> Profile:
    """Let each token be twice as long as it is now: X may make them longer one day."""
    token = replace(
        profile.token,
        access_token=_longer(profile.token.access_token),
        refresh_token=_longer(profile.token.refresh_token),
        obtained_at=_LATEST,
        expires_at=_LATEST,
        parent=_DIGEST,
    )
    return replace(profile, token=token)


def _longer(token: str) -> str:
    return "x" * max(2 * len(token), TOKEN_ROOM)
