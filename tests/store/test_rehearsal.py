"""What is rehearsed has the size of what will be written, in every kind of store."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tweetbot.errors import ConfigurationError
from tweetbot.profile import Client, Pending, Profile, Token, dump, parse
from tweetbot.sandbox import Sandbox
from tweetbot.store.command import CommandStore
from tweetbot.store.redis import RedisStore
from tweetbot.store.redis_client import Server

if TYPE_CHECKING:
    from tests.conftest import Bot, RedisServer

GITHUB_LIMIT = 48 * 1024  # bytes of a secret
LONG = "👩‍👩‍👧‍👦" * 3_000  # 75,000 bytes, and not too long for X
CURRENT = Profile(
    client=Client(client_id="app", redirect_uri="http://127.0.0.1:1/", api_url="https://x.example"),
    token=Token(access_token="at-1", refresh_token="rt-1", obtained_at=1, expires_at=7201),
)


def with_intent(profile: Profile, text: str) -> Profile:
    return replace(profile, pending=Pending(text=text, digest="d" * 64, at=1))


def renewed(profile: Profile) -> Profile:
    token = Token(
        access_token="a" * 512,
        refresh_token="r" * 512,
        obtained_at=1 << 35,
        expires_at=1 << 35,
        parent=profile.token.digest,
    )
    return replace(profile, token=token)


@pytest.fixture
def x() -> Iterator[Sandbox]:
    with Sandbox(max_length=25_000) as sandbox:
        yield sandbox


# -- behind commands, with the limit of a CI's secret ----------------------------------------------


@pytest.fixture
def secret(bot: Bot, tmp_path: Path) -> Path:
    """The file that stands for a secret of 48 KiB at most, in which `bot` lives; its token is due.

    Beside it, `sizes` has the length of each document that was handed over.
    """
    place = tmp_path / "secret"
    bot.make_due()
    put(place, bot.document)
    bot.path.unlink()
    where = shlex.quote(str(place))
    bot.environ["TWEETBOT_LOAD_COMMAND"] = f"cat {where}"
    bot.environ["TWEETBOT_SAVE_COMMAND"] = (
        f"cat > {where}.new; size=$(wc -c < {where}.new); echo $size >> {where}.sizes;"
        f' [ $size -le {GITHUB_LIMIT} ] || {{ echo "the secret is too long" >&2; exit 1; }};'
        f" mv {where}.new {where}"
    )
    return place


def put(place: Path, document: Any) -> None:
    place.write_text(json.dumps(document))


def test_an_intent_that_a_secret_cannot_hold_costs_no_login(bot: Bot, secret: Path) -> None:
    run = bot.run("post", "--long", "-", stdin=LONG.encode())
    assert (run.code, "too long" in run.err) == (2, True), run.err
    assert bot.x.count("post") == 0
    assert list(secret.parent.glob(".local/state/tweetbot/*")) == []
    following = bot.run("post", "Hello")
    assert (following.code, bot.x.count("token")) == (0, 1), following.err


def test_a_large_intent_that_a_secret_can_hold_is_saved_before_it_is_sent(
    bot: Bot, secret: Path
) -> None:
    text = "好" * 12_000
    run = bot.run("post", "--long", "-", stdin=text.encode())
    assert (run.code, [post.text for post in bot.x.posts]) == (0, [text]), run.err
    sizes = [int(size) for size in Path(f"{secret}.sizes").read_text().split()]
    rehearsed, token, intent, outcome = sizes
    assert token < rehearsed < 5_000  # the token has not to wait for what may not fit
    assert intent > 36_000
    assert outcome < 5_000


def test_a_document_near_the_limit_is_found_before_the_token_is_spent(
    bot: Bot, secret: Path
) -> None:
    document = json.loads(secret.read_text())
    filler = GITHUB_LIMIT - 600 - len(json.dumps(document))
    put(secret, {**document, "cursors": {"facts.txt": "x" * filler}})
    run = bot.run("post", "Hello")
    assert (run.code, "too long" in run.err) == (2, True), run.err
    assert bot.x.requests == ()
    assert json.loads(secret.read_text())["token"] == document["token"]


@pytest.mark.usefixtures("secret")
def test_a_small_intent_goes_with_the_token(bot: Bot, tmp_path: Path) -> None:
    """One save fewer, and no instant in which the token is new and nothing is known of the post."""
    bot.environ["TWEETBOT_SAVE_COMMAND"] = f"cat >> {tmp_path}/handed"
    run = bot.run("post", "--long", "-", stdin=b"x" * 1_500)
    assert run.code == 0, run.err
    handed = [json.loads(line) for line in (tmp_path / "handed").read_text().splitlines()]
    assert [bool(document.get("pending")) for document in handed] == [False, True, False]


# -- in a folder -----------------------------------------------------------------------------------


def test_the_slot_and_the_rehearsal_have_the_size_of_what_will_be_written(bot: Bot) -> None:
    store = bot.store
    planned = with_intent(store.load(), LONG)
    with store.lock(), store.prepare(store.load(), planned=planned):
        sizes = [path.stat().st_size for path in (bot.path, Path(f"{bot.path}.next"))]
        assert bot.store.load() == replace(planned, pending=None)  # rehearsed is what stands there
    assert min(sizes) >= len(dump(renewed(planned)))


def test_a_login_and_a_move_are_rehearsed_with_room_for_a_token(bot: Bot) -> None:
    profile = bot.store.load()
    bot.store.rehearse(profile)
    assert bot.path.stat().st_size >= len(dump(renewed(profile)))
    assert bot.store.load() == profile


# -- in Redis --------------------------------------------------------------------------------------


def test_a_server_without_room_for_the_intent_is_found_before_the_token_is_spent(
    redis_server: RedisServer,
) -> None:
    store = RedisStore(
        "default",
        server=Server(redis_server.url),
        state_dir=lambda: redis_server.folder,
        sleep=lambda _: None,
    )
    spent = False
    with store.lock(new=True):
        store.save(CURRENT)
        used = int(redis_server.ask("INFO", "memory").partition("used_memory:")[2].split()[0])
        redis_server.ask("CONFIG", "SET", "maxmemory", str(used + 20_000))
        with (
            pytest.raises(ConfigurationError, match="maxmemory"),
            store.prepare(CURRENT, planned=with_intent(CURRENT, LONG)),
        ):
            spent = True
    assert not spent
    assert store.load() == CURRENT


# -- the document ----------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["好", "👍", "\x7f\x9b\x85\u2028\u2029", "\udcff", '"}{\\\n'])
def test_a_document_is_utf_8_on_one_line_and_reads_back_as_it_was(text: str) -> None:
    profile = replace(with_intent(CURRENT, text), cursors={text: {text: [text]}})
    for document in (dump(profile), dump(profile, one_line=True)):
        assert parse(document) == profile
        assert document.endswith(b"}\n")
        assert b"\\u597d" not in document
    assert len(dump(profile, one_line=True).decode().splitlines()) == 1


def test_a_document_of_text_is_as_long_as_its_text() -> None:
    shorter, longer = (len(dump(with_intent(CURRENT, "好" * n))) for n in (1, 10_001))
    assert longer - shorter == 30_000


def test_a_rehearsal_in_one_line_stays_one(bot: Bot, tmp_path: Path) -> None:
    environ = {**bot.variables, "TWEETBOT_SAVE_COMMAND": f"cat > {tmp_path}/handed"}
    environ["TWEETBOT_PROFILE_JSON"] = json.dumps(bot.document)
    store = CommandStore(
        "default", environ=environ, state_dir=lambda: tmp_path / "state", warn=lambda _: None
    )
    profile = store.load()
    with store.prepare(profile, planned=with_intent(profile, "好" * 600)):
        handed = (tmp_path / "handed").read_bytes()
    assert (handed.count(b"\n"), handed.endswith(b"}\n")) == (1, True)
    assert parse(handed) == profile
    assert len(handed) >= len(dump(renewed(with_intent(profile, "好" * 600)), one_line=True))
