"""The ways to a server: the direct one, and one through each proxy; and whom they trust."""

from __future__ import annotations

import ssl
from collections.abc import Mapping

import httpx

from tweetbot.errors import ConfigurationError, missing_extra
from tweetbot.x.proxies import Proxy, proxy_for
from tweetbot.x.transport import trust


class Ways(httpx.BaseTransport):
    """The direct way, and one through each proxy; made when first needed."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._trust: ssl.SSLContext | None = None
        self._made: dict[tuple[Proxy | None, bool], httpx.HTTPTransport] = {}

    def to(self, url: str) -> httpx.HTTPTransport:
        """Return the way to `url`.

        Raises `ConfigurationError` if its proxy is none, or a setting of certificates is wrong.
        """
        proxy = proxy_for(url, self._environ)
        is_tls = url.lower().startswith("https:") or (proxy is not None and proxy.scheme == "https")
        if (proxy, is_tls) not in self._made:
            context = self._authorities() if is_tls else trust.nobody()
            self._made[proxy, is_tls] = self._through(proxy, context)
        return self._made[proxy, is_tls]

    def _authorities(self) -> ssl.SSLContext:
        if self._trust is None:
            self._trust = trust.authorities(self._environ, system=trust.system_folder())
        return self._trust

    def _through(self, proxy: Proxy | None, context: ssl.SSLContext) -> httpx.HTTPTransport:
        if proxy is None:
            return httpx.HTTPTransport(verify=context)
        try:
            # Its own TLS is checked like X's.
            own = context if proxy.scheme == "https" else None
            return httpx.HTTPTransport(
                verify=context, proxy=httpx.Proxy(proxy.url, ssl_context=own)
            )
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
