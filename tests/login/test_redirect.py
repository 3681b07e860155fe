from __future__ import annotations

import pytest

from tweetbot.errors import ConfigurationError
from tweetbot.login.redirect import (
    AuthorizationResponse,
    WrongResponse,
    read_pasted,
    read_response,
    redirect_address,
)

STATE = "kR3-the_right.state~0123456789"
CODE = "VGhlLWNvZGU6MTox"
GOOD = f"state={STATE}&code={CODE}"
REDIRECT_URI = "http://127.0.0.1:8910/callback"


# --- read_response -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query",
    [
        GOOD,
        f"code={CODE}&state={STATE}",
        f"{GOOD}&iss=https%3A%2F%2Fx.com",
        f"{GOOD}&iss=https://api.x.com",
        f"{GOOD}&iss=https://twitter.com",
        f"{GOOD}&session_state=whatever",
        f"{GOOD}&error=&iss=",
        f"state={STATE.replace('~', '%7E')}&code={CODE}",
    ],
)
def test_a_code_with_the_right_state_is_read(query: str) -> None:
    assert read_response(query, state=STATE) == AuthorizationResponse(code=CODE)


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("", "state"),
        (f"code={CODE}", "state"),
        (f"state=&code={CODE}", "state"),
        (f"state=another&code={CODE}", "state"),
        (f"state={STATE}x&code={CODE}", "state"),
        (f"state={STATE[:-1]}&code={CODE}", "state"),
        (f"state=%C3%A9&code={CODE}", "state"),
        (f"state=\udcff&code={CODE}", "state"),
        (f"State={STATE}&code={CODE}", "state"),
        ("error=access_denied", "state"),
        ("error=access_denied&state=another", "state"),
        ("denied=token", "state"),
        (f"state={STATE}", "neither"),
        (f"state={STATE}&code=", "neither"),
        (f"state={STATE}&error=%00", "neither"),
        (f"{GOOD}&error=access_denied", "both"),
        (f"{GOOD}&denied=token", "both"),
        (f"{GOOD}&code={CODE}", "more than once"),
        (f"{GOOD}&code=other", "more than once"),
        (f"{GOOD}&code=", "more than once"),
        (f"state=&{GOOD}", "more than once"),
        (f"{GOOD}&a=1&a=2", "more than once"),
        (f"state={STATE}&code=%0d%0aInjected", "malformed"),
        (f"state={STATE}&code=%00", "malformed"),
        (f"state={STATE}&code=%C3%A9", "malformed"),
        (f"state={STATE}&code={'c' * 2001}", "malformed"),
        (f"{GOOD}&x=%FF", "decoded"),
        (f"state={STATE}&code=%C3", "decoded"),
        (GOOD + "".join(f"&p{n}=" for n in range(50)), "decoded"),
        (f"{GOOD}&iss=https://evil.example", "another server"),
        (f"{GOOD}&iss=https://x.com/", "another server"),
        (f"{GOOD}&iss=https://x.com.evil.example", "another server"),
    ],
)
def test_anything_else_is_not_the_answer(query: str, why: str) -> None:
    with pytest.raises(WrongResponse, match=why) as refusal:
        read_response(query, state=STATE)
    assert STATE not in str(refusal.value)
    assert CODE not in str(refusal.value)
    assert refusal.value.__suppress_context__ or refusal.value.__context__ is None


@pytest.mark.parametrize(
    ("query", "error", "description"),
    [
        ("error=access_denied", "access_denied", None),
        ("error=access_denied&error_description=No%2C+thanks", "access_denied", "No, thanks"),
        ("error=server_error&error_description=", "server_error", None),
        ("error=a%1b%5b31mb%0d%0ac&error_description=%07d%C2%9be", "a [31mb c", "d e"),
        ("error=e&error_description=%E2%80%AEtxt", "e", "txt"),
        (f"error={'e+' * 200}&error_description={'d+' * 200}", "e " * 150, "d " * 150),
        (f"error=e&error_description=is+{'1aB' * 10}", "e", "is [hidden]"),
        ("denied=an-oauth-1-token", "access_denied", None),
        ("error=other&denied=an-oauth-1-token", "other", None),
    ],
)
def test_an_error_is_read_with_its_description(
    query: str, error: str, description: str | None
) -> None:
    response = read_response(f"{query}&state={STATE}", state=STATE)
    assert response == AuthorizationResponse(error=error, error_description=description)


def test_the_issuer_can_be_another_server() -> None:
    query = f"{GOOD}&iss=http://127.0.0.1:9"
    issuers = frozenset({"http://127.0.0.1:9"})
    assert read_response(query, state=STATE, issuers=issuers).code == CODE
    with pytest.raises(WrongResponse):
        read_response(f"{GOOD}&iss=https://x.com", state=STATE, issuers=issuers)


def test_no_code_is_accepted_if_the_expected_state_is_empty() -> None:
    with pytest.raises(WrongResponse):
        read_response(f"state=&code={CODE}", state="")


def test_the_code_is_not_part_of_the_repr() -> None:
    assert CODE not in repr(AuthorizationResponse(code=CODE))


# --- read_pasted ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    "line",
    [
        f"{REDIRECT_URI}?{GOOD}",
        f"  {REDIRECT_URI}?{GOOD}\r\n",
        f'"{REDIRECT_URI}?{GOOD}"',
        f"' {REDIRECT_URI}?{GOOD} '",
        f"<{REDIRECT_URI}?{GOOD}>",
        f"HTTP://127.0.0.1:8910/callback?{GOOD}",
        f"127.0.0.1:8910/callback?{GOOD}",
        f"{REDIRECT_URI}?{GOOD}#_=_",
        f"https://127.0.0.1:8910/callback?{GOOD}",
        f"http://localhost:8910/callback?{GOOD}",
        f"https://[::1]:8910/callback?{GOOD}",
        f"localhost:8910/callback?{GOOD}",
        f"?{GOOD}",
        f"{GOOD}&iss=https://x.com",
        f"?{GOOD}&iss=https://x.com",
        f"127.0.0.1:8910/callback?{GOOD}&iss=https://x.com",
        f"lang=en&{GOOD}",
        GOOD,
        CODE,
        f" {CODE}\n",
        f"'{CODE}'",
    ],
)
def test_a_pasted_answer_is_read(line: str) -> None:
    assert read_pasted(line, redirect_uri=REDIRECT_URI, state=STATE).code == CODE


@pytest.mark.parametrize(
    "line",
    [
        "",
        "  ",
        "two words",
        "y",
        "five",
        "c" * 15,
        "c" * 501,
        "n\u00e9",
        "a\x1bb",
        f"code={CODE}",
        f"state=another&code={CODE}",
        f"{REDIRECT_URI}?state=another&code={CODE}",
        f"{REDIRECT_URI}?code={CODE}",
        f"{REDIRECT_URI}?{GOOD}&code={CODE}",
        f"{REDIRECT_URI}?{GOOD} tail",
        REDIRECT_URI,
        "127.0.0.1:8910/callback",
        f"http://127.0.0.1/callback?{GOOD}",
        f"https://localhost:8910/callback?state=another&code={CODE}",
        f"https://localhost.evil.example:8910/callback?{GOOD}",
        f"ftp://localhost:8910/callback?{GOOD}",
        f"http://127.0.0.1:8911/callback?{GOOD}",
        f"http://evil@127.0.0.1:8910/callback?{GOOD}",
        f"http://127.0.0.1:8910/?{GOOD}",
        f"http://127.0.0.1:8910/callback/?{GOOD}",
        f"http://[::1/callback?{GOOD}",
        f"http://127.0.0.1:port/callback?{GOOD}",
        "https://x.com/i/oauth2/authorize?response_type=code",
        "https://x.com/home",
        "x.com/i/oauth2/authorize?response_type=code",
        f"lang=en&code={CODE}",
        f"{CODE}?",
    ],
)
def test_a_wrong_paste_is_told_what_to_paste(line: str) -> None:
    with pytest.raises(WrongResponse, match="Paste the whole address") as refusal:
        read_pasted(line, redirect_uri=REDIRECT_URI, state=STATE)
    assert REDIRECT_URI in str(refusal.value)
    assert STATE not in str(refusal.value)
    assert CODE not in str(refusal.value)


def test_a_pasted_denial_is_read() -> None:
    line = f"{REDIRECT_URI}?error=access_denied&state={STATE}"
    response = read_pasted(line, redirect_uri=REDIRECT_URI, state=STATE)
    assert response == AuthorizationResponse(error="access_denied")


def test_a_paste_may_leave_out_port_80_as_browsers_do() -> None:
    line = f"http://127.0.0.1/callback?{GOOD}"
    uri = "http://127.0.0.1:80/callback"
    assert read_pasted(line, redirect_uri=uri, state=STATE).code == CODE


# --- redirect_address ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("uri", "host", "port", "path", "closing_page"),
    [
        (REDIRECT_URI, "127.0.0.1", 8910, "/callback", "/done"),
        ("http://127.8.9.10:1", "127.8.9.10", 1, "/", "/done"),
        ("http://localhost:65535/", "localhost", 65535, "/", "/done"),
        ("HTTP://LocalHost:80/a/b", "localhost", 80, "/a/b", "/a/done"),
        ("http://[::1]:8910/callback/", "::1", 8910, "/callback/", "/callback/done"),
        ("http://127.0.0.1:8910/done", "127.0.0.1", 8910, "/done", "/closed"),
        ("http://127.0.0.1:8910/a/done", "127.0.0.1", 8910, "/a/done", "/a/closed"),
    ],
)
def test_a_loopback_redirect_uri_is_taken_apart(
    uri: str, host: str, port: int, path: str, closing_page: str
) -> None:
    redirect = redirect_address(uri)
    assert (redirect.host, redirect.port, redirect.path) == (host, port, path)
    assert redirect.closing_page == closing_page


@pytest.mark.parametrize(
    "uri",
    [
        "",
        "callback",
        "https://127.0.0.1:8910/callback",
        "myapp://127.0.0.1:8910/callback",
        "http://127.0.0.1/callback",
        "http://127.0.0.1:/callback",
        "http://127.0.0.1:0/callback",
        "http://127.0.0.1:65536/callback",
        "http://127.0.0.1:-1/callback",
        "http://127.0.0.1:port/callback",
        "http://127.0.0.1:08910/callback",
        "http://:8910/callback",
        "http://0.0.0.0:8910/callback",
        "http://192.168.0.1:8910/callback",
        "http://bot.example:8910/callback",
        "http://localhost.example:8910/callback",
        "http://127.1:8910/callback",
        "http://127.0.0.01:8910/callback",
        "http://[::]:8910/callback",
        "http://[::2]:8910/callback",
        "http://[::ffff:127.0.0.1]:8910/callback",
        "http://[::1:8910/callback",
        "http://me@127.0.0.1:8910/callback",
        "http://127.0.0.1:8910@evil.example:80/callback",
        "http://127.0.0.1:8910/callback?a=b",
        "http://127.0.0.1:8910/callback?",
        "http://127.0.0.1:8910/callback#a",
        "http://127.0.0.1:8910/call back",
        "http://127.0.0.1:8910/callback\n",
        "http://127.0.0.1:8910/c\u00e4llback",
    ],
)
def test_any_other_redirect_uri_is_a_configuration_error(uri: str) -> None:
    with pytest.raises(ConfigurationError, match="redirect URI") as refusal:
        redirect_address(uri)
    assert REDIRECT_URI in refusal.value.remedy


def test_the_port_of_http_may_be_left_out() -> None:
    assert "127.0.0.1" in redirect_address("http://127.0.0.1:80/").authorities
    assert "127.0.0.1" not in redirect_address("http://127.0.0.1:81/").authorities
    assert "127.9.9.9:81" in redirect_address("http://127.9.9.9:81/").authorities
