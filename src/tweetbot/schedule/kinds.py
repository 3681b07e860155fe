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
    """A row of the table.

    `system` is how `sys.platform` begins where the job runs on this machine; empty, it runs
    elsewhere. `often` is how a quarter of an hour is written there by hand.
    """

    says: str
    plan: Callable[[Job], Plan]
    system: tuple[str, ...] = ()
    write: Callable[[Job, Plan, bool], Written] | None = None
    often: str = ""

    @property
    def is_here(self) -> bool:
        return bool(self.system)


_UNIX = ("linux", "darwin", "freebsd", "openbsd", "netbsd", "sunos", "aix")
KINDS = {
    "cron": Kind(
        "a crontab line",
        cron.plan,
        _UNIX,
        write_crontab,
        often="*/15 * * * * in place of its first five fields",
    ),
    "systemd": Kind(
        "a service and a timer; templates for many bots",
        systemd.plan,
        ("linux",),
        write_units,
        often="OnCalendar=*:0/15 in place of the timer's",
    ),
    "launchd": Kind("a property list for macOS", launchd.plan, ("darwin",)),
    "windows": Kind("a PowerShell script for the Task Scheduler", windows.plan, ("win32",)),
    "github": Kind("a workflow of GitHub Actions", github.plan, write=write_workflow),
    "gitlab": Kind("a job for .gitlab-ci.yml", gitlab.plan),
    "kubernetes": Kind("a CronJob", kubernetes.plan),
    "docker": Kind("a Dockerfile, and the lines that run it", docker.plan),
}
