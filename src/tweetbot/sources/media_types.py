"""What a file is, as its own bytes tell; its name says nothing."""

from __future__ import annotations

import struct
from typing import BinaryIO

HEAD = 32  # bytes that tell what a file is
_PICTURE_BRANDS = ("heic", "heix", "heim", "heis", "hevc", "mif1", "msf1", "avif", "avis")
_SOUND_BRANDS = ("M4A ", "M4B ", "M4P ")
_MOST_BOXES = 1_000


def media_type(head: bytes) -> str | None:
    """Return the media type, `None` if X takes no such file."""
    if head.startswith(b"\xff\xd8\xff"):
        return "image/jpeg"
    if head.startswith(b"\x89PNG\r\n\x1a\n"):
        return "image/png"
    if head.startswith((b"GIF87a", b"GIF89a")):
        return "image/gif"
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    if head[4:8] == b"ftyp":
        brand = _brand(head)
        if brand in _PICTURE_BRANDS or brand in _SOUND_BRANDS:
            return None
        return "video/quicktime" if brand == "qt  " else "video/mp4"
    if head[4:8] in (b"moov", b"mdat", b"wide"):  # QuickTime before it had `ftyp`
        return "video/quicktime"
    return None


def other_kind(head: bytes) -> str:
    """Name what X does not take, where that is known; empty if it is not."""
    if head[4:8] == b"ftyp":
        brand = _brand(head)
        if brand in _SOUND_BRANDS:
            return "sound without a picture"
        return "an AVIF picture" if brand.startswith("avi") else "a HEIC picture"
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        return "an AVI video"
    return next((name for mark, name in _OTHERS if head.startswith(mark)), "")


_OTHERS = (
    (b"BM", "a BMP picture"),
    (b"II*\0", "a TIFF picture"),
    (b"MM\0*", "a TIFF picture"),
    (b"<svg", "an SVG picture"),
    (b"<?xml", "an SVG picture or another XML document"),
    (b"<!DOCTYPE", "a web page"),
    (b"<!doctype", "a web page"),
    (b"<html", "a web page"),
    (b"%PDF", "a PDF document"),
    (b"\x1aE\xdf\xa3", "a WEBM or MKV video"),
    (b"0&\xb2u\x8ef\xcf\x11", "a WMV video"),
    (b"\0\0\1\xba", "an MPEG video"),
    (b"FLV\1", "a Flash video"),
)


def _brand(head: bytes) -> str:
    return head[8:12].decode("latin-1")


def gif_dimensions(head: bytes) -> tuple[int, int]:
    """Return width and height of a GIF (GIF89a, section 18); zeros if it ends before."""
    return struct.unpack_from("<HH", head, 6) if len(head) >= 10 else (0, 0)


def seconds(file: BinaryIO) -> float | None:
    """Return how long a video is, as its header says (ISO 14496-12, `mvhd`); `None` if not."""
    try:
        moov = _find(file, b"moov", start=0, end=file.seek(0, 2))
        found = moov and _find(file, b"mvhd", start=moov[0], end=moov[1])
        if not found:
            return None
        file.seek(found[0])
        head = file.read(32)
        layout, at = (">II", 12) if head[0] == 0 else (">IQ", 20)
        scale, duration = struct.unpack_from(layout, head, at)
    except (struct.error, IndexError):
        return None
    unknown = duration in (0, 2**32 - 1, 2**64 - 1) or not scale
    return None if unknown else duration / scale


def _find(file: BinaryIO, name: bytes, *, start: int, end: int) -> tuple[int, int] | None:
    """Return where the content of a box begins and ends."""
    for _ in range(_MOST_BOXES):
        if start + 8 > end:
            return None
        file.seek(start)
        size, kind = struct.unpack(">I4s", file.read(8))
        head = 8
        if size == 1:
            size, head = struct.unpack(">Q", file.read(8))[0], 16
        stop = start + size if size else end
        if kind == name:
            return start + head, min(stop, end)
        if stop <= start:
            return None
        start = stop
    return None
