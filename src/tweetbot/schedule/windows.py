"""A script for PowerShell that registers a task with the Task Scheduler of Windows."""

from __future__ import annotations

from tweetbot.schedule.job import Job
from tweetbot.schedule.plan import Plan, headed
from tweetbot.schedule.times import FULL_DAYS, At
from tweetbot.schedule.words import powershell as quoted
from tweetbot.schedule.words import windows_line
from tweetbot.schedule.zone import in_scheduler_time

SCRIPT = """\
{variables}$action = New-ScheduledTaskAction -Execute {program} -Argument {arguments}{directory}
$triggers = @(
{triggers})
$settings = New-ScheduledTaskSettingsSet -StartWhenAvailable -RunOnlyIfNetworkAvailable `
    -AllowStartIfOnBatteries -DontStopIfGoingOnBatteries -MultipleInstances Queue `
    -ExecutionTimeLimit (New-TimeSpan -Minutes {minutes})
Register-ScheduledTask -TaskName {name} -Action $action -Trigger $triggers -Settings $settings
"""


def plan(job: Job) -> Plan:
    times, warnings = in_scheduler_time(job.zone, job.times, now=job.now, whose="Windows")
    program, *arguments = job.command
    body = SCRIPT.format(
        variables="".join(_set(name, quoted(text)) for name, text in job.variables.items()),
        program=quoted(program),
        arguments=quoted(windows_line(arguments)),
        directory=f" -WorkingDirectory {quoted(str(job.directory))}" if job.directory else "",
        triggers="".join(f"    {_trigger(at)}\n" for at in times),
        minutes=job.minutes,
        name=quoted(job.name),
    )
    file = headed("windows", f"{job.name}.ps1", body)
    steps = (
        *(_set(name, f"$env:{name}").rstrip() for name in job.secrets),
        f"powershell -ExecutionPolicy Bypass -File {job.name}.ps1",
        f"Get-ScheduledTaskInfo {job.name}  # LastTaskResult is the exit code",
    )
    return Plan((file,), steps, tuple(warnings))


def _set(name: str, value: str) -> str:
    """A task has no variables of its own: it gets those of its user."""
    return f"[Environment]::SetEnvironmentVariable('{name}', {value}, 'User')\n"


def _trigger(at: At) -> str:
    days = ", ".join(f"'{FULL_DAYS[day]}'" for day in at.days)
    when = f"-Weekly -DaysOfWeek @({days})" if days else "-Daily"
    return f"New-ScheduledTaskTrigger {when} -At '{at.clock}'"
