"""A bot in a Redis server: its lock, lost answers, passwords, and a soak with real processes.

Run as a program, this file is one worker of the soak.
"""

from __future__ import annotations

import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tweetbot.errors import LoginNeeded, Overtaken, TokenNotSaved, TweetbotError
from tweetbot.posting import run as posting
from tweetbot.posting.context import Context
from tweetbot.profile import Profile, Token, parse
from tweetbot.sandbox import Fault, Sandbox
from tweetbot.sources.given import given
from tweetbot.store.redis import OWN_TIME, RedisStore
from tweetbot.store.redis_client import Server
from tweetbot.store.redis_server import connect, shown
from tweetbot.x.transport import Transport

if TYPE_CHECKING:
    from tests.conftest import Bot, RedisServer

TEXT = "Hello"
PASSWORD = "correct-horse"
KEY = "tweetbot:default"


@pytest.fixture
def server(redis_server: RedisServer) -> RedisServer:
    return redis_server


@pytest.fixture
def redis_bot(bot: Bot, server: RedisServer) -> Bot:
    """A bot that lives in Redis, with a token that is due."""
    bot.make_due()
    move_in(a_store(server), bot.path.read_bytes())
    bot.path.unlink()
    bot.environ["TWEETBOT_STORE"] = server.url
    return bot


def a_store(server: RedisServer, name: str = "default", **options: Any) -> RedisStore:
    return RedisStore(
        name, server=Server(server.url), state_dir=lambda: server.folder / "state", **options
    )


def move_in(store: RedisStore, document: bytes) -> None:
    with store.lock(new=True):
        with suppress(LoginNeeded):
            store.load()
        store.save(parse(document))


def stored(server: RedisServer, name: str = "default") -> Profile:
    return a_store(server, name).load()


def renewed(profile: Profile, refresh_token: str = "new") -> Profile:
    token = Token(access_token="a", refresh_token=refresh_token, parent=profile.token.digest)
    return replace(profile, token=token)


# -- the lock -------------------------------------------------------------------------------------


def held_by(bot: Bot, *args: str) -> subprocess.Popen[bytes]:
    """Start a run and return when it waits for X, in whose answer it is stuck."""
    bot.x.fault("token", Fault("silent"))
    process = bot.start(*args)
    while not bot.x.count("token"):
        time.sleep(0.01)
    return process


@pytest.mark.parametrize(
    ("args", "check_after", "lasting"),
    [
        (("post", TEXT), "3,10", 511.5),
        (("post", TEXT, "--wait", "600"), "3,10", 1081.5),
        (("post", TEXT), "600", 2218.5),
        (("renew",), "3,10", 42.5),
    ],
)
def test_a_lock_outlasts_all_deadlines_of_its_run(
    args: tuple[str, ...], check_after: str, lasting: float, redis_bot: Bot, server: RedisServer
) -> None:
    redis_bot.environ["TWEETBOT_CHECK_AFTER"] = check_after
    with held_by(redis_bot, *args) as process:
        left = int(server.ask("PTTL", f"{KEY}:lock")) / 1000
        process.kill()
    assert lasting + OWN_TIME - 5 < left <= lasting + OWN_TIME


def test_a_killed_run_keeps_others_out_until_its_lock_expires(
    redis_bot: Bot, server: RedisServer
) -> None:
    with held_by(redis_bot, "post", TEXT) as process:
        process.kill()
    server.ask("PEXPIRE", f"{KEY}:lock", "5000")
    blocked = redis_bot.run("post", TEXT, "--wait", "0", "--json")
    assert (blocked.code, redis_bot.x.count("post")) == (6, 0)
    assert f"(on {socket.gethostname()}, process {process.pid})" in blocked.err
    assert 0 < blocked.json["retry_at"] - time.time() <= 6
    assert redis_bot.run("post", TEXT, "--wait", "8").code == 0


@pytest.mark.usefixtures("redis_bot")
def test_each_write_sets_the_lock_anew(server: RedisServer) -> None:
    store = a_store(server)
    with store.lock(lasting=100):
        profile = store.load()
        writes: list[Callable[[], None]] = [
            lambda: store.save(profile),
            lambda: store.rehearse(None),
            store.keep_lock,
        ]
        for write in writes:
            server.ask("PEXPIRE", f"{KEY}:lock", "9000")
            write()
            assert int(server.ask("PTTL", f"{KEY}:lock")) > 150_000
    assert server.ask("EXISTS", f"{KEY}:lock") == "0"
    store.save(profile)  # without a lock, none comes into being
    assert server.ask("EXISTS", f"{KEY}:lock") == "0"


@pytest.mark.usefixtures("redis_bot")
def test_a_lock_that_another_run_took_ends_the_run_before_the_refresh(server: RedisServer) -> None:
    store = a_store(server)
    with store.lock():
        current = store.load()
        server.ask("SET", f"{KEY}:lock", "another")
        with pytest.raises(Overtaken), store.prepare(current):
            pytest.fail("the token would have been spent")
        with pytest.raises(Overtaken):
            store.keep_lock()
    assert server.ask("GET", f"{KEY}:lock") == "another"  # not released by the loser


@pytest.mark.usefixtures("redis_bot")
def test_a_run_that_lost_its_lock_cannot_overwrite_a_newer_document(server: RedisServer) -> None:
    late, early = (a_store(server) for _ in range(2))
    profile = late.load()
    early.load()
    early.save(profile.with_budget(5))
    with pytest.raises(Overtaken):
        late.save(profile.with_budget(7))
    assert stored(server).spend.budget_usd == 5


@pytest.mark.usefixtures("redis_bot")
def test_a_renewed_token_is_saved_over_whatever_still_has_the_spent_one(
    server: RedisServer,
) -> None:
    late, early = (a_store(server) for _ in range(2))
    with late.lock():
        profile = late.load()
        with late.prepare(profile) as slot:
            early.save(early.load().with_budget(5))
            slot.commit(renewed(profile))
    assert stored(server).token.refresh_token == "new"


# -- the server -----------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["EVAL", "HMGET"])
def test_a_lost_answer_is_asked_for_again(
    command: str, redis_bot: Bot, server: RedisServer
) -> None:
    with cut_after(server, command) as url:
        redis_bot.environ["TWEETBOT_STORE"] = url
        run = redis_bot.run("post", TEXT)
    assert (run.code, redis_bot.x.count("token"), redis_bot.x.count("post")) == (0, 1, 1), run.err
    assert len(stored(server).posts) == 1


@contextmanager
def cut_after(server: RedisServer, command: str) -> Iterator[str]:
    """Stand between client and server, and lose every other answer to a `command`, three times."""
    listener = socket.create_server(("127.0.0.1", 0))
    real, cuts = server.port, [0]
    port = listener.getsockname()[1]

    def serve(client: socket.socket) -> None:
        upstream = socket.create_connection(("127.0.0.1", real))
        with client, upstream, suppress(OSError):
            while request := client.recv(1 << 20):
                upstream.sendall(request)
                answer = upstream.recv(1 << 20)
                seen = command.encode() in request
                cuts[0] += seen
                if seen and cuts[0] in (1, 3, 5):
                    return
                client.sendall(answer)

    def accept() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        assert cuts[0] > 0


@pytest.mark.slow
@pytest.mark.usefixtures("redis_bot")
def test_a_server_that_is_gone_after_the_refresh_costs_exit_8_and_not_the_login(
    server: RedisServer,
) -> None:
    pauses: list[float] = []
    store = a_store(server, sleep=pauses.append)
    with store.lock():
        profile = store.load()
        with store.prepare(profile) as slot:
            server.kill()
            with pytest.raises(TokenNotSaved, match=r"cannot be reached.*it is in .*\.rescue"):
                slot.commit(renewed(profile))
    assert sum(pauses) > 30  # a server has half a minute to come back
    server.start()
    server.ask("DEL", f"{KEY}:lock")
    following = a_store(server)
    assert stored(server).token.refresh_token == "new"  # for a reader, too
    with following.lock():
        following.save(following.load().with_budget(5))
    assert list((server.folder / "state").iterdir()) == []
    assert stored(server).token.refresh_token == "new"


@pytest.mark.slow
@pytest.mark.usefixtures("redis_bot")
def test_a_login_that_can_be_kept_nowhere_is_told_as_it_is(server: RedisServer) -> None:
    nowhere = Path(os.devnull, "state")
    store = RedisStore(
        "default", server=Server(server.url), state_dir=lambda: nowhere, sleep=lambda _: None
    )
    with store.lock():
        profile = store.load()
        with store.prepare(profile) as slot:
            server.kill()
            with pytest.raises(TokenNotSaved, match="if the next run is refused") as raised:
                slot.commit(renewed(profile))
    assert "it is in" not in str(raised.value)


@pytest.mark.slow
@pytest.mark.usefixtures("redis_bot")
def test_a_login_that_was_kept_here_is_void_after_another_one(server: RedisServer) -> None:
    store = a_store(server, sleep=lambda _: None)
    with store.lock():
        profile = store.load()
        with store.prepare(profile) as slot:
            server.kill()
            with pytest.raises(TokenNotSaved):
                slot.commit(renewed(profile))
    server.start()
    server.ask("DEL", f"{KEY}:lock")
    elsewhere = RedisStore(
        "default", server=Server(server.url), state_dir=lambda: server.folder / "other"
    )
    with elsewhere.lock():
        elsewhere.save(renewed(elsewhere.load(), "another-login"))
    assert stored(server).token.refresh_token == "another-login"


@pytest.mark.usefixtures("redis_bot")
def test_a_server_that_comes_back_gets_the_renewed_token(server: RedisServer) -> None:
    store = a_store(server, sleep=lambda _: void(server.start()))
    with store.lock():
        profile = store.load()
        with store.prepare(profile) as slot:
            server.kill()
            slot.commit(renewed(profile))
    assert stored(server).token.refresh_token == "new"


def void(_: object) -> None:
    """Drop a value."""


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("appendonly", "no", 2),
        ("appendfsync", "no", 2),
        ("maxmemory-policy", "allkeys-lru", 2),
        ("maxmemory-policy", "volatile-lru", 0),
    ],
)
def test_a_server_that_may_forget_is_refused_unless_that_is_accepted(
    name: str, value: str, code: int, redis_bot: Bot, server: RedisServer
) -> None:
    server.ask("CONFIG", "SET", name, value)
    run = redis_bot.run("post", TEXT)
    assert run.code == code, run.err
    if code:
        assert redis_bot.x.requests == ()
        assert f"its {name} is {value}" in run.err
        redis_bot.environ["TWEETBOT_STORE"] += "?volatile=ok"
        assert redis_bot.run("post", TEXT).code == 0


def test_where_config_is_forbidden_it_is_not_checked(redis_bot: Bot, server: RedisServer) -> None:
    server.ask("CONFIG", "SET", "appendonly", "no")
    server.ask("ACL", "SETUSER", "bot", "on", f">{PASSWORD}", "~tweetbot:*", "+@all", "-config")
    redis_bot.environ["TWEETBOT_STORE"] = with_user(server, f"bot:{PASSWORD}")
    run = redis_bot.run("post", TEXT)
    assert run.code == 0, run.err


def with_user(server: RedisServer, user: str) -> str:
    return server.url.replace("//", f"//{user}@")


# -- the URL --------------------------------------------------------------------------------------


@pytest.mark.parametrize("args", [("post", TEXT, "-v"), ("status",), ("status", "--json")])
@pytest.mark.parametrize("where", ["wrong password", "nobody there", "no URL"])
def test_the_password_is_never_shown(
    where: str, args: tuple[str, ...], redis_bot: Bot, server: RedisServer
) -> None:
    url = {
        "wrong password": with_user(server, f":{PASSWORD}"),
        "nobody there": f"redis://:{PASSWORD}@127.0.0.1:1/0",
        "no URL": f"redis://:{PASSWORD}/?#{PASSWORD}@127.0.0.1:x/0",
    }[where]
    server.ask("CONFIG", "SET", "requirepass", "another")
    redis_bot.environ["TWEETBOT_STORE"] = url
    run = redis_bot.run(*args)
    assert run.code == (6 if where == "nobody there" else 2), run.err
    assert PASSWORD not in run.out + run.err


@pytest.mark.parametrize(
    ("url", "place"),
    [
        ("redis://u:p@h:1/0?volatile=ok", "redis://h:1/0"),
        ("rediss://:p/?#@h/0", "rediss://h/0"),
        ("redis://h", "redis://h"),
    ],
)
def test_a_url_is_shown_without_what_is_secret(url: str, place: str) -> None:
    assert shown(url) == place


def test_rediss_and_its_options_are_passed_on() -> None:
    pool = connect("rediss://h/0?ssl_cert_reqs=none&volatile=ok").connection_pool
    assert pool.connection_class.__name__ == "SSLConnection"
    assert pool.connection_kwargs["ssl_cert_reqs"] == "none"


@pytest.mark.parametrize(
    ("url", "fault"),
    [
        ("redis://h/0?volatil=ok", "has an option other than volatile=ok"),
        ("redis://h/0?volatile=yes", "another word than ok"),
        (f"redis://:12?{PASSWORD}=1@h/0", "character that ends it"),
        (f"redis://h?{PASSWORD}=1", "has an option other"),
        (f"redis://:pa/{PASSWORD}@h/0", "no URL of a Redis server"),
        (f"redis://:12/{PASSWORD}@h/0", "character that ends it"),
        (f"redis://:12#{PASSWORD}@h/0", "character that ends it"),
        (f"redis://h/{PASSWORD}", "database that is no number"),
        (f"redis://:12 {PASSWORD}@h/0", "white space"),
        ("redis://h:port/0", "no URL of a Redis server"),
    ],
)
def test_a_wrong_url_is_refused_without_being_shown(url: str, fault: str, bot: Bot) -> None:
    bot.environ["TWEETBOT_STORE"] = url
    ended = bot.run("post", TEXT)
    assert (ended.code, fault in ended.err, "%40" in ended.err) == (2, True, True)
    assert PASSWORD not in ended.err


@pytest.mark.usefixtures("redis_bot")
def test_an_empty_server_is_named_as_the_place_without_bots(
    redis_bot: Bot, server: RedisServer
) -> None:
    server.ask("DEL", KEY)
    ended = redis_bot.run("status")
    assert (ended.code, f"There is no bot in {server.url}" in ended.err) == (4, True)


def test_without_the_package_the_extra_is_named(bot: Bot, tmp_path: Path) -> None:
    (tmp_path / "redis.py").write_text("raise ImportError")
    bot.environ |= {"TWEETBOT_STORE": "redis://127.0.0.1", "PYTHONPATH": str(tmp_path)}
    run = bot.run("post", TEXT)
    assert run.code == 2
    for command in ("pip install", "pipx install --force", "uv tool install"):
        assert f"{command} 'tweetbot-cli[redis]'" in run.err


def test_status_lists_all_bots_of_the_server(redis_bot: Bot, server: RedisServer) -> None:
    document = json.dumps({**json.loads(server.ask("HGET", KEY, "document"))}).encode()
    move_in(a_store(server, "second"), document)
    server.ask("SET", "tweetbot:second:lock", "x")
    before = connections(server)
    run = redis_bot.run("status", "--json")
    assert [one["profile"] for one in run.json["profiles"]] == ["default", "second"]
    assert connections(server) - before == 2  # one for both of them, and one to count


def connections(server: RedisServer) -> int:
    stats = server.ask("INFO", "stats")
    return int(stats.partition("total_connections_received:")[2].split()[0])


# -- the soak -------------------------------------------------------------------------------------

PROCESSES, BOTS = 10, 3
RENEWALS = 3  # for each post: X takes a hundred posts in a quarter of an hour
PAUSE = 1.5  # for which a post that nobody answered for is not looked up


class Loud(RedisStore):
    """Says when a token is being spent, so that it is known where a process was killed."""

    @contextmanager
    def prepare(self, current: Profile, *, planned: Profile | None = None) -> Iterator[RedisStore]:
        with super().prepare(current, planned=planned) as slot:
            print("spending", flush=True)  # noqa: T201  # the worker's report
            yield slot
            print("kept", flush=True)  # noqa: T201


def work(places: list[str], number: int, first: int) -> None:
    """Renew and post one text after the other until killed; each until it is known to be out."""
    url, state, api_url, name = places
    context = Context(api_url=api_url, check_after=(0, PAUSE))
    index = first
    while True:
        store = Loud(name, server=Server(url), wait=20, state_dir=lambda: Path(state))
        text = f"{name}, worker {number}, text {index}"
        code = 0
        with Transport(user_agent="tweetbot", environ={}) as http:
            try:
                for _ in range(RENEWALS):
                    posting.renew(store, http, context=context)
                posting.post(store, http, given(text), context=context)
            except TweetbotError as error:
                code = error.code
                print(f"said {error}", flush=True)  # noqa: T201
        index += code == 0
        print(f"ended {code}", flush=True)  # noqa: T201


@dataclass
class Worker:
    """A process of the soak that is started again whenever it was killed."""

    args: tuple[str, ...]
    name: str
    codes: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    spending: bool = False
    process: subprocess.Popen[str] | None = None
    listener: threading.Thread | None = None

    def start(self) -> None:
        done = str(self.codes.count(0))
        command = [sys.executable, __file__, *self.args, done]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.listener = threading.Thread(target=self._listen, args=(self.process,))
        self.listener.start()

    def kill(self) -> bool:
        """End it; whether it was between the request for a token and its save."""
        assert self.process
        assert self.listener
        self.process.kill()
        self.process.wait()
        self.listener.join()
        cut, self.spending = self.spending, False
        return cut

    def _listen(self, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        with process.stdout as lines:
            for line in lines:
                word, _, rest = line.partition(" ")
                self.spending = word.strip() == "spending"
                if word == "ended":
                    self.codes.append(int(rest))
                elif word == "said":
                    self.said.append(rest)


def dead(store: RedisStore, x: Sandbox) -> bool:
    """Whether X has renewed the login and nobody knows the new one."""
    context = Context(api_url=x.url, check_after=(0, PAUSE))
    with Transport(user_agent="tweetbot", environ={}) as http:
        try:
            posting.renew(store, http, context=context)
        except LoginNeeded:
            return True
    return False


def log_in(store: RedisStore, x: Sandbox, document: bytes) -> None:
    grant = x.grant()
    value = json.loads(document)
    value["client"] |= {
        "client_secret": x.client_secret,
        "client_id": x.client_id,
        "api_url": x.url,
    }
    value["account"] = {"id": x.account.id, "username": x.account.username}
    value["token"] |= {name: grant[name] for name in ("access_token", "refresh_token")}
    with store.lock(new=True):
        with suppress(LoginNeeded):
            value["posts"] = json.loads(json.dumps([vars(p) for p in store.load().posts]))
        store.save(parse(json.dumps(value).encode()))


@dataclass
class Soak:
    """Three bots, the processes that post for them, and what was done to those."""

    server: RedisServer
    document: bytes
    xs: dict[str, Sandbox]
    workers: list[Worker] = field(default_factory=list)
    kills: int = 0
    cuts: int = 0  # kills while a token was being spent
    lost: int = 0

    def store(self, name: str) -> RedisStore:
        return a_store(self.server, name)

    def start(self) -> None:
        for name, x in self.xs.items():
            log_in(self.store(name), x, self.document)
        for number in range(PROCESSES):
            name = f"bot{number % BOTS}"
            state = str(self.server.folder / "state")
            args = (self.server.url, state, self.xs[name].url, name, str(number))
            self.workers.append(Worker(args, name))
            self.workers[-1].start()

    def disturb(self, seconds: float) -> None:
        """Kill processes, one after the other."""
        chance = random.Random(5)
        ends_at = time.monotonic() + seconds
        while time.monotonic() < ends_at:
            time.sleep(chance.uniform(0.3, 1.0))
            victim = chance.choice(self.workers)
            self.kills += 1
            was_spending = victim.kill()
            self.expire_lock(victim)
            if was_spending:
                self.cuts += 1
                self.mend(victim.name)
            victim.start()

    def expire_lock(self, dead: Worker) -> None:
        """Let the time of a dead process's lock pass; minutes, which the soak has not."""
        assert dead.process
        key = f"tweetbot:{dead.name}:lock"
        with suppress(subprocess.CalledProcessError):  # the server is away: so is the lock's time
            if f":{dead.process.pid}:" in self.server.ask("GET", key):
                self.server.ask("DEL", key)

    def mend(self, name: str) -> None:
        """Log a bot in again if its login was lost."""
        if dead(self.store(name), self.xs[name]):
            self.lost += 1
            log_in(self.store(name), self.xs[name], self.document)

    def end(self) -> None:
        for worker in self.workers:
            self.cuts += worker.kill()
            self.expire_lock(worker)

    @property
    def texts(self) -> list[str]:
        return [post.text for x in self.xs.values() for post in x.posts]

    @property
    def codes(self) -> Counter[int]:
        return Counter(code for worker in self.workers for code in worker.codes)

    @property
    def said(self) -> list[str]:
        return [said for worker in self.workers for said in worker.said]


@pytest.mark.timeout(300)
def test_ten_processes_and_three_bots_with_kills_and_a_restart_lose_and_double_nothing(
    bot: Bot, server: RedisServer, full: bool, figures: Callable[[str], None]
) -> None:
    seconds = 60 if full else 5
    with ExitStack() as stack:
        names = [f"bot{number}" for number in range(BOTS)]
        xs = {name: stack.enter_context(Sandbox(refuse_duplicates=False)) for name in names}
        soak = Soak(server, bot.path.read_bytes(), xs)
        stack.callback(soak.end)
        soak.start()
        soak.disturb(seconds / 2)
        server.kill()
        server.start()
        soak.disturb(seconds / 2)
        soak.end()
        for name in names:
            soak.mend(name)
    renewals = sum(x.count("token") for x in xs.values())
    figures(
        f"soak in Redis, {seconds} s: {PROCESSES} processes, {BOTS} bots, {len(soak.texts)} posts,"
        f" {renewals} renewals, {soak.kills} kills ({soak.cuts} while a token was being spent),"
        f" 1 restart of the server, {soak.lost} logins lost, exit codes {dict(soak.codes)}"
    )
    assert [text for text, count in Counter(soak.texts).items() if count > 1] == []
    assert soak.lost <= soak.cuts
    assert not {1, 2, 8} & set(soak.codes), soak.said


if __name__ == "__main__":
    work(sys.argv[1:5], int(sys.argv[5]), int(sys.argv[6]))
