"""How an item of a list becomes a draft: its text measured, its files looked at, once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from tweetbot.draft import USUAL, Media, Part, Poll, Terms
from tweetbot.errors import ConfigurationError, TextRefused
from tweetbot.settings import duration
from tweetbot.sources.given import check_poll, checked_parts, poll_of
from tweetbot.sources.item import Content, File
from tweetbot.text import is_blank
from tweetbot.values import dataclass

if TYPE_CHECKING:
    from tweetbot.sources.template import Template


@dataclass(frozen=True)
class Making:
    """What holds for every item of a list: its folder, and what the options say.

    `alt` describes what an item shows that has no description; `made_with_ai` holds for one that
    does not say otherwise.
    """

    folder: Path
    terms: Terms = USUAL
    template: Template | None = None
    alt: str | None = None
    made_with_ai: bool = False

    def parts(self, content: Content, *, refused: TextRefused | None = None) -> tuple[Part, ...]:
        """Make the posts of an item; one that can never be posted is `refused`."""
        try:
            if content.fault:
                raise TextRefused(f"It {content.fault}.", "Mend the item.")
            if content.thread and self.template is None:
                return self._thread(content)
            return (self._part(content, refused),)
        except (TextRefused, ConfigurationError) as error:  # of a file, it is this item's fault
            cause = TextRefused(error.happened, error.remedy)
            return (Part.of(content.text, self.terms, refused=cause),)

    def _thread(self, content: Content) -> tuple[Part, ...]:
        if content.text or content.files or content.poll:
            raise TextRefused("It is a thread, and has a text, files or a poll besides.", _APART)
        if len(content.thread) < 2:
            raise TextRefused("Its thread is one post.", "Make it a text.")
        if any(part.poll or part.thread or part.fault for part in content.thread):
            raise TextRefused("A post of its thread is more than a text with files.", _APART)
        checked_parts([part.text or str(part.files) for part in content.thread])
        return tuple(self._part(part, None) for part in content.thread)

    def _part(self, content: Content, refused: TextRefused | None) -> Part:
        media = self._media(content.files)
        poll = _poll(content)
        if self.template is None:
            part = Part.of(content.text, self.terms, refused=refused, media=media)
        elif media and is_blank(self.template.filled(content.values)):
            part = Part.of("", self.terms, refused=refused, media=media)
        else:
            part = self.template.part(content.values, self.terms, refused=refused)
        return replace(part, media=media, poll=poll)

    def _media(self, files: Sequence[File]) -> tuple[Media, ...]:
        media = []
        for file in files:
            alt = self.alt if file.alt is None else file.alt
            if alt is None:
                raise TextRefused(
                    f"{file.name} has no alt text.",
                    "Describe it for who cannot see it; or give one for all of them by --alt.",
                )
            from tweetbot.sources.media import read_media  # late: most lists show nothing

            media.append(read_media(self.folder / file.name, alt))
        if media:
            from tweetbot.sources.media import check_together

            check_together(media)
        return tuple(media)


_APART = "Put them into its posts."


def _poll(content: Content) -> Poll | None:
    if content.poll is None:
        return None
    if content.files:
        raise TextRefused("It has a poll and files, and X takes one of them.", "Leave one out.")
    options, lasting = content.poll
    try:
        poll = poll_of(options, duration(lasting))
    except ValueError as error:
        raise TextRefused(f'Its poll lasts "{lasting}": {error}.', "Write 1d, or 12h.") from None
    check_poll(poll)
    return poll
