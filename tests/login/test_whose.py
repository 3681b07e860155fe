"""A login of which X did not say whose it is: nothing is posted before that is known."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.login.test_auth import log_in
from tweetbot.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot

HELLO = "Hello, world"


def be_logged_in_as_a_stranger(x: Sandbox) -> None:
    """Let the browser be logged in as somebody else, and X not say so."""
    x.account = x.add_account("stranger")
    x.fault("me", Fault("status", status=503))


@pytest.mark.parametrize("status", [402, 503])
def test_a_strangers_login_never_posts_where_x_did_not_say_whose_it_is(
    newcomer: Bot, x: Sandbox, status: int
) -> None:
    x.account = x.add_account("stranger")
    x.fault("me", Fault("status", status=status))
    assert log_in(newcomer, "--account", "@catfacts").code == 0
    document = newcomer.document
    assert (document["account"], document["expected"]["username"]) == (None, "catfacts")
    ended = newcomer.run("post", HELLO)
    assert (ended.code, x.posts) == (4, ()), ended.err
    assert "belongs to @stranger, not to @catfacts" in ended.err
    assert (x.count("revoke"), newcomer.path.exists()) == (1, False)


def test_what_a_strangers_login_replaced_is_put_back(bot: Bot, x: Sandbox) -> None:
    bot.take_callback()
    owner = x.account
    before = bot.document
    be_logged_in_as_a_stranger(x)
    assert log_in(bot).code == 0
    assert bot.document["expected"] == {"id": owner.id, "username": owner.username}
    ended = bot.run("post", HELLO)
    assert (ended.code, x.posts, x.count("revoke")) == (4, (), 1), ended.err
    after = bot.document
    assert all(after[key] == before[key] for key in ("account", "token", "client"))
    assert (after["expected"], after["replaced"], after["pending"]) == (None, None, None)
    assert bot.run("post", HELLO).code == 0
    assert [post.account_id for post in x.posts] == [owner.id]


def test_a_second_login_without_a_word_keeps_what_the_first_replaced(bot: Bot, x: Sandbox) -> None:
    bot.take_callback()
    token = bot.document["token"]
    for _ in range(2):
        be_logged_in_as_a_stranger(x)
        assert log_in(bot).code == 0
    assert bot.document["replaced"]["token"] == token


@pytest.mark.parametrize(("status", "code"), [(402, 5), (503, 6)])
def test_nothing_is_posted_while_x_does_not_say_whose_login_it_is(
    bot: Bot, x: Sandbox, status: int, code: int
) -> None:
    bot.change(account=None, expected={"username": x.account.username})
    bot.make_due()
    x.fault("me", Fault("status", status=status))
    ended = bot.run("post", HELLO)
    assert (ended.code, x.posts, bot.document["pending"]) == (code, (), None), ended.err
    assert bot.run("post", HELLO).code == 0
    assert bot.document["account"]["id"] == x.account.id
    assert (bot.document["expected"], bot.document["replaced"]) == (None, None)


def test_an_earlier_post_is_not_looked_for_on_a_strangers_timeline(bot: Bot, x: Sandbox) -> None:
    bot.change(
        account=None,
        expected={"username": "catfacts"},
        pending={"text": HELLO, "digest": "d", "at": 1_790_000_000},
    )
    ended = bot.run("post", "Another")
    assert (ended.code, x.count("timeline"), x.posts) == (4, 0, ()), ended.err


def test_a_renamed_handle_does_not_block_a_bot_whose_id_is_known(bot: Bot, x: Sandbox) -> None:
    owner = x.account
    bot.change(account=None, expected={"id": owner.id, "username": "the_old_name"})
    ended = bot.run("post", HELLO)
    assert (ended.code, len(x.posts)) == (0, 1), ended.err
    assert bot.document["account"] == {"id": owner.id, "username": owner.username}


def test_a_login_by_the_old_name_of_a_renamed_handle_is_no_strangers(bot: Bot, x: Sandbox) -> None:
    bot.take_callback()
    bot.change(account={"username": "the_old_name"})
    assert log_in(bot, "--account", "the_old_name").code == 0
    assert bot.document["account"]["username"] == x.account.username


def test_a_login_that_has_to_be_somebodys_is_refused_by_the_next_one(bot: Bot) -> None:
    bot.take_callback()
    bot.change(account=None, expected={"id": "1", "username": "catfacts"})
    ended = log_in(bot)
    assert ended.code == 2, ended.err
    assert "belongs to @catfacts" in ended.err


def test_a_strangers_login_that_cannot_be_withdrawn_is_told(bot: Bot, x: Sandbox) -> None:
    bot.take_callback()
    be_logged_in_as_a_stranger(x)
    assert log_in(bot).code == 0
    x.fault("revoke", Fault("status", status=503))
    ended = bot.run("post", HELLO)
    assert (ended.code, x.posts) == (4, ())
    assert "could not be withdrawn" in ended.err
    assert "https://x.com/settings/connected_apps" in ended.err


def test_a_logout_withdraws_what_was_replaced_too(bot: Bot, x: Sandbox) -> None:
    bot.take_callback()
    before = bot.document["token"]["refresh_token"]
    be_logged_in_as_a_stranger(x)
    assert log_in(bot).code == 0
    after = bot.document["token"]["refresh_token"]
    assert bot.run("logout").code == 0
    withdrawn = {request.form["token"] for request in x.requests if request.step == "revoke"}
    assert {before, after} <= withdrawn


def test_the_log_of_a_ci_hides_the_login_that_was_replaced(bot: Bot, x: Sandbox) -> None:
    bot.take_callback()
    token = bot.document["token"]
    be_logged_in_as_a_stranger(x)
    assert log_in(bot).code == 0
    bot.environ |= {"TWEETBOT_PROFILE_JSON": bot.path.read_text(), "GITHUB_ACTIONS": "true"}
    bot.environ["TWEETBOT_SAVE_COMMAND"] = "cat > /dev/null"
    said = bot.run("renew").err
    for name in ("access_token", "refresh_token"):
        assert f"::add-mask::{token[name]}" in said


def test_a_moved_bot_stays_moved_after_a_strangers_login(bot: Bot, x: Sandbox) -> None:
    bot.take_callback()
    assert bot.run("export").code == 0
    moved = bot.document["moved"]
    be_logged_in_as_a_stranger(x)
    assert log_in(bot).code == 0
    assert bot.run("post", HELLO).code == 4
    assert bot.document["moved"] == moved
    assert bot.run("post", HELLO).code == 4
    assert x.posts == ()
