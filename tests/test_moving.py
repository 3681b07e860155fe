"""`export` and `import`: a bot moves to another machine, and is never in use on two of them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tweetbot.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot, Run

HOUR = 3600
ELSEWHERE = "http://127.0.0.1:9"
KEYS = (
    "version client account expected replaced token pending cursors posts ran_at last_error spend"
    " moved lives_in"
)
# Runs the command line, and says each change of a file's mode on standard error.
WATCHED = """
import os, runpy, sys
os.umask(0)
sys.addaudithook(lambda event, _: event == "os.chmod" and os.write(2, b"MODE CHANGED\\n"))
runpy.run_module("tweetbot", run_name="__main__")
"""


@pytest.fixture
def there(bot: Bot, tmp_path: Path) -> Bot:
    """The other machine: the same X, a folder that does not exist yet."""
    return replace(bot, folder=tmp_path / "there", environ={})


def shows_a_secret(bot: Bot, text: str) -> bool:
    return any(secret in text for secret in bot.x.secrets)


def exported(bot: Bot, *args: str) -> bytes:
    run = bot.run("export", *args)
    assert run.code == 0
    return run.out.encode()


def on_a_terminal(bot: Bot, *args: str) -> tuple[int, str, str]:
    """Run with a pseudo-terminal as standard output; return the code, what it shows, and stderr."""
    screen, stdout = os.openpty()
    with bot.start(*args, stdout=stdout) as process:
        os.close(stdout)
        shown = b""
        try:
            while chunk := os.read(screen, 65536):
                shown += chunk
        except OSError:  # EIO: nobody has the other side open any more
            pass
        finally:
            os.close(screen)
        _, err = process.communicate(timeout=60)
    return process.returncode, shown.decode().replace("\r\n", "\n"), err.decode()


def is_marked(bot: Bot) -> bool:
    return bot.document.get("moved") is not None


# --- export -----------------------------------------------------------------------------------


@pytest.mark.parametrize("keep", [False, True])
def test_as_json_it_is_one_object_with_the_document_in_it(bot: Bot, keep: bool) -> None:
    before = bot.document
    run = bot.run("export", "--json", *(["--keep"] if keep else []))
    fields = {"ok": True, "profile": "default", "kept": keep}
    assert (run.code, run.json["document"]["token"]) == (0, before["token"])
    assert {name: run.json[name] for name in fields} == fields
    assert is_marked(bot) is not keep
    assert not shows_a_secret(bot, run.err)


def test_an_import_takes_what_was_exported_as_json(bot: Bot, there: Bot) -> None:
    before = bot.document
    run = there.run("import", stdin=exported(bot, "--json"))
    assert (run.code, there.document["token"]) == (0, before["token"])
    assert "ok" not in there.document
    assert there.run("post", "Hello").code == 0


@pytest.mark.parametrize(
    "args", [["--json"], ["--json", "-p", "other"], ["--json", "--frobnicate"]]
)
def test_an_export_that_fails_as_json_is_an_error_as_elsewhere(bot: Bot, args: list[str]) -> None:
    if args == ["--json"]:
        exported(bot)
    run = bot.run("export", *args)
    assert (run.json["ok"], run.json["code"]) == (False, run.code)
    assert run.code == (2 if "--frobnicate" in args else 4)


def test_export_prints_exactly_the_document(bot: Bot) -> None:
    assert bot.run("post", "Hello").code == 0
    bot.change(later={"kept": True}, cursors={"facts": 3})
    before = bot.document
    run = bot.run("export")
    assert (run.code, run.json) == (0, before)
    assert [*run.json] == [*KEYS.split(), "later"]
    assert not shows_a_secret(bot, run.err)


def test_export_marks_the_bot_as_moved(bot: Bot) -> None:
    before = bot.document
    began = int(time.time())
    exported(bot)
    after = bot.document
    moved = after["moved"]
    assert (began <= moved["at"] <= time.time(), moved["note"]) == (True, "tweetbot export")
    assert after["token"] == before["token"]


@pytest.mark.parametrize("command", [["post", "Hello"], ["renew"], ["export"], ["post", "-n", "?"]])
def test_a_moved_bot_is_not_used_here(bot: Bot, x: Sandbox, command: list[str]) -> None:
    exported(bot)
    before = bot.path.read_bytes()
    run = bot.run(*command)
    assert (run.code, run.out) == (4, "")
    today = time.strftime("%Y-%m-%d", time.localtime(bot.document["moved"]["at"]))
    assert f"was moved on {today}" in run.err
    assert x.requests == ()
    assert bot.path.read_bytes() == before


def test_export_with_keep_leaves_it_in_use_and_warns(bot: Bot) -> None:
    run = bot.run("export", "--keep")
    assert (run.code, run.json["moved"]) == (0, None)
    assert "ends the other's login" in run.err
    assert not is_marked(bot)
    assert bot.run("post", "Hello").code == 0


def test_export_shows_nothing_on_a_terminal(bot: Bot) -> None:
    before = bot.path.read_bytes()
    code, shown, err = on_a_terminal(bot, "export")
    assert (code, shown) == (2, "")
    assert "--show" in err
    assert bot.path.read_bytes() == before


def test_export_with_show_prints_it_on_a_terminal(bot: Bot) -> None:
    token = bot.document["token"]
    code, shown, _ = on_a_terminal(bot, "export", "--show")
    assert (code, json.loads(shown)["token"]) == (0, token)
    assert is_marked(bot)


def a_full_disk() -> int:
    return os.open("/dev/full", os.O_WRONLY)


def a_closed_pipe() -> int:
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize("stdout", [a_full_disk, a_closed_pipe])
def test_an_export_that_cannot_be_written_leaves_the_bot_here(
    bot: Bot, stdout: Callable[[], int]
) -> None:
    descriptor = stdout()
    with bot.start("export", stdout=descriptor) as process:
        os.close(descriptor)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2
    assert b"stays here" in err
    assert not is_marked(bot)
    assert bot.run("post", "Hello").code == 0


def test_an_export_to_a_closed_standard_output_leaves_the_bot_here(bot: Bot) -> None:
    command = 'exec "$0" -m tweetbot export >&-'
    ended = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable],
        env=bot.variables,
        stderr=subprocess.PIPE,
        check=False,
    )
    assert ended.returncode == 2
    assert b"stays here" in ended.stderr
    assert not is_marked(bot)
    names = sorted(path.name for path in bot.folder.iterdir())
    assert names == ["default.json", "default.json.lock"]
    assert b"token" not in bot.path.with_name("default.json.lock").read_bytes()


def test_export_hands_out_what_a_renewal_could_not_put_in_its_place(bot: Bot) -> None:
    stale = bot.path.read_bytes()
    assert bot.run("renew").code == 0
    newest = bot.document["token"]
    bot.path.with_name("default.json.next").write_bytes(bot.path.read_bytes())
    bot.path.write_bytes(stale)
    assert json.loads(exported(bot))["token"] == newest


def test_without_a_login_there_is_nothing_to_export(bot: Bot) -> None:
    bot.path.unlink()
    run = bot.run("export")
    assert (run.code, run.out) == (4, "")
    assert list(bot.folder.iterdir()) == []


def test_the_login_of_another_server_is_not_exported(bot: Bot) -> None:
    bot.change(client={"api_url": ELSEWHERE})
    run = bot.run("export")
    assert (run.code, run.out) == (2, "")
    assert not is_marked(bot)


# --- the move ---------------------------------------------------------------------------------


def test_a_bot_moves_through_a_pipe(bot: Bot, there: Bot, x: Sandbox) -> None:
    assert bot.run("post", "From here").code == 0
    with (
        bot.start("export") as source,
        there.start("import", stdin=source.stdout) as target,
    ):
        out, err = target.communicate(timeout=60)
        source.communicate(timeout=60)
    assert (source.returncode, target.returncode) == (0, 0)
    assert out == b"Imported @dogfacts\n"
    assert not shows_a_secret(bot, err.decode())
    assert x.count("token") == 0
    assert len(x.requests) == 1
    assert there.run("post", "From there").code == 0
    assert there.run("renew").code == 0
    assert there.run("post", "From there, renewed").code == 0
    assert bot.run("post", "From here again").code == 4
    texts = [post.sent_text for post in x.posts]
    assert texts == ["From here", "From there", "From there, renewed"]


def test_what_was_posted_here_is_known_there(bot: Bot, there: Bot, x: Sandbox) -> None:
    assert bot.run("post", "Hello").code == 0
    assert there.run("import", stdin=exported(bot)).code == 0
    assert "Already posted" in there.run("post", "Hello").err
    assert x.count("post") == 1


@pytest.mark.parametrize("args", [["import"], ["import", "-"]])
def test_import_reads_standard_input(bot: Bot, there: Bot, args: list[str]) -> None:
    document = exported(bot)
    assert there.run(*args, stdin=document).code == 0
    assert there.path.read_bytes() == document


def test_import_reads_a_file(bot: Bot, there: Bot, tmp_path: Path) -> None:
    file = tmp_path / "document"
    file.write_bytes(exported(bot))
    assert there.run("import", str(file)).code == 0
    assert there.path.read_bytes() == file.read_bytes()


def test_a_file_that_is_not_there_ends_with_2(there: Bot, tmp_path: Path) -> None:
    run = there.run("import", str(tmp_path / "nothing"))
    assert run.code == 2
    assert "nothing cannot be read" in run.err


def test_import_asks_nobody(bot: Bot, there: Bot, x: Sandbox) -> None:
    assert there.run("import", stdin=exported(bot)).code == 0
    assert x.requests == ()


def test_import_as_json(bot: Bot, there: Bot) -> None:
    run = there.run("import", "--json", stdin=exported(bot))
    expected = {
        "ok": True,
        "profile": "default",
        "path": str(there.path),
        "id": "1790000000000000001",
        "username": "dogfacts",
    }
    assert run.json == expected


def test_a_bot_can_have_another_name_there(bot: Bot, there: Bot) -> None:
    assert there.run("import", "-p", "facts", stdin=exported(bot)).code == 0
    assert there.run("post", "-p", "facts", "Hello").code == 0


def test_unknown_keys_move_along(bot: Bot, there: Bot) -> None:
    bot.change(later=1, token={"later": 2}, client={"later": 3}, spend={"later": 4})
    assert there.run("import", stdin=exported(bot)).code == 0
    document = there.document
    found = [document["later"], *(document[key]["later"] for key in ("token", "client", "spend"))]
    assert found == [1, 2, 3, 4]


def test_what_import_writes_is_private_from_the_first_instant(bot: Bot, there: Bot) -> None:
    document = exported(bot)
    ended = subprocess.run(
        [sys.executable, "-c", WATCHED, "import"],
        env=there.variables,
        input=document,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 0
    modes = {path.name: path.stat().st_mode & 0o777 for path in there.folder.iterdir()}
    assert modes == {"default.json": 0o600, "default.json.lock": 0o600}
    assert there.folder.stat().st_mode & 0o777 == 0o700
    assert b"MODE CHANGED" not in ended.stderr


# --- what import refuses ----------------------------------------------------------------------


def broken(**changes: Any) -> Callable[[dict[str, Any]], bytes]:
    def break_it(document: dict[str, Any]) -> bytes:
        for key, value in changes.items():
            merge = isinstance(value, dict)
            document[key] = {**document[key], **value} if merge else value
        return json.dumps(document).encode()

    return break_it


def with_a_newline(name: str) -> Callable[[dict[str, Any]], bytes]:
    def break_it(document: dict[str, Any]) -> bytes:
        return broken(token={name: document["token"][name] + "\n"})(document)

    return break_it


NO_PROFILES = [
    (lambda _: b"", "it is empty"),
    (lambda document: json.dumps(document).encode()[:-5], "it is not JSON"),
    (lambda document: b"\xff\xfe" + json.dumps(document).encode(), "it is not JSON"),
    (lambda document: json.dumps([document]).encode(), "no JSON object"),
    (lambda document: json.dumps(document["token"]).encode(), '"client" is missing'),
    (broken(token="secret"), '"token" is no JSON object'),
    (broken(token={"refresh_token": None}), '"token.refresh_token" is missing'),
    (broken(token={"expires_at": "soon"}), '"token.expires_at" is of the wrong kind'),
    (broken(version=2), "upgrade tweetbot"),
    (with_a_newline("access_token"), '"access_token" is empty or has white space'),
    (with_a_newline("refresh_token"), '"refresh_token" is empty or has white space'),
    (broken(client={"api_url": ELSEWHERE}), f"belongs to {ELSEWHERE}"),
]


@pytest.mark.parametrize(("break_it", "words"), NO_PROFILES)
@pytest.mark.parametrize("occupied", [False, True])
def test_what_is_no_profile_for_this_server_changes_nothing(
    bot: Bot, there: Bot, break_it: Callable[[dict[str, Any]], bytes], words: str, occupied: bool
) -> None:
    if occupied:
        there.log_in()
    before = there.path.read_bytes() if occupied else None
    run = there.run("import", "--force", stdin=break_it(bot.document))
    assert (run.code, run.out) == (2, "")
    assert words in run.err
    assert not shows_a_secret(bot, run.err)
    assert (there.path.read_bytes() if there.path.exists() else None) == before


def test_a_closed_standard_input_ends_with_2(there: Bot) -> None:
    command = 'exec "$0" -m tweetbot import <&-'
    ended = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable],
        env=there.variables,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 2
    assert b"Standard input is closed" in ended.stderr


# --- what import replaces ---------------------------------------------------------------------


def refuses(there: Bot, document: bytes) -> Run:
    """Import without `--force`, and see that nothing was changed."""
    before = there.path.read_bytes()
    run = there.run("import", stdin=document)
    assert (run.code, run.out) == (2, "")
    assert not shows_a_secret(there, run.err)
    assert there.path.read_bytes() == before
    return run


def test_another_account_is_replaced_by_force_alone(bot: Bot, there: Bot) -> None:
    document = exported(bot)
    there.log_in(age=HOUR)
    there.change(account={"id": "77", "username": "catfacts"})
    run = refuses(there, document)
    assert "@catfacts" in run.err
    assert "@dogfacts" in run.err
    assert "--force" in run.err
    assert there.run("import", "--force", stdin=document).code == 0
    assert there.path.read_bytes() == document


def test_a_newer_login_is_replaced_by_force_alone(bot: Bot, there: Bot) -> None:
    bot.log_in(age=2 * HOUR)
    document = exported(bot)
    there.log_in(age=HOUR)
    assert "newer" in refuses(there, document).err
    assert there.run("import", "--force", stdin=document).code == 0
    assert there.path.read_bytes() == document


def test_an_older_login_of_the_same_account_is_replaced(bot: Bot, there: Bot) -> None:
    there.log_in(age=2 * HOUR)
    bot.log_in(age=HOUR)
    document = exported(bot)
    assert there.run("import", stdin=document).code == 0
    assert there.path.read_bytes() == document


def test_an_unreadable_profile_is_replaced_by_force_alone_and_kept(bot: Bot, there: Bot) -> None:
    document = exported(bot)
    there.folder.mkdir(mode=0o700)
    there.path.write_bytes(document[:-9])
    assert "it is not JSON" in refuses(there, document).err
    assert there.run("import", "--force", stdin=document).code == 0
    assert there.path.read_bytes() == document
    assert there.path.with_name("default.json.bad").read_bytes() == document[:-9]


def test_leftovers_of_the_bot_that_was_here_are_dropped(bot: Bot, there: Bot) -> None:
    document = exported(bot)
    state = there.folder.parent / "state"
    there.environ["XDG_STATE_HOME"] = str(state)
    leftovers = [
        there.path.with_name("default.json.next"),
        *there.store.rescue_places(state / "tweetbot"),
    ]
    for leftover in leftovers:
        leftover.parent.mkdir(parents=True, exist_ok=True)
        leftover.write_bytes(broken(token={"parent": 16 * "0"})(json.loads(document)))
    assert there.run("import", stdin=document).code == 0
    assert [leftover for leftover in leftovers if leftover.exists()] == []
    assert there.path.read_bytes() == document


# --- and back ---------------------------------------------------------------------------------


def test_what_a_bot_remembers_is_not_lost_by_importing_the_same_login_again(
    bot: Bot, there: Bot
) -> None:
    document = exported(bot)
    assert there.run("import", stdin=document).code == 0
    assert there.run("post", "Hello").code == 0
    before = there.document
    assert there.run("import", stdin=document).code == 0
    assert there.document == before
    assert there.run("post", "Hello").err == "Already posted; nothing was sent.\n"


def test_a_moved_bot_comes_back_when_its_export_is_imported_here(bot: Bot) -> None:
    document = exported(bot)
    assert bot.run("import", stdin=document).code == 0
    assert not is_marked(bot)
    assert bot.run("post", "Hello").code == 0


def test_a_moved_bot_comes_back_from_its_own_file(bot: Bot) -> None:
    """The pipe broke, and the other machine never got it."""
    exported(bot)
    assert bot.run("import", str(bot.path)).code == 0
    assert not is_marked(bot)
    assert bot.run("post", "Hello").code == 0


def test_a_bot_moves_there_and_back_again(bot: Bot, there: Bot, x: Sandbox) -> None:
    assert there.run("import", stdin=exported(bot)).code == 0
    assert there.run("renew").code == 0
    assert there.run("post", "From there").code == 0
    assert bot.run("import", stdin=exported(there)).code == 0
    assert bot.run("renew").code == 0
    assert bot.run("post", "From here").code == 0
    assert there.run("post", "From there again").code == 4
    assert [post.sent_text for post in x.posts] == ["From there", "From here"]
