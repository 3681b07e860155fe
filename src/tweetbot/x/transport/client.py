"""The client: one connection to X for all of a run."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

import httpx

from tweetbot.errors import ConfigurationError, TweetbotError
from tweetbot.foreign import one_line
from tweetbot.x.answer import Answer
from tweetbot.x.proxies import proxy_for
from tweetbot.x.transport.exchange import Connection, Exchange, Party, X
from tweetbot.x.transport.ways import Ways


class Transport:
    """Sends requests over one connection; close it by `with`.

    Made before anything is spent: raises `ConfigurationError` that names the variable if a proxy
    or certificate setting of the environment is wrong. `log` gets a line for each request,
    without headers, bodies or queries.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        environ: Mapping[str, str],
        log: Callable[[str], None] | None = None,
    ) -> None:
        self._log = log
        self._connection = Connection()
        self._environ = environ
        self._ways = Ways(environ)
        self._ways.to(environ.get("TWEETBOT_API_URL", "").strip() or "https://api.x.com")
        self._client = httpx.Client(
            headers={"User-Agent": user_agent, "Accept-Encoding": "gzip"},
            transport=self._ways,
            trust_env=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        deadline: float,
        headers: Mapping[str, str] | None = None,
        content: bytes | Sequence[bytes] | None = None,
        params: Mapping[str, str] | None = None,
        party: Party = X,
    ) -> Answer:
        """Send one request and return its answer, whatever its status; follow no redirect.

        `deadline` is in seconds and counts everything, name look-up and connect included. Raises
        `NotSent` if the request has certainly not left, else `AnswerLost`; `ConfigurationError` for
        a certificate that is not accepted, and a proxy that wants a password. Content in pieces is
        sent piece by piece.
        """
        exchange = Exchange(self._connection, proxy_for(url, self._environ), party)
        try:
            request = self._client.build_request(
                method,
                url,
                params=params,
                timeout=deadline,
                extensions={"trace": exchange.trace},
                **_body(content, headers or {}),
            )
        except (httpx.InvalidURL, UnicodeError):  # a host that IDNA has no name for
            raise ConfigurationError(
                f"{one_line(url)} is no address that can be asked.", party.remedy
            ) from None
        began = time.monotonic()
        try:
            answer = exchange.run(self._client, request, deadline)
        except TweetbotError as error:
            self._say(request, error.happened, began)
            raise
        self._say(request, f"{answer.status} {answer.transaction_id or ''}".rstrip(), began)
        return answer

    def _say(self, request: httpx.Request, outcome: str, began: float) -> None:
        if self._log:
            url = request.url.copy_with(query=None)
            spent = (time.monotonic() - began) * 1000
            self._log(one_line(f"{request.method} {url} {spent:.0f} ms: {outcome}"))


def _body(content: bytes | Sequence[bytes] | None, headers: Mapping[str, str]) -> dict[str, Any]:
    """Return content and headers as httpx takes them."""
    if content is None or isinstance(content, bytes):
        return {"content": content, "headers": headers}
    length = str(sum(map(len, content)))
    return {"content": _let_go(content), "headers": {**headers, "Content-Length": length}}


def _let_go(pieces: Sequence[bytes]) -> Iterator[bytes]:
    """Yield each piece and forget it: httpx keeps a request for as long as the collector sleeps."""
    waiting = deque(pieces)
    while waiting:
        yield waiting.popleft()
