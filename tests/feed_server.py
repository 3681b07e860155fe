"""A server of feeds on a loopback port, which answers as a test says."""

from __future__ import annotations

import gzip
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True)
class Page:
    """What a path answers; `etag` makes it conditional, `write` takes over what is sent."""

    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: str = ""
    is_packed: bool = False
    write: Callable[[Any], None] | None = None


class FeedServer:
    """Serves `pages` by path; `asked` has the path and the headers of each request."""

    def __init__(self) -> None:
        self.pages: dict[str, Page] = {}
        self.asked: list[tuple[str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:  # http.server's name
                outer.asked.append((self.path, {k.lower(): v for k, v in self.headers.items()}))
                outer.answer(self, outer.pages.get(self.path.partition("?")[0], Page(status=404)))

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True

    def answer(self, handler: BaseHTTPRequestHandler, page: Page) -> None:
        is_same = page.etag and handler.headers.get("If-None-Match") == page.etag
        body = gzip.compress(page.body) if page.is_packed else page.body
        handler.send_response(304 if is_same else page.status)
        for name, value in page.headers.items():
            handler.send_header(name, value)
        if page.etag:
            handler.send_header("ETag", page.etag)
        if page.is_packed:
            handler.send_header("Content-Encoding", "gzip")
        if page.write:
            handler.send_header("Connection", "close")
            handler.end_headers()
            page.write(handler.wfile)
            return
        handler.send_header("Content-Length", "0" if is_same else str(len(body)))
        handler.end_headers()
        if not is_same:
            handler.wfile.write(body)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}"

    def __enter__(self) -> Self:
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()


def rss(*items: str) -> bytes:
    """Return an RSS feed of titles, the newest first; the link and the guid go by the title."""
    inner = "".join(
        f"<item><title>{item}</title><guid>{item}</guid><link>https://example.com/{item}</link></item>"
        for item in items
    )
    channel = f"<channel><title>News</title><link>https://example.com/</link>{inner}</channel>"
    return f'<?xml version="1.0"?><rss version="2.0">{channel}</rss>'.encode()
