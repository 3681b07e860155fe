"""The local X on a loopback socket, in a thread."""

from __future__ import annotations

import itertools
import socket
import socketserver
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from email.utils import formatdate
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from struct import pack
from typing import Final

from tweetbot.sandbox.faults import Fault
from tweetbot.sandbox.messages import Answer, Call, read_call

_LARGEST_BODY: Final = 8_000_000  # a chunk of 5 MiB, in base64 in JSON
_GARBAGE: Final = b"\x16\x03\x01 this is no HTTP\r\n\r\n"
_JOIN_SECONDS: Final = 0.4
_POLL_SECONDS: Final = 0.01  # how long `stop` may have to wait for the accepting thread


@dataclass(frozen=True)
class Delivery:
    """What is to go out for one request: an answer, a fault on its way, or both."""

    answer: Answer | None
    fault: Fault | None
    date: float


class Server(ThreadingHTTPServer):
    """Serves `respond` on 127.0.0.1; every connection has a number and ends with `stop`."""

    request_queue_size = 128

    def __init__(self, port: int, respond: Callable[[Call, int], Delivery]) -> None:
        self.respond = respond
        self.closing = threading.Event()
        self.connections = itertools.count(1)
        self._open: dict[threading.Thread, socket.socket] = {}
        self._thread = threading.Thread(
            target=self.serve_forever, args=(_POLL_SECONDS,), daemon=True
        )
        super().__init__(("127.0.0.1", port), _Handler)

    def server_bind(self) -> None:
        """Bind, without the look-up of a host name that `HTTPServer` adds."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = "127.0.0.1", self.server_address[1]

    def start(self) -> None:
        """Serve from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Stop at once, whatever a connection is waiting for."""
        self.closing.set()
        self.shutdown()
        self._thread.join()
        self.server_close()
        open_now = list(self._open.items())
        for _, connection in open_now:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        deadline = time.monotonic() + _JOIN_SECONDS
        for thread, _ in open_now:
            thread.join(max(deadline - time.monotonic(), 0))

    def process_request(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override] # typeshed also thinks of datagrams
        """Answer a connection in a thread of its own, which `stop` can find."""
        thread = threading.Thread(
            target=self.process_request_thread, args=(request, client_address), daemon=True
        )
        self._open[thread] = request
        thread.start()

    def process_request_thread(self, request: socket.socket, client_address: object) -> None:  # type: ignore[override] # as above
        """Answer a connection to its end."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._open.pop(threading.current_thread(), None)

    def handle_error(self, request: object, client_address: object) -> None:
        """Stay quiet about clients that hang up; show what is our own fault."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class _Handler(BaseHTTPRequestHandler):
    """Reads the requests of one connection and sends what `respond` says."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.number = next(self.server.connections)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        """Say nothing: the sandbox has a log of its own."""

    def _answer(self) -> None:
        body = self._read_body()
        if body is None:
            return
        headers = dict(self.headers.items())
        call = read_call(self.command, self.path, headers=headers, body=body)
        self._deliver(self.server.respond(call, self.number))

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _answer  # noqa: N815 - the base's names

    def _read_body(self) -> bytes | None:
        """Return the body; None if it is not to be had, which ends the connection."""
        length = self.headers.get("content-length", "0")
        if "transfer-encoding" in self.headers:
            self.send_error(HTTPStatus.LENGTH_REQUIRED)
        elif not length.isdecimal() or int(length) > _LARGEST_BODY:
            self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        else:
            body = self.rfile.read(int(length))
            if len(body) == int(length):
                return body
        self.close_connection = True
        return None

    def _deliver(self, delivery: Delivery) -> None:
        fault, answer = delivery.fault, delivery.answer
        if answer is None:
            self.close_connection = True
            self._withhold(fault)
            return
        if fault and fault.kind == "half":
            self.close_connection = True
        data = encode(answer, date=delivery.date, close=self.close_connection)
        match fault.kind if fault else "":
            case "half":
                self.wfile.write(data[: len(data) // 2])
            case "delay":
                self._pause(fault)
                self.wfile.write(data)
            case "drip":
                for byte in data:
                    self.wfile.write(bytes([byte]))
                    self._pause(fault)
            case _:
                self.wfile.write(data)

    def _withhold(self, fault: Fault | None) -> None:
        match fault.kind if fault else "":
            case "garbage":
                self.wfile.write(_GARBAGE)
            case "reset":
                self._reset()
            case "silent":
                self._pause(fault)

    def _pause(self, fault: Fault | None) -> None:
        if self.server.closing.wait(fault.pause if fault else 0):
            raise ConnectionAbortedError("the sandbox closes")

    def _reset(self) -> None:
        # With nothing to linger for, close() sends RST; a shutdown() before it would send FIN.
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, pack("ii", 1, 0))
        self.rfile.close()
        self.connection.close()


def encode(answer: Answer, *, date: float, close: bool) -> bytes:
    """Return the answer as the bytes of an HTTP/1.1 response."""
    headers = {
        "date": formatdate(date, usegmt=True),
        **answer.headers,
        "content-length": str(len(answer.body)),
        "connection": "close" if close else "keep-alive",
    }
    lines = [f"HTTP/1.1 {answer.status} {_phrase(answer.status)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace") + answer.body


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
