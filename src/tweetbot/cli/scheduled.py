"""What stands behind `--` of `tweetbot schedule`: the options of `post`, read by `post` itself."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import click

from tweetbot import schedule
from tweetbot.cli import commands
from tweetbot.cli.options import FileName
from tweetbot.cli.post import source_from
from tweetbot.errors import ConfigurationError
from tweetbot.values import dataclass

_NO_TEXT = re.compile("[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")
USUAL_MINUTES = 10  # for one run; a --wait of over a minute adds to it


@dataclass(frozen=True)
class Scheduled:
    """The words of a run, its files absolute, and what its options say to the scheduler."""

    words: tuple[schedule.Word, ...]
    profile: str | None
    has_source: bool
    is_fixed: bool  # a text that is the same each time
    extras: tuple[str, ...]
    minutes: int
    min_gap: float | None


def read(args: Sequence[str], *, directory: Path) -> Scheduled:
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
    if has_source and all(file.exists() for file in files):
        source_from(**given)  # what can be wrong now
    return Scheduled(
        words,
        given["profile"],
        has_source,
        is_fixed,
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
        yield from ("--", checked(text.rstrip("\n"), "The text"))


def _word(parameter: click.Parameter, text: str, directory: Path) -> schedule.Word:
    checked(text, parameter.opts[-1])
    path = parameter.type.path(text) if isinstance(parameter.type, FileName) else None
    return text if path is None else directory / path


def checked(text: str, what: str, *, never: str = "") -> str:
    """Return what a file for a scheduler can hold; raises `ConfigurationError`."""
    if _NO_TEXT.search(text) or any(char in text for char in never):
        fault = "has characters in it that are no text"
    elif text.endswith("\n"):
        fault = "ends with a line break"
    else:
        return text
    raise ConfigurationError(f"{what} {fault}; a scheduler's file cannot hold it.", "Change it.")
