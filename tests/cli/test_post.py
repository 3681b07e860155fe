"""`tweetbot post` as cron runs it: a real process, a real socket, and all that may go wrong."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tweetbot.sandbox import Fault, Request, Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot

HELLO = "Hello, world"
NEVER_LOOK = {"TWEETBOT_CHECK_AFTER": ""}


def status(code: int, *, times: int = 1, **headers: str) -> Fault:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return Fault("status", status=code, headers=names, times=times)


def rate_limit(*, resets_in: int) -> Fault:
    reset = str(int(time.time()) + resets_in)
    return status(429, x_rate_limit_remaining="0", x_rate_limit_reset=reset)


def steps(x: Sandbox) -> list[str]:
    return [request.step for request in x.requests]


def sent(x: Sandbox, step: str) -> list[Request]:
    return [request for request in x.requests if request.step == step]


def texts(x: Sandbox) -> list[str]:
    return [post.sent_text for post in x.posts]


def url_of_last(x: Sandbox) -> str:
    return f"https://x.com/{x.account.username}/status/{x.posts[-1].id}"


def wait_until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.01)


def finish(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    with process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


def files(folder: Path) -> dict[str, tuple[bytes, os.stat_result]]:
    """Everything in `folder`: names, contents, owners, modes, times."""
    return {path.name: (path.read_bytes(), path.stat()) for path in folder.iterdir()}


def assert_nothing_was_touched(bot: Bot, before: dict[str, Any]) -> None:
    assert files(bot.folder).keys() == before.keys()
    for name, (document, status_before) in before.items():
        path = bot.folder / name
        after = path.stat()
        assert (path.read_bytes(), after.st_mode, after.st_ino, after.st_mtime_ns) == (
            document,
            status_before.st_mode,
            status_before.st_ino,
            status_before.st_mtime_ns,
        )
    assert not bot.x.requests


# --- one post -------------------------------------------------------------------------------


def test_a_post_prints_its_url_and_nothing_else(bot: Bot, x: Sandbox) -> None:
    run = bot.run("post", HELLO)
    assert (run.code, run.out, run.err) == (0, url_of_last(x) + "\n", "")
    assert texts(x) == [HELLO]
    assert steps(x) == ["post"]


def test_a_post_as_json_is_one_object(bot: Bot, x: Sandbox) -> None:
    began = int(time.time())
    run = bot.run("post", "--json", HELLO)
    assert run.out.count("\n") == 1
    fields = run.json
    assert began <= fields["posted_at"] <= time.time()
    expected = {
        "ok": True,
        "id": x.posts[-1].id,
        "url": url_of_last(x),
        "text": HELLO,
        "renewed": False,
        "already_posted": False,
    }
    assert {name: fields[name] for name in expected} == expected
    assert run.err == ""


def test_quiet_prints_nothing_when_it_worked(bot: Bot, x: Sandbox) -> None:
    run = bot.run("post", "-q", HELLO)
    assert (run.code, run.out, run.err) == (0, "", "")
    assert texts(x) == [HELLO]


def test_quiet_does_not_hide_a_failure(bot: Bot, x: Sandbox) -> None:
    x.fault("post", status(402))
    run = bot.run("post", "-q", HELLO)
    assert (run.code, run.out) == (5, "")
    assert "credits" in run.err


def test_the_document_knows_the_post_and_nothing_is_pending(bot: Bot, x: Sandbox) -> None:
    bot.run("post", HELLO)
    document = bot.document
    assert document["pending"] is None
    assert document["last_error"] is None
    [posted] = document["posts"]
    assert posted["id"] == x.posts[-1].id
    assert posted["digest"] == hashlib.sha256(HELLO.encode()).hexdigest()
    assert (document["spend"]["posts"], document["spend"]["usd"]) == (1, 0.015)


def test_the_same_text_again_is_not_sent_again(bot: Bot, x: Sandbox) -> None:
    first = bot.run("post", HELLO)
    second = bot.run("post", "--json", HELLO)
    assert (second.code, second.json["url"] + "\n") == (0, first.out)
    assert second.json["already_posted"]
    assert "lready posted" in second.err
    assert steps(x) == ["post"]


def test_again_sends_it_all_the_same_and_x_decides(bot: Bot, x: Sandbox) -> None:
    bot.run("post", HELLO)
    run = bot.run("post", "--again", HELLO)
    assert (run.code, x.count("post")) == (3, 2)
    assert "duplicate" in run.err
    assert texts(x) == [HELLO]


# --- renewal --------------------------------------------------------------------------------


def test_a_renewal_is_saved_and_used_by_the_next_run(bot: Bot, x: Sandbox) -> None:
    bot.make_due()
    old = bot.document["token"]
    assert bot.run("post", "--json", HELLO).json["renewed"]
    new = bot.document["token"]
    assert new["parent"] == hashlib.sha256(old["refresh_token"].encode()).hexdigest()[:16]
    assert new["refresh_token"] != old["refresh_token"]
    assert new["expires_at"] - new["obtained_at"] == 7200

    assert not bot.run("post", "--json", "The next one").json["renewed"]
    assert steps(x) == ["token", "post", "post"]
    used = [request.headers["authorization"] for request in sent(x, "post")]
    assert used == 2 * [f"Bearer {new['access_token']}"]

    bot.make_due()  # and its refresh token is as good as its access token
    assert bot.run("post", "And one more").code == 0
    assert x.count("token") == 2


def test_one_renewal_and_one_post_go_over_one_connection(bot: Bot, x: Sandbox) -> None:
    bot.make_due()
    assert bot.run("post", HELLO).code == 0
    assert steps(x) == ["token", "post"]
    assert len({request.connection for request in x.requests}) == 1


def test_the_intent_is_saved_together_with_the_new_token(bot: Bot, x: Sandbox) -> None:
    bot.make_due()
    old = bot.document["token"]["refresh_token"]
    x.fault("post", Fault("silent"))
    process = bot.start("post", HELLO)
    wait_until(lambda: x.count("post") == 1)
    document = bot.document
    process.kill()
    finish(process)
    assert document["token"]["refresh_token"] != old
    assert document["pending"]["text"] == HELLO


def test_a_public_client_renews_without_a_secret(bot: Bot, x: Sandbox) -> None:
    bot.log_in(public=True)
    bot.make_due()
    assert bot.run("post", HELLO).code == 0
    [request] = sent(x, "token")
    assert "authorization" not in request.headers
    assert request.form["client_id"] == x.public_client_id
    assert texts(x) == [HELLO]


def test_a_refused_renewal_posts_nothing_and_names_the_causes(bot: Bot, x: Sandbox) -> None:
    x.revoke_all()
    bot.expire()
    before = bot.document["token"]
    run = bot.run("post", HELLO)
    assert run.code == 4
    assert steps(x) == ["token"]  # a dead token is not asked about twice
    for words in ("logged in or renewed elsewhere", "old backup", "withdrawn", "tweetbot auth"):
        assert words in run.err
    document = bot.document
    assert (document["token"], document["pending"]) == (before, None)
    assert (document["last_error"]["code"], document["last_error"]["count"]) == (4, 1)

    assert bot.run("post", HELLO).code == 4
    assert bot.document["last_error"]["count"] == 2


@pytest.mark.parametrize("fault", [status(503, times=2), status(429)], ids=str)
def test_a_renewal_that_fails_for_a_while_still_posts(bot: Bot, x: Sandbox, fault: Fault) -> None:
    bot.make_due()
    before = bot.document["token"]
    x.fault("token", fault)
    run = bot.run("post", HELLO)
    assert (run.code, run.out) == (0, url_of_last(x) + "\n")
    assert "could not be renewed" in run.err
    assert bot.document["token"] == before
    assert x.count("token") == fault.times


@pytest.mark.parametrize(
    "fault", [Fault("reset"), Fault("garbage"), status(500), status(503)], ids=str
)
def test_a_lost_token_answer_is_asked_for_once_more(bot: Bot, x: Sandbox, fault: Fault) -> None:
    bot.expire()
    x.fault("token", fault)
    assert bot.run("post", "--json", HELLO).json["renewed"]
    first, second = sent(x, "token")
    assert first.form["refresh_token"] == second.form["refresh_token"]
    assert second.at - first.at < 1
    assert texts(x) == [HELLO]


@pytest.mark.parametrize("fault", [Fault("reset", times=9), status(502, times=9)], ids=str)
def test_a_run_never_sends_a_third_token_request(bot: Bot, x: Sandbox, fault: Fault) -> None:
    bot.expire()
    x.fault("token", fault)
    run = bot.run("post", HELLO)
    assert (run.code, steps(x)) == (6, ["token", "token"])
    assert bot.document["pending"] is None


def test_a_401_after_two_token_requests_is_the_end(bot: Bot, x: Sandbox) -> None:
    bot.make_due()
    x.fault("token", Fault("reset"))
    x.fault("post", status(401))
    assert bot.run("post", HELLO).code == 4
    assert steps(x) == ["token", "token", "post"]


def test_a_spent_token_whose_successor_was_lost_posts_while_it_can(bot: Bot, x: Sandbox) -> None:
    bot.make_due()
    x.fault("token", Fault("reset", after=True))
    run = bot.run("post", HELLO)
    assert (run.code, run.out) == (0, url_of_last(x) + "\n")
    assert "Log in again with `tweetbot auth`" in run.err
    assert steps(x) == ["token", "token", "post"]


def test_a_spent_token_whose_successor_was_lost_ends_with_4(bot: Bot, x: Sandbox) -> None:
    bot.expire()
    x.fault("token", Fault("reset", after=True))
    run = bot.run("post", HELLO)
    assert (run.code, steps(x)) == (4, ["token", "token"])
    assert "was interrupted at" in run.err


def test_a_wrong_client_secret_is_a_setting_and_keeps_the_token(bot: Bot, x: Sandbox) -> None:
    bot.make_due()
    bot.change(client={"client_secret": "not-the-secret"})
    before = bot.document["token"]
    run = bot.run("post", HELLO)
    assert (run.code, steps(x)) == (2, ["token"])
    assert "client secret" in run.err
    assert (bot.document["token"], bot.document["pending"]) == (before, None)

    bot.change(client={"client_secret": x.client_secret})
    assert bot.run("post", HELLO).code == 0


# --- what X may say to a post ---------------------------------------------------------------


def test_a_401_renews_once_and_posts_once(bot: Bot, x: Sandbox) -> None:
    x.expire_access_tokens()
    assert bot.run("post", "--json", HELLO).json["renewed"]
    assert steps(x) == ["post", "token", "post"]
    assert len({request.connection for request in x.requests}) == 1
    assert texts(x) == [HELLO]
    assert (
        sent(x, "post")[1].headers["authorization"].endswith(bot.document["token"]["access_token"])
    )


def test_a_second_401_ends_with_4(bot: Bot, x: Sandbox) -> None:
    x.fault("post", status(401, times=9))
    run = bot.run("post", HELLO)
    assert run.code == 4
    assert x.count("token") == 1
    assert bot.document["pending"] is None


def test_a_rate_limit_says_when_it_ends(bot: Bot, x: Sandbox) -> None:
    bot.environ = {"TZ": "XST-05:30"}
    x.fault("post", rate_limit(resets_in=15 * 60))
    run = bot.run("post", "--json", HELLO)
    assert (run.code, x.count("post")) == (6, 1)
    retry_at = run.json["retry_at"]
    assert abs(retry_at - time.time() - 15 * 60) < 10
    there = time.strftime("%H:%M", time.gmtime(retry_at + 5.5 * 3600))
    assert f"{there} (in 15 min)" in run.err
    assert bot.document["pending"] is None


def test_a_rate_limit_that_ends_soon_is_waited_for_once(bot: Bot, x: Sandbox) -> None:
    resets_at = int(time.time()) + 1
    x.fault("post", rate_limit(resets_in=1))
    run = bot.run("post", "--wait", "5", HELLO)
    assert (run.code, run.out) == (0, url_of_last(x) + "\n")
    _, second = sent(x, "post")
    assert second.at >= resets_at
    assert texts(x) == [HELLO]


def test_a_second_rate_limit_is_not_waited_for(bot: Bot, x: Sandbox) -> None:
    x.fault("post", rate_limit(resets_in=0))
    x.fault("post", rate_limit(resets_in=1))
    run = bot.run("post", "--wait", "5", HELLO)
    assert (run.code, x.count("post")) == (6, 2)


def test_missing_credits_end_with_5(bot: Bot, x: Sandbox) -> None:
    x.fault("post", status(402))
    run = bot.run("post", "--json", HELLO)
    assert (run.code, run.json["error"], run.json["x"]["status"]) == (5, "not-allowed", 402)
    assert "https://console.x.com" in run.err
    assert bot.document["last_error"]["code"] == 5
    assert bot.document["pending"] is None


@pytest.mark.slow
def test_a_refused_connection_is_tried_three_times(bot: Bot, x: Sandbox) -> None:
    x.close()
    run = bot.run("post", "-v", HELLO)
    assert (run.code, run.out, x.posts) == (6, "", ())
    assert run.err.count("POST ") == 3
    assert "could not be reached" in run.err
    assert bot.document["pending"] is None
    assert bot.document["last_error"]["code"] == 6


# --- an answer that does not come -----------------------------------------------------------


def test_a_cut_answer_with_looking_switched_off_ends_with_7(bot: Bot, x: Sandbox) -> None:
    bot.environ = NEVER_LOOK
    x.fault("post", Fault("reset", after=True))
    run = bot.run("post", "--json", HELLO)
    assert (run.code, run.json["error"]) == (7, "outcome-unknown")
    assert steps(x) == ["post"]
    assert HELLO in run.err
    assert f"https://x.com/{x.account.username}" in run.err
    assert bot.document["pending"]["text"] == HELLO
    assert bot.document["posts"] == []


def test_a_cut_answer_is_looked_up_and_never_sent_again(bot: Bot, x: Sandbox) -> None:
    bot.make_due()
    x.fault("post", Fault("reset", after=True))
    run = bot.run("post", HELLO)
    assert (run.code, run.out) == (0, url_of_last(x) + "\n")
    assert steps(x) == ["token", "post", "timeline"]
    assert bot.document["pending"] is None
    assert bot.document["posts"][-1]["id"] == x.posts[-1].id


def test_the_next_run_settles_what_the_last_one_left_open(bot: Bot, x: Sandbox) -> None:
    x.fault("post", Fault("reset", after=True))
    bot.environ = NEVER_LOOK
    assert bot.run("post", HELLO).code == 7
    bot.environ = {}
    bot.age_pending()
    run = bot.run("post", HELLO)
    assert (run.code, run.out) == (0, url_of_last(x) + "\n")
    assert "posted after all" in run.err
    assert steps(x) == ["post", "timeline"]


@pytest.mark.parametrize(
    ("name", "code"), [("SIGTERM", 143), ("SIGINT", 130), ("SIGHUP", 129)], ids=str
)
def test_a_signal_during_a_slow_post_keeps_it_pending(
    bot: Bot, x: Sandbox, name: str, code: int
) -> None:
    number = signal.Signals[name]
    x.fault("post", Fault("delay", seconds=30))
    # What a parent ignores its children ignore, too: a shell's background job, nohup.
    process = bot.start("post", HELLO, preexec_fn=lambda: signal.signal(number, signal.SIG_DFL))
    wait_until(lambda: x.count("post") == 1)
    process.send_signal(number)
    ended, out, err = finish(process)
    assert (ended, out, err.strip()) == (code, "", f"Interrupted ({name}).")
    assert bot.document["pending"]["text"] == HELLO

    bot.age_pending()
    run = bot.run("post", HELLO)  # it was live, and is found
    assert (run.code, run.out, len(x.posts)) == (0, url_of_last(x) + "\n", 1)


def test_nohup_stays_nohup(bot: Bot, x: Sandbox) -> None:
    x.fault("post", Fault("delay", seconds=0.5))
    process = bot.start(
        "post", HELLO, preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN)
    )
    wait_until(lambda: x.count("post") == 1)
    process.send_signal(signal.SIGHUP)
    assert finish(process)[:2] == (0, url_of_last(x) + "\n")


def test_a_signal_during_a_renewal_waits_until_the_token_is_saved(bot: Bot, x: Sandbox) -> None:
    bot.make_due()
    old = bot.document["token"]["refresh_token"]
    x.fault("token", Fault("delay", seconds=0.5))
    process = bot.start("post", HELLO)
    wait_until(lambda: x.count("token") == 1)
    process.send_signal(signal.SIGTERM)
    assert finish(process)[0] == 143
    assert bot.document["token"]["refresh_token"] != old
    assert (steps(x), x.posts) == (["token"], ())
    assert bot.document["pending"] is None  # nothing was sent, so there is nothing to look up


def test_the_name_of_a_file_is_not_posted(bot: Bot, x: Sandbox, tmp_path: Path) -> None:
    """`--list` was forgotten; a post is public, and costs."""
    (tmp_path / "facts.txt").write_text("One\n")
    ended = bot.run("post", "facts.txt", cwd=tmp_path)
    assert (ended.code, x.requests) == (2, ())
    assert "--list facts.txt" in ended.err
    assert bot.run("post", "facts.txt", cwd=bot.folder).code == 0  # there is no such file


def test_what_a_ci_takes_for_its_own_command_is_never_a_line_of_a_message(
    bot: Bot, x: Sandbox
) -> None:
    x.fault("post", Fault("reset"))
    bot.environ["TWEETBOT_CHECK_AFTER"] = ""
    assert bot.run("post", "One\n::error::two").code == 7
    ended = bot.run("post", "Another")
    assert (ended.code, "One ::error::two" in ended.err) == (0, True)
    assert not [line for line in ended.err.splitlines() if line.startswith("::")]


# --- two runs at once -----------------------------------------------------------------------


def test_overlapping_runs_take_turns(bot: Bot, x: Sandbox) -> None:
    bot.make_due()
    x.fault("token", Fault("delay", seconds=2.5))
    first = bot.start("post", "The first")
    wait_until(lambda: x.count("token") == 1)
    second = bot.start("post", "The second")
    impatient = bot.run("post", "--wait", "0", "The third")
    assert (first.poll(), second.poll()) == (None, None)

    assert impatient.code == 6
    assert re.search(r"Another run of this bot is active since \d{4}-", impatient.err)
    assert [finish(first)[0], finish(second)[0]] == [0, 0]
    assert steps(x) == ["token", "post", "post"]
    assert texts(x) == ["The first", "The second"]


def test_another_bot_does_not_wait(bot: Bot, x: Sandbox) -> None:
    x.fault("post", Fault("silent"))
    slow = bot.start("post", "The first")
    wait_until(lambda: x.count("post") == 1)
    other = bot.folder / "other.json"
    other.write_text(json.dumps({**bot.document, "pending": None}))
    assert bot.run("post", "-p", "other", "--wait", "0", "The second").code == 0
    slow.kill()
    finish(slow)


# --- where cron runs it ---------------------------------------------------------------------


def in_shell(bot: Bot, redirections: str, *args: str) -> subprocess.CompletedProcess[bytes]:
    script = f'exec "$0" -m tweetbot "$@" {redirections}'
    command = ["/bin/sh", "-c", script, sys.executable, *args]
    return subprocess.run(
        command, env=bot.variables, stdin=subprocess.DEVNULL, capture_output=True, timeout=60
    )


@pytest.mark.parametrize(
    "redirections",
    [
        "<&-",
        ">&-",
        "2>&-",
        "<&- >&- 2>&-",
        ">/dev/full",
        "2>/dev/full",
        ">/dev/full 2>&1",
    ],
)
def test_a_closed_or_full_stream_is_no_failure_of_the_post(
    bot: Bot, x: Sandbox, redirections: str
) -> None:
    bot.make_due()
    ended = in_shell(bot, redirections, "post", "-v", HELLO)
    assert (ended.returncode, texts(x)) == (0, [HELLO])
    assert bot.document["posts"][-1]["id"] == x.posts[-1].id
    assert bot.document["pending"] is None
    url = url_of_last(x).encode()
    if redirections in (">&-", ">/dev/full"):
        assert url in ended.stderr
    if redirections in ("<&-", "2>&-", "2>/dev/full"):
        assert ended.stdout == url + b"\n"


def test_a_failure_keeps_its_code_where_nobody_can_be_told(bot: Bot) -> None:
    assert in_shell(bot, ">/dev/full 2>&1", "post", "--json", "").returncode == 3


def test_a_reader_that_has_gone_is_no_failure_of_the_post(bot: Bot, x: Sandbox) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        run = bot.start("post", HELLO, stdout=writer)
    finally:
        os.close(writer)
    with run:
        _, err = run.communicate(timeout=60)
    assert (run.returncode, texts(x)) == (0, [HELLO])
    assert url_of_last(x) in err.decode()


def test_an_empty_environment_is_enough(bot: Bot, x: Sandbox) -> None:
    bot.make_due()
    names = ("TWEETBOT_CONFIG_DIR", "TWEETBOT_API_URL")
    run = bot.run("post", HELLO, env={name: bot.variables[name] for name in names})
    assert (run.code, run.out, run.err) == (0, url_of_last(x) + "\n", "")


def test_without_home_the_profile_is_where_the_password_database_says(tmp_path: Path) -> None:
    name = f"no-such-bot-{tmp_path.name}"[:64]
    command = [sys.executable, "-m", "tweetbot", "post", "--dry-run", "-p", name, HELLO]
    run = subprocess.run(command, env={}, capture_output=True, text=True, cwd=tmp_path)
    assert run.returncode == 0
    path = re.search(r"there is no (/.*)\.$", run.stderr.splitlines()[0])
    assert path
    assert path[1].endswith(f"tweetbot/{name}.json")
    assert not Path(path[1]).exists()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "environ",
    [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}],
    ids=["C", "ASCII"],
)
@pytest.mark.parametrize("way", ["argument", "standard input"])
def test_a_text_that_is_not_ascii_survives_any_locale(
    bot: Bot, x: Sandbox, environ: dict[str, str], way: str
) -> None:
    text = "Zażółć gęślą jaźń 🐕 “ok”"
    bot.environ = environ
    run = bot.run("post", text) if way == "argument" else bot.run("post", "-", stdin=text.encode())
    assert (run.code, run.out, run.err) == (0, url_of_last(x) + "\n", "")
    assert texts(x) == [text]


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs a folder nobody can write to")
def test_a_read_only_working_directory_and_no_terminal_will_do(bot: Bot, x: Sandbox) -> None:
    bot.make_due()
    run = bot.run("post", HELLO, cwd="/proc", start_new_session=True)
    assert (run.code, run.out, run.err) == (0, url_of_last(x) + "\n", "")


def test_standard_input_is_left_alone(bot: Bot, x: Sandbox) -> None:
    reader, writer = os.pipe()  # nobody writes, nobody closes: a read would never end
    try:
        with bot.start("post", HELLO, stdin=reader) as process:
            process.communicate(timeout=20)
    finally:
        os.close(reader)
        os.close(writer)
    assert (process.returncode, texts(x)) == (0, [HELLO])


# --- the text -------------------------------------------------------------------------------


def test_a_text_from_standard_input_loses_its_last_newlines_alone(bot: Bot, x: Sandbox) -> None:
    text = "  two spaces,\n\n\ttabs and \u00a0 é, e\u0301\r\nlines  "
    run = bot.run("post", "-", stdin=text.encode() + b"\r\n\n")
    assert run.code == 0
    assert texts(x) == [text.replace("\r\n", "\n")]


def test_a_text_after_two_dashes_may_begin_with_one(bot: Bot, x: Sandbox) -> None:
    assert bot.run("post", "--", "-5 degrees --json").code == 0
    assert texts(x) == ["-5 degrees --json"]


BAD_TEXTS = {
    "none": ((), None, 2, 'tweetbot post "Hello"'),
    "option": (("-5 degrees",), None, 2, "tweetbot post -- TEXT"),
    "long option": (("--5 degrees",), None, 2, "tweetbot post -- TEXT"),
    "two": (("Hello,", "world"), None, 2, "unexpected extra argument"),
    "empty": (("",), None, 3, "empty"),
    "white": ((" \n\t\u00a0",), None, 3, "white space"),
    "long": (("x" * 281,), None, 3, "281"),
    "not UTF-8": ((os.fsdecode(b"caf\xe9"),), None, 3, "not UTF-8"),
    "input not UTF-8": (("-",), b"caf\xe9", 3, "not UTF-8"),
    "input empty": (("-",), b"\n", 3, "empty"),
    "input long": (("-",), b"x" * 100_000, 3, "100000"),
}


@pytest.mark.parametrize("name", BAD_TEXTS)
def test_a_bad_text_costs_neither_lock_nor_request(bot: Bot, name: str) -> None:
    args, stdin, code, words = BAD_TEXTS[name]
    bot.make_due()
    before = files(bot.folder)
    run = bot.run("post", *args, stdin=stdin)
    assert (run.code, run.out) == (code, "")
    assert words in run.err
    assert_nothing_was_touched(bot, before)


def test_a_missing_text_lists_both_ways(bot: Bot) -> None:
    run = bot.run("post", stdin=b"not asked for")
    assert 'tweetbot post "Hello"' in run.err
    assert "tweetbot post - < text.txt" in run.err


def test_a_closed_standard_input_is_no_text(bot: Bot) -> None:
    ended = in_shell(bot, "<&-", "post", "-")
    assert ended.returncode == 2
    assert b"Standard input is closed" in ended.stderr


# --- --dry-run ------------------------------------------------------------------------------


def test_a_dry_run_shows_the_text_and_changes_nothing(bot: Bot) -> None:
    bot.make_due()
    bot.path.chmod(0o644)
    before = files(bot.folder)
    run = bot.run("post", "-n", f"{HELLO} https://example.com")
    assert (run.code, run.out) == (0, f"{HELLO} https://example.com\n")
    assert f"@{bot.x.account.username}" in run.err
    assert "of 280" in run.err
    assert "$0.200" in run.err
    assert_nothing_was_touched(bot, before)


def test_a_dry_run_as_json_is_one_object(bot: Bot) -> None:
    before = files(bot.folder)
    run = bot.run("post", "-n", "--json", HELLO)
    fields = run.json
    assert (fields["ok"], fields["dry_run"], fields["text"]) == (True, True, HELLO)
    assert (fields["username"], fields["weighted_length"]) == (bot.x.account.username, len(HELLO))
    assert (fields["valid"], fields["links"], fields["usd"]) == (True, [], 0.015)
    assert_nothing_was_touched(bot, before)


def test_a_dry_run_needs_no_profile_and_makes_none(bot: Bot) -> None:
    bot.path.unlink()
    bot.folder.rmdir()
    run = bot.run("post", "-n", HELLO)
    assert (run.code, run.out) == (0, HELLO + "\n")
    assert str(bot.path) in run.err
    assert not bot.folder.exists()
    assert bot.run("post", "-n", "--json", HELLO).json["username"] is None


def test_a_dry_run_refuses_what_a_run_would_refuse(bot: Bot) -> None:
    assert bot.run("post", "-n", "x" * 281).code == 3
    bot.change(moved={"at": 1})
    assert bot.run("post", "-n", HELLO).code == 4
    bot.path.write_bytes(b"{}")
    assert bot.run("post", "-n", HELLO).code == 2


# --- the profile ----------------------------------------------------------------------------


def test_a_missing_profile_ends_with_4_and_leaves_nothing(bot: Bot) -> None:
    bot.path.unlink()
    run = bot.run("post", HELLO)
    assert run.code == 4
    assert str(bot.path) in run.err
    assert "tweetbot auth" in run.err
    assert list(bot.folder.iterdir()) == []


def broken(bot: Bot, name: str) -> bytes:
    """A document that is damaged in the way `name` says."""
    token = bot.document["token"]
    newline = {**token, "access_token": token["access_token"] + "\n"}
    documents = {
        "empty": b"",
        "half": bot.path.read_bytes()[:-40],
        "a token with a newline": json.dumps({**bot.document, "token": newline}).encode(),
        "newer": json.dumps({**bot.document, "version": 2}).encode(),
        "milliseconds": json.dumps({**bot.document, "moved": {"at": 1795407942000000}}).encode(),
    }
    return documents[name]


@pytest.mark.parametrize(
    "name",
    [
        "empty",
        "half",
        "a token with a newline",
        "newer",
        "milliseconds",
    ],
)
def test_a_broken_profile_is_named_and_left_as_it_is(bot: Bot, name: str) -> None:
    document = broken(bot, name)
    secrets = [value for key, value in bot.document["token"].items() if key.endswith("_token")]
    bot.path.write_bytes(document)
    run = bot.run("post", HELLO)
    assert run.code == 2
    assert str(bot.path) in run.err
    assert ("upgrade tweetbot" in run.err) == (name == "newer")
    assert bot.path.read_bytes() == document
    assert not bot.x.requests
    assert not any(secret in run.err for secret in secrets)


def test_a_profile_that_is_a_folder_is_named(bot: Bot) -> None:
    bot.path.unlink()
    bot.path.mkdir()
    run = bot.run("post", HELLO)
    assert run.code == 2
    assert f"{bot.path} cannot be read" in run.err


def test_a_token_never_goes_to_another_server(bot: Bot) -> None:
    with Sandbox() as other:
        bot.environ = {"TWEETBOT_API_URL": other.url}
        run = bot.run("post", HELLO)
        assert not other.requests
    assert run.code == 2
    assert bot.x.url in run.err
    assert not bot.x.requests


def test_a_bot_that_moved_away_is_not_used(bot: Bot) -> None:
    bot.change(moved={"at": int(time.time()), "note": ""})
    before = bot.path.read_bytes()
    run = bot.run("post", HELLO)
    assert run.code == 4
    assert "was moved on" in run.err
    assert not bot.x.requests
    assert bot.path.read_bytes() == before


def test_unknown_keys_survive_a_post_at_every_level(bot: Bot, x: Sandbox) -> None:
    later = {"later": {"version": [2, None]}}
    earlier = {"id": "1", "at": 1, "digest": "d", **later}
    bot.make_due()
    bot.change(
        **later,
        client=later,
        account=later,
        token=later,
        posts=[earlier],
        cursors={"list": 7},
        spend={"month": "", "posts": 0, "usd": 0, "budget_usd": 5, **later},
    )
    assert bot.run("post", HELLO).code == 0
    assert x.count("token") == 1
    document = bot.document
    assert document["later"] == later["later"]
    for key in ("client", "account", "token", "spend"):
        assert document[key]["later"] == later["later"], key
    assert document["posts"][0] == earlier
    assert document["cursors"] == {"list": 7}
    assert document["spend"]["budget_usd"] == 5


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_a_profile_that_is_open_to_others_is_closed_with_one_warning(bot: Bot) -> None:
    bot.path.chmod(0o644)
    run = bot.run("post", HELLO)
    assert (run.code, mode(bot.path)) == (0, 0o600)
    assert run.err.count("0644") == 1
    assert run.err.count("\n") == 1
    assert bot.run("post", "Again").err == ""


@pytest.mark.parametrize("umask", [0o000, 0o777])
def test_every_file_is_private_whatever_the_umask(bot: Bot, umask: int) -> None:
    bot.make_due()
    assert bot.run("post", HELLO, umask=umask).code == 0
    names = {path.name for path in bot.folder.iterdir()}
    assert names == {"default.json", "default.json.lock"}
    assert mode(bot.path) & 0o077 == 0
    assert mode(bot.folder / "default.json.lock") & 0o077 == 0
    assert mode(bot.folder) == 0o700


def test_a_symbolic_link_stays_one(bot: Bot, tmp_path: Path) -> None:
    target = tmp_path / "elsewhere" / "bot.json"
    target.parent.mkdir()
    bot.path.rename(target)
    bot.path.symlink_to(target)
    bot.make_due()
    old = bot.document["token"]
    assert bot.run("post", HELLO).code == 0
    assert bot.path.is_symlink()
    assert not target.is_symlink()
    assert json.loads(target.read_bytes())["token"]["parent"]
    assert bot.document["token"] != old
    assert mode(target) == 0o600
