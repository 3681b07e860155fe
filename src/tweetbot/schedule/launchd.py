"""A property list for launchd, macOS's own scheduler (launchd.plist(5))."""

from __future__ import annotations

import plistlib

from tweetbot.schedule.job import Job
from tweetbot.schedule.plan import Plan, headed
from tweetbot.schedule.posix import log_file, log_steps, run, secret_steps
from tweetbot.schedule.times import At
from tweetbot.schedule.words import shell, xml
from tweetbot.schedule.zone import in_scheduler_time

_DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def plan(job: Job) -> Plan:
    times, warnings = in_scheduler_time(job.zone, job.times, now=job.now, whose="launchd")
    path = job.here.home / "Library" / "LaunchAgents" / f"{job.name}.plist"
    text = xml(plistlib.dumps(_agent(job, times), sort_keys=False).decode())
    body = text.removeprefix(_DECLARATION)
    place = str(path).replace("--", "- -")  # which no comment may have in it
    file = headed("launchd", place, body, comment="<!-- {} -->", before=_DECLARATION)
    steps = (
        *log_steps(job),
        *secret_steps(job),
        f"launchctl bootstrap gui/$(id -u) {shell(str(path))}",
        f"launchctl kickstart gui/$(id -u)/{job.name}  # one run, now: it posts",
    )
    return Plan((file,), steps, tuple(warnings))


def _agent(job: Job, times: tuple[At, ...]) -> dict[str, object]:
    log = str(log_file(job))
    agent = {
        "Label": job.name,
        "ProgramArguments": list(run(job)),
        "EnvironmentVariables": job.variables,
        "WorkingDirectory": str(job.directory) if job.directory else None,
        "StartCalendarInterval": [entry for at in times for entry in _intervals(at)],
        "StandardOutPath": log,
        "StandardErrorPath": log,
        "ProcessType": "Background",
    }
    return {key: value for key, value in agent.items() if value}


def _intervals(at: At) -> list[dict[str, int]]:
    clock = {"Hour": at.hour, "Minute": at.minute}
    return [{"Weekday": (day + 1) % 7, **clock} for day in at.days] or [clock]  # 0 is Sunday
