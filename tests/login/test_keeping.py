"""`auth` when X has ended the login before: the new one is kept, or it is said that it is not."""

from __future__ import annotations

import fcntl
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.login.test_auth import (
    Screen,
    alive,
    assert_silent,
    decide,
    lock_file,
    log_in,
    on_a_terminal,
    wait_for,
)
from tweetbot.sandbox import Fault, Sandbox

MAY_HAVE_ENDED = "It may have ended the earlier login of this profile: `tweetbot renew` tells"

if TYPE_CHECKING:
    from tests.conftest import Auth, Bot


@pytest.fixture
def bot(bot: Bot) -> Bot:
    """The bot that is logged in, ready for another login."""
    bot.take_callback()
    return bot


def heard(auth: Auth, words: str) -> bool:
    """Wait until `auth` says something with these words; False if it ends before."""
    assert auth.process.stderr
    return any(words in line.decode() for line in auth.process.stderr)


def beside(bot: Bot) -> Bot:
    """The same profile, for a second login at the same time: with a callback URL of its own."""
    other = replace(bot, environ={**bot.environ})
    other.take_callback()
    return other


def close(bot: Bot) -> None:
    """Let every save of the bot fail from now on."""
    bot.path.with_name(f"{bot.name}.json.tmp").mkdir()


# --- another run has the lock -----------------------------------------------------------------


def test_a_login_waits_for_a_whole_run_and_says_so(bot: Bot, full: bool) -> None:
    with lock_file(bot) as other_run, bot.auth() as auth:
        url = auth.url
        fcntl.flock(other_run, fcntl.LOCK_EX)
        decide(url)
        assert heard(auth, "Another run of this bot is active")
        time.sleep(31 if full else 0)  # longer than any other command waits
        fcntl.flock(other_run, fcntl.LOCK_UN)
        run = auth.end()
    assert run.code == 0, run.err
    assert bot.run("renew").code == 0


def test_a_login_waits_before_the_browser_too(bot: Bot) -> None:
    with lock_file(bot) as other_run:
        fcntl.flock(other_run, fcntl.LOCK_EX)
        with bot.auth() as auth:
            assert heard(auth, "Another run of this bot is active")
            fcntl.flock(other_run, fcntl.LOCK_UN)
            decide(auth.url)
            assert auth.end().code == 0


def test_a_login_that_waits_in_vain_is_withdrawn(bot: Bot) -> None:
    with lock_file(bot) as other_run, bot.auth() as auth:
        url = auth.url
        fcntl.flock(other_run, fcntl.LOCK_EX)
        decide(url)
        assert heard(auth, "Another run of this bot is active")
        auth.process.terminate()
        run = auth.end()
    assert run.code == 143
    assert "The new login was withdrawn" in run.err
    assert "It has ended the earlier login of this profile" in run.err
    assert alive(bot.x) == set()


# --- two logins at once -----------------------------------------------------------------------


@pytest.mark.slow
def test_a_login_never_replaces_a_later_one(bot: Bot, x: Sandbox) -> None:
    x.fault("me", Fault("delay", seconds=8))
    with bot.auth() as early:
        decide(early.url)
        wait_for(lambda: x.count("me") == 1)
        time.sleep(1.1)  # times are in seconds
        late = log_in(beside(bot))
        kept = bot.document["token"]
        ended = early.end()
    assert late.code == 0, late.err
    assert (ended.code, ended.out) == (6, ""), ended.err
    assert "newer" in ended.err
    assert bot.document["token"] == kept
    assert bot.run("renew").code == 0


def test_a_login_never_replaces_another_account_that_came_meanwhile(
    newcomer: Bot, x: Sandbox
) -> None:
    with newcomer.auth() as early:
        url = early.url
        x.account = x.add_account("catfacts")
        assert log_in(beside(newcomer)).code == 0
        kept = newcomer.document
        x.account = x.add_account("owlfacts")
        decide(url)
        ended = early.end()
    assert ended.code == 2, ended.err
    assert "belongs to @catfacts" in ended.err
    assert newcomer.document == kept
    assert x.count("revoke") == 1
    assert newcomer.run("renew").code == 0


def test_a_login_replaces_the_one_that_was_there_whatever_its_time(bot: Bot) -> None:
    bot.change(token={"obtained_at": int(time.time()) + 120})
    assert log_in(bot).code == 0
    assert bot.run("renew").code == 0


def test_a_login_replaces_one_whose_time_lies_ahead(bot: Bot) -> None:
    with bot.auth() as auth:
        url = auth.url
        assert bot.run("renew").code == 0
        bot.change(token={"obtained_at": int(time.time()) + 2 * 365 * 86400})
        decide(url)
        run = auth.end()
    assert run.code == 0, run.err
    assert bot.run("renew").code == 0


# --- killed, or refused by the disk -----------------------------------------------------------


@on_a_terminal
def test_a_login_of_the_same_account_is_saved_before_the_question(bot: Bot) -> None:
    with Screen(bot) as screen:
        decide(screen.url())
        screen.expect("[Y/n] ")
        screen.kill()
    assert bot.run("renew").code == 0


def test_a_login_that_cannot_be_saved_is_withdrawn(newcomer: Bot) -> None:
    with newcomer.auth() as auth:
        url = auth.url
        close(newcomer)
        decide(url)
        run = auth.end()
    assert (run.code, run.out) == (2, ""), run.err
    assert "The new login was withdrawn" in run.err
    assert "earlier login" not in run.err
    assert alive(newcomer.x) == set()


def test_what_a_login_that_cannot_be_saved_has_ended_is_told(bot: Bot) -> None:
    with bot.auth() as auth:
        url = auth.url
        close(bot)
        decide(url)
        run = auth.end()
    assert run.code == 2, run.err
    assert "It has ended the earlier login of this profile: run `tweetbot auth` again" in run.err
    assert_silent(bot.x, run.err)


def test_a_refused_login_may_have_ended_one_whose_account_is_not_known(bot: Bot) -> None:
    bot.change(account=None)
    run = log_in(bot, "--account", "catfacts")
    assert run.code == 4
    assert MAY_HAVE_ENDED in run.err


def test_a_login_that_is_left_before_x_says_whose_it_is_may_have_ended_one(bot: Bot) -> None:
    bot.x.fault("me", Fault("delay", seconds=3))
    with bot.auth() as auth:
        decide(auth.url)
        wait_for(lambda: bot.x.count("me") == 1)
        auth.process.terminate()
        run = auth.end()
    assert run.code == 143
    assert MAY_HAVE_ENDED in run.err


def test_the_profile_of_another_server_that_came_meanwhile_is_not_replaced(newcomer: Bot) -> None:
    with newcomer.auth() as auth:
        url = auth.url
        newcomer.log_in()
        newcomer.change(client={"api_url": "http://127.0.0.1:9"})
        before = newcomer.document
        decide(url)
        run = auth.end()
    assert (run.code, newcomer.document) == (2, before), run.err
    assert newcomer.x.count("revoke") == 1


@on_a_terminal
def test_a_budget_that_could_not_be_saved_does_not_send_a_person_to_the_browser(
    newcomer: Bot,
) -> None:
    newcomer.environ |= {"TWEETBOT_CLIENT_ID": "", "TWEETBOT_CLIENT_SECRET": ""}
    with Screen(newcomer, "--account", "dogfacts") as screen:
        screen.expect("client id: ")
        screen.type(newcomer.x.public_client_id)
        screen.expect("client secret")
        screen.type("")
        decide(screen.url())
        screen.expect("in USD (empty = no limit): ")
        close(newcomer)
        screen.type("5")
        assert screen.end() == 2
    assert "The login is saved, the budget is not" in screen.text
    assert "`tweetbot renew --budget USD`" in screen.text
