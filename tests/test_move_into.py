"""`export --to`: a bot moves into a store, is never in two places, and is used from here on."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import Bot, GitHost
from tests.git_server import GitServer
from tests.mortal import Killed, Life
from tests.test_moving import on_a_terminal
from tweetbot import moving
from tweetbot.errors import Overtaken, TweetbotError
from tweetbot.profile import LivesIn
from tweetbot.sandbox import Sandbox
from tweetbot.settings import read_settings
from tweetbot.store import Movable, Store, find, open_folder, open_target, read_target
from tweetbot.store.git_ref import Lock, Ref
from tweetbot.store.git_remote import Address, Remote

if TYPE_CHECKING:
    from tests.conftest import RedisServer

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="pipes and signals of POSIX")
HOUR = 3600
REF = "refs/tweetbot/default"
FAULTS = {"lost": 2, "drop": 3, "500": 1, "hang": 3}  # and a push that meets it in each run


@pytest.fixture
def x() -> Iterator[Sandbox]:
    """An X that ends a login whose spent token comes back."""
    with Sandbox(revoke_on_reuse=True, refuse_duplicates=False) as sandbox:
        yield sandbox


@pytest.fixture
def moved(bot: Bot, git_host: GitHost) -> Bot:
    """A bot that was moved into `git_host`."""
    run = bot.run("export", "--to", f"git:{git_host.url}")
    assert run.code == 0, run.err
    return bot


def there(bot: Bot, host: GitHost) -> Bot:
    """The CI: no folder, but the store and the key."""
    pointer = bot.document["lives_in"]
    variables = {"TWEETBOT_STORE": f"git:{host.url}", "TWEETBOT_KEY": pointer["key"]}
    return replace(bot, folder=bot.folder.parent / "ci", environ=variables)


def renewals(x: Sandbox) -> list[int | None]:
    return [request.status for request in x.requests if request.step == "token"]


def secrets_in(folder: Path, x: Sandbox) -> list[Path]:
    contents = {path: path.read_text(errors="replace") for path in folder.rglob("*.*")}
    return [path for path, text in contents.items() if any(one in text for one in x.secrets)]


def clone_of(host: GitHost, folder: Path, url: str = "") -> Path:
    """Return a repository whose remote `origin` is the host."""
    subprocess.run(["git", "init", "-q", str(folder)], check=True)
    command = ["git", "-C", str(folder), "remote", "add", "origin", url or host.url]
    subprocess.run(command, check=True)
    return folder


# -- from here into a store -----------------------------------------------------------------------


def test_a_bot_moves_into_a_repository_and_is_used_from_here(
    bot: Bot, git_host: GitHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert bot.run("post", "Hello").code == 0
    monkeypatch.chdir(clone_of(git_host, tmp_path / "clone"))
    run = bot.run("export", "--to", "git:")
    assert run.code == 0, run.err
    document = bot.document
    assert document["lives_in"]["store"] == f"git:{git_host.url}"
    assert run.out == document["lives_in"]["key"] + "\n"
    assert document["client"]["client_secret"] is None
    assert not {"token", "posts", "cursors", "replaced"} & {*document}
    assert (secrets_in(bot.folder, bot.x), bot.path.stat().st_mode & 0o777) == ([], 0o600)
    monkeypatch.chdir("/")
    assert "last post 20" in bot.run("status").out
    for command in (["renew"], ["post", "Hello again"], ["delete", "last"]):
        used = bot.run(*command)
        assert used.code == 0, used.err
    again = bot.run("export", "--to", f"git:{git_host.url}")
    assert (again.code, again.out, bot.document) == (0, run.out, document)
    ci = there(bot, git_host)
    assert ci.run("post", "From CI").code == 0
    assert (
        bot.run("status", "-p", "default", "--json").json["last_post"]["id"] == bot.x.posts[-1].id
    )
    assert set(renewals(bot.x)) == {200}


def test_a_bot_moves_into_redis_without_a_key(bot: Bot, redis_server: RedisServer) -> None:
    code, shown, err = on_a_terminal(bot, "export", "--to", redis_server.url)
    assert (code, shown) == (0, ""), err
    assert bot.document["lives_in"] | {"at": 0} == {
        "store": redis_server.url,
        "key": None,
        "at": 0,
    }
    assert bot.run("post", "Hello").code == 0
    assert redis_server.ask("EXISTS", "tweetbot:default") == "1"
    assert bot.run("export", "--to", redis_server.url).code == 0


def test_a_given_key_is_the_one(bot: Bot, git_host: GitHost) -> None:
    bot.environ["TWEETBOT_KEY"] = git_host.key.rstrip("=")
    run = bot.run("export", "--to", f"git:{git_host.url}", "--json")
    assert (run.code, run.json["key"]) == (0, git_host.key)
    bot.environ["TWEETBOT_KEY"] = "c2" * 21 + "c="  # another one: the pointer's counts
    assert bot.run("post", "Hello").code == 0


def test_a_move_onto_a_branch_stays_on_it(bot: Bot, git_host: GitHost) -> None:
    assert bot.run("export", "--to", f"git:{git_host.url}?branch").code == 0
    assert git_host.git("for-each-ref", "--format=%(refname)") == "refs/heads/tweetbot/default"
    assert bot.run("renew").code == 0


# -- refused: the bot stays here ------------------------------------------------------------------


def on_a_screen(bot: Bot, to: str) -> tuple[int, str]:
    code, shown, err = on_a_terminal(bot, "export", "--to", to)
    assert shown == ""
    return code, err


def to_nobody(bot: Bot, to: str) -> tuple[int, str]:
    reader, writer = os.pipe()
    os.close(reader)
    with bot.start("export", "--to", to, stdout=writer) as process:
        os.close(writer)
        _, err = process.communicate(timeout=60)
    return process.returncode, err.decode()


@pytest.mark.parametrize("way", [on_a_screen, to_nobody])
def test_the_key_goes_to_a_pipe_that_somebody_reads_alone(
    way: Callable[[Bot, str], tuple[int, str]], bot: Bot, git_host: GitHost
) -> None:
    before = bot.document
    code, err = way(bot, f"git:{git_host.url}")
    assert code == 2, err
    assert f"key=$(tweetbot export -p default --to git:{git_host.url}) && printf" in err
    assert (bot.document, git_host.git("for-each-ref")) == (before, "")


def refusing(_bot: Bot, host: GitHost) -> None:
    host.hook("pre-receive", "echo Nobody may push. >&2; exit 1")


def another_account(bot: Bot, host: GitHost) -> None:
    occupy(bot, host, account={"id": "5", "username": "cats"})


def a_newer_login(bot: Bot, host: GitHost) -> None:
    occupy(bot, host, token={**bot.document["token"], "refresh_token": "r", "obtained_at": 2**31})


def another_key(bot: Bot, host: GitHost) -> None:
    occupy(bot, host)
    bot.environ["TWEETBOT_KEY"] = ""


def occupy(bot: Bot, host: GitHost, **changes: Any) -> None:
    """Let another bot of that name be there, and the right key at hand."""
    other = replace(bot, folder=bot.folder.parent / "other", environ=host.variables)
    document = json.dumps({**bot.document, **changes}).encode()
    assert other.run("import", "--force", stdin=document).code == 0
    bot.environ["TWEETBOT_KEY"] = host.key


def another_store(bot: Bot, _host: GitHost) -> None:
    bot.environ["TWEETBOT_STORE"] = "redis://127.0.0.1:9/0"


def a_wrong_key(bot: Bot, _host: GitHost) -> None:
    bot.environ["TWEETBOT_KEY"] = "short"


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (refusing, "The bot stays here."),
        (another_account, "holds another bot of that name"),
        (a_newer_login, "or a newer login of this one"),
        (another_key, f"host.git :{REF}"),
        (another_store, "Unset TWEETBOT_STORE"),
        (a_wrong_key, "TWEETBOT_KEY is no key"),
    ],
)
def test_a_move_that_is_refused_leaves_the_bot_here(
    fault: Callable[[Bot, GitHost], None], words: str, bot: Bot, git_host: GitHost
) -> None:
    fault(bot, git_host)
    before, there = bot.document, git_host.git("for-each-ref", "--format=%(refname)")
    run = bot.run("export", "--to", f"git:{git_host.url}")
    assert (run.code, run.out) == (2, ""), run.err
    assert words in run.err
    assert bot.document["token"] == before["token"]
    assert bot.document.get("lives_in") is None
    assert git_host.git("for-each-ref", "--format=%(refname)") == there
    bot.environ.clear()
    assert bot.run("post", "Hello").code == 0


# -- broken off -----------------------------------------------------------------------------------


@dataclass
class Mortal:
    """A store that can die before and after each of its changes."""

    store: Any
    life: Life

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.store, name)
        if name not in ("save", "point", "lock", "rehearse"):
            return value

        def mortal(*args: Any, **rest: Any) -> Any:
            self.life.step()
            done = value(*args, **rest)
            self.life.step()
            return done

        return mortal


def parts(bot: Bot, to: str) -> tuple[Movable, Store, LivesIn]:
    """Return what a move is between, in this process."""
    settings = read_settings(bot.variables)
    variables = {**os.environ, **bot.variables}
    target = read_target(to, variables)
    return (
        open_folder(settings, variables, warn=lambda _: None),
        open_target(target, settings, variables, warn=lambda _: None),
        target.lives_in,
    )


def is_here(bot: Bot) -> bool:
    return bool(bot.document.get("token")) and not bot.document["lives_in"]


def is_there(bot: Bot, to: str) -> bool:
    _, store, _ = parts(bot, to)
    try:
        return find(store) is not None
    except TweetbotError:
        return False


def the_rest_of_its_life(bot: Bot) -> None:
    """Let the bot go on: it is in one place, and no spent token is shown."""
    for command in (["status"], ["renew"], ["post", "Hello"], ["renew"]):
        run = bot.run(*command)
        assert run.code == 0, run.err
    assert is_here(bot) or "token" not in bot.document
    assert set(renewals(bot.x)) == {200}


def test_a_move_that_dies_at_any_step_leaves_the_bot_in_one_place(
    bot: Bot, redis_server: RedisServer
) -> None:
    before, steps, places = bot.document, 0, set()
    for at in range(30):
        bot.write(before)
        bot.log_in()
        redis_server.ask("FLUSHALL")
        here, there, lives_in = parts(bot, redis_server.url)
        life = Life(at)
        try:
            moving.move_into(Mortal(here, life), Mortal(there, life), lives_in, api_url=bot.x.url)
            steps = at
        except Killed:
            redis_server.ask("DEL", "tweetbot:default:lock")  # its time has passed
        the_rest_of_its_life(bot)
        places.add(is_here(bot))
        assert is_here(bot) != (redis_server.ask("EXISTS", "tweetbot:default") == "1")
        if steps:
            break
    assert (steps > 8, places) == (True, {True, False})


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_a_server_that_fails_at_any_push_leaves_the_bot_in_one_place(
    fault: str, bot: Bot, git_host: GitHost, full: bool
) -> None:
    git_host.git("config", "http.receivepack", "true")
    with GitServer(git_host.folder.parent, hang=0.5) as server:
        for number in (1, 2, 3) if full else (FAULTS[fault],):
            bot.log_in()
            if git_host.git("for-each-ref"):
                git_host.git("update-ref", "-d", REF)
            move_while_it_fails(bot, git_host, server, failing(fault, number))


def failing(fault: str, number: int) -> Callable[[str], str]:
    """Return what lets each push from that number on fail, for a while."""
    seen: list[str] = []

    def choose(step: str) -> str:
        seen.append(step)
        return fault if seen.count("push") >= number and len(seen) < 40 else ""

    return choose


def move_while_it_fails(
    bot: Bot, host: GitHost, server: GitServer, choose: Callable[[str], str]
) -> None:
    server.choose = choose
    run = bot.run("export", "--to", f"git:{server.url}/{host.folder.name}")
    assert run.code in (0, 2, 6), run.err
    if run.code:
        assert "The bot stays here." in run.err or "is not known" in run.err, run.err
    server.choose = lambda _: ""
    if host.git("for-each-ref") and "lock" in host.files():
        host.change(lock=None)  # its time has passed
    the_rest_of_its_life(bot)
    assert is_here(bot) != (REF in host.git("for-each-ref") and bool(host.files()))


def test_until_the_store_answers_nobody_here_uses_a_bot_that_may_be_there(
    bot: Bot, git_host: GitHost
) -> None:
    before = bot.document
    lives_in = {"store": f"git:{git_host.url}", "key": git_host.key, "at": int(time.time())}
    bot.write({**before, "lives_in": lives_in})
    away = git_host.folder.rename(git_host.folder.with_name("away"))
    run = bot.run("post", "Hello")
    assert (run.code, bot.x.requests) == (6, ()), run.err
    assert "broke off, and whether it arrived is not known" in run.err
    assert "not known" in bot.run("status", "-p", "default").out
    assert bot.document["token"] == before["token"]
    away.rename(git_host.folder)
    assert bot.run("status").code == 0
    assert bot.document["lives_in"], "who looks, changes nothing"
    assert bot.run("post", "Hello").code == 0
    assert is_here(bot)
    assert git_host.git("for-each-ref") == ""


def test_a_push_that_comes_late_finds_the_move_called_off(bot: Bot, git_host: GitHost) -> None:
    remote = Remote(Address.parse(f"git:{git_host.url}"), os.environ)
    late = Ref(remote, bot.name)
    late.put(late.make(None, Lock("killed", time.time() - HOUR)))
    lives_in = {"store": f"git:{git_host.url}", "key": git_host.key, "at": 1}
    bot.write({**bot.document, "lives_in": lives_in})
    the_rest_of_its_life(bot)
    assert is_here(bot)
    with pytest.raises(Overtaken):
        late.put(late.make(b"a login that was spent", None))


def test_an_older_login_that_lies_there_is_not_the_moved_one(bot: Bot, git_host: GitHost) -> None:
    other = replace(bot, folder=bot.folder.parent / "other", environ=git_host.variables)
    old = {
        **bot.document,
        "token": {**bot.document["token"], "obtained_at": 5, "refresh_token": "o"},
    }
    assert other.run("import", stdin=json.dumps(old).encode()).code == 0
    lives_in = {"store": f"git:{git_host.url}", "key": git_host.key, "at": 1}
    bot.write({**bot.document, "lives_in": lives_in})
    the_rest_of_its_life(bot)
    assert is_here(bot)


@pytest.mark.slow
def test_a_move_killed_at_any_time_leaves_the_bot_in_one_place(
    bot: Bot, git_host: GitHost, full: bool, figures: Callable[[str], None]
) -> None:
    choose, places = random.Random(5), {True: 0, False: 0}
    for number in range(60 if full else 3):
        bot.log_in()
        with bot.start("export", "--to", f"git:{git_host.url}") as process:
            time.sleep(choose.uniform(0.1, 1.2))
            process.send_signal(choose.choice([signal.SIGKILL, signal.SIGTERM, signal.SIGINT]))
            process.communicate(timeout=60)
        time.sleep(0.5)  # a push that was left alone comes to its end
        if git_host.git("for-each-ref") and "lock" in git_host.files():
            git_host.change(lock=None)
        if git_host.git("for-each-ref") and not git_host.files():
            git_host.git("update-ref", "-d", REF)
        assert bot.run("post", f"Post {number}").code == 0
        places[is_here(bot)] += 1
        assert is_here(bot) != (git_host.git("for-each-ref") != "")
        if not is_here(bot):
            assert bot.run("logout").code == 0
    assert set(renewals(bot.x)) <= {200}
    figures(f"moves killed: {sum(places.values())}, of which {places[False]} had arrived")
