"""A document in a git repository: servers that fail, keys, clocks, and the places git runs in."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.conftest import Bot, GitHost, Run
from tests.git_server import GitServer, once
from tweetbot.errors import (
    ConfigurationError,
    Overtaken,
    Temporary,
    TokenNotSaved,
)
from tweetbot.profile import Posted, Profile, parse
from tweetbot.store.git import GitStore
from tweetbot.store.git_lock import OWN_TIME
from tweetbot.store.git_ref import LONGEST, SLACK, Lock, Ref
from tweetbot.store.git_remote import Address, Remote
from tweetbot.store.key import Keys

posix = pytest.mark.skipif(sys.platform == "win32", reason="hooks are for sh")
pytestmark = posix

TEXT = "Hello"
REF = "refs/tweetbot/default"


@pytest.fixture
def kept(bot: Bot, git_host: GitHost) -> Bot:
    """A bot that lives in the repository of `git_host`, and nowhere else."""
    document = bot.document
    bot.environ |= git_host.variables
    assert bot.run("import", stdin=json.dumps(document).encode()).code == 0
    bot.path.unlink()
    return bot


@pytest.fixture
def server(git_host: GitHost, kept: Bot) -> Iterator[GitServer]:
    """The same repository over HTTP."""
    git_host.git("config", "http.receivepack", "true")
    with GitServer(git_host.folder.parent, hang=2) as server:
        kept.environ["TWEETBOT_STORE"] = f"git:{server.url}/{git_host.folder.name}"
        yield server


def open_store(
    bot: Bot,
    *,
    deadline: float = 30,
    now: Callable[[], float] = time.time,
    wait: float = 0,
    warn: Callable[[str], None] = lambda _: None,
) -> GitStore:
    """Open the bot's store in this process; nobody waits before a second try."""
    variables = {**os.environ, **bot.variables}
    address = Address.parse(variables["TWEETBOT_STORE"])
    remote = Remote(address, variables, deadline=deadline, sleep=lambda _: None)
    return GitStore(
        bot.name,
        ref=Ref(remote, bot.name, sleep=lambda _: None),
        keys=Keys.read(variables["TWEETBOT_KEY"], remedy=""),
        state_dir=lambda: bot.folder / "state",
        warn=warn,
        wait=wait,
        now=now,
        sleep=lambda _: None,
    )


def profile_of(bot: Bot) -> Profile:
    return open_store(bot).load()


def make_due(bot: Bot) -> None:
    now = int(time.time())
    with (store := open_store(bot)).lock():
        profile = store.load()
        token = replace(profile.token, obtained_at=now - 4000, expires_at=now + 3200)
        store.save(replace(profile, token=token))


def renewed(profile: Profile, *, obtained_at: int | None = None) -> Profile:
    """Return the profile with the token that X would give for its own."""
    token = replace(
        profile.token,
        access_token="new-access-token-of-forty-characters-1234",
        refresh_token="new-refresh-token-of-forty-characters-123",
        obtained_at=obtained_at or int(time.time()),
        parent=profile.token.digest,
    )
    return replace(profile, token=token)


# -- what lies there ------------------------------------------------------------------------------


def test_the_repository_shows_nothing_of_what_it_holds(kept: Bot, git_host: GitHost) -> None:
    make_due(kept)
    assert kept.run("post", TEXT).code == 0
    everything = git_host.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)")
    contents = [git_host.git("cat-file", "-p", name) for name in everything.split()]
    assert len(contents) > 10
    hidden = (*kept.x.secrets, "dogfacts", TEXT, profile_of(kept).account.id)  # type: ignore[union-attr]
    assert not [word for word in hidden for content in contents if word in content]
    assert git_host.git("for-each-ref", "--format=%(refname)") == REF
    assert (
        git_host.git("log", "--format=%P%an %ae %s", REF) == "tweetbot tweetbot@localhost tweetbot"
    )
    assert git_host.files() == ["document"], "no lock is left"


def test_a_run_with_a_renewal_pushes_four_times_at_the_most(kept: Bot, server: GitServer) -> None:
    make_due(kept)
    server.seen.clear()
    assert kept.run("post", TEXT).code == 0
    assert server.seen.count("push") <= 3


def test_all_bots_of_a_remote_are_shown_after_one_look(
    kept: Bot, git_host: GitHost, server: GitServer
) -> None:
    for name in ("cats", "birds"):
        git_host.git("update-ref", f"refs/tweetbot/{name}", REF)
    server.seen.clear()
    run = kept.run("status")
    assert run.code == 0, run.err
    assert [line.split()[0] for line in run.out.splitlines()] == ["birds", "cats", "default"]
    assert (server.seen.count("refs"), server.seen.count("fetch")) == (2, 3), (
        server.seen
    )  # ls-remote, fetch


def test_a_branch_keeps_it_where_other_refs_are_refused(bot: Bot, git_host: GitHost) -> None:
    git_host.git("config", "receive.hideRefs", "refs/tweetbot")
    document = json.dumps(bot.document).encode()
    bot.environ |= git_host.variables
    run = bot.run("import", stdin=document)
    assert run.code == 2
    assert "hidden ref" in run.err
    assert "?branch" in run.err
    bot.environ["TWEETBOT_STORE"] += "?branch"
    assert bot.run("import", stdin=document).code == 0
    assert bot.run("post", TEXT).code == 0
    assert git_host.files("refs/heads/tweetbot/default") == ["document"]


@pytest.mark.parametrize("name", ["a..b", "x.lock", "a."])
def test_a_name_that_git_refuses_is_told_before_anything(name: str, kept: Bot) -> None:
    run = kept.run("post", "-p", name, TEXT)
    assert (run.code, kept.x.requests) == (2, ())
    assert name in run.err


# -- keys -----------------------------------------------------------------------------------------

OTHER = base64.b64encode(bytes(range(200, 232))).decode()
BAD_KEYS = ["", "  \n", "short", OTHER[:-2], OTHER, OTHER + "A", "x y", "ä" * 43]


@pytest.mark.parametrize("key", [None, *BAD_KEYS])
def test_a_key_that_does_not_open_it_is_named(key: str | None, kept: Bot) -> None:
    if key is None:
        kept.environ.pop("TWEETBOT_KEY")
    else:
        kept.environ["TWEETBOT_KEY"] = key
    run = kept.run("post", TEXT)
    assert (run.code, kept.x.requests) == (2, ()), run.err
    assert "TWEETBOT_KEY" in run.err
    assert not key or len(key) < 10 or key not in run.err


def test_a_key_may_be_written_in_every_way(kept: Bot, git_host: GitHost) -> None:
    key = base64.b64encode(bytes(range(224, 256))).decode()  # has + and /
    assert {"+", "/"} <= set(key)
    kept.environ["TWEETBOT_KEY"] = f"{key} {git_host.key}"
    assert kept.run("post", TEXT).code == 0  # opened by the old one, kept by the new one
    url_safe = key.translate(str.maketrans("+/", "-_"))
    for way in (
        key,
        key.rstrip("="),
        url_safe,
        url_safe.rstrip("="),
        f"\n{key}\n",
        f"{OTHER} {key}",
    ):
        kept.environ["TWEETBOT_KEY"] = way
        assert kept.run("status").code == 0, way
    kept.environ["TWEETBOT_KEY"] = git_host.key
    assert kept.run("status").code == 2


def test_a_document_that_no_key_opens_is_replaced_by_force_alone(
    kept: Bot, git_host: GitHost
) -> None:
    document = profile_of(kept)
    git_host.change(document="damaged")
    assert kept.run("post", TEXT).code == 2
    exported = parse(json.dumps(kept_document(document)).encode())
    with pytest.raises(ConfigurationError), (store := open_store(kept)).lock(new=True):
        store.load()
    run = kept.run("import", "--force", stdin=json.dumps(kept_document(exported)).encode())
    assert run.code == 0, run.err
    assert profile_of(kept).token == document.token
    assert git_host.git("show", "refs/tweetbot-bad/default:document") == "damaged"


def kept_document(profile: Profile) -> object:
    from tweetbot.profile import dump

    return json.loads(dump(profile))


# -- servers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["500", "drop", "lost"])
@pytest.mark.parametrize(
    ("step", "number"),
    [("refs", 1), ("fetch", 1), ("push-refs", 1), *(("push", number) for number in (1, 2, 3))],
)
def test_a_request_that_fails_once_costs_nothing(
    fault: str, step: str, number: int, kept: Bot, server: GitServer, git_host: GitHost
) -> None:
    at_the_host = replace(kept, environ=git_host.variables)
    make_due(at_the_host)
    spent = profile_of(at_the_host).token
    server.choose = once(step, fault, number=number)
    run = kept.run("post", TEXT)
    assert (run.code, kept.x.count("token"), kept.x.count("post")) == (0, 1, 1), run.err
    profile = profile_of(at_the_host)
    assert (profile.token.parent, profile.pending) == (spent.digest, None)
    assert profile.posts[-1].id == kept.x.posts[-1].id
    assert git_host.files() == ["document"]


@pytest.mark.parametrize("step", ["refs", "fetch", "push-refs", "push"])
def test_a_server_that_hangs_spends_nothing(step: str, kept: Bot, server: GitServer) -> None:
    server.choose = lambda asked: "hang" if asked == step else ""
    store = open_store(kept, deadline=0.5)
    with pytest.raises(Temporary, match=r"within|changed"), store.lock():
        pytest.fail("the lock was taken")


def test_a_renewed_token_survives_a_server_that_hangs(kept: Bot, server: GitServer) -> None:
    make_due(kept)
    store = open_store(kept, deadline=1.0)
    with store.lock():
        profile = renewed(store.load())
        server.choose = once("push", "hang")
        store.commit(profile)
    assert profile_of(kept) == profile


def gone(_: Bot, host: GitHost) -> None:
    host.folder.rename(host.folder.with_name("elsewhere"))


def closed_port(bot: Bot, _: GitHost) -> None:
    bot.environ["TWEETBOT_STORE"] = "git:http://127.0.0.1:9/host.git"


def unknown_host(bot: Bot, _: GitHost) -> None:
    bot.environ["TWEETBOT_STORE"] = "git:http://no-such-host.invalid/host.git"


@pytest.mark.slow
@pytest.mark.parametrize("leave", [gone, closed_port, unknown_host])
def test_a_server_that_is_not_there_is_temporary(
    leave: Callable[[Bot, GitHost], None], kept: Bot, git_host: GitHost
) -> None:
    leave(kept, git_host)
    run = kept.run("post", TEXT)
    assert (run.code, kept.x.requests) == (6, ()), run.err


def test_a_push_that_is_refused_is_told_in_the_servers_words(kept: Bot, git_host: GitHost) -> None:
    git_host.hook("pre-receive", "echo This repository is archived. >&2; exit 1")
    run = kept.run("post", TEXT)
    assert (run.code, kept.x.requests) == (2, ())
    assert "This repository is archived" in run.err
    assert "pre-receive hook declined" in run.err


@pytest.mark.parametrize(
    ("status", "code"), [("401", 2), ("403", 2), ("404", 2), ("503", 6), ("429", 6)]
)
def test_what_a_status_means(status: str, code: int, kept: Bot, server: GitServer) -> None:
    server.choose = lambda step: status if step.startswith("push") else ""
    run = kept.run("post", TEXT)
    assert (run.code, kept.x.requests) == (code, ()), run.err


def test_nobody_is_asked_for_credentials_and_those_of_the_url_are_not_shown(
    kept: Bot, server: GitServer, git_host: GitHost, tmp_path: Path
) -> None:
    asked = tmp_path / "asked"
    ask = tmp_path / "ask"
    ask.write_text(f"#!/bin/sh\necho $1 >> {asked}\necho x\n")
    ask.chmod(0o755)
    kept.environ |= {"GIT_ASKPASS": str(ask), "SSH_ASKPASS": str(ask), "DISPLAY": ":0"}
    server.user = base64.b64encode(b"me:the-right-password").decode()
    run = kept.run("post", TEXT)
    assert (run.code, asked.exists()) == (2, False), run.err
    place = server.url.removeprefix("http://")
    kept.environ["TWEETBOT_STORE"] = (
        f"git:http://me:the-wrong-password@{place}/{git_host.folder.name}"
    )
    run = kept.run("post", TEXT)
    assert (run.code, asked.exists()) == (2, False), run.err
    assert "password" not in run.err
    kept.environ["TWEETBOT_STORE"] = (
        f"git:http://me:the-right-password@{place}/{git_host.folder.name}"
    )
    run = kept.run("status", "-p", "default")
    assert run.code == 0, run.err
    assert "password" not in run.out + run.err


# -- the lock and what stands there ---------------------------------------------------------------


def locked(host: GitHost, *, until: float) -> None:
    host.change(lock=Lock("somebody", until).dump().decode())


@pytest.mark.parametrize(
    ("until", "is_held"),
    [
        (60, True),
        (-SLACK + 60, True),
        (-SLACK - 60, False),
        (LONGEST, True),
        (LONGEST + SLACK + 60, False),
        (1e12, False),
    ],
)
def test_a_lock_holds_as_long_as_its_run_may_live(
    until: float, is_held: bool, kept: Bot, git_host: GitHost
) -> None:
    locked(git_host, until=time.time() + until)
    run = kept.run("post", TEXT, "--wait", "0")
    assert run.code == (6 if is_held else 0), run.err
    assert ("its lock ends at" in run.err) == is_held


def test_a_lock_that_cannot_be_read_is_none(kept: Bot, git_host: GitHost) -> None:
    git_host.change(lock="[]")
    assert kept.run("post", TEXT, "--wait", "0").code == 0


def test_a_run_waits_for_the_lock(kept: Bot, git_host: GitHost) -> None:
    locked(git_host, until=time.time() + 60)
    with kept.start("post", TEXT) as process:
        time.sleep(1)
        git_host.change(lock=None)
        _, err = process.communicate(timeout=30)
    assert process.returncode == 0, err


def test_a_ref_that_was_deleted_meanwhile_is_written_anew(kept: Bot, git_host: GitHost) -> None:
    with (store := open_store(kept)).lock():
        profile = renewed(store.load())
        git_host.git("update-ref", "-d", REF)
        store.commit(profile)
        git_host.git("update-ref", "-d", REF)
        store.save(profile)
    assert profile_of(kept) == profile


def test_a_renewed_token_replaces_an_older_document(kept: Bot, git_host: GitHost) -> None:
    old = git_host.git("rev-parse", REF)
    with (store := open_store(kept)).lock():
        profile = renewed(store.load(), obtained_at=int(time.time()) + 1)
        git_host.git("update-ref", REF, old)
        store.commit(profile)
        git_host.git("update-ref", REF, old)
        store.save(profile)
    assert profile_of(kept) == profile


def test_a_run_that_lost_its_lock_gives_its_token_to_the_other(kept: Bot) -> None:
    now = time.time()
    first, second = open_store(kept), open_store(kept, now=lambda: now + LONGEST)
    with first.lock():
        profile = renewed(first.load())
        with second.lock():
            theirs = replace(second.load(), posts=(Posted(id="1", at=int(now), digest="d"),))
            second.save(theirs)
        with pytest.raises(Overtaken):
            first.commit(profile)
    assert profile_of(kept) == replace(theirs, token=profile.token)


def test_a_run_that_lost_its_lock_overwrites_nothing(kept: Bot) -> None:
    now = time.time()
    first, second = open_store(kept), open_store(kept, now=lambda: now + LONGEST)
    with first.lock():
        profile = first.load()
        with second.lock():
            second.save(replace(second.load(), cursors={"a": 1}))
            with pytest.raises(Overtaken):
                first.save(replace(profile, cursors={"a": 2}))
    assert profile_of(kept).cursors == {"a": 1}


def test_a_lock_is_kept_alive_by_a_push_when_half_of_its_time_is_gone(
    kept: Bot, git_host: GitHost
) -> None:
    now, pushed = time.time(), []
    store = open_store(kept, now=lambda: now)
    with store.lock(lasting=2 * 3600 - OWN_TIME):
        for _ in range(12):  # two hours of ten minutes
            store.keep_lock()
            pushed.append(git_host.git("rev-parse", REF))
            now += 600
        until = json.loads(git_host.git("cat-file", "-p", f"{REF}:lock"))["until"]
        assert until == pytest.approx(now - 5 * 600 + 2 * 3600, abs=1)
        assert profile_of(kept) == store.load()
    assert len(set(pushed)) == 2


def test_a_lock_that_another_run_took_is_not_kept_alive(kept: Bot) -> None:
    now = time.time()
    first, second = open_store(kept, now=lambda: now), open_store(kept, now=lambda: now + LONGEST)
    with first.lock(), second.lock():
        now += 3600
        with pytest.raises(Overtaken):
            first.keep_lock()


def test_a_later_login_is_not_replaced(kept: Bot, git_host: GitHost) -> None:
    with (store := open_store(kept)).lock():
        profile = renewed(store.load())
        git_host.git("update-ref", "-d", REF)
        with (other := open_store(kept)).lock(new=True):
            later = renewed(profile, obtained_at=int(time.time()) + 100)
            other.save(later)
        with pytest.raises(TokenNotSaved, match="later login"):
            store.commit(profile)
    assert profile_of(kept) == later


def test_a_token_that_no_push_takes_is_printed_encrypted_and_imported(
    kept: Bot, git_host: GitHost
) -> None:
    told: list[str] = []
    with (store := open_store(kept, warn=told.append)).lock():
        profile = renewed(store.load())
        git_host.hook("pre-receive", "exit 1")
        with pytest.raises(TokenNotSaved, match="encrypted: `tweetbot import` takes it"):
            store.commit(profile)
    git_host.hook("pre-receive", "")
    git_host.change(lock=None)
    sealed, stays = told
    assert "The lock of git:" in stays
    assert "stays for some minutes: git:" in stays
    assert not [word for word in (profile.token.access_token, "dogfacts") if word in sealed]
    run = kept.run("import", stdin=f"\n{sealed}\n".encode())
    assert run.code == 0, run.err
    assert profile_of(kept).token == profile.token
    rescued = list((kept.folder / "state").glob("*.rescue"))
    assert len(rescued) == 1
    assert open_store(kept).load().token == profile.token


# -- where git runs -------------------------------------------------------------------------------


def git(*args: str, cwd: Path) -> str:
    """Run git where a person works; not in the repository that a hook of ours may stand in."""
    author = ("-c", "user.name=me", "-c", "user.email=me@example.com")
    done = subprocess.run(["git", *author, *args], cwd=cwd, capture_output=True, check=True)
    return done.stdout.decode()


@pytest.fixture
def clone(kept: Bot, git_host: GitHost, tmp_path: Path) -> Path:
    """A clone with two commits and a tag, on a machine where git has no settings at all."""
    kept.environ |= {
        "TWEETBOT_STORE": "git:",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
    }
    folder = tmp_path / "clone"
    git_host.git("symbolic-ref", "HEAD", "refs/heads/main")
    git("clone", "-q", git_host.url, str(folder), cwd=tmp_path)
    for number in (1, 2):
        (folder / "file").write_text(f"{number}\n")
        git("add", "file", cwd=folder)
        git("commit", "-qm", f"Commit {number}", cwd=folder)
    git("tag", "v1", "HEAD~1", cwd=folder)
    git("push", "-q", "--tags", "origin", "HEAD:refs/heads/main", cwd=folder)
    return folder


def as_it_is(folder: Path, _: Path) -> Path:
    return folder


def in_a_folder_of_it(folder: Path, _: Path) -> Path:
    (folder / "deep/er").mkdir(parents=True)
    return folder / "deep/er"


def shallow(folder: Path, root: Path) -> Path:
    git(
        "clone",
        "-q",
        "--depth=1",
        git("remote", "get-url", "origin", cwd=folder).strip(),
        "sh",
        cwd=root,
    )
    return root / "sh"


def partial(folder: Path, root: Path) -> Path:
    url = git("remote", "get-url", "origin", cwd=folder).strip()
    git("clone", "-q", "--filter=blob:none", url, "partial", cwd=root)
    return root / "partial"


def mirror(folder: Path, root: Path) -> Path:
    git(
        "clone",
        "-q",
        "--mirror",
        git("remote", "get-url", "origin", cwd=folder).strip(),
        "m",
        cwd=root,
    )
    return root / "m"


def a_tag(folder: Path, _: Path) -> Path:
    git("checkout", "-q", "v1", cwd=folder)
    return folder


def with_changes(folder: Path, _: Path) -> Path:
    (folder / "file").write_text("changed\n")
    (folder / "new").write_text("new\n")
    git("add", "new", cwd=folder)
    return folder


def with_hooks(folder: Path, _: Path) -> Path:
    for name in ("pre-push", "reference-transaction", "post-checkout", "pre-auto-gc"):
        hook = folder / ".git/hooks" / name
        hook.parent.mkdir(exist_ok=True)
        hook.write_text("#!/bin/sh\nexit 1\n")
        hook.chmod(0o755)
    return folder


def with_odd_settings(folder: Path, _: Path) -> Path:
    for key, value in {
        "push.gpgSign": "true",
        "push.followTags": "true",
        "push.recurseSubmodules": "check",
        "commit.gpgSign": "true",
        "gc.auto": "1",
        "fetch.prune": "true",
        "push.default": "nothing",
        "remote.origin.fetch": "+refs/*:refs/remotes/origin/*",
        "color.ui": "always",
        "push.useForceIfIncludes": "true",
        "core.pager": "false",
    }.items():
        git("config", key, value, cwd=folder)
    return folder


def a_work_tree(folder: Path, root: Path) -> Path:
    git("worktree", "add", "-q", str(root / "tree: two"), "v1", cwd=folder)
    return root / "tree: two"


PLACES = [
    as_it_is,
    in_a_folder_of_it,
    shallow,
    partial,
    mirror,
    a_tag,
    with_changes,
    with_hooks,
    with_odd_settings,
    a_work_tree,
]


def state(folder: Path) -> object:
    """Return all that a run could have changed in a repository."""
    objects = git("rev-parse", "--git-path", "objects", cwd=folder).strip()
    bare = git("rev-parse", "--is-bare-repository", cwd=folder).strip() == "true"
    return (
        "" if bare else git("status", "--porcelain", cwd=folder),
        git("rev-parse", "HEAD", cwd=folder),
        git("for-each-ref", cwd=folder),
        sorted(str(path) for path in (folder / objects).rglob("*")),
        [path.name for path in (folder / ".git").rglob("FETCH_HEAD")],
    )


@pytest.mark.parametrize("place", PLACES)
def test_a_run_changes_nothing_in_the_repository_it_stands_in(
    place: Callable[[Path, Path], Path], clone: Path, kept: Bot, tmp_path: Path
) -> None:
    folder = place(clone, tmp_path)
    make_due_by_command(kept, folder)
    before = state(folder)
    run = kept.run("post", TEXT, cwd=folder)
    assert (run.code, run.err) == (0, "")
    assert state(folder) == before


def make_due_by_command(bot: Bot, folder: Path) -> None:
    """Let the half-life pass for a store that a name in a clone stands for."""
    bot.environ["TWEETBOT_STORE"] = f"git:{git('remote', 'get-url', 'origin', cwd=folder).strip()}"
    make_due(bot)
    bot.environ["TWEETBOT_STORE"] = "git:origin"


def test_a_run_inside_of_a_hook_finds_its_way(clone: Path, kept: Bot) -> None:
    kept.environ |= {"GIT_INDEX_FILE": "/nowhere", "GIT_DIR": str(clone / ".git"), "GIT_TRACE": "1"}
    run = kept.run("post", TEXT, cwd=clone)
    assert (run.code, run.err) == (0, "")


def test_no_temporary_folder_is_left(clone: Path, kept: Bot, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    kept.environ["TMPDIR"] = str(scratch)
    assert kept.run("post", TEXT, cwd=clone).code == 0
    kept.environ["TWEETBOT_STORE"] = f"git:{tmp_path / 'host.git'}"
    assert kept.run("status").code == 0
    assert list(scratch.iterdir()) == []


def nowhere(kept: Bot, tmp_path: Path) -> Path:
    (tmp_path / "plain").mkdir()
    kept.environ["GIT_CEILING_DIRECTORIES"] = str(tmp_path)
    return tmp_path / "plain"


def test_outside_of_a_clone_a_name_is_refused(kept: Bot, tmp_path: Path) -> None:
    kept.environ["TWEETBOT_STORE"] = "git:"
    run = kept.run("post", TEXT, cwd=nowhere(kept, tmp_path))
    assert run.code == 2
    assert "not a git repository" in run.err


def test_a_remote_that_the_clone_does_not_know_is_refused(clone: Path, kept: Bot) -> None:
    kept.environ["TWEETBOT_STORE"] = "git:upstream"
    run = kept.run("post", TEXT, cwd=clone)
    assert run.code == 2
    assert "upstream" in run.err


@pytest.mark.parametrize("store", ["git:--upload-pack=x", "git:origin?brnch", "git:a b"])
def test_what_names_no_repository_is_refused(store: str, kept: Bot) -> None:
    kept.environ["TWEETBOT_STORE"] = store
    assert kept.run("post", TEXT).code == 2


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder away")
def test_a_clone_of_somebody_else_is_told_how_to_be_allowed(clone: Path, kept: Bot) -> None:
    for path in (clone, *clone.rglob("*")):
        os.lchown(path, 65534, 65534)
    run = kept.run("post", TEXT, cwd=clone)
    assert run.code == 2
    assert "git config --global --add safe.directory" in run.err


@pytest.mark.parametrize(
    ("script", "words"), [("", "not installed"), ("echo git version 2.29.1", "2.30")]
)
def test_git_itself_has_to_be_there_and_new_enough(
    script: str, words: str, kept: Bot, tmp_path: Path
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    if script:
        (folder / "git").write_text(f"#!/bin/sh\n{script}\n")
        (folder / "git").chmod(0o755)
    kept.environ["PATH"] = str(folder)
    run = kept.run("post", TEXT)
    assert (run.code, kept.x.requests) == (2, ()), run.err
    assert words in run.err


# -- in a job of GitHub Actions -------------------------------------------------------------------


def in_actions(bot: Bot, **variables: str) -> Run:
    bot.environ |= {"GITHUB_ACTIONS": "true", **variables}
    return bot.run("post", TEXT)


def no_key(bot: Bot, _host: GitHost, _server: GitServer) -> None:
    bot.environ["TWEETBOT_KEY"] = ""


def no_permission(_bot: Bot, _host: GitHost, server: GitServer) -> None:
    server.choose = lambda step: "403" if step.startswith("push") else ""


def no_credentials(_bot: Bot, _host: GitHost, server: GitServer) -> None:
    server.choose = lambda step: "401" if step.startswith("push") else ""


def nothing_there(_bot: Bot, host: GitHost, _server: GitServer) -> None:
    host.git("update-ref", "-d", REF)


def a_dead_login(bot: Bot, _host: GitHost, _server: GitServer) -> None:
    make_due(bot)
    bot.x.revoke_all()
    bot.x.expire_access_tokens()


def a_wrong_secret(bot: Bot, _host: GitHost, _server: GitServer) -> None:
    make_due(bot)
    with (store := open_store(bot)).lock():
        profile = store.load()
        client = replace(profile.client, client_secret="another")
        store.save(replace(profile, client=client))


@pytest.mark.parametrize(
    ("fault", "code", "words"),
    [
        (a_dead_login, 4, "Run `tweetbot auth -p default` on the laptop"),
        (a_wrong_secret, 2, "`tweetbot auth -p default --client-secret-file FILE`"),
        (no_key, 2, "gh secret set TWEETBOT_KEY"),
        (no_permission, 2, "contents: write"),
        (no_credentials, 2, "persist-credentials: false"),
        (nothing_there, 4, "tweetbot export -p default --to git:"),
    ],
)
def test_a_red_job_names_its_cure_there(
    fault: Callable[[Bot, GitHost, GitServer], None],
    code: int,
    words: str,
    kept: Bot,
    git_host: GitHost,
    server: GitServer,
) -> None:
    fault(kept, git_host, server)
    run = in_actions(kept)
    assert (run.code, kept.x.posts) == (code, ()), run.err
    assert words in run.err


def test_each_token_is_masked_before_anything_is_said(kept: Bot) -> None:
    make_due(kept)
    run = in_actions(kept)
    assert run.code == 0
    masked = {line.removeprefix("::add-mask::") for line in run.err.splitlines()}
    token = profile_of(kept).token
    assert {token.access_token, token.refresh_token} <= masked


def test_a_post_leaves_its_address_in_the_summary_of_the_job(kept: Bot, tmp_path: Path) -> None:
    summary = tmp_path / "summary"
    assert in_actions(kept, GITHUB_STEP_SUMMARY=str(summary)).code == 0
    assert summary.read_text() == f"Posted: https://x.com/dogfacts/status/{kept.x.posts[-1].id}\n"
    kept.environ["GITHUB_STEP_SUMMARY"] = str(tmp_path / "no/such/folder")
    run = kept.run("post", f"{TEXT} again")
    assert run.code == 0
    assert "The summary of the job" in run.err
