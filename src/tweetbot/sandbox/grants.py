"""What an account has allowed an app to do, and the tokens that prove it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from tweetbot.sandbox.accounts import Account
from tweetbot.sandbox.messages import Refused
from tweetbot.sandbox.mint import Mint
from tweetbot.sandbox.problems import INVALID_TOKEN


@dataclass
class Grant:
    """One account's permission for one app.

    A renewal leaves the earlier access tokens as they are: each lives to its own end.
    """

    client_id: str
    account: Account
    scope: frozenset[str]
    refresh_token: str | None = field(default=None, repr=False)
    spent: set[str] = field(default_factory=set, repr=False)
    access_tokens: dict[str, float] = field(default_factory=dict, repr=False)

    def holds(self, token: str) -> bool:
        """Whether `token` is one of this grant's that was not spent."""
        return token == self.refresh_token or token in self.access_tokens


class Grants:
    """Every live grant: one for each app and account, so a new login ends the earlier one."""

    def __init__(
        self, mint: Mint, *, now: Callable[[], float], token_life: float, revoke_on_reuse: bool
    ) -> None:
        self._mint = mint
        self._now = now
        self._token_life = token_life
        self._revoke_on_reuse = revoke_on_reuse
        self._live: dict[tuple[str, str], Grant] = {}

    def begin(self, client_id: str, account: Account, *, scope: Sequence[str]) -> dict[str, object]:
        """Start a grant and return the token answer of its login."""
        grant = Grant(client_id, account, frozenset(scope))
        self._live[client_id, account.id] = grant
        return self._issue(grant)

    def renew(self, refresh_token: str, *, client_id: str) -> dict[str, object]:
        """Return the token answer of a renewal. The refresh token is single use.

        Raises `Refused` for one that is spent, revoked, unknown or another app's.
        """
        for grant in self._of(client_id):
            if grant.refresh_token == refresh_token:
                return self._issue(grant)
            if refresh_token in grant.spent and self._revoke_on_reuse:
                self._end(grant)  # RFC 9700 §4.14.2: a spent token that comes back may be stolen
        raise Refused(INVALID_TOKEN)

    def revoke(self, token: str, *, client_id: str) -> None:
        """End the grant that either token belongs to.

        A token that is none is no error (RFC 7009 §2.2).
        """
        for grant in self._of(client_id):
            if grant.holds(token):
                self._end(grant)

    def of(self, access_token: str) -> Grant | None:
        """Return the grant of an access token that has not expired."""
        now = self._now()
        for grant in self._live.values():
            if grant.access_tokens.get(access_token, now) > now:
                return grant
        return None

    def expire_access_tokens(self) -> None:
        """End every access token; the refresh tokens live on."""
        for grant in self._live.values():
            grant.access_tokens.clear()

    def revoke_all(self) -> None:
        """End every grant, as the account's owner can on x.com."""
        self._live.clear()

    def _of(self, client_id: str) -> list[Grant]:
        return [grant for grant in self._live.values() if grant.client_id == client_id]

    def _end(self, grant: Grant) -> None:
        del self._live[grant.client_id, grant.account.id]

    def _issue(self, grant: Grant) -> dict[str, object]:
        access_token = self._mint.secret("at")
        grant.access_tokens[access_token] = self._now() + self._token_life
        answer: dict[str, object] = {
            "token_type": "bearer",
            "expires_in": int(self._token_life),
            "access_token": access_token,
            # X promises no order, so it is never the one that was asked for.
            "scope": " ".join(sorted(grant.scope, key=lambda scope: scope[::-1])),
        }
        if "offline.access" in grant.scope:
            if grant.refresh_token:
                grant.spent.add(grant.refresh_token)
            grant.refresh_token = self._mint.secret("rt")
            answer["refresh_token"] = grant.refresh_token
        return answer
