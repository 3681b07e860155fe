"""Units of systemd: a service and a timer for one bot, and templates for any number of bots.

`Type=exec`, for systemd refuses `RestartForceExitStatus=` in a oneshot service.
"""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import count
from pathlib import Path

from tweetbot.schedule.job import Job, Word
from tweetbot.schedule.plan import File, Plan, headed
from tweetbot.schedule.posix import run, secret_steps
from tweetbot.schedule.times import At
from tweetbot.schedule.words import systemd as quoted

SERVICE = """\
[Unit]
Description=tweetbot posts for {bot}
{unit}# OnFailure=NAME.service starts a unit of yours when a run has failed.

[Service]
Type=exec
{service}ExecStart={command}
RuntimeMaxSec={minutes}min
# 6: nothing was posted, and a later run may succeed (there is no network yet).
RestartForceExitStatus=6
RestartSec=10min
"""
TIMER = """\
[Unit]
Description=When tweetbot posts for {bot}

[Timer]
{calendar}Persistent=true
{spread}
[Install]
WantedBy=timers.target
"""
ONLINE = "Wants=network-online.target\nAfter=network-online.target\n"
SPREAD = "# Thirty bots do not start at once.\nRandomizedDelaySec=30min\nFixedRandomDelay=true\n"
MACHINE = "/etc/systemd/system/tweetbot@"
# Each file of the output begins with a comment that has its path and nothing else.
LAY = """sudo awk '/^# \\// { file = substr($0, 3) } file ~ "^/etc" { print > file }'"""
ANY = ("For any number of bots, in place of the two units above. %i is the bot's name.",)


def plan(job: Job) -> Plan:
    service, timer = job.name + ".service", job.name + ".timer"
    return Plan(
        (*user_units(job), *templates(job)),
        (
            *secret_steps(job),
            "systemctl --user daemon-reload",
            f"systemctl --user enable --now {timer}",
            "loginctl enable-linger  # it runs while you are logged out",
            f"journalctl --user -u {service}  # what it said",
        ),
        by_hand=(
            f"{LAY} FILE  # lays the templates; FILE has what is printed here",
            *(f"{step}  # and so for each other bot, with its name" for step in secret_steps(job)),
            "sudo systemctl daemon-reload",
            f"sudo systemctl enable --now tweetbot@{job.profile}.timer",
        ),
    )


def user_units(job: Job) -> tuple[File, File]:
    """Return the service and the timer of this one bot, for the person's own systemd."""
    path = unit_folder(job) / job.name
    service = _service(job, bot=job.profile)
    timer = TIMER.format(bot=job.profile, calendar=_calendar(job), spread="")
    return (
        headed("systemd", f"{path}.service", service),
        headed("systemd", f"{path}.timer", timer),
    )


def unit_folder(job: Job) -> Path:
    """Where systemd looks for the person's own units (systemd.unit(5))."""
    home = job.here.environ.get("XDG_CONFIG_HOME") or str(job.here.home / ".config")
    return Path(home, "systemd", "user")


def templates(job: Job) -> tuple[File, File]:
    """Return units of the machine; `%i` stands where the name of the bot stood."""
    name = _unused(job)
    words = tuple(_with(name, word, job) for word in job.words)
    any_job = replace(job, profile=name, words=words)
    service = _service(any_job, bot=name, unit=ONLINE, user=f"User={job.here.user}\n")
    timer = TIMER.format(bot="%i", calendar=_calendar(job), spread=SPREAD)
    return (
        headed("systemd", f"{MACHINE}.service", service.replace(name, "%i"), notes=ANY),
        headed("systemd", f"{MACHINE}.timer", timer, notes=ANY),
    )


def _unused(job: Job) -> str:
    """Return a name that no word has in it."""
    words = " ".join([*job.command, *job.variables.values(), str(job.folder)])
    return next(name for number in count() if (name := f"ANY_BOT_{number}") not in words)


def _with(name: str, word: Word, job: Job) -> Word:
    """Let a path of the bot be that of any bot: the last part that is called like it.

    What is above that may have the name by chance, as the home of a user has.
    """
    if not isinstance(word, Path):
        return word
    parts, home = list(word.parts), job.here.home
    first = len(home.parts) if word.is_relative_to(home) else 0
    for place in reversed(range(first, len(parts))):
        suffix = "" if parts[place] == job.profile else Path(parts[place]).suffix
        if parts[place] == job.profile + suffix:
            parts[place] = name + suffix
            break
    return Path(*parts)


def _service(job: Job, *, bot: str, unit: str = "", user: str = "") -> str:
    lines = [
        f"Environment={quoted(f'{name}={text}', expands=False)}\n"
        for name, text in {**job.variables, **_folder_of_profiles(job)}.items()
    ]
    if job.directory:
        lines.append(f"WorkingDirectory={str(job.directory).replace('%', '%%')}\n")
    return SERVICE.format(
        bot=bot,
        unit=unit,
        service=user + "".join(lines),
        command=_line(run(job)),
        minutes=job.minutes,
    )


def _line(words: tuple[str, ...]) -> str:
    """Return the command line; a program whose name systemd refuses is started by a shell."""
    is_plain = re.fullmatch(r"[\w@+=:,./ -]+", words[0])
    if not is_plain:
        words = ("/bin/sh", "-c", 'exec "$@"', "sh", *words)
    return " ".join(map(quoted, words))


def _folder_of_profiles(job: Job) -> dict[str, str]:
    """systemd knows no XDG_CONFIG_HOME of a shell, and root's HOME is not always set."""
    return {} if job.folder is None or job.store else {"TWEETBOT_CONFIG_DIR": str(job.folder)}


def _calendar(job: Job) -> str:
    """Return the times (systemd.time(7)), in the zone that is known here."""
    zone = f" {job.zone.name}" if job.zone.name else ""
    return "".join(f"OnCalendar={_moment(at)}{zone}\n" for at in job.times)


def _moment(at: At) -> str:
    return " ".join([*([",".join(at.day_names)] if at.days else []), f"*-*-* {at.clock}:00"])
