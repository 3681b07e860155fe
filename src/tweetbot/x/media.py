"""X API v2, media: a picture in one request, a GIF or a video in chunks, and alt texts.

Each call may be sent again: an upload that nobody uses expires, and a chunk of the same number
takes the place of the first. docs.x.com, x-api/media, and X's OpenAPI document, 2.168.
"""

from __future__ import annotations

import base64
import json
import secrets
import time
from collections.abc import Callable, Mapping
from typing import Any

from tweetbot.draft import Kind, Media
from tweetbot.errors import AnswerLost, ConfigurationError
from tweetbot.foreign import one_line
from tweetbot.values import dataclass
from tweetbot.x.answer import Answer
from tweetbot.x.api import DEADLINE, XApi
from tweetbot.x.posts import is_id
from tweetbot.x.refusals import refusal
from tweetbot.x.words import mapping, read_words, shown

CHUNK = 2 * 1024 * 1024  # bytes; a chunk of 5 MiB was seen to be refused (twitteroauth 1257)
_DEADLINE = 20.0  # seconds, and one more for each:
_BYTES_A_SECOND = 50_000
_CATEGORIES = {"picture": "tweet_image", "GIF": "tweet_gif", "video": "tweet_video"}
_MARKS = {"picture": "3", "GIF": "16", "video": "7"}  # with which X's media keys begin
_JSON = {"Content-Type": "application/json"}
# Seen for a day in May 2025 (node-twitter-api-v2 591).
_JSON_ALONE = b"content-type of application/json"


@dataclass(frozen=True)
class Upload:
    """What X has of a file; `key` names it on the timeline.

    `check_after` is in seconds, `None` where X is done with it; `percent` says how far X is.
    """

    id: str
    key: str
    check_after: float | None = None
    percent: int = 0


def deadline(size: int) -> float:
    """Return how many seconds a request with so many bytes may take."""
    return _DEADLINE + size / _BYTES_A_SECOND


class MediaApi:
    """The calls for media; `api` gives the API with the access token of the moment."""

    def __init__(self, api: Callable[[], XApi], *, now: Callable[[], float] = time.time) -> None:
        self._api = api
        self._now = now
        self._takes_forms = True

    def upload(self, media: Media, content: bytes) -> Upload:
        """Upload a picture (`POST /2/media/upload`)."""
        fields = {"media_category": _CATEGORIES[media.kind]}
        return self._read(self._send("", fields, content, media.media_type), media.kind)

    def initialize(self, media: Media) -> Upload:
        """Begin an upload in chunks (`POST /2/media/upload/initialize`)."""
        fields = {
            "media_type": media.media_type,
            "media_category": _CATEGORIES[media.kind],
            "total_bytes": media.size,
        }
        return self._read(self._post("/2/media/upload/initialize", fields), media.kind)

    def append(self, media: Media, upload_id: str, *, index: int, chunk: bytes) -> None:
        """Send a chunk (`POST /2/media/upload/{id}/append`)."""
        fields = {"segment_index": index}
        self._send(f"/{upload_id}/append", fields, chunk, media.media_type)

    def finalize(self, media: Media, upload_id: str) -> Upload:
        """End an upload in chunks (`POST /2/media/upload/{id}/finalize`).

        With an empty object, for X has refused a body that is none (trypost 202).
        """
        return self._read(self._post(f"/2/media/upload/{upload_id}/finalize", {}), media.kind)

    def status(self, media: Media, upload_id: str) -> Upload:
        """Ask how far X has looked at a file (`GET /2/media/upload`)."""
        params = {"media_id": upload_id, "command": "STATUS"}
        answer = self._ask("GET", "/2/media/upload", params=params, deadline=DEADLINE)
        return self._read(answer, media.kind)

    def describe(self, upload_id: str, alt: str) -> None:
        """Set an alt text (`POST /2/media/metadata`; billed)."""
        fields = {"id": upload_id, "metadata": {"alt_text": {"text": alt}}}
        self._post("/2/media/metadata", fields)

    def _send(self, path: str, fields: Mapping[str, Any], content: bytes, kind: str) -> Answer:
        """Send bytes as a form, or in JSON to a server that wants no form."""
        path = f"/2/media/upload{path}"
        if self._takes_forms:
            headers, pieces = _form(fields, content, kind)
            answer = self._api().request(
                "POST", path, headers=headers, content=pieces, deadline=deadline(len(content))
            )
            self._takes_forms = not (answer.status == 400 and _JSON_ALONE in answer.body.lower())
            if self._takes_forms:
                return self._good(answer)
        return self._post(path, {**fields, "media": base64.b64encode(content).decode()})

    def _post(self, path: str, fields: Mapping[str, Any]) -> Answer:
        body = json.dumps(fields).encode()
        return self._ask("POST", path, headers=_JSON, content=[body], deadline=deadline(len(body)))

    def _ask(self, method: str, path: str, **rest: Any) -> Answer:
        return self._good(self._api().request(method, path, **rest))

    def _good(self, answer: Answer) -> Answer:
        if answer.is_success:
            return answer
        if answer.status >= 500 or answer.status in (408, 409, 425):
            raise AnswerLost(f"X gave no clear answer ({answer.status}).", x=read_words(answer))
        raise refusal(answer, now=self._now(), of="media")

    def _read(self, answer: Answer, kind: Kind) -> Upload:
        """Read what X says of an upload; raises `ConfigurationError` if the file is no good."""
        data = mapping(mapping(answer.json()).get("data"))
        if not is_id(data.get("id")):
            raise AnswerLost("X's answer about the upload cannot be read.", x=read_words(answer))
        info = mapping(data.get("processing_info"))
        # An error counts whatever the state says (twitteroauth 1185).
        if info.get("error") or info.get("state") == "failed":
            raise ConfigurationError(
                f"X cannot use the file{_why(mapping(info.get('error')))}.",
                "Nothing was posted; try another file.",
            )
        key = str(data.get("media_key") or f"{_MARKS[kind]}_{data['id']}")
        if not info or info.get("state") == "succeeded":
            return Upload(data["id"], key, percent=100)
        return Upload(data["id"], key, _seconds(info.get("check_after_secs")), _percent(info))


def _form(
    fields: Mapping[str, Any], content: bytes, kind: str
) -> tuple[dict[str, str], list[bytes]]:
    """Write a form with a file (RFC 7578); the name of the file stays on this machine."""
    boundary = secrets.token_hex(16)
    before = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    before += (
        f'--{boundary}\r\nContent-Disposition: form-data; name="media"; filename="media"\r\n'
        f"Content-Type: {kind}\r\n\r\n"
    )
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    return headers, [before.encode(), content, f"\r\n--{boundary}--\r\n".encode()]


def _why(error: Mapping[str, Any]) -> str:
    """Say why X cannot use a file, where X says it."""
    said = shown(error.get("message")) or shown(error.get("name"))
    return f": {one_line(said)}" if said else ""


def _seconds(value: object) -> float:
    """Read how long X asks to wait: a second at least, no more than can be slept."""
    return float(min(max(1, value), 86_400)) if isinstance(value, int | float) else 1.0


def _percent(info: Mapping[str, Any]) -> int:
    percent = info.get("progress_percent")
    return min(max(0, percent), 99) if isinstance(percent, int) else 0
