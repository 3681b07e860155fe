"""The open connections of the listener: none of them may keep the redirect out."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import suppress

from tweetbot.values import dataclass


@dataclass(frozen=True)
class Limits:
    """What one connection may take; times in seconds.

    `idle` ends a wait for the peer, `connection` ends a peer that drips.
    """

    connections: int = 20
    idle: float = 5.0
    connection: float = 30.0


USUAL = Limits()


class Connections:
    """The open connections. A newcomer finds room: the oldest is closed for it.

    The redirect comes on a new connection and is read at once, so those that have been open
    longest are idle, slow, or hostile.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._opened_at: dict[socket.socket, float] = {}
        # Held wherever a socket is shut down or closed, so that no thread ever shuts down a file
        # descriptor that has just become another connection's.
        self._changed = threading.Condition()

    def admit(self, connection: socket.socket) -> bool:
        """Count `connection` in; False if no room could be made."""
        with self._changed:
            while len(self._opened_at) >= self._limits.connections:
                _hang_up(next(iter(self._opened_at)))
                if not self._changed.wait(timeout=1):
                    return False
            self._opened_at[connection] = time.monotonic()
            return True

    def release(self, connection: socket.socket) -> None:
        """Close `connection` and count it out."""
        with self._changed:
            _hang_up(connection, socket.SHUT_WR)
            connection.close()
            self._opened_at.pop(connection, None)
            self._changed.notify_all()

    def expire(self) -> None:
        """Hang up on those that have been open too long."""
        with self._changed:
            opened_before = time.monotonic() - self._limits.connection
            for connection, opened_at in self._opened_at.items():
                if opened_at <= opened_before:
                    _hang_up(connection)

    def close(self) -> None:
        """Hang up on all of them, and wait until their threads have let go."""
        with self._changed:
            for connection in self._opened_at:
                _hang_up(connection)
            self._changed.wait_for(lambda: not self._opened_at, timeout=2)


def _hang_up(connection: socket.socket, how: int = socket.SHUT_RDWR) -> None:
    """Shut `connection` down; the thread that reads from it wakes up and closes it."""
    with suppress(OSError):  # the peer was faster
        connection.shutdown(how)
