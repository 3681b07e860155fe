"""Which certificate authorities are trusted: the environment's, the system's, else certifi's."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from contextlib import suppress

import httpx

from tweetbot.errors import ConfigurationError
from tweetbot.foreign import one_line

_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")
_AUTHORITIES = 20  # a folder with fewer is no system's, but holds somebody's own


def nobody() -> ssl.SSLContext:
    """Trust nobody: enough for `http://`, where loading certificates costs 20 ms for nothing."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def system_folder() -> str:
    """Return where this machine's OpenSSL looks for authorities."""
    return ssl.get_default_verify_paths().openssl_capath


def authorities(environ: Mapping[str, str], *, system: str) -> ssl.SSLContext:
    """Trust what `SSL_CERT_FILE` or `SSL_CERT_DIR` name, else those in `system`, else certifi.

    A folder is looked up by hash when a certificate comes (openssl-rehash(1)); a file is read
    whole. Raises `ConfigurationError` that names the variable if one of them cannot be used.
    """
    file = environ.get("SSL_CERT_FILE")
    folder = environ.get("SSL_CERT_DIR") or (system if _has_authorities(system) else None)
    try:
        if file:
            return ssl.create_default_context(cafile=file)
        if folder:
            return ssl.create_default_context(capath=folder)
        return httpx.create_ssl_context(trust_env=False)
    except OSError as error:
        suspects = [name for name in _VARIABLES if environ.get(name)] or [*_VARIABLES]
        raise ConfigurationError(
            "The HTTP client cannot be set up: a certificate setting"
            f" ({error.strerror or one_line(str(error))}) is wrong.",
            f"Check the environment variable {' or '.join(suspects)}.",
        ) from None


def _has_authorities(folder: str) -> bool:
    with suppress(OSError):
        return sum(map(_is_hashed, os.listdir(folder))) >= _AUTHORITIES
    return False


def _is_hashed(name: str) -> bool:
    return name[8:9] == "." and name[9:].isdigit()  # 8d33f237.0
