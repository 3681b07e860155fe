"""Files that go with a post: what they are, and whether X can take them.

Nothing of a file is held: `Media` names it, and its bytes are read when they are uploaded.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BufferedReader

from tweetbot.draft import MB, Kind, Media
from tweetbot.errors import ConfigurationError, TextRefused
from tweetbot.foreign import address, one_line
from tweetbot.sources import media_types
from tweetbot.text import check_characters, is_blank

LONGEST_ALT = 1_000  # characters (docs.x.com, OpenAPI document, `alt_text`)
MOST_PICTURES = 4
# docs.x.com, x-api/media/quickstart/best-practices
LARGEST: dict[Kind, int] = {"picture": 5 * MB, "GIF": 15 * MB, "video": 512 * MB}
_LARGEST_GIF = (1280, 1080)
_SECONDS = (0.5, 140)
# 4:2:0 and two channels at most (the same page); it wants an even width and height.
_FILM = "-vf scale=-2:720 -pix_fmt yuv420p -ac 2"


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
    if name == "-":
        raise ConfigurationError(
            "A picture or video is no standard input.", "Write it to a file, and give that."
        )
    if re.match(r"(?i)https?://", name):
        raise ConfigurationError(
            f"{address(name)} is an address, and a picture or video is a file here.",
            "Download it first, by `curl -fLO` for example, and give the file.",
        )
    try:
        if not stat.S_ISREG(os.stat(name).st_mode):
            raise ConfigurationError(f"{name} is not a file.", "Give a picture's or video's file.")
        with open(name, "rb") as file:
            yield file
    except OSError as error:
        is_forbidden = isinstance(error, PermissionError)
        remedy = "Let this user read it." if is_forbidden else "Check the name of the file."
        raise ConfigurationError(f"{name} cannot be read: {error.strerror}.", remedy) from None
    except ValueError:  # a NUL in the name
        raise ConfigurationError("The name of a picture's file is none.") from None


def _unknown(name: str, head: bytes) -> ConfigurationError:
    what = media_types.other_kind(head) if head else "empty"
    if what == "empty":
        return ConfigurationError(f"{name} is empty.", "Check what has written it.")
    if what.endswith("picture"):
        remedy = _by_imagemagick("Convert it", name, "-format jpg", into=".jpg")
    elif what.endswith("video"):
        remedy = _by_ffmpeg("Convert it", name, _FILM, into=".mp4")
    else:
        remedy = "X takes JPEG, PNG, WEBP and GIF pictures, and MP4 and MOV videos."
    kind = f"is {what}" if what else "is no picture or video"
    return ConfigurationError(f"{name} {kind}; X does not take it.", remedy)


def _check_size(media: Media) -> None:
    largest = LARGEST[media.kind]
    if media.size <= largest:
        return
    name, what = media.path, "Shrink it"
    if media.kind == "picture":
        # A PNG of a photo stays large whatever its size, so it becomes a JPEG.
        how = "-format jpg -resize '2048x2048>' -quality 85"
        remedy = _by_imagemagick(what, name, how, into=".jpg")
    elif media.kind == "GIF":
        remedy = _smaller_gif(name, "480x480")
    else:
        remedy = _by_ffmpeg(what, name, _FILM, into="-720.mp4")
    raise ConfigurationError(
        f"{name} has {media.size_in_words}, and X takes {largest // MB} MB at most.", remedy
    )


def _check_dimensions(media: Media, found: tuple[int, int]) -> None:
    if found[0] > _LARGEST_GIF[0] or found[1] > _LARGEST_GIF[1]:
        most = f"{_LARGEST_GIF[0]}x{_LARGEST_GIF[1]}"
        raise ConfigurationError(
            f"{media.path} is {found[0]}x{found[1]} pixels, and X takes a GIF of {most} at most.",
            _smaller_gif(media.path, most),
        )


def _check_length(media: Media, found: float | None) -> None:
    if found is None or _SECONDS[0] <= found <= _SECONDS[1]:
        return
    least, most = _SECONDS
    remedy = "Give a longer one."
    if found > most:
        # A second less: sound and pictures are cut at their own borders, after that time. Of a MOV
        # an MP4 may take neither as it is.
        ending = "-short.mov" if media.media_type == "video/quicktime" else "-short.mp4"
        remedy = _by_ffmpeg("Cut it", media.path, f"-t {most - 1:g} -c copy", into=ending)
    long = f"{found:.1f}" if round(found, 1) != most else f"{found:.3f}"
    raise ConfigurationError(
        f"{media.path} is {long} s long, and X takes videos of {least} to {most:g} s.", remedy
    )


# -- lines to paste: they work as they stand, and replace no file ------------------------------


def _smaller_gif(name: str, most: str) -> str:
    how = f"-format gif -coalesce -resize '{most}>' -layers optimize"
    return _by_imagemagick("Shrink it", name, how, into=".gif")


def _by_imagemagick(what: str, name: str, how: str, *, into: str) -> str:
    said = f"{what} with ImageMagick"
    if not _can_be_pasted(name, unlike="*?[]%:"):  # with these it means something else
        return f"{said}."
    beside, folder = _beside(name, into), ""
    if os.path.lexists(beside):
        where = os.path.join(os.path.dirname(name), "smaller")
        beside = os.path.join(where, os.path.basename(beside))
        folder = f"mkdir -p {_quoted(where)} && "
        how = f"-path {_quoted(where)} {how}"
    line = f"{folder}mogrify {how} {_quoted(name)}"
    return f"{said}, then give {_quoted(beside)}: {line}"


def _by_ffmpeg(what: str, name: str, how: str, *, into: str) -> str:
    """It asks before it replaces a file."""
    said = f"{what} with ffmpeg"
    if not _can_be_pasted(name):
        return f"{said}."
    made = _beside(name, into)
    if os.path.lexists(made):
        made = _beside(name, f"-new{into}")
    line = " ".join(["ffmpeg -i", _quoted(name), *filter(None, [how]), _quoted(made)])
    return f"{said}, then give {_quoted(made)}: {line}"


def _can_be_pasted(name: str, *, unlike: str = "") -> bool:
    """Whether a message shows a name as it is: it is one line, and has no double spaces."""
    return name == one_line(name) and not any(letter in name for letter in unlike)


def _beside(name: str, ending: str) -> str:
    return os.path.splitext(name)[0] + ending


def _quoted(name: str) -> str:
    """Write a name as a shell reads it, and no program takes it for an option."""
    from shlex import quote  # late: messages alone need it

    return quote(
        name if (name[0].isalnum() and ":" not in name) or name[0] in "/._" else f"./{name}"
    )
