"""A Redis server as `TWEETBOT_STORE` names it: its URL, its client, what its errors mean."""

from __future__ import annotations

import re
from types import ModuleType
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

from tweetbot.errors import ConfigurationError, missing_extra
from tweetbot.store.pointed import STORE_VARIABLE

DEADLINE = 5.0  # seconds for one command
_RESENDS = 2  # of one command, after 0.4 and 0.8 seconds
_TLS_OPTIONS = {
    "ssl_ca_certs",
    "ssl_cert_reqs",
    "ssl_certfile",
    "ssl_check_hostname",
    "ssl_keyfile",
}


def connect(url: str, *, named: str = STORE_VARIABLE, deadline: float = DEADLINE) -> Any:
    """Return a client of redis-py for `url`; connects when it is first used.

    Raises `ConfigurationError` for what is none; `named` is what gave it.
    """
    redis = library()
    options = _options(url, named)
    if options.keys() - _TLS_OPTIONS - {"volatile"}:  # not shown: it may be part of a password
        known = ", ".join(sorted(_TLS_OPTIONS))
        raise _wrong_url(named, f"has an option other than volatile=ok, {known}")
    if options.pop("volatile", "ok") != "ok":
        raise _wrong_url(named, "has ?volatile= with another word than ok")
    _check_tls(url, options, named)
    try:
        return redis.Redis.from_url(
            f"{url.partition('?')[0]}?{urlencode(options)}",
            decode_responses=True,
            encoding_errors="surrogateescape",  # what is no UTF-8 is no document, and no bug
            socket_timeout=deadline,
            socket_connect_timeout=deadline,
            retry=redis.retry.Retry(redis.backoff.ExponentialBackoff(cap=1, base=0.2), _RESENDS),
        )
    except ValueError:
        raise _wrong_url(named, "is no URL of a Redis server") from None


def _check_tls(url: str, options: dict[str, str], named: str) -> None:
    """Raise `ConfigurationError` for what redis-py finds out late, or does not name."""
    if options and not url.startswith("rediss:"):
        given = ", ".join(sorted(options))
        raise _wrong_url(named, f"has options that are for rediss:// alone ({given})")
    if options.get("ssl_cert_reqs", "none") not in ("none", "optional", "required"):
        raise _wrong_url(named, "has an ssl_cert_reqs other than none, optional, required")
    if options.keys() & {"ssl_ca_certs"}:
        _check_files(options, "ssl_ca_certs", named=named)
    if options.keys() & {"ssl_certfile", "ssl_keyfile"}:
        _check_files(options, "ssl_certfile", "ssl_keyfile", named=named)


def _check_files(options: dict[str, str], *names: str, named: str) -> None:
    """Raise `ConfigurationError` that names the files, which redis-py does not."""
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    given = [name for name in names if name in options]
    shown_files = ", ".join(f"{options[name]} ({name})" for name in given)
    fault = ""
    try:
        for name in given:
            with open(options[name], "rb"):
                pass
        if names == ("ssl_ca_certs",):
            context.load_verify_locations(options[given[0]])
        else:  # one alone holds both; a key's password is never asked for
            context.load_cert_chain(options[given[0]], options[given[-1]], password="")
    except ssl.SSLError as error:
        fault = f"cannot be used: {(error.reason or 'no certificate').replace('_', ' ').lower()}"
    except (OSError, ValueError) as error:
        fault = f"cannot be read: {getattr(error, 'strerror', None) or error}"
    if fault:
        raise ConfigurationError(
            f"{shown_files} of {named} {fault}.", "Correct the file, or its name."
        )


def _wrong_url(named: str, fault: str) -> ConfigurationError:
    return ConfigurationError(
        f"{named[0].upper()}{named[1:]} {fault}.",
        "It has the form redis://user:password@host:6379/0; special characters in a password are"
        " percent-encoded (@ is %40, / is %2F, ? is %3F, # is %23, a space %20).",
    )


def library() -> ModuleType:
    try:
        import redis
    except ImportError:
        raise missing_extra("redis", "The Redis store needs the package redis.") from None
    return redis


def is_volatile(url: str, *, named: str = STORE_VARIABLE) -> bool:
    """Whether the person accepts a server that may forget."""
    return _options(url, named).get("volatile") == "ok"


def shown(url: str) -> str:
    """Return `url` without user, password and options, even if it is no URL."""
    scheme, _, rest = url.rpartition("://")
    return f"{scheme}://{rest.rpartition('@')[2].partition('?')[0]}"


def _options(url: str, named: str) -> dict[str, str]:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise _wrong_url(named, "is no URL of a Redis server") from None
    if parts.scheme not in ("redis", "rediss"):
        raise _wrong_url(named, "is no URL of a Redis server")
    if re.search(r"\s", url) or not url.isprintable():
        raise _wrong_url(named, "has white space in it")
    if "@" in parts.path + parts.query + parts.fragment or parts.fragment:
        raise _wrong_url(named, "has a password with a character that ends it")
    if not re.fullmatch(r"(/[0-9]{0,9})?", parts.path):
        raise _wrong_url(named, "names a database that is no number")
    query = parts.query
    return {name: values[-1] for name, values in parse_qs(query, keep_blank_values=True).items()}
