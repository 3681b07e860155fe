"""A host of repositories that runs jobs as GitHub does: each on a new machine, with its secrets.

What a job installs, and `gh`, are stand-ins; the repository, git and tweetbot are real.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from tests.conftest import PROGRAMS, Bot, GitHost, Run
from tweetbot.sandbox import Sandbox

EXPRESSION = re.compile(r"\$\{\{ ([\w.]+) \}\}")
MASK = "::add-mask::"
GIT = {
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
    **{f"GIT_{who}_NAME": "me" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "me@example.com" for who in ("AUTHOR", "COMMITTER")},
}
# As gh 2: a secret comes from standard input and loses the newlines at its end; it needs a login
# and the repository it stands in. A workflow that is started runs later.
GH = """#!/bin/bash
[ -n "$GH_TOKEN" ] || { echo "To get started with GitHub CLI, run:  gh auth login" >&2; exit 4; }
case "$1 $2" in
"secret set")
    git rev-parse 2> /dev/null || { echo "failed to determine base repo" >&2; exit 1; }
    value=$(cat); printf %s "$value" > "ROOT/secrets/$3";;
"workflow run") shift 2; echo "$*" >> ROOT/started;;
"api "*) ;;
*) echo "unknown command \\"$*\\" for \\"gh\\"" >&2; exit 1;;
esac
"""


def write_program(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)


def leaked(run: Run, x: Sandbox) -> list[str]:
    """Return the lines of a run that show a secret; a mask has to, and the log hides it."""
    lines = [line for line in (run.err + run.out).splitlines() if not line.startswith(MASK)]
    return [line for line in lines if any(secret in line for secret in x.secrets)]


@dataclass
class Hub:
    """A repository with its secrets, a laptop with a clone of it, and machines for its jobs."""

    bot: Bot
    host: GitHost
    root: Path
    url: str = ""
    runs: list[Run] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.secrets = self.root / "secrets"
        self.secrets.mkdir(parents=True)
        self.url = self.url or self.host.url
        self.host.git("symbolic-ref", "HEAD", "refs/heads/main")
        self.laptop = self.root / "laptop"
        self.git("clone", "-q", self.host.url, str(self.laptop), cwd=self.root)
        self.git("checkout", "-q", "-B", "main", cwd=self.laptop)
        (self.laptop / "facts.txt").write_text("".join(f"Fact {n}.\n" for n in range(200)))
        self.git("add", ".", cwd=self.laptop)
        self.git("commit", "-qm", "Facts", cwd=self.laptop)
        self.git("push", "-q", "-u", "origin", "main", cwd=self.laptop)
        tweetbot = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m tweetbot "$@"\n'
        write_program(self.root / "bin/tweetbot", tweetbot)
        write_program(self.root / "bin/gh", GH.replace("ROOT", str(self.root)))
        write_program(self.root / "bin/pipx", f'#!/bin/sh\necho "$*" >> {self.root}/installed\n')

    def git(self, *args: str, cwd: Path) -> str:
        environ = {**os.environ, **GIT}
        done = subprocess.run(["git", *args], cwd=cwd, env=environ, capture_output=True, check=True)
        return done.stdout.decode(errors="replace").strip()

    def environ(self, home: Path) -> dict[str, str]:
        """The environment of a new machine, with the local X in the place of X."""
        ours = ("COV", "TWEETBOT_API_URL", "TWEETBOT_AUTHORIZE_URL", "TWEETBOT_CHECK_AFTER")
        return {
            **{name: text for name, text in self.bot.variables.items() if name.startswith(ours)},
            **GIT,
            "PATH": f"{self.root / 'bin'}:{PROGRAMS}:{os.environ['PATH']}",
            "HOME": str(home),
        }

    def on_the_laptop(self, script: str) -> Run:
        """Run lines in the clone, where the bot was logged in."""
        environ = {**self.environ(self.root), "GH_TOKEN": "gho_1"}
        environ["TWEETBOT_CONFIG_DIR"] = str(self.bot.folder)
        command = ["bash", "-ec", script]
        done = subprocess.run(
            command, cwd=self.laptop, env=environ, capture_output=True, check=False
        )
        return Run(done.returncode, done.stdout.decode(), done.stderr.decode())

    def machine(self, name: str) -> tuple[Path, dict[str, str]]:
        """Return a new working copy, as shallow as a job's, and the environment of a new home."""
        work, home = self.root / name, self.root / f"{name}-home"
        for folder in (work, home):
            shutil.rmtree(folder, ignore_errors=True)
        home.mkdir()
        self.git("clone", "-q", "--depth", "1", self.host.url, str(work), cwd=self.root)
        self.git("remote", "set-url", "origin", self.url, cwd=work)
        actions = {name: str(home / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        environ = {"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_REPOSITORY": "me/bot", **actions}
        return work, {**self.environ(home), **environ}

    def start(self, *args: str, name: str = "work") -> subprocess.Popen[bytes]:
        """Start a job with one step, `tweetbot ARGS`, that keeps its bot in the repository."""
        work, environ = self.machine(name)
        key = (self.secrets / "TWEETBOT_KEY").read_text()
        environ |= {"TWEETBOT_STORE": "git:", "TWEETBOT_KEY": key}
        return self._start([str(self.root / "bin/tweetbot"), *args], work, environ)

    def workflow(self, file: str, *, dry_run: bool = False, name: str = "work") -> Run:
        """Run the steps of a workflow, its secrets and conditions filled in."""
        work, environ = self.machine(name)
        text = (work / ".github/workflows" / file).read_text()
        workflow = YAML(typ="safe", pure=True).load(text)
        (job,) = workflow["jobs"].values()
        environ |= {key: self._expand(str(text)) for key, text in job.get("env", {}).items()}
        script = "set -e\n"
        for number, step in enumerate(job["steps"]):
            if "run" in step and self._is_on(step.get("if", ""), dry_run=dry_run):
                path = Path(environ["HOME"]) / f"step{number}"
                path.write_text(step["run"])  # GitHub runs `bash -e FILE`
                given = [f"{key}={self._expand(text)}" for key, text in step.get("env", {}).items()]
                script += shlex.join(["env", *given, "bash", "-e", str(path)]) + "\n"
        return ended(self._start(["bash", "-c", script], work, environ))

    def _start(
        self, command: list[str], work: Path, environ: dict[str, str]
    ) -> subprocess.Popen[bytes]:
        pipes: dict[str, Any] = dict.fromkeys(("stdout", "stderr"), subprocess.PIPE)
        null = subprocess.DEVNULL
        return subprocess.Popen(command, cwd=work, env=environ, stdin=null, **pipes)

    def _expand(self, text: str) -> str:
        return EXPRESSION.sub(lambda found: self._value(found[1]), text)

    def _value(self, expression: str) -> str:
        if expression == "github.token":
            return "ghs_1"
        context, _, name = expression.partition(".")
        assert context == "secrets", expression
        path = self.secrets / name
        return path.read_text() if path.exists() else ""

    @staticmethod
    def _is_on(condition: str, *, dry_run: bool) -> bool:
        """Say whether a step runs in a job that a person started."""
        if "inputs.dry_run" in condition:
            return dry_run != ("!inputs.dry_run" in condition)
        return "schedule" not in condition


def ended(process: subprocess.Popen[bytes]) -> Run:
    with process:
        out, err = process.communicate(timeout=120)
    return Run(process.returncode, out.decode(), err.decode())
