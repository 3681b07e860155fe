"""OAuth 2.0 as X does it: consent, code, token, renewal, revocation."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from secrets import token_urlsafe
from urllib.parse import urlencode

from tweetbot.sandbox import pages
from tweetbot.sandbox.accounts import Account
from tweetbot.sandbox.clients import Client, Clients
from tweetbot.sandbox.grants import Grants
from tweetbot.sandbox.messages import Answer, Call, Refused, json_answer
from tweetbot.sandbox.mint import Mint
from tweetbot.sandbox.problems import (
    INVALID_CODE,
    INVALID_GRANT_TYPE,
    OTHER_REDIRECT_URI,
    missing_parameter,
)
from tweetbot.sandbox.scopes import SCOPES

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")  # RFC 7636 §4.2: SHA-256 without the padding
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")  # RFC 7636 §4.1
_MAX_STATE = 500
_NO_STORE = {"cache-control": "no-store", "pragma": "no-cache"}


@dataclass(frozen=True)
class AuthorizationRequest:
    """What an app asks of the account that is logged in in the browser."""

    client: Client
    account: Account
    redirect_uri: str
    scope: tuple[str, ...]
    state: str = field(repr=False)
    code_challenge: str = field(repr=False)


@dataclass(frozen=True)
class Code:
    """An authorization code's worth: what was allowed, and until when it can be redeemed."""

    request: AuthorizationRequest
    expires_at: float


class Authorization:
    """The authorization server. `redirect_uris`, `account` and `approve` may change at any time.

    `account` is who is logged in in the browser; after each login it is the next of `accounts`.
    """

    def __init__(
        self,
        clients: Clients,
        grants: Grants,
        mint: Mint,
        *,
        now: Callable[[], float],
        code_life: float,
        accounts: Sequence[Account],
        redirect_uris: set[str],
        approve: bool,
    ) -> None:
        self._accounts = accounts
        self.account = accounts[0]
        self.redirect_uris = redirect_uris
        self.approve = approve
        self._clients = clients
        self._grants = grants
        self._mint = mint
        self._now = now
        self._code_life = code_life
        self._asked: dict[str, AuthorizationRequest] = {}
        self._codes: dict[str, Code] = {}

    def authorize(self, call: Call) -> Answer:
        """Show the consent page; with `approve` go back to the app at once."""
        request = self._read(call)
        if self.approve:
            return self._approved(request)
        nonce = token_urlsafe(24)
        self._asked[nonce] = request
        page = pages.consent(
            app=request.client.name,
            username=request.account.username,
            scopes=[SCOPES[scope] for scope in request.scope],
            nonce=nonce,
        )
        return pages.page_answer(
            200, page, note=f"consent page shown for @{request.account.username}"
        )

    def consent(self, call: Call) -> Answer:
        """Take the decision of the person in front of the consent page."""
        request = self._asked.pop(call.form.get("nonce", ""), None)
        if request is None:
            raise Refused(_no_access("this consent page was answered before, or is not ours"))
        if call.form.get("decision") == "authorize":
            return self._approved(request)
        # RFC 6749 §4.1.2.1
        note = f"consent refused, error sent to {request.redirect_uri}"
        return _redirect(request, error="access_denied", state=request.state, note=note)

    def token(self, call: Call) -> Answer:
        """Redeem a code or renew a grant (RFC 6749 §4.1.3 and §6)."""
        client = self._clients.authenticate(call)
        match _required(call, "grant_type"):
            case "authorization_code":
                answer, what = self._redeem(call, client), "login"
            case "refresh_token":
                refresh_token = _required(call, "refresh_token")
                answer, what = self._grants.renew(refresh_token, client_id=client.id), "renewal"
            case _:
                raise Refused(INVALID_GRANT_TYPE)
        return json_answer(200, answer, note=f"{what}: {_describe(answer)}").having(_NO_STORE)

    def revoke(self, call: Call) -> Answer:
        """End the grant of either token (RFC 7009)."""
        client = self._clients.authenticate(call)
        self._grants.revoke(_required(call, "token"), client_id=client.id)
        return json_answer(200, {"revoked": True}, note="access withdrawn").having(_NO_STORE)

    def forget_codes(self) -> None:
        """End every code that was not redeemed yet."""
        self._codes.clear()

    def _read(self, call: Call) -> AuthorizationRequest:
        query = call.query
        client = self._clients.get(query.get("client_id", ""))
        scope = tuple(query.get("scope", "").split())
        # A redirect URI that was not checked is never redirected to (RFC 6749 §4.1.2.1), and X
        # redirects none of the other faults either: the app's listener hears nothing.
        if client is None:
            raise Refused(_no_access("client_id is unknown"))
        if query.get("redirect_uri") not in self.redirect_uris:
            raise Refused(_no_access("redirect_uri is not registered"))
        for fault, wrong in (
            ("response_type must be code", query.get("response_type") != "code"),
            ("state must have 1 to 500 characters", not 0 < len(query.get("state", "")) <= 500),
            ("scope is missing or unknown", not scope or not SCOPES.keys() >= set(scope)),
            ("code_challenge_method must be S256", query.get("code_challenge_method") != "S256"),
            (
                "code_challenge must have 43 characters of base64url",
                not _CHALLENGE.fullmatch(query.get("code_challenge", "")),
            ),
        ):
            if wrong:
                raise Refused(_no_access(fault))
        return AuthorizationRequest(
            client=client,
            account=self.account,
            redirect_uri=query["redirect_uri"],
            scope=scope,
            state=query["state"],
            code_challenge=query["code_challenge"],
        )

    def _approved(self, request: AuthorizationRequest) -> Answer:
        code = self._mint.secret("ac")
        self._codes[code] = Code(request, self._now() + self._code_life)
        note = f"consent given, code sent to {request.redirect_uri}"
        return _redirect(request, state=request.state, code=code, note=note)

    def _redeem(self, call: Call, client: Client) -> dict[str, object]:
        value = _required(call, "code")
        redirect_uri = _required(call, "redirect_uri")
        verifier = _required(call, "code_verifier")
        # Single use, whatever comes of it (RFC 6749 §4.1.2).
        code = self._codes.pop(value, None)
        if code is None or code.expires_at <= self._now() or code.request.client != client:
            raise Refused(INVALID_CODE)
        if redirect_uri != code.request.redirect_uri:
            raise Refused(OTHER_REDIRECT_URI)
        if not _verifies(verifier, code.request.code_challenge):
            raise Refused(INVALID_CODE)
        answer = self._grants.begin(client.id, code.request.account, scope=code.request.scope)
        self._take_turns(code.request.account)
        return answer

    def _take_turns(self, last: Account) -> None:
        if self.account == last and last in self._accounts:
            self.account = self._accounts[(self._accounts.index(last) + 1) % len(self._accounts)]


def _required(call: Call, name: str) -> str:
    if not call.form.get(name):
        raise Refused(missing_parameter(name))
    return call.form[name]


def _verifies(verifier: str, challenge: str) -> bool:
    """Whether the verifier belongs to the challenge (RFC 7636 §4.6, S256)."""
    digest = hashlib.sha256(verifier.encode()).digest()
    made = base64.urlsafe_b64encode(digest).decode().rstrip("=")
    return bool(_VERIFIER.fullmatch(verifier)) and made == challenge


def _describe(answer: dict[str, object]) -> str:
    text = f"new access token (lives {answer['expires_in']} s)"
    return f"{text}, new refresh token" if "refresh_token" in answer else text


def _no_access(why: str) -> Answer:
    return pages.page_answer(400, pages.no_access(), note=f"refused: {why}")


def _redirect(request: AuthorizationRequest, *, note: str, **parameters: str) -> Answer:
    separator = "&" if "?" in request.redirect_uri else "?"
    location = f"{request.redirect_uri}{separator}{urlencode(parameters)}"
    headers = {"location": location, "cache-control": "no-store", "referrer-policy": "no-referrer"}
    return Answer(302, headers=headers, note=note)
