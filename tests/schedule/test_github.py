"""The workflow: GitHub's schema takes it, bash runs its lines, several starts make one post."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Bot, GitHost
from tests.hub import Hub
from tests.schedule.conftest import Recorder
from tests.schedule.readers import by_yaml
from tests.schedule.test_files import in_repository, schema_accepts
from tests.schedule.test_words import HOSTILE
from tweetbot.sandbox import Sandbox
from tweetbot.schedule import At, Job, read_at
from tweetbot.schedule.github import plan

ENVIRON = {"TWEETBOT_CHECK_AFTER": "", "TWEETBOT_API_URL": "https://api.example/${{ x }}"}


def workflow(job: Job) -> Any:
    return by_yaml(plan(job).files[0].text)


def run_lines(document: Any) -> list[str]:
    return [step["run"] for step in document["jobs"]["post"]["steps"] if "run" in step]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"environ": {"TWEETBOT_STORE": "redis://:hush@host"}},
        {"environment": "bots: #1"},
        {"times": (At(1), At(700, (0, 6)))},
        {"profile": "1e5.x_Y-"},
    ],
)
def test_github_accepts_the_file(recorder: Recorder, tmp_path: Path, more: dict[str, Any]) -> None:
    (file,) = plan(in_repository(recorder, *HOSTILE, **more)).files
    schema_accepts("github-workflows", file.text, tmp_path)


def test_a_workflow_never_overlaps_and_may_little(recorder: Recorder) -> None:
    document = workflow(in_repository(recorder))
    assert document["permissions"] == {"contents": "write", "actions": "write"}
    assert document["concurrency"] == {"group": "tweetbot-dogfacts", "cancel-in-progress": False}
    assert set(document["on"]) == {"schedule", "workflow_dispatch"}
    job = document["jobs"]["post"]
    assert job["timeout-minutes"] == 10
    assert job["env"] == {
        "TWEETBOT_STORE": "git:origin",
        "TWEETBOT_KEY": "${{ secrets.TWEETBOT_KEY }}",
        "TZ": "Europe/Berlin",  # a list's `on` goes by the date of the machine
    }
    assert set(job["outputs"]) == {"id", "url"}
    assert "environment" not in job
    assert run_lines(document)[0] == "pipx install tweetbot-cli==1.2.3"


def test_an_environment_holds_the_secret(recorder: Recorder) -> None:
    job = in_repository(recorder, environment="bots: #1")
    assert workflow(job)["jobs"]["post"]["environment"] == "bots: #1"
    made, moved, *_ = plan(job).steps
    assert "environments/bots%3A%20%231'" in made
    assert moved.startswith("key=$(tweetbot export -p dogfacts --to git:origin) && ")
    assert moved.endswith(" | gh secret set TWEETBOT_KEY --env 'bots: #1'")


def test_a_store_that_is_not_the_repository_needs_no_right_to_write(recorder: Recorder) -> None:
    document = workflow(in_repository(recorder, environ={"TWEETBOT_STORE": "redis://:hush@host"}))
    assert document["permissions"]["contents"] == "read"
    store = document["jobs"]["post"]["env"]["TWEETBOT_STORE"]
    assert store == "${{ secrets.TWEETBOT_STORE }}"
    assert run_lines(document)[0] == "pipx install 'tweetbot-cli[redis]==1.2.3'"


def test_no_expression_of_github_comes_from_the_words(recorder: Recorder) -> None:
    document = workflow(in_repository(recorder, *HOSTILE, environ=ENVIRON))
    assert not [line for line in run_lines(document) if "${{" in line]


def test_bash_gets_the_words(recorder: Recorder, tmp_path: Path) -> None:
    document = workflow(in_repository(recorder, *HOSTILE))
    _, check, post, _ = run_lines(document)
    output = tmp_path / "output"
    environ = {"PATH": f"{recorder.folder}:{os.environ['PATH']}", "GITHUB_OUTPUT": str(output)}
    for script in (check, post.splitlines()[0]):
        subprocess.run(["bash", "-ec", script], env=environ, check=True, capture_output=True)
    status, checked, posted = [call[0] for call in recorder.calls]
    words = ["-p", "dogfacts", "--min-gap", "6h", "--list", "a b/facts.txt", *HOSTILE]
    assert status == ["status", "-p", "dogfacts"]
    assert checked == ["post", "-n", *words]
    assert posted == ["post", "--json", *words]


@pytest.mark.parametrize(
    ("times", "min_gap", "crons", "words"),
    [
        (["09:00"], None, ["0 9,10,12 * * *"], "--min-gap 6h"),
        (["Mon 23:30"], None, ["30 23 * * 1", "30 0,2 * * 2"], "--min-gap 6h"),
        (["09:00", "21:00"], None, ["0 0,9,10,12,21,22 * * *"], "--min-gap 6h"),
        (["09:00", "15:00"], None, ["0 9,15 * * *"], ""),  # no room for a second try
        (["09:00"], 20 * 3600, ["0 9,10,12 * * *"], ""),
        (["09:00"], 3600, ["0 9 * * *"], ""),  # a second try would post again
    ],
)
def test_a_start_that_is_late_or_missing_is_made_up_for(
    recorder: Recorder, times: list[str], min_gap: float | None, crons: list[str], words: str
) -> None:
    job = in_repository(recorder, times=tuple(map(read_at, times)), min_gap=min_gap)
    document = workflow(job)
    assert sorted(one["cron"] for one in document["on"]["schedule"]) == sorted(crons)
    assert {one["timezone"] for one in document["on"]["schedule"]} == {"Europe/Berlin"}
    assert ("--min-gap" in run_lines(document)[2]) == bool(words)


# -- a repository, and the jobs in it -------------------------------------------------------------


@pytest.fixture
def hub(lax: Sandbox, git_host: GitHost, tmp_path: Path) -> Hub:
    bot = Bot(lax, tmp_path / "config", "dogfacts")
    bot.log_in()
    hub = Hub(bot, git_host, tmp_path / "hub")
    made = hub.on_the_laptop(
        "tweetbot schedule github -p dogfacts --write -- --list facts.txt\n"
        "tweetbot export -p dogfacts --to git:origin | gh secret set TWEETBOT_KEY\n"
        "git add .github && git commit -qm 'A bot' && git push -q"
    )
    assert made.code == 0, made.err
    return hub


FILE = "tweetbot-dogfacts.yml"


@pytest.mark.slow
def test_of_several_starts_a_day_one_posts_and_says_where(hub: Hub) -> None:
    first, second = hub.workflow(FILE), hub.workflow(FILE, name="second")
    assert (first.code, second.code) == (0, 0), first.err + second.err
    (post,) = hub.bot.x.posts
    url = f"https://x.com/dogfacts/status/{post.id}"
    assert (hub.root / "work-home/GITHUB_OUTPUT").read_text() == f"id={post.id}\nurl={url}\n"
    assert "Too early" in second.err


@pytest.mark.slow
def test_a_dry_run_checks_store_key_and_text_and_posts_nothing(hub: Hub) -> None:
    good = hub.workflow(FILE, dry_run=True)
    assert (good.code, hub.bot.x.posts) == (0, ()), good.err
    assert "Fact" in good.out
    key = (hub.secrets / "TWEETBOT_KEY").read_text()
    (hub.secrets / "TWEETBOT_KEY").write_text("A" * 43 + "=")
    assert hub.workflow(FILE, dry_run=True).code == 2
    (hub.secrets / "TWEETBOT_KEY").unlink()
    assert hub.workflow(FILE, dry_run=True).code == 2
    (hub.secrets / "TWEETBOT_KEY").write_text(key)
    hub.host.git("update-ref", "-d", "refs/tweetbot/dogfacts")
    assert hub.workflow(FILE, dry_run=True).code != 0


@pytest.mark.slow
def test_a_job_that_fails_is_red_with_the_code_of_the_post(hub: Hub) -> None:
    hub.bot.x.revoke_all()
    run = hub.workflow(FILE)
    assert run.code == 4
    assert not (hub.root / "work-home/GITHUB_OUTPUT").exists()
