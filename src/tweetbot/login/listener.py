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
import http.server
import re
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Any, Self

from tweetbot.errors import ConfigurationError, Temporary
from tweetbot.login.connections import USUAL, Connections, Limits
from tweetbot.login.redirect import (
    DEFAULT_PORT,
    X_ISSUERS,
    AuthorizationResponse,
    RedirectURI,
    WrongResponse,
    read_response,
    redirect_address,
)

# Origin-form alone (RFC 9112 §3.2.1): no proxy's absolute-form, no HTTP/0.9 without a version.
_REQUEST_LINE = re.compile(rb"[A-Z]+ (/[\x21-\x7e]*) HTTP/1\.[01]\r?\n")

_TLS_HELLO = b"\x16\x03"
_NO_IPV6 = {errno.EAFNOSUPPORT, errno.EADDRNOTAVAIL, errno.EPROTONOSUPPORT}
_POLL_SECONDS = 0.05

_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # One request a connection, so that a thread is free again as soon as it has answered.
    "Connection": "close",
}
# Not "success": the code has not been exchanged yet, and the answer may be a denial.
_CLOSING_PAGE = (
    '<!doctype html><html lang="en"><meta charset="utf-8"><title>tweetbot</title>'
    "<p>tweetbot has received the answer.</p>"
    "<p>You can close this window and return to the terminal.</p></html>\n"
)


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
        self._inbox = _Inbox()
        self._connections = Connections(limits)
        callback = _Callback(
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

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
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


class _Inbox:
    """Holds the first answer, whichever side brings it.

    It is announced after the browser has been answered: whoever waits for it may then close the
    listener at once.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self.response: AuthorizationResponse | None = None
        self.announced = threading.Event()
        self.redirected_at: float | None = None
        self.closing_page_fetched = threading.Event()

    def claim(self, response: AuthorizationResponse, *, redirected_at: float | None = None) -> bool:
        """Take `response`, unless there is one already."""
        with self._lock:
            if self.response is not None:
                return False
            self.response = response
            self.redirected_at = redirected_at
            return True


@dataclass(frozen=True)
class _Callback:
    """What the servers of one listener, one for each address, have in common."""

    redirect: RedirectURI
    state: str = field(repr=False)
    issuers: frozenset[str]
    limits: Limits
    inbox: _Inbox
    connections: Connections
    on_tls: Callable[[], None]


def _listen(callback: _Callback) -> list[_Server]:
    with ExitStack() as undo:
        servers: list[_Server] = []
        for server in _bound(callback):
            undo.callback(server.server_close)
            servers.append(server)
        undo.pop_all()
    return servers


def _bound(callback: _Callback) -> Iterator[_Server]:
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

    def __init__(self, address: str, callback: _Callback) -> None:
        self.callback = callback
        self.address_family = socket.AF_INET6 if ":" in address else socket.AF_INET
        super().__init__((address, callback.redirect.port), _Handler)

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


class _Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request."""

    server: _Server
    raw_requestline: bytes

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.server.callback.limits.idle)

    def handle(self) -> None:
        # A ClientHello has no line's end to wait for (RFC 8446 §5.1: handshake, version 3.x).
        if self.connection.recv(2, socket.MSG_PEEK) == _TLS_HELLO:
            self.server.callback.on_tls()
        else:
            super().handle()

    def parse_request(self) -> bool:
        line = _REQUEST_LINE.fullmatch(self.raw_requestline)
        if line is None:
            self.command, self.request_version = "", self.protocol_version
            self._refuse(HTTPStatus.BAD_REQUEST)
            return False
        # `path` will not do: there, a leading // has become a / .
        self._target = line[1].decode("ascii")
        return super().parse_request()

    def do_GET(self) -> None:
        redirect, inbox = self.server.callback.redirect, self.server.callback.inbox
        path, _, query = self._target.partition("?")
        hosts = self.headers.get_all("Host", [])
        if len(hosts) != 1 or hosts[0].lower() not in redirect.authorities:
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST)
        elif path == redirect.path:
            self._receive(query)
        elif path == redirect.closing_page and inbox.redirected_at is not None:
            self._send(HTTPStatus.OK, _CLOSING_PAGE, {"Content-Type": "text/html; charset=utf-8"})
            inbox.closing_page_fetched.set()
        else:
            self._refuse(HTTPStatus.NOT_FOUND)

    def _receive(self, query: str) -> None:
        callback = self.server.callback
        try:
            response = read_response(query, state=callback.state, issuers=callback.issuers)
        except WrongResponse as wrong:
            self._refuse(HTTPStatus.BAD_REQUEST, str(wrong))
            return
        # The same once more is a browser's prefetch, and then the person: the same page again.
        is_known = response == callback.inbox.response and callback.inbox.redirected_at is not None
        if not is_known and not callback.inbox.claim(response, redirected_at=time.monotonic()):
            self._refuse(HTTPStatus.CONFLICT, "This login has its answer already.")
            return
        try:
            # A whole URL: a path that begins with // would lead to another host.
            page = f"http://{callback.redirect.authority}{callback.redirect.closing_page}"
            self._send(HTTPStatus.SEE_OTHER, "", {"Location": page})
        finally:
            callback.inbox.announced.set()

    def send_error(self, code: int, *_: Any, **__: Any) -> None:
        """Refuse a request for the standard library, whose words would repeat the request."""
        if code == HTTPStatus.NOT_IMPLEMENTED:  # there is no do_HEAD, do_POST, …
            self._refuse(HTTPStatus.METHOD_NOT_ALLOWED, extra={"Allow": "GET"})
        else:
            self._refuse(HTTPStatus(code))

    def _refuse(
        self, status: HTTPStatus, words: str = "", extra: Mapping[str, str] | None = None
    ) -> None:
        self._send(status, f"{words or status.phrase}\n", extra or {})

    def _send(self, status: HTTPStatus, text: str, extra: Mapping[str, str]) -> None:
        body = text.encode()
        headers = {"Content-Type": "text/plain; charset=utf-8"} | _HEADERS | dict(extra)
        headers |= {"Date": self.date_time_string(), "Content-Length": str(len(body))}
        self.send_response_only(status)  # without the banner that send_response() adds
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - http.server's name
        """Stay silent: the request line holds the code."""
