"""A bot in the repository of its jobs: a month of runs, jobs at once, a new user's way there."""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.conftest import Bot, GitHost
from tests.git_server import GitServer
from tests.hub import Hub, ended, leaked
from tests.readme_blocks import block
from tweetbot.profile import Profile
from tweetbot.sandbox import Sandbox
from tweetbot.settings import read_settings
from tweetbot.store import Store, open_store

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="jobs run in bash"),
    pytest.mark.slow,
]
REF = "refs/tweetbot/dogfacts"
NAME = "dogfacts"
CANCELLED = (130, 143, -2, -15)  # the last two: before Python was ready
FAULTS = ("drop", "lost", "500", "hang")


@pytest.fixture
def x() -> Iterator[Sandbox]:
    """An X that ends a login whose spent token comes back."""
    with Sandbox(revoke_on_reuse=True, refuse_duplicates=False) as sandbox:
        yield sandbox


@pytest.fixture
def bot(x: Sandbox, tmp_path: Path) -> Bot:
    bot = Bot(x, tmp_path / "config", NAME)
    bot.log_in()
    return bot


@pytest.fixture
def hub(bot: Bot, git_host: GitHost, tmp_path: Path) -> Hub:
    return Hub(bot, git_host, tmp_path / "hub")


def store_of(hub: Hub) -> Store:
    """Open the bot's store by the laptop's pointer."""
    variables = {**os.environ, **hub.bot.variables}
    settings = read_settings(variables, profile=NAME)
    return open_store(settings, variables, wait=0, warn=lambda _: None)


def let_time_pass(hub: Hub, *, hours: int = 0) -> None:
    """Let a killed job's lock end, its request be answered, and half of the token's life pass."""
    files = {name: None for name in hub.host.files(REF) if name == "lock"}
    if files:
        hub.host.change(REF, **files)
    now = int(time.time())
    with (store := store_of(hub)).lock():
        profile: Profile = store.load()
        token = replace(profile.token, obtained_at=now - 4000, expires_at=now + 3200)
        pending = profile.pending
        if pending and pending.at is not None:
            pending = replace(pending, at=pending.at - 60)
        posts = tuple(replace(post, at=post.at - hours * 3600) for post in profile.posts)
        store.save(replace(profile, token=token, pending=pending, posts=posts))


def renewals(x: Sandbox) -> Counter[int | None]:
    return Counter(request.status for request in x.requests if request.step == "token")


def posted(x: Sandbox) -> list[str]:
    return [post.sent_text for post in x.posts]


def move(hub: Hub) -> None:
    run = hub.on_the_laptop(f"tweetbot export -p {NAME} --to git: | gh secret set TWEETBOT_KEY")
    assert run.code == 0, run.err


def test_an_export_that_fails_leaves_the_secret_as_it_is(hub: Hub) -> None:
    """gh would take what a broken pipe gives for the key, and that is nothing."""
    move(hub)
    key = (hub.secrets / "TWEETBOT_KEY").read_text()
    line = block("ci github").splitlines()[1]
    run = hub.on_the_laptop(line.replace(f"-p {NAME}", "-p dogfact"))
    assert run.code != 0
    assert "dogfact" in run.err
    assert (hub.secrets / "TWEETBOT_KEY").read_text() == key != ""


@pytest.mark.timeout(900)
def test_a_month_of_jobs_never_locks_the_bot_out_and_never_posts_twice(
    hub: Hub, full: bool, figures: Callable[[str], None]
) -> None:
    move(hub)
    x, choose, codes = hub.bot.x, random.Random(3), Counter[int]()
    hub.host.git("config", "http.receivepack", "true")
    with GitServer(hub.host.folder.parent, hang=2 if full else 0.5) as server:
        hub.url = f"{server.url}/{hub.host.folder.name}"
        seen = Counter[str]()
        for day in range(30 if full else 6):
            let_time_pass(hub)
            server.choose = lambda step: fault(step, choose, seen)
            job = hub.start("post", "-p", NAME, "--list", "facts.txt")
            if day % 3 == 2:  # as GitHub cancels a job
                time.sleep(choose.uniform(0.3, 2))
                job.send_signal(choose.choice([signal.SIGINT, signal.SIGTERM]))
            run = ended(job)
            server.choose = lambda _: ""
            codes[run.code] += 1
            assert run.code in (0, 2, 6, *CANCELLED), run.err
            assert leaked(run, x) == []
        let_time_pass(hub)
        last = ended(hub.start("post", "-p", NAME, "--list", "facts.txt"))
        assert last.code == 0, last.err
    assert set(renewals(x)) == {200}, "no spent token was shown"
    assert len(set(posted(x))) == len(posted(x)), "nothing was posted twice"
    assert len(posted(x)) >= codes[0]
    figures(f"jobs: {dict(codes)}, faults: {dict(seen)}, posts: {len(posted(x))}")
    shows_nothing(hub, figures)


@pytest.mark.timeout(900)
def test_a_job_killed_at_any_time_posts_nothing_twice(
    hub: Hub, full: bool, figures: Callable[[str], None]
) -> None:
    """One killed between X's answer and the push takes the only token along: `auth` mends it."""
    move(hub)
    choose, lost, kills = random.Random(4), 0, 40 if full else 2
    for _ in range(kills):
        let_time_pass(hub)
        job = hub.start("post", "-p", NAME, "--list", "facts.txt")
        time.sleep(choose.uniform(0.3, 2))
        job.kill()
        ended(job)
        time.sleep(1)  # a push that was left alone comes to its end
        let_time_pass(hub)
        run = ended(hub.start("post", "-p", NAME, "--list", "facts.txt"))
        if run.code == 4:
            lost += 1
            log_in_again(hub)
            run = ended(hub.start("post", "-p", NAME, "--list", "facts.txt"))
        assert run.code == 0, run.err
    assert len(set(posted(hub.bot.x))) == len(posted(hub.bot.x))
    figures(f"jobs killed: {kills}, logins lost by that: {lost}")


def log_in_again(hub: Hub) -> None:
    """Log in on the laptop, where a pointer is."""
    bot = replace(hub.bot, environ={})
    bot.take_callback()
    bot.x.approve = True
    with bot.auth("-p", NAME) as auth:
        with urlopen(auth.url) as page:
            page.read()
        done = auth.end()
    assert done.code == 0, done.err


def fault(step: str, choose: random.Random, seen: Counter[str]) -> str:
    """Let one request in twelve fail."""
    if choose.random() > 1 / 12:
        return ""
    chosen = choose.choice(FAULTS)
    seen[f"{chosen} {step}"] += 1
    return chosen


def shows_nothing(hub: Hub, figures: Callable[[str], None]) -> None:
    """See that the repository holds no secret, and what is left of all the runs."""
    key = (hub.secrets / "TWEETBOT_KEY").read_text()
    names = hub.host.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
    contents = "".join(hub.host.git("cat-file", "-p", name) for name in names)
    hidden = (*hub.bot.x.secrets, key, NAME, hub.bot.x.account.id)
    assert not [secret for secret in hidden if secret in contents]
    hub.host.git("-c", "gc.pruneExpire=now", "gc", "-q", "--prune=now")
    left = hub.host.git("cat-file", "--batch-all-objects", "--batch-check=%(objectname)").split()
    assert len(left) == 6, "two commits, their trees, the facts and the document"
    figures(f"objects: {len(names)} before gc, {len(left)} after")


@pytest.mark.timeout(900)
def test_four_jobs_at_once_renew_once_and_post_nothing_twice(
    hub: Hub, full: bool, figures: Callable[[str], None]
) -> None:
    move(hub)
    x, codes = hub.bot.x, Counter[int]()
    for number in range(1, (20 if full else 2) + 1):
        let_time_pass(hub)
        jobs = [
            hub.start("post", "-p", NAME, "--list", "facts.txt", "--wait", "5", name=f"job{job}")
            for job in range(4)
        ]
        runs = [ended(job) for job in jobs]
        assert {run.code for run in runs} <= {0, 6}, [run.err for run in runs]
        assert 0 in [run.code for run in runs]
        assert renewals(x) == {200: number}
        codes.update(run.code for run in runs)
    assert len(set(posted(x))) == len(posted(x)) == codes[0]
    figures(f"four jobs at once: {dict(codes)}")


# -- as a new user --------------------------------------------------------------------------------

WORKFLOW = "tweetbot-dogfacts.yml"


def test_a_new_user_needs_four_lines_and_a_dead_login_one(hub: Hub) -> None:
    """First day, second day, tenth day, a cancelled job, a dead login and its cure."""
    x = hub.bot.x
    assert len(block("ci github").splitlines()) == 4
    begun = hub.on_the_laptop(block("ci github"))
    assert (begun.code, leaked(begun, x)) == (0, []), begun.err
    assert (hub.root / "started").read_text() == f"{WORKFLOW} -f dry_run=false\n"
    rehearsed = hub.workflow(WORKFLOW, dry_run=True)
    assert (rehearsed.code, "Fact" in rehearsed.out) == (0, True), rehearsed.err
    assert not posted(x)
    for day in (1, 2, 10):
        let_time_pass(hub, hours=24)
        run = hub.workflow(WORKFLOW)
        assert (run.code, leaked(run, x)) == (0, []), (day, run.err)
    assert len(posted(x)) == 3
    assert "tweetbot-cli" in (hub.root / "installed").read_text()
    output = (hub.root / "work-home/GITHUB_OUTPUT").read_text()
    url = f"https://x.com/dogfacts/status/{x.posts[-1].id}"
    assert output == f"id={x.posts[-1].id}\nurl={url}\n"
    summary = (hub.root / "work-home/GITHUB_STEP_SUMMARY").read_text()
    assert summary == f"Posted: {url}\n"
    x.revoke_all()
    let_time_pass(hub, hours=24)
    dead = hub.workflow(WORKFLOW)
    assert (dead.code, len(posted(x))) == (4, 3), dead.err
    assert "`tweetbot auth -p dogfacts` on the laptop" in dead.err
    log_in_again(hub)
    let_time_pass(hub, hours=24)
    assert hub.workflow(WORKFLOW).code == 0
    assert len(set(posted(x))) == len(posted(x)) == 4, "the list goes on where it stood"
    seen = hub.bot.run("status", "-p", NAME)
    assert seen.code == 0
    assert "nothing known to be wrong" in seen.out
