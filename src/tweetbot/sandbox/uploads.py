"""X API v2: media are uploaded, at once or in chunks, looked at, and described."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from math import ceil
from typing import Final

from tweetbot.sandbox import schema
from tweetbot.sandbox.formats import CATEGORIES, HEAD, Category, read_type
from tweetbot.sandbox.grants import Grant
from tweetbot.sandbox.media import SESSION_SECONDS, Library, Media
from tweetbot.sandbox.messages import Answer, Call, Refused, json_answer
from tweetbot.sandbox.problems import (
    JSON_ALONE,
    MEDIA_NOT_FOUND,
    SEGMENTS_MISSING,
    gateway_error,
)
from tweetbot.sandbox.queries import refuse_unknown, refuse_value
from tweetbot.sandbox.rules import Rules

LARGEST_CHUNK: Final = 5 * 1024 * 1024
_LONGEST_ALT: Final = 1_000
_CHECK_AFTER: Final = 1


class Uploads:
    """Takes media (scope `media.write`)."""

    def __init__(self, library: Library, rules: Rules, *, now: Callable[[], float]) -> None:
        self._library = library
        self._rules = rules
        self._now = now

    def upload(self, call: Call, grant: Grant, _: str) -> Answer:
        """Answer `POST /2/media/upload`: a picture in one request."""
        given = self._read(
            call, required=("media", "media_category"), optional=("additional_owners",)
        )
        # The specification has GIFs and videos here too, the documentation pictures alone.
        category = _read_category(given, among=("tweet_image",))
        data = _read_bytes(given["media"])
        if len(data) > category.largest:
            raise Refused(gateway_error(413))
        media_type = read_type(data[:HEAD])
        if media_type not in category.media_types:
            schema.refuse("$.media", f"{len(data)} bytes", "is no JPEG, PNG, WEBP or GIF.")
        media = self._library.begin(
            category.name, media_type, size=len(data), account=grant.account
        )
        media.blob.put(0, data)
        return self._shown(self._library.finalize(media))

    def initialize(self, call: Call, grant: Grant, _: str) -> Answer:
        """Answer `POST /2/media/upload/initialize`."""
        given = schema.members(
            call.json,
            "$",
            required=("media_type", "media_category", "total_bytes"),
            optional=("shared", "additional_owners"),
        )
        category = _read_category(given, among=tuple(CATEGORIES))
        media = self._library.begin(
            category.name,
            schema.choice(given["media_type"], "$.media_type", among=category.media_types),
            size=schema.whole(
                given["total_bytes"], "$.total_bytes", least=1, most=category.largest
            ),
            account=grant.account,
        )
        data = {"id": media.id, "media_key": media.key, "expires_after_secs": SESSION_SECONDS}
        note = f"{media.media_type} of {media.size} bytes is to come as {media.id}"
        return json_answer(200, {"data": data}, note=note)

    def append(self, call: Call, grant: Grant, media_id: str) -> Answer:
        """Answer `POST /2/media/upload/{id}/append`: a chunk, which may come again."""
        given = self._read(call, required=("media", "segment_index"))
        media = self._find(media_id, grant)
        index = schema.whole(_number(given["segment_index"]), "$.segment_index", least=0, most=999)
        data = _read_bytes(given["media"])
        if len(data) > LARGEST_CHUNK:
            raise Refused(gateway_error(413))
        if media.finalized_at is not None or media.blob.size_with(index, data) > media.size:
            schema.refuse("$.media", f"{len(data)} bytes", "is more than was announced.")
        media.blob.put(index, data)
        note = f"chunk {index} of {media.id}, {len(data)} bytes"
        return json_answer(200, {"data": {"expires_at": int(media.expires_at)}}, note=note)

    def finalize(self, call: Call, grant: Grant, media_id: str) -> Answer:
        """Answer `POST /2/media/upload/{id}/finalize`."""
        if not (self._rules.bare_finalize and call.is_empty):
            schema.members(call.json, "$")
        media = self._find(media_id, grant)
        if media.blob.size != media.size or not media.blob.is_whole:
            raise Refused(SEGMENTS_MISSING)
        return self._shown(media if media.finalized_at else self._library.finalize(media))

    def status(self, call: Call, grant: Grant, _: str) -> Answer:
        """Answer `GET /2/media/upload`: how far X has looked at a file."""
        refuse_unknown(call.query, ("media_id", "command"))
        command = call.query.get("command", "STATUS")
        if command != "STATUS":
            refuse_value("command", command, "is not one of [STATUS]")
        return self._shown(self._find(call.query.get("media_id", ""), grant))

    def describe(self, call: Call, grant: Grant, _: str) -> Answer:
        """Answer `POST /2/media/metadata`: the alt text."""
        given = schema.members(call.json, "$", required=("id", "metadata"))
        metadata = schema.members(given["metadata"], "$.metadata", required=("alt_text",))
        alt_text = schema.members(metadata["alt_text"], "$.metadata.alt_text", required=("text",))
        text = schema.string(alt_text["text"], "$.metadata.alt_text.text")
        if len(text) > _LONGEST_ALT:
            schema.refuse("$.metadata.alt_text.text", text, "has more than 1000 characters.")
        media = self._find(schema.id_string(given["id"], "$.id"), grant)
        self._library.describe(media, text)
        data = {"id": media.id, "associated_metadata": {"alt_text": {"text": text}}}
        return json_answer(200, {"data": data}, note=f"{media.id} is described")

    def _read(self, call: Call, **names: tuple[str, ...]) -> Mapping[str, object]:
        """Return the fields of a body that is multipart or JSON."""
        if not call.is_multipart:
            return schema.members(call.json, "$", **names)
        if not self._rules.multipart:
            raise Refused(JSON_ALONE)
        given = {
            name: data if name == "media" else call.form.get(name, "")
            for name, data in call.parts.items()
        }
        return schema.members(given, "$", **names)

    def _find(self, media_id: str, grant: Grant) -> Media:
        media = self._library.find(media_id, account_id=grant.account.id)
        if media is None:
            raise Refused(MEDIA_NOT_FOUND)
        return media

    def _shown(self, media: Media) -> Answer:
        width, height = media.dimensions
        data: dict[str, object] = {
            "id": media.id,
            "media_key": media.key,
            "size": media.size,
            "expires_after_secs": ceil(media.expires_at - self._now()),
        }
        if media.category == "tweet_video":
            data["video"] = {"video_type": media.media_type}
        else:
            data["image"] = {"w": width, "h": height, "image_type": media.media_type}
        note = f"{media.media_type} of {media.size} bytes is {media.id}"
        if media.is_processed and media.finalized_at is not None:
            data["processing_info"] = info = self._processing(media)
            note += f", {info['state']}"
        return json_answer(200, {"data": data}, note=note)

    def _processing(self, media: Media) -> dict[str, object]:
        percent = self._library.progress(media)
        info: dict[str, object] = {"state": "in_progress", "progress_percent": percent}
        if percent == 100:
            return info | {"state": "succeeded"}
        if media.failure and percent == 99:
            failure = media.failure
            error = {"code": failure.code, "name": failure.name, "message": failure.message}
            return info | {"state": failure.state, "error": error}
        if percent < 50:
            info = {"state": "pending"}
        return info | {"check_after_secs": _CHECK_AFTER}


def _read_category(given: Mapping[str, object], *, among: tuple[str, ...]) -> Category:
    return CATEGORIES[schema.choice(given["media_category"], "$.media_category", among=among)]


def _read_bytes(value: object) -> bytes:
    """Return the bytes of a file: as they are in a multipart body, in base64 in JSON."""
    try:
        data = value if isinstance(value, bytes) else base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        schema.refuse("$.media", "", "is not base64.")
    if not data:
        schema.refuse("$.media", "", "is empty.")
    return data


def _number(value: object) -> object:
    """Return a number that a form can only spell."""
    is_spelled = isinstance(value, str) and value.isascii() and value.isdigit()
    return int(str(value)[:6]) if is_spelled else value
