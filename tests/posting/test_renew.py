"""`renew`: a new login without a post, whenever it is wanted."""

from __future__ import annotations

import fcntl
import hashlib
import time
from typing import TYPE_CHECKING, Any

import pytest

from tweetbot.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot, Clock, Run

HOUR = 3600
TOKENS = ("access_token", "refresh_token")
UNAVAILABLE = Fault("status", status=503)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()[:16]


def asked(x: Sandbox) -> list[str]:
    return [request.step for request in x.requests]


def shows_a_secret(bot: Bot, run: Run) -> bool:
    return any(secret in run.out + run.err for secret in bot.x.secrets)


def leave_a_post_open(bot: Bot, clock: Clock) -> Any:
    """Let a post end without an answer; return what is pending."""
    bot.x.fault("post", Fault("reset", after=True))
    assert bot.post("Hello", clock=clock, check_after=()).code == 7
    return bot.document["pending"]


# --- a new login ------------------------------------------------------------------------------


@pytest.mark.parametrize("public", [False, True])
def test_it_asks_once_and_saves_the_new_pair(bot: Bot, x: Sandbox, public: bool) -> None:
    bot.log_in(public=public, age=100)
    old = bot.document["token"]
    run = bot.run("renew")
    assert (run.code, run.out, run.err) == (0, "Renewed\n", "")
    assert asked(x) == ["token"]
    new = bot.document["token"]
    assert all(new[name] in x.secrets and new[name] != old[name] for name in TOKENS)
    assert new["parent"] == digest(old["refresh_token"])
    assert old["obtained_at"] < new["obtained_at"] <= time.time()
    assert new["expires_at"] == new["obtained_at"] + 7200
    assert not shows_a_secret(bot, run)


def test_the_new_login_posts_and_renews_again(bot: Bot, x: Sandbox) -> None:
    assert bot.run("renew").code == 0
    assert bot.run("post", "Hello").code == 0
    assert bot.run("renew").code == 0
    assert asked(x) == ["token", "post", "token"]


def test_all_else_that_the_bot_remembers_stays(bot: Bot) -> None:
    assert bot.run("post", "Hello").code == 0
    bot.change(cursors={"facts": 3}, later=1, token={"later": 2})
    before = bot.document
    assert bot.run("renew").code == 0
    after = bot.document
    assert after.pop("token")["later"] == before.pop("token")["later"] == 2
    assert after == before


def test_what_is_pending_stays_so(bot: Bot, clock: Clock, x: Sandbox) -> None:
    pending = leave_a_post_open(bot, clock)
    old = bot.document["token"]
    assert bot.run("renew").code == 0
    assert bot.document["pending"] == pending
    assert bot.document["token"]["parent"] == digest(old["refresh_token"])
    assert asked(x) == ["post", "token"]  # whoever posts next looks for it
    ended = bot.post("Hello", clock=clock)
    assert (ended.code, len(x.posts)) == (0, 1)


# --- only if it is older ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "if_older", "renews"),
    [
        (50 * 60, "1h", False),
        (70 * 60, "1h", True),
        (50 * 60, "45m", True),
        (10, "0s", True),
        (6 * 24 * HOUR, "7d", False),
        (-10 * 60, "1h", True),  # the clock went back: nobody knows how old it is
    ],
)
def test_a_login_that_is_younger_is_left_alone(
    bot: Bot, x: Sandbox, age: int, if_older: str, renews: bool
) -> None:
    bot.log_in(age=age)
    before = bot.path.read_bytes()
    run = bot.run("renew", "--if-older", if_older)
    assert (run.code, run.out) == (0, "Renewed\n" if renews else "Not due yet\n")
    assert x.count("token") == renews
    assert (bot.path.read_bytes() != before) == renews


def test_a_login_of_unknown_age_is_renewed(bot: Bot, x: Sandbox) -> None:
    bot.change(token={"obtained_at": None})
    assert bot.run("renew", "--if-older", "365d").out == "Renewed\n"
    assert x.count("token") == 1


def test_a_duration_that_is_none_ends_with_2(bot: Bot, x: Sandbox) -> None:
    run = bot.run("renew", "--if-older", "soon")
    assert run.code == 2
    assert "36h" in run.err
    assert asked(x) == []


# --- what is printed --------------------------------------------------------------------------


def test_the_result_as_json(bot: Bot) -> None:
    renewed = bot.run("renew", "--json")
    expires_at = bot.document["token"]["expires_at"]
    assert renewed.json == {"ok": True, "renewed": True, "expires_at": expires_at}
    not_due = bot.run("renew", "--json", "--if-older", "1h")
    assert not_due.json == {"ok": True, "renewed": False, "expires_at": expires_at}


def test_quiet_prints_nothing(bot: Bot, x: Sandbox) -> None:
    for args in (["-q"], ["-q", "--if-older", "1h"]):
        run = bot.run("renew", *args)
        assert (run.code, run.out, run.err) == (0, "", "")
    assert x.count("token") == 1


def test_verbose_shows_the_request_without_secrets(bot: Bot, x: Sandbox) -> None:
    run = bot.run("renew", "-v")
    assert f"POST {x.url}/2/oauth2/token" in run.err
    assert not shows_a_secret(bot, run)


# --- failures ---------------------------------------------------------------------------------


def test_a_refused_login_ends_with_4_and_is_written_down(bot: Bot, x: Sandbox) -> None:
    x.revoke_all()
    old = bot.document["token"]
    run = bot.run("renew")
    assert (run.code, run.out) == (4, "")
    assert "tweetbot auth" in run.err
    error = bot.document["last_error"]
    assert (error["code"], error["error"], error["count"]) == (4, "login-needed", 1)
    assert f"Error: {error['message']}\n" == run.err
    assert bot.document["token"] == old
    assert asked(x) == ["token"]
    assert not shows_a_secret(bot, run)


def test_the_same_failure_again_counts(bot: Bot, x: Sandbox) -> None:
    x.revoke_all()
    for _ in range(3):
        assert bot.run("renew").code == 4
    assert bot.document["last_error"]["count"] == 3


def test_another_failure_begins_at_one(bot: Bot, x: Sandbox) -> None:
    x.fault("token", Fault("status", status=402, times=2))
    assert [bot.run("renew").code for _ in range(2)] == [5, 5]
    x.revoke_all()
    assert bot.run("renew").code == 4
    error = bot.document["last_error"]
    assert (error["code"], error["count"]) == (4, 1)


def test_a_failure_as_json(bot: Bot, x: Sandbox) -> None:
    x.revoke_all()
    run = bot.run("renew", "--json", "-q")
    assert run.code == 4
    assert run.json["ok"] is False
    assert (run.json["code"], run.json["error"]) == (4, "login-needed")
    assert run.json["x"]["status"] == 400


@pytest.mark.slow
def test_an_x_that_cannot_be_reached_ends_with_6(bot: Bot, x: Sandbox) -> None:
    x.close()
    old = bot.document["token"]
    run = bot.run("renew")
    assert run.code == 6
    assert "could not be reached" in run.err
    assert bot.document["token"] == old
    assert bot.document["last_error"]["error"] == "temporary"
    assert not bot.path.with_name("default.json.next").exists()


def test_a_lost_answer_is_asked_for_once_more(bot: Bot, x: Sandbox) -> None:
    x.fault("token", Fault("reset"))
    assert bot.run("renew").code == 0
    assert asked(x) == ["token", "token"]


def test_two_lost_answers_end_with_6(bot: Bot, x: Sandbox) -> None:
    for _ in range(3):
        x.fault("token", UNAVAILABLE)
    old = bot.document["token"]
    assert bot.run("renew").code == 6
    assert asked(x) == ["token", "token"]
    assert bot.document["token"] == old


def test_the_old_access_token_is_no_success(bot: Bot, x: Sandbox) -> None:
    """A post would go on with it; but here the renewal itself was asked for."""
    x.fault("token", Fault("reset", after=True))
    assert bot.run("renew").code == 4
    assert asked(x) == ["token", "token"]


def test_a_failure_keeps_what_is_pending(bot: Bot, clock: Clock, x: Sandbox) -> None:
    pending = leave_a_post_open(bot, clock)
    x.revoke_all()
    assert bot.run("renew").code == 4
    assert bot.document["pending"] == pending


def test_a_disk_that_cannot_save_is_found_before_x_is_asked(bot: Bot, x: Sandbox) -> None:
    bot.path.with_name("default.json.tmp").mkdir()
    before = bot.path.read_bytes()
    run = bot.run("renew")
    assert run.code == 2
    assert "default.json" in run.err
    assert asked(x) == []
    assert bot.path.read_bytes() == before


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"moved": {"at": 1, "note": ""}}, 4),
        ({"version": 2}, 2),
    ],
)
def test_a_login_that_is_not_this_machines_is_left_alone(
    bot: Bot, x: Sandbox, changes: dict[str, Any], code: int
) -> None:
    bot.change(**changes)
    before = bot.path.read_bytes()
    assert bot.run("renew").code == code
    assert asked(x) == []
    assert bot.path.read_bytes() == before


def test_a_token_goes_to_no_other_server(bot: Bot) -> None:
    with Sandbox() as elsewhere:
        bot.change(client={"api_url": elsewhere.url})
        assert bot.run("renew").code == 2
        assert elsewhere.requests == bot.x.requests == ()


def test_without_a_login_it_ends_with_4_and_leaves_no_file(bot: Bot) -> None:
    bot.path.unlink()
    assert bot.run("renew").code == 4
    assert list(bot.folder.iterdir()) == []


def test_another_run_is_waited_for_as_long_as_asked(bot: Bot, x: Sandbox) -> None:
    with bot.path.with_name("default.json.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert bot.run("renew", "--wait", "0.2").code == 6
        assert asked(x) == []
        with bot.start("renew") as waiting:
            time.sleep(0.5)
            fcntl.flock(file, fcntl.LOCK_UN)
            waiting.communicate(timeout=60)
    assert waiting.returncode == 0
    assert asked(x) == ["token"]


def test_what_stopped_a_post_is_still_known_after_a_renewal(bot: Bot, clock: Clock) -> None:
    """A new token buys no credits."""
    bot.x.fault("post", Fault("status", status=402))
    assert bot.post("Hello", clock=clock).code == 5
    error = bot.document["last_error"]
    assert bot.run("renew").code == 0
    assert bot.document["last_error"] == error


def test_a_renewal_that_works_ends_the_trouble_with_the_login(bot: Bot, x: Sandbox) -> None:
    for _ in range(2):
        x.fault("token", UNAVAILABLE)
    assert bot.run("renew").code == 6
    assert bot.run("renew").code == 0
    assert "last run failed" not in bot.run("status").out
