"""A bot in CI, and many bots, as the README says it: taken out of it and run, job for job.

A job runs as on GitHub: in a new clone with a new environment, which holds the secrets. Its `run`
steps go to bash; what it installs, and `gh`, are stand-ins.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from tests.conftest import Bot, Run
from tests.readme_blocks import block
from tweetbot.sandbox import Sandbox

EXPRESSION = re.compile(r"\$\{\{ secrets\.(\w+) \}\}")
MASK = "::add-mask::"
GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
GH = '#!/bin/bash\n[ "$1 $2" = "secret set" ] && cat > "SECRETS/$3"\n'


def need(*tools: str) -> None:
    """Skip where a tool is missing; in CI, where all are installed, fail."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"missing in CI: {', '.join(missing)}")
    if missing:
        pytest.skip(f"missing: {', '.join(missing)}")


def git(*args: str, cwd: Path) -> str:
    done = subprocess.run(
        ["git", *args], cwd=cwd, env={**os.environ, **GIT}, capture_output=True, check=True
    )
    return done.stdout.decode(errors="replace").strip()


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def leaked(run: Run, x: Sandbox) -> list[str]:
    """Return the lines of a run that show a secret; a mask has to, and the log hides it."""
    lines = [line for line in (run.err + run.out).splitlines() if not line.startswith(MASK)]
    return [line for line in lines if any(secret in line for secret in x.secrets)]


@pytest.fixture
def x() -> Iterator[Sandbox]:
    """An X that ends a login whose spent token comes back."""
    with Sandbox(revoke_on_reuse=True, refuse_duplicates=False) as sandbox:
        yield sandbox


@dataclass
class Forge:
    """A repository, its secrets, a clone on a laptop where the bot is, and runners for its jobs."""

    bot: Bot
    root: Path

    def __post_init__(self) -> None:
        self.secrets, self.laptop = self.root / "secrets", self.root / "laptop"
        self.secrets.mkdir(parents=True)
        self.remote = self.root / "remote.git"
        git("init", "-q", "--bare", "-b", "main", str(self.remote), cwd=self.root)
        git("clone", "-q", self.remote.as_uri(), str(self.laptop), cwd=self.root)
        git("checkout", "-q", "-B", "main", cwd=self.laptop)
        git("push", "-q", "--set-upstream", "origin", "HEAD:main", cwd=self._first_commit())
        self._make_programs()

    def _first_commit(self) -> Path:
        (self.laptop / "facts.txt").write_text("".join(f"Fact {n}.\n" for n in range(60)))
        for key, value in (("user.name", "me"), ("user.email", "me@example.com")):
            git("config", key, value, cwd=self.laptop)
        git("commit", "-q", "--allow-empty", "-m", "A repository", cwd=self.laptop)
        return self.laptop

    def _make_programs(self) -> None:
        programs = self.root / "bin"
        tweetbot = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m tweetbot "$@"\n'
        write_program(programs / "tweetbot", tweetbot)
        write_program(programs / "gh", GH.replace("SECRETS", str(self.secrets)))
        write_program(programs / "pipx", f'#!/bin/sh\necho "$*" >> {self.root}/installed\n')

    def environ(self, home: Path) -> dict[str, str]:
        """The environment of a new machine, with the local X in the place of X."""
        ours = ("COV", "TWEETBOT_API_URL", "TWEETBOT_AUTHORIZE_URL", "TWEETBOT_CHECK_AFTER")
        return {
            **{name: value for name, value in self.bot.variables.items() if name.startswith(ours)},
            **GIT,
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "HOME": str(home),
        }

    def on_the_laptop(self, script: str) -> Run:
        """Run a script where the bot was logged in."""
        environ = {**self.environ(self.root), "TWEETBOT_CONFIG_DIR": str(self.bot.folder)}
        return self._bash(script, self.laptop, environ)

    def job(self, *, dry: bool = False) -> Run:
        """Run the workflow in a new clone; GitHub runs `bash -e` for each step."""
        work, home = self.root / "work", self.root / "home"
        for folder in (work, home):
            shutil.rmtree(folder, ignore_errors=True)
        home.mkdir()
        git("clone", "-q", "--depth", "1", self.remote.as_uri(), str(work), cwd=self.root)
        (file,) = (work / ".github/workflows").iterdir()
        (job,) = YAML(typ="safe", pure=True).load(file)["jobs"].values()
        actions = {"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_OUTPUT": str(home / "output")}
        environ = {**self.environ(home), **actions, **self._variables(job)}
        scripts = [step["run"] for step in job["steps"] if "run" in step and _runs(step, dry=dry)]
        return self._bash("\n".join(scripts), work, environ)

    def _variables(self, job: dict[str, Any]) -> dict[str, str]:
        read = {path.name: path.read_text() for path in self.secrets.iterdir()}
        return {
            name: EXPRESSION.sub(lambda found: read[found[1]], value)
            for name, value in job["env"].items()
        }

    def _bash(self, script: str, cwd: Path, environ: dict[str, str]) -> Run:
        done = subprocess.run(
            ["bash", "-ec", script],
            cwd=cwd,
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=60,
            check=False,
        )
        return Run(done.returncode, done.stdout, done.stderr)


def _runs(step: dict[str, Any], *, dry: bool) -> bool:
    """Whether a step's condition holds where a person starts the job."""
    condition = step.get("if", "true")
    assert set(re.findall(r"\w+\.\w+", condition)) <= {"inputs.dry_run", "github.event_name"}
    if "event_name" in condition:
        return False
    return condition == "true" or ("!inputs" in condition) is not dry


@pytest.fixture
def forge(bot: Bot, tmp_path: Path) -> Forge:
    need("bash", "git", "jq")
    bot.path.rename(bot.folder / "dogfacts.json")
    bot.name = "dogfacts"
    return Forge(bot, tmp_path / "forge")


# -- one bot in the repository --------------------------------------------------------------------


@pytest.fixture
def moved(forge: Forge) -> Forge:
    """The bot has moved into the repository, as the README says."""
    run = forge.on_the_laptop(block("ci github"))
    assert (run.code, leaked(run, forge.bot.x)) == (0, []), run.err
    return forge


def test_the_jobs_and_the_laptop_share_one_bot(moved: Forge) -> None:
    x = moved.bot.x
    run = moved.job()
    assert (run.code, leaked(run, x)) == (0, []), run.err
    assert "tweetbot-cli" in (moved.root / "installed").read_text()
    (post,) = x.posts
    output = (moved.root / "home/output").read_text()
    assert output == f"id={post.id}\nurl=https://x.com/dogfacts/status/{post.id}\n"

    run = moved.on_the_laptop("tweetbot renew -p dogfacts && tweetbot status -p dogfacts --json")
    status = json.loads(run.out.splitlines()[-1])
    assert (status["ok"], status["last_post"]["id"]) == (True, post.id)

    assert moved.job().code == 0
    assert len(x.posts) == 1, "the first is younger than six hours"
    run = moved.on_the_laptop("tweetbot post -p dogfacts 'From the laptop'")
    assert run.code == 0, run.err
    assert {request.status for request in x.requests if request.step == "token"} == {200}


def test_the_rehearsal_of_a_job_posts_nothing(moved: Forge) -> None:
    run = moved.job(dry=True)
    assert (run.code, moved.bot.x.posts) == (0, ()), run.err
    assert "Fact" in run.out


def test_the_repository_shows_nothing_of_the_login(moved: Forge) -> None:
    assert moved.job().code == 0
    kept = git("cat-file", "--batch-all-objects", "--batch", cwd=moved.remote)
    assert not [secret for secret in moved.bot.x.secrets if secret in kept]


def test_a_job_whose_login_is_dead_says_so(moved: Forge) -> None:
    moved.bot.x.revoke_all()
    moved.bot.x.expire_access_tokens()
    run = moved.job()
    assert run.code == 4
    assert "tweetbot auth -p dogfacts" in run.err


# -- many bots ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("variables", "error"),
    [
        ({"TWEETBOT_CONFIG_DIR": "/nowhere"}, "login-needed"),
        ({"TWEETBOT_CONFIG_DIR": __file__}, "configuration"),
        ({"TWEETBOT_STORE": "redis://127.0.0.1:1/0"}, "temporary"),
    ],
    ids=["no bot", "no folder", "a store that is down"],
)
def test_the_fleet_line_is_not_silent_where_no_bot_can_be_seen(
    forge: Forge, variables: dict[str, str], error: str
) -> None:
    environ = {**forge.environ(forge.root), **variables}
    done = subprocess.run(
        ["sh", "-c", block("ci fleet")], env=environ, capture_output=True, text=True, check=False
    )
    assert done.stdout.split("\t")[:2] == ["all", error]


def test_the_fleet_line_names_the_bots_that_need_somebody(forge: Forge) -> None:
    forge.bot.run("post", "Hello")
    document = forge.bot.document
    (forge.bot.folder / "silent.json").write_text(
        json.dumps({**document, "posts": [], "ran_at": None})
    )
    (forge.bot.folder / "broken.json").write_text("{")
    environ = {**forge.environ(forge.root), "TWEETBOT_CONFIG_DIR": str(forge.bot.folder)}
    done = subprocess.run(
        ["sh", "-c", block("ci fleet")], env=environ, capture_output=True, text=True, check=False
    )
    rows = [line.split("\t") for line in done.stdout.splitlines()]
    assert [row[:2] for row in rows] == [["broken", "configuration"], ["silent", "too-old"]]
