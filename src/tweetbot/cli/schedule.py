"""`tweetbot schedule`."""

from __future__ import annotations

import os
import sys
import time
from dataclasses import replace
from pathlib import Path

import click

from tweetbot import __version__, schedule
from tweetbot.cli import options, which_bot
from tweetbot.cli.terminal import show, tell, write_out
from tweetbot.errors import ConfigurationError
from tweetbot.settings import Settings, read_settings
from tweetbot.store import has_profile, kind

HABITS = {
    "crontab": "cron",
    "timer": "systemd",
    "macos": "launchd",
    "mac": "launchd",
    "task": "windows",
    "actions": "github",
    "github-actions": "github",
    "k8s": "kubernetes",
}


@click.command()
@click.argument("kind", required=False)
@click.argument("post_options", nargs=-1, metavar="[-- OPTIONS OF post]")
@options.profile
@click.option(
    "--at",
    "times",
    multiple=True,
    type=options.Read("time", schedule.read_at),
    metavar="'[DAYS ]HH:MM'",
    help="When, as in 'Mon,Thu 09:07'; may be repeated (a minute of its own after nine).",
)
@click.option("--write", is_flag=True, help="Put it where it belongs: cron, systemd, github.")
@click.option("--force", is_flag=True, help="Write over what was changed by hand.")
@click.option("--environment", metavar="NAME", help="The environment of GitHub with the secret.")
def command(
    kind: str | None,
    post_options: tuple[str, ...],
    profile: str | None,
    times: tuple[schedule.At, ...],
    write: bool,
    force: bool,
    environment: str | None,
) -> None:
    """Print what makes cron, systemd, GitHub … run this bot.

    KIND is cron, systemd, launchd, windows, github, gitlab, kubernetes or docker. What stands
    behind -- is what `post` is to do, as in: tweetbot schedule cron -- --list facts.txt
    """
    if kind is None:
        show(_table())
        return
    row = schedule.KINDS.get(kind) or _no_kind(kind, profile)
    _check(kind, row, write=write, force=force, environment=environment)
    job, remarks = _job(row, profile, post_options)
    job = replace(
        job,
        times=tuple(dict.fromkeys(times)) or (schedule.usual(job.profile),),
        environment=environment,
    )
    plan = row.plan(job)
    steps = plan.steps
    if write and row.write:
        written = row.write(job, plan, force)
        show("\n".join(written.done))
        remarks += written.warnings
    else:
        _print(plan)
        steps = (*steps, *plan.by_hand)
    for remark in (*remarks, *plan.warnings):
        tell(f"Note: {remark}")
    if steps:
        tell("\n".join(["Left for you:", *(f"  {step}" for step in steps)]))


def _table() -> str:
    width = max(map(len, schedule.KINDS))
    rows = [f"{name:{width}}  {row.says}" for name, row in schedule.KINDS.items()]
    return "\n".join(rows)


def _check(
    kind: str, row: schedule.Kind, *, write: bool, force: bool, environment: str | None
) -> None:
    if write and not row.write:
        names = ", ".join(name for name, one in schedule.KINDS.items() if one.write)
        raise ConfigurationError(
            f"--write is for {names}.", f"Send this to a file: tweetbot schedule {kind} … > FILE."
        )
    if force and not write:
        raise ConfigurationError("--force is about --write.", "Leave it out, or add --write.")
    if environment is not None and (kind != "github" or not environment.strip()):
        raise ConfigurationError("--environment names an environment of GitHub.", "Leave it out.")


def _no_kind(word: str, profile: str | None) -> schedule.Kind:
    """Say what `schedule` is for: the word may be a text that is to be posted later."""
    kinds = ", ".join(schedule.KINDS)
    if word.startswith("-"):
        raise ConfigurationError(
            f"A kind comes first: {kinds}.", f"As in: tweetbot schedule cron -- {word} …"
        )
    if right := HABITS.get(word.lower()):
        raise ConfigurationError(f"{word} is no kind.", f"It is {right} here.")
    here = schedule.read_here(os.environ, program=sys.argv[0], version=__version__)
    bot = ("-p", profile) if profile else ()
    post = schedule.shell_line([*here.program, "post", *bot, "--", word])
    later = schedule.shell_line(["printf", "%s\\n", post])
    tell(f"{later} | at 09:00 tomorrow")
    raise ConfigurationError(
        f"{word} is no kind of scheduler: those are {kinds}.",
        "tweetbot does not post a text later. The line above does, once, by your system's at.",
    )


def _job(
    row: schedule.Kind, profile: str | None, post_options: tuple[str, ...]
) -> tuple[schedule.Job, list[str]]:
    """Return what is to run, and what has to be known of it."""
    from tweetbot.cli import scheduled  # late: it loads `post`

    settings = read_settings(os.environ, profile=profile)
    here = schedule.read_here(os.environ, program=sys.argv[0], version=__version__)
    wanted = scheduled.read(post_options, directory=here.directory)
    settings = which_bot.chosen(_the_same(settings, wanted.profile))
    for path in (str(here.directory), *here.program, str(settings.config_dir)):
        scheduled.checked(path, "A path", never="\n")
    remarks, words = [], wanted.words
    if not wanted.has_source:
        usual = _usual_list(settings, here, is_here=row.is_here)
        words = (*words, "--list", usual)
        remarks.append(f"Nothing behind -- says what to post; this posts the list {usual}.")
    elif wanted.is_fixed:
        remarks.append("The text is the same each time, and X refuses what it has just posted.")
    job = schedule.Job(
        here,
        settings.profile,
        words,
        (),
        schedule.read_zone(os.environ),
        time.time(),
        folder=settings.config_dir,
        extras=wanted.extras,
        minutes=wanted.minutes,
        min_gap=wanted.min_gap,
    )
    if row.is_here:
        if not sys.platform.startswith(row.system):
            remarks.append("The paths are those of this machine, which has another system.")
        remarks += schedule.warnings(job)
    remarks += _missing_profile(settings)
    return job, remarks


def _the_same(settings: Settings, named: str | None) -> Settings:
    """Take the bot that stands behind --; two names are one too many."""
    if named is None or (settings.is_named and named == settings.profile):
        return settings
    if settings.is_named:
        raise ConfigurationError(f"Which bot? {settings.profile} or {named}.", "Say -p once.")
    return read_settings(os.environ, profile=named)


def _usual_list(settings: Settings, here: schedule.Here, *, is_here: bool) -> Path:
    if is_here:
        return settings.folder / f"{settings.profile}.txt"
    return (schedule.root(here.directory) or here.directory) / f"{settings.profile}.txt"


def _missing_profile(settings: Settings) -> list[str]:
    if kind(settings, os.environ) != "folder" or has_profile(
        settings, os.environ, settings.profile
    ):
        return []
    name = settings.profile
    return [f"There is no bot {name} in {settings.folder} yet: `tweetbot auth -p {name}`."]


def _print(plan: schedule.Plan) -> None:
    text = "\n".join(file.text for file in plan.files)
    try:
        write_out(text.encode())
    except OSError as error:
        raise ConfigurationError(f"Standard output takes nothing ({error.strerror}).") from None
