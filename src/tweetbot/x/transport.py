"""The one HTTP client of a run: deadlines, whether a request left, and `-v`.

httpx has no total time-out (a server that drips keeps a call alive for ever), and the class of
its exceptions does not say whether the request left the machine. Both matter here: a post must
never be sent twice. So each exchange runs in a thread that can be given up at the deadline, and
httpcore's `trace` extension tells when the first byte of the request is about to be written.
"""

from __future__ import annotations

import queue
import signal
import socket
import ssl
import threading
import time
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from types import TracebackType
from typing import Any, Self

import httpx

from tweetbot.errors import AnswerLost, ConfigurationError, NotSent, missing_extra
from tweetbot.foreign import one_line, without_tokens
from tweetbot.x.answer import Answer
from tweetbot.x.certificates import certificate_cause
from tweetbot.x.proxies import Proxy, proxy_for

MAX_BODY = 1024 * 1024  # bytes; X's answers are a few hundred
_TLS_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


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
        self._stream: Any = None
        self._environ = environ
        api_url = environ.get("TWEETBOT_API_URL", "").strip() or "https://api.x.com"
        with _settings_named(environ):
            self._context = httpx.create_ssl_context()
            self._ways = _Ways(environ, self._context)
            self._client = httpx.Client(
                headers={"User-Agent": user_agent, "Accept-Encoding": "gzip"},
                transport=self._ways,
                trust_env=False,
            )
            self._ways.to(api_url)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._client.close()

    def request(
        self,
        method: str,
        url: str,
        *,
        deadline: float,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        params: Mapping[str, str] | None = None,
    ) -> Answer:
        """Send one request and return its answer, whatever its status; follow no redirect.

        `deadline` is in seconds and counts everything, name look-up and connect included. Raises
        `NotSent` if the request has certainly not left, else `AnswerLost`.
        """
        exchange = _Exchange(self, proxy_for(url, self._environ))
        try:
            request = self._client.build_request(
                method,
                url,
                headers=headers,
                content=content,
                params=params,
                timeout=deadline,
                extensions={"trace": exchange.trace},
            )
        except (httpx.InvalidURL, UnicodeError):  # a host that IDNA has no name for
            raise ConfigurationError(
                f"{one_line(url)} is no address that can be asked.", "Check TWEETBOT_API_URL."
            ) from None
        began = time.monotonic()
        try:
            answer = exchange.run(self._client, request, deadline)
        except (NotSent, AnswerLost) as error:
            self._say(request, error.happened, began)
            raise
        self._say(request, f"{answer.status} {answer.transaction_id or ''}".rstrip(), began)
        return answer

    def _say(self, request: httpx.Request, outcome: str, began: float) -> None:
        if self._log:
            url = request.url.copy_with(query=None)
            spent = (time.monotonic() - began) * 1000
            self._log(one_line(f"{request.method} {url} {spent:.0f} ms: {outcome}"))

    def _cut(self) -> None:
        """Shut the connection down, so that the thread that waits on it ends."""
        if self._stream is not None:
            with suppress(OSError, ValueError):
                self._stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


_Outcome = queue.SimpleQueue["Answer | Exception"]


class _GivenUp(Exception):
    """The deadline passed before the request left: it must not leave any more."""


class _Ways(httpx.BaseTransport):
    """The direct way, and one through each proxy; made when first needed."""

    def __init__(self, environ: Mapping[str, str], context: ssl.SSLContext) -> None:
        self._environ = environ
        self._context = context
        self._made: dict[Proxy | None, httpx.HTTPTransport] = {}

    def to(self, url: str) -> httpx.HTTPTransport:
        """Return the way to `url`; raises `ConfigurationError` if its proxy is none."""
        proxy = proxy_for(url, self._environ)
        if proxy not in self._made:
            self._made[proxy] = self._through(proxy)
        return self._made[proxy]

    def _through(self, proxy: Proxy | None) -> httpx.HTTPTransport:
        if proxy is None:
            return httpx.HTTPTransport(verify=self._context)
        try:
            # Its own TLS is checked like X's.
            through = httpx.Proxy(
                proxy.url, ssl_context=self._context if proxy.scheme == "https" else None
            )
            return httpx.HTTPTransport(verify=self._context, proxy=through)
        except ImportError:
            raise missing_extra(
                "socks",
                f"{proxy.variable} names a SOCKS proxy, and that needs the package socksio.",
            ) from None
        except (httpx.InvalidURL, ValueError):
            raise ConfigurationError(
                f"The HTTP client cannot be set up: the environment variable {proxy.variable} is"
                " no proxy.",
                f"Check {proxy.variable}.",
            ) from None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        return self.to(str(request.url)).handle_request(request)

    def close(self) -> None:
        for way in self._made.values():
            way.close()


class _Exchange:
    """One request on its way, watched from the thread that waits for it."""

    def __init__(self, transport: Transport, proxy: Proxy | None) -> None:
        self._transport = transport
        self._lock = threading.Lock()
        self._given_up = False
        self._left = False
        self._proxy = proxy  # while it is what is talked to

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Follow httpcore; a request is taken as left from the moment before its first byte."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._transport._stream = info["return_value"]
        if event.endswith("send_request_headers.started"):
            with self._lock:
                if self._given_up:
                    raise _GivenUp
                # A proxy's CONNECT is not our request.
                self._left = self._left or info["request"].method != b"CONNECT"
                self._proxy = None if self._left else self._proxy

    def run(self, client: httpx.Client, request: httpx.Request, deadline: float) -> Answer:
        try:
            result = self._wait(self._start(client, request), deadline)
        except BaseException:
            self._give_up()
            raise
        if isinstance(result, Answer):
            return result
        if isinstance(result, httpx.HTTPError | httpx.InvalidURL | UnicodeError | _TooLarge):
            if self._wants_password(result):
                raise self._password() from None
            raise self._failure(_reason(result, deadline)) from None
        raise result

    def _start(self, client: httpx.Client, request: httpx.Request) -> _Outcome:
        outcome: _Outcome = queue.SimpleQueue()

        def work() -> None:
            if hasattr(signal, "pthread_sigmask"):  # a signal has to wake the main thread
                signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            try:
                outcome.put(_read(client, request))
            except Exception as error:  # noqa: BLE001  # handed over, and raised by `run`
                outcome.put(error)

        try:
            threading.Thread(target=work, daemon=True).start()
        except RuntimeError:
            raise self._failure("this machine starts no more threads") from None
        return outcome

    def _wait(self, outcome: _Outcome, deadline: float) -> Answer | Exception:
        try:
            return outcome.get(timeout=deadline)
        except queue.Empty:
            self._give_up()
            raise self._failure(f"no answer within {deadline:g} s") from None

    def _give_up(self) -> None:
        with self._lock:
            self._given_up = True
        self._transport._cut()

    def _failure(self, reason: str) -> NotSent | AnswerLost:
        with self._lock:
            if self._left:
                return AnswerLost(f"X's answer was lost: {reason}.")
            if self._proxy is None:
                return NotSent(f"X could not be reached: {reason}.")
            return NotSent(
                f"X could not be reached through the proxy {self._proxy.address}: {reason}.",
                f"Check that proxy ({self._proxy.variable}).",
            )

    def _wants_password(self, error: Exception) -> bool:
        # 407 of an HTTP proxy; RFC 1928 and 1929 of a SOCKS one, in httpcore's words
        asks = ("407", "Invalid username/password", "Requested NO_AUTH", "Requested USERNAME")
        return isinstance(error, httpx.ProxyError) and str(error).startswith(asks)

    def _password(self) -> ConfigurationError:
        address, variable = (
            (self._proxy.address, self._proxy.variable) if self._proxy else ("", "HTTPS_PROXY")
        )
        return ConfigurationError(
            f"The proxy {address} wants a user and a password, or others (407).",
            f"Put them into {variable}: http://user:password@host:port, special characters"
            " percent-encoded.",
        )


class _TooLarge(Exception):
    """The body is larger than any of X's answers."""


def _read(client: httpx.Client, request: httpx.Request) -> Answer:
    response = client.send(request, stream=True)
    try:
        body = _body(response)
    finally:
        response.close()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, body)


def _body(response: httpx.Response) -> bytes:
    """Unpack the body as it comes; httpx would unpack a whole chunk, however often it is packed."""
    named = response.headers.get("Content-Encoding", "").lower().replace(" ", "").split(",")
    encodings = [name for name in named if name not in ("", "identity")]
    if encodings not in ([], ["gzip"], ["x-gzip"], ["deflate"]):
        raise httpx.DecodingError("an encoding that was not asked for")
    # Either header, of gzip or of zlib, is recognised (zlib.h, inflateInit2).
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 32) if encodings else None
    body = bytearray()
    for chunk in response.iter_raw():
        try:
            body += unpacker.decompress(chunk, MAX_BODY + 1 - len(body)) if unpacker else chunk
        except zlib.error:
            raise httpx.DecodingError("damaged") from None
        if len(body) > MAX_BODY:
            raise _TooLarge
    return bytes(body)


def _reason(error: Exception, deadline: float) -> str:
    """Say what went wrong in words that cannot hold a header or a body."""
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {deadline:g} s"
    if isinstance(error, httpx.ProxyError):
        return f"it refuses ({without_tokens(one_line(str(error)))[:100]})"
    if isinstance(error, httpx.ConnectError):
        return certificate_cause(one_line(str(error)) or "no connection")
    if isinstance(error, _TooLarge):
        return f"it is larger than {MAX_BODY // 1024} KiB"
    if isinstance(error, httpx.DecodingError | httpx.RemoteProtocolError):
        return "what came back is no complete HTTP answer"
    if isinstance(error, httpx.NetworkError):
        return "the connection broke"
    return type(error).__name__


@contextmanager
def _settings_named(environ: Mapping[str, str]) -> Iterator[None]:
    """Name the variable if a certificate setting of the environment is wrong."""
    try:
        yield
    except OSError as error:
        suspects = [name for name in _TLS_VARIABLES if environ.get(name)] or [*_TLS_VARIABLES]
        raise ConfigurationError(
            "The HTTP client cannot be set up: a certificate setting"
            f" ({error.strerror or one_line(str(error))}) is wrong.",
            f"Check the environment variable {' or '.join(suspects)}.",
        ) from None
