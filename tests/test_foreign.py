"""Words that others wrote: printable, on one line, and without what looks like a token."""

from __future__ import annotations

import base64
import secrets

import pytest

from tweetbot.foreign import HIDDEN, one_line, printable, without_tokens


@pytest.mark.parametrize(
    "text",
    [
        "Value passed for the token was invalid.",
        "Missing valid authorization header",
        "Grant type should be one of [authorization_code, refresh_token].",
        "unsupported_grant_type: temporarily_unavailable",
        "See https://api.x.com/2/problems/client-forbidden and https://docs.x.com/x-api/overview.",
        "UsageCapExceeded: Usage cap exceeded: Monthly product cap",
        "Post 1445880548472328192 is of 2026-11-25.",
        "d8b7f1c2a3e4f5a6",
        "Whether it is live is not known: look at https://x.com/dogfacts/status/1445880548472328192",
    ],
)
def test_what_servers_say_stays_as_it_is(text: str) -> None:
    assert without_tokens(text) == text


SHAPES = [
    "{}",
    "the token {} is spent",
    "Bearer {}",
    '{{"access_token": "{}"}}',
    r"{{\"refresh_token\":\"{}\"}}",
    "grant_type=refresh_token&refresh_token={}&client_id=1",
    "https://api.x.com/2/oauth2/token?token={}",
    "token:{}",
    "<{}>",
]


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(
    "make",
    [
        lambda: secrets.token_urlsafe(16),
        lambda: secrets.token_urlsafe(36),
        lambda: secrets.token_hex(16),
        lambda: base64.b64encode(f"{secrets.token_urlsafe(36)}:1:0:rt:1".encode()).decode(),
    ],
)
def test_what_looks_like_a_token_is_hidden(make: type, shape: str) -> None:
    for _ in range(50):
        token = str(make())
        said = without_tokens(shape.format(token))
        assert token not in said
        assert token[:12] not in said
        assert HIDDEN in said


def test_what_stands_behind_a_secret_s_name_is_hidden_whatever_it_looks_like() -> None:
    assert without_tokens('{"access_token": "hunter", "a": 1}') == (
        f'{{"access_token": "{HIDDEN}", "a": 1}}'
    )


CONTROLS = [chr(code) for code in (*range(10), *range(11, 32), *range(127, 160))]
BIDI = list("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")

OTHERS = "\u2028\u2029\ufeff\u00ad\U000e0041"


@pytest.mark.parametrize("steering", [*CONTROLS, *BIDI, *OTHERS], ids=ascii)
def test_nothing_that_steers_a_terminal_is_left(steering: str) -> None:
    assert steering not in printable(f"a{steering}b")
    assert one_line(f"a{steering}b\nc") == "a b c"


def test_lines_emoji_and_scripts_stay_as_they_are() -> None:
    for text in ("two\nlines", "👨‍👩‍👧 ✊🏽 🏴‍☠️", "می‌خواهم", "שלום"):
        assert printable(text) == text
