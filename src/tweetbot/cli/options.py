"""Options that several commands share, and the kinds of values that click does not know."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from tweetbot import money
from tweetbot.cli.edge import Bot
from tweetbot.errors import TweetbotError

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


def _names(_ctx: click.Context, _option: click.Parameter, begun: str) -> list[str]:
    """Complete a bot's name from the folder: a press of the Tab key asks no server and no key."""
    from tweetbot.settings import read_settings
    from tweetbot.store import profile_names

    with suppress(TweetbotError):
        names = profile_names(read_settings(os.environ), {})
        return [name for name in names if name.startswith(begun)]
    return []


def profile(function: Callable[..., Any]) -> Callable[..., Any]:
    """Take the name of the bot."""

    def note(ctx: click.Context, _option: click.Parameter, value: str | None) -> str | None:
        """Let messages name the bot."""
        if name := value or os.environ.get("TWEETBOT_PROFILE"):
            ctx.ensure_object(Bot).name = name
        return value

    return click.option(
        "-p",
        "--profile",
        metavar="NAME",
        callback=note,
        shell_complete=_names,
        help="Name of the bot (TWEETBOT_PROFILE; else: default, or the only one).",
    )(function)


Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]


def all_of(decorators: Sequence[Decorator]) -> Decorator:
    """Take options that stand in a table, in its order."""

    def take(function: Callable[..., Any]) -> Callable[..., Any]:
        for decorator in reversed(decorators):
            function = decorator(function)
        return function

    return take


Headings = Mapping[str, Sequence[str]]


def grouped(headings: Headings) -> type[click.Command]:
    """Return a kind of command whose help shows its options under `headings`, by long names."""

    class Grouped(click.Command):
        def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
            records = {p.opts[-1]: p.get_help_record(ctx) for p in self.get_params(ctx)}
            for heading, names in headings.items():
                with formatter.section(heading):
                    formatter.write_dl([row for name in names if (row := records[name])])

    return Grouped


class Seconds(click.FloatRange):
    """A number of seconds in a range; "nan" is in none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        seconds: float = super().convert(value, param, ctx)
        if seconds != seconds:
            self.fail(f"{value!r} is no number of seconds.", param, ctx)
        return seconds


class Read(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks alone
    """A value that a function reads; its `ValueError` says what is wrong."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        self.name = name
        self._read = read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        try:
            return self._read(str(value))
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


class FileName(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks alone
    """The name of a file of the person's; where `or_url`, it may be a URL, too."""

    name = "file"

    def __init__(self, *, or_url: bool = False) -> None:
        self._or_url = or_url

    def shell_complete(
        self, _ctx: click.Context, _param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Let the shell complete the name."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(incomplete, type="file")]

    def path(self, value: str) -> str | None:
        """Return the path that is meant, if a file is."""
        return None if value == "-" or (self._or_url and "://" in value) else value


FILE = FileName()
FILE_OR_URL = FileName(or_url=True)


def _duration(text: str) -> float:
    from tweetbot.settings import duration  # late: `--help` needs none

    return duration(text)


DURATION = Read("duration", _duration)

as_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
verbose = click.option(
    "-v", "--verbose", is_flag=True, help="Show each request on standard error (no secrets)."
)
LONGEST_WAIT = 3600
wait = click.option(
    "--wait",
    type=Seconds(0, LONGEST_WAIT),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another run, or for a rate limit to reset.",
)


budget = click.option(
    "--budget",
    type=Read("amount", money.budget),
    metavar="USD",
    help="Most it may spend in a month (none: no limit).",
)
