"""Runs that follow each other through any faults: never two posts, never a wrong word about one.

The same rules are checked three ways: a run that dies at each of its steps, random sequences of
runs in this process, and hundreds of runs of the real command (`--full`).
"""

from __future__ import annotations

import random
import shutil
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.mortal import Killed, Life, MortalStore, mortal_transport
from tweetbot.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from tests.conftest import Bot, Clock, Ended

HELLO = "Hello, world"
FAILED = (2, 3, 4, 5, 6)  # "nothing was posted"


def mortal_run(
    bot: Bot, clock: Clock, text: str, *, life: Life, again: bool = False
) -> Ended | None:
    """Run `post`; `None` if it died on the way."""
    try:
        return bot.post(
            text,
            clock=clock,
            again=again,
            check_after=(0, 0),
            store=MortalStore(bot.path, life),
            transport=mortal_transport(life),
        )
    except Killed:
        return None


def live(x: Sandbox, text: str = HELLO) -> int:
    return sum(post.sent_text == text for post in x.posts)


# --- a run that dies at each of its steps ---------------------------------------------------


@pytest.mark.parametrize("answer_lost", [False, True])
@pytest.mark.parametrize("is_due", [False, True])
def test_a_run_that_dies_at_any_step_is_followed_by_exactly_one_post(
    bot: Bot, lax: Sandbox, clock: Clock, *, is_due: bool, answer_lost: bool
) -> None:
    bot.x, lax.clock = lax, clock.now
    ended: Ended | None = None
    number = 0
    while ended is None:
        text = f"{HELLO} {number}"
        bot.log_in()
        if is_due:
            bot.make_due()
        if answer_lost:
            lax.fault("post", Fault("reset", after=True))
        ended = mortal_run(bot, clock, text, life=Life(number))
        follower = bot.post(text, clock=clock, check_after=(0, 0))
        if follower.code == 4:  # it died between the refresh and the save of its answer
            assert live(lax, text) == 0
            bot.log_in()
            follower = bot.post(text, clock=clock, check_after=(0, 0))
        assert (follower.code, live(lax, text)) == (0, 1), (number, follower.said)
        number += 1
    assert number > (10 if is_due else 5)


# --- any sequence of runs -------------------------------------------------------------------

TEXTS = ("Hello & welcome to https://example.com/?a=1&copy=2", "Caf\u00e9 <3")
KINDS = ("reset", "garbage", "half", "500", "503", "200")
REFUSALS = (302, 400, 401, 402, 403, 404, 429)
STALE = Fault("status", status=200, body=b'{"meta":{"result_count":0}}')


@dataclass(frozen=True)
class Plan:
    """One run of a sequence, and what is to befall it."""

    text: str
    again: bool
    gap: int
    dies_at: int | None
    faults: tuple[tuple[str, Fault], ...]


def draw_fault(chance: random.Random, *, stale: bool) -> tuple[str, Fault]:
    step = chance.choice(("post", "post", "token", "timeline", "timeline", "me"))
    times, skip = chance.choice((1, 1, 1, 2, 4)), chance.choice((0, 0, 1))
    if step == "timeline" and stale and chance.random() < 0.3:
        return step, STALE
    if chance.random() < 0.25:
        return step, Fault("status", status=chance.choice(REFUSALS), times=times, skip=skip)
    kind, after = chance.choice(KINDS), chance.random() < 0.5
    if kind.isdecimal():
        fault = Fault("status", status=int(kind), body=b"{}", after=after, times=times, skip=skip)
        return step, fault
    return step, Fault(kind, after=after, times=times, skip=skip)


def draw_plan(chance: random.Random, *, gap: int, stale: bool) -> Plan:
    count = chance.choice((0, 1, 1, 2, 3))
    return Plan(
        text=chance.choice(TEXTS),
        again=chance.random() < 0.15,
        gap=gap,
        dies_at=chance.randrange(16) if chance.random() < 0.3 else None,
        faults=tuple(draw_fault(chance, stale=stale) for _ in range(count)),
    )


def draw_plans(chance: random.Random, *, stale: bool) -> list[Plan]:
    """Draw one to four runs; all within six hours, the token fresh, due and expired."""
    gaps = chance.sample((0, 600, 4000, 7500), k=chance.randint(1, 4))
    return [draw_plan(chance, gap=gap, stale=stale) for gap in gaps]


def check_run(bot: Bot, plan: Plan, ended: Ended | None, before: Mapping[str, int]) -> None:
    """Check what one run did and said against what X has."""
    new = {text: live(bot.x, text) - before[text] for text in TEXTS}
    assert sum(new.values()) == new[plan.text] <= 1, "a run posts its own text, once"
    if before[plan.text] and not plan.again:
        assert not new[plan.text], "the text was live already"
    if ended is None:
        return
    if ended.code in FAILED:
        assert not new[plan.text], "it was said that nothing was posted"
    if ended.outcome:
        ids = [post.id for post in bot.x.posts if post.sent_text == plan.text]
        assert ended.outcome.id in ids or (ids and ended.outcome.id is None)
        assert bot.document["pending"] is None
    assert ended.code in (0, 7, *FAILED)


def check_memory(bot: Bot) -> None:
    """Check that every post that is live is known, or about to be looked for."""
    known = {posted["id"] for posted in bot.document.get("posts", ())}
    pending = bot.document.get("pending") or {"text": None}
    for post in bot.x.posts:
        assert post.id in known or post.sent_text == pending["text"], "a post was forgotten"


def log_in_again(bot: Bot, clock: Clock) -> None:
    """Do what a person does after exit code 4; all else that the bot knows stays."""
    grant = bot.x.grant()
    token = {name: grant[name] for name in ("access_token", "refresh_token")}
    now = int(clock.time)
    bot.change(token={**token, "obtained_at": now, "expires_at": now + 7200, "parent": None})


def play(bot: Bot, clock: Clock, plans: list[Plan], *, all_shown: bool) -> list[int | None]:
    codes: list[int | None] = []
    for plan in plans:
        clock.time += plan.gap
        for step, fault in plan.faults:
            bot.x.fault(step, fault)
        before = {text: live(bot.x, text) for text in TEXTS}
        ended = mortal_run(bot, clock, plan.text, life=Life(plan.dies_at), again=plan.again)
        codes.append(ended.code if ended else None)
        check_run(bot, plan, ended, before)
        if all_shown:
            check_memory(bot)
        if ended and ended.code == 4:
            log_in_again(bot, clock)
    return codes


@pytest.mark.timeout(1200)
def test_no_sequence_of_faults_leads_to_two_posts_or_a_wrong_word(
    bot: Bot, clock: Clock, tmp_path: Path, *, full: bool, figures: Callable[[str], None]
) -> None:
    """X refuses duplicates but its timeline lags, or it takes them and shows all at once."""
    seen: Counter[int | None] = Counter()
    folder = tmp_path / "bot"
    for seed in range(2000 if full else 60):
        chance = random.Random(seed)
        lags = chance.random() < 0.5
        plans = draw_plans(chance, stale=lags)
        shutil.rmtree(folder, ignore_errors=True)
        with Sandbox(refuse_duplicates=lags) as x:
            bot.x, bot.folder, x.clock = x, folder, clock.now
            clock.time = time.time()
            bot.log_in()
            if chance.random() < 0.2:
                bot.change(account=None)
            try:
                seen.update(play(bot, clock, plans, all_shown=not lags))
            except AssertionError as error:
                runs = "\n".join(map(str, plans))
                raise AssertionError(f"seed {seed}: {error}\n{runs}") from error
    figures(f"{seed + 1} sequences ended with {dict(seen)}")
    assert {None, 0, 7} <= set(seen)  # else the faults befell nothing


# --- the real command -----------------------------------------------------------------------


def test_a_process_killed_at_any_moment_is_followed_by_exactly_one_post(
    bot: Bot, x: Sandbox, full: bool
) -> None:
    chance = random.Random(1)
    for number in range(60 if full else 6):
        text = f"{HELLO} {number}"
        bot.log_in()
        x.fault("post", Fault("delay", seconds=0.2))
        with bot.start("post", text) as process:
            time.sleep(chance.uniform(0.1, 0.5))
            process.send_signal(signal.SIGKILL)
        bot.age_pending()
        ended = bot.run("post", text)
        assert (ended.code, live(x, text)) == (0, 1), ended.err


LOST = (
    Fault("reset"),
    Fault("reset", after=True),
    Fault("half"),
    Fault("status", status=503),
    Fault("status", status=503, after=True),
)
CUT = (Fault("silent", seconds=5), Fault("silent", seconds=5, after=True))


@dataclass
class Record:
    """What became of one text: the exit code (`None`: killed), and what was said of it since."""

    text: str
    code: int | None
    was_sent: bool
    posts: int = 0
    has_verdict: bool = False


class Model:
    """A bot that posts a new text each run; answers get lost and processes die by chance."""

    def __init__(self, bot: Bot, *, seed: int, lost: float, killed: float) -> None:
        self.records: list[Record] = []
        self.logins = 0
        self._bot = bot
        self._chance = random.Random(seed)
        self._lost, self._killed = lost, killed
        self._waiting: dict[str, int] = {}

    def run(self, text: str) -> None:
        """Post `text` once, as cron would, through the real command."""
        bot = self._bot
        bot.make_due()
        bot.age_pending()
        deadly = [step for step in ("token", "post", "timeline") if self._draw(step)]
        sent = bot.x.count("post")
        process = bot.start("post", text)
        while process.poll() is None and not any(self._arrived(step) for step in deadly):
            time.sleep(0.005)
        died = process.poll() is None
        if died:
            process.kill()
        _, err = process.communicate()
        code = None if died else process.returncode
        self.records.append(Record(text, code, was_sent=bot.x.count("post") > sent))
        self._note(err.decode())
        if code == 4:
            self._log_in()

    def end(self) -> None:
        """Let what is still queued pass, and one run go well."""
        self._lost = self._killed = 0
        while self.records[-1].code != 0:
            self.run(f"The end {len(self.records)}")

    def _draw(self, step: str) -> bool:
        """Queue what is to befall `step`, if anything; says whether it kills the process."""
        if self._waiting.get(step) == self._bot.x.count(step):
            return False  # the last one is still to come
        luck = self._chance.random()
        if luck < self._lost + self._killed:
            kinds = CUT if luck < self._killed else LOST
            self._bot.x.fault(step, self._chance.choice(kinds))
            self._waiting[step] = self._bot.x.count(step)
        return luck < self._killed

    def _arrived(self, step: str) -> bool:
        return self._bot.x.count(step) > self._waiting[step]

    def _note(self, said: str) -> None:
        known = {posted["id"] for posted in self._bot.document.get("posts", ())}
        for record in self.records:
            ids = [post.id for post in self._bot.x.posts if post.text == record.text]
            record.posts = len(ids)
            record.has_verdict |= known.issuperset(ids) if ids else f": {record.text}\n" in said

    def _log_in(self) -> None:
        self.logins += 1
        grant = self._bot.x.grant()
        token = {name: grant[name] for name in ("access_token", "refresh_token")}
        self._bot.change(token={**token, "parent": None})


@pytest.mark.timeout(1200)
def test_a_bot_that_runs_for_long_never_doubles_loses_or_denies_a_post(
    bot: Bot, tmp_path: Path, *, full: bool, figures: Callable[[str], None]
) -> None:
    """The odds of the real world with `--full`: 4 % lost answers and 1 % kills at each step."""
    lost, killed, bots, runs = (0.04, 0.01, 8, 60) if full else (0.3, 0.2, 1, 6)
    records: list[Record] = []
    logins = 0
    for number in range(bots):
        with Sandbox(refuse_duplicates=number % 2 == 0) as x:
            bot.x, bot.folder = x, tmp_path / f"bot{number}"
            bot.log_in()
            model = Model(bot, seed=number, lost=lost, killed=killed)
            for run in range(runs):
                model.run(f"Text {run}")
            model.end()
        records += model.records
        logins += model.logins

    doubled = [record for record in records if record.posts > 1]
    denied = [record for record in records if record.code in FAILED and record.posts]
    claimed = [record for record in records if record.code == 0 and not record.posts]
    open_ones = [it for it in records if it.code in (None, 7) and it.was_sent]
    mute = [record for record in open_ones if not record.has_verdict]
    unposted = [record for record in records if not record.posts]
    figures(
        f"{len(records)} runs: {len(doubled)} doubled, {len(denied)} denied, {len(claimed)} "
        f"claimed, {len(mute)} without a verdict (of {len(open_ones)} open), "
        f"{len(unposted)} never posted, {logins} logins; "
        f"exit codes {dict(Counter(record.code for record in records))}"
    )
    assert (doubled, denied, claimed, mute) == ([], [], [], [])
