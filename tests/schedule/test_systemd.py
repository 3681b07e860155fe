"""The units: systemd itself reads them, runs them, and starts again what may succeed later."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.schedule.conftest import Recorder
from tests.schedule.test_words import HOSTILE
from tweetbot.schedule import At, Job
from tweetbot.schedule.systemd import plan, user_units

ROOT = os.geteuid() == 0
ENVIRON = {"TWEETBOT_CHECK_AFTER": "", "TWEETBOT_LOAD_COMMAND": HOSTILE[0]}


def need(*tools: str) -> None:
    missing = [tool for tool in tools if not shutil.which(tool)]
    if missing and not os.environ.get("CI"):
        pytest.skip(f"missing: {', '.join(missing)}")


def lay(job: Job, folder: Path) -> list[Path]:
    """Put all four units where systemd is told to look."""
    folder.mkdir(exist_ok=True)
    paths = [folder / Path(file.place).name for file in plan(job).files]
    for path, file in zip(paths, plan(job).files, strict=True):
        path.write_text(file.text)
    return paths


def test_systemd_finds_nothing_wrong(recorder: Recorder, tmp_path: Path) -> None:
    need("systemd-analyze")
    times = (At(547), At(18 * 60 + 30, (0, 6)))
    paths = lay(recorder.job(*HOSTILE, times=times, environ=ENVIRON), tmp_path / "units")
    verify = ["systemd-analyze", "verify", *map(str, paths)]
    checked = subprocess.run(verify, capture_output=True, text=True, check=False)
    said = [line for line in checked.stderr.splitlines() if "tweetbot" in line]
    assert (checked.returncode, said) == (0, [])


def test_the_times_are_in_the_zone_of_this_machine(recorder: Recorder) -> None:
    need("systemd-analyze")
    job = recorder.job(times=(At(18 * 60 + 30, (0, 6)),))
    (moment,) = re.findall("OnCalendar=(.*)", user_units(job)[1].text)
    assert moment == "Mon,Sun *-*-* 18:30:00 Europe/Berlin"
    analyze = ["systemd-analyze", "calendar", moment]
    assert subprocess.run(analyze, capture_output=True, check=False).returncode == 0


def test_only_the_units_of_the_machine_wait_for_the_network(recorder: Recorder) -> None:
    own, _, machine, _ = (file.text for file in plan(recorder.job()).files)
    assert "network-online.target" not in own  # no systemd of a user has it
    assert "After=network-online.target" in machine
    assert "Wants=network-online.target" in machine


def test_the_templates_serve_any_bot(recorder: Recorder) -> None:
    lists = recorder.folder / "dogfacts.txt", recorder.folder / "dogfacts" / "all.txt"
    job = recorder.job("--list", lists[0], "--media", lists[1], "dogfacts")
    line = next(one for one in plan(job).files[2].text.splitlines() if "ExecStart" in one)
    words = line.replace(str(recorder.folder).replace("\\", "\\\\"), "F")
    assert " post -p %i --list " in words
    assert "/%i.txt" in words
    assert "/%i/all.txt" in words
    assert words.endswith(" dogfacts")  # a text stays a text


@pytest.mark.parametrize(
    ("profile", "path", "anys"),
    [
        ("dogfacts", "/home/dogfacts/dogfacts/dogfacts.txt", "/home/dogfacts/dogfacts/%i.txt"),
        ("dogfacts", "/home/dogfacts/facts.txt", "/home/dogfacts/facts.txt"),
        ("dogfacts", "/home/dogfacts/dogfacts/facts.txt", "/home/dogfacts/%i/facts.txt"),
        ("dogfacts", "/srv/dogfacts/lists/dogfacts", "/srv/dogfacts/lists/%i"),
        ("dog.facts", "/srv/dog.facts", "/srv/%i"),
        ("dog.facts", "/srv/dog.facts.txt", "/srv/%i.txt"),
    ],
)
def test_of_a_path_the_last_name_is_the_bots_and_what_is_above_stays(
    profile: str, path: str, anys: str, recorder: Recorder
) -> None:
    job = recorder.job("--list", Path(path), profile=profile)
    job = replace(job, here=replace(job.here, home=Path("/home/dogfacts")))
    line = next(one for one in plan(job).files[2].text.splitlines() if "ExecStart" in one)
    assert line.endswith(f" post -p %i --list {anys}")


# A systemd of our own, in namespaces that nobody else sees.
BOOT = """\
mount -t tmpfs tmpfs /run && mount -t cgroup2 none /sys/fs/cgroup && mkdir /run/units &&
cp "$1"/* /run/units && export SYSTEMD_UNIT_PATH=/run/units container=docker &&
exec /lib/systemd/systemd --system --unit=test.target < /dev/null > /dev/null 2>&1
"""


@contextmanager
def booted(units: Path, wants: str) -> Iterator[None]:
    """Boot into a target that wants these units."""
    if not ROOT or not Path("/lib/systemd/systemd").exists():
        pytest.skip("needs root, and systemd")
    target = f"[Unit]\nDefaultDependencies=no\nWants={wants}\n"
    (units / "test.target").write_text(target)
    for unit in units.glob("tweetbot*"):
        plain = unit.read_text().replace("[Unit]\n", "[Unit]\nDefaultDependencies=no\n")
        unit.write_text(re.sub("(?m)^(Wants|After)=network.*\n", "", plain))
    boot = ["unshare", "-Cpmf", "--kill-child", "--mount-proc", "sh", "-c", BOOT, "sh", str(units)]
    process = subprocess.Popen(boot)
    try:
        yield
    finally:
        process.kill()
        process.wait()


def eventually(happened: Callable[[], bool], *, seconds: float = 20) -> bool:
    deadline = time.monotonic() + seconds
    while not happened() and time.monotonic() < deadline:
        time.sleep(0.05)
    return happened()


def test_a_real_systemd_gives_the_program_its_words_and_variables(
    recorder: Recorder, tmp_path: Path
) -> None:
    units = tmp_path / "units"
    job = recorder.job(recorder.folder / "li st.txt", *HOSTILE, environ=ENVIRON)
    lay(job, units)
    with booted(units, "tweetbot-dogfacts.service tweetbot@catfacts.service"):
        assert eventually(lambda: len(recorder.calls) == 2)
    for words, variables, folder in recorder.calls:
        assert words[:2] == ["post", "-p"]
        assert words[2] in ("dogfacts", "catfacts")
        assert words[3:] == [str(recorder.folder / "li st.txt"), *HOSTILE]
        assert variables.items() >= ENVIRON.items()
        assert variables["TWEETBOT_CONFIG_DIR"] == str(recorder.folder)
        assert folder == str(recorder.folder)


def test_where_the_folder_of_a_secret_is_missing_a_line_makes_it(recorder: Recorder) -> None:
    environ = {"TWEETBOT_KEY": "hush"}
    folder = recorder.folder / "of" / "a fleet"
    job = replace(recorder.job(environ=environ), folder=folder)
    subprocess.run(["sh", "-c", plan(job).steps[0]], env=environ, check=True)
    secret = folder / "dogfacts.TWEETBOT_KEY"
    assert (secret.read_text(), folder.stat().st_mode & 0o77) == ("hush", 0)


def test_a_real_systemd_reads_the_secrets_from_files(recorder: Recorder, tmp_path: Path) -> None:
    units, environ = tmp_path / "units", {"TWEETBOT_KEY": "hush % $HOME"}
    for name in ("dogfacts", "catfacts"):
        job = recorder.job(profile=name, environ=environ)
        subprocess.run(["sh", "-c", plan(job).steps[0]], env=environ, check=True)
    lay(job, units)
    assert "hush" not in "".join(path.read_text() for path in units.iterdir())
    with booted(units, "tweetbot-catfacts.service tweetbot@dogfacts.service"):
        assert eventually(lambda: len(recorder.calls) == 2)
    assert {call[0][2]: call[1]["TWEETBOT_KEY"] for call in recorder.calls} == dict.fromkeys(
        ("dogfacts", "catfacts"), environ["TWEETBOT_KEY"]
    )


def test_a_real_systemd_fires_the_timer(recorder: Recorder, tmp_path: Path) -> None:
    units = tmp_path / "units"
    now = time.localtime()
    lay(recorder.job(times=(At(60 * now.tm_hour + now.tm_min),)), units)
    timer = units / "tweetbot-dogfacts.timer"
    soon = re.sub("OnCalendar=.*", "OnCalendar=*-*-* *:*:*", timer.read_text())
    timer.write_text(f"{soon}\n[Timer]\nAccuracySec=100ms\n")
    with booted(units, timer.name):
        assert eventually(lambda: len(recorder.calls) > 0)


def test_what_may_succeed_later_is_run_again_and_nothing_else(
    recorder: Recorder, tmp_path: Path
) -> None:
    units, codes = tmp_path / "units", (0, 2, 3, 4, 5, 6, 7)
    for code in codes:
        lay(recorder.job(profile=f"bot{code}"), units)
        service = units / f"tweetbot-bot{code}.service"
        text = service.read_text().replace("RestartSec=10min", "RestartSec=300ms")
        service.write_text(f"{text}Environment=CODE={code}\n")

    def runs() -> list[int]:
        return [sum(call[0][2] == f"bot{code}" for call in recorder.calls) for code in codes]

    with booted(units, " ".join(f"tweetbot-bot{code}.service" for code in codes)):
        assert eventually(lambda: runs()[5] >= 3 and all(runs()))
    assert [code for code, times in zip(codes, runs(), strict=True) if times > 1] == [6]


def test_the_pause_is_long_enough_for_a_network(recorder: Recorder) -> None:
    for file in plan(recorder.job()).files[::2]:
        assert "RestartForceExitStatus=6\nRestartSec=10min\n" in file.text
