"""The Tab key: bash, zsh and fish complete commands, options, bots and files."""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
from collections.abc import Iterator

import click
import pexpect
import pytest

from tests.conftest import Bot
from tests.readme_blocks import block
from tweetbot.cli.commands import COMMANDS
from tweetbot.cli.commands import command as load

SHELLS = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["-f", "-i"],
    "fish": ["--no-config", "-i"],
}


@pytest.fixture
def two(bot: Bot) -> Bot:
    """A folder with two bots, and a list beside it."""
    for name in ("dogfacts", "catfacts"):
        (bot.folder / f"{name}.json").write_bytes(bot.path.read_bytes())
    bot.path.unlink()
    (bot.folder.parent / "facts of dogs.txt").write_text("Dogs have wet noses.\n")
    program = bot.folder.parent / "tweetbot"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m tweetbot "$@"\n')
    program.chmod(0o755)
    return bot


@pytest.fixture(params=SHELLS)
def shell(two: Bot, request: pytest.FixtureRequest) -> Iterator[pexpect.spawn]:
    """A shell that has read the line of the README."""
    name = request.param
    if not shutil.which(name):
        assert os.environ.get("CI") != "true", f"missing in CI: {name}"
        pytest.skip(f"missing: {name}")
    home = two.folder.parent
    environ = {**two.variables, "PATH": f"{home}:{os.environ['PATH']}", "TERM": "dumb", "PS1": "> "}
    options = {"cwd": str(home), "env": environ, "encoding": "utf-8", "timeout": 20}
    spawned = pexpect.spawn(name, SHELLS[name], dimensions=(40, 200), **options)
    if name == "zsh":
        spawned.sendline("autoload -U compinit && compinit -u")
    (line,) = (line for line in block("completion").splitlines() if f"{name}_source" in line)
    spawned.sendline(line.partition(" #")[0])
    spawned.sendline("echo be'gin'")
    spawned.expect("begin")
    yield spawned
    spawned.close(force=True)


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("tweetbot stat\t-p dogf\t", "dogfacts +@dogfacts|profile: +dogfacts"),
        ("tweetbot post -n -p cat\t --order fi\t --list fac\t", "Dogs have wet noses"),
    ],
    ids=["a command and a bot", "a bot, a choice and a file"],
)
def test_the_tab_key_completes(shell: pexpect.spawn, typed: str, shown: str) -> None:
    shell.send(typed)
    shell.send("\r")
    shell.expect(shown)


@pytest.mark.parametrize("name", COMMANDS)
def test_whatever_takes_a_file_completes_files(name: str) -> None:
    command = load(name)
    ctx = click.Context(command)
    for parameter in command.params:
        if re.search("FILE|PATH", parameter.make_metavar(ctx)):
            kinds = [item.type for item in parameter.shell_complete(ctx, "fac")]
            assert kinds == ["file"], f"{parameter.name} lacks type=options.FILE"


def test_completing_a_bot_asks_no_server_and_no_key(two: Bot) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.5)
        for store in (f"redis://127.0.0.1:{server.getsockname()[1]}/0", "git:origin"):
            two.environ |= {
                "_TWEETBOT_COMPLETE": "bash_complete",
                "COMP_WORDS": "tweetbot status -p ",
                "COMP_CWORD": "3",
                "TWEETBOT_STORE": store,
            }
            two.alone = True
            run = two.run()
            assert (run.code, run.out) == (0, "plain,catfacts\nplain,dogfacts\n"), run.err
        with pytest.raises(TimeoutError):
            server.accept()


@pytest.mark.parametrize(
    "variables", [{"TWEETBOT_CONFIG_DIR": "~"}, {"TWEETBOT_CONFIG_DIR": "/no"}]
)
def test_completing_where_there_is_nothing_says_nothing(
    two: Bot, variables: dict[str, str]
) -> None:
    words = {"COMP_WORDS": "tweetbot status -p ", "COMP_CWORD": "3"}
    two.environ |= {"_TWEETBOT_COMPLETE": "bash_complete", **words, **variables}
    two.alone = True
    run = two.run()
    assert (run.out.strip(), run.err) == ("", "")
