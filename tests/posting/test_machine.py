"""Any sequence of runs, crashes, lost answers, logins and leaps of the clock keeps the promises.

Everything happens in this process, over real sockets to the local X. A crash is an exception that
nothing catches, raised by a collaborator of the run: its clock, its sleep, its store, or its
transport. The file system is as it is; `test_crash.py` has the deaths of real processes.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)

from tweetbot import moving
from tweetbot.errors import (
    AccessTokenRefused,
    GrantRefused,
    LoginNeeded,
    OutcomeUnknown,
    TokenNotSaved,
    TweetbotError,
)
from tweetbot.posting import run as posting
from tweetbot.posting.context import Context
from tweetbot.profile import Account, Client, Profile, Token, parse
from tweetbot.sandbox import Fault, Sandbox
from tweetbot.sources.given import given
from tweetbot.store import find
from tweetbot.store.folder import FileStore
from tweetbot.store.slot import Slot
from tweetbot.x.answer import Answer
from tweetbot.x.transport import Transport

HOUR = 3600
MEMORY = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # where fsync costs nothing
# What can happen to an answer. `after`: X has done what it was asked for.
FAULTS = st.sampled_from(
    [Fault(kind, after=after) for kind in ("reset", "garbage", "status") for after in (True, False)]
)
PAUSES = st.sampled_from([60, HOUR + 60, 3 * HOUR, 7 * HOUR, 30 * HOUR])
STEPS = st.none() | st.integers(1, 16)  # until the run crashes; none: it does not


class Crash(BaseException):
    """The run ends here, whatever it was doing."""


class Fuse:
    """Counts the steps of a run, and ends it at one of them."""

    def __init__(self) -> None:
        self.left = 0

    def burn(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise Crash


class CrashingStore(FileStore):
    """A store that can crash before and after each save."""

    def __init__(self, path: Path, *, fuse: Fuse, now: Callable[[], float], state: Path) -> None:
        super().__init__(path, state_dir=lambda: state, now=now)
        self._fuse = fuse

    def replace(self, document: bytes) -> None:
        self._fuse.burn()
        super().replace(document)
        self._fuse.burn()

    @contextmanager
    def prepare(self, current: Profile, *, planned: Profile | None = None) -> Iterator[Slot]:
        self._fuse.burn()
        with super().prepare(current, planned=planned) as slot:
            self._fuse.burn()
            yield slot
            self._fuse.burn()


class WatchedTransport(Transport):
    """A transport that can crash around each request, and that looks at each token request."""

    def __init__(self, machine: Bots) -> None:
        super().__init__(user_agent="tweetbot", environ={})
        self._machine = machine

    def request(self, method: str, url: str, **rest: Any) -> Answer:
        renewal = url.endswith("/2/oauth2/token")
        if renewal:
            self._machine.check_prepared()
        self._machine.fuse.burn()
        answer = super().request(method, url, **rest)
        if renewal and answer.status == 200:
            self._machine.hear_new_token()
        self._machine.fuse.burn()
        self._machine.in_window = False
        return answer


class Bots(RuleBasedStateMachine):
    """One bot, and all that can happen to it."""

    unsure: Bundle[str] = Bundle("unsure")  # texts of runs that ended without a clear word

    def __init__(self) -> None:
        super().__init__()
        self.x = Sandbox(refuse_duplicates=False)
        self.x.__enter__()
        self.folder = tempfile.TemporaryDirectory(prefix="tweetbot-machine-", dir=MEMORY)
        self.time = 1_800_000_000.0
        self.x.clock = self.now_at_x
        self.fuse = Fuse()
        self.transport = WatchedTransport(self)
        self.store = self.store_in("config")
        self.moves = 0
        self.texts = 0
        self.let_go = Counter[str]()  # how often it was said that a text could not be looked up
        self.skew = 0.0  # of our clock against X's
        self.renewed = False  # the run has heard a new token
        self.in_window = False  # X's answer is there, and the run has not got it yet
        self.obstructed = False  # the rename over the document is going to fail
        self.lost = False  # X has renewed the login, and nobody knows the new token
        self.locked_out = False  # the last run said so

    def teardown(self) -> None:
        self.transport.__exit__(None, None, None)
        self.x.close()
        self.folder.cleanup()

    def store_in(self, folder: str) -> CrashingStore:
        path = Path(self.folder.name) / folder / "bot.json"
        return CrashingStore(path, fuse=self.fuse, now=self.now, state=self.state)

    def now_at_x(self) -> float:
        return self.time

    def now(self) -> float:
        return self.time + self.skew

    def sleep(self, seconds: float) -> None:
        self.fuse.burn()
        self.time += seconds

    # -- what can happen --------------------------------------------------------------------------

    @initialize()
    def first_login(self) -> None:
        self.store.make_ready()
        self.log_in()

    @rule()
    def log_in(self) -> None:
        """Save a new grant, as `auth` does; it makes everything well."""
        grant = self.x.grant()
        token = Token(
            access_token=str(grant["access_token"]),
            refresh_token=str(grant["refresh_token"]),
            scope=str(grant["scope"]),
            obtained_at=int(self.now()),
            expires_at=int(self.now()) + 7200,
        )
        client = Client(
            client_id=self.x.client_id,
            client_secret=self.x.client_secret,
            redirect_uri="http://127.0.0.1:8910/callback",
            api_url=self.x.url,
        )
        account = Account(id=self.x.account.id, username=self.x.account.username)
        with self.store.lock(new=True):
            current = find(self.store)
            fresh = Profile(client=client, account=account, token=token)
            self.store.save(replace(current, token=token) if current else fresh)
            self.store.remove_leftovers()
        self.lost = False

    @rule()
    def move(self) -> None:
        """Hand the bot to another machine, as `export` and `import` do; here it is out of use."""
        here, self.moves = self.store, self.moves + 1
        document: list[bytes] = []
        moving.export(here, document.append, api_url=self.x.url, keep=False, now=self.now)
        self.store = self.store_in(f"config-{self.moves}")
        moving.take_over(self.store, document[0], api_url=self.x.url, force=False)
        asked = len(self.x.requests)
        context = Context(api_url=self.x.url, check_after=(), now=self.now)
        with pytest.raises(LoginNeeded, match="moved on"):
            posting.post(here, self.transport, given("Not from here"), context=context)
        assert len(self.x.requests) == asked

    @rule(target=unsure, pause=PAUSES, steps=STEPS)
    def post(self, pause: int, steps: int | None) -> str | MultipleResults[str]:
        self.time += pause
        self.texts += 1
        return self.run(f"Text {self.texts}", steps)

    @rule(target=unsure, pause=PAUSES, step=st.sampled_from(["token", "post"]), fault=FAULTS)
    def post_with_trouble(self, pause: int, step: str, fault: Fault) -> str | MultipleResults[str]:
        self.x.fault(step, fault)
        return self.post(pause=pause, steps=None)

    @rule(target=unsure, text=consumes(unsure), pause=PAUSES, steps=STEPS)
    def post_again(self, text: str, pause: int, steps: int | None) -> str | MultipleResults[str]:
        """Repeat a run that gave no clear word, as a scheduler does after a failure."""
        self.time += pause
        pending = self.profile().pending
        if self.live(text) and not (pending and pending.text == text):
            return multiple()  # another run has found it: once more is once more
        return self.run(text, steps)

    @rule(step=st.sampled_from(["token", "timeline"]), fault=FAULTS, times=st.integers(2, 4))
    def trouble_that_stays(self, step: str, fault: Fault, times: int) -> None:
        self.x.fault(step, replace(fault, times=times))

    @rule(seconds=st.sampled_from([-2 * HOUR, -60, 60, 2 * HOUR, 40 * HOUR]))
    def our_clock_leaps(self, seconds: int) -> None:
        # An attempt's age is told by our clock: with one pending, a leap back would hide its post.
        if seconds > 0 or self.profile().pending is None:
            self.skew += seconds

    @rule()
    def access_tokens_expire(self) -> None:
        self.x.expire_access_tokens()

    @rule()
    def the_disk_refuses(self) -> None:
        """Nothing can be saved: X is not asked for anything that cannot be kept."""
        before = self.x.count("token"), len(self.x.posts)
        obstacle = Path(f"{self.store.path}.tmp")
        obstacle.mkdir()
        self.texts += 1
        error = self.run_once(f"Text {self.texts}")
        obstacle.rmdir()
        assert (self.x.count("token"), len(self.x.posts)) == before
        assert isinstance(error, TweetbotError)
        assert error.code in (2, 7)

    @rule(pause=PAUSES)
    def the_rename_fails(self, pause: int) -> None:
        """The document's place is taken while X answers: the token is kept elsewhere."""
        self.time += pause
        self.texts += 1
        self.obstructed, posts = True, self.x.count("post")
        error = self.run_once(f"Text {self.texts}")
        if self.renewed:  # exit 8, unless the post had left before
            assert isinstance(error, TokenNotSaved) or self.x.count("post") > posts

    # -- a run ------------------------------------------------------------------------------------

    def run(self, text: str, steps: int | None) -> str | MultipleResults[str]:
        """Run `post`, to its end or for so many steps; returns the text if it may be repeated."""
        if self.locked_out:  # the person who was told comes and logs in
            self.log_in()
        self.fuse.left = steps or 0
        already = len(self.x.requests)
        said: list[str] = []
        try:
            error = self.run_once(text, said)
        finally:
            self.fuse.left = 0
        self.locked_out = isinstance(error, GrantRefused)
        asked = self.check_requests(already)
        if isinstance(error, AccessTokenRefused):  # the login lives: the next run may renew it
            assert asked == 2
        self.check_words(text, error, said)
        return text if isinstance(error, Crash | OutcomeUnknown) else multiple()

    def run_once(self, text: str, said: list[str] | None = None) -> BaseException | None:
        self.renewed = self.in_window = False
        token, secrets = self.profile().token, self.x.secrets
        told = [] if said is None else said
        context = Context(
            api_url=self.x.url,
            check_after=(3, 10),
            now=self.now,
            sleep=self.sleep,
            tell=told.append,
        )
        error: BaseException | None = None
        try:
            posting.post(self.store, self.transport, given(text), context=context)
        except (TweetbotError, Crash) as raised:
            error = raised
        for line in told:
            self.let_go.update(re.findall(r"could not be found out; .*: (Text \d+)$", line))
        self.clear_the_way()
        issued = self.x.secrets - secrets
        if issued and self.profile().token == token:
            # Nobody can help that: the answer did not arrive, or the run died with it in hand.
            assert not self.renewed or self.in_window
            self.lost = True
        return error

    def hear_new_token(self) -> None:
        self.renewed = self.in_window = True
        if self.obstructed:
            self.store.path.rename(self.aside)
            self.store.path.mkdir()

    def clear_the_way(self) -> None:
        if self.aside.exists():
            self.store.path.rmdir()
            self.aside.rename(self.store.path)
        self.obstructed = False

    def profile(self) -> Profile:
        return FileStore(self.store.path, state_dir=lambda: self.state).load()

    @property
    def aside(self) -> Path:
        return Path(f"{self.store.path}.aside")

    @property
    def state(self) -> Path:
        return Path(self.folder.name) / "state"

    def live(self, text: str) -> int:
        return [post.text for post in self.x.posts].count(text)

    # -- what must hold ---------------------------------------------------------------------------

    def check_prepared(self) -> None:
        """X is asked for a token only when the save of the new one is prepared (I1)."""
        document = parse(self.store.path.read_bytes())
        slot = Path(f"{self.store.path}.next").read_bytes()
        assert f'{{"intent": {{"parent": "{document.token.digest}"'.encode() in slot

    def check_requests(self, since: int) -> int:
        """At most two token requests a run, the second with the same token if none came (I6)."""
        asked = [request for request in self.x.requests[since:] if request.step == "token"]
        assert len(asked) <= 2
        if len(asked) == 2 and not self.renewed:
            assert len({request.form["refresh_token"] for request in asked}) == 1
        return len(asked)

    def check_words(self, text: str, error: BaseException | None, said: list[str]) -> None:
        """What a run says is true, and names no secret (I2, I3, I8)."""
        words = " ".join([*said, str(error)])
        # After a day in which X could not be asked, the bot says so, and that it asks no more.
        assert self.live(text) <= 1 + self.let_go[text], "posted twice"
        assert not [secret for secret in self.x.secrets if secret in words]
        if error is None:
            assert self.live(text), "said to be posted"
        elif isinstance(error, TweetbotError):
            dead = isinstance(error, GrantRefused | AccessTokenRefused)
            assert dead or error.code in (6, 7), repr(error)
            assert self.lost or not isinstance(error, GrantRefused), f"locked out: {error}"

    @invariant()
    def the_document_is_complete(self) -> None:
        if self.store.path.exists():
            parse(self.store.path.read_bytes())  # I4

    @invariant()
    def the_files_are_private(self) -> None:
        if sys.platform == "win32" or not self.store.path.exists():
            return
        for path in self.store.path.parent.iterdir():
            assert stat.S_IMODE(path.stat().st_mode) == 0o600  # I8
        assert stat.S_IMODE(self.store.path.parent.stat().st_mode) == 0o700
        assert not os.path.exists(f"{self.store.path}.tmp")


@pytest.mark.timeout(3600)
def test_no_sequence_of_events_breaks_a_promise(full: bool, figures: Callable[[str], None]) -> None:
    examples, steps = (600, 50) if full else (20, 20)
    run_state_machine_as_test(
        Bots,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=not full,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    figures(f"state machine: {examples} sequences of up to {steps} events")
