"""Small files of every kind that X takes, made without a library."""

from __future__ import annotations

import struct
import zlib


def png(width: int = 8, height: int = 6, colour: tuple[int, int, int] = (200, 80, 40)) -> bytes:
    """Return a picture of one colour, whole enough for a browser."""
    rows = (b"\0" + bytes(colour) * width) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
        + _chunk(b"IDAT", zlib.compress(rows))
        + _chunk(b"IEND", b"")
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    checksum = zlib.crc32(kind + data)
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", checksum)


def gif(width: int = 2, height: int = 3) -> bytes:
    """Return a GIF of one frame."""
    head = b"GIF89a" + struct.pack("<HH", width, height) + b"\x80\0\0\xc8\x50\x28\0\0\0"
    frame = b"," + struct.pack("<HHHH", 0, 0, 1, 1) + b"\0\x02\x02\x44\x01\0;"
    return head + frame


def jpeg(width: int = 40, height: int = 30) -> bytes:
    """Return the beginning of a JPEG file, up to its size."""
    app0 = b"\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0"
    return b"\xff\xd8" + app0 + b"\xff\xc0\0\x11\x08" + struct.pack(">HH", height, width)


def webp(kind: bytes, width: int = 40, height: int = 30) -> bytes:
    """Return the beginning of a WEBP file of one of the three kinds."""
    sizes = {
        b"VP8 ": b"\0" * 6 + struct.pack("<HH", width, height),
        b"VP8L": b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14),
        b"VP8X": b"\0" * 4 + _three(width - 1) + _three(height - 1),
    }
    return b"RIFF\0\0\0\0WEBP" + kind + b"\0\0\0\0" + sizes[kind]


def _three(number: int) -> bytes:
    return struct.pack("<I", number)[:3]


def mp4(size: int = 3000, brand: bytes = b"isom") -> bytes:
    """Return what begins like a video and is `size` bytes long."""
    return (b"\0\0\0\x18ftyp" + brand + b"\0\0\2\0" + bytes(range(256)) * (size // 256 + 1))[:size]
