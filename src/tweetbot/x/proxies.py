"""Which proxy a request goes through: the variables mean what they mean to curl.

`https_proxy`, then `HTTPS_PROXY`, else `all_proxy`, `ALL_PROXY`; `no_proxy`, `NO_PROXY` (curl(1),
"ENVIRONMENT", and lib/noproxy.c). They are read here: httpx stops at what containers inject, such
as `NO_PROXY=fd07::/64`. Pure.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from dataclasses import field
from urllib.parse import urlsplit

from tweetbot.errors import ConfigurationError
from tweetbot.values import dataclass

_SCHEMES = ("http", "https", "socks5", "socks5h")
_PORTS = {"https": 443}  # curl's; of all other proxies 1080


@dataclass(frozen=True)
class Proxy:
    """A proxy, the variable that names it, and what of its URL may be shown."""

    url: str = field(repr=False)
    variable: str
    scheme: str
    address: str


def proxy_for(url: str, environ: Mapping[str, str]) -> Proxy | None:
    """Return the proxy for `url`; for a loopback host there is none.

    Raises `ConfigurationError` that names the variable if there is one and it is no proxy.
    """
    try:
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return None
    if _is_loopback(host) or _is_exempt(host, _either(environ, "no_proxy")[1]):
        return None
    for name in (f"{parts.scheme.lower()}_proxy", "all_proxy"):
        variable, value = _either(environ, name)
        if value:
            return _read(variable, value)
    return None


def _either(environ: Mapping[str, str], name: str) -> tuple[str, str]:
    """Return the variable in lower case, else in upper case; curl knows HTTP_PROXY as no such."""
    spellings = (name,) if name == "http_proxy" else (name, name.upper())
    found = ((spelling, environ.get(spelling, "").strip()) for spelling in spellings)
    return next(((variable, value) for variable, value in found if value), (name, ""))


def _read(variable: str, value: str) -> Proxy:
    try:
        parts = urlsplit(value if "://" in value else f"http://{value}")
        host, port = parts.hostname or "", parts.port
    except ValueError:
        raise _wrong(variable) from None
    if not host.isascii() or not host or not value.isprintable() or parts.scheme not in _SCHEMES:
        raise _wrong(variable)
    shown = f"[{host}]" if ":" in host else host
    address = f"{shown}:{port or _PORTS.get(parts.scheme, 1080)}"
    user, at, _ = parts.netloc.rpartition("@")
    return Proxy(f"{parts.scheme}://{user}{at}{address}", variable, parts.scheme, address)


def _wrong(variable: str) -> ConfigurationError:
    return ConfigurationError(  # without its value: a proxy's URL can hold a password
        f"The HTTP client cannot be set up: the environment variable {variable} is no proxy.",
        f"Check {variable}; it has the form http://user:password@host:3128, or socks5h://host:1080.",
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def _is_exempt(host: str, no_proxy: str) -> bool:
    """Whether an entry of `no_proxy` is the host's address, its network, or its name's end."""
    address = _address(host)
    for entry in no_proxy.lower().replace(",", " ").split():
        if entry == "*":
            return True
        if address is not None:
            network = _network(entry)
            if network is not None and network.version == address.version and address in network:
                return True
        elif f".{host.lower()}".endswith("." + entry.strip(".")) and entry.strip("."):
            return True
    return False


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _network(entry: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(entry.replace("[", "").replace("]", ""), strict=False)
    except ValueError:
        return None
