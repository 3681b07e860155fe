"""The profile document: what is read and written, and what is refused."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tweetbot import profile as module
from tweetbot.errors import ConfigurationError, LoginNeeded
from tweetbot.profile import (
    Client,
    LastError,
    Moved,
    Pending,
    Posted,
    Profile,
    Spend,
    Token,
    Unreadable,
    digest,
    dump,
    dump_pointer,
    parse,
    parse_pointer,
)

NOW = 1_795_400_000
API_URL = "https://api.x.com"
CLIENT = {
    "client_id": "an-id",
    "client_secret": "the-client-secret",
    "redirect_uri": "http://127.0.0.1:8910/callback",
    "api_url": API_URL,
}
TOKEN = {
    "access_token": "the-access-token",
    "refresh_token": "the-refresh-token",
    "scope": "tweet.read tweet.write users.read offline.access",
    "obtained_at": NOW,
    "expires_at": NOW + 7200,
    "parent": "0123456789abcdef",
}
SMALLEST: dict[str, Any] = {
    "version": 1,
    "client": {name: CLIENT[name] for name in ("client_id", "redirect_uri", "api_url")},
    "token": {name: TOKEN[name] for name in ("access_token", "refresh_token")},
}
FULL: dict[str, Any] = {
    "version": 1,
    "client": CLIENT,
    "account": {"id": "179", "username": "dogfacts"},
    "expected": {"id": "179", "username": "dogfacts"},
    "replaced": {"account": {"id": "179", "username": "dogfacts"}, "token": TOKEN},
    "token": TOKEN,
    "pending": {"text": "Hé", "digest": "d", "at": NOW, "source": "list", "cursor": {"next": 3}},
    "cursors": {"list": 2, "feed": {"seen": ["a"]}},
    "posts": [{"id": "1", "at": NOW, "digest": "d"}, {"id": None, "at": NOW, "digest": "e"}],
    "ran_at": NOW,
    "last_error": {"at": NOW, "code": 6, "error": "temporary", "message": "m", "count": 3},
    "spend": {"month": "2026-11", "posts": 2, "usd": 0.03, "budget_usd": 5.0},
    "moved": {"at": NOW, "note": "to the server"},
    "lives_in": {"store": "git:https://example.com/bot", "key": "A" * 43 + "=", "at": NOW},
}
SECRETS = ("the-client-secret", "the-access-token", "the-refresh-token", "A" * 43)


def read(document: Any) -> Profile:
    return parse(json.dumps(document).encode())


def refused(document: bytes) -> str:
    with pytest.raises(Unreadable) as caught:
        parse(document)
    said = str(caught.value)
    assert not any(secret in said for secret in SECRETS)
    return said


def changed(path: str, value: Any) -> dict[str, Any]:
    """The full document with one value replaced, as in `changed("token.scope", 5)`."""
    document: dict[str, Any] = json.loads(json.dumps(FULL))
    *way, last = path.split(".")
    place: Any = document
    for name in way:
        place = place[int(name) if isinstance(place, list) else name]
    place[last] = value
    return document


# --- reading and writing --------------------------------------------------------------------


def test_a_full_document_comes_back_as_it_was() -> None:
    document = (json.dumps(FULL, indent=2, ensure_ascii=False) + "\n").encode()
    assert dump(parse(document)) == document


def test_a_missing_key_means_its_empty_value() -> None:
    profile = read(SMALLEST)
    assert profile.client.client_secret is None
    assert (profile.token.scope, profile.token.parent) == ("", None)
    assert (profile.token.obtained_at, profile.token.expires_at) == (None, None)
    assert (profile.account, profile.pending, profile.moved) == (None, None, None)
    assert (profile.cursors, profile.posts, profile.last_error) == ({}, (), None)
    assert profile.spend == Spend(month="", posts=0, usd=0.0, budget_usd=None)


OPTIONAL = [name for name in FULL if name not in SMALLEST]


@pytest.mark.parametrize("name", OPTIONAL)
def test_a_null_means_the_same_as_a_missing_key(name: str) -> None:
    assert read({**SMALLEST, name: None}) == read(SMALLEST)


def test_every_key_is_written() -> None:
    document = json.loads(dump(read(SMALLEST)))
    assert document.keys() == FULL.keys()
    assert document["client"].keys() == CLIENT.keys()
    assert document["token"].keys() == TOKEN.keys()


def test_a_document_is_text_with_one_newline_at_its_end() -> None:
    document = dump(read(FULL))
    assert document.endswith(b"\n}\n")
    assert "Hé".encode() in document
    assert document.startswith(b'{\n  "version": 1,\n')


@pytest.mark.parametrize("nuls", [1, 8192])
def test_nuls_at_the_end_are_what_is_left_of_a_slot(nuls: int) -> None:
    assert parse(dump(read(FULL)) + bytes(nuls)) == read(FULL)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_a_byte_order_mark_is_no_fault(encoding: str) -> None:
    assert parse(dump(read(FULL)).decode().encode(encoding)) == read(FULL)


LEVELS = [
    "",
    "client",
    "account",
    "token",
    "pending",
    "posts.0",
    "last_error",
    "spend",
    "moved",
    "lives_in",
]


@pytest.mark.parametrize("level", LEVELS)
def test_an_unknown_key_is_kept(level: str) -> None:
    document = changed(f"{level}.later".lstrip("."), {"deep": [1, None, "é"]})
    assert json.loads(dump(read(document))) == document


def test_an_unknown_key_does_not_push_a_known_one_aside() -> None:
    document = json.loads(dump(read({**FULL, "unknown": {"token": 1}})))
    assert document == {**FULL, "unknown": {"token": 1}}


texts = st.text(max_size=30)
times = st.integers(min_value=-(2**39), max_value=2**39)
values = st.recursive(
    st.none() | st.booleans() | times | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@settings(deadline=None)  # a busy machine is no fault
@given(text=texts, cursor=values, cursors=st.dictionaries(texts, values, max_size=3), at=times)
def test_whatever_a_profile_holds_comes_back(
    text: str, cursor: Any, cursors: dict[str, Any], at: int
) -> None:
    profile = replace(
        read(FULL),
        pending=Pending(text=text, digest="d", at=at, cursor=cursor),
        cursors=cursors,
    )
    assert parse(dump(profile)) == profile


# --- what is no profile ---------------------------------------------------------------------


@pytest.mark.parametrize(
    "document",
    [
        b"\xff\xfe",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"1",
        b"{} {}",
        b"[" * 100_000,
        b'{"version": ' + b"9" * 5000 + b"}",
        dump(read(FULL))[:-20],
        dump(read(FULL)) + b"x",
    ],
    ids=lambda document: f"{document[:8]!r}{len(document)}",
)
def test_what_is_no_json_object_is_refused(document: bytes) -> None:
    assert refused(document).startswith("it is no")


@pytest.mark.parametrize("document", [b"", b"\r\n", bytes(100)])
def test_a_document_of_nothing_is_said_to_be_empty(document: bytes) -> None:
    assert refused(document) == "it is empty"


@pytest.mark.parametrize("version", [2, 3, 10**6])
def test_a_newer_version_asks_for_an_upgrade(version: int) -> None:
    document = json.dumps({"version": version, "token": "of another shape"}).encode()
    assert "upgrade tweetbot" in refused(document)


@pytest.mark.parametrize(
    "path",
    [
        "client",
        "client.client_id",
        "client.redirect_uri",
        "client.api_url",
        "account.id",
        "account.username",
        "token",
        "token.access_token",
        "token.refresh_token",
        "pending.text",
        "pending.digest",
        "posts.0.at",
        "posts.0.digest",
        "last_error.code",
        "moved.at",
        "lives_in.at",
        "lives_in.store",
    ],
)
def test_what_must_be_there_is_named(path: str) -> None:
    document = changed(path, None)
    if path == "token":  # without one, it is a pointer
        document["lives_in"] = None
    said = refused(json.dumps(document).encode())
    assert said == f'"{path.replace(".0", "")}" is missing'


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("version", "1"),
        ("version", 1.0),
        ("version", True),
        ("client", []),
        ("client.client_id", 5),
        ("client.client_secret", ["a"]),
        ("account", "dogfacts"),
        ("account.id", 179),
        ("token", "the-access-token"),
        ("token.access_token", {"a": 1}),
        ("token.obtained_at", "soon"),
        ("token.obtained_at", 1.5),
        ("token.expires_at", True),
        ("pending", []),
        ("pending.at", "1"),
        ("cursors", []),
        ("posts", {}),
        ("posts", [1]),
        ("posts.0.id", 1),
        ("last_error.count", "3"),
        ("spend.usd", "0.1"),
        ("spend.posts", False),
        ("moved", True),
    ],
    ids=str,
)
def test_a_value_of_the_wrong_kind_is_named(path: str, value: Any) -> None:
    said = refused(json.dumps(changed(path, value)).encode())
    assert said.startswith(f'"{path.replace(".0", "")}" is ')


@pytest.mark.parametrize("value", [2**40, -(2**40), 10**400, NOW * 1000])
@pytest.mark.parametrize("path", ["token.obtained_at", "pending.at", "posts.0.at", "moved.at"])
def test_a_time_that_is_none_is_refused(path: str, value: int) -> None:
    assert "out of range" in refused(json.dumps(changed(path, value)).encode())


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e400"])
def test_a_sum_that_is_no_number_is_refused(value: str) -> None:
    document = json.dumps(changed("spend.usd", 0)).replace('"usd": 0', f'"usd": {value}')
    assert "out of range" in refused(document.encode())


@pytest.mark.parametrize("name", ["access_token", "refresh_token"])
@pytest.mark.parametrize(
    "value", ["", " ", "the-access-token\n", "\tthe-refresh-token", "a b", "é"]
)
def test_a_token_that_no_header_can_carry_is_refused(name: str, value: str) -> None:
    said = refused(json.dumps(changed(f"token.{name}", value)).encode())
    assert said.startswith(f'"{name}" is empty or has white space')


# --- secrets --------------------------------------------------------------------------------


def test_no_repr_shows_a_secret_or_what_is_unknown() -> None:
    profile = read(changed("token.later", "another-secret"))
    for value in (profile, profile.client, profile.token):
        assert not any(secret in repr(value) for secret in (*SECRETS, "another-secret"))


def test_a_digest_does_not_give_the_token_away() -> None:
    token = read(FULL).token
    assert token.digest == hashlib.sha256(b"the-refresh-token").hexdigest()[:16]
    assert digest("Hé") == hashlib.sha256("Hé".encode()).hexdigest()


def test_every_value_is_frozen() -> None:
    kinds = [kind for kind in vars(module).values() if is_dataclass(kind)]
    assert Profile in kinds
    kinds = [kind for kind in kinds if kind is not module.Together]  # is no part of a document
    for kind in kinds:
        assert vars(kind)["__dataclass_params__"].frozen, kind
        assert "unknown" in {entry.name for entry in fields(kind)}


# --- the token's life -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("obtained_at", "expires_at", "due", "alive"),
    [
        (NOW, NOW + 7200, False, True),
        (NOW - 3599, NOW + 3601, False, True),
        (NOW - 3600, NOW + 3600, True, True),
        (NOW - 7199, NOW + 1, True, True),
        (NOW - 7200, NOW, True, False),
        (NOW + 1, NOW + 7201, True, True),  # the clock was set back
        (NOW, NOW, True, False),  # no `expires_in`
        (NOW, NOW - 1, True, False),
        (None, NOW + 7200, True, True),
        (NOW, None, True, False),
        (None, None, True, False),
    ],
)
def test_a_token_is_due_at_its_half_life(
    obtained_at: int | None, expires_at: int | None, due: bool, alive: bool
) -> None:
    token = Token(
        access_token="a", refresh_token="r", obtained_at=obtained_at, expires_at=expires_at
    )
    assert (token.is_due(NOW), token.is_alive(NOW)) == (due, alive)


@pytest.mark.parametrize(
    ("scope", "missing"),
    [
        ("", ""),
        ("tweet.write users.read tweet.read", ""),
        ("tweet.read users.read offline.access", "tweet.write"),
        ("offline.access", "tweet.read tweet.write users.read"),
    ],
)
def test_a_missing_scope_is_named_as_far_as_the_scope_is_known(scope: str, missing: str) -> None:
    assert replace(read(FULL).token, scope=scope).missing_scopes == missing


# --- what happens to a profile --------------------------------------------------------------


def test_a_post_clears_what_was_pending_and_wrong() -> None:
    profile = read(FULL).with_post(Posted(id="7", at=NOW, digest="f"))
    assert profile.posts[-1].id == "7"
    assert (profile.pending, profile.last_error) == (None, None)
    assert profile.token == read(FULL).token


def test_the_last_twenty_posts_are_kept() -> None:
    profile = read(FULL)
    for number in range(30):
        profile = profile.with_post(Posted(id=str(number), at=NOW, digest="d"))
    assert [post.id for post in profile.posts] == [str(number) for number in range(10, 30)]


@pytest.mark.parametrize(
    ("change", "count"),
    [({}, 4), ({"message": "other"}, 1), ({"code": 7}, 1), ({"error": "other"}, 1), ({"at": 5}, 4)],
)
def test_the_same_error_again_only_counts(change: dict[str, Any], count: int) -> None:
    error = LastError(at=NOW + 1, code=6, error="temporary", message="m")
    recorded = read(FULL).with_error(replace(error, **change)).last_error
    assert recorded
    assert recorded.count == count
    assert recorded.at == change.get("at", NOW + 1)


def test_a_cursor_moves_in_its_own_list_alone() -> None:
    profile = read(FULL)
    assert profile.with_cursor("list", 3).cursors == {"list": 3, "feed": {"seen": ["a"]}}
    assert profile.with_cursor("new", None).cursors["new"] is None
    assert profile.with_cursor(None, 5) == profile


def test_the_cursors_that_were_used_last_are_kept() -> None:
    profile = replace(read(FULL), cursors={})
    for number in range(50):
        profile = profile.with_cursor(f"list {number}", number)
    profile = profile.with_cursor("list 0", 51).with_cursor("list 50", 50)
    assert list(profile.cursors) == [*(f"list {n}" for n in range(2, 50)), "list 0", "list 50"]
    assert profile.cursors["list 0"] == 51


def test_a_new_month_begins_at_nothing() -> None:
    spend = read(FULL).spend
    assert spend.in_month("2026-11", may_go_back=False).with_post(0.2) == Spend(
        month="2026-11", posts=3, usd=0.23, budget_usd=5.0
    )
    assert spend.in_month("2026-12", may_go_back=False).with_post(0.2) == Spend(
        month="2026-12", posts=1, usd=0.2, budget_usd=5.0
    )


def test_a_login_is_used_at_its_own_server_alone() -> None:
    profile = replace(read(FULL), moved=None, lives_in=None)
    profile.check_usable(api_url=API_URL)
    with pytest.raises(ConfigurationError, match="This login belongs to"):
        profile.check_usable(api_url="http://127.0.0.1:1")


def test_a_bot_that_moved_is_not_used() -> None:
    with pytest.raises(LoginNeeded, match="was moved on 20"):
        replace(read(FULL), moved=Moved(at=NOW)).check_usable(api_url=API_URL)


def test_another_server_is_the_greater_fault() -> None:
    with pytest.raises(ConfigurationError):
        read(FULL).check_usable(api_url="http://127.0.0.1:1")


@pytest.mark.parametrize(
    "make",
    [
        lambda: Token(access_token="a\n", refresh_token="r"),
        lambda: Token(access_token="a", refresh_token=""),
    ],
)
def test_a_bad_token_cannot_be_made(make: Callable[[], Token]) -> None:
    with pytest.raises(Unreadable):
        make()


def test_a_public_client_has_no_secret() -> None:
    client = Client(client_id="a", redirect_uri="b", api_url="c")
    assert client.client_secret is None


# --- pointers -------------------------------------------------------------------------------


def test_a_pointer_holds_no_token_and_no_client_secret() -> None:
    profile = read(FULL)
    assert profile.lives_in
    document = json.loads(dump_pointer(profile, profile.lives_in))
    assert document == {
        "version": 1,
        "client": {**CLIENT, "client_secret": None},
        "account": FULL["account"],
        "lives_in": FULL["lives_in"],
    }


def test_a_pointer_is_no_profile_and_says_where_it_points() -> None:
    profile = read(FULL)
    assert profile.lives_in
    document = dump_pointer(profile, profile.lives_in)
    pointer = parse_pointer(document)
    assert pointer
    assert (pointer.lives_in, pointer.account) == (profile.lives_in, profile.account)
    assert "only points to where it lives" in refused(document)
    assert parse_pointer(dump(profile)) is None


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("store", "ftp://host"),
        ("store", "git:"),
        ("store", "git:-u host"),
        ("store", "git:https://h/b\n"),
        ("key", "short"),
        ("key", None),
    ],
)
def test_a_pointer_that_names_no_store_is_refused(key: str, value: Any) -> None:
    document = changed("lives_in." + key, value)
    del document["token"]
    assert f"lives_in.{key}" in refused(json.dumps(document).encode())
