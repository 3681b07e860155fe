"""What the body of `POST /2/tweets` asks for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tweetbot.sandbox import schema
from tweetbot.sandbox.messages import Refused
from tweetbot.sandbox.problems import ONE_KIND_ALONE

_REPLY_SETTINGS: Final = ("following", "mentionedUsers", "subscribers", "verified")
_FLAGS: Final = ("made_with_ai", "paid_partnership")
_FIELDS: Final = ("text", "reply", "reply_settings", "poll", "media", *_FLAGS)


@dataclass(frozen=True)
class Poll:
    """A poll: what can be chosen, and for how long."""

    options: tuple[str, ...]
    duration_minutes: int


@dataclass(frozen=True)
class Creation:
    """A post that is asked for."""

    text: str
    parent: str | None = None
    poll: Poll | None = None
    media_ids: tuple[str, ...] = ()
    reply_settings: str | None = None
    made_with_ai: bool = False
    paid_partnership: bool = False


def read_creation(body: object) -> Creation:
    """Read a body (X's OpenAPI, `CreatePostsRequest`); raises `Refused` for one X would not take.

    Lengths are counted without weights: a client that can count is not tested by a server that
    repeats its sums.
    """
    given = schema.members(body, "$", optional=_FIELDS)
    if "poll" in given and "media" in given:
        raise Refused(ONE_KIND_ALONE)
    creation = Creation(
        text=schema.string(given.get("text", ""), "$.text"),
        parent=_read_parent(given["reply"]) if "reply" in given else None,
        poll=_read_poll(given["poll"]) if "poll" in given else None,
        media_ids=_read_media(given["media"]) if "media" in given else (),
        reply_settings=_read_reply_settings(given, "$"),
        made_with_ai=schema.flag(given.get("made_with_ai", False), "$.made_with_ai"),
        paid_partnership=schema.flag(given.get("paid_partnership", False), "$.paid_partnership"),
    )
    if not creation.text.strip() and not creation.media_ids:
        schema.refuse("$.text", creation.text, "is required.")
    return creation


def _read_parent(value: object) -> str:
    given = schema.members(
        value,
        "$.reply",
        required=("in_reply_to_tweet_id",),
        # Both are taken and do nothing here: nobody is mentioned unless the text says so.
        optional=("exclude_reply_user_ids", "auto_populate_reply_metadata"),
    )
    return schema.id_string(given["in_reply_to_tweet_id"], "$.reply.in_reply_to_tweet_id")


def _read_poll(value: object) -> Poll:
    given = schema.members(
        value, "$.poll", required=("options", "duration_minutes"), optional=("reply_settings",)
    )
    _read_reply_settings(given, "$.poll")  # taken and dropped, says X's OpenAPI
    options = schema.items(given["options"], "$.poll.options", least=2, most=4)
    return Poll(
        tuple(_read_option(option, f"$.poll.options[{n}]") for n, option in enumerate(options)),
        schema.whole(
            given["duration_minutes"], "$.poll.duration_minutes", least=5, most=7 * 24 * 60
        ),
    )


def _read_option(value: object, path: str) -> str:
    option = schema.string(value, path)
    if not 1 <= len(option) <= 25:
        schema.refuse(path, option, "has not 1 to 25 characters.")
    return option


def _read_media(value: object) -> tuple[str, ...]:
    given = schema.members(value, "$.media", required=("media_ids",), optional=("tagged_user_ids",))
    ids = schema.items(given["media_ids"], "$.media.media_ids", least=1, most=4)
    tagged = schema.items(
        given.get("tagged_user_ids", []), "$.media.tagged_user_ids", least=0, most=10
    )
    for one in tagged:
        schema.id_string(one, "$.media.tagged_user_ids")
    return tuple(schema.id_string(one, "$.media.media_ids") for one in ids)


def _read_reply_settings(given: dict[str, object], path: str) -> str | None:
    if "reply_settings" not in given:
        return None
    return schema.choice(given["reply_settings"], f"{path}.reply_settings", among=_REPLY_SETTINGS)
