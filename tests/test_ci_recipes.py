"""The recipes for CI and containers: taken out of the README, checked, and run job for job.

A job runs as on GitHub: in a new folder with a new environment, which holds the secrets as they
were when it started. Its `run` steps go to bash; what it installs, and `gh`, are stand-ins.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from ruamel.yaml import YAML

from tests.conftest import Bot, RedisServer, Run
from tests.readme_blocks import block, blocks
from tweetbot.sandbox import Fault, Sandbox

WORKFLOWS = ("ci branch workflow", "ci secret workflow", "ci release workflow")
EXPRESSION = re.compile(r"\$\{\{ ([\w.]+) \}\}")
MASK = "::add-mask::"
GIT = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
AUTHOR = ("-c", "user.name=me", "-c", "user.email=me@example.com")

# Like `gh secret set`: reads standard input, drops the newline at its end, needs a token that
# may. The arguments are those of the recipes; a repository is known by GH_REPO or the folder.
GH = """#!/bin/bash
[ "$1 $2 $4 $5" = "secret set --env tweetbot" ] || { echo "unknown command" >&2; exit 1; }
[ -n "$GH_TOKEN" ] || { echo "gh: set the GH_TOKEN environment variable" >&2; exit 4; }
[ -n "$GH_REPO" ] || git rev-parse 2> /dev/null || { echo "not a git repository" >&2; exit 1; }
grep -qxF -e "$GH_TOKEN" SECRETS/../tokens || { echo "HTTP 401: Bad credentials" >&2; exit 1; }
value=$(cat); printf %s "$value" > "SECRETS/$3"
"""


def need(*tools: str) -> None:
    """Skip where a tool is missing; in CI, where all are installed, fail."""
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing and os.environ.get("CI") == "true":
        pytest.fail(f"missing in CI: {', '.join(missing)}")
    if missing:
        pytest.skip(f"missing: {', '.join(missing)}")


def read_yaml(name: str) -> Any:
    """Return what a YAML block of the README says."""
    return YAML(typ="safe", pure=True).load(block(name))


def steps(workflow: Any) -> list[Any]:
    """Return the steps of the workflow's one job."""
    (job,) = workflow["jobs"].values()
    return list(job["steps"])


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


def renewals(x: Sandbox) -> list[int | None]:
    """Return the status of each token request: all 200 if no spent token was ever shown."""
    return [request.status for request in x.requests if request.step == "token"]


# -- a forge, and the runners of its jobs ---------------------------------------------------------


@dataclass
class Forge:
    """A repository with the recipes' files, its environment's secrets, and runners for its jobs."""

    bot: Bot
    root: Path
    event: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.secrets = self.root / "secrets"
        self.secrets.mkdir(parents=True)
        (self.root / "tokens").write_text("github_pat_1\n")
        self.remote = self.root / "remote.git"
        self.laptop = self.root / "laptop"
        self._make_repository()
        self._make_programs()

    def _make_repository(self) -> None:
        git("init", "-q", "--bare", "-b", "main", str(self.remote), cwd=self.root)
        git("clone", "-q", self.remote.as_uri(), str(self.laptop), cwd=self.root)
        (self.laptop / "facts.txt").write_text("".join(f"Fact {n}.\n" for n in range(60)))
        for job in ("load", "save"):
            write_program(self.laptop / f".github/tweetbot-{job}", block(f"ci branch {job}"))
        git("checkout", "-q", "-B", "main", cwd=self.laptop)
        git("add", ".", cwd=self.laptop)
        git(*AUTHOR, "commit", "-qm", "A bot", cwd=self.laptop)
        git("push", "-q", "origin", "main", cwd=self.laptop)
        for key, value in (("user.name", "me"), ("user.email", "me@example.com")):
            git("config", key, value, cwd=self.laptop)

    def _make_programs(self) -> None:
        programs = self.root / "bin"
        tweetbot = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m tweetbot "$@"\n'
        write_program(programs / "tweetbot", tweetbot)
        write_program(programs / "gh", GH.replace("SECRETS", str(self.secrets)))
        for name in ("sudo", "apt-get", "pipx", "pip"):
            write_program(
                programs / name, f'#!/bin/sh\necho "{name} $*" >> {self.root}/installed\n'
            )

    def environ(self, home: Path) -> dict[str, str]:
        """The environment of a new machine, with the local X in the place of X."""
        ours = ("COV", "TWEETBOT_API_URL", "TWEETBOT_AUTHORIZE_URL", "TWEETBOT_CHECK_AFTER")
        return {
            **{name: value for name, value in self.bot.variables.items() if name.startswith(ours)},
            **GIT,
            "PATH": f"{self.root / 'bin'}:{os.environ['PATH']}",
            "HOME": str(home),
        }

    def on_the_laptop(self, script: str, **more: str) -> None:
        """Run a block of the README where the bot was logged in."""
        environ = {**self.environ(self.root), "GH_TOKEN": "github_pat_1", **more}
        environ["TWEETBOT_CONFIG_DIR"] = str(self.bot.folder)
        command = ["bash", "-c", script.replace(" -p dogfacts", "")]
        done = subprocess.run(
            command, cwd=self.laptop, env=environ, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr

    def checkout(self, name: str = "work") -> Path:
        """Return a new working copy, as shallow as a job's."""
        folder = self.root / name
        shutil.rmtree(folder, ignore_errors=True)
        git("clone", "-q", "--depth", "1", self.remote.as_uri(), str(folder), cwd=self.root)
        return folder

    def start(self, workflow: str, *, name: str = "work") -> subprocess.Popen[bytes]:
        """Start a job: its secrets are read now."""
        work = self.checkout(name)
        home = self.root / f"{name}-home"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        actions = {"GITHUB_ACTIONS": "true", "CI": "true", "GITHUB_OUTPUT": str(home / "output")}
        script = "set -e\n"
        for number, step in enumerate(step for step in steps(read_yaml(workflow)) if "run" in step):
            path = home / f"step{number}"
            path.write_text(step["run"])  # GitHub runs `bash -e FILE`
            given = [f"{key}={self.expand(text)}" for key, text in step.get("env", {}).items()]
            script += shlex.join(["env", *given, "bash", "-e", str(path)]) + "\n"
        return subprocess.Popen(
            ["bash", "-c", script],
            cwd=work,
            env={**self.environ(home), **actions},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def job(self, workflow: str) -> Run:
        return ended(self.start(workflow))

    def expand(self, text: str) -> str:
        """Put in what GitHub puts in for its expressions."""
        return EXPRESSION.sub(lambda found: self._value(found[1]), text)

    def _value(self, expression: str) -> str:
        context, _, name = expression.partition(".")
        if context == "secrets":
            path = self.secrets / name
            return path.read_text() if path.exists() else ""
        return {"github.repository": "me/bot", **self.event}[expression]

    # What the tests do to it.

    def have_secret(self) -> None:
        """Begin as the recipe with a secret says."""
        self.on_the_laptop(block("ci secret begin"))
        (self.secrets / "BOT_SECRETS_TOKEN").write_text("github_pat_1")

    def make_secret_due(self) -> None:
        path = self.secrets / "TWEETBOT_PROFILE_JSON"
        path.write_text(json.dumps(due(json.loads(path.read_text()))))

    def have_branch(self) -> None:
        """Begin as the recipe with a branch says."""
        need("age", "age-keygen")
        self.on_the_laptop(block("ci branch begin"))

    def script(
        self, work: Path, job: str, document: bytes = b""
    ) -> subprocess.CompletedProcess[bytes]:
        """Run one of the branch's two scripts in a working copy."""
        key = {"AGE_KEY": (self.secrets / "AGE_KEY").read_text()}
        return subprocess.run(
            [f".github/tweetbot-{job}"],
            cwd=work,
            env={**self.environ(work), **key},
            input=document,
            capture_output=True,
            check=False,
        )

    def make_branch_due(self) -> None:
        work = self.checkout("clockmaker")
        document = json.loads(self.script(work, "load").stdout)
        assert self.script(work, "save", json.dumps(due(document)).encode()).returncode == 0

    @property
    def words(self) -> list[str]:
        """What the commits of the branch say, the oldest first."""
        log = git("log", "--reverse", "--format=%s", "tweetbot-state", cwd=self.remote)
        return log.splitlines()


def ended(process: subprocess.Popen[bytes]) -> Run:
    with process:
        out, err = process.communicate(timeout=60)
    return Run(process.returncode, out.decode(), err.decode())


def due(document: dict[str, Any]) -> dict[str, Any]:
    """Let the token's half-life pass."""
    now = int(time.time())
    document["token"] |= {"obtained_at": now - 4000, "expires_at": now + 3200}
    return document


@pytest.fixture
def forge(bot: Bot, tmp_path: Path) -> Forge:
    need("bash", "git", "jq")
    return Forge(bot, tmp_path / "forge")


# -- the workflows --------------------------------------------------------------------------------


def test_each_recipe_has_a_test_here() -> None:
    source = Path(__file__).read_text()
    names = [one.name for one in blocks() if one.name.startswith("ci ")]
    assert len(names) > 10
    for name in names:
        assert f'"{name}"' in source or re.fullmatch("ci (branch|gitlab) (load|save)", name), name


@pytest.mark.parametrize(
    ("name", "schema"),
    [*((name, "github-workflows") for name in WORKFLOWS), ("ci gitlab pipeline", "gitlab-ci")],
)
def test_the_forge_accepts_the_file(name: str, schema: str, tmp_path: Path) -> None:
    path = tmp_path / "ci.yml"
    path.write_text(block(name))
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*check, str(path)], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_never_overlaps_and_may_little(name: str) -> None:
    workflow = read_yaml(name)
    (job,) = workflow["jobs"].values()
    access = "read" if "secret" in name else "write"
    assert workflow["permissions"] == {"contents": access}
    assert workflow["concurrency"] == {"group": "tweetbot", "cancel-in-progress": False}
    assert job["timeout-minutes"] == 10
    assert job["environment"] == "tweetbot"
    assert set(workflow["on"]) <= {"schedule", "workflow_dispatch", "release"}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_no_step_has_an_expression_in_its_script(name: str) -> None:
    assert not [step for step in steps(read_yaml(name)) if "${{" in step.get("run", "")]


def test_an_abandoned_renewal_holds_others_up_longer_than_a_job_lives() -> None:
    (held_up,) = re.findall(r"-lt (\d+)", block("ci branch load"))
    (job,) = read_yaml("ci branch workflow")["jobs"].values()
    assert int(held_up) > 60 * job["timeout-minutes"]


# -- the document on a branch ---------------------------------------------------------------------


def test_jobs_hand_the_login_on_by_the_branch(forge: Forge) -> None:
    forge.have_branch()
    for _ in range(2):
        forge.make_branch_due()
        run = forge.job("ci branch workflow")
        assert (run.code, leaked(run, forge.bot.x)) == (0, []), run.err
    assert renewals(forge.bot.x) == [200, 200]
    assert len(forge.bot.x.posts) == 2
    assert forge.words == ["begun", *["saved", "renewing", "saved", "saved"] * 2]
    assert "sudo apt-get -qy install age\n" in (forge.root / "installed").read_text()


def test_the_branch_shows_nothing_of_the_login(forge: Forge) -> None:
    forge.have_branch()
    forge.make_branch_due()
    assert forge.job("ci branch workflow").code == 0
    kept = git("cat-file", "--batch-all-objects", "--batch", cwd=forge.remote)
    assert "age-encryption.org" in kept
    assert not [secret for secret in forge.bot.x.secrets if secret in kept]


def test_of_two_jobs_that_loaded_the_same_one_stops_at_its_first_save(forge: Forge) -> None:
    forge.have_branch()
    first, second = forge.checkout("first"), forge.checkout("second")
    document = forge.script(first, "load").stdout
    assert forge.script(second, "load").stdout == document
    assert forge.script(first, "save", document).returncode == 0
    assert forge.script(second, "save", document).returncode == 75
    assert forge.script(first, "save", document).returncode == 0, "still ours"


def test_a_job_that_begins_while_another_renews_stops_at_once(forge: Forge) -> None:
    forge.have_branch()
    forge.make_branch_due()
    forge.bot.x.fault("token", Fault("delay", seconds=4))
    first = forge.start("ci branch workflow", name="first")
    while not forge.bot.x.count("token"):
        time.sleep(0.01)
    second = forge.job("ci branch workflow")
    assert second.code == 6, second.err
    assert "Another job is renewing the login." in second.err
    assert ended(first).code == 0
    assert renewals(forge.bot.x) == [200]


def test_a_renewal_that_was_abandoned_holds_nobody_up_for_ever(forge: Forge) -> None:
    forge.have_branch()
    work = forge.checkout()
    document = forge.script(work, "load").stdout
    assert forge.script(work, "save", document).returncode == 0
    assert forge.script(work, "load").returncode == 75
    at = f"{int(time.time()) - 1000} +0000"
    stale = ["commit-tree", "tweetbot-state^{tree}", "-p", "tweetbot-state", "-m", "renewing"]
    made = subprocess.run(
        ["git", *AUTHOR, *stale],
        cwd=forge.remote,
        env={**os.environ, **GIT, "GIT_COMMITTER_DATE": at},
        capture_output=True,
        check=True,
    )
    git("update-ref", "refs/heads/tweetbot-state", made.stdout.decode().strip(), cwd=forge.remote)
    assert forge.script(work, "load").returncode == 0


def test_jobs_that_overlap_never_show_a_spent_token(forge: Forge, full: bool) -> None:
    forge.have_branch()
    for _ in range(12 if full else 3):
        forge.make_branch_due()
        jobs = [forge.start("ci branch workflow", name=name) for name in ("first", "second")]
        runs = [ended(job) for job in jobs]
        assert {run.code for run in runs} <= {0, 6}, [run.err for run in runs]
        assert 0 in [run.code for run in runs]
        assert [line for run in runs for line in leaked(run, forge.bot.x)] == []
    assert set(renewals(forge.bot.x)) == {200}


def refuse_pushes(forge: Forge) -> None:
    write_program(forge.remote / "hooks/pre-receive", "#!/bin/sh\nexit 1\n")


def test_a_job_that_may_not_push_spends_nothing(forge: Forge) -> None:
    forge.have_branch()
    forge.make_branch_due()
    refuse_pushes(forge)
    run = forge.job("ci branch workflow")
    assert run.code == 2, run.err
    assert (renewals(forge.bot.x), forge.bot.x.posts) == ([], ())


def test_a_push_whose_answer_was_lost_has_kept_the_document(forge: Forge) -> None:
    forge.have_branch()
    work = forge.checkout()
    document = forge.script(work, "load").stdout
    real = shutil.which("git")
    lossy = f'#!/bin/sh\n{real} "$@" || exit; case $1 in push) exit 128;; esac\n'
    write_program(forge.root / "bin/git", lossy)
    assert forge.script(work, "save", document).returncode == 0
    assert forge.words[-1] == "renewing"


# -- the document in a secret ---------------------------------------------------------------------


def test_jobs_hand_the_login_on_by_the_secret(forge: Forge) -> None:
    forge.have_secret()
    for _ in range(3):
        forge.make_secret_due()
        run = forge.job("ci secret workflow")
        assert (run.code, leaked(run, forge.bot.x)) == (0, []), run.err
    assert renewals(forge.bot.x) == [200, 200, 200]
    assert len({post.sent_text for post in forge.bot.x.posts}) == 3
    assert MASK in run.err


def test_an_expired_token_for_the_secret_spends_nothing(forge: Forge) -> None:
    forge.have_secret()
    forge.make_secret_due()
    (forge.root / "tokens").write_text("github_pat_2\n")
    run = forge.job("ci secret workflow")
    assert run.code == 2, run.err
    assert "HTTP 401: Bad credentials" in run.err
    assert renewals(forge.bot.x) == []
    (forge.secrets / "BOT_SECRETS_TOKEN").write_text("github_pat_2")
    assert forge.job("ci secret workflow").code == 0


def test_a_secret_that_was_read_too_early_is_spent(forge: Forge) -> None:
    # Why it is an environment's secret: this is what a run that waited with a repository's meets.
    forge.have_secret()
    forge.make_secret_due()
    queued = (forge.secrets / "TWEETBOT_PROFILE_JSON").read_text()
    assert forge.job("ci secret workflow").code == 0
    (forge.secrets / "TWEETBOT_PROFILE_JSON").write_text(queued)
    assert forge.job("ci secret workflow").code == 4


def test_a_login_that_is_dead_is_replaced_by_beginning_again(forge: Forge) -> None:
    forge.have_branch()
    forge.bot.x.revoke_all()
    forge.make_branch_due()
    assert forge.job("ci branch workflow").code == 4
    forge.bot.log_in()
    forge.have_branch()
    assert forge.job("ci branch workflow").code == 0


def test_a_beginning_needs_no_identity_and_never_deletes_the_branch(forge: Forge) -> None:
    """`git push origin "$(false):branch"` deletes it, and `set -e` does not see that."""
    for key in ("user.name", "user.email"):
        git("config", "--unset", key, cwd=forge.laptop)
    git("config", "user.useConfigOnly", "true", cwd=forge.laptop)
    forge.have_branch()
    assert git("ls-remote", "origin", "tweetbot-state", cwd=forge.laptop)
    assert not (forge.laptop / "age.key").exists()


def test_a_beginning_without_a_bot_changes_nothing(forge: Forge) -> None:
    forge.have_branch()
    before = git("ls-remote", "origin", "tweetbot-state", cwd=forge.laptop)
    key = (forge.secrets / "AGE_KEY").read_text()
    with pytest.raises(AssertionError, match="was moved on"):
        forge.have_branch()
    assert git("ls-remote", "origin", "tweetbot-state", cwd=forge.laptop) == before
    assert (forge.secrets / "AGE_KEY").read_text() == key


# -- the release bot ------------------------------------------------------------------------------


def release(notes: str) -> dict[str, str]:
    return {
        "github.event.release.tag_name": "v1.2",
        "github.event.release.body": notes,
        "github.event.release.html_url": "https://github.com/me/bot/releases/tag/v1.2",
    }


def test_a_release_is_announced_and_the_post_is_an_output(forge: Forge) -> None:
    forge.have_branch()
    forge.event = release("Dogs bark louder.\r\n\r\n- and longer")
    run = forge.job("ci release workflow")
    assert (run.code, leaked(run, forge.bot.x)) == (0, []), run.err
    (post,) = forge.bot.x.posts
    link = "https://github.com/me/bot/releases/tag/v1.2"
    assert post.sent_text == f"v1.2: Dogs bark louder. {link}"
    output = (forge.root / "work-home/output").read_text()
    assert output == f"id={post.id}\nurl=https://x.com/dogfacts/status/{post.id}\n"


@pytest.mark.parametrize(
    ("notes", "summary"),
    [
        ("## What's Changed\r\n* Dogs bark louder by @me", "* Dogs bark louder by @me"),
        ("\n\n\nLouder.", "Louder."),
        ("", "released"),
        ("# Heading", "released"),
        ("ä" * 500, "ä" * 120),
    ],
)
def test_a_release_is_announced_by_its_first_words(forge: Forge, notes: str, summary: str) -> None:
    forge.have_branch()
    forge.event = release(notes)
    run = forge.job("ci release workflow")
    assert run.code == 0, run.err
    assert forge.bot.x.posts[0].sent_text.startswith(f"v1.2: {summary} https://")


@pytest.mark.parametrize("notes", ["$(touch owned)", "`touch owned`", '"; touch owned; "', "-n"])
def test_release_notes_are_text_and_never_a_command(forge: Forge, notes: str) -> None:
    forge.have_branch()
    forge.event = release(notes)
    assert forge.job("ci release workflow").code == 0
    assert notes in forge.bot.x.posts[0].sent_text
    assert not list(forge.root.rglob("owned"))


def test_a_release_that_cannot_be_posted_has_no_output(forge: Forge) -> None:
    forge.have_branch()
    forge.event = release("$DOGS and $CATS")  # X allows one cashtag
    assert forge.job("ci release workflow").code == 3
    assert not (forge.root / "work-home/output").exists()


# -- GitLab ---------------------------------------------------------------------------------------


class Variables:
    """The variables API of GitLab with one variable; `token` is who may use it."""

    def __init__(self, value: str) -> None:
        self.value, self.token = value, "glpat-1"
        api = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.answer()

            def do_PUT(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                if self.allowed:
                    (api.value,) = parse_qs(body)["value"]
                self.answer()

            @property
            def allowed(self) -> bool:
                return self.headers["PRIVATE-TOKEN"] == api.token

            def answer(self) -> None:
                known = self.path == "/api/v4/projects/7/variables/TWEETBOT_DOCUMENT"
                self.send_response((200 if known else 404) if self.allowed else 401)
                self.end_headers()
                self.wfile.write(json.dumps({"value": api.value}).encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/api/v4"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def variables(bot: Bot) -> Iterator[Variables]:
    api = Variables(json.dumps(due(bot.document)))
    yield api
    api.close()


def gitlab_job(forge: Forge, variables: Variables) -> Run:
    """Run the pipeline's job in a new folder."""
    need("curl")
    work = forge.checkout()
    for job in ("load", "save"):
        write_program(work / f".gitlab/tweetbot-{job}", block(f"ci gitlab {job}"))
    pipeline = read_yaml("ci gitlab pipeline")["tweetbot"]
    environ = {
        **forge.environ(work),
        **pipeline["variables"],
        "CI_API_V4_URL": variables.url,
        "CI_PROJECT_ID": "7",
        "BOT_API_TOKEN": "glpat-1",
        "no_proxy": "*",
    }
    script = "\n".join(["set -e", *pipeline["before_script"], *pipeline["script"]])
    done = subprocess.run(
        ["bash", "-c", script], cwd=work, env=environ, capture_output=True, check=False
    )
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_jobs_of_gitlab_hand_the_login_on(forge: Forge, variables: Variables) -> None:
    for _ in range(2):
        variables.value = json.dumps(due(json.loads(variables.value)))
        run = gitlab_job(forge, variables)
        assert (run.code, leaked(run, forge.bot.x)) == (0, []), run.err
    assert renewals(forge.bot.x) == [200, 200]
    assert MASK not in run.err


def test_an_expired_token_of_gitlab_spends_nothing(forge: Forge, variables: Variables) -> None:
    variables.token = "glpat-2"
    assert gitlab_job(forge, variables).code == 2
    assert renewals(forge.bot.x) == []


def test_a_job_of_gitlab_is_alone() -> None:
    job = read_yaml("ci gitlab pipeline")["tweetbot"]
    assert job["resource_group"] == "tweetbot"
    assert job["interruptible"] is False


# -- Redis, and many bots on one host --------------------------------------------------------------


def test_a_bot_moves_from_its_folder_into_redis(forge: Forge, redis_server: RedisServer) -> None:
    forge.on_the_laptop(block("ci into redis").replace("redis://host:6379/0", redis_server.url))
    assert forge.bot.run("post", "Hello").code == 4  # it is not here any more
    forge.bot.environ["TWEETBOT_STORE"] = redis_server.url
    assert forge.bot.run("post", "Hello").code == 0


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
