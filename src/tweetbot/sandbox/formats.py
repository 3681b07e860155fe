"""Kinds of media: how X tells them by their bytes, and how large each may be."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

HEAD: Final = 65_536  # how much of a file is looked at
_MB: Final = 1_000_000


@dataclass(frozen=True)
class Category:
    """What X's `media_category` allows; `mark` begins the media keys."""

    name: str
    media_types: tuple[str, ...]
    largest: int
    mark: str
    is_processed: bool = True


# docs.x.com, x-api/media/introduction and quickstart/best-practices.
CATEGORIES: Final = {
    one.name: one
    for one in (
        Category(
            "tweet_image",
            ("image/jpeg", "image/png", "image/webp", "image/gif"),
            5 * _MB,
            "3",
            is_processed=False,
        ),
        Category("tweet_gif", ("image/gif",), 15 * _MB, "16"),
        Category("tweet_video", ("video/mp4", "video/quicktime"), 512 * _MB, "7"),
    )
}
LARGEST_GIF: Final = (1280, 1080)


def read_type(head: bytes) -> str | None:
    """Return the media type that a file's first bytes tell."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    if head[4:8] in (b"moov", b"mdat", b"wide", b"free"):  # QuickTime before it had `ftyp`
        return "video/quicktime"
    return None


def read_dimensions(head: bytes) -> tuple[int, int]:
    """Return width and height of a picture; zeros if its first bytes do not tell."""
    try:
        match read_type(head):
            case "image/png":
                width, height = struct.unpack_from(">II", head, 16)
            case "image/gif":
                width, height = struct.unpack_from("<HH", head, 6)
            case "image/webp":
                width, height = _webp_dimensions(head)
            case "image/jpeg":
                width, height = _jpeg_dimensions(head)
            case _:
                return 0, 0
    except (struct.error, IndexError):
        return 0, 0
    return width, height


def _webp_dimensions(head: bytes) -> tuple[int, int]:
    if head[12:16] == b"VP8X":  # each three bytes, less one
        low, high = struct.unpack_from("<HB", head, 24), struct.unpack_from("<HB", head, 27)
        return low[0] + (low[1] << 16) + 1, high[0] + (high[1] << 16) + 1
    if head[12:16] == b"VP8L":  # 14 bits each, less one
        bits = struct.unpack_from("<I", head, 21)[0]
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack_from("<HH", head, 26)
    return width & 0x3FFF, height & 0x3FFF


def _jpeg_dimensions(head: bytes) -> tuple[int, int]:
    at = 2
    while head[at] == 0xFF:
        marker, length = head[at + 1], struct.unpack_from(">H", head, at + 2)[0]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):  # a start of frame
            height, width = struct.unpack_from(">HH", head, at + 5)
            return width, height
        at += 2 + length
    return 0, 0
