"""The parts of a draft as they are written down until they are live, and back."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from tweetbot.draft import Part
from tweetbot.profile import PendingMedia, PendingPart

if TYPE_CHECKING:
    from tweetbot.x import Upload

Uploads = Sequence[Sequence["Upload"]]  # of each part; none where no part has any


def waiting_parts(parts: Sequence[Part], uploads: Uploads) -> tuple[PendingPart, ...]:
    """Make what is written down of each part."""
    return tuple(
        PendingPart(
            text=part.text,
            media=tuple(
                PendingMedia(file=os.path.abspath(media.path), alt=media.alt)
                for media in part.media
            ),
            media_keys=tuple(upload.key for upload in uploaded),
        )
        for part, uploaded in zip(parts, uploads or [()] * len(parts), strict=True)
    )


def part_of(waiting: PendingPart) -> Part:
    """Make a part of what was written down; raises `ConfigurationError` if its files are gone."""
    from tweetbot.sources import read_media

    media = tuple(read_media(one.file, one.alt) for one in waiting.media)
    return Part.of(waiting.text, media=media)


def ids_of(uploads: Uploads) -> list[list[str]]:
    """Return the ids under which a post names what it shows."""
    return [[upload.id for upload in uploaded] for uploaded in uploads]
