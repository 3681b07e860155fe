"""`tweetbot post`."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import click

from tweetbot.cli import options, which_bot
from tweetbot.cli.collaborators import context, fetching, store_of, transport
from tweetbot.cli.extras import extras_of
from tweetbot.cli.inputs import Items, Wanted, source_of
from tweetbot.cli.progress import progress
from tweetbot.cli.shown import show_outcome, show_preview
from tweetbot.draft import Terms
from tweetbot.errors import ConfigurationError, TweetbotError
from tweetbot.settings import read_settings
from tweetbot.text import LIMIT, LONG_LIMIT

if TYPE_CHECKING:
    from tweetbot.settings import Settings
    from tweetbot.sources import FirstRun, Order, Source

HEADINGS = {
    "What to post": ("--list", "--feed", "--thread"),
    "Where it stands": (
        "--order",
        "--once",
        "--template",
        "--first-run",
        "--match",
        "--remember-as",
    ),
    "What goes with it": (
        "--media",
        "--alt",
        "--poll",
        "--poll-for",
        "--reply-to",
        "--made-with-ai",
    ),
    "Length": ("--fit", "--long"),
    "Only if": ("--min-gap", "--no-links", "--no-mentions", "--again"),
    "The run": ("--profile", "--wait", "--dry-run", "--json", "--quiet", "--verbose", "--help"),
}
OPTIONS = (
    options.profile,
    click.option(
        "--list",
        "list_file",
        type=options.FILE,
        metavar="PATH",
        help="Post the next item of a list: a text file, JSON, a CSV table, or a folder.",
    ),
    click.option(
        "--feed",
        metavar="URL|FILE|-",
        type=options.FILE_OR_URL,
        help="Post the oldest new item of a feed: RSS, Atom, JSON Feed, or lines.",
    ),
    click.option(
        "--thread", is_flag=True, help="The text is a thread: lines of --- alone part its posts."
    ),
    click.option(
        "--order",
        type=click.Choice(["shuffle", "file"]),
        default="shuffle",
        show_default=True,
        help="The order of a list; none is repeated before all had their turn. Another one"
        " begins anew.",
    ),
    click.option(
        "--once", is_flag=True, help="Go through the list once; then there is nothing to do."
    ),
    click.option(
        "--template",
        metavar="TEXT",
        help="Makes an item's text: '{title} {link}' of a feed, its columns of a table.",
    ),
    click.option(
        "--first-run",
        type=click.Choice(["skip", "newest", "all"]),
        help="What a feed's first look takes as new: nothing (skip, the usual), the newest, all.",
    ),
    click.option(
        "--match",
        metavar="REGEX",
        help="Only items of a feed with this in their title or summary.",
    ),
    click.option(
        "--remember-as",
        metavar="NAME",
        help="The name it is remembered by (a file's name, a URL, -).",
    ),
    click.option(
        "--media",
        multiple=True,
        type=options.FILE,
        metavar="FILE",
        help="A picture (up to four), or one GIF, or one video; each with its --alt.",
    ),
    click.option(
        "--alt",
        multiple=True,
        metavar="TEXT",
        help="What is to be seen, for who cannot see it; '' leaves that out on purpose.",
    ),
    click.option("--poll", multiple=True, metavar="OPTION", help="A poll: give two to four."),
    click.option("--poll-for", type=options.DURATION, help="How long the poll lasts (1d)."),
    click.option(
        "--reply-to",
        metavar="URL|ID|last",
        help="Answer an own post. X lets an app answer no others.",
    ),
    click.option("--made-with-ai", is_flag=True, help="Show X's label for what an AI has made."),
    click.option("--fit", is_flag=True, help="Shorten a text that is too long, at a word."),
    click.option(
        "--long", "is_long", is_flag=True, help="Allow 25,000 characters (Premium accounts)."
    ),
    click.option(
        "--min-gap", type=options.DURATION, help="Only if the last post is older, as in 20h."
    ),
    click.option(
        "--no-links", is_flag=True, help="Refuse a text that X would make a link of ($0.20)."
    ),
    click.option("--no-mentions", is_flag=True, help="Refuse a text that names an account."),
    click.option("-n", "--dry-run", is_flag=True, help="Show what would be posted; ask nobody."),
    click.option("--again", is_flag=True, help="Post it even if it was posted within six hours."),
    options.wait,
    options.as_json,
    click.option("-q", "--quiet", is_flag=True, help="Print nothing when it worked."),
    options.verbose,
)


@click.command(cls=options.grouped(HEADINGS))
@click.argument("text", required=False, metavar="[TEXT|-]")
@options.all_of(OPTIONS)
def command(
    *,
    profile: str | None,
    min_gap: float | None,
    dry_run: bool,
    again: bool,
    wait: float,
    as_json: bool,
    quiet: bool,
    verbose: bool,
    **given: Any,
) -> int:
    """Renew the login and post once; never asks (cron, CI)."""
    settings = read_settings(os.environ, profile=profile)
    try:
        source = source_from(verbose=verbose, **given)
    except ConfigurationError as error:
        if given["list_file"] is not None and not dry_run:
            _write_down(error, settings)
        raise
    settings = which_bot.chosen(settings)
    store = store_of(settings, wait=wait)
    if dry_run:
        return show_preview(source, store, settings, again=again, as_json=as_json)
    from tweetbot import posting

    with transport(verbose=verbose) as http:
        outcome = posting.post(
            store,
            http,
            source,
            context=context(settings, wait=wait, progress=progress(quiet=quiet)),
            again=again,
            min_gap=min_gap,
        )
    show_outcome(outcome, as_json=as_json, quiet=quiet)
    return 0


def _write_down(error: ConfigurationError, settings: Settings) -> None:
    """Record that a list cannot be read: a scheduler may find it so for weeks."""
    from tweetbot import posting

    with suppress(TweetbotError):
        settings = which_bot.chosen(settings)
        store = store_of(settings, wait=0)
        posting.write_down(store, error, context=context(settings, wait=0))


def source_from(
    *,
    text: str | None,
    list_file: str | None,
    feed: str | None,
    thread: bool,
    order: Order,
    once: bool,
    template: str | None,
    first_run: FirstRun | None,
    match: str | None,
    remember_as: str | None,
    media: tuple[str, ...],
    alt: tuple[str, ...],
    poll: tuple[str, ...],
    poll_for: float | None,
    reply_to: str | None,
    made_with_ai: bool,
    fit: bool,
    is_long: bool,
    no_links: bool,
    no_mentions: bool,
    verbose: bool,
    **_of_the_run: object,
) -> Source:
    """Return where the drafts come from; raises what is wrong with the options, as far as known."""
    extras = extras_of(
        is_thread=thread,
        poll=poll,
        poll_for=poll_for,
        reply_to=reply_to,
        made_with_ai=made_with_ai,
        media=media,
        alt=alt,
        is_list=list_file is not None or feed is not None,
    )
    terms = Terms(LONG_LIMIT if is_long else LIMIT, not no_links, not no_mentions, fit)
    items = Items(template, first_run, match, remember_as)
    return source_of(
        Wanted(text, list_file, feed, order, once, items, extras, terms),
        fetch=fetching(verbose=verbose),
    )
