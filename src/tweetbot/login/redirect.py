"""The redirect of a login: where X sends the browser, and what it brings (RFC 6749 §4.1.2).

Pure: a query or a pasted line goes in, an answer comes out, or `WrongResponse`.
"""

from __future__ import annotations

import hmac
import ipaddress
import re
from contextlib import suppress
from dataclasses import field
from urllib.parse import SplitResult, parse_qsl, urlsplit

from tweetbot.errors import ConfigurationError
from tweetbot.foreign import one_line, without_tokens
from tweetbot.values import dataclass

X_ISSUERS = frozenset({"https://x.com", "https://api.x.com", "https://twitter.com"})

_MAX_PARAMETERS = 20
_MAX_WORDS = 300
# RFC 6749 appendix A.11: a code is made of VSCHAR; the length is ours.
_CODE = re.compile(r"[\x20-\x7e]{1,2000}")
_BARE_CODE = re.compile(r"[\x21-\x7e]{16,500}")  # what is shorter was typed, not pasted
_QUERY = re.compile(r"(?:^|&)(?:code|state|error|denied|iss)=")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_HTTP_PORT = 80
DEFAULT_PORT = 8910


@dataclass(frozen=True)
class AuthorizationResponse:
    """The authorization response (RFC 6749 §4.1.2): a code, or an error with its description."""

    code: str | None = field(default=None, repr=False)
    error: str | None = None
    error_description: str | None = None


class WrongResponse(ValueError):
    """This is not the answer to the authorization request; says why, without its contents."""


def read_response(
    query: str, *, state: str, issuers: frozenset[str] = X_ISSUERS
) -> AuthorizationResponse:
    """Read the authorization response from the query of a redirect.

    Raises `WrongResponse` unless it carries `state` and either a code or an error.
    """
    parameters = _parameters(query)
    if not _is_same(parameters.get("state"), state):
        raise WrongResponse("The answer does not carry the state of this login.")
    if "iss" in parameters and parameters["iss"] not in issuers:  # RFC 9207 §2.4
        raise WrongResponse("The answer was issued by another server.")
    code, error = parameters.get("code"), _error(parameters)
    if code and error:
        raise WrongResponse("The answer holds both a code and an error.")
    if error:
        description = _printable(parameters.get("error_description", ""))
        return AuthorizationResponse(error=error, error_description=description or None)
    if not code:
        raise WrongResponse("The answer holds neither a code nor an error.")
    if not _CODE.fullmatch(code):
        raise WrongResponse("The code in the answer is malformed.")
    return AuthorizationResponse(code=code)


def _parameters(query: str) -> dict[str, str]:
    """RFC 6749 §3.1: no parameter more than once; one without a value counts as omitted."""
    try:
        pairs = parse_qsl(
            query, keep_blank_values=True, errors="strict", max_num_fields=_MAX_PARAMETERS
        )
    except ValueError:
        # Not chained: the exception holds the bytes it could not decode.
        raise WrongResponse("The answer cannot be decoded.") from None
    parameters = dict(pairs)
    if len(parameters) != len(pairs):
        raise WrongResponse("The answer holds a parameter more than once.")
    return {name: value for name, value in parameters.items() if value}


def _is_same(received: str | None, state: str) -> bool:
    if received is None:
        return False
    return hmac.compare_digest(received.encode(errors="surrogatepass"), state.encode())


def _error(parameters: dict[str, str]) -> str | None:
    # X does not document how it reports a denial; `denied` is its OAuth 1.0a way.
    denied = "access_denied" if "denied" in parameters else None
    return _printable(parameters.get("error", "")) or denied


def _printable(words: str) -> str:
    return without_tokens(one_line(words))[:_MAX_WORDS]


def read_pasted(
    line: str, *, redirect_uri: str, state: str, issuers: frozenset[str] = X_ISSUERS
) -> AuthorizationResponse:
    """Read what a person pasted: the address they were sent to, its query, or the bare code.

    A bare code has no state to check: the person who pasted it vouches for it. Raises
    `WrongResponse`, which then also says what to paste.
    """
    redirect = redirect_address(redirect_uri)
    text = line.strip().strip("\"'<>").strip()
    try:
        if _BARE_CODE.fullmatch(text) and not _is_more_than_a_code(text, redirect):
            return AuthorizationResponse(code=text)
        return read_response(_query_of(text, redirect), state=state, issuers=issuers)
    except WrongResponse as wrong:
        raise WrongResponse(
            f"{wrong} Paste the whole address that the browser was sent to, the one that begins "
            f"with {redirect_uri}, or the code alone."
        ) from None


def _is_more_than_a_code(text: str, redirect: RedirectURI) -> bool:
    begins_like_address = text.lower().startswith((redirect.authority, "http:", "https:"))
    return begins_like_address or "?" in text or _QUERY.search(text) is not None


def _query_of(text: str, redirect: RedirectURI) -> str:
    if len(text.split()) != 1:
        raise WrongResponse("This is empty, or has a space in it.")
    if "?" not in text and _QUERY.search(text):
        return text
    if text.startswith("?"):
        return text[1:]
    # Browsers hide the scheme, and some copy the address as they show it.
    address = text if _SCHEME.match(text) else f"http://{text}"
    with suppress(ValueError):
        parts = urlsplit(address)
        if redirect.is_meant_by(parts):
            return parts.query
    raise WrongResponse("This is not where X sends the answer to.")


@dataclass(frozen=True)
class RedirectURI:
    """Where X sends the browser: plain http on a loopback host, with a port and a path."""

    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Host and port, as in the redirect URI."""
        return f"{self._name}:{self.port}"

    @property
    def closing_page(self) -> str:
        """The path of the closing page: beside the callback, and never the callback itself."""
        folder = self.path.rpartition("/")[0]
        return f"{folder}/closed" if self.path == f"{folder}/done" else f"{folder}/done"

    @property
    def authorities(self) -> frozenset[str]:
        """What a browser on this machine sends as Host; anything else is DNS rebinding."""
        names = {"127.0.0.1", "localhost", "[::1]", self._name}
        return frozenset(authority for name in names for authority in self._spellings(name))

    @property
    def addresses(self) -> tuple[str, ...]:
        """Where to listen; a browser tries either family for `localhost`."""
        return ("127.0.0.1", "::1") if self.host == "localhost" else (self.host,)

    def is_meant_by(self, parts: SplitResult) -> bool:
        """Say whether a person pasted this one, by https or another name of this machine.

        Some browsers insist on https, and on WSL it is `localhost` that works; `state` tells.
        """
        return (
            parts.scheme in ("http", "https")
            and parts.netloc.lower() in self.authorities
            and (parts.path or "/") == self.path
        )

    @property
    def _name(self) -> str:
        return f"[{self.host}]" if ":" in self.host else self.host

    def _spellings(self, name: str) -> set[str]:
        # Browsers leave out the port that http has anyway.
        return {f"{name}:{self.port}"} | ({name} if self.port == _HTTP_PORT else set())


def redirect_address(redirect_uri: str) -> RedirectURI:
    """Take a redirect URI apart; raises `ConfigurationError` if it cannot be listened on here."""
    try:
        parts = urlsplit(redirect_uri)
        port = parts.port
    except ValueError:
        raise _unusable("is not a URL with a port from 1 to 65535") from None
    host = parts.hostname or ""
    if not _VISIBLE.fullmatch(redirect_uri):
        raise _unusable("holds a space or another character that a URL cannot hold")
    if parts.scheme != "http":
        raise _unusable("does not begin with http://")
    if not _is_loopback(host):
        raise _unusable("does not lead to this machine")
    if not port:
        raise _unusable("names no port from 1 to 65535")
    redirect = RedirectURI(host=host, port=port, path=parts.path or "/")
    if parts.netloc.lower() != redirect.authority or "?" in redirect_uri or "#" in redirect_uri:
        raise _unusable("holds more than a host, a port and a path")
    return redirect


def _unusable(fault: str) -> ConfigurationError:
    return ConfigurationError(
        f"The redirect URI {fault}.",
        "Give the callback URL that is registered with X, such as "
        f"http://127.0.0.1:{DEFAULT_PORT}/callback.",
    )


def _is_loopback(host: str) -> bool:
    if host in {"localhost", "::1"}:
        return True
    try:
        return ipaddress.IPv4Address(host).is_loopback
    except ValueError:
        return False
