"""`status`: what every bot does and what is wrong with it; offline, without a lock, read only."""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tweetbot.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot, Clock, Run

    Prepare = Callable[[Bot, Clock], None]

HOUR = 3600
NO_CREDITS = Fault("status", status=402)
ELSEWHERE = "http://127.0.0.1:9"
ZONE = "TWT-05:30"  # POSIX: five and a half hours east of Greenwich


# --- what can be the matter with a bot --------------------------------------------------------


def fresh(bot: Bot, _: Clock) -> None:
    pass


def posted(bot: Bot, clock: Clock) -> None:
    assert bot.post(f"Hello from {bot.name}", clock=clock).code == 0


def failed_twice(bot: Bot, clock: Clock) -> None:
    for _ in range(2):
        bot.x.fault("post", NO_CREDITS)
        assert bot.post("Hello", clock=clock).code == 5


def pending(bot: Bot, clock: Clock) -> None:
    bot.x.fault("post", Fault("reset"))
    assert bot.post("Hello", clock=clock, check_after=()).code == 7


def died_while_posting(bot: Bot, clock: Clock) -> None:
    pending(bot, clock)
    bot.change(last_error=None)


def moved(bot: Bot, _: Clock) -> None:
    assert bot.run("export", "-p", bot.name).code == 0


def unreadable(bot: Bot, _: Clock) -> None:
    bot.path.write_text(bot.path.read_text()[:-20])


def of_another_server(bot: Bot, _: Clock) -> None:
    bot.change(client={"api_url": ELSEWHERE})


def refused(bot: Bot, clock: Clock) -> None:
    bot.x.revoke_all()
    bot.make_due()
    assert bot.post("Hello", clock=clock).code == 4


def without_permission(bot: Bot, _: Clock) -> None:
    scope = "tweet.read users.read offline.access"
    grant = bot.x.grant(scope=scope)
    tokens = {name: grant[name] for name in ("access_token", "refresh_token")}
    bot.change(token={**tokens, "scope": scope})


def missing(bot: Bot, _: Clock) -> None:
    bot.path.unlink()


STATES = [
    (fresh, 0, "ok"),
    (posted, 0, "ok"),
    (failed_twice, 0, "last run failed, 2 times: not-allowed"),
    (pending, 0, "last run failed, once: outcome-unknown"),
    (died_while_posting, 0, "outcome of a post unknown; the next run settles it"),
    (moved, 4, "was moved on"),
    (unreadable, 2, "it is not JSON"),
    (of_another_server, 2, f"belongs to {ELSEWHERE}"),
    (refused, 4, "found the login refused"),
    (without_permission, 4, "lacks the permission tweet.write"),
]


@pytest.fixture
def zoo(bot: Bot, clock: Clock) -> list[Bot]:
    """A bot in each of the states, in one folder; named by it."""
    bot.path.unlink()
    bots = [replace(bot, name=prepare.__name__, environ={}) for prepare, *_ in STATES]
    for number, (one, (prepare, *_)) in enumerate(zip(bots, STATES, strict=True)):
        one.log_in()
        one.change(account={"id": str(number)})
        prepare(one, clock)
    return bots


def files(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Everything in a folder: mode, time of the last change, content."""
    return {
        path.name: (path.stat().st_mode, path.stat().st_mtime_ns, path.read_bytes())
        for path in folder.iterdir()
    }


def shows_a_secret(bot: Bot, run: Run) -> bool:
    return any(secret in run.out + run.err for secret in bot.x.secrets)


def rows(run: Run) -> dict[str, str]:
    """Read what `status -p` prints: a title and a value on each line."""
    pairs = (line.split(":", 1) for line in run.out.splitlines())
    return {title: value.strip() for title, value in pairs}


def post_of(age: float, post_id: str | None = "1234567890123456789") -> dict[str, object]:
    return {"id": post_id, "at": int(time.time() - age), "digest": 64 * "0"}


# --- each state -------------------------------------------------------------------------------


@pytest.mark.parametrize(("prepare", "code", "word"), STATES)
def test_one_line_says_what_is_wrong(
    bot: Bot, clock: Clock, prepare: Prepare, code: int, word: str
) -> None:
    prepare(bot, clock)
    run = bot.run("status")
    assert (run.code, run.err) == (code, "")
    [line] = run.out.splitlines()
    assert line.startswith("default ")
    assert f" {word}" in line
    assert line.endswith(" ok") == (word == "ok")


@pytest.mark.parametrize("prepare", [missing, *(state[0] for state in STATES)])
def test_the_code_is_that_of_the_next_post(bot: Bot, clock: Clock, prepare: Prepare) -> None:
    prepare(bot, clock)
    status = bot.run("status", "-p", "default")
    assert status.code == bot.post("The next one", clock=clock, check_after=()).code


def test_every_output_ends_with_the_same_code_and_shows_no_secret(zoo: list[Bot]) -> None:
    for bot, (_, code, _) in zip(zoo, STATES, strict=True):
        in_full = bot.run("status", "-p", bot.name)
        as_json = bot.run("status", "-p", bot.name, "--json")
        assert (in_full.code, as_json.code, as_json.json["code"]) == (code, code, code)
        assert as_json.json["ok"] == (code == 0)
        assert rows(in_full)["next post"] == as_json.json["message"] or code == 0
        assert not shows_a_secret(bot, in_full)
        assert not shows_a_secret(bot, as_json)


@pytest.mark.parametrize(
    ("prepare", "next_post"),
    [
        (fresh, "nothing known to be wrong"),
        (posted, "nothing known to be wrong"),
        (failed_twice, "will fail again, unless the last error has passed"),
        (died_while_posting, "finds out first whether the pending one is live"),
    ],
)
def test_the_next_post_is_told_as_far_as_it_is_known(
    bot: Bot, clock: Clock, prepare: Prepare, next_post: str
) -> None:
    prepare(bot, clock)
    assert rows(bot.run("status", "-p", "default"))["next post"] == next_post


@pytest.mark.parametrize("args", [(), ("-p", "first")])
def test_a_login_that_a_later_one_has_ended_is_not_ok(bot: Bot, args: tuple[str, ...]) -> None:
    """The same app and account in two profiles: only the live one is ever renewed."""
    first, second = (replace(bot, name=name) for name in ("first", "second"))
    bot.path.unlink()
    first.log_in(age=100)
    second.log_in()
    ended = bot.run("status", "--json", *args)
    shown = {one["profile"]: one for one in ended.json.get("profiles", [ended.json])}
    assert (ended.code, shown["first"]["code"]) == (4, 4)
    assert "second" in shown["first"]["message"]
    assert "tweetbot post -p second" in shown["first"]["message"]
    assert "tweetbot auth" not in shown["first"]["message"]  # it would end the other one
    assert args or shown["second"]["ok"]
    first.change(account={"id": "1234"})  # another account: both live
    assert bot.run("status", *args).code == 0


def test_commands_in_a_message_name_the_bot(bot: Bot, clock: Clock) -> None:
    one = replace(bot, name="dogs")
    bot.path.rename(one.path)
    refused(one, clock)
    assert "Run `tweetbot auth -p dogs`." in one.run("post", "-p", "dogs", "Hello").err
    one.environ["TWEETBOT_PROFILE"] = "dogs"
    ended = one.run("post", "Hello", "--json")
    assert "Run `tweetbot auth -p dogs`." in ended.json["message"]
    assert "`tweetbot auth -p dogs`" in rows(one.run("status", "-p", "dogs"))["next post"]


def test_a_folder_that_is_closed_to_us_is_not_an_empty_one(
    bot: Bot, powerless: Sequence[str]
) -> None:
    bot.folder.chmod(0)
    ended = bot.run("status", prefix=powerless)
    bot.folder.chmod(0o700)
    assert (ended.code, "cannot be read: Permission denied" in ended.err) == (2, True)


def test_all_bots_together_show_no_secret(zoo: list[Bot]) -> None:
    for args in ([], ["--json"]):
        run = zoo[0].run("status", *args)
        assert run.out.count("dogfacts") >= len(zoo) - 1  # but the unreadable one
        assert not shows_a_secret(zoo[0], run)


def test_nobody_is_asked_and_no_file_is_changed(zoo: list[Bot], x: Sandbox) -> None:
    requests, before = len(x.requests), files(zoo[0].folder)
    zoo[0].run("status")
    zoo[0].run("status", "--json", "--max-age", "1h")
    zoo[0].run("status", "-p", "nobody")
    assert len(x.requests) == requests
    assert files(zoo[0].folder) == before


def test_a_login_that_was_refused_is_well_again_after_a_new_one(bot: Bot, clock: Clock) -> None:
    refused(bot, clock)
    old_error = bot.document["last_error"]
    bot.log_in()
    bot.change(token={"obtained_at": old_error["at"] + 1}, last_error=old_error)
    assert bot.run("status", "-p", "default").code == 0


@pytest.mark.parametrize("content", [None, "{}"])
def test_a_run_whose_list_cannot_be_read_is_known(
    bot: Bot, x: Sandbox, tmp_path: Path, content: str | None
) -> None:
    bot.make_due()
    path = tmp_path / "facts.json"
    if content is not None:
        path.write_text(content)
    token = bot.document["token"]
    for _ in range(2):
        run = bot.run("post", "--list", str(path))
        assert (run.code, x.requests) == (2, ()), run.err
    assert "last run failed, 2 times: configuration" in bot.run("status").out
    assert str(path) in rows(bot.run("status", "-p", "default"))["last error"]
    assert bot.document["token"] == token
    path.write_text('["Hello"]')
    assert bot.run("post", "--list", str(path)).code == 0
    assert bot.document["last_error"] is None


def test_a_list_that_is_gone_waits_for_no_run_and_hides_no_refused_login(bot: Bot) -> None:
    before = bot.path.read_bytes()
    with bot.path.with_name("default.json.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        began = time.monotonic()
        assert bot.run("post", "--list", "gone.txt").code == 2
        assert time.monotonic() - began < 10
    assert bot.run("post", "--list", "gone.txt", "-n").code == 2
    assert bot.path.read_bytes() == before
    refused = {"at": int(time.time()), "code": 4, "error": "login-needed", "message": "Refused."}
    bot.change(last_error=refused)
    assert bot.run("post", "--list", "gone.txt").code == 2
    assert bot.document["last_error"]["code"] == 4


def test_behind_commands_nothing_is_saved_for_a_list_that_is_gone(bot: Bot, tmp_path: Path) -> None:
    bot.environ["TWEETBOT_LOAD_COMMAND"] = f"cat {bot.path}"
    bot.environ["TWEETBOT_SAVE_COMMAND"] = f"cat > {tmp_path}/saved"
    assert bot.run("post", "--list", "gone.txt").code == 2
    assert not (tmp_path / "saved").exists()


# --- read only --------------------------------------------------------------------------------


def test_it_waits_for_no_other_run(bot: Bot) -> None:
    lock = bot.path.with_name("default.json.lock")
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        began = time.monotonic()
        assert bot.run("status", "-p", "default").code == 0
        assert time.monotonic() - began < 10  # a run that writes waits for 30 s


def test_a_document_that_is_open_to_others_is_reported_and_not_tightened(bot: Bot) -> None:
    bot.path.chmod(0o644)
    run = bot.run("status", "-p", "default")
    assert rows(run)["kept in"] == f"{bot.path} (mode 0644)"
    assert bot.run("status", "-p", "default", "--json").json["mode"] == "0644"
    assert bot.path.stat().st_mode & 0o777 == 0o644


def test_a_renewed_login_that_did_not_reach_its_place_is_shown_and_left_there(bot: Bot) -> None:
    bot.change(token={"obtained_at": 1_000_000, "expires_at": 1_007_200})
    stale = bot.path.read_bytes()
    bot.make_due()
    assert bot.run("renew").code == 0
    renewed = bot.document["token"]
    bot.path.with_name("default.json.next").write_bytes(bot.path.read_bytes())
    bot.path.write_bytes(stale)
    before = files(bot.folder)
    shown = bot.run("status", "-p", "default", "--json").json
    assert shown["obtained_at"] == renewed["obtained_at"]
    assert files(bot.folder) == before


def test_it_loads_no_http_client(bot: Bot) -> None:
    bot.environ["PYTHONPROFILEIMPORTTIME"] = "1"
    run = bot.run("status", "-p", "default")
    assert "tweetbot.status" in run.err
    for package in ("httpx", "httpcore", "authlib", "ssl"):
        assert f" {package}\n" not in run.err


# --- one bot in full --------------------------------------------------------------------------


def clock_of(at: int) -> str:
    there = timezone(timedelta(hours=5, minutes=30))
    return f"{datetime.fromtimestamp(at, there):%Y-%m-%d %H:%M}"


def test_a_bot_in_full(bot: Bot, clock: Clock, x: Sandbox) -> None:
    posted(bot, clock)
    bot.change(spend={"budget_usd": 5})
    bot.environ["TZ"] = ZONE
    shown, document = rows(bot.run("status", "-p", "default")), bot.document
    token, [post] = document["token"], document["posts"]
    assert shown == {
        "profile": "default",
        "kept in": f"{bot.path} (mode 0600)",
        "account": f"@{x.account.username} (id {x.account.id})",
        "scope": token["scope"],
        "token": f"renewed {clock_of(token['obtained_at'])},"
        f" expires {clock_of(token['expires_at'])}",
        "last post": f"{clock_of(post['at'])} https://x.com/dogfacts/status/{x.posts[0].id}",
        "this month": "1 post, about $0.015 of $5",
        "last good run": clock_of(document["ran_at"]),
        "next post": "nothing known to be wrong",
    }


def test_a_failure_in_full(bot: Bot, clock: Clock) -> None:
    failed_twice(bot, clock)
    bot.environ["TZ"] = ZONE
    error = bot.document["last_error"]
    shown = rows(bot.run("status", "-p", "default"))["last error"]
    assert shown == f"{clock_of(error['at'])}, 2 times (5): {error['message']}"


def test_a_pending_post_in_full_stays_on_one_line(bot: Bot, clock: Clock) -> None:
    pending(bot, clock)
    bot.environ["TZ"] = ZONE
    bot.change(pending={"text": "Two\nlines"})
    shown = rows(bot.run("status", "-p", "default"))["pending"]
    assert shown == f"{clock_of(bot.document['pending']['at'])} Two lines"


def test_what_is_not_known_is_said_to_be_so(bot: Bot) -> None:
    bot.change(
        account=None,
        token={"obtained_at": None, "expires_at": None, "scope": ""},
        posts=[post_of(60, None)],
    )
    shown = rows(bot.run("status", "-p", "default"))
    assert shown["account"] == shown["scope"] == "not known"
    assert shown["token"] == "renewed not known, expires not known"
    assert shown["last post"].endswith("(id not known)")


def test_a_bot_that_is_not_there_has_no_mode(bot: Bot, clock: Clock) -> None:
    missing(bot, clock)
    run = bot.run("status", "-p", "default")
    assert rows(run)["kept in"] == f"{bot.path} (not there)"
    assert "Not logged in" in rows(run)["next post"]


def test_the_spending_of_an_old_month_counts_as_nothing(bot: Bot) -> None:
    bot.change(spend={"month": "2020-01", "posts": 7, "usd": 3.5})
    run = bot.run("status", "-p", "default", "--json")
    month = f"{datetime.now(UTC):%Y-%m}"
    assert run.json["spend"] == {"month": month, "posts": 0, "usd": 0.0, "budget_usd": None}
    assert rows(bot.run("status", "-p", "default"))["this month"] == "0 posts, about $0"


# --- every bot --------------------------------------------------------------------------------


def a_second_bot(bot: Bot, name: str) -> Bot:
    other = replace(bot, name=name, environ={})
    other.log_in(public=True)
    return other


def test_every_bot_has_its_line_in_the_order_of_names(bot: Bot) -> None:
    for name in ("zebra", "ant"):
        a_second_bot(bot, name)
    bot.folder.joinpath(".hidden.json").write_text("{}")
    bot.folder.joinpath("default.json.bad").write_text("{}")
    run = bot.run("status")
    assert [line.split()[0] for line in run.out.splitlines()] == ["ant", "default", "zebra"]


@pytest.mark.parametrize(
    ("prepare", "code"), [((unreadable, moved), 2), ((moved, unreadable), 4), ((fresh, moved), 4)]
)
def test_the_first_code_that_is_not_0_is_the_code_of_all(
    bot: Bot, clock: Clock, prepare: tuple[Prepare, ...], code: int
) -> None:
    others = [a_second_bot(bot, name) for name in ("one", "two")]
    for prepare_one, other in zip(prepare, others, strict=True):
        prepare_one(other, clock)
    run = bot.run("status")
    assert run.code == code
    assert len(run.out.splitlines()) == 3


def test_without_any_bot_it_asks_for_a_login(bot: Bot, clock: Clock) -> None:
    missing(bot, clock)
    bot.folder.rmdir()
    run = bot.run("status")
    assert (run.code, run.out) == (4, "")
    assert "tweetbot auth" in run.err
    assert not bot.folder.exists()


# --- a folder that cannot be written ----------------------------------------------------------


def run_unprivileged(bot: Bot, *args: str) -> int:
    """Run the command line under the rules of permissions, which root stands above."""
    command = [sys.executable, "-m", "tweetbot", *args]
    if os.geteuid() == 0:
        if not shutil.which("setpriv"):
            pytest.skip("root without setpriv may write everywhere")
        command = ["setpriv", "--bounding-set=-dac_override", *command]
    return subprocess.run(command, env=bot.variables, check=False, capture_output=True).returncode


def test_a_folder_that_cannot_be_written_is_seen_beforehand(bot: Bot, clock: Clock) -> None:
    posted(bot, clock)
    bot.folder.chmod(0o500)
    try:
        ended = [run_unprivileged(bot, "status"), run_unprivileged(bot, "post", "Another")]
    finally:
        bot.folder.chmod(0o700)
    assert ended == [2, 2]
    assert run_unprivileged(bot, "status") == 0


# --- the age of the last post -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("age", "max_age", "code"),
    [
        (35 * HOUR, "36h", 0),
        (37 * HOUR, "36h", 9),
        (50, "1m", 0),
        (70, "1m", 9),
        (50, "40s", 9),
        (6 * 24 * HOUR, "7d", 0),
        (8 * 24 * HOUR, "7d", 9),
    ],
)
def test_a_last_post_that_is_too_old_ends_with_9(
    bot: Bot, age: int, max_age: str, code: int
) -> None:
    bot.change(posts=[post_of(400 * 24 * HOUR), post_of(age)])
    assert bot.run("status", "-p", "default", "--max-age", max_age).code == code
    assert bot.run("status", "--max-age", max_age).code == code


@pytest.mark.parametrize(
    ("ran", "posted", "code"),
    [
        (HOUR, 400 * HOUR, 0),
        (37 * HOUR, 38 * HOUR, 9),
        (37 * HOUR, HOUR, 0),  # an older tweetbot has posted since
        (-HOUR, HOUR, 9),
        (-60, 400 * HOUR, 0),  # X's clock may be ahead
    ],
)
def test_the_last_run_that_did_its_job_tells_the_age(
    bot: Bot, ran: int, posted: int, code: int
) -> None:
    at = int(time.time()) - ran
    bot.environ["TZ"] = ZONE
    bot.change(ran_at=at, posts=[post_of(posted)])
    shown = bot.run("status", "-p", "default", "--max-age", "36h")
    assert shown.code == code
    assert rows(shown)["last good run"] == clock_of(at)
    assert bot.run("status", "-p", "default", "--json").json["ran_at"] == at


def test_a_bot_that_never_posted_is_too_old(bot: Bot) -> None:
    run = bot.run("status", "-p", "default", "--max-age", "36h")
    assert run.code == 9
    assert rows(run)["next post"].startswith("Nothing has been posted yet.")


def test_what_is_wrong_with_the_login_comes_before_the_age(bot: Bot, clock: Clock) -> None:
    moved(bot, clock)
    assert bot.run("status", "--max-age", "36h").code == 4


@pytest.mark.parametrize("max_age", ["36", "h", "1.5h", "-1h", "1w", "", "9999999999d", "36 h"])
def test_a_duration_that_is_none_ends_with_2(bot: Bot, max_age: str) -> None:
    run = bot.run("status", "--max-age", max_age)
    assert (run.code, run.out) == (2, "")
    assert "36h" in run.err


# --- JSON -------------------------------------------------------------------------------------


def test_one_bot_as_json(bot: Bot, clock: Clock, x: Sandbox) -> None:
    failed_twice(bot, clock)
    posted(bot, clock)
    document = bot.document
    token, post = document["token"], document["posts"][0]
    assert bot.run("status", "-p", "default", "--json").json == {
        "ok": True,
        "code": 0,
        "profile": "default",
        "path": str(bot.path),
        "mode": "0600",
        "error": None,
        "message": None,
        "account": {"id": x.account.id, "username": "dogfacts"},
        "scope": token["scope"],
        "obtained_at": token["obtained_at"],
        "expires_at": token["expires_at"],
        "last_post": {
            "id": post["id"],
            "at": post["at"],
            "url": f"https://x.com/dogfacts/status/{x.posts[0].id}",
        },
        "ran_at": post["at"],
        "pending": None,
        "last_error": None,
        "spend": {
            "month": document["spend"]["month"],
            "posts": 1,
            "usd": 0.015,
            "budget_usd": None,
        },
        "moved": None,
    }


def test_trouble_as_json(bot: Bot, clock: Clock) -> None:
    pending(bot, clock)
    moved(bot, clock)
    shown, document = bot.run("status", "-p", "default", "--json").json, bot.document
    assert shown["pending"] == {"text": "Hello", "at": document["pending"]["at"]}
    names = ("at", "code", "error", "message", "count")
    assert shown["last_error"] == {name: document["last_error"][name] for name in names}
    assert shown["moved"] == {name: document["moved"][name] for name in ("at", "note")}


def test_every_bot_as_json_is_one_object(bot: Bot, clock: Clock) -> None:
    unreadable(a_second_bot(bot, "other"), clock)
    run = bot.run("status", "--json")
    assert run.code == 2
    assert (run.json["ok"], run.json["code"]) == (False, 2)
    profiles = run.json["profiles"]
    assert [(one["profile"], one["code"]) for one in profiles] == [("default", 0), ("other", 2)]


def test_a_bot_that_is_not_there_as_json(bot: Bot) -> None:
    run = bot.run("status", "-p", "nobody", "--json")
    assert run.code == 4
    assert run.json["code"] == 4
    assert run.json["mode"] is None
    assert "Not logged in" in run.json["message"]


def test_no_bot_at_all_as_json_is_one_object(bot: Bot, clock: Clock) -> None:
    missing(bot, clock)
    run = bot.run("status", "--json")
    assert run.code == 4
    assert run.json["code"] == 4
