"""`tweetbot delete`."""

from __future__ import annotations

import os

import click

from tweetbot.cli import options, which_bot
from tweetbot.cli.collaborators import context, store_of, transport
from tweetbot.cli.extras import target_of
from tweetbot.cli.terminal import show, show_json
from tweetbot.settings import read_settings


@click.command()
@click.argument("post", metavar="URL|ID|last")
@options.profile
@options.wait
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="Print nothing when it worked.")
@options.verbose
def command(
    post: str, profile: str | None, wait: float, as_json: bool, quiet: bool, verbose: bool
) -> None:
    """Take a post of the bot back.

    One post a call; about $0.010. The posts of a thread do not pull each other along: what is live
    of it stays, what is not yet live is let go.
    """
    settings = read_settings(os.environ, profile=profile)
    target = target_of(post, "What is to be deleted")
    settings = which_bot.chosen(settings)
    from tweetbot import posting

    with transport(verbose=verbose) as http:
        deleted = posting.delete(
            store_of(settings, wait=wait), http, target, context=context(settings, wait=wait)
        )
    if as_json:
        fields = {"id": deleted.id, "was_gone": deleted.was_gone, "usd": deleted.usd}
        show_json({"ok": True, "deleted": True, **fields})
    elif not quiet:
        what = "Gone already:" if deleted.was_gone else "Deleted"
        show(f"{what} {deleted.url}")
