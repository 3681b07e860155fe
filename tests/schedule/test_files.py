"""What launchd, Windows, GitLab, Kubernetes and Docker get: read as they read it."""

from __future__ import annotations

import json
import plistlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from tests.schedule import readers
from tests.schedule.conftest import Recorder
from tests.schedule.test_words import HOSTILE
from tweetbot.errors import ConfigurationError
from tweetbot.schedule import KINDS, At, Job, Plan

TIMES = (At(547), At(18 * 60 + 30, (0, 6)))
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'
ENVIRON = {"TWEETBOT_API_URL": "https://api.example/$x", "TWEETBOT_CHECK_AFTER": "0,0"}


def plan(kind: str, job: Job) -> Plan:
    return KINDS[kind].plan(job)


def text(kind: str, job: Job) -> str:
    (file,) = plan(kind, job).files
    return file.text


def kinds_of_one_file() -> list[str]:
    return [name for name in KINDS if name != "systemd"]


@pytest.mark.parametrize("kind", kinds_of_one_file())
def test_a_file_says_where_it_belongs(kind: str, recorder: Recorder) -> None:
    (file,) = plan(kind, recorder.job()).files
    first, *more = file.text.removeprefix(DECLARATION).splitlines()[:3]
    assert re.fullmatch(rf"(# |<!-- ){re.escape(file.place)}( -->)?", first)
    assert f"Made by `tweetbot schedule {kind}`" in " ".join(more)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TWEETBOT_KEY", "hush"),
        ("HTTPS_PROXY", "http://me:hush@proxy"),
        ("TWEETBOT_STORE", "redis://:hush@host:6379/0"),
        ("TWEETBOT_STORE", "git:https://me:hush@host/r"),
    ],
)
def test_no_secret_is_part_of_what_is_made(
    kind: str, name: str, value: str, recorder: Recorder
) -> None:
    assert "hush" not in repr(plan(kind, recorder.job(environ={name: value})))


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_job_makes_the_same_files(kind: str, recorder: Recorder) -> None:
    assert plan(kind, recorder.job(*HOSTILE[:3])) == plan(kind, recorder.job(*HOSTILE[:3]))


def test_launchd_starts_the_program_at_its_times(recorder: Recorder) -> None:
    job = recorder.job(recorder.folder / "li st.txt", *HOSTILE, times=TIMES, environ=ENVIRON)
    agent = plistlib.loads(text("launchd", job).encode())
    assert agent["Label"] == "tweetbot-dogfacts"
    assert agent["ProgramArguments"] == list(job.command)
    assert agent["EnvironmentVariables"].items() >= ENVIRON.items()
    assert agent["StartCalendarInterval"] == [
        {"Hour": 9, "Minute": 7},
        {"Weekday": 1, "Hour": 18, "Minute": 30},
        {"Weekday": 0, "Hour": 18, "Minute": 30},
    ]
    subprocess.run(agent["ProgramArguments"], check=True, stdout=subprocess.DEVNULL)
    assert recorder.calls[0][0][4:] == list(HOSTILE)


def test_the_task_scheduler_gets_the_program_and_its_times(recorder: Recorder) -> None:
    job = recorder.job(*HOSTILE, times=TIMES, environ=ENVIRON)
    script = text("windows", job)
    assert script.isascii()
    program, arguments = re.findall(r"-Execute (.+) -Argument (.+)$", script, re.MULTILINE)[0]
    assert readers.by_powershell(program) == str(recorder.program)
    assert readers.by_windows(readers.by_powershell(arguments)) == list(job.command[1:])
    assert "New-ScheduledTaskTrigger -Daily -At '09:07'" in script
    assert "-Weekly -DaysOfWeek @('Monday', 'Sunday') -At '18:30'" in script
    assert "SetEnvironmentVariable('TWEETBOT_API_URL', 'https://api.example/$x', 'User')" in script


def in_repository(recorder: Recorder, *words: str, **more: Any) -> Job:
    (recorder.folder / ".git").mkdir()
    return recorder.job("--list", recorder.folder / "a b/facts.txt", *words, **more)


def schema_accepts(schema: str, document: str, folder: Path) -> None:
    path = folder / "file.yml"
    path.write_text(document)
    check = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", f"vendor.{schema}"]
    done = subprocess.run([*check, str(path)], capture_output=True, check=False)
    assert done.returncode == 0, done.stdout


def test_gitlab_accepts_the_job_and_the_shell_gets_the_words(
    recorder: Recorder, tmp_path: Path
) -> None:
    document = text("gitlab", in_repository(recorder, *HOSTILE, environ=ENVIRON))
    schema_accepts("gitlab-ci", document, tmp_path)
    job = readers.by_yaml(document)["tweetbot-dogfacts"]
    assert job["resource_group"] == "tweetbot-dogfacts"
    assert job["interruptible"] is False
    assert job["variables"]["TWEETBOT_STORE"] == "git:origin"
    assert job["variables"]["TWEETBOT_API_URL"] == "https://api.example/$$x"
    given = ["tweetbot", "post", "-p", "dogfacts", "--list", "a b/facts.txt", *HOSTILE]
    for shell in ("sh", "bash"):
        assert readers.by_shell(job["script"][1], shell=shell) == given


@pytest.mark.parametrize("environ", [{}, {"TWEETBOT_STORE": "git:https://host/r"}])
def test_kubernetes_accepts_the_cron_jobs(recorder: Recorder, environ: dict[str, str]) -> None:
    job = in_repository(recorder, *HOSTILE, times=TIMES, environ={**ENVIRON, **environ})
    documents = readers.all_by_yaml(text("kubernetes", job))
    assert [one["metadata"]["name"] for one in documents] == [
        "tweetbot-dogfacts",
        "tweetbot-dogfacts-2",
    ]
    assert [one["spec"]["schedule"] for one in documents] == ["7 9 * * *", "30 18 * * 0,1"]
    for document in documents:
        kubernetes_validate.validate(document, "1.34", strict=True)
        spec = document["spec"]
        assert (spec["concurrencyPolicy"], spec["timeZone"]) == ("Forbid", "Europe/Berlin")
        pod = spec["jobTemplate"]["spec"]["template"]["spec"]
        assert pod["securityContext"]["runAsNonRoot"] is True
        (container,) = pod["containers"]
        assert container["securityContext"]["readOnlyRootFilesystem"] is True
        words = list(map(readers.by_kubernetes, container["args"]))
        assert words == ["post", "-p", "dogfacts", "--list", "/bot/facts.txt", *HOSTILE]
        secrets = [one["name"] for one in container["env"] if "valueFrom" in one]
        assert secrets == (["TWEETBOT_STORE", "TWEETBOT_KEY"] if environ else ["TWEETBOT_STORE"])


@pytest.mark.parametrize(
    ("profile", "name"),
    [
        ("dogfacts", "tweetbot-dogfacts"),
        ("Dog.Facts_2", r"tweetbot-dog-facts-2-[0-9a-f]{6}"),
        ("x" * 64, r"tweetbot-x{29}-[0-9a-f]{6}"),
    ],
)
def test_names_are_those_that_a_cluster_takes(recorder: Recorder, profile: str, name: str) -> None:
    (document,) = readers.all_by_yaml(text("kubernetes", recorder.job(profile=profile)))
    assert re.fullmatch(name, document["metadata"]["name"])
    assert len(document["metadata"]["name"]) <= 52


def test_a_file_of_another_folder_is_no_file_of_the_repository(recorder: Recorder) -> None:
    (recorder.folder / ".git").mkdir()
    for kind in ("github", "gitlab"):
        with pytest.raises(ConfigurationError, match="outside of the repository"):
            plan(kind, recorder.job("--list", Path("/etc/hostname")))


# -- the image ------------------------------------------------------------------------------------


def instructions(recorder: Recorder, *words: str) -> dict[str, str]:
    document = text("docker", in_repository(recorder, *words))
    lines = [line for line in document.splitlines() if not line.startswith("#")]
    return dict(line.split(" ", 1) for line in "\n".join(lines).replace("\\\n", "").splitlines())


def test_the_image_has_the_files_and_the_words(recorder: Recorder) -> None:
    lines = instructions(recorder, *HOSTILE)
    owner, _, copied = lines["COPY"].partition(" ")  # whom the person's umask may have locked out
    assert (owner, json.loads(copied)) == (
        f"--chown={lines['USER']}",
        ["facts.txt", "/bot/facts.txt"],
    )
    assert json.loads(lines["ENTRYPOINT"]) == ["tweetbot"]
    given = ["post", "-p", "dogfacts", "--list", "/bot/facts.txt", *HOSTILE]
    assert json.loads(lines["CMD"]) == given
    assert lines["USER"] == "10001:10001"
    assert "'tweetbot-cli==1.2.3'" in lines["RUN"]


@pytest.mark.parametrize("kind", ["docker", "kubernetes"])
def test_the_lines_that_are_left_are_lines_of_a_shell(kind: str, recorder: Recorder) -> None:
    job = in_repository(recorder, environ={"TWEETBOT_CHECK_AFTER": "0,0"})
    for step in plan(kind, job).steps:
        line = step.split("  ", 1)[1] if re.match("[0-9*]", step) else step
        subprocess.run(["bash", "-n", "-c", line], check=True)


def test_the_store_of_a_container_stands_in_a_file_of_its_owner(recorder: Recorder) -> None:
    environ = {"TWEETBOT_STORE": "redis://:hush & $x@host", "TWEETBOT_KEY": "hush"}
    steps = plan("docker", in_repository(recorder, environ=environ)).steps
    (write,) = [step for step in steps if "umask" in step]
    subprocess.run(["sh", "-c", write], env=environ, check=True)
    file = recorder.folder / "dogfacts.env"
    assert file.read_text() == "".join(f"{name}={text}\n" for name, text in environ.items())
    assert file.stat().st_mode & 0o77 == 0
    (line,) = [step for step in steps if step.startswith("7 9 ")]
    command = readers.by_cron(line).partition("2>&1; ")[2].partition("); code")[0]
    words = readers.by_shell(command)
    assert words[words.index("--env-file") + 1] == str(file)
    assert words[-1] == "tweetbot-dogfacts:1.2.3"
    assert "/state" not in command
