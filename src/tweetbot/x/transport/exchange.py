"""One request on its way: did it leave, and what came back?"""

from __future__ import annotations

import signal
import socket
import threading
import zlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

import httpx

from tweetbot.errors import AnswerLost, ConfigurationError, NotSent
from tweetbot.foreign import one_line, without_tokens
from tweetbot.values import dataclass
from tweetbot.x.answer import Answer
from tweetbot.x.certificates import certificate_fault
from tweetbot.x.proxies import Proxy

MAX_BODY = 1024 * 1024  # bytes; X's answers are a few hundred


@dataclass(frozen=True)
class Party:
    """Who is asked: in messages, and how large its answers may be (bytes).

    `may_be` says whether an IP address that its name leads to can be it.
    """

    name: str = "X"
    answer: str = "X's answer"
    remedy: str = "Check TWEETBOT_API_URL."
    largest: int = MAX_BODY
    may_be: Callable[[str], bool] = lambda _address: True


X = Party()


class GivenUp(Exception):
    """The deadline passed before the request left: it must not leave any more."""


class Connection:
    """The socket that the client uses at present, if it has one."""

    stream: Any = None

    def cut(self) -> None:
        """Shut it down, so that the thread that waits on it ends."""
        if self.stream is not None:
            with suppress(OSError, ValueError):
                self.stream.get_extra_info("socket").shutdown(socket.SHUT_RDWR)


class Exchange:
    """One request on its way, watched from the thread that waits for it."""

    def __init__(self, connection: Connection, proxy: Proxy | None, party: Party = X) -> None:
        self._connection = connection
        self._party = party
        self._lock = threading.Lock()
        self._given_up = False
        self._left = False
        self._ended = threading.Event()
        self._result: Answer | Exception | None = None  # once it has ended
        self._proxy = proxy  # while it is what is talked to
        # X's certificate comes after the CONNECT, and so does all TLS of a proxy without one.
        self._tls_is_of_x = proxy is None or proxy.scheme != "https"

    def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Follow httpcore; a request is taken as left from the moment before its first byte."""
        if event.endswith(("connect_tcp.complete", "start_tls.complete")):
            self._connection.stream = info["return_value"]
            self._check_address(info["return_value"])
        if event.endswith("send_request_headers.started"):
            with self._lock:
                if self._given_up:
                    raise GivenUp
                # A proxy's CONNECT is not our request.
                self._left = self._left or info["request"].method != b"CONNECT"
                self._proxy = None if self._left else self._proxy
            self._tls_is_of_x = True

    def _check_address(self, stream: Any) -> None:
        """Hang up, before anything is sent, on an address that the party cannot have.

        Asked of the connection: a name may lead elsewhere by now than a moment ago.
        """
        address = stream.get_extra_info("server_addr")
        if self._proxy is None and address and not self._party.may_be(str(address[0])):
            stream.close()
            raise _Elsewhere

    def run(self, client: httpx.Client, request: httpx.Request, deadline: float) -> Answer:
        try:
            self._start(client, request)
            result = self._wait(deadline)
        except BaseException:
            self._give_up()
            raise
        if isinstance(result, Answer):
            return result
        if isinstance(result, httpx.HTTPError | httpx.InvalidURL | UnicodeError | _NoAnswer):
            if self._wants_password(result):
                raise self._password() from None
            fault = None if self._left else certificate_fault(result, self._whose_tls)
            if fault and (self._party is X or self._whose_tls != self._party.name):
                raise fault from None  # a stranger's certificate is the stranger's to mend
            raise self._failure(_reason(result, deadline)) from None
        raise result

    def _start(self, client: httpx.Client, request: httpx.Request) -> None:
        largest = self._party.largest

        def work() -> None:
            if hasattr(signal, "pthread_sigmask"):  # a signal has to wake the main thread
                signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            try:
                self._result = _read(client, request, largest)
            except Exception as error:  # noqa: BLE001  # handed over, and raised by `run`
                self._result = error
            self._ended.set()

        try:
            threading.Thread(target=work, daemon=True).start()
        except RuntimeError:
            raise self._failure("this machine starts no more threads") from None

    def _wait(self, deadline: float) -> Answer | Exception:
        if self._ended.wait(deadline) and self._result is not None:
            return self._result
        self._give_up()
        raise self._failure(f"no answer within {deadline:g} s")

    def _give_up(self) -> None:
        with self._lock:
            self._given_up = True
        self._connection.cut()

    def _failure(self, reason: str) -> NotSent | AnswerLost:
        with self._lock:
            if self._left:
                return AnswerLost(f"{self._party.answer} was lost: {reason}.")
            if self._proxy is None:
                return NotSent(f"{self._party.name} could not be reached: {reason}.")
            return NotSent(
                f"{self._party.name} could not be reached through the proxy {self._proxy.address}:"
                f" {reason}.",
                f"Check that proxy ({self._proxy.variable}).",
            )

    @property
    def _whose_tls(self) -> str:
        if self._proxy is None or self._tls_is_of_x:
            return self._party.name
        return f"the proxy {self._proxy.address}"

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


class _NoAnswer(Exception):
    """There is no answer that could be used."""


class _TooLarge(_NoAnswer):
    """The body is larger than any that the party gives."""

    def __init__(self, largest: int) -> None:
        super().__init__(f"it is larger than {largest // 1024} KiB")


class _Elsewhere(_NoAnswer):
    """The name leads to an address that the party cannot have."""

    def __init__(self) -> None:
        super().__init__("its name leads to a private address, and it was given by a public one")


def _read(client: httpx.Client, request: httpx.Request, largest: int) -> Answer:
    response = client.send(request, stream=True)
    try:
        body = _body(response, largest)
    finally:
        response.close()
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Answer(response.status_code, headers, body)


def _body(response: httpx.Response, largest: int) -> bytes:
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
            body += unpacker.decompress(chunk, largest + 1 - len(body)) if unpacker else chunk
        except zlib.error:
            raise httpx.DecodingError("damaged") from None
        if len(body) > largest:
            raise _TooLarge(largest)
    return bytes(body)


def _reason(error: Exception, deadline: float) -> str:
    """Say what went wrong in words that cannot hold a header or a body."""
    if isinstance(error, httpx.TimeoutException):
        return f"no answer within {deadline:g} s"
    if isinstance(error, httpx.ProxyError):
        return f"it refuses ({without_tokens(one_line(str(error)))[:100]})"
    if isinstance(error, httpx.ConnectError):
        return one_line(str(error)) or "no connection"
    if isinstance(error, _NoAnswer):
        return str(error)
    if isinstance(error, httpx.DecodingError | httpx.RemoteProtocolError):
        return "what came back is no complete HTTP answer"
    if isinstance(error, httpx.NetworkError):
        return "the connection broke"
    return type(error).__name__
