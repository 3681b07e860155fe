"""A browser without a window: fetches the address it is given, redirects and all, and is gone.

Run by its path, as `$BROWSER` asks for a command. It goes nowhere but to the loopback interface,
so that a rehearsal can never end up at x.com.
"""

from __future__ import annotations

import http.client
import os
import sys
import urllib.request
from typing import IO
from urllib.parse import urlsplit

_LOOPBACK = ("127.0.0.1", "localhost", "::1")
_SECONDS = 30


class _LoopbackAlone(urllib.request.HTTPRedirectHandler):
    """Follows a redirect if it stays on this machine."""

    def redirect_request(
        self,
        req: urllib.request.Request,
        fp: IO[bytes],
        code: int,
        msg: str,
        headers: http.client.HTTPMessage,
        newurl: str,
    ) -> urllib.request.Request | None:
        _check(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


def fetch(url: str) -> None:
    """Fetch a loopback address to its last byte; raises `OSError` or `ValueError`."""
    _check(url)
    # No proxy: it could not reach this machine's loopback interface.
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), _LoopbackAlone())
    with opener.open(url, timeout=_SECONDS) as response:
        response.read()


def _check(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme != "http" or parts.hostname not in _LOOPBACK:
        raise ValueError("not an address on the loopback interface")


def _leave_the_caller() -> None:
    """Go on in the background: the caller may have to answer the redirect before it goes on."""
    if os.fork():
        os._exit(0)
    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in range(3):
        os.dup2(nowhere, descriptor)


def main(arguments: list[str]) -> int:
    """Fetch the one address in `arguments`, quietly, in the background."""
    if len(arguments) != 1:
        return 2
    _leave_the_caller()
    try:
        fetch(arguments[0])
    except (OSError, ValueError, http.client.HTTPException):
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
