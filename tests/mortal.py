"""A run that dies at a step: a store and a transport that end it there."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tweetbot.profile import Profile
from tweetbot.store.folder import FileStore
from tweetbot.store.slot import Slot
from tweetbot.x.answer import Answer
from tweetbot.x.transport import Transport

if TYPE_CHECKING:
    from tests.conftest import Bot, Clock, Ended
    from tweetbot.sources import Source
    from tweetbot.store import Store


class Killed(BaseException):
    """The process died here."""


@dataclass
class Life:
    """Counts the steps of a run and ends it at one of them."""

    ends_at: int | None = None
    steps: int = 0

    def step(self) -> None:
        if self.steps == self.ends_at:
            raise Killed
        self.steps += 1


class MortalStore(FileStore):
    """A store that can die before and after each change of the disk."""

    def __init__(self, path: Path, life: Life) -> None:
        super().__init__(path, state_dir=lambda: path.parent / "state")
        self._life = life

    def replace(self, document: bytes) -> None:
        self._life.step()
        super().replace(document)
        self._life.step()

    @contextmanager
    def prepare(self, current: Profile, *, planned: Profile | None = None) -> Iterator[Slot]:
        with super().prepare(current, planned=planned) as slot:
            self._life.step()
            yield slot
            self._life.step()


def mortal_transport(life: Life) -> type[Transport]:
    class MortalTransport(Transport):
        """A transport that can die before a request is sent and after its answer came."""

        def request(self, method: str, url: str, **rest: Any) -> Answer:
            life.step()
            answer = super().request(method, url, **rest)
            life.step()
            return answer

    return MortalTransport


def post(
    bot: Bot, source: Source, *, clock: Clock, life: Life | None, store: Store | None = None
) -> Ended | None:
    """Run `post` in this process; `None`: it died."""
    life = life or Life()
    store, transport = store or MortalStore(bot.path, life), mortal_transport(life)
    try:
        return bot.post(source, clock=clock, store=store, transport=transport)
    except Killed:
        return None
