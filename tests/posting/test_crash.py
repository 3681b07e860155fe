"""A run is killed, failed and interrupted wherever that can happen: the login survives.

A first run under strace lists the system calls; each further run repeats it and meets its trouble
at one of them. strace counts `when` by call name and by thread, and counts what its filter lets
through, so that the k-th call is the same one in every run: the files' calls are filtered by
path, and the network's are those of the thread that sends the request.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import pytest

from tweetbot.errors import TweetbotError
from tweetbot.posting import run as posting
from tweetbot.posting.context import Context
from tweetbot.profile import digest, parse
from tweetbot.sandbox import Fault, Sandbox
from tweetbot.sources.given import given
from tweetbot.store.folder import FileStore
from tweetbot.x.transport import Transport

if TYPE_CHECKING:
    from tests.conftest import Bot, Run

if sys.platform != "linux":
    pytest.skip("strace and mount are tools of Linux", allow_module_level=True)

T = TypeVar("T")

TEXT = "Hello"
NAMES = ("", ".lock", ".tmp", ".next", ".rescue")  # what stands in the folder, behind the profile
ERRORS = ("ENOSPC", "EIO", "EROFS", "EACCES", "EBUSY")
DISK_CALLS = ("openat", "write", "fsync", "rename", "unlink", "ftruncate", "fallocate")
LOST_AT_MOST = 6  # kill points from X's rotation to our write: no client can close that window
AT_ONCE = 2  # runs in parallel

# On a user's machine strace may be missing; where the project is checked it may not.
STRACE = shutil.which("strace")
needs_strace = pytest.mark.skipif(
    not (STRACE or os.environ.get("CI")), reason="strace is not installed"
)
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can arrange that")
takes_long = pytest.mark.timeout(3600)


# -- a run with trouble at one point, and the next one --------------------------------------------


@pytest.fixture(autouse=True)
def _unmeasured(monkeypatch: pytest.MonkeyPatch) -> None:
    """Run without coverage: its calls and its slowness would be those that are scanned."""
    for name in [name for name in os.environ if name.startswith("COV")]:
        monkeypatch.delenv(name)


@dataclass(frozen=True)
class Scan:
    """Which calls of a run are looked at, and how the bot stands before it."""

    prepare: Callable[[Bot], None]
    network: bool = False


@dataclass(frozen=True)
class Point:
    """One system call: the `number`-th of its name in its thread, and what it is about."""

    call: str
    number: int
    target: str

    def __str__(self) -> str:
        return f"{self.call} {self.target} #{self.number}"


@dataclass(frozen=True)
class Result:
    """How a run with trouble at `point` ended, and the next one, which had none."""

    point: str
    code: int
    said: str
    renewals: int  # that X had been asked for when the first run ended
    following: int  # the exit code of the next run
    word: str
    posts: tuple[str, ...]

    @property
    def survived(self) -> bool:
        """Whether the next run worked without a login, and both together posted once."""
        return self.following == 0 and self.posts == (TEXT,)

    @property
    def lost(self) -> bool:
        """Whether X has renewed the login and nobody knows the new one."""
        return self.renewals > 0 and self.following == 4 and not self.posts

    def __str__(self) -> str:
        return (
            f"{self.point}: exit {self.code}, {self.renewals} renewals, {self.said[-300:]!r};"
            f" then exit {self.following}, {self.word!r}, posts {self.posts}"
        )


def due(bot: Bot) -> None:
    bot.make_due()


def fresh(_bot: Bot) -> None:
    """Leave the token as it is: the run posts with it."""


def interrupted(bot: Bot) -> None:
    """Let an earlier run have died between its write and its rename."""
    spent = bot.document
    bot.log_in()  # ends the earlier grant, as a renewal does
    parent = hashlib.sha256(spent["token"]["refresh_token"].encode()).hexdigest()[:16]
    bot.change(token={"parent": parent})
    Path(f"{bot.path}.next").write_bytes(bot.path.read_bytes() + bytes(8000))
    bot.write(spent)


FILES_OF_A_RENEWAL = Scan(due)
FILES_AFTER_A_CRASH = Scan(interrupted)
NETWORK_OF_A_RENEWAL = Scan(due, network=True)
NETWORK_OF_A_POST = Scan(fresh, network=True)
SCANS = {
    "files of a renewal": FILES_OF_A_RENEWAL,
    "files after a crash": FILES_AFTER_A_CRASH,
    "network of a renewal": NETWORK_OF_A_RENEWAL,
    "network of a post": NETWORK_OF_A_POST,
}


@contextmanager
def another(bot: Bot, folder: Path, prepare: Callable[[Bot], None] = due) -> Iterator[Bot]:
    """A bot with an X of its own, whose whole world is `folder`: the state folder is in it."""
    folder.mkdir()
    with Sandbox(refuse_duplicates=False) as x:
        other = replace(bot, x=x, folder=folder / "config", environ={"HOME": str(folder)})
        other.log_in()
        prepare(other)
        yield other


def traced(bot: Bot, scan: Scan, *injections: str) -> tuple[Run, list[str]]:
    """Run `post` under strace; returns its log, too."""
    log = bot.folder.parent / "strace"
    paths = [bot.folder, *(f"{bot.path}{name}" for name in NAMES)]
    filters = [*(f"--trace-path={path}" for path in paths), "--trace=%file,%desc"]
    run = bot.run(
        "post",
        TEXT,
        prefix=(  # no --seccomp-bpf: with it strace 6.1 injects no signals, and does not say so
            *(STRACE or "strace", "--follow-forks", "--decode-fds=path", f"--output={log}"),
            *(["--trace=poll,%network"] if scan.network else filters),
            *(f"--inject={injection}" for injection in injections),
        ),
    )
    return run, list(whole(log.read_text().splitlines()))


def whole(lines: Sequence[str]) -> Iterator[str]:
    """Put the calls together that strace shows in two halves."""
    begun: dict[str, str] = {}
    for line in (re.sub(r"\) +=", ") =", line) for line in lines):
        thread = line.split()[0]
        if line.endswith("<unfinished ...>"):
            begun[thread] = line.removesuffix("<unfinished ...>")
        elif " resumed>" in line:
            yield begun.pop(thread) + line.partition(" resumed>")[2]
        else:
            yield line
    yield from (f"{line}) = ?" for line in begun.values())  # killed


def read_log(lines: Sequence[str], scan: Scan) -> list[Point]:
    """Return the calls in their order: the main thread's, or those of the first that connects."""
    found = [match.groups() for line in lines if (match := re.match(r"(\d+) +(\w+)\((.*)", line))]
    if scan.network:
        sender = next(thread for thread, call, _ in found if call == "connect")
        found = [entry for entry in found if entry[0] == sender]
    names: list[str] = []
    points = []
    for _, call, arguments in found:
        names.append(call)
        points.append(Point(call, names.count(call), target(arguments)))
    return points


def target(arguments: str) -> str:
    document = re.search(r"/config/default\.json(\.\w+)?[>\"]", arguments)
    if document:
        return document[1] or ".json"
    return "folder" if "/config" in arguments else "socket"


def points_of(scan: Scan, bot: Bot, folder: Path) -> list[Point]:
    """List the calls of a run that meets no trouble."""
    with another(bot, folder, scan.prepare) as calm:
        run, lines = traced(calm, scan)
    assert run.code == 0, run.err
    return read_log(lines, scan)


def attempt(
    scan: Scan, bot: Bot, folder: Path, point: Point, injections: Sequence[str], *, mark: str
) -> Result:
    """Run with trouble at `point`, see in the log that it was hit, and run again."""
    with another(bot, folder, scan.prepare) as troubled:
        first, lines = traced(troubled, scan, *injections)
        hit = next((line for line in lines if mark in line), f"nothing: {first}")
        assert f" {point.call}(" in hit, f"{point} was meant, hit was {hit}"
        assert target(hit) == point.target, f"{point} was meant, hit was {hit}"
        return followed(troubled, str(point), first.code, first.err)


def followed(bot: Bot, point: str, code: int, said: str) -> Result:
    """Look at what a run has left, and run again."""
    parse(bot.path.read_bytes())  # a complete document, at every instant
    renewals = bot.x.count("token")
    following, word = run_again(bot)
    posts = tuple(post.text for post in bot.x.posts)
    return Result(point, code, said, renewals, following, word, posts)


def run_again(bot: Bot) -> tuple[int, str]:
    """Run `post` in this process, which is faster, for the same text."""
    state = Path(bot.environ["HOME"], ".local", "state", "tweetbot")
    context = Context(api_url=bot.x.url, check_after=(0, 0), sleep=lambda _: None)
    store = FileStore(bot.path, state_dir=lambda: state)
    try:
        with Transport(user_agent="tweetbot", environ={}) as http:
            posting.post(store, http, given(TEXT), context=context)
    except TweetbotError as error:
        return error.code, str(error)
    return 0, ""


def in_parallel(function: Callable[[T], Result], items: Sequence[T]) -> list[Result]:
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(function, items))


def sample(scan: Scan, points: Sequence[Point], *, seed: int) -> list[Point]:
    """Draw one call of each name from a renewal's, and a few of what is much the same."""
    shuffled = random.Random(seed).sample(points, len(points))
    one_of_each_name = list({point.call: point for point in shuffled}.values())
    return one_of_each_name if scan is FILES_OF_A_RENEWAL else one_of_each_name[:5]


# -- killed ---------------------------------------------------------------------------------------


def killed(scan: Scan, bot: Bot, folder: Path, points: Sequence[Point]) -> list[Result]:
    def kill(point: Point) -> Result:
        injection = f"{point.call}:signal=KILL:when={point.number}"
        into = folder / str(point).replace(" ", "")
        return attempt(scan, bot, into, point, [injection], mark=") = ?")

    return in_parallel(kill, points)


@needs_strace
@takes_long
@pytest.mark.parametrize("name", SCANS)
def test_a_run_killed_at_any_call_costs_no_login(
    name: str, bot: Bot, tmp_path: Path, full: bool, figures: Callable[[str], None]
) -> None:
    scan = SCANS[name]
    points = points_of(scan, bot, tmp_path / "calm")
    chosen = points if full else sample(scan, points, seed=1)
    results = killed(scan, bot, tmp_path, chosen)
    lost = [result for result in results if result.lost]
    figures(f"killed, {name}: {len(results)} points, {len(lost)} lost: {[r.point for r in lost]}")
    assert [str(result) for result in results if not (result.survived or result.lost)] == []
    if scan in (FILES_AFTER_A_CRASH, NETWORK_OF_A_POST):
        assert lost == []


@needs_strace
@takes_long
def test_the_window_of_a_kill_is_the_networks_own_calls_and_the_write(
    bot: Bot, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    network = points_of(NETWORK_OF_A_RENEWAL, bot, tmp_path / "network")
    files = points_of(FILES_OF_A_RENEWAL, bot, tmp_path / "files")
    body_sent = network.index(Point("sendto", 2, "socket"))
    durable = next(i for i, p in enumerate(files) if (p.call, p.target) == ("ftruncate", ".next"))
    results = [
        *killed(NETWORK_OF_A_RENEWAL, bot, tmp_path, network[body_sent - 1 :]),
        *killed(FILES_OF_A_RENEWAL, bot, tmp_path, files[durable - 3 : durable + 1]),
    ]
    lost = [result.point for result in results if result.lost]
    figures(f"killed between rotation and write: lost {lost}")
    assert {point.rpartition(" ")[0] for point in lost} == {
        "poll socket",
        "recvfrom socket",
        "write .next",
    }
    assert len(lost) <= LOST_AT_MOST


# -- failed ---------------------------------------------------------------------------------------


def failed(
    scan: Scan, bot: Bot, folder: Path, troubles: Sequence[tuple[Point, str]]
) -> list[Result]:
    def fail(trouble: tuple[Point, str]) -> Result:
        point, error = trouble
        injection = f"{point.call}:error={error}:when={point.number}"
        into = folder / f"{point}{error}".replace(" ", "")
        return attempt(scan, bot, into, point, [injection], mark="(INJECTED)")

    return in_parallel(fail, troubles)


def honest(result: Result) -> bool:
    """Whether the first run did not ask X, or saved what it got, and the next run took over.

    0: it did not matter. 2: X was not asked. 8: the login is somewhere else, or lost.
    """
    saved = result.survived or (result.lost and result.code == 8)
    return saved and result.code in ((0, 8) if result.renewals else (0, 2))


@needs_strace
@takes_long
@pytest.mark.parametrize("name", ["files of a renewal", "files after a crash"])
def test_a_file_call_that_fails_costs_no_login(
    name: str, bot: Bot, tmp_path: Path, full: bool, figures: Callable[[str], None]
) -> None:
    scan = SCANS[name]
    points = points_of(scan, bot, tmp_path / "calm")
    some = random.Random(2)
    troubles = (
        [(point, error) for point in points for error in ERRORS]
        if full
        else [(point, some.choice(ERRORS)) for point in sample(scan, points, seed=235)]
    )
    results = failed(scan, bot, tmp_path, troubles)
    lost = [result.point for result in results if result.lost]
    codes = {code: sum(result.code == code for result in results) for code in (0, 2, 8)}
    figures(f"failed, {name}: {len(results)} trials, exit codes {codes}, lost {lost}")
    assert [str(result) for result in results if not honest(result)] == []
    assert len(lost) <= 1


@needs_strace
@takes_long
@pytest.mark.parametrize("error", ["EIO", "EROFS"])
def test_a_disk_that_is_gone_from_any_call_on_costs_no_login(
    error: str, bot: Bot, tmp_path: Path, full: bool, figures: Callable[[str], None]
) -> None:
    scan = FILES_OF_A_RENEWAL
    points = points_of(scan, bot, tmp_path / "calm")
    ends = [place for place, point in enumerate(points) if point.call in DISK_CALLS]

    def end(place: int) -> Result:
        before = [point.call for point in points[:place]]
        injections = [f"{call}:error={error}:when={before.count(call) + 1}+" for call in DISK_CALLS]
        point = points[place]
        into = tmp_path / str(point).replace(" ", "")
        return attempt(scan, bot, into, point, injections, mark="(INJECTED)")

    results = in_parallel(end, ends if full else random.Random(3).sample(ends, 4))
    lost = [result.point for result in results if result.lost]
    codes = {code: sum(result.code == code for result in results) for code in (0, 2, 8)}
    figures(f"disk gone ({error}): {len(results)} points, exit codes {codes}, lost {lost}")
    assert [str(result) for result in results if not honest(result)] == []
    assert lost == []


# -- interrupted ----------------------------------------------------------------------------------


@takes_long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_at_any_time_costs_no_login_and_no_second_post(
    number: signal.Signals,
    bot: Bot,
    tmp_path: Path,
    full: bool,
    figures: Callable[[str], None],
) -> None:
    moments = random.Random(number)

    def interrupt(trial: int) -> Result:
        moment = moments.uniform(0, 0.3)
        with another(bot, tmp_path / str(trial)) as slow:
            slow.x.fault("token", Fault("delay", seconds=0.1))
            slow.x.fault("post", Fault("delay", seconds=0.1))
            code, said = signalled(slow, number, moment)
            return followed(slow, f"after {moment:.3f} s", code, said)

    results = in_parallel(interrupt, range(200 if full else 6))
    codes = {code: sum(result.code == code for result in results) for code in (0, 128 + number)}
    figures(f"{number.name}: {len(results)} trials, exit codes {codes}")
    assert [str(result) for result in results if not result.survived] == []
    assert sum(codes.values()) == len(results)


def signalled(bot: Bot, number: signal.Signals, moment: float) -> tuple[int, str]:
    """Run `post` and send a signal `moment` seconds after it has taken the lock."""
    with bot.start("post", TEXT) as process:
        deadline = time.monotonic() + 20
        while not Path(f"{bot.path}.lock").exists():
            assert time.monotonic() < deadline, "the lock was never taken"
            time.sleep(0.002)
        time.sleep(moment)
        process.send_signal(number)
        _, err = process.communicate(timeout=60)
    # A signal that comes while Python shuts down, after all is done, kills it: the same to a shell.
    code = process.returncode
    return (code if code >= 0 else 128 - code), err.decode()


# -- the conditions themselves --------------------------------------------------------------------


@contextmanager
def mounted(place: Path, *options: str) -> Iterator[None]:
    done = subprocess.run(["mount", *options, str(place)], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@contextmanager
def small_disk(bot: Bot, place: Path) -> Iterator[Bot]:
    """A bot on a disk of 64 KiB."""
    place.mkdir()
    with mounted(place, "--types=tmpfs", "--options=size=64k", "tmpfs"):
        small = replace(bot, folder=place / "config")
        small.log_in()
        small.make_due()
        yield small


def fill(disk: Path) -> Path:
    filler = disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while file.write(bytes(4096)):
            pass
    return filler


@needs_root
def test_a_full_disk_is_found_before_x_is_asked(bot: Bot, tmp_path: Path) -> None:
    with small_disk(bot, tmp_path / "disk") as small:
        filler = fill(tmp_path / "disk")
        run = small.run("post", TEXT)
        assert run.code == 2, run.err
        assert "No space left on device" in run.err
        assert small.x.requests == ()
        filler.unlink()
        assert small.run("post", TEXT).code == 0


@needs_root
@pytest.mark.parametrize("size", [60_000, 30_000])  # the rehearsal does not fit, or not the slot
def test_a_disk_without_room_for_the_intent_is_found_before_x_is_asked(
    size: int, bot: Bot, tmp_path: Path
) -> None:
    text = ("👩‍👩‍👧‍👦" * (size // 25)).encode()
    with small_disk(bot, tmp_path / "disk") as small:
        run = small.run("post", "--long", "-", stdin=text)
        assert run.code == 2, run.err
        assert "No space left on device" in run.err
        assert small.x.requests == ()
        assert small.run("post", TEXT).code == 0


@needs_root
def test_a_disk_that_fills_up_during_the_renewal_costs_nothing(bot: Bot, tmp_path: Path) -> None:
    with small_disk(bot, tmp_path / "disk") as small:
        small.x.fault("token", Fault("delay", seconds=1))
        with small.start("post", TEXT) as process:
            while not small.x.count("token"):
                time.sleep(0.01)
            filler = fill(tmp_path / "disk")
            _, err = process.communicate(timeout=60)
        assert (process.returncode, err) == (0, b"")
        assert len(small.x.posts) == 1
        filler.unlink()
        assert small.run("renew").code == 0


@needs_root
def test_a_read_only_disk_is_found_before_x_is_asked(bot: Bot, tmp_path: Path) -> None:
    with small_disk(bot, tmp_path / "disk") as small:
        subprocess.run(["mount", "-o", "remount,ro", tmp_path / "disk"], check=True)
        run = small.run("post", TEXT)
        assert run.code == 2, run.err
        assert "Read-only file system" in run.err
        assert small.x.requests == ()


@needs_root
def test_a_single_mounted_file_is_found_before_x_is_asked(bot: Bot, tmp_path: Path) -> None:
    bot.make_due()
    other = tmp_path / "mounted.json"
    other.write_bytes(bot.path.read_bytes())
    with mounted(bot.path, "--bind", str(other)):
        run = bot.run("post", TEXT)
    assert run.code == 2, run.err
    assert "Device or resource busy" in run.err
    assert bot.x.requests == ()


@needs_root
def test_an_immutable_document_is_found_before_x_is_asked(bot: Bot) -> None:
    bot.make_due()
    done = subprocess.run(["chattr", "+i", bot.path], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"nothing can be made immutable here: {done.stderr.strip()}")
    try:
        run = bot.run("post", TEXT)
    finally:
        subprocess.run(["chattr", "-i", bot.path], check=True)
    assert run.code == 2, run.err
    assert "Operation not permitted" in run.err
    assert bot.x.requests == ()


@needs_root
@pytest.mark.parametrize("mode", [0o700, 0o755])
def test_another_users_folder_is_found_before_x_is_asked(
    bot: Bot, mode: int, powerless: Sequence[str]
) -> None:
    bot.make_due()
    os.chown(bot.path, 65534, 65534)
    os.chown(bot.folder, 65534, 65534)
    bot.folder.chmod(mode)
    run = bot.run("post", TEXT, prefix=powerless)
    assert run.code == 2, run.err
    assert "Permission denied" in run.err
    assert bot.x.requests == ()


def test_a_token_that_is_not_saved_is_said_though_an_old_post_is_unsettled(bot: Bot) -> None:
    at = int(time.time()) - 60
    bot.change(pending={"text": "Earlier", "digest": digest("Earlier"), "at": at})
    bot.x.expire_access_tokens()  # the look at the timeline finds that, and renews
    bot.x.fault("token", Fault("delay", seconds=1))
    aside = bot.folder / "aside"
    with bot.start("post", TEXT) as process:
        while not bot.x.count("token"):
            time.sleep(0.01)
        bot.path.rename(aside)
        bot.path.mkdir()
        _, err = process.communicate(timeout=60)
    bot.path.rmdir()
    aside.rename(bot.path)
    assert process.returncode == 8, err
    assert f"it is in {bot.path}.next" in err.decode()
    assert bot.run("post", TEXT).code == 0
    assert [post.text for post in bot.x.posts] == [TEXT]


@needs_strace
@pytest.mark.parametrize("error", ["ENOLCK", "EOPNOTSUPP", "ENOSYS"])
def test_a_folder_without_locks_is_named(bot: Bot, error: str) -> None:
    bot.make_due()
    run = bot.run(
        "post", TEXT, prefix=(STRACE or "strace", "-o/dev/null", f"--inject=flock:error={error}")
    )
    assert run.code == 2, run.err
    assert f"The folder {bot.folder} cannot be locked" in run.err
    assert bot.x.requests == ()


@needs_strace
def test_every_file_is_private_from_its_first_instant(bot: Bot, tmp_path: Path) -> None:
    log = tmp_path / "strace"
    bot.make_due()
    prefix = (
        STRACE or "strace",
        "--follow-forks",
        "--seccomp-bpf",
        "--trace=openat",
        f"--output={log}",
    )
    assert bot.run("post", TEXT, prefix=prefix, umask=0).code == 0
    created = [
        line
        for line in log.read_text().splitlines()
        if "O_CREAT" in line and str(bot.folder) in line
    ]
    assert len(created) == 4  # the lock, the rehearsal, the slot, the outcome
    assert all(re.search(r"O_CREAT\S*, 0600\b", line) for line in created), created
