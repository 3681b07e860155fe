"""What every store promises: in a folder, behind commands, in Redis, in a git repository."""

from __future__ import annotations

import json
import random
import shlex
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.request import urlopen

import pytest

from tweetbot.errors import Overtaken, TokenNotSaved, TweetbotError
from tweetbot.profile import Profile, parse
from tweetbot.sandbox import Fault
from tweetbot.settings import read_settings
from tweetbot.store import Store, find, open_store
from tweetbot.store.command import CommandStore

if TYPE_CHECKING:
    from tests.conftest import Auth, Bot, GitHost, RedisServer, Run

KINDS = ("folder", "command", "redis", "git")
WITH_A_LOCK = ("folder", "redis", "git")
TEXT = "Hello"


@dataclass
class Home:
    """A bot, the store it lives in, and how that store is made to refuse a save."""

    bot: Bot
    kind: str
    refuse: Callable[[], None]
    expire_lock: Callable[[], None]

    @property
    def store(self) -> Store:
        return open_store(
            read_settings(self.bot.variables), self.bot.variables, wait=0.2, warn=lambda _: None
        )

    @property
    def profile(self) -> Profile:
        return self.store.load()

    def save(self, document: object) -> None:
        store = self.store
        with store.lock(new=True):
            find(store)
            store.save(parse(json.dumps(document).encode()))

    def age_pending(self) -> None:
        """Let a minute pass for what is pending."""
        with (store := self.store).lock():
            profile = store.load()
            assert profile.pending
            assert profile.pending.at
            pending = replace(profile.pending, at=profile.pending.at - 60)
            store.save(replace(profile, pending=pending))

    def forget_pending(self) -> None:
        with (store := self.store).lock():
            store.save(replace(store.load(), pending=None))

    def make_due(self) -> None:
        now = int(time.time())
        with (store := self.store).lock():
            profile = store.load()
            token = replace(profile.token, obtained_at=now - 4000, expires_at=now + 3200)
            store.save(replace(profile, token=token))


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def home(kind: str, bot: Bot, tmp_path: Path, request: pytest.FixtureRequest) -> Home:
    """A bot that lives in the store of that kind, and nowhere else."""
    document = bot.document
    if kind == "folder":
        made = Home(bot, kind, lambda: (bot.folder / "default.json.tmp").mkdir(), lambda: None)
    elif kind == "command":
        made = behind_commands(bot, tmp_path / "kept")
    elif kind == "redis":
        made = in_redis(bot, request.getfixturevalue("redis_server"))
    else:
        made = in_git(bot, request.getfixturevalue("git_host"))
    if kind != "folder":
        bot.path.unlink()
    made.save(document)
    return made


def behind_commands(bot: Bot, place: Path) -> Home:
    where = shlex.quote(str(place))
    bot.environ["TWEETBOT_LOAD_COMMAND"] = f"cat {where} 2>/dev/null || true"
    bot.environ["TWEETBOT_SAVE_COMMAND"] = (
        f"test ! -e {where}.closed && cat > {where}.new.$$ && mv {where}.new.$$ {where}"
    )
    return Home(bot, "command", Path(f"{place}.closed").touch, lambda: None)


def in_redis(bot: Bot, server: RedisServer) -> Home:
    bot.environ["TWEETBOT_STORE"] = server.url

    def expire_lock() -> None:
        """Let the time of a dead run's lock pass."""
        server.ask("DEL", "tweetbot:default:lock")

    return Home(
        bot, "redis", lambda: void(server.ask("CONFIG", "SET", "maxmemory", "1")), expire_lock
    )


def in_git(bot: Bot, host: GitHost) -> Home:
    bot.environ |= host.variables

    def expire_lock() -> None:
        host.change(lock=None)

    return Home(bot, "git", lambda: host.hook("pre-receive", "exit 1"), expire_lock)


def void(_: object) -> None:
    """Drop a value."""


# -- documents ------------------------------------------------------------------------------------


def test_what_is_saved_is_loaded(home: Home) -> None:
    changed = replace(home.profile, cursors={"/facts.txt": {"at": "ö\n"}})
    with (store := home.store).lock():
        store.load()
        store.save(changed)
    assert home.profile == changed


def test_unknown_keys_are_kept(home: Home) -> None:
    document = {**json.loads(DOCUMENT), "later": [1], "token": {**TOKEN, "hue": "blue"}}
    home.save(document)
    with (store := home.store).lock():
        store.save(store.load().with_budget(5))
    assert home.profile.unknown == {"later": [1]}
    assert home.profile.token.unknown == {"hue": "blue"}


TOKEN = {"access_token": "a" * 40, "refresh_token": "r" * 40}
DOCUMENT = json.dumps(
    {
        "version": 1,
        "client": {"client_id": "c", "redirect_uri": "http://127.0.0.1/", "api_url": "https://a"},
        "token": TOKEN,
    }
)


def test_a_save_that_fails_is_seen_before_the_token_is_spent(home: Home) -> None:
    home.make_due()
    home.refuse()
    run = home.bot.run("post", TEXT)
    assert run.code == 2, run.err
    assert home.bot.x.requests == ()


# -- the commands ---------------------------------------------------------------------------------


def test_post_renews_saves_and_posts(home: Home) -> None:
    home.make_due()
    spent = home.profile.token
    run = home.bot.run("post", TEXT)
    assert (run.code, home.bot.x.count("token"), home.bot.x.count("post")) == (0, 1, 1), run.err
    assert home.profile.token.parent == spent.digest
    assert home.profile.posts[-1].id == home.bot.x.posts[-1].id
    assert home.bot.run("renew").code == 0


def test_a_feed_is_remembered_with_the_document(home: Home) -> None:
    """Its used items, that of a post with an unclear outcome too, whoever settles it."""
    bot = home.bot

    def follow(lines: str) -> Run:
        return bot.run("post", "--feed", "-", "--json", stdin=lines.encode())

    assert follow("1\tOne\n").json["reason"] == "first-look"
    assert follow("1\tOne\n2\tTwo\n").code == 0
    bot.x.fault("post", Fault("reset", after=True))
    bot.x.fault("timeline", Fault("status", status=503, times=2))
    assert follow("1\tOne\n2\tTwo\n3\tThree\n").code == 7
    home.age_pending()
    assert bot.run("post", "Hello").code == 0
    assert follow("1\tOne\n2\tTwo\n3\tThree\n4\tFour\n").code == 0
    assert follow("1\tOne\n4\tFour\n").json["reason"] == "nothing-new"
    assert [post.text for post in bot.x.posts] == ["Two", "Three", "Hello", "Four"]


def test_status_shows_the_bot_without_a_secret(home: Home) -> None:
    run = home.bot.run("status")
    assert (run.code, "@dogfacts" in run.out) == (0, True), run.err
    assert not [secret for secret in home.bot.x.secrets if secret in run.out + run.err]


def test_export_hands_the_bot_on_and_import_takes_it_back(home: Home) -> None:
    exported = home.bot.run("export")
    assert exported.code == 0, exported.err
    assert home.bot.run("post", TEXT).code == 4
    taken = home.bot.run("import", stdin=exported.out.encode())
    assert taken.code == 0, taken.err
    assert home.bot.run("post", TEXT).code == 0


def test_logout_never_says_that_a_bot_that_was_moved_was_logged_out(home: Home) -> None:
    assert home.bot.run("export").code == 0
    run = home.bot.run("logout")
    assert (run.code, "lives on" in run.out) == (0, True), run.err
    assert "was logged out" not in home.bot.run("post", TEXT).err
    assert home.bot.x.requests == ()


def test_logout_forgets_the_bot_and_auth_logs_it_in(home: Home) -> None:
    assert home.bot.run("logout").code == 0
    assert home.bot.run("post", TEXT).code == 4
    home.bot.take_callback()
    home.bot.x.approve = True
    with home.bot.auth() as auth:
        logged_in = consent(auth)
    assert logged_in.code == 0, logged_in.err
    assert home.bot.run("post", TEXT).code == 0


def test_a_login_is_saved_over_what_is_there_by_then(home: Home) -> None:
    home.bot.take_callback()
    home.bot.x.approve = True
    with home.bot.auth() as auth:
        assert auth.url
        assert home.bot.run("post", TEXT).code == 0
        ended = consent(auth)
    assert ended.code == 0, ended.err
    assert [post.id for post in home.profile.posts] == [home.bot.x.posts[-1].id]


def test_a_login_never_replaces_a_later_one_in_any_store(home: Home) -> None:
    bot = home.bot
    bot.take_callback()
    bot.x.approve = True
    bot.x.fault("me", Fault("delay", seconds=4))
    with bot.auth() as early:
        with urlopen(early.url) as page:
            page.read()
        time.sleep(1.1)  # times are in seconds
        other = replace(bot, environ={**bot.environ})
        other.take_callback()
        with other.auth() as auth:
            assert consent(auth).code == 0
        later = home.profile.token
        ended = early.end()
    assert ended.code == 6, ended.err
    assert home.profile.token == later
    assert bot.run("renew").code == 0


def test_a_login_is_saved_though_somebody_was_faster(bot: Bot, tmp_path: Path) -> None:
    place = tmp_path / "kept"
    behind_commands(bot, place)
    place.write_bytes(bot.path.read_bytes())
    once = tmp_path / "once"
    faster = f"if test -e {shlex.quote(str(once))}; then rm {shlex.quote(str(once))}; exit 75; fi;"
    bot.environ["TWEETBOT_SAVE_COMMAND"] = f"{faster} {bot.environ['TWEETBOT_SAVE_COMMAND']}"
    bot.take_callback()
    bot.x.approve = True
    with bot.auth() as auth:
        assert auth.url
        once.touch()
        ended = consent(auth)
    assert (ended.code, once.exists()) == (0, False), ended.err
    assert bot.run("renew").code == 0


def consent(auth: Auth) -> Run:
    with urlopen(auth.url) as page:
        page.read()
    return auth.end()


@pytest.mark.parametrize("command", ["LOAD_COMMAND", "SAVE_COMMAND", "PROFILE_JSON"])
def test_two_kinds_of_stores_at_once_are_refused(command: str, bot: Bot) -> None:
    bot.environ |= {f"TWEETBOT_{command}": "true", "TWEETBOT_STORE": "redis://127.0.0.1:1"}
    run = bot.run("post", TEXT)
    assert (run.code, bot.x.requests) == (2, ())
    assert f"TWEETBOT_{command}" in run.err


# -- killed ---------------------------------------------------------------------------------------


@pytest.mark.timeout(900)
def test_a_run_killed_at_any_time_leaves_a_whole_document(
    home: Home, full: bool, figures: Callable[[str], None]
) -> None:
    rounds, lost, random_time = (60 if full else 4), 0, random.Random(6)
    for number in range(rounds):
        home.make_due()
        asked = home.bot.x.count("token")
        with home.bot.start("post", f"{TEXT} {number}") as process:
            time.sleep(random_time.uniform(0.2, 1.0))
            process.kill()
        assert home.profile.client
        home.expire_lock()
        following = home.bot.run("post", f"{TEXT} {number}")
        if following.code == 4 and home.bot.x.count("token") > asked:
            lost += 1  # killed between X's rotation and the save: no client can close that window
            home.bot.log_in()
            home.save(home.bot.document)
            home.bot.path.unlink() if home.kind != "folder" else None
            continue
        if "do not reach back" in following.err:  # twenty posts in five minutes: no bot has so many
            home.forget_pending()
            continue
        assert following.code == 0, following.err
    texts = [post.text for post in home.bot.x.posts]
    assert len(texts) == len(set(texts))
    figures(f"killed, {home.kind} store: {rounds} runs, {lost} logins lost in X's answer")


# -- the lock -------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WITH_A_LOCK, indirect=False)
def test_a_second_run_waits_and_gives_up(home: Home) -> None:
    with home.store.lock():
        run = home.bot.run("post", TEXT, "--wait", "0")
    assert (run.code, home.bot.x.requests) == (6, ())
    assert "active" in run.err
    assert home.bot.run("post", TEXT, "--wait", "0").code == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", WITH_A_LOCK, indirect=False)
def test_two_runs_never_both_hold_the_lock(home: Home) -> None:
    inside: list[int] = []

    def hold(number: int) -> None:
        store = open_store(
            read_settings(home.bot.variables), home.bot.variables, wait=20, warn=lambda _: None
        )
        for _ in range(5):
            with store.lock():
                inside.append(number)
                time.sleep(0.01)
                assert inside == [number]
                inside.remove(number)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(hold, range(4)))


# -- commands -------------------------------------------------------------------------------------


@pytest.fixture
def ci(bot: Bot) -> Bot:
    """A bot whose document stands in a variable, as in CI."""
    bot.environ |= {"TWEETBOT_PROFILE_JSON": json.dumps(bot.document), "GITHUB_ACTIONS": "true"}
    return bot


@pytest.mark.parametrize("others", [{}, {"TWEETBOT_SAVE_COMMAND": "cat"}])
@pytest.mark.parametrize("name", ["TWEETBOT_PROFILE_JSON", "TWEETBOT_STORE"])
def test_a_secret_that_is_empty_is_named(
    name: str, others: dict[str, str], bot: Bot, tmp_path: Path
) -> None:
    bot.folder = tmp_path / "nothing"
    bot.environ |= {"GITHUB_ACTIONS": "true", name: "", **others}
    run = bot.run("post", TEXT)
    assert (run.code, f"{name} is set and empty" in run.err) == (4, True), run.err
    bot.environ["GITHUB_ACTIONS"] = ""
    assert "set and empty" not in bot.run("post", TEXT).err


def due(bot: Bot) -> None:
    bot.make_due()
    bot.environ["TWEETBOT_PROFILE_JSON"] = json.dumps(bot.document)


def test_the_save_command_is_given_one_line_and_the_profiles_name(ci: Bot, tmp_path: Path) -> None:
    ci.environ["TWEETBOT_SAVE_COMMAND"] = f"(echo $TWEETBOT_PROFILE; cat) >> {tmp_path}/saved"
    due(ci)
    assert ci.run("post", TEXT).code == 0
    lines = (tmp_path / "saved").read_text().splitlines()
    assert lines[::2] == ["default"] * 3  # the rehearsal, the new token, the post
    assert [json.loads(line).get("pending") is None for line in lines[1::2]] == [True, False, True]


def test_without_a_save_command_a_due_renewal_is_refused(ci: Bot) -> None:
    due(ci)
    run = ci.run("post", TEXT)
    assert (run.code, ci.x.requests) == (2, ())
    assert "TWEETBOT_SAVE_COMMAND" in run.err


def test_without_a_save_command_a_young_token_posts_with_a_warning(ci: Bot) -> None:
    run = ci.run("post", TEXT)
    assert (run.code, ci.x.count("post")) == (0, 1)
    assert run.err.count("will not be remembered") == 1


@pytest.mark.parametrize(("status", "code"), [(1, 2), (75, 6), (127, 2)])
def test_a_save_command_that_refuses_ends_the_run_at_once(
    status: int, code: int, ci: Bot, tmp_path: Path
) -> None:
    ci.environ["TWEETBOT_SAVE_COMMAND"] = f"echo x >> {tmp_path}/calls; exit {status}"
    due(ci)
    run = ci.run("post", TEXT)
    assert (run.code, ci.x.requests) == (code, ()), run.err
    if status == 75:  # what another run has saved since must not be overwritten
        assert (tmp_path / "calls").read_text() == "x\n"


def test_each_secret_is_masked_once_and_before_anything_else(ci: Bot, tmp_path: Path) -> None:
    ci.environ["TWEETBOT_SAVE_COMMAND"] = f"cat > {tmp_path}/saved"
    due(ci)
    old = {*secrets_of(ci.document)}
    run = ci.run("post", TEXT)
    new = {*secrets_of(json.loads((tmp_path / "saved").read_text()))}
    lines = run.err.splitlines()
    assert {line.removeprefix("::add-mask::") for line in lines[: len(old)]} == old
    assert sorted(line for line in lines if line.startswith("::add-mask::")) == sorted(
        f"::add-mask::{secret}" for secret in old | new
    )


def secrets_of(document: dict[str, dict[str, str]]) -> tuple[str, ...]:
    token = document["token"]
    return token["access_token"], token["refresh_token"], document["client"]["client_secret"]


def without_haste(text: str) -> str:
    """Let time pass for what is pending in a document: nobody has to wait for its request."""
    document = json.loads(text)
    document["pending"]["at"] -= 60
    return json.dumps(document)


@pytest.mark.slow
def test_a_token_that_cannot_be_saved_is_not_posted_with(ci: Bot, tmp_path: Path) -> None:
    kept, calls = tmp_path / "kept", tmp_path / "calls"
    ci.environ["TWEETBOT_SAVE_COMMAND"] = (  # the second, third and fourth call fail
        f"cat > {kept}; echo x >> {calls}; case $(wc -l < {calls}) in [234]) exit 1;; esac"
    )
    due(ci)
    run = ci.run("post", TEXT)
    assert (run.code, ci.x.count("token"), ci.x.count("post")) == (8, 1, 0), run.err
    new = secrets_of(json.loads(kept.read_text()))
    assert all(run.err.count(f"::add-mask::{secret}\n") == 1 for secret in new)
    assert calls.read_text() == "x\n" * 4  # the rehearsal, three tries
    (place,) = tmp_path.glob(".local/state/tweetbot/*.rescue")
    assert (str(place) in run.err, place.stat().st_mode & 0o777) == (True, 0o600)
    rescued = without_haste(place.read_text())
    # It was kept all the same: the next run goes on with it.
    before, ci.environ["TWEETBOT_PROFILE_JSON"] = (
        ci.environ["TWEETBOT_PROFILE_JSON"],
        without_haste(kept.read_text()),
    )
    assert ci.run("post", TEXT).code == 0
    assert list(tmp_path.glob(".local/state/tweetbot/*")) == []
    # It was not: the next run takes over what this machine has.
    ci.environ["TWEETBOT_PROFILE_JSON"] = before
    place.write_text(rescued)
    following = ci.run("post", TEXT)
    assert (following.code, ci.x.count("token"), ci.x.count("post")) == (0, 1, 1), following.err
    assert not place.exists()
    secrets = secrets_of(json.loads(kept.read_text()))
    assert all(following.err.count(f"::add-mask::{secret}\n") == 1 for secret in secrets)


def test_a_login_that_nobody_takes_and_no_home_can_keep_is_told_as_it_is(ci: Bot) -> None:
    store = CommandStore(
        "default",
        environ={**ci.variables, "TWEETBOT_SAVE_COMMAND": "exit 1"},
        state_dir=lambda: None,
        warn=lambda _: None,
        sleep=lambda _: None,
    )
    with pytest.raises(TokenNotSaved) as caught:
        store.commit(store.load())
    said = str(caught.value)
    assert ("it is in" in said, "tweetbot auth" in said) == (False, True), said


@pytest.mark.parametrize("variable", ["SAVE_COMMAND", "LOAD_COMMAND"])
def test_what_a_failed_command_said_is_shown_without_secrets(
    variable: str, ci: Bot, tmp_path: Path
) -> None:
    (tmp_path / "document").write_text(ci.environ.pop("TWEETBOT_PROFILE_JSON"))
    load = f"cat {tmp_path}/document"
    ci.environ["GITHUB_ACTIONS"] = ""
    ci.environ["TWEETBOT_LOAD_COMMAND"] = load
    ci.environ[f"TWEETBOT_{variable}"] = f"{load}; {load} >&2; echo no permission >&2; exit 1"
    run = ci.run("post", TEXT)
    assert run.code == 2
    assert "no permission" in run.err
    assert not [secret for secret in ci.x.secrets if secret in run.err]


def test_what_a_failed_load_command_wrote_is_not_shown(ci: Bot, tmp_path: Path) -> None:
    (tmp_path / "document").write_text(ci.environ.pop("TWEETBOT_PROFILE_JSON"))
    ci.environ["TWEETBOT_LOAD_COMMAND"] = f"cat {tmp_path}/document; exit 1"
    run = ci.run("post", TEXT)
    assert run.code == 2
    assert "access_token" not in run.err


@pytest.mark.parametrize("child", ["sleep 30", "setsid sleep 30 & sleep 30"])
def test_a_command_that_hangs_is_ended_with_its_children(child: str, ci: Bot) -> None:
    began = time.monotonic()
    store = command_store(ci, child, deadline=0.3)
    with pytest.raises(TweetbotError, match="did not end within"):
        store.save(store.load())
    assert time.monotonic() - began < 5


def test_a_child_that_keeps_the_pipe_does_not_keep_a_command_that_ended(ci: Bot) -> None:
    began = time.monotonic()
    store = command_store(ci, "sleep 20 & exit 75", deadline=10)
    with pytest.raises(Overtaken):
        store.save(store.load())
    assert time.monotonic() - began < 5


def test_a_command_that_prints_without_end_does_not_fill_the_memory(ci: Bot) -> None:
    ci.environ["TWEETBOT_LOAD_COMMAND"] = "yes"
    with pytest.raises(TweetbotError, match="LOAD_COMMAND printed more than 10 MiB"):
        command_store(ci, "true", deadline=1).load()


def command_store(bot: Bot, command: str, *, deadline: float) -> CommandStore:
    environ = {**bot.variables, "TWEETBOT_SAVE_COMMAND": command}
    return CommandStore(
        "default",
        environ=environ,
        state_dir=lambda: bot.folder / "state",
        warn=lambda _: None,
        deadline=deadline,
    )
