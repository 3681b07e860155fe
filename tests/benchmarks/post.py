"""What `tweetbot post` costs next to the same two requests by a bare script.

    python tests/benchmarks/post.py [ROUNDS]

Whole processes are timed, the commands alternating in one run, against a local X in another
process; each renews the token and posts once. Printed are the medians of the paired ratios. The
last pair is `tweetbot --help` next to `import click`.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

from tweetbot.sandbox import Sandbox

HTTPX = """
import base64, httpx, json, sys
path, text = sys.argv[1:]
document = json.load(open(path))
client, token = document["client"], document["token"]
with httpx.Client() as http:
    answer = http.post(
        client["api_url"] + "/2/oauth2/token",
        auth=(client["client_id"], client["client_secret"]),
        data={"grant_type": "refresh_token", "refresh_token": token["refresh_token"]},
    )
    token.update(answer.raise_for_status().json())
    json.dump(document, open(path, "w"))
    answer = http.post(
        client["api_url"] + "/2/tweets",
        headers={"Authorization": "Bearer " + token["access_token"]},
        json={"text": text},
    )
    print(answer.raise_for_status().json()["data"]["id"])
"""

STDLIB = """
import base64, http.client, json, sys
from urllib.parse import urlencode, urlsplit
path, text = sys.argv[1:]
document = json.load(open(path))
client, token = document["client"], document["token"]
x = http.client.HTTPConnection(urlsplit(client["api_url"]).netloc)
basic = base64.b64encode(f"{client['client_id']}:{client['client_secret']}".encode()).decode()
form = {"grant_type": "refresh_token", "refresh_token": token["refresh_token"]}
headers = {"Authorization": "Basic " + basic, "Content-Type": "application/x-www-form-urlencoded"}
x.request("POST", "/2/oauth2/token", urlencode(form), headers)
token.update(json.loads(x.getresponse().read()))
json.dump(document, open(path, "w"))
headers = {"Authorization": "Bearer " + token["access_token"], "Content-Type": "application/json"}
x.request("POST", "/2/tweets", json.dumps({"text": text}), headers)
print(json.loads(x.getresponse().read())["data"]["id"])
"""


def serve(pipe: Connection) -> None:
    """Run the local X until the other side hangs up; tell a client and a grant first."""
    with Sandbox() as x:
        environ = x.environ("")
        pipe.send((environ, x.grant()))
        pipe.recv()


def write(path: Path, environ: dict[str, str], grant: dict[str, object]) -> None:
    """Save a profile whose token is due for a renewal."""
    client = {
        "client_id": environ["TWEETBOT_CLIENT_ID"],
        "client_secret": environ["TWEETBOT_CLIENT_SECRET"],
        "redirect_uri": environ["TWEETBOT_REDIRECT_URI"],
        "api_url": environ["TWEETBOT_API_URL"],
    }
    token = {name: grant[name] for name in ("access_token", "refresh_token", "scope")}
    path.write_text(json.dumps({"version": 1, "client": client, "token": token}))
    path.chmod(0o600)


def age(path: Path) -> None:
    """Let the token's life be unknown, so that the next `tweetbot post` renews it."""
    document = json.loads(path.read_text())
    document["token"].pop("expires_at", None)
    path.write_text(json.dumps(document))


def seconds(command: list[str], environ: dict[str, str]) -> float:
    began = time.perf_counter()
    subprocess.run(command, env=environ, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def main(rounds: int) -> None:
    """Time all commands `rounds` times, alternating; print medians of times and of ratios."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    variables, grant = ours.recv()
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, **variables, "TWEETBOT_CONFIG_DIR": folder}
        path = Path(folder) / "default.json"
        write(path, variables, grant)
        tweetbot = [str(Path(sys.executable).with_name("tweetbot"))]
        commands = {
            "tweetbot post": [*tweetbot, "post"],
            "httpx script": [sys.executable, "-c", HTTPX, str(path)],
            "http.client script": [sys.executable, "-c", STDLIB, str(path)],
            "tweetbot --help": [*tweetbot, "--help"],
            "import click": [sys.executable, "-c", "import click"],
        }
        times: dict[str, list[float]] = {name: [] for name in commands}
        for number in range(-1, rounds):  # the first round warms up and does not count
            for name, command in commands.items():
                posts = name not in ("tweetbot --help", "import click")
                if posts:
                    age(path)
                spent = seconds([*command, f"{name} {number}"] if posts else command, environ)
                if number >= 0:
                    times[name].append(spent)
    ours.send(None)
    server.join()
    for name, spent_all in times.items():
        print(f"{name:<20}{statistics.median(spent_all) * 1000:6.0f} ms")
    for name, base in (
        ("tweetbot post", "httpx script"),
        ("tweetbot post", "http.client script"),
        ("tweetbot --help", "import click"),
    ):
        ratios = [mine / other for mine, other in zip(times[name], times[base], strict=True)]
        print(f"{name} / {base}: {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 25)
