"""What the options of `post` say of what goes with a text."""

from __future__ import annotations

import os
import re

from tweetbot import sources
from tweetbot.draft import LAST, Media, Poll, Target
from tweetbot.errors import ConfigurationError

DAY = 24 * 3600


def extras_of(
    *,
    is_thread: bool,
    poll: tuple[str, ...],
    poll_for: float | None,
    reply_to: str | None,
    made_with_ai: bool,
    media: tuple[str, ...],
    alt: tuple[str, ...],
    is_list: bool,
) -> sources.Extras:
    """Read the options that go with a text; raises `ConfigurationError` where they do not fit."""
    if poll and media:
        raise ConfigurationError(
            "X takes a poll or pictures, not both.", "Leave out --poll or --media."
        )
    if poll_for is not None and not poll:
        raise ConfigurationError("--poll-for is about a poll.", "Give its options by --poll.")
    if poll and is_thread:
        raise ConfigurationError("A thread has no poll.", "Leave out --thread or --poll.")
    target = None if reply_to is None else target_of(reply_to, "--reply-to")
    for_all = is_list and not media  # the alt text
    return sources.Extras(
        is_thread,
        _poll(poll, poll_for),
        target,
        made_with_ai,
        () if for_all else _described(media, alt),
        _alt_of_all(alt) if for_all else None,
    )


def _described(files: tuple[str, ...], alts: tuple[str, ...]) -> tuple[Media, ...]:
    """Look at the files; each has its alt text, by their order."""
    if len(files) != len(alts):
        raise ConfigurationError(
            f"--media is given {_times(len(files))}, --alt {_times(len(alts))}.",
            "Each --media needs its --alt, in the same order: people who cannot see a picture hear"
            " its description. --alt '' leaves it out on purpose.",
        )
    if not files:  # and so nothing of what reads them is loaded
        return ()
    media = tuple(
        sources.read_media(file, _unicode(alt), whole=True)
        for file, alt in zip(files, alts, strict=True)
    )
    sources.check_together(media)
    return media


def _times(number: int) -> str:
    return {0: "not at all", 1: "once", 2: "twice"}.get(number, f"{number} times")


def _alt_of_all(alts: tuple[str, ...]) -> str | None:
    """Take the one alt text that holds for every item of a list that has none of its own."""
    if len(alts) > 1:
        raise ConfigurationError(
            "A list takes one --alt, which holds for every item that has none of its own.",
            "Leave out the others.",
        )
    return sources.check_alt(_unicode(alts[0])) if alts else None


def _unicode(argument: str) -> str:
    """Return an argument of the command line as text; what is no UTF-8 is refused as such."""
    return os.fsencode(argument).decode(errors="surrogateescape")


def _poll(options: tuple[str, ...], poll_for: float | None) -> Poll | None:
    return sources.poll_of(options, DAY if poll_for is None else poll_for) if options else None


def target_of(text: str, option: str) -> Target:
    """Read what names an own post: its address, its id, or `last`."""
    address = r"(?:https?://[^/]+/(\w+)/status(?:es)?/)?([0-9]{1,19})(?:[/?#].*)?"
    found = re.fullmatch(address, text)
    if text == LAST:
        return Target(LAST)
    if not found:
        what = "is empty: a variable of the shell, perhaps" if not text else "is no post"
        raise ConfigurationError(
            f"{option} {what}.", "Give the address that `tweetbot post` printed, its id, or last."
        )
    return Target(found[2], None if found[1] == "i" else found[1])
