"""A profile that only points to where its bot lives: each command with it goes on there."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from tests.conftest import Bot, GitHost, Run
from tests.git_server import GitServer
from tests.test_move_into import REF, clone_of, there
from tweetbot.profile import Profile
from tweetbot.settings import read_settings
from tweetbot.store import open_store, read_target
from tweetbot.store.git_remote import Address

if TYPE_CHECKING:
    from tests.conftest import RedisServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="paths and modes of POSIX")


@pytest.fixture
def moved(bot: Bot, git_host: GitHost) -> Bot:
    """A bot that was moved into `git_host`."""
    run = bot.run("export", "--to", f"git:{git_host.url}")
    assert run.code == 0, run.err
    return bot


def profile_of(bot: Bot) -> Profile:
    variables = {**os.environ, **bot.variables}
    return open_store(read_settings(variables), variables, warn=lambda _: None).load()


def log_in(bot: Bot, *args: str) -> Run:
    bot = replace(bot, environ={**bot.environ})
    bot.take_callback()
    bot.x.approve = True
    with bot.auth(*args) as auth, urlopen(auth.url) as page:
        page.read()
        return auth.end()


# -- where it leads -------------------------------------------------------------------------------


def test_a_variable_wins_over_a_pointer(moved: Bot, tmp_path: Path) -> None:
    other = GitHost(tmp_path / "other.git")
    moved.environ |= other.variables
    run = moved.run("post", "Hello")
    assert (run.code, moved.x.requests) == (4, ())
    assert "other.git" in run.err
    moved.environ.clear()
    assert moved.run("post", "Hello").code == 0


@pytest.mark.parametrize("way", ["git:../host.git", "git:origin", "git:~/host.git"])
def test_where_it_leads_does_not_depend_on_where_one_stands(
    way: str, bot: Bot, git_host: GitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(clone_of(git_host, tmp_path / "clone", "../host.git"))
    assert bot.run("export", "--to", way).code == 0
    assert bot.document["lives_in"]["store"] == f"git:{git_host.folder}"
    monkeypatch.chdir("/")
    assert bot.run("post", "Hello").code == 0


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://ghp_1@h/b.git", "https://h/b.git"),
        ("https://me:ghp_1@h/b.git", "https://h/b.git"),
        ("ssh://git@h/b.git", "ssh://git@h/b.git"),
        ("ssh://git:ghp_1@h/b.git", "ssh://git@h/b.git"),
        ("git@h:b.git", "git@h:b.git"),
        ("https://h/b.git", "https://h/b.git"),
        ("file:///a@b/c.git", "file:///a@b/c.git"),
    ],
)
def test_no_token_of_a_url_is_kept(url: str, kept: str) -> None:
    target = read_target(f"git:{url}?branch", {})
    assert target.lives_in.store == f"git:{kept}?branch"
    assert "ghp_1" not in f"{target} {target!r}"
    assert Address.parse(target.lives_in.store).on_branches


@pytest.mark.parametrize("to", ["", "git", "bot.json", "ftp://host/bot", "git:-u x", "redis:"])
def test_what_names_no_store_is_refused(to: str, bot: Bot) -> None:
    before = bot.path.read_bytes()
    run = bot.run("export", "--to", to)
    assert (run.code, bot.path.read_bytes()) == (2, before), run.err


def test_a_profile_that_is_not_there_is_not_moved(bot: Bot, git_host: GitHost) -> None:
    run = bot.run("export", "-p", "cats", "--to", f"git:{git_host.url}")
    assert (run.code, git_host.git("for-each-ref")) == (4, "")


def test_two_folders_may_point_to_one_bot(moved: Bot, git_host: GitHost, tmp_path: Path) -> None:
    second = replace(moved, folder=tmp_path / "second", environ={})
    second.write(moved.document)
    for one in (moved, second, there(moved, git_host)):
        assert one.run("renew").code == 0
    assert {one.status for one in moved.x.requests if one.step == "token"} == {200}


def test_two_bots_may_live_in_one_repository(bot: Bot, git_host: GitHost) -> None:
    cats = replace(bot, name="cats")
    cats.log_in()
    cats.change(client={"client_id": "another"})
    for name in ("default", "cats"):
        assert bot.run("export", "-p", name, "--to", f"git:{git_host.url}").code == 0
    shown = bot.run("status", "--json").json["profiles"]
    assert [(one["profile"], one["ok"]) for one in shown] == [("cats", True), ("default", True)]
    keys = {json.loads(path.read_text())["lives_in"]["key"] for path in bot.folder.glob("*.json")}
    assert len(keys) == 1, "its jobs have one secret"


def test_a_new_key_locks_no_other_bots_jobs_out(
    moved: Bot, git_host: GitHost, tmp_path: Path
) -> None:
    other = replace(moved, name="cats", folder=tmp_path / "second", environ={})
    other.log_in()
    before = other.path.read_bytes()
    run = other.run("export", "-p", "cats", "--to", f"git:{git_host.url}")
    assert (run.code, run.out, other.path.read_bytes()) == (2, "", before)
    assert "other bots (default)" in run.err
    other.environ["TWEETBOT_KEY"] = moved.document["lives_in"]["key"]
    assert other.run("export", "-p", "cats", "--to", f"git:{git_host.url}").code == 0


def test_a_store_that_is_away_hides_no_other_bot(moved: Bot, git_host: GitHost) -> None:
    cats = replace(moved, name="cats")
    cats.log_in()
    git_host.folder.rename(git_host.folder.with_name("gone"))
    run = moved.run("status")
    assert run.code == 6
    assert [line.split()[0] for line in run.out.splitlines()] == ["cats", "default"]


def test_the_status_of_one_bot_asks_no_other_ones_store(bot: Bot, git_host: GitHost) -> None:
    cats = replace(bot, name="cats")
    cats.log_in()
    git_host.git("config", "http.receivepack", "true")
    with GitServer(git_host.folder.parent) as server:
        assert bot.run("export", "-p", "default", "--to", f"git:{server.url}/host.git").code == 0
        server.seen.clear()
        assert (bot.run("status", "-p", "cats").code, server.seen) == (0, [])
        assert (bot.run("status").code, bool(server.seen)) == (0, True)


# -- what comes and goes --------------------------------------------------------------------------


def test_an_import_over_a_pointer_goes_into_the_store(moved: Bot, git_host: GitHost) -> None:
    ci = there(moved, git_host)
    document = ci.run("export", "--keep").out
    assert moved.run("renew").code == 0
    older = moved.run("import", stdin=document.encode())
    assert older.code == 2, older.err
    newest = ci.run("export", "--keep").out
    assert moved.run("import", stdin=newest.encode()).code == 0
    assert "token" not in moved.document
    assert moved.run("post", "Hello").code == 0


@pytest.mark.parametrize("has_token", [True, False])
def test_no_pointer_is_imported(
    has_token: bool, bot: Bot, git_host: GitHost, tmp_path: Path
) -> None:
    whole = bot.document
    assert bot.run("export", "--to", f"git:{git_host.url}").code == 0
    document = {**whole, **bot.document} if has_token else bot.document
    other = replace(bot, folder=tmp_path / "second", environ={})
    run = other.run("import", stdin=json.dumps(document).encode())
    assert (run.code, other.path.exists()) == (2, False), run.err
    assert "move" in run.err


def test_a_login_of_another_account_is_refused_and_changes_nothing(moved: Bot) -> None:
    before = profile_of(moved).token
    moved.x.account = moved.x.add_account("cats")
    run = log_in(moved)
    assert (run.code, profile_of(moved).token) == (2, before), run.err
    assert moved.run("renew").code == 0


def test_a_login_is_saved_where_the_bot_lives(moved: Bot, git_host: GitHost) -> None:
    moved.x.revoke_all()
    assert log_in(moved).code == 0
    assert "token" not in moved.document
    assert there(moved, git_host).run("post", "Hello").code == 0


def test_what_is_handed_on_from_there_is_marked_there(
    moved: Bot, git_host: GitHost, tmp_path: Path
) -> None:
    handed = moved.run("export")
    assert handed.code == 0
    assert "tweetbot import FILE" in handed.err
    for one in (moved, there(moved, git_host)):
        assert one.run("post", "Hello").code == 4
    other = replace(moved, folder=tmp_path / "second", environ={})
    assert other.run("import", stdin=handed.out.encode()).code == 0
    assert other.run("post", "Hello").code == 0
    back = other.run("export", "--to", f"git:{git_host.url}")
    assert back.code == 2, "the key is not known there"
    other.environ["TWEETBOT_KEY"] = moved.document["lives_in"]["key"]
    assert other.run("export", "--to", f"git:{git_host.url}").code == 0
    assert moved.run("post", "Hello again").code == 0


def test_logout_forgets_the_bot_there_and_here(moved: Bot, git_host: GitHost) -> None:
    assert moved.run("logout").code == 0
    assert (moved.path.exists(), git_host.git("for-each-ref")) == (False, "")


def test_a_pointer_to_what_is_gone_is_dropped_by_force(moved: Bot, git_host: GitHost) -> None:
    git_host.folder.rename(git_host.folder.with_name("gone"))
    assert moved.run("post", "Hello").code == 6
    assert moved.run("logout").code == 6
    assert moved.path.exists()
    run = moved.run("logout", "--force")
    assert (run.code, moved.path.exists()) == (0, False), run.err
    assert "connected_apps" in run.err


def test_a_bot_that_somebody_removed_there_is_logged_in_again(
    moved: Bot, git_host: GitHost
) -> None:
    git_host.git("update-ref", "-d", REF)
    run = moved.run("post", "Hello")
    assert run.code == 4
    assert f"{moved.path} says that it lives there" in run.err
    moved.environ |= {
        "TWEETBOT_CLIENT_ID": moved.x.client_id,
        "TWEETBOT_CLIENT_SECRET": moved.x.client_secret,
    }
    assert log_in(moved).code == 0
    assert moved.run("post", "Hello").code == 0


# -- keys -----------------------------------------------------------------------------------------


def test_a_key_is_changed_by_the_same_command(moved: Bot, git_host: GitHost) -> None:
    ci = there(moved, git_host)
    old = moved.document["lives_in"]["key"]
    moved.environ["TWEETBOT_KEY"] = f"{git_host.key} {old}"
    run = moved.run("export", "--to", f"git:{git_host.url}")
    assert (run.code, run.out) == (0, f"{git_host.key} {old}\n"), run.err
    moved.environ.clear()
    assert moved.run("post", "Hello").code == 0
    assert ci.run("post", "Hello").code == 2, "the old key alone opens it no more"
    ci.environ["TWEETBOT_KEY"] = git_host.key
    assert ci.run("post", "Hello again").code == 0


def test_a_key_that_was_changed_there_is_told_and_taken(moved: Bot, git_host: GitHost) -> None:
    ci = there(moved, git_host)
    ci.environ["TWEETBOT_KEY"] = f"{git_host.key} {ci.environ['TWEETBOT_KEY']}"
    assert ci.run("post", "Hello").code == 0
    run = moved.run("post", "Hello again")
    assert run.code == 2
    assert f"tweetbot export -p default --to git:{git_host.url}" in run.err
    moved.environ["TWEETBOT_KEY"] = git_host.key
    assert moved.run("export", "--to", f"git:{git_host.url}").code == 0
    moved.environ.clear()
    assert moved.run("post", "Hello again").code == 0


def test_a_wrong_key_changes_nothing(moved: Bot, git_host: GitHost) -> None:
    before = moved.path.read_bytes()
    moved.environ["TWEETBOT_KEY"] = git_host.key
    run = moved.run("export", "--to", f"git:{git_host.url}")
    assert (run.code, run.out, moved.path.read_bytes()) == (2, "", before)


def test_another_store_than_the_one_it_lives_in_is_refused(moved: Bot, tmp_path: Path) -> None:
    other = GitHost(tmp_path / "other.git")
    run = moved.run("export", "--to", f"git:{other.url}")
    assert (run.code, run.out, other.git("for-each-ref")) == (2, "", "")
    assert "lives in git:file://" in run.err


# -- an address that has changed ------------------------------------------------------------------


@pytest.fixture
def in_redis(bot: Bot, redis_server: RedisServer) -> Bot:
    """A bot that was moved into `redis_server`."""
    run = bot.run("export", "--to", redis_server.url)
    assert run.code == 0, run.err
    return bot


def test_a_new_password_is_told_by_the_same_command(
    in_redis: Bot, redis_server: RedisServer
) -> None:
    redis_server.ask("CONFIG", "SET", "requirepass", "new-password")
    for command in (["status", "-p", "default"], ["post", "Hello"]):
        run = in_redis.run(*command)
        assert run.code == 2, run.err
        assert "`tweetbot export -p default --to ADDRESS` gives another" in run.out + run.err
        assert "TWEETBOT_STORE" not in run.out + run.err
    url = redis_server.url.replace("127", ":new-password@127")
    run = in_redis.run("export", "--to", url)
    assert run.code == 0, run.err
    assert "new-password" not in run.out + run.err
    assert in_redis.document["lives_in"]["store"] == url
    assert in_redis.run("post", "Hello").code == 0


def test_another_name_of_the_same_server_is_taken(in_redis: Bot, redis_server: RedisServer) -> None:
    url = redis_server.url.replace("127.0.0.1", "localhost")
    assert in_redis.run("export", "--to", url).code == 0
    assert in_redis.document["lives_in"]["store"] == url
    assert in_redis.run("post", "Hello").code == 0


def test_a_repository_that_was_renamed_keeps_its_key(moved: Bot, git_host: GitHost) -> None:
    key = moved.document["lives_in"]["key"]
    git_host.folder = git_host.folder.rename(git_host.folder.with_name("renamed.git"))
    run = moved.run("export", "--to", f"git:{git_host.url}")
    assert (run.code, run.out) == (0, f"{key}\n"), run.err
    assert moved.document["lives_in"]["store"] == f"git:{git_host.url}"
    assert moved.run("post", "Hello").code == 0


def test_a_copy_in_another_place_is_not_the_bot(in_redis: Bot, redis_server: RedisServer) -> None:
    before = in_redis.path.read_bytes()
    redis_server.ask("COPY", "tweetbot:default", "tweetbot:default", "DB", "1")
    for renewed in (False, True):
        assert not renewed or in_redis.run("renew").code == 0
        run = in_redis.run("export", "--to", redis_server.url.removesuffix("0") + "1")
        assert (run.code, in_redis.path.read_bytes()) == (2, before), run.err
        assert f"lives in {redis_server.url} tweetbot:default already" in run.err
    assert redis_server.ask("KEYS", "*:lock") == ""


def test_another_bot_of_that_name_is_not_the_bot(in_redis: Bot, redis_server: RedisServer) -> None:
    document = in_redis.document
    in_redis.write({**document, "account": {"id": "5", "username": "cats"}})
    before = in_redis.path.read_bytes()
    url = redis_server.url.replace("127.0.0.1", "localhost")
    assert in_redis.run("export", "--to", url).code == 2
    assert in_redis.path.read_bytes() == before


@pytest.mark.parametrize("to", ["redis://h/x", "rediss://h/0?ssl_certfile=/x", "git:a b"])
def test_an_address_that_is_none_is_told_by_the_option_that_gave_it(to: str, bot: Bot) -> None:
    run = bot.run("export", "--to", to)
    assert (run.code, "--to" in run.err, "TWEETBOT_STORE" in run.err) == (2, True, False), run.err


def test_a_server_that_forgets_is_told_by_the_option_that_gave_it(
    bot: Bot, redis_server: RedisServer
) -> None:
    redis_server.ask("CONFIG", "SET", "appendonly", "no")
    run = bot.run("export", "--to", redis_server.url)
    assert (run.code, "?volatile=ok in --to" in run.err) == (2, True), run.err


# -- the file -------------------------------------------------------------------------------------


def test_a_pointer_that_is_open_to_others_is_closed(moved: Bot) -> None:
    moved.path.chmod(0o644)
    run = moved.run("status")
    assert "was open to others (mode 0644)" in run.err
    assert moved.path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "change", [{"store": "nowhere"}, {"key": "short"}, {"key": None}, {"store": None}]
)
def test_a_pointer_that_cannot_be_read_is_named_and_replaced_by_force(
    change: dict[str, str | None], moved: Bot
) -> None:
    moved.change(lives_in=change)
    before = moved.path.read_bytes()
    run = moved.run("post", "Hello")
    assert (run.code, moved.path.read_bytes()) == (2, before)
    assert f"{moved.path} cannot be read as a profile" in run.err
    moved.environ |= {
        "TWEETBOT_CLIENT_ID": moved.x.client_id,
        "TWEETBOT_CLIENT_SECRET": moved.x.client_secret,
    }
    assert log_in(moved, "--force").code == 0
    assert moved.path.with_name("default.json.bad").read_bytes() == before


def test_a_pointer_by_a_symbolic_link_is_followed(moved: Bot, tmp_path: Path) -> None:
    kept = moved.path.rename(tmp_path / "kept.json")
    moved.path.symlink_to(kept)
    assert moved.run("post", "Hello").code == 0
    assert moved.run("logout").code == 0
    assert not moved.path.exists()
    assert not kept.exists()
