"""A text that was given directly, and what looks like an error instead of one."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tweetbot.draft import USUAL, Draft, Media, Part, Poll, Target, Terms, thread
from tweetbot.errors import ConfigurationError, TextRefused
from tweetbot.text import check_size, is_blank, measure
from tweetbot.values import dataclass

DAY = 24 * 3600
LONGEST_THREAD = 25  # posts
LONGEST_OPTION = 25  # characters of a poll's option, weighed (docs.x.com, OpenAPI document)
# Compiled when they are used: few texts need one.
BETWEEN_PARTS = r"(?m)^---[ \t]*$\n?"
_NOTHINGS = ("null", "None", "undefined")
_ERROR_BEGINNINGS = ("<!doctype", "<html", "<?xml", "traceback (most recent call last)")
_DOCUMENT = r"(?s)<([A-Za-z][\w:.-]*)(\s[^<>]*)?>.*</\1\s*>"


@dataclass(frozen=True)
class Extras:
    """What goes with a text that is given directly; `reply_to` is an own post.

    Of a thread, `media` goes with its first post. `alt` describes what a list's items show.
    """

    is_thread: bool = False
    poll: Poll | None = None
    reply_to: Target | None = None
    made_with_ai: bool = False
    media: tuple[Media, ...] = ()
    alt: str | None = None


ALONE = Extras()


@dataclass(frozen=True)
class Given:
    """A text that was given directly."""

    given: Draft
    key: None = None
    lasting: float = 0

    def draft(self, _cursor: Any) -> Draft:
        return self.given

    def is_called(self, _name: str | None) -> bool:
        return False

    def adopt(self, cursors: Mapping[str, Any]) -> Mapping[str, Any]:
        return cursors


def given(
    text: str, terms: Terms = USUAL, extras: Extras = ALONE, *, is_looked_at: bool = True
) -> Given:
    """Post `text`; newlines at its end are dropped, nothing else is altered.

    `is_looked_at` says that a person wrote it where they saw it, on the command line. Raises
    `TextRefused` if it can never be posted.
    """
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").rstrip("\r\n")  # as Windows has it
    refused = None if is_looked_at else rubbish(text)
    if extras.is_thread and not is_blank(text):
        first, *others = thread(_parts(text), terms)
        parts = (replace(first, media=extras.media), *others)
    else:
        if not terms.fit:
            check_size(text)
        media = () if extras.is_thread else extras.media
        parts = (Part.of(text, terms, refused=refused, media=media),)
    if extras.poll:
        check_poll(extras.poll)
        parts = (replace(parts[0], poll=extras.poll),)
    made = Draft(parts, reply_to=extras.reply_to, made_with_ai=extras.made_with_ai)
    if cause := refused or made.refused:
        raise cause
    return Given(made)


def _parts(text: str) -> list[str]:
    """Cut a thread at its lines of --- alone; raises `TextRefused` unless each can be a post."""
    return checked_parts([part.strip("\r\n") for part in re.split(BETWEEN_PARTS, text)])


def checked_parts(parts: list[str]) -> list[str]:
    """Return the texts of a thread; raises `TextRefused` unless each can be a post."""
    remedy = "Write a line of --- alone between two posts."
    if len(parts) < 2:
        raise TextRefused("This is one post, and no thread.", remedy)
    if len(parts) > LONGEST_THREAD:
        raise TextRefused(
            f"The thread has {len(parts)} posts, and may have {LONGEST_THREAD}.", "Shorten it."
        )
    for number, part in enumerate(parts, start=1):
        check_size(part)
        if is_blank(part):
            raise TextRefused(f"Post {number} of the thread is empty.", remedy)
        if part in parts[: number - 1]:
            raise TextRefused(
                f"Post {number} of the thread says the same as an earlier one.",
                "X refuses the same text twice; change it.",
            )
    return parts


def poll_of(options: Sequence[str], seconds: float) -> Poll:
    """Make a poll; raises `ConfigurationError` where X takes no such one."""
    if not 2 <= len(options) <= 4:
        raise ConfigurationError(
            f"The poll has {len(options)} option{'' if len(options) == 1 else 's'}; X takes two to"
            " four.",
            "Give --poll once for each.",
        )
    if not 5 * 60 <= seconds <= 7 * DAY:
        raise ConfigurationError(
            "A poll lasts from 5 minutes (5m) to 7 days (7d).", "See --poll-for."
        )
    return Poll(tuple(options), int(seconds // 60))


def check_poll(poll: Poll) -> None:
    """Raise `TextRefused` for an option that X would refuse."""
    for option in poll.options:
        weighed = measure(option).weighted_length
        if is_blank(option) or weighed > LONGEST_OPTION:
            raise TextRefused(
                f'The option "{option}" of the poll has {weighed} characters;'
                f" X takes 1 to {LONGEST_OPTION}.",
                "Write it another way.",
            )
    if len(set(poll.options)) < len(poll.options):
        raise TextRefused("Two options of the poll are the same.", "Write one another way.")


def rubbish(text: str) -> TextRefused | None:
    """Refuse what a failed program prints instead of a post.

    For texts that nobody has looked at: from standard input, a feed, or a list of nothing else.
    """
    bare = text.strip()
    if (
        bare in _NOTHINGS
        or bare.lower().startswith(_ERROR_BEGINNINGS)
        or _is_object(bare)
        or (bare.startswith("<") and re.fullmatch(_DOCUMENT, bare))
    ):
        return TextRefused(
            "This looks like an error, not a post.",
            "Check the program that writes it; given as an argument, it would be posted.",
        )
    return None


def _is_object(text: str) -> bool:
    """Whether it is one JSON object: an answer of a server, say."""
    if not (text.startswith("{") and text.endswith("}")):
        return False
    try:
        return isinstance(json.loads(text), dict)
    except (ValueError, RecursionError):
        return False
