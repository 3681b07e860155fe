"""A bot that lives in a CI secret for a month: each run on a new machine, each token due.

The save command has the faults that such commands have. The local X ends a login whose spent
token comes back, so one token request that is not answered with 200 is a lock-out.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from tests.conftest import Bot, Run
from tweetbot.sandbox import Sandbox
from tweetbot.store.process import run

posix = pytest.mark.skipif(sys.platform == "win32", reason="the save command is for sh")
pytestmark = posix

MASK = "::add-mask::"

# Keeps the document in a file, as a CI keeps a secret, unless the fault planned for this call
# (a file with a word in it) says otherwise. Also writes down what tweetbot handed over.
SAVE = """#!/bin/sh
call=$(($(cat calls) + 1)); echo $call > calls
cat > "handed-$call"
fault=$(cat "fault-$call" 2> /dev/null)
case $fault in
    fails) cat "handed-$call" >&2; echo "no network" >&2; exit 1;;
    hangs) sleep 120;;
    forgets) exit 0;;
esac
cp "handed-$call" secret.new && mv secret.new secret
[ "$fault" != kept-but-says-no ]
"""

# The calls of a run whose login is due.
REHEARSAL, RENEWED, AGAIN, THIRD, POSTED = 1, 2, 3, 4, 3

# What goes wrong at which call, and the exit code: never at three calls for one document.
PLANS: tuple[tuple[Mapping[int, str], int], ...] = (
    ({}, 0),
    ({REHEARSAL: "fails"}, 2),
    ({REHEARSAL: "kept-but-says-no"}, 2),
    ({RENEWED: "fails"}, 0),
    ({RENEWED: "kept-but-says-no"}, 0),
    ({RENEWED: "fails", AGAIN: "kept-but-says-no"}, 0),
    ({REHEARSAL: "fails", RENEWED: "fails"}, 2),
    ({RENEWED: "kept-but-says-no", AGAIN: "fails"}, 0),
)


@pytest.fixture
def x() -> Iterator[Sandbox]:
    with Sandbox(revoke_on_reuse=True) as sandbox:
        yield sandbox


@dataclass
class CI:
    """A secret, and a new machine for each run."""

    bot: Bot
    root: Path
    runs: list[Run] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.root.mkdir()
        self.secret.write_text(json.dumps(self.bot.document))
        self.command = self.root / "save"
        self.command.write_text(SAVE)
        self.command.chmod(0o755)

    @property
    def secret(self) -> Path:
        return self.root / "secret"

    def make_due(self) -> None:
        document, now = json.loads(self.secret.read_text()), int(time.time())
        document["token"] |= {"obtained_at": now - 4000, "expires_at": now + 3200}
        self.secret.write_text(json.dumps(document))

    def plan(self, faults: Mapping[int, str]) -> None:
        """Say what goes wrong at which call of the save command in the next run."""
        for leftover in self.root.glob("fault-*"):
            leftover.unlink()
        for call, fault in faults.items():
            (self.root / f"fault-{call}").write_text(fault)
        (self.root / "calls").write_text("0")

    def run(self, *args: str) -> Run:
        """Run on a machine that knows nothing but the secret as it is now."""
        machine = self.root / f"machine-{len(self.runs)}"
        machine.mkdir()
        variables = self.bot.variables
        kept = ("COV", "TWEETBOT_API_URL", "TWEETBOT_AUTHORIZE_URL", "TWEETBOT_CHECK_AFTER")
        environ = {name: value for name, value in variables.items() if name.startswith(kept)}
        environ |= {
            "PATH": os.defpath,
            "HOME": str(machine),
            "TWEETBOT_PROFILE_JSON": self.secret.read_text(),
            "TWEETBOT_SAVE_COMMAND": f"cd '{self.root}' && ./save",
            "GITHUB_ACTIONS": "true",
        }
        done = subprocess.run(
            [sys.executable, "-m", "tweetbot", *args],
            cwd=machine,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=300,
            check=False,
        )
        left = [path.suffix for path in machine.rglob("*") if path.is_file()]
        assert left == [".rescue"] * (done.returncode == 8), (
            "nothing is kept on the machine but a login that could not be saved"
        )
        self.runs.append(Run(done.returncode, done.stdout.decode(), done.stderr.decode()))
        return self.runs[-1]

    @property
    def lock_outs(self) -> int:
        """Count the token requests that X refused."""
        requests = [one for one in self.bot.x.requests if one.step == "token"]
        return sum(request.status != 200 for request in requests)

    def leaks(self, run: Run) -> list[str]:
        """Return the lines that show a secret, other than the masks."""
        lines = [line for line in (run.out + run.err).splitlines() if not line.startswith(MASK)]
        return [line for line in lines if any(one in line for one in self.bot.x.secrets)]


@pytest.fixture
def ci(bot: Bot, tmp_path: Path) -> CI:
    return CI(bot, tmp_path / "ci")


def masked(run: Run) -> list[str]:
    """Return what the log was told to hide, at the time when nothing else had been said."""
    said = run.err.splitlines()
    masks = [line.removeprefix(MASK) for line in said if line.startswith(MASK)]
    assert all(masks), "an empty mask hides everything"
    assert said[: len(masks)] == [MASK + secret for secret in masks], "masks come first"
    return masks


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_month_of_runs_never_locks_the_bot_out(ci: CI, full: bool) -> None:
    choose = random.Random(1)
    plans = list(PLANS)
    if full:
        plans += choose.choices(PLANS, k=22)
        plans[20] = ({RENEWED: "hangs"}, 0)
        plans[21] = ({REHEARSAL: "hangs"}, 2)
    posted = 0
    for day, (faults, code) in enumerate(plans):
        ci.make_due()
        ci.plan(faults)
        run = ci.run("post", f"Day {day}.")
        assert run.code == code, (faults, run.err)
        assert ci.leaks(run) == []
        token = json.loads(ci.secret.read_text())["token"]
        assert {token["access_token"], token["refresh_token"]} <= set(masked(run))
        posted += code == 0
        assert len(ci.bot.x.posts) == posted, "a run that ended with 0 posted once"
        assert ci.bot.x.count("token") == posted, "no other run spent anything"
    assert ci.lock_outs == 0


def test_the_document_is_handed_over_as_one_line(ci: CI) -> None:
    ci.make_due()
    ci.plan({})
    assert ci.run("post", "Hello").code == 0
    handed = sorted(ci.root.glob("handed-*"))
    assert len(handed) == POSTED
    for path in handed:
        text = path.read_text()
        assert text.count("\n") == 1
        assert text.endswith("\n")
        json.loads(text)


@pytest.mark.parametrize("size", [0, 1, 50_000])
def test_a_run_that_is_killed_has_handed_over_all_of_it(tmp_path: Path, size: int) -> None:
    """Else a command that keeps what it reads would keep half a document, or none."""
    program = (
        "import os, subprocess, sys\n"
        "from tweetbot.store.process import run\n"
        "subprocess.Popen.communicate = lambda *_, **__: os.kill(os.getpid(), 9)\n"
        f"run('cat > new && mv new kept', b'x' * {size}, os.environ, deadline=9)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, check=False)
    assert done.returncode == -9
    ends_at = time.monotonic() + 20
    while not (tmp_path / "kept").exists():
        assert time.monotonic() < ends_at
        time.sleep(0.02)
    assert (tmp_path / "kept").read_bytes() == b"x" * size


def test_a_document_larger_than_a_pipe_is_handed_over() -> None:
    given = bytes(range(256)) * 8192
    ended = run("cat", given, os.environ, deadline=20)
    assert (ended.code, ended.out) == (0, given)


def test_a_recorded_post_that_could_not_be_saved_is_no_second_post(ci: CI) -> None:
    ci.make_due()
    ci.plan({POSTED: "fails", POSTED + 1: "fails"})
    first = ci.run("post", "Hello")
    assert (len(ci.bot.x.posts), ci.lock_outs, ci.leaks(first)) == (1, 0, [])
    kept = json.loads(ci.secret.read_text())
    kept["pending"]["at"] -= 60
    ci.secret.write_text(json.dumps(kept))
    ci.plan({})
    again = ci.run("post", "Hello")
    assert again.code == 0
    assert len(ci.bot.x.posts) == 1


@pytest.mark.slow
def test_a_save_that_fails_three_times_after_a_renewal_is_told_as_it_is(ci: CI) -> None:
    ci.make_due()
    ci.plan({RENEWED: "fails", AGAIN: "fails", THIRD: "fails"})
    run = ci.run("post", "Hello")
    assert (run.code, ci.bot.x.posts, ci.leaks(run)) == (8, (), [])
    ci.plan({})
    assert ci.run("post", "Hello").code == 4


def test_a_save_command_that_lies_locks_the_bot_out(ci: CI) -> None:
    # What status 0 has to mean; and the proof that this simulation can see a lock-out.
    ci.make_due()
    ci.plan(dict.fromkeys((RENEWED, POSTED), "forgets"))
    assert ci.run("post", "Hello").code == 0
    ci.plan({})
    assert ci.run("post", "Hello again").code == 4
    assert ci.lock_outs == 1


def test_without_a_save_command_nothing_is_spent(ci: CI) -> None:
    ci.make_due()
    ci.plan({})
    environ = {**ci.bot.variables, "TWEETBOT_PROFILE_JSON": ci.secret.read_text()}
    run = ci.bot.run("post", "Hello", env=environ)
    assert (run.code, ci.bot.x.count("token"), ci.bot.x.posts) == (2, 0, ())
