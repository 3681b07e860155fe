"""The document in a variable of GitLab, by the two commands of the README."""

from __future__ import annotations

import json
import os
import re
import shutil
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from tests.conftest import Bot
from tests.readme_blocks import README
from tweetbot.sandbox import Sandbox


@pytest.fixture
def x() -> Iterator[Sandbox]:
    """An X that ends a login whose spent token comes back."""
    with Sandbox(revoke_on_reuse=True, refuse_duplicates=False) as sandbox:
        yield sandbox


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
                known = self.path == "/api/v4/projects/7/variables/BOT"
                self.send_response((200 if known else 404) if self.allowed else 401)
                self.end_headers()
                self.wfile.write(json.dumps({"value": api.value}).encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.place = f"http://127.0.0.1:{self._server.server_port}/api/v4/projects/7/variables/BOT"
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
def variables(bot: Bot, tmp_path: Path) -> Iterator[Variables]:
    """A variable that holds the bot, which is nowhere else."""
    if not (shutil.which("curl") and shutil.which("jq")) and os.environ.get("CI") != "true":
        pytest.skip("curl or jq is not installed")
    api = Variables(due(bot.document))
    bot.path.unlink()
    load, save = re.findall(r'`([^`]*curl -fsSm 50 -K "\$CURL" [^`]+)`', README.read_text())
    (tmp_path / "curl").write_text('header = "PRIVATE-TOKEN: glpat-1"\n')
    bot.environ |= {
        "PATH": os.environ["PATH"],
        "CURL": str(tmp_path / "curl"),
        "PLACE": api.place,
        "TWEETBOT_LOAD_COMMAND": load,
        "TWEETBOT_SAVE_COMMAND": save,
        "no_proxy": "*",
    }
    yield api
    api.close()


def test_runs_hand_the_login_on(bot: Bot, variables: Variables) -> None:
    for number in range(2):
        variables.value = due(json.loads(variables.value))
        run = bot.run("post", f"Post {number}")
        assert run.code == 0, run.err
        assert not [secret for secret in bot.x.secrets if secret in run.err]
    assert [one.status for one in bot.x.requests if one.step == "token"] == [200, 200]


def test_a_token_of_gitlab_that_has_expired_spends_nothing(bot: Bot, variables: Variables) -> None:
    variables.token = "glpat-2"
    assert bot.run("post", "Hello").code == 2
    assert bot.x.requests == ()
