"""The container's user on its read-only disk, by `unshare` and `setpriv`: no daemon is needed.

What the image has at /tmp lies at /run here, and /bot is the test's own folder.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

import tweetbot
from tests.conftest import Bot, RedisServer
from tests.schedule import readers
from tests.schedule.conftest import Recorder
from tests.schedule.test_files import instructions, plan
from tweetbot.schedule.container import BOT, USER

DISK = """\
mount --make-rprivate / && mount --bind / / && mount -o remount,bind,ro / &&
mount -t tmpfs -o mode=1777 tmpfs /run && mkdir /run/python && mount --bind "$1" /run/python &&
if [ "$2" ]; then mount --bind "$2" "$2" && mount -o remount,bind,rw "$2"; fi || exit 99
shift 2; exec "$@"
"""
AS_USER = ["setpriv", "--reuid", str(USER), "--regid", str(USER), "--clear-groups",
           "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all"]  # fmt: skip
IMAGE = {"HOME": "/run", "TMPDIR": "/run", "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"}

LOCAL = {"LD_LIBRARY_PATH": "/run/python/lib"}  # of a Python that has its own there


def contained(
    words: Sequence[str], environ: Mapping[str, str], *, volume: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run tweetbot as the image does; of the disk, the volume alone can be written."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        pytest.skip("needs root and setpriv")
    python = f"/run/python/bin/python{'.'.join(map(str, sys.version_info[:2]))}"
    packages = [path for path in sys.path if path.endswith("site-packages")]
    paths = [str(Path(tweetbot.__file__).parents[1]), *packages]
    command = ["unshare", "-m", "sh", "-c", DISK, "sh", sys.base_prefix, str(volume or "")]
    return subprocess.run(
        [*command, *AS_USER, python, "-m", "tweetbot", *words],
        env={**IMAGE, **LOCAL, **environ, "PYTHONPATH": ":".join(paths)},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
    )


pytestmark = pytest.mark.slow


def facts(tmp_path: Path) -> Path:
    path = tmp_path / "facts.txt"
    path.write_text("A fact.\n")
    for folder in (path, *path.parents):  # pytest's folders are its user's alone
        if folder.is_relative_to("/tmp") and folder != Path("/tmp"):
            folder.chmod(0o755)
    return path


def give_to_user(folder: Path) -> None:
    for path in (folder, *folder.rglob("*")):
        os.chown(path, USER, USER)


def at_x(bot: Bot) -> dict[str, str]:
    names = ("TWEETBOT_API_URL", "TWEETBOT_CHECK_AFTER")
    return {name: bot.variables[name] for name in names}


def test_a_container_posts_from_its_volume(bot: Bot, recorder: Recorder, tmp_path: Path) -> None:
    bot.path.rename(bot.folder / "dogfacts.json")
    bot.name = "dogfacts"
    bot.make_due()
    give_to_user(bot.folder)
    words = readers.by_docker(f"CMD {instructions(recorder)['CMD']}", "CMD")
    words = [word.replace(f"{BOT}/facts.txt", str(facts(tmp_path))) for word in words]
    environ = {**at_x(bot), "TWEETBOT_CONFIG_DIR": str(bot.folder)}
    ended = contained(words, environ, volume=bot.folder)
    assert ended.returncode == 0, ended.stderr
    assert [post.text for post in bot.x.posts] == ["A fact."]
    assert bot.x.count("token") == 1  # the renewed login is in the volume
    ended = contained(words, environ)
    assert (ended.returncode, bot.x.count("token")) == (2, 1), ended.stderr


def test_a_cron_job_posts_from_redis(
    bot: Bot, recorder: Recorder, redis_server: RedisServer, tmp_path: Path
) -> None:
    bot.path.rename(bot.folder / "dogfacts.json")
    bot.name = "dogfacts"
    bot.make_due()
    assert bot.run("export", "-p", "dogfacts", "--to", redis_server.url).code == 0
    (recorder.folder / ".git").mkdir()
    job = recorder.job("--list", recorder.folder / "facts.txt", environ=at_x(bot))
    (document,) = readers.all_by_yaml(plan("kubernetes", job).files[0].text)
    (container,) = document["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    words = [readers.by_kubernetes(word).replace(f"{BOT}/facts.txt", str(facts(tmp_path)))
             for word in container["args"]]  # fmt: skip
    environ = {one["name"]: one.get("value", redis_server.url) for one in container["env"]}
    ended = contained(words, environ)
    assert ended.returncode == 0, ended.stderr
    assert [post.text for post in bot.x.posts] == ["A fact."]
