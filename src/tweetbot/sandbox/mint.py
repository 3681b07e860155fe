"""Secrets: made here, and remembered, so that a test can look for them where they must not be."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Mapping

_SECRET_FIELDS = ("code", "code_verifier", "refresh_token", "token", "client_secret")


class Mint:
    """Makes codes, tokens and credentials that look like X's; `known` holds every secret."""

    def __init__(self) -> None:
        self.known: set[str] = set()

    def secret(self, kind: str) -> str:
        """Return a new secret; `kind` is X's own mark: ac (code), at (access), rt (refresh)."""
        return self.keep(_encode(f"{secrets.token_urlsafe(36)}:1:0:{kind}:1"))

    def client_secret(self) -> str:
        """Return a new client secret."""
        return self.keep(secrets.token_urlsafe(36))

    def client_id(self) -> str:
        """Return a new OAuth 2.0 client ID, which is no secret."""
        return _encode(f"{secrets.token_urlsafe(15)}:1:ci")

    def keep(self, secret: str) -> str:
        """Remember a secret, wherever it was made."""
        if secret:
            self.known.add(secret)
        return secret

    def keep_all(self, form: Mapping[str, str]) -> None:
        """Remember the secrets that a client sent, its own code_verifier among them."""
        for name in _SECRET_FIELDS:
            self.keep(form.get(name, ""))


def _encode(text: str) -> str:
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")
