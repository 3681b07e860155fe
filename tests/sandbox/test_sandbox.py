"""The local X, over a real socket."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, urlencode, urlsplit

import httpx
import pytest

from tweetbot.sandbox import Account, Fault, Sandbox, run_command, variables

SOURCE = Path(__file__).parents[2] / "src"
CALLBACK = "http://127.0.0.1:8910/callback"
VERIFIER = "v" * 43
SCOPE = "tweet.read tweet.write users.read offline.access"

INVALID_TOKEN = {
    "error": "invalid_request",
    "error_description": "Value passed for the token was invalid.",
}
INVALID_CODE = {
    "error": "invalid_request",
    "error_description": "Value passed for the authorization code was invalid.",
}
NO_CLIENT_AUTHENTICATION = {
    "error": "unauthorized_client",
    "error_description": "Missing valid authorization header",
}


def challenge(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def x() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def web(x: Sandbox) -> Iterator[httpx.Client]:
    with connect(x) as client:
        yield client


def connect(x: Sandbox) -> httpx.Client:
    return httpx.Client(base_url=x.url, trust_env=False, timeout=5)


def authorization_request(x: Sandbox, **changes: str | None) -> dict[str, str]:
    query = {
        "response_type": "code",
        "client_id": x.client_id,
        "redirect_uri": CALLBACK,
        "scope": SCOPE,
        "state": "a state & more",
        "code_challenge": challenge(VERIFIER),
        "code_challenge_method": "S256",
    } | changes
    return {name: value for name, value in query.items() if value is not None}


def decide(web: httpx.Client, page: str, decision: str) -> httpx.Response:
    nonce = re.search(r'name="nonce" value="([^"]+)"', page)
    assert nonce
    return web.post("/i/oauth2/authorize", data={"nonce": nonce[1], "decision": decision})


def redirect_of(response: httpx.Response) -> dict[str, str]:
    assert response.status_code == 302
    return dict(parse_qsl(urlsplit(response.headers["location"]).query))


def new_code(x: Sandbox, web: httpx.Client, **changes: str | None) -> str:
    page = web.get("/i/oauth2/authorize", params=authorization_request(x, **changes)).text
    return redirect_of(decide(web, page, "authorize"))["code"]


def redeem(x: Sandbox, web: httpx.Client, code: str, /, **changes: str) -> httpx.Response:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": CALLBACK,
        "code_verifier": VERIFIER,
        "client_id": x.client_id,
    } | changes
    return web.post("/2/oauth2/token", data=form, auth=(x.client_id, x.client_secret))


def renew(x: Sandbox, web: httpx.Client, refresh_token: object) -> httpx.Response:
    form = {"grant_type": "refresh_token", "refresh_token": str(refresh_token)}
    return web.post("/2/oauth2/token", data=form, auth=(x.client_id, x.client_secret))


def bearer(token: Mapping[str, object]) -> dict[str, str]:
    return {"authorization": f"Bearer {token['access_token']}"}


def post(x: Sandbox, web: httpx.Client, text: str = "Hello") -> httpx.Response:
    return web.post("/2/tweets", json={"text": text}, headers=bearer(x.grant()))


# The consent page.


def test_a_login_by_hand_gives_tokens_that_post(x: Sandbox, web: httpx.Client) -> None:
    token = redeem(x, web, new_code(x, web)).json()

    answer = web.post("/2/tweets", json={"text": "Hello"}, headers=bearer(token))

    assert answer.status_code == 201
    assert [(p.id, p.text) for p in x.posts] == [(answer.json()["data"]["id"], "Hello")]


def test_the_consent_page_names_app_account_and_scopes(x: Sandbox, web: httpx.Client) -> None:
    page = web.get("/i/oauth2/authorize", params=authorization_request(x)).text

    assert "My bot" in page
    assert "@dogfacts" in page
    assert "Post and delete posts for you" in page
    assert 'id="authorize"' in page
    assert 'id="cancel"' in page


def test_consent_sends_state_and_code_to_the_callback(x: Sandbox, web: httpx.Client) -> None:
    page = web.get("/i/oauth2/authorize", params=authorization_request(x)).text

    answer = decide(web, page, "authorize")

    assert answer.headers["location"].startswith(f"{CALLBACK}?")
    assert redirect_of(answer).keys() == {"state", "code"}
    assert redirect_of(answer)["state"] == "a state & more"


def test_cancel_sends_access_denied_and_state(x: Sandbox, web: httpx.Client) -> None:
    page = web.get("/i/oauth2/authorize", params=authorization_request(x)).text

    denied = redirect_of(decide(web, page, "cancel"))

    assert denied == {"error": "access_denied", "state": "a state & more"}


def test_a_consent_page_counts_once(x: Sandbox, web: httpx.Client) -> None:
    page = web.get("/i/oauth2/authorize", params=authorization_request(x)).text
    decide(web, page, "authorize")

    assert decide(web, page, "authorize").status_code == 400


def test_consent_without_a_page_is_refused(web: httpx.Client) -> None:
    answer = web.post("/i/oauth2/authorize", data={"nonce": "guess", "decision": "authorize"})

    assert answer.status_code == 400


def test_approve_needs_no_person() -> None:
    with Sandbox(approve=True) as x, connect(x) as web:
        answer = web.get("/i/oauth2/authorize", params=authorization_request(x))

        assert redeem(x, web, redirect_of(answer)["code"]).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "unknown"},
        {"redirect_uri": f"{CALLBACK}/"},
        {"redirect_uri": "http://127.0.0.1:8911/callback"},
        {"redirect_uri": None},
        {"response_type": "token"},
        {"state": None},
        {"state": "s" * 501},
        {"scope": None},
        {"scope": "tweet.read tweet.everything"},
        {"code_challenge": None},
        {"code_challenge": VERIFIER + "="},
        {"code_challenge_method": "plain"},
        {"code_challenge_method": None},
    ],
    ids=str,
)
def test_a_bad_authorization_request_ends_on_an_error_page(changes: dict[str, str | None]) -> None:
    with Sandbox(approve=True) as x, connect(x) as web:
        answer = web.get("/i/oauth2/authorize", params=authorization_request(x, **changes))

    assert answer.status_code == 400
    assert "give access to the App" in answer.text
    assert "location" not in answer.headers


def test_a_state_of_500_characters_is_taken(x: Sandbox, web: httpx.Client) -> None:
    answer = web.get("/i/oauth2/authorize", params=authorization_request(x, state="s" * 500))

    assert answer.status_code == 200


def test_another_callback_can_be_registered(x: Sandbox, web: httpx.Client) -> None:
    x.redirect_uris.add("http://127.0.0.1:8911/callback")

    code = new_code(x, web, redirect_uri="http://127.0.0.1:8911/callback")

    assert redeem(x, web, code, redirect_uri="http://127.0.0.1:8911/callback").is_success


def test_logins_take_the_accounts_in_turn() -> None:
    with Sandbox(usernames=["dogfacts", "catfacts"]) as x, connect(x) as web:

        def log_in() -> str:
            token = redeem(x, web, new_code(x, web)).json()
            return str(web.get("/2/users/me", headers=bearer(token)).json()["data"]["username"])

        page = web.get("/i/oauth2/authorize", params=authorization_request(x)).text
        decide(web, page, "cancel")
        new_code(x, web)  # never redeemed: no login
        assert [log_in() for _ in range(3)] == ["dogfacts", "catfacts", "dogfacts"]


# Codes.


def test_the_token_answer_is_that_of_x(x: Sandbox, web: httpx.Client) -> None:
    answer = redeem(x, web, new_code(x, web))
    token = answer.json()

    assert token["token_type"] == "bearer"
    assert token["expires_in"] == 7200
    assert token["scope"] != SCOPE
    assert set(token["scope"].split()) == set(SCOPE.split())
    assert answer.headers["cache-control"] == "no-store"


def test_without_offline_access_there_is_no_refresh_token(x: Sandbox, web: httpx.Client) -> None:
    code = new_code(x, web, scope="tweet.read users.read")

    assert "refresh_token" not in redeem(x, web, code).json()


def test_a_code_works_once(x: Sandbox, web: httpx.Client) -> None:
    code = new_code(x, web)
    redeem(x, web, code)

    answer = redeem(x, web, code)

    assert (answer.status_code, answer.json()) == (400, INVALID_CODE)


def test_a_code_lives_thirty_seconds(x: Sandbox, web: httpx.Client) -> None:
    x.clock = clock = Clock()
    early, late = new_code(x, web), new_code(x, web)

    clock.now += 29.9
    assert redeem(x, web, early).is_success
    clock.now += 0.1
    assert redeem(x, web, late).json() == INVALID_CODE


def test_a_wrong_verifier_spends_the_code(x: Sandbox, web: httpx.Client) -> None:
    code = new_code(x, web)

    assert redeem(x, web, code, code_verifier="w" * 43).json() == INVALID_CODE
    assert redeem(x, web, code).json() == INVALID_CODE


@pytest.mark.parametrize(
    ("verifier", "status"),
    [("v" * 42, 400), ("v" * 43, 200), ("v" * 128, 200), ("v" * 129, 400), ("+" * 43, 400)],
)
def test_a_verifier_has_43_to_128_unreserved_characters(
    x: Sandbox, web: httpx.Client, verifier: str, status: int
) -> None:
    code = new_code(x, web, code_challenge=challenge(verifier))

    assert redeem(x, web, code, code_verifier=verifier).status_code == status


def test_another_redirect_uri_is_refused(x: Sandbox, web: httpx.Client) -> None:
    answer = redeem(x, web, new_code(x, web), redirect_uri="http://127.0.0.1:8911/callback")

    assert answer.status_code == 400
    assert "did not match the uri" in answer.json()["error_description"]


def test_a_code_belongs_to_its_client(x: Sandbox, web: httpx.Client) -> None:
    code = new_code(x, web, client_id=x.public_client_id)

    assert redeem(x, web, code).json() == INVALID_CODE


@pytest.mark.parametrize("name", ["code", "redirect_uri", "code_verifier", "grant_type"])
def test_a_missing_field_is_named(x: Sandbox, web: httpx.Client, name: str) -> None:
    answer = redeem(x, web, new_code(x, web), **{name: ""})

    assert answer.status_code == 400
    assert answer.json()["error_description"] == f"Missing required parameter [{name}]."


def test_only_two_grant_types_are_known(x: Sandbox, web: httpx.Client) -> None:
    answer = redeem(x, web, new_code(x, web), grant_type="client_credentials")

    assert answer.status_code == 400
    assert "[authorization_code, refresh_token]" in answer.json()["error_description"]


def test_the_token_endpoint_reads_forms_alone(x: Sandbox, web: httpx.Client) -> None:
    form = {"grant_type": "refresh_token", "refresh_token": x.grant()["refresh_token"]}

    answer = web.post("/2/oauth2/token", json=form, auth=(x.client_id, x.client_secret))

    assert answer.status_code == 400


# Clients.


def test_a_public_client_names_itself_in_the_body(x: Sandbox, web: httpx.Client) -> None:
    token = x.grant(x.public_client_id)
    form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}

    assert web.post("/2/oauth2/token", data=form | {"client_id": x.public_client_id}).is_success


def test_a_public_client_sends_no_header(x: Sandbox, web: httpx.Client) -> None:
    token = x.grant(x.public_client_id)
    form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}

    answer = web.post("/2/oauth2/token", data=form, auth=(x.public_client_id, ""))

    assert (answer.status_code, answer.json()) == (401, NO_CLIENT_AUTHENTICATION)


def test_a_client_that_says_nothing_is_asked_for_its_id(web: httpx.Client) -> None:
    answer = web.post("/2/oauth2/token", data={"grant_type": "refresh_token"})

    assert answer.status_code == 400
    assert answer.json()["error_description"] == "Missing required parameter [client_id]."


def test_an_unknown_client_is_invalid(web: httpx.Client) -> None:
    answer = web.post("/2/oauth2/token", data={"client_id": "unknown"})

    assert (answer.status_code, answer.json()) == (400, {"error": "invalid_client"})


@pytest.mark.parametrize("how", ["missing", "wrong", "newline", "body", "both", "other", "junk"])
def test_a_confidential_client_needs_http_basic(x: Sandbox, web: httpx.Client, how: str) -> None:
    refresh_token = str(x.grant()["refresh_token"])
    form = {"grant_type": "refresh_token", "refresh_token": refresh_token}
    form |= {"client_id": x.public_client_id if how == "other" else x.client_id}
    form |= {"client_secret": x.client_secret} if how in ("body", "both") else {}
    passwords = {"wrong": "wrong", "newline": f"{x.client_secret}\n"}
    passwords |= dict.fromkeys(["other", "both"], x.client_secret)
    auth = httpx.BasicAuth(x.client_id, passwords[how]) if how in passwords else httpx.Auth()
    headers = {"authorization": "Basic %%%"} if how == "junk" else {}

    answer = web.post("/2/oauth2/token", data=form, auth=auth, headers=headers)

    assert (answer.status_code, answer.json()) == (401, NO_CLIENT_AUTHENTICATION)
    assert renew(x, web, refresh_token).is_success  # nothing was spent


# Renewal and revocation.


def test_a_renewal_rotates_both_tokens(x: Sandbox, web: httpx.Client) -> None:
    first = x.grant()

    second = renew(x, web, first["refresh_token"]).json()

    assert second["access_token"] != first["access_token"]
    assert second["refresh_token"] != first["refresh_token"]
    assert renew(x, web, second["refresh_token"]).is_success


def test_a_spent_refresh_token_is_refused_and_the_grant_lives(
    x: Sandbox, web: httpx.Client
) -> None:
    first = x.grant()
    second = renew(x, web, first["refresh_token"]).json()

    answer = renew(x, web, first["refresh_token"])

    assert (answer.status_code, answer.json()) == (400, INVALID_TOKEN)
    assert web.get("/2/users/me", headers=bearer(second)).is_success
    assert renew(x, web, second["refresh_token"]).is_success


def test_a_spent_refresh_token_can_end_the_whole_grant() -> None:
    with Sandbox(revoke_on_reuse=True) as x, connect(x) as web:
        first = x.grant()
        second = renew(x, web, first["refresh_token"]).json()

        assert renew(x, web, first["refresh_token"]).json() == INVALID_TOKEN
        assert web.get("/2/users/me", headers=bearer(second)).status_code == 401
        assert renew(x, web, second["refresh_token"]).json() == INVALID_TOKEN


def test_a_refresh_token_belongs_to_its_client(x: Sandbox, web: httpx.Client) -> None:
    token = x.grant(x.public_client_id)

    assert renew(x, web, token["refresh_token"]).json() == INVALID_TOKEN


def test_an_access_token_expires() -> None:
    with Sandbox(token_life=10) as x, connect(x) as web:
        x.clock = clock = Clock()
        token = x.grant()
        clock.now += 9.9
        assert web.get("/2/users/me", headers=bearer(token)).is_success
        clock.now += 0.1
        assert web.get("/2/users/me", headers=bearer(token)).status_code == 401
        assert renew(x, web, token["refresh_token"]).is_success


def test_an_access_token_outlives_the_renewal(x: Sandbox, web: httpx.Client) -> None:
    token = x.grant()
    renew(x, web, token["refresh_token"])

    assert web.get("/2/users/me", headers=bearer(token)).is_success


def test_expire_access_tokens_leaves_the_refresh_token(x: Sandbox, web: httpx.Client) -> None:
    token = x.grant()
    x.expire_access_tokens()

    assert web.get("/2/users/me", headers=bearer(token)).status_code == 401
    assert renew(x, web, token["refresh_token"]).is_success


def test_revoke_all_ends_everything(x: Sandbox, web: httpx.Client) -> None:
    token, code = x.grant(), new_code(x, web)
    x.revoke_all()

    assert web.get("/2/users/me", headers=bearer(token)).status_code == 401
    assert renew(x, web, token["refresh_token"]).json() == INVALID_TOKEN
    assert redeem(x, web, code).json() == INVALID_CODE


def test_a_new_login_ends_the_earlier_one_of_that_account_alone(
    x: Sandbox, web: httpx.Client
) -> None:
    dogs = x.grant()
    x.account = x.add_account("jane")
    jane = x.grant()
    again = x.grant()

    assert web.get("/2/users/me", headers=bearer(jane)).status_code == 401
    assert renew(x, web, jane["refresh_token"]).json() == INVALID_TOKEN
    assert web.get("/2/users/me", headers=bearer(again)).json()["data"]["username"] == "jane"
    assert web.get("/2/users/me", headers=bearer(dogs)).json()["data"]["username"] == "dogfacts"


@pytest.mark.parametrize("which", ["access_token", "refresh_token"])
def test_revoking_either_token_ends_the_grant(x: Sandbox, web: httpx.Client, which: str) -> None:
    token = x.grant()

    answer = web.post(
        "/2/oauth2/revoke", data={"token": token[which]}, auth=(x.client_id, x.client_secret)
    )

    assert (answer.status_code, answer.json()) == (200, {"revoked": True})
    assert web.get("/2/users/me", headers=bearer(token)).status_code == 401
    assert renew(x, web, token["refresh_token"]).json() == INVALID_TOKEN


def test_revoking_needs_client_authentication(x: Sandbox, web: httpx.Client) -> None:
    token = x.grant()

    answer = web.post(
        "/2/oauth2/revoke", data={"token": token["access_token"], "client_id": x.client_id}
    )

    assert answer.status_code == 401
    assert web.get("/2/users/me", headers=bearer(token)).is_success


def test_revoking_names_a_missing_token_and_takes_an_unknown_one(
    x: Sandbox, web: httpx.Client
) -> None:
    auth = (x.client_id, x.client_secret)

    missing = web.post("/2/oauth2/revoke", auth=auth)
    unknown = web.post("/2/oauth2/revoke", data={"token": "unknown"}, auth=auth)

    assert missing.json()["error_description"] == "Missing required parameter [token]."
    assert (missing.status_code, unknown.status_code) == (400, 200)


def test_another_clients_token_is_not_revoked(x: Sandbox, web: httpx.Client) -> None:
    token = x.grant()

    web.post(
        "/2/oauth2/revoke",
        data={"token": token["access_token"], "client_id": x.public_client_id},
    )

    assert web.get("/2/users/me", headers=bearer(token)).is_success


# Posting.


def test_an_api_request_without_a_good_token_is_unauthorized(x: Sandbox, web: httpx.Client) -> None:
    for headers in ({}, {"authorization": "Bearer guess"}, {"authorization": "Bearer"}):
        answer = web.post("/2/tweets", json={"text": "Hello"}, headers=headers)
        assert answer.status_code == 401
        assert answer.json()["title"] == "Unauthorized"
        assert not any(name.startswith("x-rate-limit") for name in answer.headers)
    assert x.posts == ()


def test_a_refresh_token_is_no_access_token(x: Sandbox, web: httpx.Client) -> None:
    headers = {"authorization": f"Bearer {x.grant()['refresh_token']}"}

    assert web.get("/2/users/me", headers=headers).status_code == 401


@pytest.mark.parametrize("missing", ["tweet.write", "tweet.read", "users.read"])
def test_a_missing_scope_is_forbidden_and_not_named(
    x: Sandbox, web: httpx.Client, missing: str
) -> None:
    token = x.grant(scope=SCOPE.replace(missing, ""))

    answer = web.post("/2/tweets", json={"text": "Hello"}, headers=bearer(token))

    assert (answer.status_code, answer.json()["detail"]) == (403, "Forbidden")
    assert x.posts == ()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b'{"text": "Hello"}', "text/plain"),
        (b'{"text": "Hello"', "application/json"),
        (b'["Hello"]', "application/json"),
        (b"{}", "application/json"),
        (b'{"text": " \\n"}', "application/json"),
        (b'{"text": 7}', "application/json"),
        (b'{"text": "\\ud800"}', "application/json"),
        (b'{"text": "Hello", "message": "unknown"}', "application/json"),
        (b'{"text": "Hello", "made_with_ai": "yes"}', "application/json"),
        (b'{"text": "Hello", "reply_settings": "nobody"}', "application/json"),
    ],
)
def test_a_body_that_is_no_post_is_an_invalid_request(
    x: Sandbox, web: httpx.Client, body: bytes, kind: str
) -> None:
    headers = bearer(x.grant()) | {"content-type": kind}

    answer = web.post("/2/tweets", content=body, headers=headers)

    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/invalid-request")
    assert answer.json()["errors"][0]["message"]
    assert x.posts == ()


def test_a_label_may_stand_beside_the_text(x: Sandbox, web: httpx.Client) -> None:
    body = {"text": "Hello", "made_with_ai": True, "reply_settings": "following"}

    assert web.post("/2/tweets", json=body, headers=bearer(x.grant())).status_code == 201


def test_a_text_that_is_too_long_meets_the_generic_403(x: Sandbox, web: httpx.Client) -> None:
    assert post(x, web, "a" * 280).status_code == 201
    answer = post(x, web, "b" * 281)

    assert answer.status_code == 403
    assert answer.json()["detail"] == "You are not permitted to perform this action."


def test_a_premium_account_may_write_at_length() -> None:
    with Sandbox(max_length=100_000) as x, connect(x) as web:
        assert post(x, web, "a" * 25_000).status_code == 201
        assert post(x, web, "b" * 25_001).status_code == 403


def test_a_duplicate_is_refused_for_six_hours(x: Sandbox, web: httpx.Client) -> None:
    x.clock = clock = Clock()
    post(x, web, "see https://example.org/")
    clock.now += 6 * 60 * 60 - 1
    answer = post(x, web, "see https://example.org/")
    clock.now += 1

    assert (answer.status_code, len(x.posts)) == (403, 1)
    assert "duplicate" in answer.json()["detail"]
    assert post(x, web, "see https://example.org/").status_code == 201


def test_another_account_may_say_the_same(x: Sandbox, web: httpx.Client) -> None:
    post(x, web)
    x.account = x.add_account("jane")

    assert post(x, web).status_code == 201


def test_duplicates_can_be_allowed() -> None:
    with Sandbox(refuse_duplicates=False) as x, connect(x) as web:
        assert [post(x, web).status_code for _ in range(2)] == [201, 201]


def test_links_become_tco_and_count_as_such(x: Sandbox, web: httpx.Client) -> None:
    link = f"https://example.org/{'a' * 300}?x=1&y=2"

    text = post(x, web, f"{'b' * 255} {link}.").json()["data"]["text"]

    assert re.fullmatch(r"b{255} https://t\.co/\w{10}\.", text)
    assert x.posts[0].text == text
    assert x.posts[0].sent_text.endswith(f"{link}.")
    assert x.posts[0].links[0].expanded_url == link


def test_the_answered_text_has_html_entities(x: Sandbox, web: httpx.Client) -> None:
    assert post(x, web, "<3 & 'all'").json()["data"]["text"] == "&lt;3 &amp; 'all'"
    assert x.posts[0].text == "<3 & 'all'"


def test_ids_tell_the_time_and_only_grow(x: Sandbox, web: httpx.Client) -> None:
    x.clock = clock = Clock()
    for number in range(3):
        post(x, web, f"Number {number}")
    ids = [int(p.id) for p in x.posts]

    assert ids[0] < ids[1] < ids[2]
    assert {(i >> 22) + 1288834974657 for i in ids} == {int(clock.now * 1000)}


def test_the_hundred_and_first_post_is_too_many(x: Sandbox, web: httpx.Client) -> None:
    x.clock = clock = Clock()
    answers = [post(x, web, f"Number {number}") for number in range(101)]
    remaining = [int(answer.headers["x-rate-limit-remaining"]) for answer in answers]

    assert {answer.status_code for answer in answers[:100]} == {201}
    assert remaining == [*range(99, -1, -1), 0]
    assert answers[100].status_code == 429
    assert answers[100].json()["title"] == "Too Many Requests"
    assert answers[100].headers["x-rate-limit-limit"] == "100"
    assert int(answers[100].headers["x-rate-limit-reset"]) == int(clock.now + 15 * 60)
    clock.now += 15 * 60
    assert post(x, web).status_code == 201


def test_an_answer_has_the_headers_of_x(x: Sandbox, web: httpx.Client) -> None:
    x.clock = lambda: 1_800_000_000.5
    first, second = post(x, web, "One"), post(x, web, "Two")

    assert first.headers["date"] == "Fri, 15 Jan 2027 08:00:00 GMT"
    assert first.headers["content-type"] == "application/json; charset=utf-8"
    assert first.headers["x-transaction-id"] != second.headers["x-transaction-id"]


# Me, delete, the timeline.


def test_me_is_the_account_of_the_token(x: Sandbox, web: httpx.Client) -> None:
    answer = web.get("/2/users/me", headers=bearer(x.grant()))

    assert answer.json()["data"] == {"id": x.account.id, "name": "dogfacts", "username": "dogfacts"}
    assert isinstance(x.account, Account)


def test_delete_removes_a_post_of_ones_own(x: Sandbox, web: httpx.Client) -> None:
    post(x, web)
    path = f"/2/tweets/{x.posts[0].id}"
    dogs = x.grant()
    x.account = x.add_account("jane")

    assert web.delete(path, headers=bearer(x.grant())).status_code == 403
    assert web.delete(path, headers=bearer(dogs)).json() == {"data": {"deleted": True}}
    assert web.delete(path, headers=bearer(dogs)).status_code == 404
    assert x.posts == ()


def timeline(x: Sandbox, web: httpx.Client, **query: str) -> httpx.Response:
    path = f"/2/users/{x.account.id}/tweets"
    query = {name.replace("_fields", ".fields"): value for name, value in query.items()}
    return web.get(path, params=query, headers=bearer(x.grant()))


def test_an_empty_timeline_has_no_data(x: Sandbox, web: httpx.Client) -> None:
    assert timeline(x, web).json() == {"meta": {"result_count": 0}}


def test_the_timeline_is_newest_first_and_of_one_account(x: Sandbox, web: httpx.Client) -> None:
    for number in range(7):
        post(x, web, f"Number {number}")
    dogs, x.account = x.account, x.add_account("jane")
    post(x, web, "Jane's")
    x.account = dogs

    body = timeline(x, web, max_results="5").json()

    assert [p["text"] for p in body["data"]] == [f"Number {n}" for n in (6, 5, 4, 3, 2)]
    assert body["meta"] == {
        "newest_id": x.posts[6].id,
        "oldest_id": x.posts[2].id,
        "result_count": 5,
        "next_token": body["meta"]["next_token"],
    }


def test_the_timeline_can_begin_later(x: Sandbox, web: httpx.Client) -> None:
    x.clock = clock = Clock()
    clock.now = 1_800_000_000.0
    post(x, web, "Earlier")
    clock.now += 60
    post(x, web, "Later")

    since_id = timeline(x, web, since_id=x.posts[0].id).json()
    since_time = timeline(x, web, start_time="2027-01-15T08:00:30Z").json()

    assert [p["text"] for p in since_id["data"]] == ["Later"]
    assert since_time == since_id


@pytest.mark.parametrize(
    "query",
    [
        {"max_results": "4"},
        {"max_results": "101"},
        {"max_results": "x"},
        {"since_id": "x"},
        {"start_time": "yesterday"},
        {"start_time": "2027-01-15T08:00:30"},
        {"count": "5"},
    ],
    ids=str,
)
def test_a_bad_query_is_an_invalid_request(
    x: Sandbox, web: httpx.Client, query: dict[str, str]
) -> None:
    answer = timeline(x, web, **query)

    assert answer.status_code == 400
    assert answer.json()["type"].endswith("/invalid-request")


def test_the_timeline_tells_more_when_asked(x: Sandbox, web: httpx.Client) -> None:
    x.clock = lambda: 1_800_000_000.25
    post(x, web, "see https://example.org/?x=1&y=2")

    (plain,) = timeline(x, web).json()["data"]
    (full,) = timeline(x, web, tweet_fields="created_at,entities").json()["data"]
    (modern,) = timeline(x, web, post_fields="created_at").json()["data"]

    assert plain.keys() == {"id", "text", "edit_history_tweet_ids"}
    assert full["created_at"] == "2027-01-15T08:00:00.250Z"
    assert full["entities"]["urls"][0]["expanded_url"] == "https://example.org/?x=1&y=2"
    assert full["entities"]["urls"][0]["url"] in full["text"]
    assert modern.keys() == {"id", "text", "edit_history_post_ids", "created_at"}


# The server.


@pytest.mark.parametrize("path", ["/2/nothing", "/2/tweets/12", "/2/users/me/", "/nothing"])
def test_everything_else_is_not_found(web: httpx.Client, path: str) -> None:
    answer = web.get(path)

    assert (answer.status_code, answer.json()["title"]) == (404, "Not Found")


@pytest.mark.parametrize("host", ["example.org", "127.0.0.1.example.org", "", "[::"])
def test_a_name_from_the_web_is_misdirected(web: httpx.Client, host: str) -> None:
    assert web.get("/", headers={"host": host}).status_code == 421


def test_localhost_is_as_good_as_its_address(web: httpx.Client) -> None:
    assert web.get("/", headers={"host": "localhost:1"}).status_code == 200


def test_it_listens_on_the_loopback_interface_alone(x: Sandbox) -> None:
    port = urlsplit(x.url).port
    with pytest.raises(OSError, match="refused"), socket.create_connection(("127.0.0.2", port)):
        pass


def test_a_taken_port_is_an_error(x: Sandbox) -> None:
    port = urlsplit(x.url).port
    assert port
    with pytest.raises(OSError, match="in use"), Sandbox(port=port):
        pass


def test_the_timeline_page_escapes_what_was_posted(x: Sandbox, web: httpx.Client) -> None:
    post(x, web, "First")
    post(x, web, "<script>alert(1)</script>")

    page = web.get("/").text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>" not in page
    assert page.index("alert(1)") < page.index("First")
    assert "@dogfacts" in page
    assert '<meta http-equiv="refresh" content="2">' in page


def test_a_post_has_a_page(x: Sandbox, web: httpx.Client) -> None:
    post(x, web, "First")
    post(x, web, "Second")

    page = web.get(f"/dogfacts/status/{x.posts[0].id}")

    assert "First" in page.text
    assert "Second" not in page.text
    assert web.get("/dogfacts/status/1").status_code == 404


def test_requests_of_one_client_share_a_connection(x: Sandbox, web: httpx.Client) -> None:
    post(x, web, "One")
    post(x, web, "Two")
    with connect(x) as other:
        post(x, other, "Three")

    first, second, third = x.requests
    assert first.connection == second.connection != third.connection


def test_the_request_log_keeps_what_was_sent(x: Sandbox, web: httpx.Client) -> None:
    token = x.grant()
    renew(x, web, token["refresh_token"])
    post(x, web, "Hello")

    renewal, posted = x.requests
    assert (renewal.step, renewal.method, renewal.path) == ("token", "POST", "/2/oauth2/token")
    assert renewal.status == 200
    assert renewal.form["refresh_token"] == token["refresh_token"]
    assert posted.json == {"text": "Hello"}
    assert posted.headers["authorization"].startswith("Bearer ")
    assert abs(posted.at - time.time()) < 60
    assert (x.count("token"), x.count("post"), x.count("me")) == (1, 1, 0)


def test_a_step_that_does_not_exist_cannot_be_counted(x: Sandbox) -> None:
    with pytest.raises(ValueError, match="There is no step 'tokens'"):
        x.count("tokens")


def test_secrets_holds_whatever_was_issued_or_sent(x: Sandbox, web: httpx.Client) -> None:
    code = new_code(x, web)
    token = redeem(x, web, code).json()
    web.get("/2/users/me", headers={"authorization": "Bearer made-up-token"})
    made = {code, token["access_token"], token["refresh_token"], x.client_secret}

    assert made | {VERIFIER, "made-up-token"} <= x.secrets
    assert x.client_id not in x.secrets
    assert "" not in x.secrets


def test_the_variables_point_here(x: Sandbox, tmp_path: Path) -> None:
    assert x.environ(tmp_path) == {
        "TWEETBOT_API_URL": x.url,
        "TWEETBOT_AUTHORIZE_URL": x.authorize_url,
        "TWEETBOT_CLIENT_ID": x.client_id,
        "TWEETBOT_CLIENT_SECRET": x.client_secret,
        "TWEETBOT_REDIRECT_URI": CALLBACK,
        "TWEETBOT_CONFIG_DIR": str(tmp_path),
    }


def test_a_username_that_x_cannot_have_is_refused(x: Sandbox) -> None:
    with pytest.raises(ValueError, match="is no username"):
        x.add_account("not a name")
    with pytest.raises(ValueError, match="is no username"):
        Sandbox(usernames=["dogfacts", ""])


# Faults.


@pytest.mark.parametrize("kind", ["status", "silent", "garbage", "reset"])
@pytest.mark.parametrize("after", [False, True])
def test_a_lost_answer_leaves_the_work_undone_or_done(kind: str, after: bool) -> None:
    with Sandbox() as x, connect(x) as web:
        x.fault("post", Fault(kind, after=after, seconds=0.1))
        try:
            status: int | None = post(x, web).status_code
        except (httpx.RemoteProtocolError, httpx.ReadError):
            status = None

        assert status == (503 if kind == "status" else None)
        assert x.requests[0].status == status
        assert len(x.posts) == after
        assert post(x, web, "Next").status_code == 201


def test_a_reset_is_a_reset(x: Sandbox) -> None:
    x.fault("me", Fault("reset"))
    with raw_get_me(x) as client, pytest.raises(ConnectionResetError):
        client.recv(100)


def raw_get_me(x: Sandbox) -> socket.socket:
    client = socket.create_connection(("127.0.0.1", urlsplit(x.url).port or 0), timeout=5)
    client.sendall(b"GET /2/users/me HTTP/1.1\r\nHost: localhost\r\n\r\n")
    return client


@pytest.mark.parametrize("after", [False, True])
def test_a_token_can_be_spent_and_its_answer_lost(after: bool) -> None:
    with Sandbox() as x, connect(x) as web:
        token = x.grant()
        x.fault("token", Fault("status", after=after))

        assert renew(x, web, token["refresh_token"]).status_code == 503
        assert renew(x, web, token["refresh_token"]).is_success is not after


def test_silence_holds_the_connection(x: Sandbox) -> None:
    x.fault("me", Fault("silent"))
    with (
        httpx.Client(base_url=x.url, trust_env=False, timeout=0.3) as web,
        pytest.raises(httpx.ReadTimeout),
    ):
        web.get("/2/users/me")


def test_a_delay_comes_before_the_normal_answer(x: Sandbox, web: httpx.Client) -> None:
    x.fault("post", Fault("delay", seconds=0.2))
    started = time.monotonic()

    answer = post(x, web)

    assert time.monotonic() - started >= 0.2
    assert answer.status_code == 201
    assert len(x.posts) == 1


def test_a_drip_gives_one_byte_at_a_time(x: Sandbox) -> None:
    x.fault("me", Fault("drip", seconds=0.01))
    with raw_get_me(x) as client:
        received = [client.recv(100) for _ in range(12)]

    assert b"".join(received).startswith(b"HTTP/1")
    assert sum(len(piece) == 1 for piece in received) >= 6


def test_a_drip_is_the_whole_answer_in_the_end(x: Sandbox, web: httpx.Client) -> None:
    x.fault("post", Fault("drip", seconds=0.0001))

    assert post(x, web).json()["data"]["id"] == x.posts[0].id


def test_half_an_answer_is_cut_after_the_work(x: Sandbox) -> None:
    x.fault("post", Fault("half"))
    token = x.grant()
    with socket.create_connection(("127.0.0.1", urlsplit(x.url).port or 0)) as client:
        client.sendall(
            b"POST /2/tweets HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            + f"Authorization: Bearer {token['access_token']}\r\n".encode()
            + b'Content-Length: 17\r\n\r\n{"text": "Hello"}'
        )
        received = b"".join(iter(lambda: client.recv(4096), b""))

    assert received.startswith(b"HTTP/1.1 201 ")
    assert b"\r\n\r\n{" not in received
    assert len(x.posts) == 1


@pytest.mark.parametrize(
    ("step", "status", "expected"),
    [
        ("post", 400, '"title": "Invalid Request"'),
        ("post", 401, '"title": "Unauthorized"'),
        ("post", 402, "problems/credits-depleted"),
        ("post", 403, "You are not permitted to perform this action."),
        ("post", 404, '"Not Found"'),
        ("post", 429, "Too Many Requests"),
        ("post", 502, "<html>"),
        ("post", 200, "{}"),
        ("token", 400, "Value passed for the token was invalid."),
        ("token", 401, "Missing valid authorization header"),
        ("token", 402, "problems/credits-depleted"),
    ],
)
def test_a_bare_status_has_the_body_of_x(
    x: Sandbox, web: httpx.Client, step: str, status: int, expected: str
) -> None:
    x.fault(step, Fault("status", status=status))

    answer = post(x, web) if step == "post" else renew(x, web, "any")

    assert answer.status_code == status
    assert expected in answer.text


def test_a_scripted_429_says_when(x: Sandbox, web: httpx.Client) -> None:
    x.fault("post", Fault("status", status=429))
    x.fault("post", Fault("status", status=429, headers={"X-Rate-Limit-Reset": "7"}))

    first, second = post(x, web), post(x, web)

    assert first.headers["x-rate-limit-remaining"] == "0"
    assert 890 < int(first.headers["x-rate-limit-reset"]) - time.time() <= 900
    assert second.headers["x-rate-limit-reset"] == "7"


def test_a_redirect_goes_somewhere(x: Sandbox, web: httpx.Client) -> None:
    x.fault("post", Fault("status", status=307))

    assert post(x, web).headers["location"] == "/"


def test_a_fault_can_bring_its_own_answer(x: Sandbox, web: httpx.Client) -> None:
    x.fault("post", Fault("status", status=403, body=b"<p>no</p>"))
    x.fault("post", Fault("status", status=418, body=b'{"a": 1}', headers={"Retry-After": "9"}))

    first, second = post(x, web), post(x, web)

    assert (first.status_code, first.text) == (403, "<p>no</p>")
    assert first.headers["content-type"].startswith("text/html")
    assert (second.status_code, second.json()) == (418, {"a": 1})
    assert second.headers["retry-after"] == "9"


def test_faults_of_a_step_come_in_order_and_can_skip_and_repeat(
    x: Sandbox, web: httpx.Client
) -> None:
    x.fault("me", Fault("status", status=500, skip=1, times=2))
    x.fault("me", Fault("status", status=503))
    headers = bearer(x.grant())

    statuses = [web.get("/2/users/me", headers=headers).status_code for _ in range(5)]

    assert statuses == [200, 500, 500, 503, 200]
    assert post(x, web).status_code == 201


def test_a_fault_with_a_number_meets_that_request_and_the_others_wait_in_line(
    x: Sandbox, web: httpx.Client
) -> None:
    headers = bearer(x.grant())
    web.get("/2/users/me", headers=headers)
    for fault in (
        Fault("status", status=503),
        Fault("status", status=502, number=4, times=2),
        Fault("status", status=500, number=2),
    ):
        x.fault("me", fault)

    statuses = [web.get("/2/users/me", headers=headers).status_code for _ in range(5)]

    assert statuses == [500, 503, 502, 502, 200]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("post:after:503", ("post", Fault("status", after=True, status=503))),
        ("post:429", ("post", Fault("status", status=429))),
        ("token:silent", ("token", Fault("silent"))),
        ("token:after:reset", ("token", Fault("reset", after=True))),
        ("post:delay=3", ("post", Fault("delay", seconds=3))),
        ("timeline:drip=0.05", ("timeline", Fault("drip", seconds=0.05))),
        ("post:3:after:503", ("post", Fault("status", after=True, status=503, number=3))),
        ("post:2:before:reset", ("post", Fault("reset", number=2))),
        ("delete:12:delay=3", ("delete", Fault("delay", seconds=3, number=12))),
    ],
)
def test_a_fault_can_be_written_on_a_command_line(text: str, expected: tuple[str, Fault]) -> None:
    assert Fault.parse(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        *("", "post", "post:", "posts:503", "post:99", "post:600", "post:sulk", "post:status"),
        *("post:reset=3", "post:503=3", "post:delay=", "post:after", "post:0:503", "post:3"),
    ],
)
def test_a_fault_that_is_none_is_refused_with_a_sentence(text: str) -> None:
    with pytest.raises(ValueError, match=r"\.$"):
        Fault.parse(text)


def test_a_fault_of_an_unknown_kind_or_step_is_refused(x: Sandbox) -> None:
    with pytest.raises(ValueError, match="There is no fault 'sulk'"):
        Fault("sulk")
    with pytest.raises(ValueError, match="There is no step 'posts'"):
        x.fault("posts", Fault("reset"))


@pytest.mark.parametrize("kind", ["silent", "drip", "delay"])
def test_closing_does_not_wait_for_a_held_connection(kind: str) -> None:
    with Sandbox() as x:
        x.fault("me", Fault(kind, seconds=60))
        client = raw_get_me(x)
        while not x.requests:
            time.sleep(0.01)
        started = time.monotonic()

    assert time.monotonic() - started < 0.5
    while client.recv(100):
        pass
    client.close()
    assert connection_threads() == []


def connection_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if "process_request_thread" in t.name]


def test_closing_does_not_wait_for_an_idle_connection() -> None:
    with Sandbox() as x:
        client = socket.create_connection(("127.0.0.1", urlsplit(x.url).port or 0), timeout=5)
        time.sleep(0.1)
        started = time.monotonic()

    assert time.monotonic() - started < 0.5
    client.close()
    assert connection_threads() == []


def test_a_closed_sandbox_can_come_back_at_its_address() -> None:
    with Sandbox() as x:
        url, token = x.url, x.grant()
    with pytest.raises(httpx.ConnectError):
        httpx.get(url, trust_env=False)
    with x, connect(x) as web:
        assert x.url == url
        assert web.get("/2/users/me", headers=bearer(token)).is_success


# The log for a person.


def test_the_log_tells_a_rehearsal_without_a_secret() -> None:
    lines: list[str] = []
    with Sandbox(log=lines.append, token_life=1) as x, connect(x) as web:
        token = redeem(x, web, new_code(x, web)).json()
        renewed = renew(x, web, token["refresh_token"]).json()
        renew(x, web, token["refresh_token"])
        x.fault("post", Fault("reset", after=True, skip=1))
        web.post("/2/tweets", json={"text": "Hello\n\x1b[31m"}, headers=bearer(renewed))
        with pytest.raises(httpx.ReadError):
            post(x, web, "Lost")
        web.get("/2/nothing")
        web.get("/")
        web.post("/2/tweets", json={"\x1b[31m": 1}, headers=bearer(x.grant()))

    told = [line[9:] for line in lines]
    assert all(re.match(r"\d\d:\d\d:\d\d ", line) for line in lines)
    assert told[0] == "authorize 200  consent page shown for @dogfacts"
    assert told[1] == f"consent   302  consent given, code sent to {CALLBACK}"
    assert told[2] == "token     200  login: new access token (lives 1 s), new refresh token"
    assert told[3] == "token     200  renewal: new access token (lives 1 s), new refresh token"
    assert told[4] == "token     400  Value passed for the token was invalid."
    link = f"{x.url}/dogfacts/status/{x.posts[0].id}"
    assert told[5] == f'post      201  "Hello\\n\\u001b[31m" → {link}'
    assert told[6].startswith('post      ---  "Lost" → ')
    assert told[6].endswith(" (fault after:reset)")
    assert told[7] == "unknown   404  there is no GET /2/nothing"
    assert told[8] == "post      400  $.?[31m: is not allowed here."
    assert len(told) == 9
    assert not [secret for secret in x.secrets if secret in "\n".join(lines)]


# The command.


def test_the_variables_can_be_pasted_into_a_shell(x: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "it's a $folder"

    done = subprocess.run(
        ["sh", "-c", f'{variables(x, folder)}\nprintf %s "$TWEETBOT_CONFIG_DIR$TWEETBOT_API_URL"'],
        capture_output=True,
        text=True,
        check=True,
    )

    assert done.stdout == f"{folder}{x.url}"


def shell(x: Sandbox, script: str, *, approve: bool = False, **environ: str) -> int:
    clean = {"PATH": os.environ["PATH"], **environ}
    return run_command(x, ["sh", "-c", script], environ=clean, approve=approve)


def test_a_command_runs_in_a_world_of_its_own(x: Sandbox, tmp_path: Path) -> None:
    shell(
        x,
        'env >"$OUT"; ls -ld "$TWEETBOT_CONFIG_DIR" >>"$OUT"',
        OUT=str(tmp_path / "out"),
        TWEETBOT_PROFILE="mine",
        TWEETBOT_CHECK_AFTER="9",
        TWEETBOT_STORE="redis://elsewhere",
        HTTPS_PROXY="http://proxy.example",
        http_proxy="http://proxy.example",
        KEPT="yes",
    )

    out = (tmp_path / "out").read_text()
    names = dict(line.split("=", 1) for line in out.splitlines() if "=" in line)
    tweetbot = {name for name in names if name.startswith("TWEETBOT_")}
    assert tweetbot == {*x.environ(tmp_path), "TWEETBOT_PROFILE", "TWEETBOT_CHECK_AFTER"}
    assert not [name for name in names if name.lower().endswith("_proxy")]
    assert names["TWEETBOT_API_URL"] == x.url
    assert names["KEPT"] == "yes"
    assert "BROWSER" not in names
    assert out.splitlines()[-1].startswith("drwx------")
    assert not Path(names["TWEETBOT_CONFIG_DIR"]).exists()
    assert str(Path(sys.executable).parent) in names["PATH"].split(os.pathsep)[:2]


def test_a_command_has_a_registered_callback_until_it_ends(x: Sandbox, tmp_path: Path) -> None:
    out = tmp_path / "out"
    query = authorization_request(x, redirect_uri=None)
    script = (
        'code=$("$PYTHON" -c "$FETCH"); printf "%s %s" "$code" "$TWEETBOT_REDIRECT_URI" >"$OUT"'
    )
    fetch = (
        "import os, urllib.parse as p, urllib.request as r; "
        f"q = '{urlencode(query)}&' + p.urlencode({{'redirect_uri': "
        "os.environ['TWEETBOT_REDIRECT_URI']}); "
        "print(r.urlopen(os.environ['TWEETBOT_AUTHORIZE_URL'] + '?' + q).status)"
    )

    shell(x, script, OUT=str(out), PYTHON=sys.executable, FETCH=fetch)

    status, redirect_uri = out.read_text().split()
    assert status == "200"
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/callback", redirect_uri)
    assert x.redirect_uris == {CALLBACK}


@pytest.mark.parametrize(
    ("script", "status"),
    [("exit 0", 0), ("exit 7", 7), ("kill -TERM $$", 143), ("kill -KILL $$", 137)],
)
def test_the_exit_status_is_that_of_the_command(x: Sandbox, script: str, status: int) -> None:
    assert shell(x, script) == status


def test_a_command_that_cannot_run_is_127_or_126(tmp_path: Path) -> None:
    plain = tmp_path / "plain"
    plain.write_text("no program")
    lines: list[str] = []
    environ = {"PATH": str(tmp_path)}
    with Sandbox(log=lines.append) as x:
        assert run_command(x, ["no-such-thing"], environ=environ, approve=False) == 127
        assert run_command(x, [str(plain)], environ=environ, approve=False) == 126

    assert lines[0].endswith("no-such-thing: No such file or directory")
    assert lines[1].endswith("plain: Permission denied")


def test_sigterm_reaches_the_command_and_sigint_is_its_own_affair(
    x: Sandbox, tmp_path: Path
) -> None:
    trap = 'trap "exit 5" TERM; : >"$READY"; while :; do sleep 0.05; done'
    ready = tmp_path / "ready"

    def send() -> None:
        while not ready.exists() or signal.getsignal(signal.SIGTERM) is before:
            time.sleep(0.01)
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)

    before = signal.getsignal(signal.SIGTERM)
    sender = threading.Thread(target=send)
    sender.start()

    assert shell(x, trap, READY=str(ready)) == 5
    sender.join()
    assert signal.getsignal(signal.SIGTERM) is before


LOGIN = """
import http.server, os, sys, urllib.parse, webbrowser

class Listener(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        server.seen.append(self.path)
        here = self.path.startswith("/callback")
        self.send_response(302 if here else 200)
        self.send_header("Location", "/closing") if here else None
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_):
        pass

redirect_uri = os.environ["TWEETBOT_REDIRECT_URI"]
port = urllib.parse.urlsplit(redirect_uri).port
server = http.server.HTTPServer(("127.0.0.1", port), Listener)
server.seen, server.timeout = [], 5
query = {"redirect_uri": redirect_uri, **dict(urllib.parse.parse_qsl(os.environ["QUERY"]))}
url = os.environ["TWEETBOT_AUTHORIZE_URL"] + "?" + urllib.parse.urlencode(query)
assert webbrowser.open(url)
server.handle_request()
server.handle_request()
server.server_close()
assert server.seen[0].startswith("/callback?state="), server.seen
assert server.seen[1] == "/closing", server.seen
"""


def test_an_approved_command_logs_in_by_pythons_webbrowser(
    x: Sandbox, capfd: pytest.CaptureFixture[str]
) -> None:
    query = urlencode(authorization_request(x, redirect_uri=None))
    environ = {"PATH": "/usr/bin:/bin", "QUERY": query, "http_proxy": "http://127.0.0.1:9"}
    command = [sys.executable, "-W", "error", "-c", LOGIN]

    assert run_command(x, command, environ=environ, approve=True) == 0

    assert capfd.readouterr() == ("", "")
    assert x.count("authorize") == 1
    assert x.approve is False


def test_the_browser_lives_in_a_folder_with_spaces(x: Sandbox, tmp_path: Path) -> None:
    folder = tmp_path / "my projects"
    folder.mkdir()
    (folder / "tweetbot").symlink_to(SOURCE / "tweetbot", target_is_directory=True)
    code = "from tweetbot.sandbox.command import browser_command; print(browser_command())"
    browser = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    assert "my projects" in browser
    script = f"import webbrowser; assert webbrowser.open({x.url + '/?a=1&b=2'!r})"

    subprocess.run([sys.executable, "-c", script], env={"BROWSER": browser, "PATH": ""}, check=True)

    deadline = time.monotonic() + 5
    while not x.requests and time.monotonic() < deadline:
        time.sleep(0.01)
    assert x.requests[0].query == {"a": "1", "b": "2"}


def test_the_browser_never_leaves_the_machine(x: Sandbox) -> None:
    code = (
        "import runpy, sys; browser = runpy.run_path(sys.argv[1])\n"
        "try: browser['fetch'](sys.argv[2])\n"
        "except ValueError: sys.exit(9)\n"
    )
    script = SOURCE / "tweetbot" / "sandbox" / "browser.py"
    x.fault("page", Fault("status", status=302, headers={"location": "http://x.invalid/"}))

    for url in ("http://x.invalid/", x.url, "file:///etc/hostname"):
        done = subprocess.run([sys.executable, "-c", code, str(script), url], check=False)
        assert done.returncode == 9


def test_the_sandbox_stands_on_its_own() -> None:
    code = (
        "import sys, tweetbot.sandbox\n"
        "loaded = {name for name in sys.modules if name.startswith('tweetbot.')}\n"
        "assert all(name.startswith('tweetbot.sandbox') for name in loaded), loaded\n"
        "assert not {'httpx', 'authlib', 'click'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], env={"PYTHONPATH": str(SOURCE)}, check=True)
