"""OAuth 2.0 messages: the authorization request, the token requests, the revocation.

authlib writes the messages; their answers are read here and in `xapi.refusal`. authlib would take
an error page without `error` for a token, turn a redirect with `error=access_denied` into another
kind of request, and drop PKCE silently for any method but exactly `S256`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import field, replace
from typing import Any
from urllib.parse import urlencode

from authlib.common.security import generate_token
from authlib.oauth2.auth import ClientAuth
from authlib.oauth2.client import OAuth2Client

from tweetbot.errors import AnswerLost, LoginNeeded, TweetbotError
from tweetbot.profile import Client, Token
from tweetbot.values import dataclass
from tweetbot.x.answer import Answer
from tweetbot.x.clock import ignore
from tweetbot.x.transport import Transport

# What posting needs, and media.write, because a scope added later means a new login
# (docs.x.com, fundamentals/authentication/oauth-2-0/authorization-code, "Scopes").
SCOPE = "tweet.read tweet.write users.read offline.access media.write"

TOKEN_DEADLINE = 10.0  # seconds, connect included
_DEFAULT_LIFE = 0  # an answer without `expires_in`: renew next time


@dataclass(frozen=True)
class AuthorizationRequest:
    """One login: the URL for the browser, and what must match when the answer comes."""

    url: str
    state: str = field(repr=False)
    code_verifier: str = field(repr=False)


class AuthorizationServer:
    """X's OAuth 2.0 endpoints, as the client `client` sees them.

    `refusal` turns an answer that is no token into the error to raise; `hear` is told every answer.
    """

    def __init__(
        self,
        client: Client,
        transport: Transport,
        *,
        now: Callable[[], float],
        refusal: Callable[[Answer], TweetbotError],
        hear: Callable[[Answer], None] = ignore,
    ) -> None:
        self._client = client
        self._now = now
        self._refusal = refusal
        self._protocol = _Protocol(
            _Session(transport, client, hear),
            client_id=client.client_id,
            client_secret=client.client_secret,
            code_challenge_method="S256",
        )

    def authorization_request(self, authorize_url: str) -> AuthorizationRequest:
        """Make a fresh authorization request (RFC 6749 §4.1.1, RFC 7636 §4.3)."""
        verifier = generate_token(64)  # 43 to 128 characters: RFC 7636 §4.1
        url, state = self._protocol.create_authorization_url(
            authorize_url,
            state=generate_token(43),
            code_verifier=verifier,
            redirect_uri=self._client.redirect_uri,
            scope=SCOPE,
        )
        return AuthorizationRequest(url, state, verifier)

    def fetch_token(self, code: str, *, code_verifier: str) -> Token:
        """Exchange an authorization code (RFC 6749 §4.1.3); it lives 30 seconds.

        Raises `LoginNeeded` if the grant is not enough to post unattended.
        """
        answer = self._protocol.fetch_token(
            self._client.api_url + "/2/oauth2/token",
            grant_type="authorization_code",
            code=code,
            code_verifier=code_verifier,
            redirect_uri=self._client.redirect_uri,
        )["answer"]
        if _lacks_refresh_token(answer):
            raise LoginNeeded(
                "X gave no refresh token, so the login would end in two hours.",
                "Run `tweetbot auth` again, and consent to what it asks for.",
            )
        token = self._read(answer, scope=SCOPE, refresh_token=None, parent=None)
        # RFC 6749 §3.3: the server may grant less than was asked for.
        if token.missing_scopes:
            with suppress(TweetbotError):
                self.revoke(token.refresh_token)
            raise LoginNeeded(
                f"The login lacks the permission {token.missing_scopes}.",
                "Set the app's permission to Read and write in X's console, then run"
                " `tweetbot auth` again.",
            )
        return token

    def refresh(self, token: Token) -> Token:
        """Renew `token` (RFC 6749 §6); from X's answer on, the old refresh token is dead.

        Raises `GrantRefused` if it was dead already, `AnswerLost` if that cannot be known.
        """
        answer = self._protocol.refresh_token(
            self._client.api_url + "/2/oauth2/token", refresh_token=token.refresh_token
        )["answer"]
        renewed = self._read(
            answer,
            scope=token.scope,
            refresh_token=token.refresh_token,
            parent=token.digest,
        )
        return replace(renewed, unknown=token.unknown)

    def revoke(self, token: str) -> None:
        """End the grant that `token` belongs to (RFC 7009 §2.1; X documents no answer body)."""
        answer = self._protocol.revoke_token(self._client.api_url + "/2/oauth2/revoke", token=token)
        if not answer.is_success:
            raise self._refusal(answer)

    def _read(
        self, answer: Answer, *, scope: str, refresh_token: str | None, parent: str | None
    ) -> Token:
        if not answer.is_success:  # a 201 with a token is a token: the old one is dead
            raise self._refusal(answer)
        try:
            return read_token(
                answer.json(),
                now=int(self._now()),
                scope=scope,
                refresh_token=refresh_token,
                parent=parent,
            )
        except ValueError as error:
            raise AnswerLost(f"X's token answer cannot be read: {error}.") from None


def read_token(
    body: object, *, now: int, scope: str, refresh_token: str | None, parent: str | None
) -> Token:
    """Read a successful token answer (RFC 6749 §5.1).

    Raises `ValueError` without an access token, or without a refresh token where there is no old
    one to keep. Nothing else raises, for at this point the old token is dead: a scope that is
    missing is `scope`, a bad `expires_in` means "renew next time".
    """
    if not isinstance(body, Mapping):
        raise ValueError("it is no JSON object")
    access = _text(body.get("access_token"))
    refresh = _text(body.get("refresh_token")) or refresh_token
    if not access or not refresh:
        raise ValueError("it has no refresh token" if access else "it has no access token")
    return Token(
        access_token=access,
        refresh_token=refresh,
        scope=_text(body.get("scope")) or scope,
        obtained_at=now,
        expires_at=now + _seconds(body.get("expires_in")),
        parent=parent,
    )


def _lacks_refresh_token(answer: Answer) -> bool:
    """Whether X granted access without `offline.access`."""
    body = answer.json()
    if not answer.is_success or not isinstance(body, Mapping):
        return False
    return bool(_text(body.get("access_token"))) and not _text(body.get("refresh_token"))


def _text(value: object) -> str:
    return value.strip() if isinstance(value, str) else ""


def _seconds(value: object) -> int:
    """Read `expires_in`; some servers send a string."""
    try:
        seconds = int(value)  # type: ignore[call-overload]  # whatever it is, it may not raise
    except (TypeError, ValueError, OverflowError):
        return _DEFAULT_LIFE
    return seconds if 0 < seconds < 10**9 else _DEFAULT_LIFE


class _Protocol(OAuth2Client):  # type: ignore[misc]  # authlib ships no types
    """authlib's client, its answers passed through unread."""

    def parse_response_token(self, resp: Answer) -> Any:
        # authlib adds the old refresh token where this key is missing.
        self.token = {"answer": resp, "refresh_token": ""}
        return self.token


class _Session:
    """What authlib needs of an HTTP library: one `post`."""

    def __init__(
        self, transport: Transport, client: Client, hear: Callable[[Answer], None]
    ) -> None:
        self._transport = transport
        self._client = client
        self._hear = hear

    def post(
        self, url: str, *, data: Mapping[str, str], headers: Mapping[str, str], auth: ClientAuth
    ) -> Answer:
        # X has refused confidential clients without client_id in the body, and refuses a secret
        # there; the Basic header and the field together satisfy every version of it.
        form = {**data, "client_id": self._client.client_id}
        body, sent = urlencode(form), dict(headers)
        if self._client.client_secret:
            url, sent, body = auth.prepare("POST", url, sent, body)  # RFC 6749 §2.3.1
        answer = self._transport.request(
            "POST", url, headers=sent, content=body.encode(), deadline=TOKEN_DEADLINE
        )
        self._hear(answer)
        if answer.is_success:
            return answer  # a server that does not rotate sends the same refresh token again
        names = ("refresh_token", "token", "code", "code_verifier")
        basic = sent.get("Authorization", "").removeprefix("Basic ")
        return answer.without(self._client.client_secret, basic, *map(data.get, names))
