"""What the README has for CI beside the repository: GitLab's variables, a line for many bots."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from ruamel.yaml import YAML

from tests.conftest import Bot, Run
from tests.hub import MASK, leaked, write_program
from tests.readme_blocks import block, blocks
from tweetbot.sandbox import Sandbox


@pytest.fixture
def x() -> Iterator[Sandbox]:
    """An X that ends a login whose spent token comes back."""
    with Sandbox(revoke_on_reuse=True, refuse_duplicates=False) as sandbox:
        yield sandbox


def run_lines(bot: Bot, script: str, folder: Path, **variables: str) -> Run:
    """Run lines of the README where `tweetbot` is on the path."""
    program = f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m tweetbot "$@"\n'
    write_program(folder / "bin/tweetbot", program)
    write_program(folder / "bin/pip", "#!/bin/sh\n")
    path = f"{folder / 'bin'}:{os.environ['PATH']}"
    done = subprocess.run(
        ["sh", "-ec", script],
        cwd=folder,
        env={**bot.variables, "PATH": path, **variables},
        capture_output=True,
        check=False,
    )
    return Run(done.returncode, done.stdout.decode(), done.stderr.decode())


def test_each_recipe_has_a_test() -> None:
    here = Path(__file__).parent
    source = "".join((here / name).read_text() for name in ("test_ci_recipes.py", "test_ci.py"))
    names = [one.name for one in blocks() if one.name.startswith("ci ")]
    assert len(names) == 3
    assert not [name for name in names if f'"{name}"' not in source]


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


def due(document: dict[str, Any]) -> str:
    """Let the token's half-life pass."""
    now = int(time.time())
    document["token"] |= {"obtained_at": now - 4000, "expires_at": now + 3200}
    return json.dumps(document)


@pytest.fixture
def variables(bot: Bot) -> Iterator[Variables]:
    api = Variables(due(bot.document))
    yield api
    api.close()


def pipeline() -> Any:
    return YAML(typ="safe", pure=True).load(block("ci gitlab"))["tweetbot"]


def gitlab_job(bot: Bot, variables: Variables, folder: Path) -> Run:
    """Run the pipeline's job in a new folder, its variables filled in as GitLab does."""
    if not shutil.which("curl") and os.environ.get("CI") != "true":
        pytest.skip("curl is not installed")
    folder.mkdir(exist_ok=True)
    (folder / "facts.txt").write_text("".join(f"Fact {n}.\n" for n in range(60)))
    (folder / "curl").write_text('header = "PRIVATE-TOKEN: glpat-1"\n')
    known = {
        "CI_API_V4_URL": variables.url,
        "CI_PROJECT_ID": "7",
        "BOT_CURL": str(folder / "curl"),
        "no_proxy": "*",
    }
    for name, text in pipeline()["variables"].items():
        for there, value in known.items():
            text = text.replace(f"${there}", value)
        known[name] = text
    return run_lines(bot, "\n".join(pipeline()["script"]), folder, **known)


def test_gitlab_accepts_the_file(tmp_path: Path) -> None:
    path = tmp_path / "ci.yml"
    path.write_text(block("ci gitlab"))
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.gitlab-ci"]
    done = subprocess.run([*check, str(path)], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout
    assert pipeline()["resource_group"] == "tweetbot", "the only lock"


def test_jobs_of_gitlab_hand_the_login_on(bot: Bot, variables: Variables, tmp_path: Path) -> None:
    bot.path.unlink()
    for _ in range(2):
        variables.value = due(json.loads(variables.value))
        run = gitlab_job(bot, variables, tmp_path / "work")
        assert (run.code, leaked(run, bot.x)) == (0, []), run.err
    assert [one.status for one in bot.x.requests if one.step == "token"] == [200, 200]
    assert len(bot.x.posts) == 2
    assert MASK not in run.err


def test_an_expired_token_of_gitlab_spends_nothing(
    bot: Bot, variables: Variables, tmp_path: Path
) -> None:
    variables.token = "glpat-2"
    assert gitlab_job(bot, variables, tmp_path / "work").code == 2
    assert bot.x.requests == ()


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
    bot: Bot, tmp_path: Path, variables: dict[str, str], error: str
) -> None:
    run = run_lines(bot, block("ci fleet"), tmp_path, **variables)
    assert run.out.split("\t")[:2] == ["all", error]


def test_the_fleet_line_names_the_bots_that_need_somebody(bot: Bot, tmp_path: Path) -> None:
    bot.run("post", "Hello")
    silent = {**bot.document, "posts": [], "ran_at": None}
    (bot.folder / "silent.json").write_text(json.dumps(silent))
    (bot.folder / "broken.json").write_text("{")
    run = run_lines(bot, block("ci fleet"), tmp_path)
    rows = [line.split("\t") for line in run.out.splitlines()]
    assert [row[:2] for row in rows] == [["broken", "configuration"], ["silent", "too-old"]]
