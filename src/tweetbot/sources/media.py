"""Files that go with a post: what they are, and whether X can take them.

Nothing of a file is held: `Media` names it, and its bytes are read when they are uploaded.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader

from tweetbot.draft import MB, Kind, Media
from tweetbot.errors import ConfigurationError, TextRefused
from tweetbot.sources import media_types
from tweetbot.text import check_characters, is_blank

LONGEST_ALT = 1_000  # characters (docs.x.com, OpenAPI document, `alt_text`)
MOST_PICTURES = 4
# docs.x.com, x-api/media/quickstart/best-practices
LARGEST: dict[Kind, int] = {"picture": 5 * MB, "GIF": 15 * MB, "video": 512 * MB}
_LARGEST_GIF = (1280, 1080)
_SECONDS = (0.5, 140)


def read_media(path: str | os.PathLike[str], alt: str, *, whole: bool = False) -> Media:
    """Look at a file's first bytes and size; an empty `alt` leaves the description out.

    With `whole`, all of it is read, so that the digest of the draft tells its content and not its
    name. Raises `ConfigurationError` for a file that cannot be posted, `TextRefused` for such a
    description.
    """
    name = os.fspath(path)
    described = check_alt(alt)
    with _open(name) as file:
        size = os.fstat(file.fileno()).st_size
        head = file.read(media_types.HEAD)
        kind = media_types.media_type(head)
        if kind is None:
            raise _unknown(name, head)
        media = Media(name, kind, size, described)
        _check_size(media)
        if media.kind == "GIF":
            _check_dimensions(media, media_types.gif_dimensions(head))
        if media.kind == "video":
            _check_length(media, media_types.seconds(file))
        if not whole:
            return media
        file.seek(0)
        content = hashlib.file_digest(file, "sha256").hexdigest()
    return Media(name, kind, size, described, content)


def check_together(media: Sequence[Media]) -> None:
    """Raise `ConfigurationError` unless X takes these files with one post."""
    kinds = {one.kind for one in media}
    if len(kinds) > 1 or (kinds & {"GIF", "video"} and len(media) > 1):
        raise ConfigurationError(
            f"X takes no {' with '.join(_counted(media))} in one post.",
            "Give one to four pictures, or one GIF, or one video.",
        )
    if len(media) > MOST_PICTURES:
        raise ConfigurationError(
            f"There are {len(media)} pictures, and X takes {MOST_PICTURES} in one post.",
            "Leave some out.",
        )


def check_alt(alt: str) -> str:
    """Return a description as it is sent; raises `TextRefused` if X would not take it."""
    described = alt.strip()
    if alt and is_blank(described):
        raise TextRefused(
            f"An alt text is {'invisible' if described else 'white space alone'}.",
            "Say what is to be seen; an empty one leaves it out on purpose.",
        )
    if len(described) > LONGEST_ALT:
        raise TextRefused(
            f"An alt text has {len(described)} characters, and X takes {LONGEST_ALT:,} at most.",
            f"Shorten it by {len(described) - LONGEST_ALT}.",
        )
    check_characters(described, "alt text")
    return described


def _counted(media: Sequence[Media]) -> Iterator[str]:
    for kind in dict.fromkeys(one.kind for one in media):
        count = sum(one.kind == kind for one in media)
        yield kind if count == 1 else f"{count} {kind}s"


@contextmanager
def _open(name: str) -> Iterator[BufferedReader]:
    """Open a file; a pipe, which can be read only once, is none."""
    if not name:
        raise ConfigurationError(
            "The name of a picture's file is empty: a variable of the shell, perhaps.",
            "Give a file.",
        )
    try:
        if not stat.S_ISREG(os.stat(name).st_mode):
            raise ConfigurationError(f"{name} is not a file.", "Give a picture's or video's file.")
        with open(name, "rb") as file:
            yield file
    except OSError as error:
        raise ConfigurationError(
            f"{name} cannot be read: {error.strerror}.", "Check the name of the file."
        ) from None
    except ValueError:  # a NUL in the name
        raise ConfigurationError("The name of a picture's file is none.") from None


def _unknown(name: str, head: bytes) -> ConfigurationError:
    what = media_types.other_kind(head) if head else "empty"
    quoted = _quoted(name)
    if what == "empty":
        return ConfigurationError(f"{name} is empty.", "Check what has written it.")
    if what.endswith("picture"):
        remedy = f"Convert it: mogrify -format jpg {quoted}"
    elif what.endswith("video"):
        remedy = f"Convert it: ffmpeg -i {quoted} {_quoted(_beside(name, '.mp4'))}"
    else:
        remedy = "X takes JPEG, PNG, WEBP and GIF pictures, and MP4 and MOV videos."
    kind = f"is {what}" if what else "is no picture or video"
    return ConfigurationError(f"{name} {kind}; X does not take it.", remedy)


def _check_size(media: Media) -> None:
    largest = LARGEST[media.kind]
    if media.size <= largest:
        return
    name, smaller = _quoted(media.path), _quoted(_beside(media.path, "-720.mp4"))
    lines = {
        # A PNG of a photo stays large whatever its size, so it becomes a JPEG beside it.
        "picture": "mogrify"
        + ("" if media.media_type == "image/jpeg" else " -format jpg")
        + f" -resize '2048x2048>' -quality 85 {name}",
        "GIF": f"mogrify -resize '480x480>' -layers optimize {name}",
        "video": f"ffmpeg -i {name} -vf scale=-2:720 {smaller}",
    }
    raise ConfigurationError(
        f"{media.path} has {media.size_in_words}, and X takes {largest // MB} MB at most.",
        f"Shrink it{_in_place(lines[media.kind])}: {lines[media.kind]}",
    )


def _in_place(line: str) -> str:
    is_kept = "-format" in line or line.startswith("ffmpeg")
    return "" if is_kept else " (this replaces the file)"


def _check_dimensions(media: Media, found: tuple[int, int]) -> None:
    if found[0] > _LARGEST_GIF[0] or found[1] > _LARGEST_GIF[1]:
        most = f"{_LARGEST_GIF[0]}x{_LARGEST_GIF[1]}"
        raise ConfigurationError(
            f"{media.path} is {found[0]}x{found[1]} pixels, and X takes a GIF of {most} at most.",
            f"Shrink it (this replaces the file): mogrify -resize '{most}>' {_quoted(media.path)}",
        )


def _check_length(media: Media, found: float | None) -> None:
    if found is None or _SECONDS[0] <= found <= _SECONDS[1]:
        return
    least, most = _SECONDS
    cut = _quoted(_beside(media.path, "-short.mp4"))
    raise ConfigurationError(
        f"{media.path} is {found:.1f} s long, and X takes videos of {least} to {most:g} s.",
        f"Cut it: ffmpeg -i {_quoted(media.path)} -t {most:g} -c copy {cut}"
        if found > most
        else "Give a longer one.",
    )


def _beside(name: str, ending: str) -> str:
    return os.path.splitext(name)[0] + ending


def _quoted(name: str) -> str:
    """Write a name as a shell reads it."""
    from shlex import quote  # late: messages alone need it

    return quote(name)
