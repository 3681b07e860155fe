"""A bot in a git repository behind a real ssh server; nobody can be asked for anything."""

from __future__ import annotations

import os
import socket
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pexpect
import pytest

from tests.conftest import Bot, GitHost, Run
from tests.ssh_server import ALIAS, SshServer, ssh_server
from tweetbot.errors import Temporary
from tweetbot.store.git_remote import Address, Remote

__all__ = ["ssh_server"]

TEXT = "Hello"


def as_a_url(server: SshServer, host: GitHost) -> str:
    return f"git:ssh://{server.user}@127.0.0.1:{server.port}{host.folder}"


def as_host_and_path(server: SshServer, host: GitHost) -> str:
    return f"git:{server.user}@{ALIAS}:{host.folder}"


@pytest.fixture
def server(ssh_server: SshServer) -> Iterator[SshServer]:
    with ssh_server.running():
        yield ssh_server


@pytest.fixture
def kept(bot: Bot, git_host: GitHost, server: SshServer) -> Bot:
    """A bot whose login is due, and lives behind that server alone."""
    bot.make_due()
    bot.environ |= git_host.variables
    assert bot.run("import", stdin=bot.path.read_bytes()).code == 0
    bot.path.unlink()
    bot.environ |= {"TWEETBOT_STORE": as_a_url(server, git_host), "GIT_SSH_COMMAND": server.ssh}
    return bot


@pytest.mark.parametrize("form", [as_a_url, as_host_and_path])
def test_a_run_renews_posts_and_lets_go(
    form: Callable[[SshServer, GitHost], str], kept: Bot, git_host: GitHost, server: SshServer
) -> None:
    kept.environ["TWEETBOT_STORE"] = form(server, git_host)
    run = kept.run("post", TEXT)
    assert (run.code, run.err, kept.x.count("token")) == (0, "", 1)
    assert run.out == f"https://x.com/dogfacts/status/{kept.x.posts[-1].id}\n"
    assert git_host.files() == ["document"]


def test_of_two_jobs_at_once_one_waits_for_the_other(kept: Bot) -> None:
    with kept.start("post", f"{TEXT} 1") as one, kept.start("post", f"{TEXT} 2") as two:
        said = [job.communicate(timeout=60)[1] for job in (one, two)]
    assert (one.returncode, two.returncode) == (0, 0), said
    assert (kept.x.count("token"), len(kept.x.posts)) == (1, 2)


# -- what fails -----------------------------------------------------------------------------------


def another_host_key(server: SshServer) -> None:
    server.know("key")


def unknown_host(server: SshServer) -> None:
    (server.folder / "known_hosts").unlink()


def another_key(server: SshServer) -> None:
    server.make_key("key")


def locked_key(server: SshServer) -> None:
    server.make_key("key", passphrase="a-passphrase")
    (server.folder / "authorized_keys").write_bytes((server.folder / "key.pub").read_bytes())


def open_key(server: SshServer) -> None:
    (server.folder / "key.pub").unlink()
    (server.folder / "key").chmod(0o644)


def key_that_only_reads(server: SshServer) -> None:
    """As GitHub says it of a deploy key."""
    said = "ERROR: The key you are authenticating with has been marked as read only."
    refusing = f"case $SSH_ORIGINAL_COMMAND in git-receive*) echo {said} >&2; exit 1;; esac"
    command = f'{refusing}; sh -c \\"$SSH_ORIGINAL_COMMAND\\"'
    keys = server.folder / "authorized_keys"
    keys.write_text(f'command="{command}" {keys.read_text()}')


@pytest.mark.parametrize(
    ("fault", "happened", "remedy"),
    [
        (another_host_key, "Host key for [127.0.0.1]", "ask whoever runs it"),
        (unknown_host, "Host key verification failed", "connect once by hand"),
        (another_key, "Permission denied (publickey", "an ssh key without a passphrase"),
        (locked_key, "Permission denied (publickey", "an ssh key without a passphrase"),
        (open_key, "too open", "chmod 600"),
        (key_that_only_reads, "marked as read only", "push there"),
    ],
)
def test_what_a_person_has_to_mend_is_2_and_told(
    fault: Callable[[SshServer], None], happened: str, remedy: str, kept: Bot, server: SshServer
) -> None:
    fault(server)
    run = kept.run("post", TEXT)
    assert (run.code, kept.x.requests) == (2, ()), run.err
    assert happened in run.err
    assert remedy in run.err.partition(happened)[2]
    assert "@@@" not in run.err
    check_no_secret(run, kept, server)


def check_no_secret(run: Run, bot: Bot, server: SshServer) -> None:
    keys = [(server.folder / name).read_text().split("\n")[1] for name in ("host", "key")]
    secrets = (*bot.x.secrets, bot.environ["TWEETBOT_KEY"], *keys)
    assert not [secret for secret in secrets if secret in run.out + run.err]


@pytest.mark.parametrize("fault", [unknown_host, locked_key])
def test_nobody_is_asked_also_at_a_terminal(
    fault: Callable[[SshServer], None], kept: Bot, server: SshServer
) -> None:
    fault(server)
    command = ["-m", "tweetbot", "post", TEXT]
    with closing(pexpect.spawn(sys.executable, command, env=kept.variables, timeout=20)) as shell:
        said = shell.read().decode()
    assert shell.exitstatus == 2, said
    assert "yes/no" not in said
    assert "Enter passphrase" not in said


def test_a_server_that_is_gone_is_temporary(
    kept: Bot, ssh_server: SshServer, git_host: GitHost
) -> None:
    address = as_a_url(ssh_server, git_host)
    kept.environ["TWEETBOT_STORE"] = address.replace(str(ssh_server.port), "9")
    run = kept.run("post", TEXT)
    assert (run.code, kept.x.requests) == (6, ()), run.err
    assert "Connection refused" in run.err


def test_a_server_that_says_nothing_is_temporary(kept: Bot) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"git:ssh://127.0.0.1:{silent.getsockname()[1]}/host.git"
        environ = {**os.environ, **kept.variables}
        remote = Remote(Address.parse(address), environ, deadline=0.5, sleep=lambda _: None)
        began = time.monotonic()
        with pytest.raises(Temporary, match="did not answer"):
            remote.refs()
    assert time.monotonic() - began < 10


def test_without_ssh_it_says_what_to_install(kept: Bot) -> None:
    kept.environ["GIT_SSH_COMMAND"] = "no-such-ssh"
    run = kept.run("post", TEXT)
    assert (run.code, kept.x.requests) == (2, ()), run.err
    assert "openssh-client" in run.err


def test_a_line_to_type_keeps_whom_ssh_logs_in_as(kept: Bot, server: SshServer) -> None:
    kept.environ |= {"GITHUB_ACTIONS": "true", "TWEETBOT_KEY": ""}
    run = kept.run("post", TEXT)
    assert run.code == 2
    assert f"tweetbot export -p default --to {kept.environ['TWEETBOT_STORE']})" in run.err
    assert server.user in kept.environ["TWEETBOT_STORE"]
