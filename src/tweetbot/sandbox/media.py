"""Media: what was uploaded, and what has become of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from tweetbot.sandbox.accounts import Account
from tweetbot.sandbox.blob import Blob
from tweetbot.sandbox.formats import CATEGORIES, HEAD, LARGEST_GIF, read_dimensions, read_type
from tweetbot.sandbox.ids import Snowflakes
from tweetbot.sandbox.messages import Refused
from tweetbot.sandbox.problems import TOO_MANY_KINDS, invalid_media

SESSION_SECONDS = 1_295_999  # of an upload that was begun
UNUSED_SECONDS = 86_400  # of one that is whole


@dataclass(frozen=True)
class Failure:
    """What X says went wrong with a file; `state` is what stands beside it."""

    name: str = "InvalidMedia"
    message: str = "file is invalid"
    code: int = 1
    state: str = "failed"


@dataclass(frozen=True)
class Media:
    """One upload; `alt_text` is None as long as none was set."""

    id: str
    key: str
    account_id: str
    category: str
    media_type: str
    size: int
    expires_at: float
    blob: Blob = field(repr=False, compare=False)
    alt_text: str | None = None
    finalized_at: float | None = None
    failure: Failure | None = None

    @property
    def data(self) -> bytes:
        """The bytes that arrived."""
        return self.blob.read()

    @property
    def dimensions(self) -> tuple[int, int]:
        """Width and height of a picture; zeros where its bytes do not tell."""
        return read_dimensions(self.blob.read(HEAD))

    @property
    def is_processed(self) -> bool:
        """Whether X takes a while to look at it."""
        return CATEGORIES[self.category].is_processed


class Library:
    """All media of the local X, in the order in which they were begun."""

    def __init__(
        self, ids: Snowflakes, *, now: Callable[[], float], processing_seconds: float
    ) -> None:
        self._ids = ids
        self._now = now
        self._processing_seconds = processing_seconds
        self._by_id: dict[str, Media] = {}
        self.failures: list[Failure] = []

    @property
    def all(self) -> tuple[Media, ...]:
        """Every upload that was begun."""
        return tuple(self._by_id.values())

    def begin(self, category: str, media_type: str, *, size: int, account: Account) -> Media:
        """Start an upload of `size` bytes."""
        media_id = self._ids.next()
        return self._keep(
            Media(
                id=media_id,
                key=f"{CATEGORIES[category].mark}_{media_id}",
                account_id=account.id,
                category=category,
                media_type=media_type,
                size=size,
                expires_at=self._now() + SESSION_SECONDS,
                blob=Blob(),
            )
        )

    def find(self, media_id: str, *, account_id: str) -> Media | None:
        """Return an upload of the account that has not expired."""
        media = self._by_id.get(media_id)
        if media is None or media.account_id != account_id or media.expires_at <= self._now():
            return None
        return media

    def get(self, media_id: str) -> Media | None:
        """Return an upload, expired or not, whoever asks."""
        return self._by_id.get(media_id)

    def finalize(self, media: Media) -> Media:
        """Take an upload as whole; a file that needs it is looked at from now on."""
        now = self._now()
        failure = (self._next_failure() or _check(media)) if media.is_processed else None
        done = replace(media, finalized_at=now, expires_at=now + UNUSED_SECONDS, failure=failure)
        return self._keep(done)

    def describe(self, media: Media, text: str) -> Media:
        """Set the alt text."""
        return self._keep(replace(media, alt_text=text))

    def progress(self, media: Media) -> int:
        """Return how much of a file was looked at, in percent; with a failure never all of it."""
        if media.finalized_at is None:
            return 0
        if not media.is_processed:
            return 100
        passed = self._now() - media.finalized_at
        percent = (
            100 if passed >= self._processing_seconds else 100 * passed / self._processing_seconds
        )
        return min(int(percent), 99 if media.failure else 100)

    def usable(self, media_ids: Sequence[str], *, account_id: str) -> tuple[Media, ...]:
        """Return what a post shows: one to four pictures, or one GIF, or one video.

        Raises `Refused` for what is unknown, expired, another account's, not whole, not looked at
        to the end, or mixed.
        """
        found = [self.find(media_id, account_id=account_id) for media_id in media_ids]
        good = tuple(media for media in found if media and self.progress(media) == 100)
        if len(good) < len(media_ids):
            raise Refused(invalid_media(media_ids))
        if len(good) > 1 and {media.category for media in good} != {"tweet_image"}:
            raise Refused(TOO_MANY_KINDS)
        return good

    def _next_failure(self) -> Failure | None:
        return self.failures.pop(0) if self.failures else None

    def _keep(self, media: Media) -> Media:
        self._by_id[media.id] = media
        return media


def _check(media: Media) -> Failure | None:
    """Return what X finds wrong with a GIF or a video."""
    if read_type(media.blob.read(HEAD)) != media.media_type:
        return Failure()
    width, height = media.dimensions
    if media.category == "tweet_gif" and (width > LARGEST_GIF[0] or height > LARGEST_GIF[1]):
        return Failure("UnsupportedMedia", f"Dimensions {width}x{height} exceed max 1280x1080")
    return None
