"""Lines for a crontab, each of which stands for itself."""

from __future__ import annotations

from tweetbot.errors import ConfigurationError
from tweetbot.schedule.job import Job
from tweetbot.schedule.plan import Plan, headed
from tweetbot.schedule.posix import log_file, log_steps, run, secret_steps
from tweetbot.schedule.times import cron_fields
from tweetbot.schedule.words import cron as quoted
from tweetbot.schedule.words import shell
from tweetbot.schedule.zone import in_scheduler_time

LONGEST = 998  # bytes of a command that Debian's cron takes


def plan(job: Job) -> Plan:
    times, warnings = in_scheduler_time(job.zone, job.times, now=job.now, whose="cron")
    words = " ".join(map(quoted, run(job)))
    variables = [f"{name}={quoted(text)}" for name, text in job.variables.items()]
    stand = f"cd {quoted(str(job.directory))} && " if job.directory else ""
    line = logged(job, f"{stand}{' '.join([*variables, words])}")
    body = "".join(f"{fields}  {line}\n" for fields in cron_fields(times))
    return Plan(
        (headed("cron", "crontab", body),),
        (
            *log_steps(job),
            *secret_steps(job),
            f"tail {shell(str(log_file(job)))}  # what it said, once it has run",
        ),
        tuple(warnings),
        by_hand=("crontab -e  # put the lines in; --write does it for you",),
    )


def logged(job: Job, command: str) -> str:
    """Return what cron runs: time, bot, code and words go to a log, and to a mail if it failed.

    cron ends a command at a bare per cent sign, and mails what a command prints.
    """
    log = quoted(str(log_file(job)))
    line = (
        f"said=$(exec 2>&1; {command}); code=$?;"
        f' printf "%s {job.profile} $code: %s\\n" "$(date "+%F %T")" "$said" >> {log};'
        ' [ $code = 0 ] || printf "%s\\n" "$said"'
    ).replace("%", r"\%")
    size = len(line.encode())
    if size > LONGEST:
        raise ConfigurationError(
            f"The line has {size} bytes, and some crons take {LONGEST}.",
            "Shorten its texts or paths, or use another kind: systemd.",
        )
    return line
