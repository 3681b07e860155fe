"""Whose login it is, by which app, and the tokens of it."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import field
from typing import Any, Self

from tweetbot.profile.keys import RARE, Unreadable, unknown
from tweetbot.values import dataclass

# What `POST /2/tweets` demands (docs.x.com, OpenAPI document, operation createPosts).
POSTING_SCOPES = frozenset({"tweet.read", "tweet.write", "users.read"})

# What may stand in an Authorization header (RFC 6750 §2.1 is narrower); a newline in a token
# would be printed by an HTTP library's error message.
_TOKEN = r"[\x21-\x7e]+"


@dataclass(frozen=True, kw_only=True)
class Client:
    """The app as X knows it (RFC 6749 §2.1); without a secret it is a public client."""

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    redirect_uri: str
    api_url: str
    unknown: Mapping[str, Any] = unknown()

    def __post_init__(self) -> None:
        for name in ("client_id", "client_secret"):
            value = getattr(self, name)
            if value is not None and not re.fullmatch(_TOKEN, value):
                raise Unreadable(f'"client.{name}" is empty or has characters that X never uses')


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account that consented."""

    id: str
    username: str
    unknown: Mapping[str, Any] = unknown()

    def __post_init__(self) -> None:
        # They become part of addresses that are asked and shown.
        if not re.fullmatch(r"[0-9]{1,19}", self.id):
            raise Unreadable('"account.id" is no number')
        if not re.fullmatch(r"\w{1,50}", self.username):
            raise Unreadable('"account.username" is no name of an account')


@dataclass(frozen=True, kw_only=True)
class Token:
    """An access token and the single-use refresh token that renews it.

    `parent` is the digest of the refresh token that this one replaced; `None` after a login.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scope: str = ""
    obtained_at: int | None = None
    expires_at: int | None = None
    parent: str | None = None
    unknown: Mapping[str, Any] = unknown()

    def __post_init__(self) -> None:
        for name in ("access_token", "refresh_token"):
            if not re.fullmatch(_TOKEN, getattr(self, name)):
                raise Unreadable(f'"{name}" is empty or has white space or control characters')

    @property
    def digest(self) -> str:
        """Name this refresh token without giving it away."""
        return hashlib.sha256(self.refresh_token.encode()).hexdigest()[:16]

    @property
    def missing_scopes(self) -> str:
        """What this token lacks for posting, as far as its scope is known."""
        missing = POSTING_SCOPES - set(self.scope.split())
        return " ".join(sorted(missing)) if self.scope else ""

    def is_newer_than(self, other: Self) -> bool:
        """Whether it came after `other`: by descent where that tells, else by the clock."""
        if other.parent == self.digest:
            return False
        return self.parent == other.digest or (self.obtained_at or 0) > (other.obtained_at or 0)

    def is_due(self, now: int) -> bool:
        """Whether half of the access token's life is gone, or its times make no sense."""
        if self.obtained_at is None or self.expires_at is None:
            return True
        return not self.obtained_at <= now < (self.obtained_at + self.expires_at) / 2

    def is_alive(self, now: int) -> bool:
        """Whether the access token can still be expected to work."""
        return self.expires_at is not None and now < self.expires_at


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Whom a login has to belong to, as far as that is known, while X has not said whose it is."""

    id: str | None = None
    username: str | None = None
    unknown: Mapping[str, Any] = unknown()

    def fits(self, account: Account) -> bool:
        """Whether it is that account; a handle may be renamed, an id never is."""
        if self.id is not None:
            return self.id == account.id
        return self.username is None or self.username.lower() == account.username.lower()

    def may_be(self, other: Self) -> bool:
        """Whether both can mean one account, as far as either is known."""
        if self.id is not None and other.id is not None:
            return self.id == other.id
        if self.username is None or other.username is None:
            return True
        return self.username.lower() == other.username.lower()


@dataclass(frozen=True, kw_only=True)
class Moved:
    """`export` handed the bot on; nothing here may use it any more."""

    at: int
    note: str = ""
    unknown: Mapping[str, Any] = unknown()


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """What such a login took the place of; the app too, where it is another one."""

    account: Account | None = None
    token: Token
    client: Client | None = field(default=None, metadata=RARE)
    moved: Moved | None = field(default=None, metadata=RARE)
    unknown: Mapping[str, Any] = unknown()
