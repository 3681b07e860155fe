"""`tweetbot post`."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

import click

from tweetbot.cli import options, which_bot
from tweetbot.cli.collaborators import context, store_of, transport
from tweetbot.cli.inputs import source_of
from tweetbot.cli.terminal import show, show_json, show_text, tell
from tweetbot.draft import Terms
from tweetbot.errors import naming
from tweetbot.foreign import one_line
from tweetbot.settings import read_settings
from tweetbot.text import LIMIT, LONG_LIMIT

if TYPE_CHECKING:
    from tweetbot.posting import Outcome
    from tweetbot.settings import Settings
    from tweetbot.sources import Order, Source
    from tweetbot.store import Store

HEADINGS = {
    "What to post": ("--list",),
    "Where it stands": ("--order", "--once"),
    "Length": ("--long",),
    "Only if": ("--no-links", "--again"),
    "The run": ("--profile", "--wait", "--dry-run", "--json", "--quiet", "--verbose", "--help"),
}


@click.command(cls=options.grouped(HEADINGS))
@click.argument("text", required=False, metavar="[TEXT|-]")
@options.profile
@click.option("--list", "list_file", metavar="FILE", help="Post the next line of FILE.")
@click.option(
    "--order",
    type=click.Choice(["shuffle", "file"]),
    default="shuffle",
    show_default=True,
    help="The order of a list; either way none is repeated before all had their turn.",
)
@click.option("--once", is_flag=True, help="End with 3 when the list is finished.")
@click.option("--no-links", is_flag=True, help="Refuse a text that X would make a link of ($0.20).")
@click.option("--long", "is_long", is_flag=True, help="Allow 25,000 characters (Premium accounts).")
@click.option("-n", "--dry-run", is_flag=True, help="Show what would be posted; ask nobody.")
@click.option("--again", is_flag=True, help="Post it even if it was posted within six hours.")
@options.wait
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="Print nothing when it worked.")
@options.verbose
def command(
    text: str | None,
    profile: str | None,
    list_file: str | None,
    order: Order,
    once: bool,
    no_links: bool,
    is_long: bool,
    dry_run: bool,
    again: bool,
    wait: float,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> int:
    """Renew the login and post once; never asks (cron, CI)."""
    settings = read_settings(os.environ, profile=profile)
    terms = Terms(limit=LONG_LIMIT if is_long else LIMIT, links=not no_links)
    source = source_of(text, list_file, order=order, once=once, terms=terms)
    settings = which_bot.chosen(settings)
    store = store_of(settings, wait=wait)
    if dry_run:
        return _show_preview(source, store, settings, again=again, as_json=as_json)
    from tweetbot import posting

    with transport(verbose=verbose) as http:
        outcome = posting.post(
            store, http, source, context=context(settings, wait=wait), again=again
        )
    _show_outcome(outcome, as_json=as_json, quiet=quiet)
    return 0


def _show_outcome(outcome: Outcome, *, as_json: bool, quiet: bool) -> None:
    if outcome.already_posted:
        tell("Already posted; nothing was sent.")
    if as_json:
        names = ("id", "url", "text", "posted_at", "usd", "renewed", "already_posted")
        fields = {name: getattr(outcome, name) for name in names}
        show_json({"ok": True, **fields, "links": [vars(link) for link in outcome.links]})
    elif outcome.url is None:
        tell("Posted, but X did not tell the post's id.")
    elif not quiet:
        show(outcome.url)


def _show_preview(
    source: Source, store: Store, settings: Settings, *, again: bool, as_json: bool
) -> int:
    """Show what would be posted, and as whom, as far as it is known without a network."""
    from tweetbot import preview

    shown = preview.preview(
        source, store, api_url=settings.api_url, again=again, now=int(time.time())
    )
    if shown.profile is None:
        tell(f"Not logged in yet: there is no {store}.")
    if as_json:
        show_json(preview.as_json(shown))
        return shown.code
    for remark in preview.details(shown):
        tell(one_line(naming(settings.profile, remark)))
    if not shown.draft.refused:
        show_text(shown.draft.text)
    return shown.code
