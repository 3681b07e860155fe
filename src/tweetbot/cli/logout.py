"""`tweetbot logout`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from tweetbot.cli import options, which_bot
from tweetbot.cli.collaborators import store_of, transport
from tweetbot.cli.terminal import Terminal, show, show_json, tell
from tweetbot.errors import TweetbotError
from tweetbot.settings import read_settings
from tweetbot.store import forget_pointer, pointer

if TYPE_CHECKING:
    from tweetbot.login import LoggedOut
    from tweetbot.settings import Settings
    from tweetbot.x import Transport


@click.command()
@options.profile
@click.option("--force", is_flag=True, help="Forget it here even if X cannot be asked.")
@options.as_json
@options.verbose
def command(profile: str | None, force: bool, as_json: bool, verbose: bool) -> None:
    """Withdraw the bot's access at X and forget it."""
    settings = which_bot.named(read_settings(os.environ, profile=profile))
    with transport(verbose=verbose) as http:
        done = _log_out(settings, http, force=force)
    if as_json:
        show_json({"ok": True, "profile": settings.profile, **vars(done)})
    elif done.lives_on:
        show("Forgotten here; the bot lives on where it was moved to")
    else:
        show("Logged out")


def _log_out(settings: Settings, http: Transport, *, force: bool) -> LoggedOut:
    """Log out where the bot lives, and forget here where that was; by force even if it is gone."""
    from tweetbot import login

    try:
        done = login.log_out(store_of(settings), http, Terminal(), settings=settings, force=force)
    except TweetbotError as error:
        if not (force and pointer(settings, os.environ)):
            raise
        tell(f"{error.happened} So {login.BY_HAND}")
        done = login.LoggedOut(withdrawn=False, lives_on=False)
    forget_pointer(settings, os.environ)
    return done
