"""The command line itself: help, usage, exit codes, JSON, and what goes to which stream."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import pytest

from tweetbot import __version__, errors
from tweetbot.cli.commands import COMMANDS
from tweetbot.cli.commands import command as load
from tweetbot.errors import EXIT_CODES, TweetbotError
from tweetbot.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot


@pytest.fixture
def bot(bot: Bot) -> Bot:
    """The bot that is logged in; here each of its runs is a process of its own."""
    bot.alone = True
    return bot


ERROR_FIELDS = ["ok", "code", "error", "message", "retry_at", "x"]


def tweetbot(*args: str, folder: Path, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a command that meets no X: whatever it would ask goes to a port that is closed."""
    variables = {
        **{name: value for name, value in os.environ.items() if name.startswith("COV")},
        "TWEETBOT_CONFIG_DIR": str(folder),
        "TWEETBOT_API_URL": "http://127.0.0.1:1",
        **environ,
    }
    return subprocess.run(
        [sys.executable, "-m", "tweetbot", *args],
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
    )


# --- help and version -----------------------------------------------------------------------


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_the_help_goes_to_standard_output(tmp_path: Path, option: str) -> None:
    ended = tweetbot(option, folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith("Usage: tweetbot ")


def test_the_help_lists_the_commands_in_the_order_in_which_they_are_met(tmp_path: Path) -> None:
    said = tweetbot("--help", folder=tmp_path).stdout
    listed = re.search(r"Commands:\n(.*?)\n\n", said, re.DOTALL)
    assert listed
    assert re.findall(r"^  (\w+) ", listed[1], re.MULTILINE) == list(COMMANDS)


def test_the_help_begins_with_something_that_costs_nothing(tmp_path: Path) -> None:
    assert "tweetbot sandbox --approve -- sh -c" in tweetbot("--help", folder=tmp_path).stdout


def test_the_version_is_one_line(tmp_path: Path) -> None:
    ended = tweetbot("--version", folder=tmp_path)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, f"tweetbot {__version__}\n", "")


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_that_fits_a_terminal(tmp_path: Path, command: str) -> None:
    ended = tweetbot(command, "-h", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.startswith(f"Usage: tweetbot {command} ")
    assert max(map(len, ended.stdout.splitlines())) <= 80
    assert list(tmp_path.iterdir()) == []


def test_the_table_says_of_each_command_what_the_command_says_of_itself() -> None:
    assert {name: load(name).get_short_help_str(limit=200) for name in COMMANDS} == COMMANDS


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_is_explained(command: str) -> None:
    names = set()
    for parameter in load(command).params:
        names.update(parameter.opts)
        if parameter.param_type_name == "option":
            assert getattr(parameter, "help", None), parameter.opts
            assert all(len(name) > 2 or name[1].isalpha() for name in parameter.opts)
    assert {"-p", "--profile"} <= names


@pytest.mark.parametrize("command", ["auth", "post"])
def test_every_option_stands_under_a_heading(command: str) -> None:
    context = click.Context(load(command), info_name=command, max_content_width=80)
    shown = re.findall(r"^  (?:-\w, )?(--[\w-]+)", load(command).get_help(context), re.MULTILINE)
    options = [p.opts[-1] for p in load(command).get_params(context) if p.opts[0][0] == "-"]
    assert sorted(shown) == sorted(options)


def test_a_secret_is_never_the_value_of_an_option() -> None:
    names = {name for one in COMMANDS for p in load(one).params for name in p.opts}
    assert not {name for name in names if re.search("secret|token|password", name)} - {
        "--client-secret-file",
        "--token-life",
    }


# --- exit codes -----------------------------------------------------------------------------


def descendants(kind: type[TweetbotError]) -> set[type[TweetbotError]]:
    children = set(kind.__subclasses__())
    return children.union(*map(descendants, children))


def test_every_error_has_its_row_in_the_table() -> None:
    rows = {(code, name) for code, name, _ in EXIT_CODES}
    kinds = {TweetbotError} | descendants(TweetbotError)
    assert {(kind.code, kind.name) for kind in kinds} == rows - {(0, ""), (130, "interrupted")}


def test_an_error_has_the_code_of_the_class_above_it() -> None:
    """A scheduler acts on eight codes; a finer class only changes what tweetbot does."""
    for family in TweetbotError.__subclasses__():
        for kind in descendants(family):
            assert (kind.code, kind.name) == (family.code, family.name)


def test_the_table_is_in_order_and_no_code_stands_twice() -> None:
    codes = [code for code, _, _ in EXIT_CODES]
    assert codes == [*range(10), 130]
    assert len({name for _, name, _ in EXIT_CODES}) == len(EXIT_CODES)


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    drawn = re.findall(r"[├└]── (\w+)(?: +(\d) )?", errors.__doc__ or "")
    kinds = descendants(TweetbotError)
    assert {name for name, _ in drawn} == {kind.__name__ for kind in kinds}
    for name, code in drawn:
        assert not code or getattr(errors, name).code == int(code)


def test_the_help_shows_the_table(tmp_path: Path) -> None:
    said = tweetbot("--help", folder=tmp_path).stdout.partition("Exit codes:\n")[2]
    shown = [line.split(maxsplit=1) for line in said.splitlines() if line]
    assert shown == [[str(code), meaning] for code, _, meaning in EXIT_CODES]


@pytest.mark.parametrize(
    ("step", "status", "code"),
    [("post", 404, 2), ("post", 400, 3), ("token", 400, 4), ("post", 402, 5), ("post", 429, 6)],
)
def test_a_run_ends_with_the_code_of_its_error(
    bot: Bot, x: Sandbox, step: str, status: int, code: int
) -> None:
    bot.make_due()
    x.fault(step, Fault("status", status=status))
    run = bot.run("post", "--json", "Hello")
    name = {number: name for number, name, _ in EXIT_CODES}[code]
    assert (run.code, run.json["code"], run.json["error"]) == (code, code, name)
    assert run.json["x"]["status"] == status


# --- usage ----------------------------------------------------------------------------------

USAGE: list[tuple[Sequence[str], str]] = [
    (["tweet"], "No such command 'tweet'"),
    (["tweet", "Hello"], "The command is `tweetbot post`"),
    (["login"], "The command is `tweetbot auth`"),
    (["help"], "Type `tweetbot --help`"),
    (["help", "post"], "Type `tweetbot post --help`"),
    (["help", "tweet"], "Type `tweetbot post --help`"),
    (["post", "--file", "x", "Hello"], "It is --list here"),
    (["--wrong"], "No such option '--wrong'"),
    (["-p", "dogfacts", "post", "Hello"], "No such option '-p'"),
    (["post", "--wrong", "Hello"], "No such option '--wrong'"),
    (["post", "Hello", "world"], "unexpected extra argument"),
    (["post", "--wait", "soon", "Hello"], "Invalid value for '--wait'"),
    (["post", "--wait", "-1", "Hello"], "Invalid value for '--wait'"),
    (["post", "--wait"], "requires an argument"),
    (["post", "-p", "../other", "Hello"], "-p: a profile's name"),
    (["post", "-p", "", "Hello"], "-p: a profile's name"),
    (["post", "Hello", "world"], 'A text of several words needs quotes: tweetbot post "TEXT"'),
    (["auth", "now"], "unexpected extra argument"),
    (["status", "--max-age", "36"], "as in 36h"),
    (["renew", "--if-older", "soon"], "as in 36h"),
    (["logout", "-n"], "No such option '-n'"),
    (["sandbox", "--fault", "post"], "--fault"),
    (["sandbox", "--account", "@"], "--account: '' is no username"),
    (["sandbox", "--port", "70000"], "--port"),
    (["sandbox", "--token-life", "0"], "--token-life"),
]


@pytest.mark.parametrize(("args", "words"), USAGE, ids=lambda value: " ".join(value)[:30])
def test_a_slip_on_the_command_line_is_named(
    tmp_path: Path, args: Sequence[str], words: str
) -> None:
    ended = tweetbot(*args, folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith("Error: ")
    assert ended.stderr.count("\n") == 1
    assert words in ended.stderr
    assert list(tmp_path.iterdir()) == []


def test_without_a_command_the_help_is_shown(tmp_path: Path) -> None:
    ended = tweetbot(folder=tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == tweetbot("--help", folder=tmp_path).stdout


def test_a_slip_names_the_help_of_its_command(tmp_path: Path) -> None:
    assert "`tweetbot post --help`" in tweetbot("post", "--wait", "x", folder=tmp_path).stderr
    assert "`tweetbot post --help`" in tweetbot("post", "x", "--alt", folder=tmp_path).stderr
    for args in (["tweet"], ["--version=1"]):
        assert "`tweetbot --help`" in tweetbot(*args, folder=tmp_path).stderr


@pytest.mark.parametrize(
    "args",
    [
        ["post", "--json", "--wrong", "Hello"],
        ["post", "Hello", "--json", "--wait", "x"],
        ["post", "--json"],
        ["status", "--json", "--max-age", "1"],
        ["renew", "--json", "now"],
        ["auth", "--json", "--timeout", "0"],
        ["tweet", "--json"],
    ],
    ids=" ".join,
)
def test_a_slip_is_one_json_object_too(tmp_path: Path, args: Sequence[str]) -> None:
    ended = tweetbot(*args, folder=tmp_path)
    assert ended.returncode == 2
    assert ended.stdout.count("\n") == 1
    fields: dict[str, Any] = json.loads(ended.stdout)
    assert list(fields) == ERROR_FIELDS
    assert (fields["ok"], fields["code"], fields["error"]) == (False, 2, "configuration")
    assert (fields["retry_at"], fields["x"]) == (None, None)
    assert f"Error: {fields['message']}" in ended.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TWEETBOT_PROFILE", "a/b"),
        ("TWEETBOT_API_URL", "http://api.x.com"),
        ("TWEETBOT_AUTHORIZE_URL", "x.com"),
        ("TWEETBOT_CHECK_AFTER", "soon"),
    ],
)
def test_a_wrong_variable_is_named(tmp_path: Path, name: str, value: str) -> None:
    ended = tweetbot("post", "Hello", folder=tmp_path, **{name: value})
    assert ended.returncode == 2
    assert name in ended.stderr


# --- failures as JSON -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("args", "code", "error"),
    [
        (["post", "--json", ""], 3, "text-refused"),
        (["post", "--json", "Hello"], 4, "login-needed"),
        (["renew", "--json"], 4, "login-needed"),
    ],
)
def test_a_failure_as_json_says_what_the_person_is_told(
    tmp_path: Path, args: Sequence[str], code: int, error: str
) -> None:
    ended = tweetbot(*args, folder=tmp_path)
    fields = json.loads(ended.stdout)
    assert list(fields) == ERROR_FIELDS
    assert (ended.returncode, fields["code"], fields["error"]) == (code, code, error)
    assert ended.stderr == f"Error: {fields['message']}\n"


def test_what_x_said_is_part_of_the_json(bot: Bot, x: Sandbox) -> None:
    x.fault("post", Fault("status", status=400))
    fields = bot.run("post", "--json", "Hello").json
    assert fields["x"]["title"] == "Invalid Request"
    assert fields["x"]["detail"] in fields["message"]
    assert re.fullmatch(r"[0-9a-f]{16}", fields["x"]["transaction_id"])


def test_what_x_said_cannot_steer_the_terminal(bot: Bot, x: Sandbox) -> None:
    said = "\x1b[2J\x07red\r\n\u202enot\u2028" + "a " * 1000
    body = json.dumps({"title": "Forbidden", "detail": said}).encode()
    x.fault("post", Fault("status", status=403, body=body))
    run = bot.run("post", "--json", "Hello")
    assert (run.code, run.err.count("\n")) == (5, 1)
    assert run.err.rstrip("\n").isprintable()
    assert len(run.json["x"]["detail"]) in (299, 300)


# --- signals --------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "code"), [("SIGTERM", 143), ("SIGINT", 130)])
def test_a_signal_ends_a_waiting_command(bot: Bot, x: Sandbox, name: str, code: int) -> None:
    number = signal.Signals[name]
    process = bot.start("sandbox", preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
    with process:
        assert process.stdout
        assert process.stdout.readline().startswith(b"export TWEETBOT_")
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert f"Interrupted ({name})." in err.decode()
    assert not x.requests
