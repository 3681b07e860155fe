"""Uploads before a post: its files, in order, with their alt texts; nothing is posted here.

Each request may be sent again, so a run that dies here has cost an upload and nothing else. A file
whose alt text X does not take ends the run: nothing is posted that its owner wanted described.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import BufferedReader
from typing import TypeVar

from tweetbot.draft import Media, Part
from tweetbot.errors import (
    AccessTokenRefused,
    AnswerLost,
    ConfigurationError,
    LoginNeeded,
    NotPermitted,
    Overtaken,
    RateLimited,
    Temporary,
    TokenNotSaved,
    TweetbotError,
)
from tweetbot.money import PRICE_ALT
from tweetbot.posting.session import Session
from tweetbot.x import CHUNK, MediaApi, Upload

LOOKED_AT_FOR = 600.0  # seconds that X may take over a file
LOST_AGAIN_AFTER = (1.0, 3.0, 10.0)  # seconds before each further try of what got no clear answer
_SLICE = 30.0  # seconds of a wait after which the lock is kept alive
_SCOPE = "media.write"
_NOTHING = "Nothing was posted; run again later."

T = TypeVar("T")


def upload(session: Session, parts: Sequence[Part]) -> tuple[tuple[Upload, ...], ...]:
    """Upload what goes with each part, and set the alt texts.

    Raises what ends the run; nothing was posted then.
    """
    uploading = _Uploading(session)
    return tuple(tuple(uploading.one(media) for media in part.media) for part in parts)


class _Uploading:
    """The uploads of one run."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._context = session.context
        self._api = MediaApi(lambda: session.api, now=session.context.now)

    def one(self, media: Media) -> Upload:
        """Upload a file and describe it; errors name it."""
        with self._naming(f"{media.path} was not uploaded"), _opened(media) as file:
            self._tell(media, 0)
            made = self._whole(media, file)
        if media.alt:
            with self._naming(f"{media.path} was uploaded, but not its alt text"):
                self._try(lambda: self._api.describe(made.id, media.alt))
            self._session.add_cost(PRICE_ALT)
        return made

    def _whole(self, media: Media, file: BufferedReader) -> Upload:
        if media.kind != "picture":
            return self._in_chunks(media, file)
        content = file.read(media.size + 1)
        _check_length(media, len(content))
        made = self._try(lambda: self._api.upload(media, content))
        self._tell(media, media.size)
        return made

    def _in_chunks(self, media: Media, file: BufferedReader) -> Upload:
        made = self._try(lambda: self._api.initialize(media))
        sent = index = 0
        while sent < media.size:
            chunk = file.read(CHUNK)
            _check_length(media, sent + len(chunk) if chunk else 0, is_part=bool(chunk))
            self._try(partial(self._api.append, media, made.id, index=index, chunk=chunk))
            sent, index = sent + len(chunk), index + 1
            self._tell(media, sent)
        return self._looked_at(media, self._try(lambda: self._api.finalize(media, made.id)))

    def _looked_at(self, media: Media, made: Upload) -> Upload:
        """Wait until X has looked at a file, as long as X asks to."""
        name, left = os.path.basename(media.path), LOOKED_AT_FOR
        forgiven = False
        while made.check_after is not None:
            self._context.progress(f"X looks at {name}", made.percent, 100)
            pause = min(made.check_after, left)
            if pause <= 0:
                raise Temporary(
                    f"X has not looked at it within {LOOKED_AT_FOR / 60:g} minutes.",
                    _NOTHING,
                )
            self._wait(pause)
            left -= pause
            try:
                made = self._try(partial(self._api.status, media, made.id))
            except Temporary:
                if forgiven:
                    raise
                forgiven = True  # an upload can be unknown right after its end
        return made

    def _wait(self, seconds: float) -> None:
        while seconds > 0:
            self._session.keep_lock()
            self._context.sleep(min(_SLICE, seconds))
            seconds -= _SLICE

    def _try(self, request: Callable[[], T]) -> T:
        """Send a request; again after a lost answer, a 401 or a short rate limit."""
        for pause in LOST_AGAIN_AFTER:
            try:
                return self._renewing(request)
            except AnswerLost:
                self._context.sleep(pause)
        return self._renewing(request)

    def _renewing(self, request: Callable[[], T]) -> T:
        session = self._session

        def send() -> T:
            session.keep_lock()
            return request()

        try:
            return session.try_again(send)
        except RateLimited as limited:
            session.wait_for(limited)
        except AccessTokenRefused:
            if not session.may_renew:
                raise
            self._renew()
        return session.try_again(send)

    def _renew(self) -> None:
        try:
            self._session.renew(self._session.profile.pending)
        except AnswerLost as lost:  # of the renewal: not to be sent again as a chunk is
            raise Temporary(lost.happened, _NOTHING) from None

    def _tell(self, media: Media, sent: int) -> None:
        self._context.progress(f"Uploading {os.path.basename(media.path)}", sent, media.size)

    @contextmanager
    def _naming(self, happened: str) -> Iterator[None]:
        """Say what was not done; a scope that is missing is told by what is stored."""
        try:
            yield
        except (TokenNotSaved, Overtaken, LoginNeeded):
            raise
        except TweetbotError as error:
            scope = self._session.profile.token.scope
            if isinstance(error, NotPermitted) and scope and _SCOPE not in scope.split():
                raise LoginNeeded(
                    f"{happened}: the login lacks the permission {_SCOPE} (403).",
                    "Run `tweetbot auth`.",
                    x=error.x,
                ) from None
            kind, remedy = type(error), error.remedy
            if isinstance(error, AnswerLost):  # nothing that could be live
                kind, remedy = Temporary, _NOTHING
            said = f"{happened}. {error.happened}"
            raise kind(said, remedy, x=error.x, retry_at=error.retry_at) from None


@contextmanager
def _opened(media: Media) -> Iterator[BufferedReader]:
    try:
        with open(media.path, "rb") as file:
            yield file
    except OSError as error:
        raise ConfigurationError(
            f"It cannot be read: {error.strerror}.", "Nothing was posted."
        ) from None


def _check_length(media: Media, length: int, *, is_part: bool = False) -> None:
    """Raise `ConfigurationError` unless a file is as long as it was when it was looked at."""
    if length > media.size or (length < media.size and not is_part):
        raise ConfigurationError(
            "It has changed since it was looked at.", "Nothing was posted; run again."
        )
