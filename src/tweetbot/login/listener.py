"""Receive one redirect on the loopback interface (RFC 8252 §7.3).

Anything on this machine, and any page in its browser, can reach the listener while a login
waits. So nothing that arrives can end the wait but an authorization response with the right
`state`; everything else is refused and forgotten. Nor can it delay that response: every
connection has its own thread, a time limit, and may be closed to make room for a newer one.
Browsers hold connections open without ever using them, so this is no theory.

An accepted response is answered with a redirect to a closing page: the address bar and the
history of the browser then hold no code, and a reload is harmless.
"""

from __future__ import annotations

import errno
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, Self

from tweetbot.errors import ConfigurationError, Temporary
from tweetbot.login.connections import USUAL, Connections, Limits
from tweetbot.login.handler import Callback, Handler, Inbox
from tweetbot.login.redirect import (
    DEFAULT_PORT,
    X_ISSUERS,
    AuthorizationResponse,
    RedirectURI,
    redirect_address,
)

_NO_IPV6 = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}
_POLL_SECONDS = 0.05


class RedirectListener:
    """Listens where X sends the browser, and keeps the first right answer.

    It listens from the moment it is made, before the browser is opened. Raises
    `ConfigurationError` if it cannot: X compares the redirect URI as a whole
    (docs.x.com, fundamentals/developer-apps), so no other port will do.
    """

    def __init__(
        self,
        redirect_uri: str,
        *,
        state: str,
        issuers: frozenset[str] = X_ISSUERS,
        limits: Limits = USUAL,
        on_tls: Callable[[], None] = lambda: None,
    ) -> None:
        redirect = redirect_address(redirect_uri)
        self._inbox = Inbox()
        self._connections = Connections(limits)
        callback = Callback(
            redirect, state, issuers, limits, self._inbox, self._connections, on_tls
        )
        self._servers = _listen(callback)
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        for server in self._servers:
            thread = threading.Thread(
                target=server.serve_forever, args=(_POLL_SECONDS,), daemon=True
            )
            try:
                thread.start()
            except RuntimeError:
                self.close()
                raise Temporary(
                    "This machine starts no more threads.", "Run `tweetbot auth` again later."
                ) from None
            self._threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop listening and hang up on everybody; may be called twice, or without `with`."""
        # shutdown() would wait for ever for a server that never served
        for server, _ in zip(self._servers, self._threads, strict=False):
            server.shutdown()
        for server in self._servers:
            server.server_close()
        for thread in self._threads:
            thread.join()
        self._connections.close()

    def wait(self, timeout: float) -> AuthorizationResponse | None:
        """Return the answer, or None if there is none after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        # In slices: on Windows, Ctrl-C does not interrupt a wait.
        while (left := deadline - time.monotonic()) > 0:
            if self._inbox.announced.wait(min(left, 0.25)):
                break
        return self._inbox.response if self._inbox.announced.is_set() else None

    def offer(self, response: AuthorizationResponse) -> bool:
        """Hand in an answer that came another way; False if there was one already."""
        if not self._inbox.claim(response):
            return False
        self._inbox.announced.set()
        return True

    def linger(self, seconds: float = 1.0) -> None:
        """Wait until the browser has fetched the closing page.

        At most until `seconds` after the redirect came, and not at all if none came.
        """
        if self._inbox.redirected_at is not None:
            left = self._inbox.redirected_at + seconds - time.monotonic()
            self._inbox.closing_page_fetched.wait(max(left, 0))


def _listen(callback: Callback) -> list[_Server]:
    with ExitStack() as undo:
        servers: list[_Server] = []
        for server in _bound(callback):
            undo.callback(server.server_close)
            servers.append(server)
        undo.pop_all()
    return servers


def _bound(callback: Callback) -> Iterator[_Server]:
    redirect = callback.redirect
    for address in redirect.addresses:
        try:
            yield _Server(address, callback)
        except OSError as error:
            # `localhost` on a machine without IPv6. A *busy* ::1 is not passed over: whoever
            # holds it would receive the code.
            if len(redirect.addresses) == 1 or address != "::1" or error.errno not in _NO_IPV6:
                raise _cannot_listen(redirect, error) from error


def _cannot_listen(redirect: RedirectURI, error: OSError) -> ConfigurationError:
    port = redirect.port
    free = port + 1 if 1024 <= port < 65535 else DEFAULT_PORT
    other = f"http://127.0.0.1:{free}{redirect.path}"
    remedy = (
        f"Add another callback URL, such as {other}, in the app's user authentication settings "
        f"at https://console.x.com, and run `tweetbot auth --redirect-uri {other}`."
    )
    if error.errno == errno.EADDRINUSE:
        return ConfigurationError(
            f"Another program on this machine (an earlier `tweetbot auth`, perhaps) is using port"
            f" {port}, where X sends the answer.",
            f"End that program and try again. Or: {remedy}",
        )
    return ConfigurationError(
        f"Cannot listen on {redirect.authority}, where X sends the answer: {error.strerror}.",
        remedy,
    )


# Not http.server.HTTPServer: its server_bind() looks up the name of the address, which takes
# 35 seconds on some Macs.
class _Server(socketserver.ThreadingMixIn, socketserver.TCPServer):
    """One listening socket; a thread for each connection."""

    daemon_threads = True
    block_on_close = False
    # On POSIX, a second login within a minute needs it. On Windows it would let another program
    # take over the port.
    allow_reuse_address = sys.platform != "win32"
    request_queue_size = 128

    def __init__(self, address: str, callback: Callback) -> None:
        self.callback = callback
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, callback.redirect.port), Handler)

    def server_bind(self) -> None:
        if sys.platform == "win32":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_EXCLUSIVEADDRUSE, 1)
        # On some systems a peer that is gone again leaves accept() waiting for the next one.
        self.socket.settimeout(1)
        super().server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:
        if self.callback.connections.admit(request):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def shutdown_request(self, request: Any) -> None:
        self.callback.connections.release(request)

    def service_actions(self) -> None:
        self.callback.connections.expire()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent: a broken connection is nobody's business, and a traceback tells a lot."""
