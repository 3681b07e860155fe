"""Which bot a command is about: -p, TWEETBOT_PROFILE, `default`, or the only one there is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Bot, RedisServer

LONG = "a" * 281


@pytest.fixture
def dogfacts(bot: Bot) -> Bot:
    """A bot called dogfacts, and no profile `default`."""
    return renamed(bot, "dogfacts")


def renamed(bot: Bot, name: str) -> Bot:
    other = replace(bot, name=name)
    bot.path.rename(other.path)
    return other


def beside(bot: Bot, name: str) -> Bot:
    """Another bot in the same folder, for another account."""
    other = replace(bot, name=name)
    other.write({**bot.document, "account": {"id": "77", "username": name}})
    return other


# --- what works without -p --------------------------------------------------------------------


@pytest.mark.parametrize("command", [["post", "Hello"], ["renew"], ["post", "-n", "Hello"]])
def test_the_only_bot_is_meant_where_none_is_named(dogfacts: Bot, command: list[str]) -> None:
    run = dogfacts.run(*command)
    assert run.code == 0, run.err
    assert (command[:2] != ["post", "-n"]) or "@dogfacts" in run.err


def test_the_messages_about_the_only_bot_name_it(dogfacts: Bot) -> None:
    dogfacts.x.revoke_all()
    assert "`tweetbot auth -p dogfacts`" in dogfacts.run("renew").err


@pytest.mark.parametrize("command", [["post", "Hello"], ["renew"], ["post", "-n", "Hello"]])
def test_where_there_are_several_the_command_asks_which(dogfacts: Bot, command: list[str]) -> None:
    beside(dogfacts, "cats")
    run = dogfacts.run(*command)
    assert (run.code, run.out) == (2, "")
    assert "Which bot? cats or dogfacts: say -p" in run.err
    assert "tweetbot auth" not in run.err
    assert dogfacts.x.requests == ()


def test_default_is_meant_beside_others(bot: Bot) -> None:
    beside(bot, "cats").path.write_text("unreadable")
    assert bot.run("post", "Hello").code == 0


def test_a_default_that_cannot_be_read_is_not_passed_over(bot: Bot) -> None:
    beside(bot, "cats")
    bot.path.write_text("{")
    assert "default.json cannot be read" in bot.run("renew").err


def test_the_environment_names_the_bot_and_the_option_wins(dogfacts: Bot) -> None:
    beside(dogfacts, "cats").environ["TWEETBOT_PROFILE"] = "nobody"
    assert dogfacts.run("renew").code == 4
    assert dogfacts.run("renew", "-p", "dogfacts").code == 0
    dogfacts.environ["TWEETBOT_PROFILE"] = "dogfacts"
    assert dogfacts.run("renew").code == 0


def test_the_text_is_checked_before_anybody_asks_which_bot(dogfacts: Bot) -> None:
    beside(dogfacts, "cats")
    assert dogfacts.run("post", LONG).code == 3


def test_other_names_are_looked_up_only_where_default_is_missing(
    bot: Bot, redis_server: RedisServer
) -> None:
    bot.environ["TWEETBOT_STORE"] = f"{redis_server.url}"
    assert bot.run("import", stdin=bot.path.read_bytes()).code == 0
    assert bot.run("import", "-p", "cats", stdin=bot.path.read_bytes()).code == 0
    redis_server.ask("CONFIG", "RESETSTAT")
    assert bot.run("renew").code == 0
    assert "cmdstat_scan" not in redis_server.ask("INFO", "commandstats")
    redis_server.ask("RENAME", "tweetbot:default", "tweetbot:dogfacts")
    assert "Which bot? cats or dogfacts: say -p" in bot.run("renew").err
    redis_server.ask("DEL", "tweetbot:cats")
    assert bot.run("renew").code == 0


def test_a_bot_behind_commands_is_the_only_one(dogfacts: Bot, tmp_path: Path) -> None:
    beside(dogfacts, "cats")
    dogfacts.environ |= {
        "TWEETBOT_LOAD_COMMAND": f"cat {dogfacts.path}",
        "TWEETBOT_SAVE_COMMAND": f"cat > {tmp_path}/kept",
    }
    assert dogfacts.run("post", "Hello").code == 0


def test_what_is_no_name_of_a_bot_is_no_choice(dogfacts: Bot) -> None:
    (dogfacts.folder / "my notes.json").write_text("{}")
    assert dogfacts.run("renew").code == 0


# --- what wants -p ----------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["auth", "export", "logout", "import"])
@pytest.mark.parametrize("bots", [1, 2])
def test_what_begins_moves_or_ends_a_login_wants_to_be_told_which(
    dogfacts: Bot, command: str, bots: int
) -> None:
    document = dogfacts.path.read_bytes()
    names = "dogfacts"
    if bots == 2:
        beside(dogfacts, "cats")
        names = "cats or dogfacts"
    run = dogfacts.run(command, stdin=document)
    assert (run.code, run.out) == (2, "")
    assert f"Which bot? {names}: say -p" in run.err
    assert dogfacts.path.read_bytes() == document
    assert not (dogfacts.folder / "default.json").exists()
    assert dogfacts.x.requests == ()


def test_the_first_bot_needs_no_name(newcomer: Bot, bot: Bot) -> None:
    document = bot.path.read_bytes()
    bot.path.unlink()
    assert newcomer.run("import", stdin=document).code == 0
    assert newcomer.run("export").code == 0
    assert newcomer.run("logout").code == 0


# --- a name that is not there -----------------------------------------------------------------


def test_a_mistyped_name_gets_no_advice_that_would_end_the_other_login(dogfacts: Bot) -> None:
    run = dogfacts.run("post", "-p", "dogfact", "Hello")
    assert run.code == 4
    assert "Name one of these by -p: dogfacts" in run.err
    assert "`tweetbot auth -p dogfact`" not in run.err
