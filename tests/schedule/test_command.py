"""`tweetbot schedule`: what it prints, what it refuses, what it says beside that."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import Bot, Run
from tests.schedule.readers import by_cron, by_shell
from tweetbot.cli import options
from tweetbot.cli.commands import command as load
from tweetbot.schedule import KINDS
from tweetbot.schedule.fleeting import is_fleeting

BARE = {"PATH": "/usr/bin:/bin", "HOME": "/"}


@pytest.fixture
def there(bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bot:
    """A bot whose person stands in a folder with a list."""
    folder = tmp_path / "my bots"
    folder.mkdir()
    (folder / "facts.txt").write_text("".join(f"Fact {number}.\n" for number in range(9)))
    monkeypatch.chdir(folder)
    return bot


def cron_lines(run: Run) -> list[str]:
    return [line for line in run.out.splitlines() if not line.startswith("#")]


def words(run: Run) -> list[str]:
    """Return the words behind `post -p NAME` in the first crontab line."""
    command = by_cron(cron_lines(run)[0])
    inner = command.partition("exec 2>&1; ")[2].partition("); code=$?")[0]
    found = by_shell(re.sub(r"^(\S+=\S+ )*", "", inner))
    return found[found.index("post") + 3 :]


def test_alone_it_lists_the_kinds(bot: Bot) -> None:
    run = bot.run("schedule")
    assert run.code == 0
    assert [line.split()[0] for line in run.out.splitlines()] == list(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_printed_for_this_bot(there: Bot, kind: str) -> None:
    run = there.run("schedule", kind, "--at", "09:00", "--", "--list", "facts.txt", "--no-links")
    assert (run.code, "Left for you:" in run.err) == (0, True), run.err
    assert "--no-links" in run.out
    assert "-p" in run.out
    assert "facts.txt" in run.out


@pytest.mark.parametrize("text", ["Hello my world", "it's 50% \\ $HOME  two  spaces", "Hello"])
def test_a_text_is_not_posted_later_and_at_does_it(bot: Bot, text: str) -> None:
    run = bot.run("schedule", text, "-p", "dogfacts")
    assert run.code == 2
    assert "does not post a text later" in run.err
    line = run.err.splitlines()[0]
    assert line.endswith(" | at 09:00 tomorrow")
    job = subprocess.run(["sh", "-c", line.removesuffix(" | at 09:00 tomorrow")],
                         capture_output=True, text=True, check=True).stdout  # fmt: skip
    assert by_shell(job)[-5:] == ["post", "-p", "dogfacts", "--", text]


def test_paths_become_absolute_and_the_bot_is_named(there: Bot) -> None:
    run = there.run("schedule", "cron", "--", "--list", "facts.txt")
    assert words(run) == ["--list", str(Path.cwd() / "facts.txt")]
    assert " post -p default " in run.out


def test_the_line_that_is_printed_posts(there: Bot) -> None:
    there.environ["TWEETBOT_CHECK_AFTER"] = "0,0"
    run = there.run(
        "schedule", "cron", "--at", "9:00", "--at", "Mon 18:30", "--", "--list", "facts.txt"
    )
    lines = cron_lines(run)
    assert [line[:13] for line in lines] == ["0 9 * * *  sa", "30 18 * * 1  "]
    for line in lines:
        ended = subprocess.run(["env", "-i", "/bin/sh", "-c", by_cron(line)], cwd="/", env=BARE,
                               capture_output=True, text=True, check=True)  # fmt: skip
        assert (ended.stdout, ended.stderr) == ("", "")
    assert len({post.text for post in there.x.posts}) == 2
    log = (there.folder / "default.log").read_text().splitlines()
    assert [line.partition(" default ")[2][:10] for line in log] == ["0: https:/"] * 2


@pytest.mark.parametrize("value", ["--media=a.png", "--media a.png"])
def test_every_option_that_names_a_file_is_known_as_one(there: Bot, value: str) -> None:
    run = there.run(
        "schedule", "cron", "--", *value.split(), "--alt", "", "--alt=x", "--media", "b"
    )
    folder = str(Path.cwd())
    assert words(run) == [
        "--media", f"{folder}/a.png", "--alt", "", "--alt", "x", "--media", f"{folder}/b"
    ]  # fmt: skip


def test_each_file_of_post_has_the_type_of_files() -> None:
    for parameter in load("post").params:
        if re.search("FILE|PATH", parameter.metavar or ""):
            assert isinstance(parameter.type, options.FileName), parameter.name


def test_the_address_of_a_feed_stays_one(there: Bot) -> None:
    feed = ("--feed", "https://example.com/feed.xml", "--template", "{title}\n\n{link}")
    assert words(there.run("schedule", "cron", "--", *feed)) == list(feed)
    run = there.run("schedule", "cron", "--", "--feed", "feed.xml")
    assert words(run) == ["--feed", str(Path.cwd() / "feed.xml")]
    github = there.run("schedule", "github", "--", *feed)
    assert "'tweetbot-cli[feeds]==" in github.out


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (["cron", "--", "-n"], "-n"),
        (["cron", "--", "-"], "standard input"),
        (["cron", "--", "--feed", "-"], "standard input"),
        (["cron", "--", "--lst", "x"], "No such option '--lst'"),
        (["cron", "--", "--min-gap", "soon"], "soon"),
        (["cron", "--", "Hello", "--list", "facts.txt"], "a text and a list"),
        (["cron", "--", "--list", "facts.txt", "--thread"], "--thread"),
        (["cron", "--", "x" * 300], "300 of 280"),
        (["cron", "--", "a\x07b"], "no text"),
        (["launchd", "--", "a\ufffeb"], "no text"),
        (["cron", "--", "Hello", "world"], "world"),
        (["cron", "--list", "facts.txt"], "stand behind --"),
        (["cron", "dogfacts"], "dogfacts stands before --"),
        (["cron", "-p", "a", "--", "-p", "b"], "a or b"),
        (["cron", "--at", "25:00"], "HH:MM"),
        (["cron", "--at", "Foo 09:00"], "HH:MM"),
        (["cron", "--force"], "--write"),
        (["cron", "--environment", "x"], "GitHub"),
        (["docker", "--write"], "cron, systemd, github"),
        (["crontab"], "It is cron here"),
        (["k8s"], "It is kubernetes here"),
        (["--", "--list", "facts.txt"], "A kind comes first"),
        (["cron", "-p", "../x"], "-p"),
    ],
)
def test_a_slip_is_found_now(there: Bot, args: list[str], said: str) -> None:
    run = there.run("schedule", *args)
    assert (run.code in (2, 3), run.out) == (True, ""), run.err
    assert said in run.err
    assert "Traceback" not in run.err


@pytest.mark.parametrize(
    ("kind", "often"), [("cron", "*/15 * * * * in"), ("systemd", "OnCalendar=*:0/15 in")]
)
def test_once_a_day_is_seldom_for_a_feed(there: Bot, kind: str, often: str) -> None:
    feed = ("--", "--feed", "https://example.com/feed.json")
    assert f"write {often} place of" in there.run("schedule", kind, *feed).err
    assert "Once a day" not in there.run("schedule", kind, "--at", "09:00", *feed).err
    assert "Once a day" not in there.run("schedule", kind, "--", "--list", "facts.txt").err
    assert "Once a day" not in there.run("schedule", "github", *feed).err


def test_the_bot_may_be_named_behind_the_dashes(there: Bot) -> None:
    run = there.run("schedule", "cron", "--", "-p", "dogfacts", "--list", "facts.txt")
    assert " post -p dogfacts --list " in run.out


def test_without_options_of_post_it_is_the_list_of_the_bots_name(there: Bot) -> None:
    run = there.run("schedule", "cron")
    assert words(run) == ["--list", str(there.folder / "default.txt")]
    assert "default.txt is not there yet" in run.err


def test_what_goes_away_or_is_not_there_is_told(there: Bot) -> None:
    run = there.run("schedule", "cron", "-p", "catfacts", "--", "--list", "none.txt")
    assert run.code == 0
    assert "none.txt is not there yet" in run.err
    assert "There is no bot catfacts" in run.err
    assert "This is a rehearsal" in run.err
    assert "emptied now and then" in run.err  # the test's own folder is a temporary one


def test_a_login_of_this_moment_is_no_place_for_a_job(there: Bot) -> None:
    there.environ["TWEETBOT_PROFILE_JSON"] = there.path.read_text()
    assert "a job needs a place" in there.run("schedule", "cron").err


@pytest.mark.parametrize("kind", ["cron", "github"])
def test_a_rehearsal_is_told(there: Bot, kind: str) -> None:
    assert "This is a rehearsal" in there.run("schedule", kind).err


def test_a_fixed_text_is_scheduled_and_warned_of(there: Bot) -> None:
    run = there.run("schedule", "cron", "--", "--no-links", "--", "-5 degrees")
    assert words(run) == ["--no-links", "--", "-5 degrees"]
    assert "The text is the same each time" in run.err


@pytest.mark.parametrize(
    ("program", "is_told"),
    [
        ("/home/a/.cache/uv/archive-v0/Xy12/bin/tweetbot", True),
        ("/home/me/.cache/uv/environments-v2/tweetbot-1/bin/python", True),
        ("/home/a/.cache/pipx/0123/bin/tweetbot", True),
        ("/home/a/.local/pipx/.cache/0123/bin/tweetbot", True),
        ("/Users/a/Library/Caches/pipx/0123/bin/tweetbot", True),
        ("/home/a/.local/share/pipx/venvs/tweetbot-cli/bin/tweetbot", False),
        ("/home/a/.local/share/uv/tools/tweetbot-cli/bin/tweetbot", False),
        ("/opt/tweetbot/bin/tweetbot", False),
    ],
)
def test_a_program_in_a_cache_goes_away_with_it(program: str, is_told: bool) -> None:
    assert is_fleeting(program) == is_told


def test_its_help_loads_no_other_command() -> None:
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tweetbot", "schedule", "--help"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    loaded = {line.rpartition("|")[2].strip() for line in run.stderr.splitlines()}
    assert "tweetbot.schedule.kinds" in loaded
    assert not {f"tweetbot.cli.{name}" for name in ("post", "auth", "status", "scheduled")} & loaded
    assert not {"httpx", "authlib", "tweetbot.posting", "tweetbot.sources"} & loaded
