"""`tweetbot post --media`: what is refused, shown and told, and what a film costs in memory."""

from __future__ import annotations

import hashlib
import os
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.sandbox.pictures import gif, jpeg, mp4, png
from tweetbot.sandbox import Fault, Sandbox

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.conftest import Bot

FILES = {
    "cat.jpg": jpeg(),
    "dog.png": png(),
    "turn.gif": gif(),
    "run.mp4": mp4(),
    "8 MB.jpg": jpeg() + b"\0" * 8_000_000,
    "empty.png": b"",
    "note.txt": b"Hello",
}


@pytest.fixture(autouse=True)
def _files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stand in a folder with the files."""
    for name, data in FILES.items():
        (tmp_path / name).write_bytes(data)
    monkeypatch.chdir(tmp_path)


def media(*names: str, alt: str = "A picture") -> list[str]:
    return [word for name in names for word in ("--media", name, "--alt", alt)]


def test_options_go_in_pairs_by_their_order(bot: Bot, x: Sandbox) -> None:
    args = ["--media", "dog.png", "--media", "cat.jpg", "--alt", "A dog", "--alt", ""]
    ended = bot.run("post", *args, "--json")
    assert ended.code == 0, ended.err
    assert (ended.json["text"], ended.json["usd"]) == ("", 0.02)
    (post,) = x.posts
    assert [(one.media_type, one.alt_text) for one in post.media] == [
        ("image/png", "A dog"),
        ("image/jpeg", None),
    ]


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["--media", "cat.jpg"], 2, "--media is given once, --alt not at all. Each --media needs"),
        (["--alt", "A cat"], 2, "--media is given not at all, --alt once"),
        ([*media("cat.jpg"), "--alt", "x"], 2, "once, --alt twice"),
        (media("cat.jpg", "dog.png", "cat.jpg", "dog.png", "cat.jpg"), 2, "5 pictures"),
        (media("cat.jpg", "turn.gif"), 2, "no picture with GIF"),
        (media("run.mp4", "run.mp4"), 2, "no 2 videos"),
        (
            media("8 MB.jpg"),
            2,
            "mogrify -path smaller -format jpg -resize '2048x2048>' -quality 85 '8 M",
        ),
        (media("empty.png"), 2, "empty.png is empty"),
        (media("note.txt"), 2, "note.txt is no picture or video"),
        (media("gone.png"), 2, "gone.png cannot be read: No such file"),
        (media("."), 2, "is not a file"),
        (media(""), 2, "a variable of the shell, perhaps"),
        (media("cat.jpg", alt="x" * 1001), 3, "Shorten it by 1"),
        (media("cat.jpg", alt="\x1b[1m"), 3, "U+001B"),
        (media("cat.jpg", alt=" "), 3, "white space alone"),
        ([*media("cat.jpg"), "--poll", "a", "--poll", "b"], 2, "a poll or pictures, not both"),
        ([*media("cat.jpg"), "--list", "note.txt"], 2, "--media goes with a text"),
        (["--image", "cat.jpg"], 2, "It is --media here"),
        (["--alt-text", "cat"], 2, "It is --alt here"),
    ],
)
def test_what_cannot_be_posted_is_refused_before_x_is_asked(
    bot: Bot, x: Sandbox, args: list[str], code: int, said: str
) -> None:
    ended = bot.run("post", "Hi", *args) if "--list" not in args else bot.run("post", *args)
    assert (ended.code, x.requests) == (code, ()), ended.err
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_a_file_that_is_closed_to_us_has_a_right_name(
    bot: Bot, tmp_path: Path, powerless: Sequence[str]
) -> None:
    path = tmp_path / "closed.jpg"
    path.write_bytes(jpeg())
    path.chmod(0)
    ended = bot.run("post", *media(str(path)), prefix=powerless)
    assert ended.code == 2
    assert "Permission denied. Let this user read it." in ended.err


@pytest.mark.parametrize(("args", "code"), [([], 2), (media("cat.jpg"), 0)])
def test_the_text_may_be_left_out_where_there_is_something_to_see(
    bot: Bot, args: list[str], code: int
) -> None:
    assert bot.run("post", *args).code == code


def test_a_dry_run_shows_the_files_and_what_nobody_knows_of_the_price(bot: Bot, x: Sandbox) -> None:
    args = [*media("dog.png", alt='A "dog"'), *media("cat.jpg", alt="")]
    ended = bot.run("post", "Look", *args, "-n")
    assert (ended.code, ended.out, x.requests) == (0, "Look\n", ())
    assert "about $0.020, plus uploads, whose price X does not publish." in ended.err
    assert f'With dog.png (a PNG picture, {len(png())} bytes); alt text: "A "dog"".' in ended.err
    assert "With cat.jpg (a JPEG picture, " in ended.err
    assert "alt text: none, on purpose." in ended.err
    assert "Nobody has said whether X takes a post with pictures for one with a link" in ended.err
    shown = bot.run("post", *args, "-n", "--json").json
    assert shown["media"] == [
        {"file": "dog.png", "kind": "picture", "size": len(png()), "alt": 'A "dog"'},
        {"file": "cat.jpg", "kind": "picture", "size": len(jpeg()), "alt": ""},
    ]
    assert bot.run("post", *args, "-n").out == ""


def test_the_pictures_of_a_thread_go_with_its_first_post(bot: Bot, x: Sandbox) -> None:
    ended = bot.run("post", "One\n---\nTwo", "--thread", *media("cat.jpg"))
    assert ended.code == 0, ended.err
    assert [len(post.media) for post in x.posts] == [1, 0]


def test_the_same_again_is_answered_from_the_document(bot: Bot, x: Sandbox) -> None:
    first = bot.run("post", *media("cat.jpg"))
    asked = len(x.requests)
    again = bot.run("post", *media("cat.jpg"))
    assert (again.code, again.out, len(x.requests)) == (0, first.out, asked)
    assert bot.run("post", *media("cat.jpg", alt="Another")).code == 0
    assert len(x.posts) == 2


def test_a_log_holds_no_progress_and_no_bytes(bot: Bot, x: Sandbox) -> None:
    x.fault("upload", Fault("delay", seconds=1.3))
    ended = bot.run("post", "Look", *media("dog.png"), "-v")
    assert ended.code == 0
    assert "Uploading" not in ended.err
    assert len(ended.err) < 400


def test_a_text_alone_loads_nothing_that_uploads(bot: Bot) -> None:
    bot.environ["PYTHONVERBOSE"] = "1"
    text = bot.run("post", "Hello").err
    pictures = bot.run("post", "Hello", *media("cat.jpg")).err
    for module in ("tweetbot.x.media", "tweetbot.posting.uploads"):
        assert f"import '{module}'" not in text
        assert f"import '{module}'" in pictures


# --- what takes long ------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a terminal of Windows is no file")
def test_on_a_terminal_a_bar_shows_what_takes_longer_than_a_second(bot: Bot, x: Sandbox) -> None:
    import pty

    for delay, is_shown in ((1.5, True), (0.0, False)):
        if delay:
            x.fault("upload", Fault("delay", seconds=delay))
        main, terminal = pty.openpty()
        with bot.start("post", f"Look {delay}", *media("dog.png"), stderr=terminal) as process:
            process.communicate(timeout=30)
        os.close(terminal)
        os.set_blocking(main, False)
        said = ""
        with suppress(OSError):  # nothing was said
            said = os.read(main, 10_000).decode()
        os.close(main)
        assert process.returncode == 0
        assert ("Uploading dog.png" in said, "100%" in said) == (is_shown, is_shown), said


@pytest.mark.slow
@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_interrupt_of_an_upload_takes_effect_at_once_and_leaves_nothing(
    bot: Bot, x: Sandbox, number: signal.Signals, code: int
) -> None:
    x.fault("upload", Fault("silent", seconds=20))
    began = time.monotonic()
    with bot.start("post", "Look", *media("dog.png")) as process:
        while not x.count("upload"):
            time.sleep(0.02)
        process.send_signal(number)
        process.communicate(timeout=15)
    assert (process.returncode, x.posts, bot.document.get("pending")) == (code, (), None)
    assert time.monotonic() - began < 10


@pytest.mark.slow
def test_a_film_of_60_mb_with_a_lost_chunk_and_a_401_is_whole_and_costs_little_memory(
    bot: Bot, x: Sandbox, tmp_path: Path, figures: Callable[[str], None]
) -> None:
    film = tmp_path / "film.mp4"
    with film.open("wb") as file:
        file.write(mp4(1000))
        for number in range(60):
            file.write(bytes([number]) * 1_000_000)
    x.fault("append", Fault("reset", after=True, skip=7))
    x.fault("append", Fault("status", status=401, skip=5))
    text, shown = (
        peak(bot, "post", *args) for args in (["Hello"], media("film.mp4", alt="A film"))
    )
    (_, post) = x.posts
    assert post.media[0].alt_text == "A film"
    with film.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").digest()
    assert hashlib.sha256(post.media[0].data).digest() == digest
    assert (x.count("append"), x.count("token")) == (29 + 2, 1)
    figures(f"a video of 60 MB: {(shown - text) / 1024:.1f} MB more than a text")
    assert shown - text < 20 * 1024


# The peak of a child is that of its parent at the least, where it was forked: so that is small.
PEAK = """import os, sys
process = os.posix_spawn(sys.argv[1], sys.argv[1:], os.environ)
print(os.wait4(process, 0)[2].ru_maxrss)"""


def peak(bot: Bot, *args: str) -> int:
    """Run a command to its end; return the most memory that it had, in KiB."""
    with bot.start(*args, prefix=[sys.executable, "-S", "-c", PEAK]) as process:
        out, err = process.communicate(timeout=60)
    *posted, most = out.decode().splitlines()
    assert posted, err.decode()
    return int(most)
