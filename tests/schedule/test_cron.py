"""The crontab line: a real shell runs it, a real cron accepts and fires it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import pytest

from tests.schedule.conftest import Recorder
from tests.schedule.readers import by_cron
from tests.schedule.test_words import HOSTILE
from tweetbot.errors import ConfigurationError
from tweetbot.schedule import At
from tweetbot.schedule.cron import LONGEST, plan
from tweetbot.schedule.job import Job

BARE = {"PATH": "/usr/bin:/bin", "SHELL": "/bin/sh", "HOME": "/"}


def lines(job: Job) -> list[str]:
    (file,) = plan(job).files
    return [line for line in file.text.splitlines() if not line.startswith("#")]


def run(line: str, **environ: str) -> subprocess.CompletedProcess[str]:
    """Run a line as cron does: in a bare environment, by /bin/sh."""
    command = ["/bin/sh", "-c", by_cron(line)]
    return subprocess.run(
        command, env={**BARE, **environ}, cwd="/", capture_output=True, text=True, check=False
    )


def test_the_program_gets_its_words_whatever_stands_in_them(recorder: Recorder) -> None:
    words = [word for word in HOSTILE if len(word) < 60]
    for word in words:
        (line,) = lines(recorder.job(recorder.folder / "li st.txt", word))
        assert run(line).returncode == 0
    given = ["post", "-p", "dogfacts", str(recorder.folder / "li st.txt")]
    assert [call[0] for call in recorder.calls] == [[*given, word] for word in words]


def test_the_log_tells_time_bot_code_and_words_and_there_is_no_mail(recorder: Recorder) -> None:
    (line,) = lines(recorder.job())
    ended = run(line)
    assert (ended.stdout, ended.stderr) == ("", "")
    log = (recorder.folder / "dogfacts.log").read_text()
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d dogfacts 0: https://x.com/dogfacts/status/1\n", log
    )


def test_where_the_folder_of_the_log_is_missing_a_line_makes_it(recorder: Recorder) -> None:
    job = replace(recorder.job(), folder=recorder.folder / "of" / "a fleet")
    step, _ = plan(job).steps
    subprocess.run(["/bin/sh", "-c", step], env=BARE, check=True)
    (line,) = lines(job)
    assert run(line).stderr == ""
    assert " dogfacts 0: " in (recorder.folder / "of/a fleet/dogfacts.log").read_text()
    assert (recorder.folder / "of/a fleet").stat().st_mode & 0o777 == 0o700
    (read,) = plan(job).steps
    ended = subprocess.run(["/bin/sh", "-c", read], env=BARE, capture_output=True, check=True)
    assert b" dogfacts 0: " in ended.stdout


def test_a_failure_is_mailed_too(recorder: Recorder) -> None:
    (line,) = lines(recorder.job())
    assert run(line, CODE="4").stdout == "https://x.com/dogfacts/status/1\n"
    assert " dogfacts 4: " in (recorder.folder / "dogfacts.log").read_text()


def test_each_line_stands_for_itself(recorder: Recorder) -> None:
    environ = {"TWEETBOT_CHECK_AFTER": "", "TWEETBOT_LOAD_COMMAND": "cat 'x y'", "TZ": "UTC"}
    job = recorder.job(times=(At(547), At(1110, (0, 3))), environ=environ)
    for line in lines(job):
        assert run(line).returncode == 0
    assert len(recorder.calls) == 2
    for _, variables, folder in recorder.calls:
        assert (variables["TWEETBOT_CHECK_AFTER"], variables["TZ"]) == ("", "UTC")
        assert variables["TWEETBOT_LOAD_COMMAND"] == "cat 'x y'"
        assert variables["TWEETBOT_CONFIG_DIR"] == str(recorder.folder)
        assert folder == str(recorder.folder)  # where the commands are found


@pytest.mark.parametrize(
    ("name", "secret"), [("TWEETBOT_STORE", "rediss://u:hush@h"), ("TWEETBOT_KEY", "hush hush")]
)
def test_a_secret_is_read_from_a_file_and_stands_in_no_crontab(
    recorder: Recorder, name: str, secret: str
) -> None:
    job = recorder.job(environ={name: secret})
    made = plan(job)
    assert "hush" not in repr(made)
    for step in made.steps[:-1]:  # the last one reads the log
        subprocess.run(["/bin/sh", "-c", step], env={**BARE, name: secret}, check=True)
    (line,) = lines(job)
    assert run(line).returncode == 0
    assert recorder.calls[0][1][name] == secret
    assert (recorder.folder / f"dogfacts.{name}").stat().st_mode & 0o77 == 0


def test_a_secret_that_is_not_there_posts_nothing(recorder: Recorder) -> None:
    (line,) = lines(recorder.job(environ={"TWEETBOT_KEY": "hush"}))
    assert "No such file" in run(line).stdout
    assert recorder.calls == []


def test_a_line_that_cron_would_cut_is_refused(recorder: Recorder) -> None:
    with pytest.raises(ConfigurationError, match=str(LONGEST)):
        plan(recorder.job("x" * LONGEST))


def crontab(*args: str) -> subprocess.CompletedProcess[str]:
    if not shutil.which("crontab") and not os.environ.get("CI"):
        pytest.skip("cron is not installed")
    return subprocess.run(["crontab", *args], capture_output=True, text=True, check=False)


def test_cron_accepts_the_file(recorder: Recorder, tmp_path: Path) -> None:
    path = tmp_path / "crontab"
    job = recorder.job("'%' \\ \n", times=(At(547), At(1110, (0, 3, 6))))
    path.write_text(plan(job).files[0].text)
    usage = crontab("-h").stderr
    option = next(
        (o for o in ("-T", "-n") if re.search(rf"{o}\b.*(dry run|test)", usage, re.I)), ""
    )
    if not option:
        pytest.skip("this cron cannot check a file")
    checked = crontab(option, str(path))
    assert checked.returncode == 0, checked.stderr
    path.write_text("61 9 * * *  true\n")
    assert crontab(option, str(path)).returncode != 0


# A cron of our own: its crontabs and its pid lie on file systems that nobody else sees.
CRON = """\
mount -t tmpfs tmpfs /var/spool/cron && mount -t tmpfs tmpfs /run &&
install -d -m 1730 -g crontab /var/spool/cron/crontabs &&
install -m 600 "$1" /var/spool/cron/crontabs/root && exec cron -f
"""


@pytest.mark.slow
def test_a_real_cron_fires_the_line(recorder: Recorder, tmp_path: Path, full: bool) -> None:
    if not full or os.geteuid() != 0 or not shutil.which("cron"):
        pytest.skip("waits for the next minute: pytest --full, as root")
    path = tmp_path / "crontab"
    (line,) = lines(recorder.job(*HOSTILE[:2]))
    path.write_text(f"* * * * *  {line.split(maxsplit=5)[5]}\n")
    cron = subprocess.Popen(["unshare", "-m", "sh", "-c", CRON, "sh", str(path)])
    try:
        deadline = time.monotonic() + 75
        while not recorder.calls and time.monotonic() < deadline:
            time.sleep(0.2)
    finally:
        cron.kill()
        cron.wait()
    assert recorder.calls[0][0] == ["post", "-p", "dogfacts", *HOSTILE[:2]]
