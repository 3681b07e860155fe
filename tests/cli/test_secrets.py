"""No token, code, verifier or client secret is ever shown, whatever happens."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import fields, is_dataclass
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import TYPE_CHECKING

import pytest

import tweetbot
from tweetbot.cli.edge import report_bug
from tweetbot.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot, Run

Trouble = Callable[["Bot"], object]
MARK = 20  # characters: so much of a secret is as good as all of it


def basic(x: Sandbox) -> str:
    return base64.b64encode(f"{x.client_id}:{x.client_secret}".encode()).decode()


def tokens(bot: Bot) -> set[str]:
    token = bot.document["token"]
    return {token["access_token"], token["refresh_token"]}


def assert_clean(shown: str, secrets: Iterable[str]) -> None:
    for secret in secrets:
        assert secret[:MARK] not in shown
        assert secret[-MARK:] not in shown


def fault(step: str, status: int, body: bytes = b"", *, times: int = 1) -> Trouble:
    return lambda bot: bot.x.fault(step, Fault("status", status=status, body=body, times=times))


def cut(step: str, kind: str, *, after: bool = False, times: int = 2) -> Trouble:
    return lambda bot: bot.x.fault(step, Fault(kind, after=after, times=times))


def echo(step: str, status: int, shape: str) -> Trouble:
    """A server, or a gateway before it, that shows the secrets of the request it received."""

    def trouble(bot: Bot) -> None:
        token = bot.document["token"]
        said = f"Bearer {token['access_token']}"
        if step != "post":
            said = f"Basic {basic(bot.x)} {bot.x.client_secret} {token['refresh_token']}"
        body = shape.replace("ECHO", said).encode()
        bot.x.fault(step, Fault("status", status=status, body=body, times=3))

    return trouble


def expired(*troubles: Trouble) -> Trouble:
    def trouble(bot: Bot) -> None:
        bot.expire()
        for one in troubles:
            one(bot)

    return trouble


def revoked(bot: Bot) -> None:
    bot.expire()
    bot.x.revoke_all()


def damaged(bot: Bot) -> None:
    bot.path.write_bytes(bot.path.read_bytes()[:-30])


def newline(bot: Bot) -> None:
    for name in ("access_token", "refresh_token"):
        bot.change(token={name: bot.document["token"][name] + "\n"})


def wrong_secret(bot: Bot) -> None:
    bot.expire()
    bot.change(client={"client_secret": "wrong-" + bot.x.client_secret})


def another_server(bot: Bot) -> None:
    bot.environ = {"TWEETBOT_API_URL": "http://127.0.0.1:1"}


PROBLEM = '{"title": "Forbidden", "detail": "ECHO", "errors": [{"message": "ECHO"}]}'
OAUTH = '{"error": "invalid_request", "error_description": "ECHO"}'
PAGE = "<html><pre>ECHO</pre></html>"
NEW_PAIR = b'{"access_token": "%s", "refresh_token": "%s"}' % (b"A" * 60, b"R" * 60)

# What goes wrong, and how the run ends.
TROUBLES: dict[str, tuple[Trouble, int]] = {
    "nothing": (lambda _: None, 0),
    "a renewal": (lambda bot: bot.make_due(), 0),
    "a 401": (lambda bot: bot.x.expire_access_tokens(), 0),
    "a dead grant": (revoked, 4),
    "a wrong client secret": (wrong_secret, 2),
    "a lost token": (expired(cut("token", "reset")), 6),
    "a lost token that was renewed": (expired(cut("token", "reset", after=True, times=1)), 4),
    "a token with garbage": (expired(cut("token", "garbage")), 6),
    "half a token": (expired(cut("token", "half", times=1)), 4),
    "a 201 with a pair": (expired(fault("token", 201, NEW_PAIR)), 4),
    "a 200 with half a pair": (expired(fault("token", 200, NEW_PAIR[:100], times=2)), 6),
    "a token page": (expired(fault("token", 503, times=2)), 6),
    "a bad document": (damaged, 2),
    "a newline in a token": (newline, 2),
    "another server": (another_server, 2),
    "a bill": (fault("post", 402), 5),
    "a rate limit": (fault("post", 429), 6),
    "a lost post": (cut("post", "reset"), 7),
    "a second 401": (fault("post", 401, times=3), 4),
    "no server": (lambda bot: bot.x.close(), 6),
    **{
        f"a token echo, {status}, {shape[:9]}": (expired(echo("token", status, shape)), code)
        for status, shape, code in (
            (200, OAUTH, 6),
            (400, OAUTH, 4),
            (401, PAGE, 6),
            (403, PROBLEM, 5),
            (503, PAGE, 6),
        )
    },
    **{
        f"a new pair, {status}": (expired(fault("token", status, NEW_PAIR, times=3)), code)
        for status, code in ((302, 2), (400, 6), (401, 6), (402, 5), (403, 5), (429, 6), (500, 6))
    },
    **{
        f"a post echo, {status}, {shape[:9]}": (echo("post", status, shape), code)
        for status, shape, code in (
            (200, PROBLEM, 7),
            (302, PAGE, 2),
            (400, PROBLEM, 3),
            (403, PAGE, 6),
            (503, PAGE, 7),
        )
    },
}


@pytest.mark.parametrize("name", TROUBLES)
def test_no_output_holds_a_secret(bot: Bot, x: Sandbox, name: str) -> None:
    trouble, code = TROUBLES[name]
    before = tokens(bot)
    trouble(bot)
    run = bot.run("post", "-v", "--json", "--wait", "0", "Hello")
    assert run.code == code, run.err
    secrets = before | x.secrets | {basic(x)}
    assert len(secrets) >= 4
    assert_clean(run.out + run.err, secrets)
    assert not {"A" * MARK, "R" * MARK} & set(re.findall("A{20}|R{20}", run.out + run.err))
    if code not in (0, 2):  # what is written down is shown by `status`
        assert_clean(json.dumps(bot.document["last_error"]), secrets)


@pytest.mark.parametrize("command", [["renew", "-v"], ["logout", "-v"], ["status"]], ids=" ".join)
def test_no_other_command_shows_a_secret(bot: Bot, x: Sandbox, command: list[str]) -> None:
    secrets = tokens(bot)
    run = bot.run(*command)
    assert run.code == 0, run.err
    assert_clean(run.out + run.err, secrets | x.secrets | {basic(x)})


def test_a_failed_withdrawal_shows_no_secret(bot: Bot, x: Sandbox) -> None:
    echo("revoke", 503, PAGE)(bot)
    secrets = tokens(bot)
    run = bot.run("logout", "-v")
    assert run.code != 0
    assert_clean(run.out + run.err, secrets | x.secrets | {basic(x)})


def test_the_files_beside_the_profile_hold_no_secret(bot: Bot, x: Sandbox) -> None:
    expired(cut("token", "reset"))(bot)
    assert bot.run("post", "Hello").code == 6
    beside = [path for path in bot.folder.iterdir() if path != bot.path]
    assert beside
    for path in beside:
        assert_clean(path.read_bytes().decode(), x.secrets | tokens(bot))


def test_an_export_into_a_closed_stream_goes_nowhere(bot: Bot) -> None:
    """Descriptor 1 is then the next file that is opened: the lock."""
    secrets = tokens(bot)
    command = ["/bin/sh", "-c", 'exec "$0" -m tweetbot export >&-', sys.executable]
    run = subprocess.run(command, env=bot.variables, capture_output=True, text=True, timeout=60)
    assert run.returncode == 2
    assert "The bot stays here" in run.stderr
    assert not bot.document["moved"]
    for path in bot.folder.iterdir():
        if path != bot.path:
            assert_clean(path.read_text(), secrets)


def test_the_credentials_of_the_environment_are_for_auth_alone(bot: Bot, x: Sandbox) -> None:
    bot.environ = {"TWEETBOT_CLIENT_SECRET": "the-secret-of-another-app"}
    bot.make_due()
    assert bot.run("post", "Hello").code == 0
    assert x.requests[0].headers["authorization"] == f"Basic {basic(x)}"


SECRET_NAME = re.compile(r"access_token|refresh_token|client_secret|code|code_verifier|state|body")


MODULES = [found.name for found in walk_packages(tweetbot.__path__, "tweetbot.")]


def test_no_repr_of_a_value_shows_a_secret() -> None:
    names = [name for name in MODULES if not name.startswith("tweetbot.sandbox")]
    modules = [import_module(name) for name in names if name != "tweetbot.__main__"]
    kinds = {kind for module in modules for kind in vars(module).values() if is_dataclass(kind)}
    shown = {
        (getattr(kind, "__name__", ""), entry.name)
        for kind in kinds
        for entry in fields(kind)
        if SECRET_NAME.fullmatch(entry.name) and entry.repr
    }
    assert shown == {("LastError", "code"), ("Ended", "code")}  # exit codes


# --- -v -------------------------------------------------------------------------------------


def lines_about_requests(run: Run) -> list[str]:
    return [line for line in run.err.splitlines() if " ms: " in line]


def test_verbose_shows_each_request_and_its_answer(bot: Bot, x: Sandbox) -> None:
    bot.make_due()
    run = bot.run("post", "-v", "Hello")
    url = re.escape(x.url)
    token, post = lines_about_requests(run)
    assert re.fullmatch(rf"POST {url}/2/oauth2/token \d+ ms: 200 [0-9a-f]{{16}}", token)
    assert re.fullmatch(rf"POST {url}/2/tweets \d+ ms: 201 [0-9a-f]{{16}}", post)


def test_verbose_shows_a_request_without_an_answer(bot: Bot, x: Sandbox) -> None:
    x.fault("post", Fault("reset", after=True))
    post, timeline = lines_about_requests(bot.run("post", "-v", "Hello"))
    assert "X's answer was lost" in post
    assert "?" not in timeline
    assert " 200 " in timeline


def test_without_verbose_no_request_is_shown(bot: Bot) -> None:
    bot.make_due()
    assert bot.run("post", "Hello").err == ""


# --- a bug ----------------------------------------------------------------------------------

TOKEN = "QWxhZGRpbjpvcGVuIHNlc2FtZTE2Nzg5MDEyMzQ1Njc4OTA6MTowOmF0OjE"

CRASH = f"""
import sys, click
from tweetbot.cli.edge import run

@click.group()
def cli(): pass

@cli.command()
@click.option("--json", is_flag=True)
def crash(json):
    access_token = {"".join(reversed(TOKEN))!r}[::-1]
    headers = {{"Authorization": "Bearer " + access_token}}
    try:
        {{}}[access_token]
    except KeyError as error:
        raise ValueError(f"Illegal header value {{headers}}") from error

sys.exit(run(cli, sys.argv[1:]))
"""


@pytest.mark.parametrize("options", [[], ["--json"]], ids=str)
def test_a_bug_shows_its_traceback_and_no_value(tmp_path: Path, options: list[str]) -> None:
    script = tmp_path / "crash.py"
    script.write_text(CRASH)
    run = subprocess.run(
        [sys.executable, str(script), "crash", *options],
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert run.returncode == 1
    assert f'File "{script}"' in run.stderr
    assert "ValueError: Illegal header value" in run.stderr
    assert "This is a bug in tweetbot" in run.stderr
    assert_clean(run.stdout + run.stderr, [TOKEN])
    if options:
        assert json.loads(run.stdout)["error"] == "bug"


@pytest.mark.parametrize(
    "said",
    [
        TOKEN,
        f"Bearer {TOKEN}",
        f"'{TOKEN}'",
        f'{{"access_token": "{TOKEN}"}}',
        f"{{'access_token':'{TOKEN}','refresh_token':'{TOKEN}'}}",
        f"a={TOKEN}&b={TOKEN}",
        f"Illegal header value b'Bearer {TOKEN}\\n'",
        f"{TOKEN[:30]}\n{TOKEN[30:]}",
    ],
)
def test_no_exception_of_a_bug_shows_a_token(capsys: pytest.CaptureFixture[str], said: str) -> None:
    with pytest.raises(RuntimeError) as caught:
        raise RuntimeError(said)
    assert report_bug(caught.value, wants_json=True) == 1
    shown = capsys.readouterr()
    assert_clean(shown.out + shown.err, [TOKEN])
    assert "RuntimeError" in shown.err
