"""The table of schedulers: what each is, and who makes its files."""

from __future__ import annotations

from collections.abc import Callable

from tweetbot.schedule import cron, docker, github, gitlab, kubernetes, launchd, systemd, windows
from tweetbot.schedule.crontab import write_crontab
from tweetbot.schedule.job import Job
from tweetbot.schedule.plan import Plan
from tweetbot.schedule.writing import Written, write_units, write_workflow
from tweetbot.values import dataclass


@dataclass(frozen=True)
class Kind:
    """A row of the table; `is_here` says that the job runs on this machine."""

    says: str
    plan: Callable[[Job], Plan]
    is_here: bool
    write: Callable[[Job, Plan, bool], Written] | None = None


KINDS = {
    "cron": Kind("a crontab line of this machine", cron.plan, True, write_crontab),
    "systemd": Kind(
        "a service and a timer; templates for many bots", systemd.plan, True, write_units
    ),
    "launchd": Kind("a property list for macOS", launchd.plan, True),
    "windows": Kind("a PowerShell script for the Task Scheduler", windows.plan, True),
    "github": Kind("a workflow of GitHub Actions", github.plan, False, write_workflow),
    "gitlab": Kind("a job for .gitlab-ci.yml", gitlab.plan, False),
    "kubernetes": Kind("a CronJob", kubernetes.plan, False),
    "docker": Kind("a Dockerfile, and the lines that run it", docker.plan, False),
}
