"""What tweetbot costs beside the bare scripts of `bots/`, which do the same two requests.

    python tests/benchmarks/post.py [ROUNDS]

A virtual environment is made for it, `.venv-benchmark`, with tweetbot, tweepy and what they need:
httpx imports more where it finds more. Whole processes are timed, alternating in one run, against a
local X in another process; each run of `post` renews the token and posts once. Printed are medians:
of the times, and of the ratios of those that ran next to each other, by the clock and by the
processor's time (which tells more on a machine that has other work).
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from local_x import Place, Trust, authorities, certificate, local_x

CA_VARIABLES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE")
ROOT = Path(__file__).parents[2]
PROGRAMS = ROOT / ".venv-benchmark" / ("Scripts" if sys.platform == "win32" else "bin")
PYTHON, TWEETBOT = str(PROGRAMS / "python"), str(PROGRAMS / "tweetbot")
BOTS = Path(__file__).with_name("bots")
MANY = 300
# Certificates as they are where no variable names them, and Python as it is where none changes it:
# PYTHONDONTWRITEBYTECODE, say, would let tweetbot alone be compiled anew by each run.
ENVIRON = {
    name: value
    for name, value in os.environ.items()
    if name not in CA_VARIABLES and not name.startswith("PYTHON")
}


@dataclass(frozen=True)
class Spent:
    """What one process took, in seconds."""

    wall: float
    cpu: float


@dataclass
class Program:
    """A command that is timed; `prepare` gets the number of its run and may add arguments."""

    name: str
    command: list[str]
    environ: dict[str, str]
    prepare: Callable[[str], list[str]] = lambda _: []
    spent: list[Spent] = field(default_factory=list)

    def run(self, number: int) -> None:
        more = self.prepare(f"{self.name} {number}")
        began = time.perf_counter()
        process = subprocess.Popen(
            [*self.command, *more], env=self.environ, stdout=subprocess.DEVNULL
        )
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise SystemExit(f"{self.name} ended with {process.returncode}")
        if number >= 0:  # the first round warms up and does not count
            self.spent.append(Spent(wall, used.ru_utime + used.ru_stime))

    def milliseconds(self) -> str:
        wall, cpu = (
            statistics.median(getattr(one, name) for one in self.spent) * 1000
            for name in ("wall", "cpu")
        )
        return f"       {wall:7.0f}{cpu:7.0f}"


@dataclass(frozen=True)
class Row:
    """A ratio with an aim."""

    mine: Program
    other: Program
    aim: float | None = None

    def __str__(self) -> str:
        pairs = list(zip(self.mine.spent, self.other.spent, strict=True))
        wall = statistics.median(mine.wall / other.wall for mine, other in pairs)
        cpu = statistics.median(mine.cpu / other.cpu for mine, other in pairs)
        aim = f"{self.aim:7.2f}" if self.aim else " " * 7
        return f"{self.mine.name + ' / ' + self.other.name:<52}{aim}{wall:7.2f}{cpu:7.2f}"


def write(path: Path, place: Place, *, account: int | None = None) -> None:
    """Save a profile whose token is due for a renewal."""
    environ, grant = place.environ, place.grant
    client = {
        "client_id": environ["TWEETBOT_CLIENT_ID"],
        "client_secret": environ["TWEETBOT_CLIENT_SECRET"],
        "redirect_uri": environ["TWEETBOT_REDIRECT_URI"],
        "api_url": environ["TWEETBOT_API_URL"],
    }
    token = {name: grant[name] for name in ("access_token", "refresh_token", "scope")}
    document: dict[str, object] = {"version": 1, "client": client, "token": token}
    if account is not None:
        document["account"] = {"id": str(account), "username": f"bot{account}"}
    path.write_text(json.dumps(document))
    path.chmod(0o600)


def age(path: Path) -> None:
    """Let the token's life be unknown, so that the next `tweetbot post` renews it."""
    document = json.loads(path.read_text())
    document["token"].pop("expires_at", None)
    path.write_text(json.dumps(document))


def posting_rows(folder: Path, places: list[Place], trust: Trust) -> list[Row]:
    """Pair `post` with the scripts, near, by TLS and far away.

    A script is left to read certifi's file, as it does by itself; "by folder" it is told to look
    into the folder that `post` looks into by itself.
    """
    rows = []
    peers: dict[str, dict[str, float | None]] = {
        "http": {"httpx": 1.0, "http_client": None},
        "https": {"httpx": 1.0, "httpx by folder": None, "tweepy": 0.75},
        "https, 20 ms": {"httpx": 1.0, "httpx by folder": None},
    }
    for (way, aims), place in zip(peers.items(), places, strict=True):
        home = folder / way
        home.mkdir(mode=0o700)
        path = home / "default.json"
        write(path, place)
        environ = {**ENVIRON, **place.environ, "TWEETBOT_CONFIG_DIR": str(home)}

        def aged(text: str, path: Path = path) -> list[str]:
            age(path)
            return [text]

        mine = Program(f"post, {way}", [TWEETBOT, "post"], environ | trust.by_folder, aged)
        for name, aim in aims.items():
            library, _, by_folder = name.partition(" ")
            script = [PYTHON, str(BOTS / f"with_{library}.py"), str(path)]
            trusting = environ | (trust.by_folder if by_folder else trust.by_file)
            rows.append(Row(mine, Program(f"{name}, {way}", script, trusting, aged), aim))
    return rows


def status_row(folder: Path, place: Place) -> Row:
    """Pair `status` of many profiles with `status` of one."""
    programs = []
    for count in (MANY, 1):
        home = folder / f"of {count}"
        home.mkdir(mode=0o700)
        for number in range(count):
            write(home / f"bot{number}.json", place, account=number)
        environ = {**ENVIRON, **place.environ, "TWEETBOT_CONFIG_DIR": str(home)}
        programs.append(Program(f"status of {count}", [TWEETBOT, "status"], environ))
    return Row(programs[0], programs[1], 2.8)


def help_row() -> Row:
    """Pair `--help` with the import of what it is made with."""
    environ = ENVIRON
    imported = [PYTHON, "-c", "import click"]
    return Row(
        Program("--help", [TWEETBOT, "--help"], environ),
        Program("import click", imported, environ),
        1.1,
    )


def install() -> None:
    """Make the environment, unless it is there."""
    if not Path(TWEETBOT).exists():
        subprocess.run([sys.executable, "-m", "venv", PROGRAMS.parent], check=True)
        wanted = ["-e", f"{ROOT}[redis]", "tweepy"]
        subprocess.run([PYTHON, "-m", "pip", "install", "-q", *wanted], check=True)


def redis_connections(folder: Path, place: Place) -> str:
    """Count the connections that one `status` of all profiles in a Redis server opens."""
    if not shutil.which("redis-server"):
        return "redis-server is not installed"
    with redis_server(folder) as port:
        counted = []
        for count in (1, 10, MANY):
            for number in range(count):
                profile = folder / "profile.json"
                write(profile, place, account=number)
                redis_cli(port, "HSET", f"tweetbot:bot{number}", "document", profile.read_text())
            before = connections(port)
            store = {"TWEETBOT_STORE": f"redis://127.0.0.1:{port}/0"}
            environ = {**ENVIRON, **place.environ, **store}
            Program("status of Redis", [TWEETBOT, "status"], environ).run(-1)
            counted.append(connections(port) - before - 1)  # redis-cli's own
        return f"{counted[0]}, {counted[1]}, {counted[2]}"


@contextmanager
def redis_server(folder: Path) -> Iterator[int]:
    """Run a server of our own; yield its port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--appendonly", "yes"]
    server = subprocess.Popen([*command, "--dir", str(folder)], stdout=subprocess.DEVNULL)
    try:
        while subprocess.run(
            ["redis-cli", "-p", str(port), "PING"], capture_output=True
        ).returncode:
            time.sleep(0.05)
        yield port
    finally:
        server.kill()
        server.wait()


def redis_cli(port: int, *command: str) -> str:
    where = ["redis-cli", "-p", str(port)]
    return subprocess.run([*where, *command], capture_output=True, text=True, check=True).stdout


def connections(port: int) -> int:
    """Return how many connections the server has seen."""
    stats = redis_cli(port, "INFO", "stats")
    return int(stats.partition("total_connections_received:")[2].split()[0])


def main(rounds: int) -> None:
    """Time all programs `rounds` times, alternating; print medians of times and of ratios."""
    install()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        pem = certificate(folder)
        with local_x(pem) as places:
            trust = authorities(folder, pem)
            rows = [
                *posting_rows(folder, places, trust),
                help_row(),
                status_row(folder, places[0]),
            ]
            programs = {one.name: one for row in rows for one in (row.mine, row.other)}
            for number in range(-1, rounds):
                for program in programs.values():
                    program.run(number)
            counted = redis_connections(folder, places[0])
    for program in programs.values():
        print(f"{program.name:<52}{program.milliseconds()}")
    print(f"\n{'medians of the ratios of ' + str(rounds) + ' pairs':<52}    aim   wall    cpu")
    for row in rows:
        print(row)
    print(f"connections of status to Redis, 1, 10, {MANY} profiles: {counted} (aim: 1)")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 25)
