"""`tweetbot schedule`."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import replace

import click

from tweetbot import __version__, schedule
from tweetbot.cli import options
from tweetbot.cli.terminal import show, tell, write_out
from tweetbot.errors import ConfigurationError

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


_DASHES = "tweetbot.dashes"  # where it is kept whether there was a --


class _Parted(click.Command):
    """Tells what stands behind `--` from what stands before it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_DASHES] = "--" in args
        return super().parse_args(ctx, args)


def _begun(_ctx: click.Context, _kind: click.Parameter, begun: str) -> list[str]:
    return [name for name in schedule.KINDS if name.startswith(begun)]


@click.command(cls=_Parted)
@click.argument("kind", required=False, shell_complete=_begun)
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
    if post_options and not click.get_current_context().meta[_DASHES]:
        raise ConfigurationError(
            f"{post_options[0]} stands before --.",
            f"What is to be posted stands behind it: tweetbot schedule {kind} -- --list FILE. The"
            " name of a bot follows -p.",
        )
    from tweetbot.cli import scheduled  # late: it loads `post`

    job, remarks = scheduled.job(row, profile, post_options, times)
    job = replace(job, environment=environment)
    plan = row.plan(job)
    remarks += plan.warnings
    if write and row.write:
        written = row.write(job, plan, force)
        show("\n".join(written.done))
        _tell((*remarks, *written.warnings), plan.steps)
    else:
        _print(plan)
        _tell(remarks, (*plan.by_hand, *plan.steps))


def _tell(remarks: Sequence[str], steps: Sequence[str]) -> None:
    for remark in remarks:
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


def _print(plan: schedule.Plan) -> None:
    text = "\n".join(file.text for file in plan.files)
    try:
        write_out(text.encode())
    except OSError as error:
        raise ConfigurationError(f"Standard output takes nothing ({error.strerror}).") from None
