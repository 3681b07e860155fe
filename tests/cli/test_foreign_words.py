"""What others wrote cannot steer a terminal or a CI: documents, lists, X's answers, arguments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tweetbot.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot, Run

STEERING = "\x1b[2J\x1b]0;t\x07\x9b31m\x85\x00\x08\r\u202e\u2066\u2028\u2029\u200f"
HOSTILE = f"good{STEERING}\n::add-path::/tmp\n##[add-path]/tmp\nbad"


def assert_harmless(run: Run, place: str, *, says: str = "good") -> None:
    """Nothing steers the terminal; in a CI, whose runner reads both streams, nothing is obeyed."""
    shown = run.out + run.err
    assert says in shown
    assert not [c for c in shown if not c.isprintable() and c != "\n"], ascii(shown)
    lines = (shown if place else run.err).splitlines()
    assert not [line for line in lines if line.lstrip().startswith("::")]
    assert not (place and "##[" in shown)


def hostile_document(bot: Bot) -> None:
    digest = "0" * 64
    at = bot.document["token"]["obtained_at"]
    bot.change(
        token={"scope": f"tweet.read tweet.write users.read {HOSTILE}"},
        pending={
            "text": HOSTILE,
            "digest": digest,
            "at": at - 60,
            "source": HOSTILE,
            "cursor": HOSTILE,
            "parts": [{"text": HOSTILE}, {"text": HOSTILE}],
            "done": [HOSTILE],
            "reply_to": HOSTILE,
            "media_keys": [HOSTILE],
        },
        cursors={HOSTILE: HOSTILE},
        last_error={"at": at, "code": 6, "error": HOSTILE, "message": HOSTILE, "count": 2},
        spend={"month": HOSTILE, "posts": 1, "usd": 1.0, "budget_usd": 10.0},
        posts=[{"id": HOSTILE, "at": at, "digest": digest}],
    )


@pytest.fixture(params=["", "true"], ids=["a terminal", "GitHub Actions"])
def place(request: pytest.FixtureRequest, bot: Bot) -> str:
    bot.environ["GITHUB_ACTIONS"] = str(request.param)
    return str(request.param)


@pytest.mark.parametrize("args", [[], ["-p", "default"]], ids=str)
def test_a_hostile_document_cannot_steer_what_shows_its_status(
    bot: Bot, place: str, args: list[str]
) -> None:
    hostile_document(bot)
    run = bot.run("status", *args)
    assert_harmless(run, place)
    titles = "profile,kept in,account,scope,token,last post,this month,pending,last error,next post"
    beginnings = [f"{title}:" for title in titles.split(",")] if args else ["default "]
    lines = run.out.splitlines()
    assert len(lines) == len(beginnings)
    assert all(map(str.startswith, lines, beginnings))


@pytest.mark.parametrize("args", [["-v"], ["-v", "--json"], ["-n", "-v"]], ids=str)
def test_a_hostile_document_cannot_steer_a_run_and_what_it_shows_of_its_requests(
    bot: Bot, place: str, args: list[str]
) -> None:
    hostile_document(bot)
    run = bot.run("post", *args, "good")
    assert run.code in (0, 3), run.err
    assert_harmless(run, place)
    for command in (["delete", "-v", "last"], ["post", "good", "--reply-to", "last"]):
        run = bot.run(*command)
        assert run.code in (0, 2, 3), run.err
        assert_harmless(run, place, says="")


@pytest.mark.parametrize(
    "changes",
    [
        {"account": {"id": "1\r", "username": "dogfacts"}},
        {"account": {"id": "1", "username": HOSTILE}},
        {"client": {"api_url": HOSTILE}},
        {HOSTILE: 1, "version": HOSTILE},
        {"moved": {"at": 1, "note": HOSTILE}},
    ],
    ids=lambda changes: ascii(next(iter(changes)))[:12],
)
def test_a_hostile_document_cannot_steer_a_message(
    bot: Bot, place: str, changes: dict[str, Any]
) -> None:
    bot.change(**changes)
    status, post = ["status", "-p", "default"], ["post", "-v", "good"]
    for args in (["status"], status, [*status, "--json"], post, ["post", "-n", "good"]):
        run = bot.run(*args)
        assert run.code in (2, 4)
        assert_harmless(run, place, says="")


@pytest.mark.parametrize(
    "text",
    [
        HOSTILE.replace("\r", "").replace("\x85", ""),
        "good \u202e\n::add-path::/tmp",
        "good\n  ::x::y\u2028z ##[a]",
        "good $T @a a.com\u2066",
    ],
    ids=lambda text: ascii(text)[:20],
)
def test_a_hostile_list_cannot_steer_a_dry_run(
    bot: Bot, place: str, tmp_path: Path, text: str
) -> None:
    path = tmp_path / "list.txt"
    path.write_text(text.replace("\n", "\\n"), encoding="utf-8", newline="")
    shown = [bot.run("post", "-n", "--list", str(path))]
    if "\0" not in text:
        shown.append(bot.run("post", "-n", text))
    for run in shown:
        assert_harmless(run, place, says="good" if run.code == 0 else "posted")


def test_in_a_ci_a_text_is_shown_behind_a_mark(bot: Bot) -> None:
    bot.environ["GITHUB_ACTIONS"] = "true"
    assert bot.run("post", "-n", "One\n::error::two").out == "| One\n| ::error::two\n"
    bot.environ.clear()
    assert bot.run("post", "-n", "One\n::error::two").out == "One\n::error::two\n"


def test_an_item_that_is_passed_over_cannot_steer_the_terminal(
    bot: Bot, x: Sandbox, place: str, tmp_path: Path
) -> None:
    path = tmp_path / "list.txt"
    path.write_text("good \\n::add-path::/tmp \x7f\u202e\u2028\x1b[2J " + "long " * 99 + "\n")
    run = bot.run("post", "--list", str(path))
    assert run.code == 3
    assert "Passed over" in run.err
    assert_harmless(run, place)
    body = json.dumps({"title": "good", "detail": f"duplicate {HOSTILE}"}).encode()
    x.fault("post", Fault("status", status=403, body=body))
    path.write_text("good \\n::add-path::/tmp \u202e\u2066\n")
    run = bot.run("post", "--list", str(path))
    assert (run.code, "Passed over" in run.err) == (3, True)
    assert_harmless(run, place)
    assert_harmless(bot.run("status", "-p", "default"), place)


@pytest.mark.parametrize("step", ["post", "token", "timeline"])
def test_hostile_answers_cannot_steer_what_shows_them(
    bot: Bot, x: Sandbox, place: str, step: str
) -> None:
    said = {"title": HOSTILE, "detail": HOSTILE, "error": HOSTILE, "error_description": HOSTILE}
    body = json.dumps({**said, "reset_date": HOSTILE}).encode()
    # A header may hold what is beyond ASCII, but no line break.
    headers = {"x-transaction-id": "good\x1b[2J\x9b::a", "retry-after": "1\x1b[2J"}
    for status in (200, 302, 400, 401, 403, 429, 503):
        bot.log_in()
        if step == "token":
            bot.expire()
        if step == "timeline":
            x.fault("post", Fault("reset", after=True))
        x.fault(step, Fault("status", status=status, body=body, headers=headers, times=3))
        run = bot.run("post", "-v", "--wait", "0", f"good {status}")
        assert run.code != 0
        assert_harmless(run, place, says="Error: ")
        assert_harmless(bot.run("status", "-p", "default"), place, says="last error: ")


@pytest.mark.parametrize(
    "args",
    [
        ["post", "--list", HOSTILE],
        ["post", "x", HOSTILE],
        ["post", f"--{HOSTILE}"],
        [HOSTILE],
        ["import", HOSTILE],
        ["status", "-p", HOSTILE],
        ["status", "--max-age", HOSTILE],
        ["sandbox", "--fault", HOSTILE],
    ],
    ids=lambda args: args[0][:6],
)
def test_a_hostile_argument_is_one_line_of_a_message(bot: Bot, place: str, args: list[str]) -> None:
    run = bot.run(*(arg.replace("\x00", "") for arg in args))
    assert run.code == 2
    assert_harmless(run, place, says="")
    assert run.err.count("\n") == 1


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_a_terminal_that_cannot_show_a_text_shows_what_it_can(bot: Bot, encoding: str) -> None:
    """As Windows' are, and pipes there."""
    bot.environ = {"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    run = bot.run("post", "-n", "good ☃ 日本")
    assert (run.code, run.out) == (0, "good \\u2603 \\u65e5\\u672c\n")
    assert "closed" not in run.err
    assert run.err.count("\n") == 2
    assert encoding in run.err.lower() or "iso" in run.err.lower()
    assert "PYTHONUTF8=1" in run.err
