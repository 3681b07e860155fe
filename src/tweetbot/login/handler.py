"""Answer one request at the listener: only the right authorization response is kept."""

from __future__ import annotations

import http.server
import re
import socket
import socketserver
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import field
from http import HTTPStatus
from typing import Any

from tweetbot.login.connections import Connections, Limits
from tweetbot.login.redirect import (
    AuthorizationResponse,
    RedirectURI,
    WrongResponse,
    read_response,
)
from tweetbot.values import dataclass

# Origin-form alone (RFC 9112 §3.2.1): no proxy's absolute-form, no HTTP/0.9 without a version.
_REQUEST_LINE = re.compile(rb"[A-Z]+ (/[\x21-\x7e]*) HTTP/1\.[01]\r?\n")

_TLS_HELLO = b"\x16\x03"
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


class Inbox:
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
class Callback:
    """What the servers of one listener, one for each address, have in common."""

    redirect: RedirectURI
    state: str = field(repr=False)
    issuers: frozenset[str]
    limits: Limits
    inbox: Inbox
    connections: Connections
    on_tls: Callable[[], None]


class Server(socketserver.BaseServer):
    """The listening socket that a request came in by."""

    callback: Callback


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server
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
