"""How long a run can last: a lock that expires by itself must not do so earlier."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tweetbot.draft import Draft
from tweetbot.errors import AnswerLost, NotSent, TweetbotError
from tweetbot.posting import run as posting
from tweetbot.posting.context import Context
from tweetbot.profile import Account, Client, Pending, Profile, Token, digest
from tweetbot.sources import Given
from tweetbot.store.folder import FileStore
from tweetbot.x.answer import Answer
from tweetbot.x.transport import Transport

API_URL = "http://127.0.0.1:1"
TOKEN = {"access_token": "access-0", "refresh_token": "refresh-0", "expires_in": 7200}
ANSWERS: dict[str, Answer | TweetbotError] = {
    "not sent": NotSent("X could not be reached."),
    "lost": AnswerLost("X's answer was lost."),
    "401": Answer(401, {}),
    "not visible": Answer(403, {}, b'{"detail": "a Tweet that is deleted or not visible"}'),
    "429": Answer(429, {"x-rate-limit-reset": "0", "x-rate-limit-remaining": "0"}),
    "a token": Answer(200, {}, json.dumps(TOKEN).encode()),
    "another spelling": Answer(400, {}, b'{"errors": [{"parameters": {"post.fields": []}}]}'),
    "an account": Answer(200, {}, b'{"data": {"id": "1", "username": "dogfacts"}}'),
    "a slow clock": Answer(200, {"date": ""}, b'{"data": [], "meta": {}}'),
    "a timeline": Answer(200, {}, b'{"data": [], "meta": {}}'),
    "a post": Answer(201, {}, b'{"data": {"id": "1", "text": "Hello"}}'),
}
WORST = [
    *("401", "not sent", "not sent", "a token", "an account"),  # whose account it is
    *("another spelling", "a slow clock", "another spelling", "a timeline"),  # settles a post
    *("not sent", "not sent", "not visible", "not sent", "not sent", "429"),  # posts, pauses, posts
    *("not sent", "not sent", "not visible", "not sent", "not sent", "lost"),
    *("401", "a token", "another spelling", "a timeline", "another spelling", "a timeline"),
]


@dataclass
class Clock:
    """A clock that pauses and requests move on."""

    time: float

    def now(self) -> float:
        return self.time

    def pass_by(self, seconds: float) -> None:
        self.time += seconds


class Sluggish(Transport):
    """An X that answers at the last moment of each deadline, from a script."""

    def __init__(self, clock: Clock, script: Iterator[str]) -> None:
        super().__init__(user_agent="tweetbot", environ={})
        self._clock = clock
        self._script = script

    def request(self, *_: str, deadline: float, **rest: Any) -> Answer:  # noqa: ARG002
        self._clock.pass_by(deadline)
        answer = ANSWERS[next(self._script, "lost")]
        if isinstance(answer, TweetbotError):
            raise answer
        if "date" in answer.headers:
            return replace(answer, headers={"date": formatdate(self._clock.time - 1000)})
        if answer.status == 429:
            reset = str(int(self._clock.time) + 30)
            return replace(answer, headers={**answer.headers, "x-rate-limit-reset": reset})
        return answer


def lasts(
    folder: Path, script: list[str], *, is_pending: bool, is_due: bool
) -> tuple[float, float]:
    """Run `post` against the script; return how long it took, and what was promised."""
    clock = Clock(time.time())
    now = int(clock.time)
    obtained_at = now - 4000 if is_due else now
    profile = Profile(
        client=Client(client_id="c", redirect_uri="http://127.0.0.1/", api_url=API_URL),
        account=None if is_pending else Account(id="1", username="dogfacts"),
        token=Token(
            access_token="access-1",
            refresh_token="refresh-1",
            obtained_at=obtained_at,
            expires_at=obtained_at + 7200,
        ),
        pending=Pending(text="Old", digest=digest("Old"), at=now) if is_pending else None,
    )
    store = FileStore(folder / "default.json", state_dir=lambda: folder)
    store.save(profile)
    context = Context(
        api_url=API_URL, check_after=(3, 10), wait=30, now=clock.now, sleep=clock.pass_by
    )
    began = clock.time
    with Sluggish(clock, iter(script)) as transport, suppress(TweetbotError):
        reply = Given(Draft.of("Hello").answering("1"))
        posting.post(store, transport, reply, context=context)
    return clock.time - began, posting.longest(context)


scripts = st.lists(st.sampled_from(list(ANSWERS)), max_size=16)


@pytest.mark.slow
@given(script=scripts, is_pending=st.booleans(), is_due=st.booleans())
@example(script=WORST, is_pending=True, is_due=False)
@settings(max_examples=100, deadline=None)
def test_no_run_lasts_longer_than_the_sum_of_its_deadlines(
    script: list[str],
    is_pending: bool,
    is_due: bool,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    folder = tmp_path_factory.mktemp("bot")
    lasted, promised = lasts(folder, script, is_pending=is_pending, is_due=is_due)
    assert lasted <= promised


def test_the_sum_is_not_far_from_the_worst_run(tmp_path: Path) -> None:
    lasted, promised = lasts(tmp_path, WORST, is_pending=True, is_due=False)
    assert lasted > 0.9 * promised
