"""The apps that X knows, and how they prove who they are at the token endpoint."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from dataclasses import dataclass, field
from hmac import compare_digest

from tweetbot.sandbox.messages import Call, Refused
from tweetbot.sandbox.problems import NO_CLIENT_AUTHENTICATION, UNKNOWN_CLIENT, missing_parameter


@dataclass(frozen=True)
class Client:
    """One app; without a secret it is a public client (RFC 6749 §2.1)."""

    id: str
    secret: str | None = field(repr=False)
    name: str


class Clients:
    """Every app of the local X."""

    def __init__(self, clients: Sequence[Client]) -> None:
        self._by_id = {client.id: client for client in clients}

    def get(self, client_id: str) -> Client | None:
        """Return the app with that client ID."""
        return self._by_id.get(client_id)

    def authenticate(self, call: Call) -> Client:
        """Return the app that sent a request to the token or revocation endpoint.

        A confidential client has to use HTTP Basic (RFC 6749 §2.3.1), a public one to name itself
        in the body and to send no header at all. Raises `Refused`.
        """
        if "client_secret" in call.form:
            raise Refused(NO_CLIENT_AUTHENTICATION)
        if "authorization" in call.headers:
            return self._confidential(call)
        return self._public(call.form.get("client_id", ""))

    def _confidential(self, call: Call) -> Client:
        client_id, secret = read_basic(call.headers["authorization"])
        client = self.get(client_id)
        if client is None or client.secret is None:
            raise Refused(NO_CLIENT_AUTHENTICATION)
        named = call.form.get("client_id", client.id)
        if named != client.id or not compare_digest(secret.encode(), client.secret.encode()):
            raise Refused(NO_CLIENT_AUTHENTICATION)
        return client

    def _public(self, client_id: str) -> Client:
        if not client_id:
            raise Refused(missing_parameter("client_id"))
        client = self.get(client_id)
        if client is None:
            raise Refused(UNKNOWN_CLIENT)
        if client.secret is not None:
            raise Refused(NO_CLIENT_AUTHENTICATION)
        return client


def read_basic(header: str) -> tuple[str, str]:
    """Return user and password of an `Authorization: Basic` header; two empty strings if none."""
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return "", ""
    try:
        text = base64.b64decode(value.strip(), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return "", ""
    user, _, password = text.partition(":")
    return user, password
