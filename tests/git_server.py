"""A git server over HTTP whose answers fail on demand: `git http-backend` behind a real socket."""

from __future__ import annotations

import os
import socket
import struct
import subprocess
import threading
import time
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

Fault = str
STEPS = ("refs", "fetch", "push-refs", "push")


class GitServer:
    """Serves the repositories of a folder; `choose` names the fault of each request.

    Faults are a status (`500`), `drop` (hung up before the work), `lost` (the work is done, the
    answer is lost), `hang` (for a while, then hung up).
    """

    def __init__(self, folder: Path, *, hang: float = 3.0) -> None:  # noqa: C901  # its handler
        self.seen: list[str] = []
        self.choose: Callable[[str], Fault] = lambda _: ""
        self.user = ""  # whom alone it lets in, as in `user:password`, base64
        server, path = self, os.environ["PATH"]  # a run in this process has another one

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._serve()

            def do_POST(self) -> None:
                self._serve()

            def _serve(self) -> None:  # noqa: C901  # one branch a fault
                service = self.path.rpartition("git-")[2].partition("?")[0]
                step = "push" if service == "receive-pack" else "fetch"
                if self.command == "GET":
                    step = "push-refs" if step == "push" else "refs"
                server.seen.append(step)
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                fault = server.choose(step)
                if server.user and self.headers.get("Authorization") != f"Basic {server.user}":
                    fault = "401"
                if fault == "hang":
                    time.sleep(hang)
                if fault in ("hang", "drop"):
                    self._hang_up()
                    return
                if fault.isdigit():
                    self.send_response(int(fault))
                    self.send_header("WWW-Authenticate", 'Basic realm="git"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                answer = self._work(folder, body)
                if fault == "lost":
                    self._hang_up()
                    return
                head, _, content = answer.partition(b"\r\n\r\n")
                status = 200
                fields = [line.split(": ", 1) for line in head.decode().split("\r\n")]
                for name, value in fields:
                    if name == "Status":
                        status = int(value.split()[0])
                self.send_response(status)
                for name, value in fields:
                    if name != "Status":
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _work(self, folder: Path, body: bytes) -> bytes:
                url = urlsplit(self.path)
                environ = {
                    "PATH": path,
                    "GIT_PROJECT_ROOT": str(folder),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "PATH_INFO": url.path,
                    "QUERY_STRING": url.query,
                    "REQUEST_METHOD": self.command,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "CONTENT_LENGTH": str(len(body)),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                    "REMOTE_USER": "bot",
                }
                command = ["git", "http-backend"]
                return subprocess.run(
                    command, input=body, env=environ, capture_output=True, check=True
                ).stdout

            def _hang_up(self) -> None:
                now = struct.pack("ii", 1, 0)  # a reset, not an end
                self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, now)
                self.close_connection = True

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def once(step: str, fault: Fault, *, number: int = 1) -> Callable[[str], Fault]:
    """Return what lets the given request of that step fail, and no other."""
    seen = 0

    def choose(asked: str) -> Fault:
        nonlocal seen
        seen += asked == step
        return fault if asked == step and seen == number else ""

    return choose
