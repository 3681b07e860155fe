"""Files that go with a post are told by their bytes, and held to what X takes."""

from __future__ import annotations

import hashlib
import os
import shlex
import struct
from dataclasses import replace
from pathlib import Path

import pytest

from tests.sandbox.pictures import gif, jpeg, mp4, png, webp
from tweetbot.draft import Draft, Media, Poll, Target, Terms
from tweetbot.errors import ConfigurationError, TextRefused
from tweetbot.profile import digest
from tweetbot.sources import check_together, read_media


def film(seconds: float, *, scale: int = 600, wide: bool = False, before: bytes = b"") -> bytes:
    """Return an MP4 file whose header says how long it is; `before` stands before that header."""
    length = round(seconds * scale)
    times = struct.pack(">QQIQ", 0, 0, scale, length) if wide else b"\0" * 8
    times = times if wide else times + struct.pack(">II", scale, length)
    header = box(b"mvhd", bytes([int(wide), 0, 0, 0]) + times + b"\0" * 80)
    start = box(b"ftyp", b"isom\0\0\2\0isom")
    return start + before + box(b"moov", box(b"free", b"") + header)


def box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4s", 8 + len(content), kind) + content


HEIC = box(b"ftyp", b"heic\0\0\0\0")


def large_box(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I4sQ", 1, kind, 16 + len(content)) + content


def put(folder: Path, data: bytes, name: str = "a.dat", *, size: int | None = None) -> Path:
    """Write a file; with `size`, that large."""
    path = folder / name
    path.write_bytes(data)
    if size is not None:
        os.truncate(path, size)
    return path


@pytest.mark.parametrize(
    ("data", "kind", "media_type"),
    [
        (jpeg(), "picture", "image/jpeg"),
        (png(), "picture", "image/png"),
        (webp(b"VP8L"), "picture", "image/webp"),
        (gif(), "GIF", "image/gif"),
        (mp4(), "video", "video/mp4"),
        (mp4(brand=b"qt  "), "video", "video/quicktime"),
        (film(3), "video", "video/mp4"),
    ],
)
def test_the_bytes_tell_the_kind_whatever_the_name(
    tmp_path: Path, data: bytes, kind: str, media_type: str
) -> None:
    media = read_media(put(tmp_path, data, "holiday.txt"), " A cat.\n")
    assert (media.kind, media.media_type, media.size) == (kind, media_type, len(data))
    assert (media.alt, media.content) == ("A cat.", "")
    whole = read_media(media.path, "A cat.", whole=True)
    assert whole.content == hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize(
    ("data", "size", "said"),
    [
        (b"", None, "is empty"),
        (b"Hello", None, "is no picture or video"),
        (b"<!DOCTYPE html>", None, "is a web page"),
        (
            box(b"ftyp", b"heic\0\0\0\0"),
            None,
            "HEIC picture; X does not take it. Convert it with ImageMagick, then",
        ),
        (box(b"ftyp", b"avif\0\0\0\0"), None, "AVIF picture"),
        (box(b"ftyp", b"M4A \0\0\0\0"), None, "sound without a picture"),
        (b"\x1aE\xdf\xa3", None, "WEBM"),
        (
            jpeg(),
            5_000_001,
            "5.0 MB, and X takes 5 MB at most. Shrink it with ImageMagick, then give",
        ),
        (png(), 8_000_000, "8.0 MB, and X takes 5 MB at most. Shrink it with Im"),
        (gif(), 15_000_001, "X takes 15 MB"),
        (mp4(), 512_000_001, "X takes 512 MB"),
        (gif(1281, 20), None, "is 1281x20 pixels"),
        (film(140.02), None, "is 140.020 s long, and X takes videos of 0.5 to 140 s."),
        (film(140.1), None, "is 140.1 s long, and X takes videos of 0.5 to 140 s. Cut it with ff"),
        (film(0.4), None, "0.4 s"),
        (b"RIFF\0\0\0\0AVI LIST", None, "is an AVI video"),
        (b"0&\xb2u\x8ef\xcf\x11\xa6\xd9", None, "is a WMV video"),
        (b"\0\0\1\xbaD\0\4\0", None, "is an MPEG video"),
        (b"FLV\1\5\0\0\0", None, "is a Flash video"),
        (film(200, wide=True), None, "200.0 s"),
        (film(200, before=box(b"mdat", b"\0" * 4000)), None, "200.0 s"),
        (film(200, before=large_box(b"mdat", b"\0" * 4000)), None, "200.0 s"),
    ],
)
def test_what_x_does_not_take_is_refused(
    tmp_path: Path, data: bytes, size: int | None, said: str
) -> None:
    path = put(tmp_path, data, "a b.dat", size=size)
    with pytest.raises(ConfigurationError) as raised:
        read_media(path, "")
    assert said in str(raised.value)
    assert str(path) in str(raised.value)


WEBM = b"\x1aE\xdf\xa3"
AS_X_WANTS = "-vf scale=-2:720 -pix_fmt yuv420p -ac 2"


@pytest.mark.parametrize(
    ("name", "data", "size", "line", "given"),
    [
        ("a b.heic", HEIC, None, "mogrify -format jpg 'a b.heic'", "a b.jpg"),
        ("-a.heic", HEIC, None, "mogrify -format jpg ./-a.heic", "./-a.jpg"),
        (
            "a.jpg",
            jpeg(),
            6_000_000,
            "mkdir -p smaller && mogrify -path smaller -format jpg -resize '2048x2048>' -quality 85"
            " a.jpg",
            "smaller/a.jpg",
        ),
        (
            "a.gif",
            gif(1300, 20),
            None,
            "mkdir -p smaller && mogrify -path smaller -format gif -coalesce -resize '1280x1080>'"
            " -layers optimize a.gif",
            "smaller/a.gif",
        ),
        ("a.webm", WEBM, None, f"ffmpeg -i a.webm {AS_X_WANTS} a.mp4", "a.mp4"),
        ("a.mp4", WEBM, None, f"ffmpeg -i a.mp4 {AS_X_WANTS} a-new.mp4", "a-new.mp4"),
        (
            "12:00.webm",
            WEBM,
            None,
            f"ffmpeg -i ./12:00.webm {AS_X_WANTS} ./12:00.mp4",
            "./12:00.mp4",
        ),
        ("a\nb.heic", HEIC, None, "", ""),
        ("a[1].heic", HEIC, None, "", ""),
        ("a\x1bb.webm", WEBM, None, "", ""),
    ],
)
def test_a_line_to_paste_replaces_no_file_and_works_as_it_stands(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
    data: bytes,
    size: int | None,
    line: str,
    given: str,
) -> None:
    put(tmp_path, data, name, size=size)
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError) as raised:
        read_media(name, "")
    assert raised.value.remedy.partition(": ")[2] == line
    assert f", then give {shlex.quote(given)}: " in raised.value.remedy or not given


@pytest.mark.parametrize(
    ("data", "size"),
    [
        (jpeg(), 5_000_000),
        (gif(1280, 1080), 15_000_000),
        (mp4(), 512_000_000),
        (film(140), None),
        (film(0.5), None),
        (film(2**32 / 600 - 1 / 600), None),  # "unknown" in ISO 14496-12
        (film(3)[:30], None),  # broken off: the file does not tell
        (box(b"ftyp", b"isom") + struct.pack(">I4s", 4, b"moov"), None),  # a size that goes nowhere
    ],
)
def test_what_x_takes_or_nobody_can_tell_is_taken(
    tmp_path: Path, data: bytes, size: int | None
) -> None:
    read_media(put(tmp_path, data, size=size), "")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("", "is empty: a variable"),
        ("gone.png", "cannot be read: No such"),
        (".", "not a file"),
        ("-", "Write it to a file"),
        (
            "https://example.com/a.png?key=1",
            r"^https://example.com/a.png is an .* Download it first",
        ),
    ],
)
def test_a_file_that_is_none_is_named(
    tmp_path: Path, name: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigurationError, match=said):
        read_media(name, "")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(ConfigurationError, match="is not a file"):
        read_media(tmp_path / "pipe", "")


@pytest.mark.parametrize(
    ("alt", "said"),
    [
        ("x" * 1001, "has 1001 characters, and X takes 1,000 at most. Shorten it by 1."),
        ("  ", "white space alone"),
        ("a\x1bb", "Character 2 of the alt text is U+001B"),
        ("\udcff", "not UTF-8"),
    ],
)
def test_an_alt_text_that_x_would_not_take_is_a_refused_text(
    tmp_path: Path, alt: str, said: str
) -> None:
    with pytest.raises(TextRefused) as raised:
        read_media(put(tmp_path, png()), alt)
    assert said in str(raised.value)


PICTURE, LOOP, FILM = (Media("a", kind, 1) for kind in ("image/png", "image/gif", "video/mp4"))


@pytest.mark.parametrize(
    ("media", "said"),
    [
        ((PICTURE,) * 5, "There are 5 pictures, and X takes 4"),
        ((PICTURE, LOOP), "no picture with GIF in one post"),
        ((FILM, PICTURE, PICTURE), "no video with 2 pictures"),
        ((LOOP, LOOP), "no 2 GIFs in one post"),
        ((FILM, FILM), "no 2 videos in one post"),
    ],
)
def test_kinds_are_not_mixed(media: tuple[Media, ...], said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        check_together(media)


@pytest.mark.parametrize("media", [(), (PICTURE,) * 4, (LOOP,), (FILM,)])
def test_what_goes_together_is_taken(media: tuple[Media, ...]) -> None:
    check_together(media)


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_text_may_be_left_out_where_there_is_a_picture(text: str) -> None:
    assert Draft.of(text).refused
    draft = Draft.of(text, media=(PICTURE,))
    assert (draft.refused, draft.text) == (None, "")
    assert Draft.of("http://a.de", Terms(links=False), media=(PICTURE,)).refused


def test_alt_texts_cost_beside_the_post() -> None:
    described = Media("b", "image/png", 1, "A cat.")
    assert Draft.of("Hi", media=(PICTURE, described, described)).usd == pytest.approx(0.025)


def test_the_digest_tells_contents_and_alt_texts_and_stays_that_of_a_text_without() -> None:
    def one(path: str, alt: str = "", content: str = "") -> str:
        return Draft.of("Hi", media=(Media(path, "image/png", 1, alt, content),)).digest

    assert Draft.of("Hi").digest == digest("Hi")
    assert one("a", content="c") == one("b", content="c")
    assert len({digest("Hi"), one("a"), one("b"), one("a", "A cat."), one("a", content="c")}) == 5


def test_the_digest_of_a_poll_or_an_answer_is_that_of_earlier_versions() -> None:
    draft = Draft.of("Hi")
    polled = replace(draft, parts=(replace(draft.parts[0], poll=Poll(("a", "b"), 5)),))
    assert polled.digest == digest('[["Hi"], [["a", "b", 5]], null]')
    assert replace(draft, reply_to=Target("12")).digest == digest('[["Hi"], [null], "12"]')
