"""`--write`: into the crontab, the user's units and the repository; nobody's work is lost."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.conftest import PROGRAMS, Bot, Run

# Keeps one crontab in a file, as crontab(1) keeps the user's.
CRONTAB = """\
#!/bin/sh
file={folder}/crontab.now
case $1 in
-l) cat "$file" 2> /dev/null || {{ echo "no crontab for me" >&2; exit 1; }} ;;
-) cat > "$file.new"; grep -q REFUSED "$file.new" && {{ echo "bad minute" >&2; exit 1; }}
   mv "$file.new" "$file"; echo written >> {folder}/calls ;;
esac
"""
OWN = "MAILTO=me@example.com\n# mine\n5 4 * * *  echo 50\\% 'ö'"
KINDS = ("cron", "systemd", "github")


class Machine:
    """A home, a repository and a crontab of a person who has a bot."""

    def __init__(self, bot: Bot, root: Path) -> None:
        self.bot, self.root = bot, root
        programs = root / "bin"
        programs.mkdir(parents=True)
        (programs / "crontab").write_text(CRONTAB.format(folder=root))
        (programs / "crontab").chmod(0o755)
        bot.environ |= {"PATH": f"{programs}:/usr/bin:/bin", "HOME": str(root)}
        subprocess.run(["git", "init", "-q", str(root / "repository")], check=True)
        (root / "repository/facts.txt").write_text("One.\nTwo.\n")

    @property
    def crontab(self) -> Path:
        return self.root / "crontab.now"

    def file(self, kind: str) -> Path:
        """Return a file that `--write` makes."""
        return {
            "cron": self.crontab,
            "systemd": self.root / ".config/systemd/user/tweetbot-dogfacts.timer",
            "github": self.root / "repository/.github/workflows/tweetbot-dogfacts.yml",
        }[kind]

    def write(self, kind: str, *args: str, at: str = "09:00") -> Run:
        options = ["-p", "dogfacts", "--at", at, "--write", *args, "--", "--list", "facts.txt"]
        return self.bot.run("schedule", kind, *options)


@pytest.fixture
def machine(bot: Bot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    machine = Machine(bot, tmp_path / "machine")
    monkeypatch.chdir(machine.root / "repository")
    return machine


def test_no_bot_of_a_test_finds_the_crontab_of_a_person(bot: Bot) -> None:
    assert shutil.which("crontab", path=bot.variables["PATH"]) == str(PROGRAMS / "crontab")
    assert "a test brings" in bot.run("schedule", "cron", "--write").err


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_is_what_is_printed(machine: Machine, kind: str) -> None:
    printed = machine.bot.run("schedule", kind, "-p", "dogfacts", "--at", "09:00", "--", "--list",
                              "facts.txt").out  # fmt: skip
    run = machine.write(kind)
    assert run.code == 0, run.err
    assert machine.file(kind).read_text().strip("\n").splitlines()[2] in printed
    assert all("machine" in line or line == "crontab" for line in run.out.splitlines())


@pytest.mark.parametrize("kind", KINDS)
def test_again_it_changes_nothing(machine: Machine, kind: str) -> None:
    machine.write(kind)
    before = machine.file(kind).stat()
    run = machine.write(kind)
    after = machine.file(kind).stat()
    assert run.code == 0
    assert "(unchanged)" in run.out
    assert "is replaced" not in run.err
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


@pytest.mark.parametrize("kind", KINDS)
def test_its_own_work_is_replaced_and_that_is_said(machine: Machine, kind: str) -> None:
    assert "is replaced" not in machine.write(kind).err
    before = machine.file(kind).read_text()
    run = machine.write(kind, at="10:00")
    assert run.code == 0
    assert run.err.count("is replaced") == 1
    assert kind == "cron" or f"What stood in {machine.file(kind)} is replaced." in run.err
    after = machine.file(kind).read_text()
    assert after != before
    assert machine.write(kind).code == 0
    assert machine.file(kind).read_text() == before


@pytest.mark.parametrize("kind", KINDS)
def test_what_a_person_changed_is_kept_without_force(machine: Machine, kind: str) -> None:
    machine.write(kind)
    text = machine.file(kind).read_text()
    lines = text.splitlines(keepends=True)
    mine = "".join([*lines[:-2], "# mine\n", *lines[-2:]])
    machine.file(kind).write_text(mine)
    run = machine.write(kind, at="10:00")
    assert (run.code, run.out) == (2, "")
    assert "--force" in run.err
    assert machine.file(kind).read_text() == mine
    assert machine.write(kind, "--force", at="09:00").code == 0
    assert machine.file(kind).read_text() == text


@pytest.mark.parametrize("kind", ["systemd", "github"])
def test_a_file_of_somebody_else_is_kept_and_so_is_the_one_beside_it(
    machine: Machine, kind: str
) -> None:
    machine.file(kind).parent.mkdir(parents=True)
    machine.file(kind).write_text("mine\n")
    assert machine.write(kind).code == 2
    assert machine.file(kind).read_text() == "mine\n"
    assert os.listdir(machine.file(kind).parent) == [machine.file(kind).name]
    assert machine.write(kind, "--force").code == 0


@pytest.mark.parametrize("end", ["\n", ""])
def test_the_rest_of_the_crontab_stays(machine: Machine, end: str) -> None:
    machine.crontab.write_text(OWN + end)
    machine.write("cron")
    machine.bot.run("schedule", "cron", "-p", "catfacts", "--write")
    text = machine.crontab.read_text()
    assert text.startswith(f"{OWN}\n# >>> tweetbot-dogfacts >>>\n")
    machine.crontab.write_text(text + "# below\n")
    machine.write("cron", at="10:00")
    changed = machine.crontab.read_text()
    assert changed.startswith(f"{OWN}\n# >>> tweetbot-dogfacts >>>\n")
    assert changed.endswith("# <<< tweetbot-catfacts <<<\n# below\n")
    assert changed.count(">>>") == 4


def test_the_lines_that_are_gone_can_be_pasted_back(machine: Machine) -> None:
    options = ("--at", "Mon 09:00", "--at", "08:00", "--write")
    machine.bot.run("schedule", "cron", "-p", "dogfacts", *options, "--", "--list", "50%.txt")
    _, _, *old, end = machine.crontab.read_text().splitlines()
    lines = [line for line in old if not line.startswith("#")]
    machine.crontab.write_text(machine.crontab.read_text().replace(end, f"# mine\n{end}"))
    run = machine.write("cron", "--force")
    _, said, after = run.err.partition("is replaced:\n")
    assert said
    assert after.splitlines()[:4] == [*lines, "# mine", "Left for you:"]


def test_a_line_more_replaces_nothing(machine: Machine) -> None:
    machine.write("cron", at="Mon 09:00")
    run = machine.write("cron", "--at", "10:00", at="Mon 09:00")
    assert (run.code, "is replaced" in run.err) == (0, False)


def test_a_crontab_with_half_a_block_is_left_as_it_is(machine: Machine) -> None:
    machine.write("cron")
    broken = machine.crontab.read_text().replace("# <<< tweetbot-dogfacts <<<\n", "")
    machine.crontab.write_text(broken)
    run = machine.write("cron", "--force")
    assert run.code == 2
    assert "crontab -e" in run.err
    assert machine.crontab.read_text() == broken


def test_what_crontab_refuses_is_said(machine: Machine) -> None:
    run = machine.bot.run("schedule", "cron", "--write", "--", "REFUSED")
    assert run.code == 2
    assert "bad minute" in run.err
    assert not machine.crontab.exists()


def test_without_a_cron_it_says_so(machine: Machine) -> None:
    machine.bot.environ["PATH"] = "/nowhere"
    run = machine.write("cron")
    assert run.code == 2
    assert "crontab cannot be started: it is not installed" in run.err


def test_a_line_of_the_same_bot_elsewhere_in_the_crontab_is_told(machine: Machine) -> None:
    machine.crontab.write_text("0 9 * * *  /old/tweetbot post -p dogfacts --list x\n")
    assert "already has a line" in machine.write("cron").err
    machine.crontab.write_text("#0 9 * * *  /old/tweetbot post -p dogfacts --list x\n")
    assert "already has a line" not in machine.write("cron").err


def test_outside_of_a_repository_there_is_no_place_for_a_workflow(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(machine.root)
    run = machine.write("github")
    assert run.code == 2
    assert "no git repository" in run.err


def test_a_folder_that_takes_no_file_is_named(machine: Machine) -> None:
    (machine.root / "repository/.github").write_text("a file\n")
    run = machine.write("github")
    assert run.code == 2
    assert ".github" in run.err
