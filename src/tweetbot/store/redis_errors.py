"""What a failure of a Redis server means: who has to do what, in words.

What passes by itself is `Temporary`: a server that starts, a replica that is being promoted, a host
name that a network without its beginning does not know yet. What a person has to mend is
`ConfigurationError`: a certificate, a password, a full memory.
"""

from __future__ import annotations

import re
import socket
import ssl

from tweetbot.errors import ConfigurationError, Temporary, TweetbotError
from tweetbot.foreign import against_rfc_5280, one_line, without_tokens
from tweetbot.values import dataclass

_LATER = "Run again later."
_WORDS_KEPT = 300


@dataclass(frozen=True)
class _Answer:
    """An error that a server answers with, known by its word or by redis-py's class."""

    sign: str
    kind: type[TweetbotError]
    happened: str
    remedy: str


# redis.io, docs, reference/protocol-spec, "Simple errors"; the words are those of the server's
# source (server.c, `createSharedObjects`).
_ANSWERS = (
    _Answer(
        "READONLY|ReadOnlyError",
        Temporary,
        "is a read-only replica",
        "Run again later, for it may be about to take over; if it stays one, let {named}"
        " name the primary.",
    ),
    _Answer(
        "MASTERDOWN|MasterDownError",
        Temporary,
        "is a replica that cannot reach its primary",
        "Run again later; if it stays so, let {named} name the primary.",
    ),
    _Answer(
        "NOREPLICAS",
        Temporary,
        "takes no writes: too few of its replicas answer (min-replicas-to-write)",
        _LATER,
    ),
    _Answer("LOADING|BusyLoadingError", Temporary, "is loading its data", _LATER),
    _Answer("BUSY", Temporary, "is busy with a script", _LATER),
    _Answer("CLUSTERDOWN|ClusterDownError", Temporary, "is a cluster that is down", _LATER),
    _Answer("TRYAGAIN|TryAgainError", Temporary, "is a cluster that is moving keys", _LATER),
    _Answer("max number of clients", Temporary, "takes no more connections (maxclients)", _LATER),
    _Answer(
        "MOVED|MovedError|ASK|AskError|CROSSSLOT|ClusterCrossSlotError",
        ConfigurationError,
        "is one of a cluster's servers",
        "Let {named} name one server that stands alone.",
    ),
    _Answer(
        "OOM|OutOfMemoryError",
        ConfigurationError,
        "has no memory left (maxmemory)",
        "Make room there, or raise its maxmemory.",
    ),
    _Answer(
        "MISCONF",
        ConfigurationError,
        "takes no writes, because it could not write to its disk (MISCONF)",
        "Mend the server; its log says what is wrong.",
    ),
    _Answer(
        "NOAUTH|Authentication required",
        ConfigurationError,
        "asks for a password",
        "Put it into {named}: rediss://user:password@host:6379/0.",
    ),
    _Answer(
        "WRONGPASS|AuthenticationError|AuthenticationWrongNumberOfArgsError",
        ConfigurationError,
        "does not accept user and password",
        "Correct them in {named}.",
    ),
    _Answer(
        "InvalidResponse",
        ConfigurationError,
        "is no Redis server: its answer is none of Redis's protocol",
        "Correct host and port in {named}.",
    ),
)


def meaning(
    error: Exception, place: str, *, is_away: bool, said: str, url: str, named: str
) -> TweetbotError:
    """Translate an exception of redis-py; `said` is its text without the password.

    `is_away` tells one of the connection from an answer; `named` is what gave the URL. May ask the
    server once more, whether it speaks TLS on that port.
    """
    words = f"{type(error).__name__} {said}"
    for answer in _ANSWERS:
        if re.search(rf"\b({answer.sign})\b", words):
            return answer.kind(f"{place} {answer.happened}.", answer.remedy.format(named=named))
    if not is_away:
        return ConfigurationError(
            f"{place} refused: {foreign(said)}.", f"Let that user do it, or correct {named}."
        )
    cause = _cause(error)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return _certificate(cause, place, named)
    return _other_protocol(cause, place, url, named) or _unreachable(cause, error, place, named)


def foreign(said: str) -> str:
    """Return what the server said as a part of a message: on one line, short, without tokens."""
    return without_tokens(one_line(said)).rstrip(".")[:_WORDS_KEPT]


def _cause(error: BaseException) -> BaseException:
    """Return what the system or the TLS library said, where redis-py says it in its own way."""
    while not isinstance(error, OSError) and (before := error.__cause__ or error.__context__):
        error = before
    return error


def _certificate(error: ssl.SSLCertVerificationError, place: str, named: str) -> ConfigurationError:
    said = one_line(error.verify_message).rstrip(".")
    if "mismatch" in said:
        remedy = f"Name the server in {named} as its certificate does."
    elif "expired" in said or "not yet valid" in said:
        remedy = "Look at this machine's clock; else the server needs a new certificate."
    else:
        remedy = "Name the file of the CA that vouches for it: rediss://…?ssl_ca_certs=FILE."
        remedy = against_rfc_5280(error) or remedy
    return ConfigurationError(f"The certificate of {place} is not accepted: {said}.", remedy)


def _other_protocol(
    cause: BaseException, place: str, url: str, named: str
) -> ConfigurationError | None:
    """Find TLS on one side alone, and a certificate that the server misses."""
    host, port = _address(url)
    closed = (ConnectionResetError, BrokenPipeError, ssl.SSLEOFError, ssl.SSLZeroReturnError)
    was_closed = isinstance(cause, closed) or not isinstance(cause, OSError)
    alert = _alert(cause)
    if was_closed:
        is_tls, alert = _try_tls(host, port)
        if is_tls and not url.startswith("rediss:"):
            return ConfigurationError(
                f"{place} speaks TLS on that port.", f"Write rediss:// into {named}."
            )
    if alert and url.startswith("rediss:"):
        return ConfigurationError(
            f"{place} refused the connection: {alert}.",
            "It may want a certificate of ours: rediss://…?ssl_certfile=FILE&ssl_keyfile=FILE.",
        )
    is_slow = isinstance(cause, TimeoutError) and "handshake" in str(cause)
    if (isinstance(cause, ssl.SSLError) or is_slow) and _answers_plainly(host, port):
        return ConfigurationError(
            f"{place} speaks no TLS on that port.",
            f"Write redis:// into {named}, or name the port of its TLS.",
        )
    return None


def _unreachable(cause: BaseException, error: BaseException, place: str, named: str) -> Temporary:
    if isinstance(cause, socket.gaierror):
        return Temporary(
            f"{place} cannot be reached: its host is not known ({cause.strerror}).",
            f"Run again later; if it stays so, correct the host in {named}.",
        )
    if isinstance(cause, TimeoutError) or "Timeout" in type(error).__name__:
        return Temporary(f"{place} did not answer in time.", _LATER)
    said = getattr(cause, "strerror", None) or str(cause)
    return Temporary(f"{place} cannot be reached: {foreign(said)}.", _LATER)


def _address(url: str) -> tuple[str, int]:
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    return parts.hostname or "localhost", parts.port or 6379


def _try_tls(host: str, port: int) -> tuple[bool, str]:
    """Say whether it is TLS, and with which alert our lack of a certificate is refused."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # only whether it is TLS; nothing of ours is sent
    is_tls = False
    try:
        with (
            socket.create_connection((host, port), 2) as plain,
            context.wrap_socket(plain, server_hostname=host) as tls,
        ):
            is_tls = True
            tls.settimeout(1)
            tls.recv(1)  # TLS 1.3 refuses after the handshake (RFC 8446 §4.4.2.4)
    except OSError as error:
        alert = _alert(error)
        return is_tls or bool(alert), alert
    return is_tls, ""


def _alert(error: BaseException) -> str:
    reason = (error.reason or "") if isinstance(error, ssl.SSLError) else ""
    return reason.replace("_", " ").lower() if "ALERT" in reason else ""


def _answers_plainly(host: str, port: int) -> bool:
    try:
        with socket.create_connection((host, port), 2) as plain:
            plain.sendall(b"PING\r\n")
            return plain.recv(1) in (b"+", b"-")
    except OSError:
        return False
