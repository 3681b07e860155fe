"""What X's refusals mean: every body that X is known to send, in every shape it may come in."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tweetbot.draft import Terms
from tweetbot.errors import (
    AccessTokenRefused,
    AnswerLost,
    ConfigurationError,
    Duplicate,
    GrantRefused,
    LoginNeeded,
    NotAllowed,
    NotPermitted,
    RateLimited,
    Temporary,
    TextRefused,
    TweetbotError,
    Unpostable,
)
from tweetbot.foreign import one_line, without_tokens
from tweetbot.sandbox import Fault, Sandbox
from tweetbot.x.answer import Answer
from tweetbot.x.api import read_created
from tweetbot.x.posts import Post
from tweetbot.x.refusals import refusal
from tweetbot.x.words import read_words

if TYPE_CHECKING:
    from tests.conftest import Bot, Clock

NOW = 1_795_000_000.0
TYPES = "https://api.x.com/2/problems"
OLD_TYPES = "https://api.twitter.com/2/problems"
TRANSACTION = "d8b7f1c2a3e4"


def answer(status: int, body: object = b"", **headers: str) -> Answer:
    document = body if isinstance(body, bytes) else json.dumps(body).encode()
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status, {"x-transaction-id": TRANSACTION, **names}, document)


def refused(status: int, body: object = b"", *, of: str = "post", **headers: str) -> TweetbotError:
    return refusal(answer(status, body, **headers), now=NOW, of=of)


def problem(status: int, title: str, detail: str, kind: str = "about:blank") -> dict[str, Any]:
    return {"title": title, "detail": detail, "type": kind, "status": status}


def forbidden(detail: str) -> dict[str, Any]:
    return problem(403, "Forbidden", detail)


def legacy(code: int, message: str) -> dict[str, Any]:
    return {"errors": [{"code": code, "message": message}]}


@dataclass(frozen=True)
class Row:
    """A refusal as it was seen, the class and code it leads to, and X's words in it."""

    name: str
    status: int
    body: Mapping[str, Any]
    kind: type[TweetbotError]
    code: int
    words: str

    def __str__(self) -> str:
        return self.name


INVALID = "One or more parameters to your request was invalid."
TOO_LONG = "Your Tweet text is too long. For more information, see the documentation."
NOT_MENTIONED = (
    "Reply to this conversation is not allowed because you have not been mentioned or otherwise "
    "engaged by the author of the post you are replying to."
)
NOT_AUTHOR = "You can only reply to or quote posts where you are mentioned or are the author."
CREDITS = "Your enrolled account [123] does not have any credits to fulfill this request."
CASHTAG = "Posts are limited to a maximum of one cashtag."
DUPLICATE = "You are not allowed to create a Tweet with duplicate content."
NOT_PERMITTED = "You are not permitted to perform this action."
APP_ONLY = (
    "Authenticating with OAuth 2.0 Application-Only is forbidden for this endpoint. Supported "
    "authentication types are [OAuth 1.0a User Context, OAuth 2.0 User Context]."
)

# -- POST /2/tweets ------------------------------------------------------------------------------

ROWS = [
    Row(
        "400 a field",
        400,
        {
            "errors": [{"parameters": {"text": [""]}, "message": "$.text: is required."}],
            **problem(400, "Invalid Request", INVALID, f"{TYPES}/invalid-request"),
        },
        TextRefused,
        3,
        f"Invalid Request: {INVALID} $.text: is required.",
    ),
    Row(
        "400 without errors",
        400,
        problem(400, "Invalid Request", INVALID, f"{OLD_TYPES}/invalid-request"),
        TextRefused,
        3,
        f"Invalid Request: {INVALID}",
    ),
    Row(
        "400 too long",
        400,
        {
            "errors": [{"message": TOO_LONG}],
            **problem(400, "Invalid Request", INVALID, f"{OLD_TYPES}/invalid-request"),
        },
        TextRefused,
        3,
        TOO_LONG,
    ),
    Row(
        "401",
        401,
        problem(401, "Unauthorized", "Unauthorized"),
        AccessTokenRefused,
        4,
        "Unauthorized",
    ),
    Row(
        "402 CreditsDepleted",
        402,
        {
            "account_id": 123,
            "title": "CreditsDepleted",
            "detail": CREDITS,
            "type": f"{OLD_TYPES}/credits",
        },
        NotAllowed,
        5,
        f"CreditsDepleted: {CREDITS}",
    ),
    Row(
        "402 Payment Required",
        402,
        problem(402, "Payment Required", "credits depleted", f"{TYPES}/credits-depleted"),
        NotAllowed,
        5,
        "Payment Required: credits depleted",
    ),
    Row(
        "403 SpendCapReached",
        403,
        {
            "title": "SpendCapReached",
            "reset_date": "2026-12-01",
            "detail": "Your enrolled account has reached its billing cycle spend cap.",
        },
        NotAllowed,
        5,
        "billing cycle spend cap",
    ),
    Row(
        "429 UsageCapExceeded, spend cap",
        429,
        problem(429, "UsageCapExceeded", "Your monthly spend cap has been reached."),
        NotAllowed,
        5,
        "Your monthly spend cap has been reached.",
    ),
    Row(
        "429 usage-capped",
        429,
        {
            "title": "UsageCapExceeded",
            "detail": "Usage cap exceeded: Monthly product cap",
            "type": f"{OLD_TYPES}/usage-capped",
            "period": "Monthly",
            "scope": "Product",
        },
        NotAllowed,
        5,
        "Usage cap exceeded: Monthly product cap",
    ),
    Row("403 duplicate", 403, forbidden(DUPLICATE), Duplicate, 3, f"Forbidden: {DUPLICATE}"),
    Row(
        "403 duplicate, 187",
        403,
        legacy(187, "Status is a duplicate."),
        Duplicate,
        3,
        "Status is a duplicate.",
    ),
    Row("403 generic", 403, forbidden(NOT_PERMITTED), NotPermitted, 5, NOT_PERMITTED),
    Row("403 reply", 403, forbidden(NOT_MENTIONED), TextRefused, 3, NOT_MENTIONED),
    Row(
        "403 reply or quote",
        403,
        problem(403, "Authorization Error", NOT_AUTHOR, f"{TYPES}/not-authorized-for-resource"),
        TextRefused,
        3,
        f"Authorization Error: {NOT_AUTHOR}",
    ),
    Row("403 cashtag", 403, forbidden(CASHTAG), Unpostable, 3, CASHTAG),
    Row(
        "403 client-not-enrolled",
        403,
        {
            "client_id": "1",
            "title": "Client Forbidden",
            "detail": "Your client is not enrolled.",
            "reason": "client-not-enrolled",
            "required_enrollment": "Appropriate Level of API Access",
            "registration_url": "https://console.x.com",
            "type": f"{OLD_TYPES}/client-forbidden",
        },
        NotAllowed,
        5,
        "Client Forbidden: Your client is not enrolled.",
    ),
    Row(
        "403 official-client-forbidden",
        403,
        {"title": "Client Forbidden", "reason": "official-client-forbidden"},
        NotAllowed,
        5,
        "Client Forbidden",
    ),
    Row(
        "403 unsupported authentication",
        403,
        problem(403, "Unsupported Authentication", APP_ONLY, f"{TYPES}/unsupported-authentication"),
        NotPermitted,
        5,
        APP_ONLY,
    ),
    Row(
        "403 oauth1-permissions",
        403,
        problem(
            403,
            "Forbidden",
            "Your client app is not configured with the appropriate permissions.",
            f"{TYPES}/oauth1-permissions",
        ),
        NotAllowed,
        5,
        "appropriate permissions",
    ),
    Row("403 without a reason", 403, forbidden("Forbidden"), NotPermitted, 5, "Forbidden"),
    *(
        Row(f"403 legacy {code}", 403, legacy(code, words), kind, kind.code, words)
        for code, words, kind in (
            (64, "Your account is suspended and is not permitted to access this.", NotAllowed),
            (326, "To protect our users, this account is temporarily locked.", NotAllowed),
            (226, "This request looks like it might be automated.", NotAllowed),
            (185, "User is over daily status update limit.", NotAllowed),
            (261, "Application cannot perform write actions.", NotAllowed),
            (433, "The original author restricted who can reply.", TextRefused),
            (385, "You attempted to reply to something that is not visible.", TextRefused),
            (186, "Tweet needs to be a bit shorter.", Unpostable),
        )
    ),
    Row(
        "404",
        404,
        {
            "errors": [
                {
                    "title": "Not Found Error",
                    "detail": "Could not find user with id: [1].",
                    "resource_id": "1",
                    "parameter": "id",
                    "type": f"{TYPES}/resource-not-found",
                }
            ]
        },
        ConfigurationError,
        2,
        "Not Found Error: Could not find user with id: [1].",
    ),
    Row("405", 405, problem(405, "Method Not Allowed", "no"), ConfigurationError, 2, "no"),
    Row(
        "429",
        429,
        problem(429, "Too Many Requests", "Too Many Requests"),
        RateLimited,
        6,
        "Too Many Requests",
    ),
    Row(
        "429 legacy 88",
        429,
        legacy(88, "Rate limit exceeded"),
        RateLimited,
        6,
        "Rate limit exceeded",
    ),
    Row(
        "429 rate-limit-exceeded",
        429,
        problem(429, "Rate limit exceeded", "Slow down.", f"{TYPES}/rate-limit-exceeded"),
        RateLimited,
        6,
        "Rate limit exceeded: Slow down.",
    ),
]


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_refusal_is_recognised_and_keeps_x_s_words(row: Row) -> None:
    error = refused(row.status, row.body)
    assert (type(error), error.code) == (row.kind, row.code)
    assert row.words in str(error)
    assert error.x
    assert (error.x.status, error.x.transaction_id) == (row.status, TRANSACTION)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_refusal_is_recognised_inside_an_errors_list(row: Row) -> None:
    """Not where the enrolment's reason stands alone: nothing nests that."""
    nested = row.body if "errors" in row.body else {"errors": [row.body]}
    if row.name != "403 official-client-forbidden":
        assert type(refused(row.status, nested)) is row.kind
    assert row.words in str(refused(row.status, nested))


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_refusal_does_not_depend_on_the_host_or_case(row: Row) -> None:
    text = json.dumps(row.body)
    swapped = text.replace("api.x.com", "api.twitter.com") if TYPES in text else text
    assert type(refused(row.status, swapped.encode())) is row.kind
    louder = json.loads(text)
    if "detail" in louder:
        louder["detail"] = louder["detail"].upper()
        assert type(refused(row.status, louder)) is row.kind


# What is no JSON object: of a 403 it tells that a gateway refused, of all others nothing.
SHAPES = {
    "html": b"<html><head><title>Sorry</title></head><body><h1>Access denied</h1></body></html>",
    "empty": b"",
    "half": b'{"title":"Forbidden","detail":"You are',
    "text": b"Access denied",
}
BY_STATUS = [
    (302, ConfigurationError, 2),
    (400, TextRefused, 3),
    (401, AccessTokenRefused, 4),
    (402, NotAllowed, 5),
    (403, Temporary, 6),
    (404, ConfigurationError, 2),
    (405, ConfigurationError, 2),
    (429, RateLimited, 6),
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("status", "kind", "code"), BY_STATUS)
def test_without_a_json_object_the_status_decides(
    status: int, kind: type[TweetbotError], code: int, shape: str
) -> None:
    error = refused(status, SHAPES[shape])
    assert (type(error), error.code) == (kind, code)
    if shape in ("html", "text"):
        assert "Access denied" in str(error)
        assert "<" not in str(error)


@pytest.mark.parametrize("body", [[], {}, [1, 2], {"errors": []}, {"errors": "no"}])
@pytest.mark.parametrize(("status", "kind", "code"), BY_STATUS)
def test_json_without_words_is_no_gateway(
    status: int, kind: type[TweetbotError], code: int, body: object
) -> None:
    error = refused(status, body)
    assert (type(error), error.code) == ((NotPermitted, 5) if status == 403 else (kind, code))


@pytest.mark.parametrize(
    "body",
    [
        {"code": 187, "message": "Status is a duplicate."},
        {"message": "Status is a duplicate."},
        {"error": {"message": "Status is a duplicate."}},
        {"title": None, "errors": [{"title": 7.5, "message": "Status is a duplicate."}]},
    ],
)
def test_words_in_an_unusual_place_are_found(body: object) -> None:
    error = refused(403, body)
    assert isinstance(error, Duplicate)
    assert "Status is a duplicate." in str(error)


# -- unclear answers -----------------------------------------------------------------------------

CREATED = {"data": {"id": "1445880548472328192", "text": "Hello"}}


@pytest.mark.parametrize("status", [200, 201])
def test_an_id_is_all_that_a_clear_success_needs(status: int) -> None:
    created = read_created(answer(status, CREATED), now=NOW)
    assert created == Post("1445880548472328192", "Hello")
    assert read_created(answer(status, {**CREATED, "errors": [{}]}), now=NOW) == created


@pytest.mark.parametrize(
    "body",
    [
        problem(403, "Forbidden", "Not this time."),
        {"errors": [problem(403, "Forbidden", "Not this time.")]},
        {"data": {}, "errors": [{"message": "Not this time."}]},
        {"data": {"id": 1445880548472328192, "text": "Not this time."}},
        {"data": {"id": "", "text": "Not this time."}},
        {"data": {"id": "12/34", "text": "Not this time."}},
        {"data": [{"id": "12", "text": "Not this time."}]},
        ["Not this time."],
        b"<h1>Not this time.</h1>",
    ],
)
@pytest.mark.parametrize("status", [200, 201, 202, 500, 502, 503, 504, 520, 599])
def test_a_success_without_an_id_and_a_5xx_are_unclear(status: int, body: object) -> None:
    """X's words, or the start of whatever came, are kept."""
    if status < 300 or not isinstance(body, dict) or "data" not in body:
        with pytest.raises(AnswerLost) as caught:
            read_created(answer(status, body), now=NOW)
        assert "Not this time." in str(caught.value.x)
        assert str(status) in caught.value.happened


@pytest.mark.parametrize("status", [204, 500, 503])
def test_an_empty_answer_is_unclear(status: int) -> None:
    with pytest.raises(AnswerLost):
        read_created(answer(status), now=NOW)


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_refusal_of_the_post_is_clear(row: Row) -> None:
    with pytest.raises(row.kind) as caught:
        read_created(answer(row.status, row.body), now=NOW)
    assert not isinstance(caught.value, AnswerLost)


# -- POST /2/oauth2/token ------------------------------------------------------------------------

SPENT = "Value passed for the token was invalid."
GRANT_TYPE = (
    "Value passed for the grant type was invalid. "
    "Grant type should be one of [authorization_code, refresh_token]."
)
TOKEN_ROWS = [
    (400, "invalid_request", SPENT, GrantRefused),
    (
        400,
        "invalid_request",
        "Value passed for the authorization code was invalid.",
        GrantRefused,
    ),
    (
        400,
        "invalid_request",
        "Value passed for the redirect uri did not match the uri of the authorization code.",
        GrantRefused,
    ),
    (400, "invalid_request", "Missing required parameter [client_id].", GrantRefused),
    (400, "invalid_request", GRANT_TYPE, GrantRefused),
    (400, "invalid_grant", "", GrantRefused),
    (401, "invalid_grant", "", GrantRefused),
    (400, "something_new", "What X will say next year.", GrantRefused),
    (401, "unauthorized_client", "Missing valid authorization header", ConfigurationError),
    (400, "unauthorized_client", "Missing valid authorization header", ConfigurationError),
    (400, "invalid_client", "", ConfigurationError),
    (401, "invalid_client", "", ConfigurationError),
]


@pytest.mark.parametrize("extra", [{}, {"errors": [{"message": "as it was seen once"}]}])
@pytest.mark.parametrize(("status", "name", "words", "kind"), TOKEN_ROWS)
def test_an_error_of_the_token_endpoint_is_recognised(
    status: int, name: str, words: str, kind: type[TweetbotError], extra: dict[str, Any]
) -> None:
    body = {"error": name, **({"error_description": words} if words else {}), **extra}
    error = refused(status, body, of="token")
    assert type(error) is kind
    assert name in str(error)
    assert words in str(error)


@pytest.mark.parametrize("row", [row for row in ROWS if row.status in (402, 403, 429)], ids=str)
def test_money_and_pace_mean_the_same_at_the_token_endpoint(row: Row) -> None:
    assert type(refused(row.status, row.body, of="token")) is row.kind


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("status", [400, 401, 408, 409, 425, 500, 502, 503, 504])
def test_an_unreadable_answer_of_the_token_endpoint_is_lost(status: int, shape: str) -> None:
    """A dead grant is believed only where X says so in JSON."""
    assert type(refused(status, SHAPES[shape], of="token")) is AnswerLost
    assert type(refused(status, {"detail": "Unauthorized"}, of="token")) is AnswerLost


@pytest.mark.parametrize("of", ["read", "delete", "media"])
@pytest.mark.parametrize("status", [408, 409, 425, 500, 503])
def test_what_says_nothing_of_a_question_is_temporary(status: int, of: str) -> None:
    assert type(refused(status, SHAPES["html"], of=of)) is Temporary


def test_a_gateway_s_403_at_the_token_endpoint_is_temporary() -> None:
    assert type(refused(403, SHAPES["html"], of="token")) is Temporary


# -- the time of reset ---------------------------------------------------------------------------


def window(name: str, remaining: int, reset: float) -> dict[str, str]:
    return {
        f"{name}-limit": "100",
        f"{name}-remaining": str(remaining),
        f"{name}-reset": str(int(reset)),
    }


SHORT, USER, APP = "x-rate-limit", "x-user-limit-24hour", "x-app-limit-24hour"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({}, None),
        (window(SHORT, 0, NOW + 900), 900),
        (window(SHORT, 0, NOW + 900) | window(USER, 5, NOW + 80_000), 900),
        (window(SHORT, 99, NOW + 900) | window(USER, 0, NOW + 80_000), 80_000),
        (window(SHORT, 0, NOW + 900) | window(APP, 0, NOW + 70_000), 70_000),
        (window(USER, 0, NOW + 80_000) | window(APP, 0, NOW + 70_000), 80_000),
        (window(SHORT, 99, NOW + 900) | {"retry-after": "30"}, 30),
        (window(SHORT, 0, NOW + 900) | {"retry-after": "30"}, 900),
        ({"retry-after": "30"}, 30),
        ({"retry-after": formatdate(NOW + 90, usegmt=True)}, 90),
        ({"retry-after": formatdate(90, usegmt=True), "date": formatdate(0, usegmt=True)}, 90),
        (window(SHORT, 0, NOW + 900) | {"retry-after": formatdate(NOW + 90, usegmt=True)}, 900),
        ({"retry-after": "Wed, 21 Oct 99999999 07:28:00 GMT"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "9" * 5000}, None),
        ({f"{SHORT}-remaining": "0", f"{SHORT}-reset": "soon"}, None),
        ({f"{SHORT}-remaining": "0"}, None),
        ({f"{SHORT}-reset": str(int(NOW) + 900)}, 900),
        (window(SHORT, 99, NOW + 900) | window(USER, 5, NOW + 80_000), None),
    ],
)
def test_a_rate_limit_ends_with_the_last_exhausted_window(
    headers: dict[str, str], wait: int | None
) -> None:
    for body in (problem(429, "Too Many Requests", "Too Many Requests"), b"", SHAPES["html"]):
        error = refusal(Answer(429, headers, answer(429, body).body), now=NOW)
        assert isinstance(error, RateLimited)
        assert error.retry_at == (None if wait is None else NOW + wait)
        assert ("after that" in error.remedy) == (wait is not None)
        if error.retry_at:
            shown = time.strftime("%Y-%m-%d %H:%M", time.localtime(error.retry_at))
            assert shown in error.happened


def test_a_time_of_reset_beyond_all_sense_is_not_printed() -> None:
    error = refusal(Answer(429, window(SHORT, 0, 10**17)), now=NOW)
    assert "resets" not in error.happened


def test_a_login_of_the_wrong_kind_is_told_as_one() -> None:
    kind = problem(
        403, "Unsupported Authentication", APP_ONLY, f"{TYPES}/unsupported-authentication"
    )
    error = refused(403, kind)
    assert "kind of login" in error.happened
    assert "OAuth 2.0 with user context" in error.remedy


def test_only_a_rate_limit_has_a_time_of_reset() -> None:
    limits = window(SHORT, 0, NOW + 900)
    assert refusal(Answer(403, limits), now=NOW).retry_at is None
    capped = problem(429, "UsageCapExceeded", "Usage cap exceeded: Monthly product cap")
    assert refused(429, capped, x_rate_limit_reset=str(int(NOW) + 900)).retry_at is None


# -- X's words -----------------------------------------------------------------------------------


def test_control_characters_are_taken_out_of_x_s_words() -> None:
    detail = "Red \x1b[31malert\x1b[0m\r\nsecond\tline\x00 \u202eback\u2028end\x9b"
    words = read_words(answer(403, problem(403, "For\x07bidden", detail)))
    assert words.title == "For bidden"
    assert words.detail == "Red [31malert [0m second line back end"
    assert str(refused(403, forbidden(detail))).isprintable()


@pytest.mark.parametrize(
    "body",
    [
        problem(403, "x" * 9000, "y" * 9000),
        {"errors": [{"message": "y" * 9000}] * 50},
        b"y" * 900_000,
        b"<" * 900_000,
        b"<p>" * 300_000,
    ],
)
def test_x_s_words_are_cut_at_300_characters(body: object) -> None:
    began = time.monotonic()
    words = read_words(answer(403, body))
    assert time.monotonic() - began < 2
    assert len(words.title or "") <= 300
    assert len(words.detail or "") <= 300


@pytest.mark.parametrize("named", ["abc\x1b[31m", "d" * 400, "QWxhZGRpbjpvcGVuIHNlc2FtZTE2"])
def test_a_transaction_id_that_is_none_is_not_shown(named: str) -> None:
    assert read_words(answer(500, x_transaction_id=named)).transaction_id is None


@pytest.mark.parametrize("row", ROWS, ids=str)
def test_a_message_says_what_happened_what_to_do_and_what_x_said(row: Row) -> None:
    error = refused(row.status, row.body)
    assert re.fullmatch(r"[A-Z].*\w\)?(; it resets .*)?\.", error.happened)
    assert f"({row.status})" in error.happened
    assert re.fullmatch(r"[A-Z].*\w`?\.", error.remedy)
    assert str(error) == f"{error.happened} {error.remedy} X said: {error.x}"
    assert "{" not in error.happened + error.remedy


def test_the_reset_of_a_spend_cap_is_told() -> None:
    row = next(row for row in ROWS if row.name == "403 SpendCapReached")
    assert "2026-12-01" in refused(row.status, row.body).happened


# -- anything at all -----------------------------------------------------------------------------

KEYS = (
    *("title", "detail", "type", "status", "errors", "error", "error_description", "message"),
    *("code", "reason", "reset_date", "data", "id", "text", "note_tweet", "entities", "urls"),
    *("url", "expanded_url", "meta"),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=30),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=12,
)
BODIES = JSON.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=200)
HEADERS = st.dictionaries(
    st.sampled_from(
        ("retry-after", "x-transaction-id", "date", f"{SHORT}-reset", f"{SHORT}-remaining")
    ),
    st.text(max_size=20) | st.integers().map(str),
)


def outcome(whatever: Answer) -> Post | TweetbotError:
    try:
        return read_created(whatever, now=NOW)
    except TweetbotError as error:
        return error


@settings(deadline=None)
@given(st.integers(200, 599), BODIES, HEADERS, st.sampled_from(("post", "token")))
@example(425, b"{}", {}, "post")
def test_no_answer_breaks_the_reading(
    status: int, body: bytes, headers: dict[str, str], of: str
) -> None:
    whatever = Answer(status, headers, body)
    error = refusal(whatever, now=NOW, of=of)
    assert isinstance(error, TweetbotError)
    assert error.code in (2, 3, 4, 5, 6)
    assert not re.search(r"[^\u200c\u200d]", "".join(c for c in str(error) if not c.isprintable()))
    read = outcome(whatever)
    is_clear = 300 <= status < 500 and status not in (408, 409, 425)
    assert isinstance(read, Post) or isinstance(read, AnswerLost) == (not is_clear)


DETAILS = st.text(min_size=1, max_size=40).filter(
    lambda text: bool(text.strip()) and without_tokens(one_line(text)) == one_line(text)
)
PLACES: st.SearchStrategy[Callable[[str, object], object]] = st.sampled_from(
    (
        lambda words, other: {"detail": words, "title": other},
        lambda words, other: {"detail": words, "errors": other},
        lambda words, other: {"errors": [{"message": words, "title": other}], "type": other},
        lambda words, other: {"errors": [{"detail": words}], "title": other},
        lambda words, other: {"error": other, "error_description": words},
        lambda words, other: {"title": words, "code": other},
        lambda words, other: {"message": words, "title": other, "error": other},
    )
)


@settings(deadline=None)
@given(st.integers(300, 599), DETAILS, JSON, PLACES)
def test_x_s_words_are_never_lost(status: int, words: str, other: object, place: Any) -> None:
    error = refused(status, place(words, other))
    assert one_line(words) in str(error)


# -- through the command -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "code"),
    [(ROWS[0], 3), (ROWS[4], 5), (ROWS[9], 3), (ROWS[11], 5), (ROWS[-3], 6)],
    ids=str,
)
def test_the_command_tells_a_refusal_to_a_person_and_to_a_program(
    bot: Bot, x: Sandbox, row: Row, code: int
) -> None:
    headers = {"x-transaction-id": TRANSACTION}
    body = json.dumps(row.body).encode()
    x.fault("post", Fault("status", status=row.status, body=body, headers=headers, times=2))
    ended = bot.run("post", "Hello", "--json")
    assert (ended.code, ended.json["code"], ended.json["ok"]) == (code, code, False)
    assert row.words in ended.err
    assert row.words in ended.json["message"]
    told = ended.json["x"]
    assert (told["status"], told["transaction_id"]) == (row.status, TRANSACTION)
    assert row.body.get("detail", "") in (told["detail"] or "")
    assert bot.document["pending"] is None


def test_a_missing_scope_is_told_by_the_stored_one(bot: Bot, clock: Clock, x: Sandbox) -> None:
    bot.change(token={"scope": "tweet.read users.read offline.access"})
    x.fault("post", Fault("status", status=403, body=json.dumps(forbidden("Forbidden")).encode()))
    ended = bot.post("Hello", clock=clock)
    assert isinstance(ended.error, LoginNeeded)
    assert "tweet.write" in ended.error.happened
    assert ended.error.x


@pytest.mark.parametrize(("length", "code"), [(280, 5), (281, 3)])
def test_the_generic_403_is_the_text_s_fault_only_if_it_is_long(
    bot: Bot, clock: Clock, x: Sandbox, length: int, code: int
) -> None:
    body = json.dumps(forbidden(NOT_PERMITTED)).encode()
    x.fault("post", Fault("status", status=403, body=body))
    ended = bot.post("a" * length, clock=clock, terms=Terms(limit=25_000))
    assert ended.code == code
    assert ("281 characters" in ended.said) == (length == 281)


def test_the_generic_403_is_temporary_for_a_bot_that_has_posted(
    bot: Bot, clock: Clock, x: Sandbox
) -> None:
    """It has been seen to pass within minutes; a text that is too long stays the text's fault."""
    assert bot.post("A post", clock=clock).code == 0
    body = json.dumps(forbidden(NOT_PERMITTED)).encode()
    for length, code in ((280, 6), (281, 3)):
        x.fault("post", Fault("status", status=403, body=body))
        ended = bot.post("a" * length, clock=clock, terms=Terms(limit=25_000))
        assert ended.code == code, ended.said


def test_an_access_token_that_x_echoes_is_not_shown(bot: Bot, x: Sandbox) -> None:
    token = bot.document["token"]["access_token"]
    for status in (200, 400, 403, 503):
        body = json.dumps(problem(status, "Sorry", f"Bearer {token} is not liked.")).encode()
        x.fault("post", Fault("status", status=status, body=body))
        bot.age_pending()
        ended = bot.run("post", f"Hello {status}", "--json", "-v")
        assert ended.code != 0
        assert "is not liked" in ended.err
        assert token not in ended.out + ended.err + bot.path.read_text().replace(token, "", 1)
