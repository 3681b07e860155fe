"""A bot and a local X for it; real processes and real sockets, nothing patched."""

from __future__ import annotations

import gc
import inspect
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import CodeType, FunctionType
from typing import Any, Self

import pytest

from tests.inside import run_inside
from tweetbot.draft import USUAL, Terms
from tweetbot.errors import TweetbotError
from tweetbot.posting import Outcome
from tweetbot.posting import run as posting
from tweetbot.posting.context import Context
from tweetbot.sandbox import Sandbox
from tweetbot.sources import Source, given
from tweetbot.store import Store
from tweetbot.store.folder import FileStore
from tweetbot.x.transport import Transport

TESTS = Path(__file__).parent
PROGRAMS = TESTS / "bin"  # in the place of those that would touch what is the person's own
SCOPE = "tweet.read tweet.write users.read offline.access media.write"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--full", action="store_true", help="run the long scans in full")


@pytest.fixture
def full(request: pytest.FixtureRequest) -> bool:
    """Whether long scans run in full, not as a seeded sample."""
    return bool(request.config.getoption("--full"))


@pytest.fixture
def figures(record_property: Callable[[str, object], None]) -> Callable[[str], None]:
    """Take a measured figure, to be printed when all tests have run, in whichever process."""
    return lambda figure: record_property("figure", figure)


def pytest_terminal_summary(terminalreporter: Any) -> None:
    for report in terminalreporter.getreports(""):
        for name, value in getattr(report, "user_properties", ()):
            if name == "figure" and report.when == "teardown":
                terminalreporter.write_line(value)


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Run more processes than there are cores, for many tests wait; a test by name runs alone."""
    if all("::" in argument for argument in config.args):
        return 0
    return len(os.sched_getaffinity(0)) + (1 if os.environ.get("CI") else 3)


def pytest_collection(session: pytest.Session) -> None:
    """Compile the files of the tests once for all processes: each of them begins elsewhere."""
    worker = getattr(session.config, "workerinput", None)
    if worker and session.config.args == session.config.getini("testpaths"):
        files = sorted(TESTS.rglob("test_*.py"))
        first = int(worker["workerid"].removeprefix("gw")) * len(files) // worker["workercount"]
        for file in files[first:] + files[:first]:
            with suppress(Exception, pytest.skip.Exception):  # is told where it is collected
                import_module(".".join(("tests", *file.relative_to(TESTS).with_suffix("").parts)))


def pytest_collection_finish() -> None:
    """Spare the collector of garbage what stays to the end: all the tests."""
    gc.freeze()


# What a test that starts a program has in its code, or in that of what it calls in its module:
# names, and options of `Bot.run` that ask for a process.
STARTING = {
    *("subprocess", "Popen", "pexpect", "start", "auth", "playwright", "TWEETBOT_SAVE_COMMAND"),
    *("by_shell", "at_once", "STRACE", "prefix=", "env=", "umask="),
}
# Fixtures of tests that take long.
LASTING = {"full", "figures", "redis_server", "ssh_server", "powerless", "homeless", "shell"}
QUICK_CASES = 3  # of each test
GIT_CASES = 1  # of one with a git host: each run starts many a git


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let each process begin with its share of what takes long; mark what is quick."""
    if "quick" in config.option.markexpr:
        mark_quick(items)
    elif worker := getattr(config, "workerinput", None):
        ordered = sorted(items, key=lambda item: not takes_long(item))
        longest = sum(map(takes_long, items))
        long, short, shares = ordered[:longest], ordered[longest:], worker["workercount"]
        items.clear()
        for share in range(shares):
            ends = (len(short) * part // shares for part in (share, share + 1))
            items += [*long[share::shares], *short[slice(*ends)]]


def takes_long(item: pytest.Item) -> bool:
    """Whether a test takes some seconds."""
    names = item.fixturenames if isinstance(item, pytest.Function) else ()
    return bool({"full", "figures"} & set(names) or item.get_closest_marker("slow"))


def mark_quick(items: Sequence[pytest.Item]) -> None:
    """Mark the first cases of each test that starts no program and is not slow as quick."""
    cases: Counter[Any] = Counter()
    names: dict[Any, bool] = {}
    for item in items:
        if not isinstance(item, pytest.Function) or LASTING & set(item.fixturenames):
            continue
        if item.get_closest_marker("slow"):
            continue
        function = inspect.unwrap(item.function)
        if function not in names:
            names[function] = not STARTING & names_used(function)
        cases[function] += 1
        limit = GIT_CASES if "git_host" in item.fixturenames else QUICK_CASES
        if names[function] and cases[function] <= limit:
            item.add_marker("quick")


def names_used(function: Any) -> set[str]:
    """Return the names and words in a function, and in what it calls in its own module."""
    module = function.__globals__
    methods = {
        name: value
        for kind in module.values()
        if isinstance(kind, type) and kind.__module__ == function.__module__
        for name, value in vars(kind).items()
        if isinstance(value, FunctionType)
    }
    codes, seen = [function.__code__], set[str]()
    while codes:
        code = codes.pop()
        codes += [inner for inner in code.co_consts if isinstance(inner, CodeType)]
        words = {word for word in code.co_consts if isinstance(word, str)}
        groups = [one for one in code.co_consts if isinstance(one, tuple)]  # options of a call
        new = {*code.co_names, *words, *(f"{name}=" for names in groups for name in names)} - seen
        seen |= new
        called = [methods.get(name) or module.get(name) for name in new]
        codes += [
            inspect.unwrap(one).__code__
            for one in called
            if isinstance(one, FunctionType) and one.__module__ == function.__module__
        ]
    return seen


@pytest.fixture(scope="session", autouse=True)
def _signals() -> None:
    """Let programs start as from a terminal, also if `nohup` or `&` started the tests.

    What is ignored stays ignored in every program that is started; what is caught does not.
    """
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGHUP, signal.SIGQUIT):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


@pytest.fixture
def x() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def lax() -> Iterator[Sandbox]:
    """An X that posts the same text as often as it is asked to."""
    with Sandbox(refuse_duplicates=False) as sandbox:
        yield sandbox


@pytest.fixture
def bot(x: Sandbox, tmp_path: Path) -> Bot:
    """A bot that is logged in at `x`, with a token that is not due for an hour."""
    bot = Bot(x, tmp_path / "config")
    bot.log_in()
    return bot


@pytest.fixture
def newcomer(x: Sandbox, tmp_path: Path) -> Bot:
    """A bot that nobody has logged in yet, with a callback URL on a free port."""
    bot = Bot(x, tmp_path / "config")
    bot.take_callback()
    return bot


@pytest.fixture
def clock(x: Sandbox) -> Clock:
    """The clock of `x` and of the runs in this process: nobody waits."""
    clock = Clock(time.time())
    x.clock = clock.now
    return clock


@dataclass
class Clock:
    """A clock that a test sets; a sleep moves it on and is remembered."""

    time: float
    pauses: list[float] = field(default_factory=list)
    on_sleep: Callable[[float], None] = lambda _: None

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds
        self.on_sleep(seconds)


@dataclass(frozen=True)
class Run:
    """How a run of the command line ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Ended:
    """How a run within this process ended: its outcome or its error, and what it said."""

    outcome: Outcome | None
    error: TweetbotError | None
    told: str

    @property
    def code(self) -> int:
        return self.error.code if self.error else 0

    @property
    def url(self) -> str | None:
        return self.outcome.url if self.outcome else None

    @property
    def reason(self) -> str | None:
        return self.outcome.reason if self.outcome else None

    @property
    def said(self) -> str:
        return f"{self.told}\n{self.error or ''}"


@dataclass
class Bot:
    """A profile in a folder of its own, and the command line that uses it."""

    x: Sandbox
    folder: Path
    name: str = "default"
    environ: dict[str, str] = field(default_factory=dict)
    alone: bool = False  # whether each run is a process of its own

    @property
    def path(self) -> Path:
        return self.folder / f"{self.name}.json"

    @property
    def document(self) -> Any:
        return json.loads(self.path.read_bytes())

    def log_in(self, *, age: int = 0, life: int = 7200, public: bool = False) -> None:
        """Save a fresh grant, as if `tweetbot auth` had run `age` seconds ago."""
        now = int(time.time())
        client_id = self.x.public_client_id if public else self.x.client_id
        grant = self.x.grant(client_id=client_id)
        self.write(
            {
                "version": 1,
                "client": {
                    "client_id": client_id,
                    "client_secret": None if public else self.x.client_secret,
                    "redirect_uri": "http://127.0.0.1:8910/callback",
                    "api_url": self.x.url,
                },
                "account": {"id": self.x.account.id, "username": self.x.account.username},
                "token": {
                    "access_token": grant["access_token"],
                    "refresh_token": grant["refresh_token"],
                    "scope": SCOPE,
                    "obtained_at": now - age,
                    "expires_at": now - age + life,
                    "parent": None,
                },
            }
        )

    def write(self, document: Mapping[str, Any]) -> None:
        self.folder.mkdir(mode=0o700, exist_ok=True)
        self.path.write_text(json.dumps(document))
        self.path.chmod(0o600)

    def change(self, **changes: Any) -> None:
        """Change keys of the document; a dict is merged into the one that is there."""
        document = self.document
        for key, value in changes.items():
            merge = isinstance(value, dict) and isinstance(document.get(key), dict)
            document[key] = {**document[key], **value} if merge else value
        self.write(document)

    def age_pending(self, seconds: int = 60) -> None:
        """Let time pass for what is pending: the next run need not wait for its request."""
        if pending := self.document.get("pending"):
            self.change(pending={"at": pending["at"] - seconds})

    def make_due(self) -> None:
        """Let the token's half-life pass: the next run renews it, the access token still works."""
        now = int(time.time())
        self.change(token={"obtained_at": now - 4000, "expires_at": now + 3200})

    def expire(self) -> None:
        """Let the access token's life end, here and at X."""
        now = int(time.time())
        self.x.expire_access_tokens()
        self.change(token={"obtained_at": now - 8000, "expires_at": now - 800})

    @property
    def variables(self) -> dict[str, str]:
        """The smallest environment that the command line works in; coverage passes through."""
        coverage = {name: value for name, value in os.environ.items() if name.startswith("COV")}
        return {
            **coverage,
            "HOME": str(self.folder.parent),
            "PATH": f"{PROGRAMS}:{os.defpath}",
            **self.x.environ(self.folder),
            "TWEETBOT_CHECK_AFTER": "0,0",
            **self.environ,
        }

    def start(
        self, *args: str, prefix: Sequence[str] = (), **options: Any
    ) -> subprocess.Popen[bytes]:
        settings: dict[str, Any] = {
            "env": self.variables,
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            **options,
        }
        command = [*prefix, sys.executable, "-m", "tweetbot", *args]
        return subprocess.Popen(command, **settings)

    def run(self, *args: str, stdin: bytes | None = None, **options: Any) -> Run:
        """Run a command to its end: within this process, unless something asks for another one."""
        if self._fits_inside(options):
            code, out, err = run_inside(args, environ=self.variables, stdin=stdin or b"", **options)
            return Run(code, out.decode(), err.decode())
        if stdin is not None:
            options["stdin"] = subprocess.PIPE
        with self.start(*args, **options) as process:
            out, err = process.communicate(stdin, timeout=60)
        return Run(process.returncode, out.decode(), err.decode())

    def _fits_inside(self, options: Mapping[str, Any]) -> bool:
        """Whether nothing is asked of the process, of its Python, or at the same time."""
        for_python = any(name.startswith("PYTHON") for name in self.environ)
        return not (
            self.alone
            or options.keys() - {"cwd"}
            or for_python
            or threading.current_thread() is not threading.main_thread()
        )

    def take_callback(self, host: str = "127.0.0.1") -> str:
        """Register a callback URL on a port that is free now; logins go through it from now on."""
        redirect_uri = f"http://{host}:{free_port()}/callback"
        self.x.redirect_uris.add(redirect_uri)
        self.environ["TWEETBOT_REDIRECT_URI"] = redirect_uri
        return redirect_uri

    def auth(self, *args: str, **options: Any) -> Auth:
        """Start `tweetbot auth --no-browser`; use it by `with`."""
        return Auth(self, *args, **options)

    @property
    def store(self) -> FileStore:
        return FileStore(self.path, state_dir=lambda: self.folder.parent / "state")

    def post(
        self,
        source: Source | str,
        *,
        clock: Clock,
        again: bool = False,
        check_after: tuple[float, ...] = (3, 10),
        terms: Terms = USUAL,
        store: Store | None = None,
        transport: type[Transport] = Transport,
        told: list[str] | None = None,
    ) -> Ended:
        """Run `tweetbot post` within this process, with a clock and collaborators of the test.

        What is said is added to `told`, as by a source that speaks for itself.
        """
        source = given(source, terms) if isinstance(source, str) else source
        told = [] if told is None else told
        context = Context(
            api_url=self.x.url,
            check_after=check_after,
            now=clock.now,
            sleep=clock.sleep,
            tell=told.append,
        )
        outcome, error = None, None
        with transport(user_agent="tweetbot", environ={}) as http:
            try:
                outcome = posting.post(
                    store or self.store, http, source, context=context, again=again
                )
            except TweetbotError as raised:
                error = raised
        return Ended(outcome, error, "\n".join(told))


class Auth:
    """`tweetbot auth --no-browser` on its way; the test is the person at the browser."""

    def __init__(self, bot: Bot, *args: str, **options: Any) -> None:
        # Unbuffered, so that a line can be read here and the rest by `communicate`.
        self.process = bot.start("auth", "--no-browser", *args, bufsize=0, **options)
        self._marker = bot.x.authorize_url
        self._said: list[bytes] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self.process:  # closes its pipes
            self.process.kill()

    @cached_property
    def url(self) -> str:
        """The address to open; waits until it is printed, on a line of its own."""
        for line in self.process.stderr or ():
            self._said.append(line)
            if line.decode().startswith(self._marker):
                return line.decode().rstrip("\n")
        pytest.fail(f"no address was printed: {b''.join(self._said).decode()}")

    def end(self) -> Run:
        """Wait for the end of the process."""
        out, err = self.process.communicate(timeout=60)
        return Run(self.process.returncode, out.decode(), (b"".join(self._said) + err).decode())


def free_port() -> int:
    """Find a port for a listener, outside of the range that connections take theirs from."""
    while True:
        port = random.SystemRandom().randrange(20_000, 32_000)  # no two processes with one seed
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@pytest.fixture
def powerless() -> Sequence[str]:
    """How to start a program for which file modes count, even if root runs the tests."""
    if os.geteuid() != 0:
        return ()
    command = ("setpriv", "--bounding-set=-all", "--inh-caps=-all")
    works = shutil.which("setpriv") and subprocess.run([*command, "true"], check=False)
    if not (works and works.returncode == 0) and not os.environ.get("CI"):
        pytest.skip("root may write everywhere, and setpriv cannot take that away here")
    return command


@dataclass
class RedisServer:
    """A Redis of the test's own, on a free port; it keeps what it has acknowledged."""

    folder: Path
    port: int = field(default_factory=lambda: free_port())
    options: Sequence[str] = ("--appendonly", "yes", "--appendfsync", "always")
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> Self:
        self.folder.mkdir(exist_ok=True)
        place = ("--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder))
        self.process = subprocess.Popen(
            ["redis-server", *place, "--save", "", *self.options], stdout=subprocess.DEVNULL
        )
        for _ in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return self
            time.sleep(0.05)
        pytest.fail("redis-server does not listen")

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()

    def ask(self, *command: str, user: str = "") -> str:
        """Send one command by redis-cli."""
        where = ["redis-cli", "-p", str(self.port), *(["-u", user] if user else [])]
        return subprocess.run(
            [*where, *command], capture_output=True, text=True, check=True
        ).stdout.strip()


@dataclass
class GitHost:
    """A bare repository, as a host has it, and the key of the documents in it."""

    folder: Path
    key: str = "c2l4dGVlbiBieXRlcyBhbmQgc2l4dGVlbiBieXRlcy4="

    def __post_init__(self) -> None:
        subprocess.run(["git", "init", "-q", "--bare", "--template=", str(self.folder)], check=True)

    @property
    def url(self) -> str:
        return self.folder.as_uri()

    @property
    def variables(self) -> dict[str, str]:
        return {"TWEETBOT_STORE": f"git:{self.url}", "TWEETBOT_KEY": self.key}

    def git(self, *args: str, given: str = "") -> str:
        """Run git on the host."""
        author = ("-c", "user.name=host", "-c", "user.email=host@example.com")
        command = ["git", *author, "--git-dir", str(self.folder), *args]
        done = subprocess.run(command, input=given, capture_output=True, text=True, check=True)
        return done.stdout.strip()

    def hook(self, name: str, script: str) -> None:
        """Let the host run a script; an empty one takes it away."""
        path = self.folder / "hooks" / name
        path.parent.mkdir(exist_ok=True)
        path.unlink(missing_ok=True)
        if script:
            path.write_text(f"#!/bin/sh\n{script}\n")
            path.chmod(0o755)

    def files(self, ref: str = "refs/tweetbot/default") -> list[str]:
        """Return the names of the files on a ref."""
        return self.git("ls-tree", "--name-only", ref).split()

    def change(self, ref: str = "refs/tweetbot/default", **contents: str | None) -> None:
        """Give the files on a ref other contents; `None` takes one away."""
        rows = {row.split("\t")[1]: row for row in self.git("ls-tree", ref).splitlines()}
        for name, content in contents.items():
            rows.pop(name, None)
            if content is not None:
                blob = self.git("hash-object", "-w", "--stdin", given=content)
                rows[name] = f"100644 blob {blob}\t{name}"
        tree = self.git("mktree", given="".join(f"{row}\n" for row in rows.values()))
        self.git("update-ref", ref, self.git("commit-tree", tree, "-m", "changed"))


@pytest.fixture
def git_host(tmp_path: Path) -> GitHost:
    """A repository; without git installed the test is skipped, but not in CI."""
    if not shutil.which("git") and not os.environ.get("CI"):
        pytest.skip("git is not installed")
    return GitHost(tmp_path / "host.git")


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[RedisServer]:
    """A running redis-server; without one installed the test is skipped, but not in CI."""
    if not shutil.which("redis-server") and not os.environ.get("CI"):
        pytest.skip("redis-server is not installed")
    server = RedisServer(tmp_path / "redis").start()
    yield server
    server.kill()
