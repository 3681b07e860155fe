"""`logout`: withdraw the bot's access at X, then forget it here; not one without the other."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tweetbot.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot, Run

TOKENS = ("refresh_token", "access_token")
BY_HAND = "https://x.com/settings/connected_apps"
UNAVAILABLE = Fault("status", status=503)
DEAD = Fault(
    "status",
    status=400,
    body=b'{"error":"invalid_request","error_description":"Value passed for the token was'
    b' invalid."}',
)


def files(bot: Bot) -> list[str]:
    return sorted(path.name for path in bot.folder.iterdir())


def shows_a_secret(bot: Bot, run: Run) -> bool:
    return any(secret in run.out + run.err for secret in bot.x.secrets)


def withdrawn(x: Sandbox) -> list[str]:
    """The tokens that X was asked to revoke."""
    return [request.form["token"] for request in x.requests if request.step == "revoke"]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


# --- it withdraws, then forgets ---------------------------------------------------------------


def test_it_withdraws_both_tokens_and_forgets_the_bot(bot: Bot, x: Sandbox) -> None:
    tokens = [bot.document["token"][name] for name in TOKENS]
    run = bot.run("logout")
    assert (run.code, run.out, run.err) == (0, "Logged out\n", "")
    assert withdrawn(x) == tokens
    assert [request.status for request in x.requests] == [200, 200]
    assert files(bot) == ["default.json.lock"]


def test_what_was_withdrawn_works_nowhere_any_more(bot: Bot, x: Sandbox) -> None:
    copy = bot.document
    assert bot.run("logout").code == 0
    bot.write(copy)
    assert bot.run("post", "Hello").code == 4
    assert bot.run("renew").code == 4
    assert x.posts == ()


def test_a_confidential_client_names_itself_by_basic(bot: Bot, x: Sandbox) -> None:
    assert bot.run("logout").code == 0
    pair = base64.b64encode(f"{x.client_id}:{x.client_secret}".encode()).decode()
    for request in x.requests:
        assert request.headers["authorization"] == f"Basic {pair}"
        assert "client_secret" not in request.form


def test_a_public_client_names_itself_in_the_body(bot: Bot, x: Sandbox) -> None:
    bot.log_in(public=True)
    assert bot.run("logout").code == 0
    for request in x.requests:
        assert "authorization" not in request.headers
        assert request.form["client_id"] == x.public_client_id


def test_slot_and_rescue_files_go_too(bot: Bot, tmp_path: Path) -> None:
    state = tmp_path / "state"
    bot.environ["XDG_STATE_HOME"] = str(state)
    leftovers = [
        bot.path.with_name("default.json.next"),
        *bot.store.rescue_places(state / "tweetbot"),
    ]
    for leftover in leftovers:
        leftover.parent.mkdir(parents=True, exist_ok=True)
        leftover.write_text(json.dumps({"intent": {"at": 1}}))
    assert bot.run("logout").code == 0
    assert [leftover for leftover in leftovers if leftover.exists()] == []
    assert files(bot) == ["default.json.lock"]


def test_the_newest_login_is_withdrawn_wherever_it_is(bot: Bot, x: Sandbox) -> None:
    stale = bot.path.read_bytes()
    assert bot.run("renew").code == 0
    newest = [bot.document["token"][name] for name in TOKENS]
    bot.path.with_name("default.json.next").write_bytes(bot.path.read_bytes())
    bot.path.write_bytes(stale)
    assert bot.run("logout").code == 0
    assert withdrawn(x) == newest
    assert files(bot) == ["default.json.lock"]


def test_the_other_bots_stay(bot: Bot) -> None:
    document = bot.path.read_bytes()
    other = bot.path.with_name("other.json")
    other.write_bytes(document)
    assert bot.run("logout").code == 0
    assert other.read_bytes() == document


def test_a_grant_that_is_dead_already_is_forgotten(bot: Bot, x: Sandbox) -> None:
    x.revoke_all()
    assert bot.run("logout").code == 0
    assert files(bot) == ["default.json.lock"]


def test_an_x_that_calls_a_dead_token_an_error_is_no_obstacle(bot: Bot, x: Sandbox) -> None:
    x.fault("revoke", DEAD)
    tokens = [bot.document["token"][name] for name in TOKENS]
    run = bot.run("logout")
    assert (run.code, run.err) == (0, "")
    assert withdrawn(x) == tokens  # the access token may have outlived the refresh token
    assert files(bot) == ["default.json.lock"]


def test_verbose_shows_the_requests_without_secrets(bot: Bot, x: Sandbox) -> None:
    run = bot.run("logout", "-v")
    assert run.err.count(f"POST {x.url}/2/oauth2/revoke") == 2
    assert not shows_a_secret(bot, run)


# --- X cannot be asked ------------------------------------------------------------------------


def unreachable(x: Sandbox) -> None:
    x.close()


def unavailable(x: Sandbox) -> None:
    x.fault("revoke", UNAVAILABLE)


def silent_about_the_second(x: Sandbox) -> None:
    x.fault("revoke", Fault("reset", skip=1))


@pytest.mark.parametrize("trouble", [unreachable, unavailable, silent_about_the_second])
def test_an_x_that_cannot_be_asked_leaves_all_as_it_is(
    bot: Bot, x: Sandbox, trouble: Callable[[Sandbox], None]
) -> None:
    trouble(x)
    before = bot.path.read_bytes()
    run = bot.run("logout")
    assert (run.code, run.out) == (6, "")
    assert "Nothing was removed" in run.err
    assert "--force" in run.err
    assert BY_HAND in run.err
    assert bot.path.read_bytes() == before
    assert not shows_a_secret(bot, run)


@pytest.mark.parametrize("trouble", [unreachable, unavailable, silent_about_the_second])
def test_force_forgets_the_bot_all_the_same_and_says_what_is_left_to_do(
    bot: Bot, x: Sandbox, trouble: Callable[[Sandbox], None]
) -> None:
    trouble(x)
    run = bot.run("logout", "--force")
    assert (run.code, run.out) == (0, "Logged out\n")
    assert BY_HAND in run.err
    assert files(bot) == ["default.json.lock"]
    assert not shows_a_secret(bot, run)


@pytest.mark.parametrize("trouble", [unreachable, unavailable])
def test_as_json_a_failure_is_an_error_and_force_says_what_was_not_withdrawn(
    bot: Bot, x: Sandbox, trouble: Callable[[Sandbox], None]
) -> None:
    trouble(x)
    run = bot.run("logout", "--json")
    assert (run.code, run.json["ok"], run.json["error"]) == (6, False, "temporary")
    trouble(x)
    run = bot.run("logout", "--json", "--force")
    fields = {"ok": True, "profile": "default", "withdrawn": False, "lives_on": False}
    assert (run.code, run.json) == (0, fields)


def test_as_json_it_says_what_became_of_the_access(bot: Bot) -> None:
    document = bot.document
    run = bot.run("logout", "--json")
    fields = {"ok": True, "profile": "default", "withdrawn": True, "lives_on": False}
    assert (run.code, run.json) == (0, fields)
    bot.write(document)
    bot.run("export")
    assert bot.run("logout", "--json").json == {**fields, "withdrawn": False, "lives_on": True}


def test_a_logout_that_failed_can_be_repeated(bot: Bot, x: Sandbox) -> None:
    silent_about_the_second(x)
    assert [bot.run("logout").code for _ in range(2)] == [6, 0]
    assert files(bot) == ["default.json.lock"]


def test_wrong_client_credentials_end_with_2_and_leave_the_bot(bot: Bot) -> None:
    bot.change(client={"client_secret": "wrong"})
    before = bot.path.read_bytes()
    run = bot.run("logout")
    assert run.code == 2
    assert "client id or client secret" in run.err
    assert bot.path.read_bytes() == before


# --- a bot that is not this machine's ---------------------------------------------------------


def test_a_moved_bot_is_forgotten_here_and_lives_on_there(bot: Bot, x: Sandbox) -> None:
    document = json.loads(bot.run("export").out)
    run = bot.run("logout")
    assert (run.code, "Logged out" in run.out) == (0, False)
    assert run.out == "Forgotten here; the bot lives on where it was moved to\n"
    assert x.requests == ()
    assert files(bot) == ["default.json.lock"]
    bot.write(document)  # as on the other machine
    assert bot.run("renew").code == 0
    assert bot.run("post", "Hello").code == 0


@pytest.fixture
def elsewhere(bot: Bot) -> Iterator[Sandbox]:
    """Another server, which the bot's login belongs to; the environment says `x`."""
    with Sandbox() as elsewhere:
        bot.change(client={"api_url": elsewhere.url})
        yield elsewhere


def test_the_login_of_another_server_is_left_alone(
    bot: Bot, x: Sandbox, elsewhere: Sandbox
) -> None:
    before = bot.path.read_bytes()
    run = bot.run("logout")
    assert run.code == 2
    assert "Set TWEETBOT_API_URL" in run.err
    assert "Run it again later" not in run.err
    assert bot.path.read_bytes() == before
    assert x.requests == elsewhere.requests == ()


def test_a_token_goes_to_no_other_server_by_force_either(
    bot: Bot, x: Sandbox, elsewhere: Sandbox
) -> None:
    run = bot.run("logout", "--force")
    assert run.code == 0
    assert BY_HAND in run.err
    assert x.requests == elsewhere.requests == ()
    assert files(bot) == ["default.json.lock"]


def test_a_moved_bot_of_another_server_is_left_alone_too(bot: Bot, elsewhere: Sandbox) -> None:
    bot.change(moved={"at": 1, "note": "tweetbot export"})
    before = bot.path.read_bytes()
    assert (bot.run("logout").code, bot.path.read_bytes()) == (2, before)
    run = bot.run("logout", "--force")
    assert (run.code, "lives on" in run.out, BY_HAND in run.err) == (0, True, False)
    assert elsewhere.requests == ()


def test_an_unreadable_profile_is_left_alone(bot: Bot) -> None:
    bot.path.write_bytes(broken := bot.path.read_bytes()[:-20])
    run = bot.run("logout")
    assert run.code == 2
    assert "it is not JSON" in run.err
    assert "Run it again later" not in run.err
    assert "--force" in run.err
    assert bot.path.read_bytes() == broken


def test_force_removes_an_unreadable_profile(bot: Bot, x: Sandbox) -> None:
    bot.path.write_bytes(bot.path.read_bytes()[:-20])
    run = bot.run("logout", "--force")
    assert run.code == 0
    assert BY_HAND in run.err
    assert x.requests == ()
    assert files(bot) == ["default.json.lock"]


@pytest.mark.parametrize("args", [[], ["--force"]])
def test_without_a_login_it_ends_with_4_and_leaves_no_file(bot: Bot, args: list[str]) -> None:
    bot.path.unlink()
    run = bot.run("logout", *args)
    assert (run.code, run.out) == (4, "")
    assert files(bot) == []


# --- all under the lock -----------------------------------------------------------------------


def test_a_post_that_comes_during_a_logout_finds_no_login(bot: Bot, x: Sandbox) -> None:
    x.fault("revoke", Fault("delay", seconds=1.5))
    with bot.start("logout") as logout:
        wait_for(lambda: x.count("revoke") == 1)
        post = bot.run("post", "Hello")
        logout.communicate(timeout=60)
    assert (logout.returncode, post.code) == (0, 4)
    assert [request.step for request in x.requests] == ["revoke", "revoke"]
    assert files(bot) == ["default.json.lock"]


def test_a_logout_that_comes_during_a_post_waits_for_its_end(bot: Bot, x: Sandbox) -> None:
    x.fault("post", Fault("delay", seconds=1.5))
    with bot.start("post", "Hello") as post:
        wait_for(lambda: x.count("post") == 1)
        logout = bot.run("logout")
        post.communicate(timeout=60)
    assert (post.returncode, logout.code) == (0, 0)
    assert [request.step for request in x.requests] == ["post", "revoke", "revoke"]
    assert len(x.posts) == 1
    assert files(bot) == ["default.json.lock"]


def test_an_unreadable_profile_that_was_kept_is_forgotten_too(bot: Bot) -> None:
    bad = bot.folder / "default.json.bad"
    bad.write_bytes(bot.path.read_bytes())
    assert bot.run("logout").code == 0
    assert not bad.exists()
