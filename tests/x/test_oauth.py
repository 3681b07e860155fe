"""OAuth 2.0 messages: what is asked of X, and how its answers are read."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode, urlsplit

import pytest

from tweetbot.errors import (
    AnswerLost,
    ConfigurationError,
    GrantRefused,
    LoginNeeded,
    NotAllowed,
    RateLimited,
    Temporary,
    TweetbotError,
)
from tweetbot.profile import Client, Token
from tweetbot.sandbox import Fault, Request, Sandbox
from tweetbot.x.oauth import SCOPE, AuthorizationRequest, AuthorizationServer, read_token
from tweetbot.x.refusals import token_refusal
from tweetbot.x.transport import Transport

NOW = 1_795_400_000
REDIRECT_URI = "http://127.0.0.1:8910/callback"
AUTHORIZE_URL = "https://x.com/i/oauth2/authorize"


@pytest.fixture
def transport() -> Iterator[Transport]:
    with Transport(user_agent="tweetbot/test", environ={}) as transport:
        yield transport


def app(x: Sandbox, *, public: bool = False) -> Client:
    return Client(
        client_id=x.public_client_id if public else x.client_id,
        client_secret=None if public else x.client_secret,
        redirect_uri=REDIRECT_URI,
        api_url=x.url,
    )


def at(client: Client, transport: Transport) -> AuthorizationServer:
    return AuthorizationServer(client, transport, now=time.time, refusal=token_refusal(time.time))


@pytest.fixture
def server(x: Sandbox, transport: Transport) -> AuthorizationServer:
    """The local X, as a confidential client sees it."""
    return at(app(x), transport)


def granted(x: Sandbox, *, public: bool = False) -> Token:
    grant = x.grant(client_id=x.public_client_id if public else x.client_id)
    return Token(
        access_token=str(grant["access_token"]),
        refresh_token=str(grant["refresh_token"]),
        scope="tweet.read tweet.write users.read",
    )


def consent(request: AuthorizationRequest, transport: Transport) -> str:
    """Consent as a browser would, and return the code."""
    redirect = transport.request("GET", request.url, deadline=5).headers["location"]
    answer = parse_qs(urlsplit(redirect).query)
    assert answer["state"] == [request.state]
    return answer["code"][0]


def last(x: Sandbox) -> Request:
    return x.requests[-1]


def basic(client_id: str, client_secret: str) -> str:
    return "Basic " + base64.b64encode(f"{client_id}:{client_secret}".encode()).decode()


# --- the authorization request --------------------------------------------------------------


def test_the_authorization_request_has_all_that_x_wants(server: AuthorizationServer) -> None:
    request = server.authorization_request(AUTHORIZE_URL)
    url = urlsplit(request.url)
    assert f"{url.scheme}://{url.netloc}{url.path}" == AUTHORIZE_URL
    query = dict(parse_qsl(url.query, strict_parsing=True))
    verified = hashlib.sha256(request.code_verifier.encode()).digest()
    assert query.pop("client_id")
    assert query == {
        "response_type": "code",
        "redirect_uri": REDIRECT_URI,
        "scope": SCOPE,
        "state": request.state,
        "code_challenge": base64.urlsafe_b64encode(verified).decode().rstrip("="),
        "code_challenge_method": "S256",
    }


def test_the_verifier_and_the_state_are_long_and_new_each_time(
    server: AuthorizationServer,
) -> None:
    requests = [server.authorization_request(AUTHORIZE_URL) for _ in range(20)]
    for request in requests:
        assert re.fullmatch(r"[A-Za-z0-9._~-]{43,128}", request.code_verifier)  # RFC 7636 §4.1
        assert re.fullmatch(r"[A-Za-z0-9._~-]{22,500}", request.state)
    assert len({request.code_verifier for request in requests}) == 20
    assert len({request.state for request in requests}) == 20


def test_the_verifier_is_neither_in_the_address_nor_in_the_repr(
    server: AuthorizationServer,
) -> None:
    request = server.authorization_request(AUTHORIZE_URL)
    assert request.code_verifier not in request.url
    assert request.code_verifier not in repr(replace(request, url=""))
    assert request.state not in repr(replace(request, url=""))


def test_an_address_with_a_query_keeps_it(server: AuthorizationServer) -> None:
    url = server.authorization_request(AUTHORIZE_URL + "?lang=en").url
    assert parse_qs(urlsplit(url).query)["lang"] == ["en"]
    assert parse_qs(urlsplit(url).query)["code_challenge_method"] == ["S256"]


# --- the code -------------------------------------------------------------------------------


@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
def test_a_code_becomes_a_token(x: Sandbox, transport: Transport, public: bool) -> None:
    x.approve = True
    server = at(app(x, public=public), transport)
    request = server.authorization_request(x.authorize_url)
    code = consent(request, transport)
    token = server.fetch_token(code, code_verifier=request.code_verifier)
    assert (token.parent, token.missing_scopes) == (None, "")
    assert token.expires_at == (token.obtained_at or 0) + 7200

    sent = last(x)
    client_id = x.public_client_id if public else x.client_id
    assert sent.form == {
        "grant_type": "authorization_code",
        "code": code,
        "code_verifier": request.code_verifier,
        "redirect_uri": REDIRECT_URI,
        "client_id": client_id,
    }
    assert sent.headers.get("authorization") == (
        None if public else basic(client_id, x.client_secret)
    )
    assert sent.headers["content-type"].startswith("application/x-www-form-urlencoded")


def test_a_code_is_worth_one_token(
    x: Sandbox, server: AuthorizationServer, transport: Transport
) -> None:
    x.approve = True
    request = server.authorization_request(x.authorize_url)
    code = consent(request, transport)
    server.fetch_token(code, code_verifier=request.code_verifier)
    with pytest.raises(GrantRefused):
        server.fetch_token(code, code_verifier=request.code_verifier)


def test_a_code_needs_its_verifier(
    x: Sandbox, server: AuthorizationServer, transport: Transport
) -> None:
    x.approve = True
    code = consent(server.authorization_request(x.authorize_url), transport)
    with pytest.raises(GrantRefused):
        server.fetch_token(code, code_verifier="v" * 64)


def token_answer(**changes: Any) -> bytes:
    answer = {
        "token_type": "bearer",
        "expires_in": 7200,
        "access_token": "new-access",
        "refresh_token": "new-refresh",
        "scope": SCOPE,
    }
    kept = {name: value for name, value in {**answer, **changes}.items() if value is not ...}
    return json.dumps(kept).encode()


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"scope": "tweet.read users.read"}, LoginNeeded, "tweet.write"),
        ({"refresh_token": ...}, LoginNeeded, "no refresh token"),
        ({"access_token": ...}, AnswerLost, "no access token"),
    ],
)
def test_a_grant_that_cannot_post_unattended_is_refused(
    x: Sandbox,
    server: AuthorizationServer,
    changes: dict[str, Any],
    error: type[TweetbotError],
    words: str,
) -> None:
    x.fault("token", Fault("status", status=200, body=token_answer(**changes)))
    with pytest.raises(error, match=words):
        server.fetch_token("a-code", code_verifier="v" * 64)


# --- renewal --------------------------------------------------------------------------------


@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
def test_a_renewal_sends_what_that_client_must_send(
    x: Sandbox, transport: Transport, public: bool
) -> None:
    old = granted(x, public=public)
    new = at(app(x, public=public), transport).refresh(old)
    client_id = x.public_client_id if public else x.client_id
    sent = last(x)
    assert (sent.method, sent.path, sent.query) == ("POST", "/2/oauth2/token", {})
    assert sent.form == {
        "grant_type": "refresh_token",
        "refresh_token": old.refresh_token,
        "client_id": client_id,
    }
    assert sent.headers.get("authorization") == (
        None if public else basic(client_id, x.client_secret)
    )
    assert new.parent == old.digest
    assert new.refresh_token not in (old.refresh_token, "")
    assert new.access_token != old.access_token


def test_a_secret_with_every_kind_of_character_arrives(x: Sandbox, transport: Transport) -> None:
    client = replace(app(x), client_secret="a:b/c+d=e%f&g?h~!")
    with pytest.raises(ConfigurationError):
        at(client, transport).refresh(granted(x))
    assert last(x).headers["authorization"] == basic(client.client_id, "a:b/c+d=e%f&g?h~!")


def test_a_refresh_token_with_every_kind_of_character_arrives(
    x: Sandbox, server: AuthorizationServer
) -> None:
    with pytest.raises(GrantRefused):
        server.refresh(Token(access_token="a", refresh_token="a:b/c+d=e%f&g?h~"))
    assert last(x).form["refresh_token"] == "a:b/c+d=e%f&g?h~"


def test_a_renewal_keeps_what_this_version_does_not_know(
    x: Sandbox, server: AuthorizationServer
) -> None:
    old = replace(granted(x), unknown={"later": 1})
    assert server.refresh(old).unknown == {"later": 1}


@pytest.mark.parametrize("status", [200, 201])
def test_a_success_with_a_token_is_a_token(
    x: Sandbox, server: AuthorizationServer, status: int
) -> None:
    x.fault("token", Fault("status", status=status, body=token_answer()))
    assert server.refresh(granted(x)).access_token == "new-access"


X_SAYS = {
    "wrong secret": (401, b'{"error":"unauthorized_client","error_description":"Missing"}'),
    "unknown client": (400, b'{"error":"invalid_client"}'),
    "X's own": (400, b'{"error":"invalid_request","error_description":"Value passed"}'),
    "the RFC's": (400, b'{"error":"invalid_grant"}'),
    "quotes": (400, '{"error":"invalid_grant","error_description":"\\"é\\""}'.encode()),
    "401": (401, b'{"error":"invalid_token"}'),
    "no words": (400, b'{"title":"Bad Request"}'),
    "a page": (400, b"<html>Bad Request</html>"),
    "nothing": (401, b"{}"),
    "money": (402, b'{"title":"CreditsDepleted"}'),
    "403": (403, b'{"title":"Forbidden","detail":"Forbidden"}'),
    "a gateway": (403, b"<html>Forbidden</html>"),
    "pace": (429, b'{"title":"Too Many Requests"}'),
    "a cap": (429, b'{"title":"UsageCapExceeded"}'),
    "500": (500, b"{}"),
    "503": (503, b"<html>"),
    "hotel": (200, b"<html>Log in to our network</html>"),
    "a list": (200, b"[]"),
    "an error": (200, b'{"error":"invalid_request"}'),
    "a problem": (200, b'{"title":"Too Many Requests","status":429}'),
    "null": (200, b'{"access_token":null,"refresh_token":"r"}'),
    "a number": (200, b'{"access_token":5}'),
    "half": (200, b'{"access_token":"ne'),
    "no content": (204, b""),
    "redirect": (302, b""),
    "not found": (404, b'{"title":"Not Found"}'),
}


@pytest.mark.parametrize(
    ("name", "error"),
    [
        ("wrong secret", ConfigurationError),
        ("unknown client", ConfigurationError),
        ("X's own", GrantRefused),
        ("the RFC's", GrantRefused),
        ("quotes", GrantRefused),
        ("401", GrantRefused),
        ("no words", AnswerLost),
        ("a page", AnswerLost),
        ("nothing", AnswerLost),
        ("money", NotAllowed),
        ("403", NotAllowed),
        ("a gateway", Temporary),
        ("pace", RateLimited),
        ("a cap", NotAllowed),
        ("500", AnswerLost),
        ("503", AnswerLost),
        ("hotel", AnswerLost),
        ("a list", AnswerLost),
        ("an error", AnswerLost),
        ("a problem", AnswerLost),
        ("null", AnswerLost),
        ("a number", AnswerLost),
        ("half", AnswerLost),
        ("no content", AnswerLost),
        ("redirect", ConfigurationError),
        ("not found", ConfigurationError),
    ],
)
def test_no_answer_without_a_token_is_taken_for_one(
    x: Sandbox, server: AuthorizationServer, name: str, error: type[TweetbotError]
) -> None:
    status, body = X_SAYS[name]
    x.fault("token", Fault("status", status=status, body=body or b" "))
    with pytest.raises(error) as caught:
        server.refresh(granted(x))
    assert issubclass(caught.type, error)
    assert x.count("token") == 1


# --- revocation -----------------------------------------------------------------------------


@pytest.mark.parametrize("public", [False, True], ids=["confidential", "public"])
def test_a_revoked_token_is_dead(x: Sandbox, transport: Transport, public: bool) -> None:
    token = granted(x, public=public)
    server = at(app(x, public=public), transport)
    server.revoke(token.refresh_token)
    assert last(x).form["token"] == token.refresh_token
    assert ("authorization" in last(x).headers) is not public
    with pytest.raises(GrantRefused):
        server.refresh(token)


def test_a_revocation_that_fails_says_so(x: Sandbox, server: AuthorizationServer) -> None:
    x.fault("revoke", Fault("status", status=503))
    with pytest.raises(Temporary):
        server.revoke(granted(x).refresh_token)


# --- reading a token ------------------------------------------------------------------------


def read(**changes: Any) -> Token:
    return read_token(
        json.loads(token_answer(**changes)),
        now=NOW,
        scope="old.scope",
        refresh_token="old-refresh",
        parent="0123456789abcdef",
    )


def test_a_full_answer_is_read() -> None:
    assert read() == Token(
        access_token="new-access",
        refresh_token="new-refresh",
        scope=SCOPE,
        obtained_at=NOW,
        expires_at=NOW + 7200,
        parent="0123456789abcdef",
    )


@pytest.mark.parametrize("value", [..., None, "", " ", 5, [], {}])
def test_a_missing_refresh_token_keeps_the_old_one(value: object) -> None:
    assert read(refresh_token=value).refresh_token == "old-refresh"


@pytest.mark.parametrize("value", [..., None, "", 5, ["tweet.read"]])
def test_a_missing_scope_keeps_the_old_one(value: object) -> None:
    assert read(scope=value).scope == "old.scope"


@pytest.mark.parametrize("value", [7200, "7200", 7200.9])
def test_expires_in_may_be_text(value: object) -> None:
    assert read(expires_in=value).expires_at == NOW + 7200


@pytest.mark.parametrize(
    "value",
    [..., None, "soon", "", -1, 0, [], {}, 1e400, 10**12, "9" * 5000, float("nan")],
    ids=str,
)
def test_a_bad_expires_in_means_renew_next_time(value: object) -> None:
    token = read(expires_in=value)
    assert token.expires_at == NOW
    assert token.is_due(NOW)


@pytest.mark.parametrize("value", [..., None, "", " \n", 5, [], {}])
def test_an_answer_without_an_access_token_is_none(value: object) -> None:
    with pytest.raises(ValueError, match="it has no access token"):
        read(access_token=value)


@pytest.mark.parametrize("value", ["new-access\n", " new-access"])
def test_white_space_around_a_token_is_dropped(value: str) -> None:
    assert read(access_token=value, refresh_token=value).access_token == "new-access"


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
def test_a_token_that_no_header_can_carry_is_none(name: str) -> None:
    with pytest.raises(ValueError, match="white space or control characters") as caught:
        read(**{name: "new\naccess"})
    assert "access\n" not in str(caught.value)


@pytest.mark.parametrize("body", [None, [], "text", 5, True])
def test_a_body_that_is_no_object_is_none(body: object) -> None:
    with pytest.raises(ValueError, match="no JSON object"):
        read_token(body, now=NOW, scope="", refresh_token="r", parent=None)


# --- secrets --------------------------------------------------------------------------------

ECHOES: dict[str, Callable[[str], bytes]] = {
    "error_description": lambda said: json.dumps(
        {"error": "e", "error_description": said}
    ).encode(),
    "detail": lambda said: json.dumps({"title": "t", "detail": said}).encode(),
    "a page": lambda said: f"<html><pre>{said}</pre></html>".encode(),
}


@pytest.mark.parametrize("status", [200, 204, 302, 400, 401, 403, 404, 429, 503])
@pytest.mark.parametrize("echo", ECHOES)
def test_a_server_that_echoes_the_request_leaks_nothing(
    x: Sandbox, server: AuthorizationServer, status: int, echo: str
) -> None:
    token = granted(x)
    calls: tuple[tuple[str, Callable[[], object]], ...] = (
        ("token", lambda: server.refresh(token)),
        ("token", lambda: server.fetch_token("the-code-0123", code_verifier="the-verifier" * 5)),
        ("revoke", lambda: server.revoke(token.refresh_token)),
    )
    form = {"a": token.refresh_token, "b": "the-code-0123", "c": "the-verifier" * 5}
    said = f"{basic(x.client_id, x.client_secret)} {x.client_secret} {urlencode(form)}"
    for step, call in calls:
        x.fault(step, Fault("status", status=status, body=ECHOES[echo](said)))
        if step == "revoke" and status < 300:
            continue
        with pytest.raises(TweetbotError) as caught:
            call()
        shown = f"{caught.value} {caught.value!r} {caught.value.x!r}"
        sent = x.requests[-1].form
        secrets = {sent.get(name) for name in ("refresh_token", "token", "code", "code_verifier")}
        for secret in secrets | {x.client_secret, basic(x.client_id, x.client_secret)[6:]}:
            assert secret is None or secret not in shown


NEW_ACCESS = "bmV3LWFjY2Vzcy10b2tlbi0wMTIzNDU2Nzg5OjE6MDphdDox"
NEW_REFRESH = "bmV3LXJlZnJlc2gtdG9rZW4tMDEyMzQ1Njc4OToxOjA6cnQ6MQ"
NEW_PAIR = {"access_token": NEW_ACCESS, "refresh_token": NEW_REFRESH, "expires_in": 7200}
LEAKS: dict[str, object] = {
    "a pair": NEW_PAIR,
    "a pair and an error": {**NEW_PAIR, "error": "server_error"},
    "a pair inside": {"title": "Sorry", "detail": f"pair {NEW_PAIR}", "data": NEW_PAIR},
    "in errors": {"errors": [{"message": json.dumps(NEW_PAIR)}]},
    "in the error": {"error": NEW_ACCESS, "error_description": f"no {NEW_REFRESH}"},
    "in words": {"error": "e", "error_description": f"is refresh_token={NEW_REFRESH}&x=1"},
    "short ones": {"access_token": "hunter", "error": "e", "error_description": "is hunter"},
    "a page": f"<html>{NEW_PAIR}</html>",
    "a form": f"access_token={NEW_ACCESS}&refresh_token={NEW_REFRESH}",
    "a reset date": {"title": "SpendCapReached", "reset_date": NEW_ACCESS},
}


@pytest.mark.parametrize("status", [302, 400, 401, 402, 403, 404, 408, 429, 500, 503])
@pytest.mark.parametrize("leak", LEAKS)
def test_tokens_in_an_answer_that_is_no_success_are_not_shown(
    x: Sandbox, server: AuthorizationServer, status: int, leak: str
) -> None:
    body = LEAKS[leak]
    said = body.encode() if isinstance(body, str) else json.dumps(body).encode()
    headers = {"x-transaction-id": NEW_ACCESS}
    token = granted(x)
    calls: tuple[tuple[str, Callable[[], object]], ...] = (
        ("token", lambda: server.refresh(token)),
        ("revoke", lambda: server.revoke(token.refresh_token)),
    )
    for step, call in calls:
        x.fault(step, Fault("status", status=status, body=said, headers=headers))
        with pytest.raises(TweetbotError) as caught:
            call()
        shown = f"{caught.value} {caught.value!r} {caught.value.x!r}"
        for secret in (NEW_ACCESS, NEW_REFRESH, "hunter"):
            assert secret not in shown
