"""`tweetbot logout`."""

from __future__ import annotations

import os

import click

from tweetbot.cli import options, which_bot
from tweetbot.cli.collaborators import store_of, transport
from tweetbot.cli.terminal import Terminal, show, show_json
from tweetbot.settings import read_settings


@click.command()
@options.profile
@click.option("--force", is_flag=True, help="Forget it here even if X cannot be asked.")
@options.as_json
@options.verbose
def command(profile: str | None, force: bool, as_json: bool, verbose: bool) -> None:
    """Withdraw the bot's access at X and forget it."""
    from tweetbot import login

    settings = which_bot.named(read_settings(os.environ, profile=profile))
    with transport(verbose=verbose) as http:
        done = login.log_out(store_of(settings), http, Terminal(), settings=settings, force=force)
    if as_json:
        show_json({"ok": True, "profile": settings.profile, **vars(done)})
    elif done.lives_on:
        show("Forgotten here; the bot lives on where it was moved to")
    else:
        show("Logged out")
