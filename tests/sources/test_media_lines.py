"""The lines of messages for ImageMagick and ffmpeg, run by the real programs on real files."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tweetbot.errors import ConfigurationError
from tweetbot.sources.media import read_media

NOISE = "-f rawvideo -pix_fmt rgb24 -r 10 -i /dev/urandom"
FILM = "-f lavfi -i testsrc=s={size}:r=5:d={seconds} -f lavfi -i sine=d={seconds}"

# A file that X does not take, and how ffmpeg makes it.
FILES = {
    "large.png": f"-s 1400x1400 {NOISE} -frames:v 1",
    "large.jpg": "-f lavfi -i testsrc2=s=3600x2700,noise=alls=60 -frames:v 1 -q:v 1",
    "old.bmp": "-f lavfi -i testsrc=s=64x48 -frames:v 1",
    "scan.tiff": "-f lavfi -i testsrc=s=64x48 -frames:v 1",
    "wide.gif": f"-s 1300x40 {NOISE} -frames:v 3",
    "heavy.gif": f"-s 900x900 {NOISE} -frames:v 21",
    "long.mp4": FILM.format(size="64x48", seconds=150),
    "long.mov": FILM.format(size="64x48", seconds=150) + " -c:v mpeg4 -c:a pcm_s16le",
    "odd.mkv": FILM.format(size="65x47", seconds=1) + " -c:v libx264 -pix_fmt yuv444p -ac 6",
    "a b.webm": FILM.format(size="64x48", seconds=1),
    "old.avi": FILM.format(size="64x48", seconds=1),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in; without the programs the test is skipped, but not in CI."""
    if not (shutil.which("mogrify") and shutil.which("ffmpeg")) and not os.environ.get("CI"):
        pytest.skip("ImageMagick and ffmpeg are not installed")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", FILES)
def test_what_the_line_makes_is_taken(name: str, folder: Path) -> None:
    subprocess.run(["ffmpeg", "-v", "error", *shlex.split(FILES[name]), name], check=True)
    content = (folder / name).read_bytes()
    with pytest.raises(ConfigurationError) as refused:
        read_media(name, "")
    remedy = re.fullmatch(r".*, then give (.*): (.*)", refused.value.remedy)
    assert remedy, refused.value.remedy
    (made,), line = shlex.split(remedy[1]), remedy[2]
    ended = subprocess.run(
        line, shell=True, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert ended.returncode == 0, ended.stderr
    assert read_media(made, "").path == made
    assert (folder / name).read_bytes() == content
    if line.startswith("ffmpeg") and "copy" not in line:
        probe = "ffprobe -v error -of csv=p=0 -show_entries stream=codec_name,pix_fmt,channels"
        found = subprocess.run([*probe.split(), made], capture_output=True, check=True).stdout
        assert found.decode().split()[0] == "h264,yuv420p"
        assert found.decode().split()[1:] in (["aac,1"], ["aac,2"])
