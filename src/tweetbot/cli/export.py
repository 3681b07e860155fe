"""`tweetbot export`."""

from __future__ import annotations

import os
import sys

import click

from tweetbot import moving
from tweetbot.cli import options, which_bot
from tweetbot.cli.collaborators import store_of
from tweetbot.cli.terminal import is_terminal, tell, write_out
from tweetbot.errors import ConfigurationError, naming
from tweetbot.settings import read_settings


@click.command()
@options.profile
@click.option("--keep", is_flag=True, help="Leave the bot in use here, too (it will end one).")
@click.option("--show", "to_terminal", is_flag=True, help="Print the secrets to a terminal.")
@options.as_json
def command(profile: str | None, keep: bool, to_terminal: bool, as_json: bool) -> None:
    """Move a bot: hand its login to another machine.

    With --json the document stands under "document"; `tweetbot import` takes that, too.
    """
    settings = which_bot.named(read_settings(os.environ, profile=profile))
    if is_terminal(sys.stdout) and not to_terminal:
        raise ConfigurationError(
            "The document holds secrets, and standard output is a terminal.",
            f"Send it on (tweetbot export -p {settings.profile} | ssh HOST tweetbot import -p"
            f" {settings.profile}), or add --show.",
        )

    def write(document: bytes) -> None:
        framed = moving.framed(document, profile=settings.profile, kept=keep)
        write_out(framed if as_json else document)

    moving.export(store_of(settings), write, api_url=settings.api_url, keep=keep)
    if keep:
        tell("Kept here too. The first renewal on either machine ends the other's login.")
    else:
        path = settings.path if settings.config_dir else "FILE"
        moved = "Moved. `tweetbot auth` brings the bot back; or, if it never arrived there,"
        tell(naming(settings.profile, f"{moved} `tweetbot import {path}`."))
