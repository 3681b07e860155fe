"""What cannot be one is told as a setting, before anything is asked or pending."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.x.test_transport import https_server
from tweetbot.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot

# A thread's stack is as large as this limit says, and there is no room for one.
NO_MORE_THREADS = ("sh", "-c", 'ulimit -s 4000000; ulimit -v 3000000; exec "$@"', "sh")


@pytest.mark.parametrize("url", ["https://☃.net", "https://[v1.x]", "https://xn--n3h.net"])
def test_a_host_that_cannot_be_one_is_a_setting(bot: Bot, x: Sandbox, url: str) -> None:
    bot.environ = {"TWEETBOT_API_URL": url}
    bot.change(client={"api_url": url})
    run = bot.run("post", "Hello")
    assert (run.code, x.requests) == (2, ())
    assert "TWEETBOT_API_URL" in run.err
    assert bot.document.get("pending") is None


@pytest.mark.parametrize("args", [["post", "Hello"], ["renew"], ["logout"]], ids=str)
def test_a_certificate_that_is_not_accepted_is_a_person_s_to_mend(
    bot: Bot, tmp_path: Path, args: list[str]
) -> None:
    before = bot.document["token"]
    with https_server(tmp_path, days=10) as url:
        bot.environ = {"TWEETBOT_API_URL": url, "SSL_CERT_DIR": str(tmp_path)}
        bot.change(client={"api_url": url})
        run = bot.run(*args)
    assert run.code == 2, run.err
    assert "The certificate of X is not accepted: self-signed certificate." in run.err
    assert (bot.document.get("pending"), bot.document["token"]) == (None, before)


@pytest.mark.parametrize(
    "changes",
    [
        {"client": {"client_secret": "пароль"}},
        {"client": {"client_secret": "two\nlines"}},
        {"client": {"client_id": "é"}},
        {"client": {"client_id": ""}},
        {"account": {"id": "1\r"}},
        {"account": {"id": "\u0661"}},
        {"account": {"id": ""}},
        {"account": {"username": "a/b"}},
        {"token": {"access_token": "a\rb"}},
    ],
    ids=ascii,
)
def test_a_document_that_cannot_be_one_is_not_used(
    bot: Bot, x: Sandbox, tmp_path: Path, changes: dict[str, Any]
) -> None:
    bot.change(**changes)
    (tmp_path / "document.json").write_text(json.dumps(bot.document))
    for args in (["post", "Hello"], ["renew"], ["status"], ["import", "-p", "other", "-"]):
        run = bot.run(*args, stdin=(tmp_path / "document.json").read_bytes())
        assert run.code == 2, run.err
    assert x.requests == ()
    assert not (bot.folder / "other.json").exists()


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["post", "Hello"], 0),
        (["post", "--list", "facts.txt"], 2),
        (["post", "-n", "Hello"], 0),
        (["import", "document.json"], 2),
        (["status"], 0),
        (["renew"], 0),
        (["export"], 0),
        (["logout"], 0),
    ],
    ids=str,
)
def test_a_working_directory_that_is_gone_is_no_bug(
    bot: Bot, tmp_path: Path, args: list[str], code: int
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    script = 'cd "$1"; rmdir "$1"; shift; exec "$@"'
    command = ["sh", "-c", script, "sh", str(gone), sys.executable, "-m", "tweetbot", *args]
    run = subprocess.run(command, env=bot.variables, capture_output=True, text=True, timeout=60)
    assert run.returncode == code, run.stderr


@pytest.mark.parametrize("args", [["post", "Hello"], ["renew"], ["logout"], ["auth"]], ids=str)
def test_a_thread_that_cannot_be_started_is_temporary(
    bot: Bot, x: Sandbox, args: list[str]
) -> None:
    if args == ["auth"]:
        bot.take_callback()
        args = ["auth", "--no-browser", "--timeout", "5"]
    run = bot.run(*args, prefix=NO_MORE_THREADS)
    assert (run.code, x.requests) == (6, ()), run.err
    assert "starts no more threads" in run.err
    assert bot.document.get("pending") is None


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["post", "-"], 3),
        (["post", "--feed", "-"], 6),
        (["import", "-"], 2),
        (["import", "/dev/zero"], 2),
        (["auth", "--no-browser", "--client-secret-file", "-"], 2),
    ],
    ids=str,
)
def test_what_never_ends_does_not_fill_the_memory(
    bot: Bot, x: Sandbox, args: list[str], code: int
) -> None:
    limit = ["sh", "-c", 'ulimit -v 1500000; exec "$@" < /dev/zero', "sh"]
    command = [*limit, sys.executable, "-m", "tweetbot", *args]
    run = subprocess.run(command, env=bot.variables, capture_output=True, text=True, timeout=60)
    assert (run.returncode, x.requests) == (code, ()), run.stderr
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (["post", "--list"], 2),
        (["post", "--feed"], 2),
        (["post", "--alt", "A cat", "--media"], 2),
        (["schedule", "cron", "--", "--list"], 0),
    ],
    ids=str,
)
def test_a_file_in_a_folder_that_is_closed_to_us_is_no_bug(
    bot: Bot, x: Sandbox, tmp_path: Path, powerless: Sequence[str], args: list[str], code: int
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0)
    run = bot.run(*args, str(closed / "facts.txt"), prefix=powerless)
    assert (run.code, x.requests) == (code, ()), run.err
    assert code == 0 or "facts.txt cannot be read: Permission denied" in run.err
