"""`tweetbot import`."""

from __future__ import annotations

import os

import click

from tweetbot import moving
from tweetbot.cli import options, which_bot
from tweetbot.cli.arrival import next_steps, show_arrival
from tweetbot.cli.collaborators import store_of
from tweetbot.cli.inputs import document
from tweetbot.cli.terminal import tell
from tweetbot.settings import read_settings
from tweetbot.store import opened


@click.command()
@click.argument("file", default="-", metavar="[FILE|-]", type=options.FILE)
@options.profile
@click.option("--force", is_flag=True, help="Replace another account or a newer login.")
@options.as_json
def command(file: str, profile: str | None, force: bool, as_json: bool) -> None:
    """Take over a bot that `export` handed out."""
    settings = which_bot.named(read_settings(os.environ, profile=profile), may_be_new=True)
    store = store_of(settings)
    taken = opened(settings, os.environ, document(file))
    saved = moving.take_over(store, taken, api_url=settings.api_url, force=force, tell=tell)
    show_arrival(saved, settings, store, happened="Imported", nameless="the bot", as_json=as_json)
    if not as_json:
        tell(next_steps(saved, settings, store))
