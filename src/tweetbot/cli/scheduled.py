"""The job that `tweetbot schedule` is about; the options of `post` are read by `post` itself."""

from __future__ import annotations

import math
import os
import re
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from tweetbot import __version__, schedule
from tweetbot.cli import commands, which_bot
from tweetbot.cli.options import FileName
from tweetbot.cli.post import source_from
from tweetbot.errors import ConfigurationError, missing_extra
from tweetbot.settings import Settings, read_settings
from tweetbot.store import has_profile, kind
from tweetbot.values import dataclass

_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff\ufffe\uffff]")  # nor is it in XML
USUAL_MINUTES = 10  # for one run; a --wait of over a minute adds to it


@dataclass(frozen=True)
class _Scheduled:
    """The words of a run, its files absolute, and what its options say to the scheduler."""

    words: tuple[schedule.Word, ...]
    profile: str | None
    has_source: bool
    is_fixed: bool  # a text that is the same each time
    is_feed: bool
    extras: tuple[str, ...]
    minutes: int
    min_gap: float | None


def job(
    row: schedule.Kind,
    profile: str | None,
    post_options: tuple[str, ...],
    times: tuple[schedule.At, ...],
) -> tuple[schedule.Job, list[str]]:
    """Return what is to run, and what has to be known of it."""
    settings = read_settings(os.environ, profile=profile)
    here = schedule.read_here(os.environ, program=sys.argv[0], version=__version__)
    wanted = _read(post_options, directory=here.directory)
    settings = which_bot.chosen(_the_same(settings, wanted.profile))
    for path in (str(here.directory), *here.program, str(settings.config_dir)):
        _checked(path, "A path", never="\n")
    words = wanted.words
    if not wanted.has_source:
        words = (*words, "--list", _usual_list(settings, here, is_here=row.is_here))
    job = schedule.Job(
        here,
        settings.profile,
        words,
        tuple(dict.fromkeys(times)) or (schedule.usual(settings.profile),),
        schedule.read_zone(os.environ),
        time.time(),
        folder=settings.config_dir,
        extras=wanted.extras,
        minutes=wanted.minutes,
        min_gap=wanted.min_gap,
    )
    remarks = [*_remarks(row, wanted, job), *_missing_profile(settings)]
    return job, [*([] if times else _too_seldom(row, wanted)), *remarks]


def _too_seldom(row: schedule.Kind, wanted: _Scheduled) -> list[str]:
    if not (wanted.is_feed and row.often):
        return []
    return [
        "Once a day is seldom for a feed: each run posts one item. For every quarter of an hour,"
        f" write {row.often}; a line that you have edited stays."
    ]


def _remarks(row: schedule.Kind, wanted: _Scheduled, job: schedule.Job) -> Iterator[str]:
    if not wanted.has_source:
        yield f"Nothing behind -- says what to post; this posts the list {job.words[-1]}."
    if wanted.is_fixed:
        yield "The text is the same each time, and X refuses what it has just posted."
    if row.is_here and not sys.platform.startswith(row.system):
        yield "The paths are those of this machine, which has another system."
    if row.is_here and "feeds" in wanted.extras and find_spec("feedparser") is None:
        yield str(missing_extra("feeds", "RSS and Atom need the package feedparser."))
    yield from schedule.warnings(job, is_here=row.is_here)


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
    name, store = settings.profile, kind(settings, os.environ)
    if store == "command" and not os.environ.get("TWEETBOT_LOAD_COMMAND"):
        return ["TWEETBOT_PROFILE_JSON is a login of this moment; a job needs a place for it."]
    if store != "folder" or has_profile(settings, os.environ, name):
        return []
    return [f"There is no bot {name} in {settings.folder} yet: `tweetbot auth -p {name}`."]


def _read(args: Sequence[str], *, directory: Path) -> _Scheduled:
    """Read the options of `post`; raises what `post` would, and `ConfigurationError` for those
    that make no sense without a person."""
    post = commands.command("post")
    parent = click.get_current_context().parent
    with post.make_context("post", list(args), parent=parent) as ctx:
        given = ctx.params
        words = tuple(_words(post, ctx, args, directory))
    _refuse_senseless(given)
    is_fixed = given["text"] is not None or bool(given["media"])
    has_source = is_fixed or given["list_file"] is not None or given["feed"] is not None
    files = [word for word in words if isinstance(word, Path)]
    if has_source and all(map(os.path.exists, files)):
        source_from(**given)  # what can be wrong now
    return _Scheduled(
        words,
        given["profile"],
        has_source,
        is_fixed,
        given["feed"] is not None,
        ("feeds",) if given["feed"] else (),
        USUAL_MINUTES + math.ceil(max(given["wait"] - 60, 0) / 60),
        given["min_gap"],
    )


def _refuse_senseless(given: Mapping[str, Any]) -> None:
    if given["dry_run"]:
        raise ConfigurationError("With -n a run posts nothing.", "Leave it out here.")
    if "-" in (given["text"], given["feed"], given["list_file"]):
        raise ConfigurationError(
            "A scheduler has nothing to give on standard input.",
            "Name a list (--list FILE) or a feed (--feed URL); what comes out of a program needs a"
            " script of yours, and a scheduler for that.",
        )


def _words(
    post: click.Command, ctx: click.Context, args: Sequence[str], directory: Path
) -> Iterator[schedule.Word]:
    """Yield the words as they were given, options first; -p is said elsewhere."""
    values, _, order = post.make_parser(ctx).parse_args(list(args))
    left = {name: list(value) for name, value in values.items() if isinstance(value, list)}
    for parameter in order:
        value = values[parameter.name]
        if parameter.name == "profile":
            continue
        if isinstance(parameter, click.Option):
            yield parameter.opts[-1]
            if not parameter.is_flag:
                text = left[parameter.name].pop(0) if parameter.name in left else value
                yield _word(parameter, str(text), directory)
    if text := ctx.params.get("text"):
        yield from ("--", _checked(text.rstrip("\n"), "The text"))


def _word(parameter: click.Parameter, text: str, directory: Path) -> schedule.Word:
    _checked(text, parameter.opts[-1])
    path = parameter.type.path(text) if isinstance(parameter.type, FileName) else None
    return text if path is None else directory / path


def _checked(text: str, what: str, *, never: str = "") -> str:
    """Return what a file for a scheduler can hold; raises `ConfigurationError`."""
    if _NO_TEXT.search(text) or any(char in text for char in never):
        fault = "has characters in it that are no text"
    elif text.endswith("\n"):
        fault = "ends with a line break"
    else:
        return text
    raise ConfigurationError(f"{what} {fault}; a scheduler's file cannot hold it.", "Change it.")
