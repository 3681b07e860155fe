"""`tweetbot renew`."""

from __future__ import annotations

import math
import os
from typing import TYPE_CHECKING

import click

from tweetbot.cli import options, which_bot
from tweetbot.cli.collaborators import context, store_of, transport
from tweetbot.cli.terminal import show, show_json
from tweetbot.money import dollars
from tweetbot.settings import read_settings

if TYPE_CHECKING:
    from tweetbot.settings import Settings


@click.command()
@options.profile
@click.option("--if-older", type=options.DURATION, help="Only if the login is older than that.")
@options.budget
@options.wait
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="Print nothing when it worked.")
@options.verbose
def command(
    profile: str | None,
    if_older: float | None,
    budget: float | None,
    wait: float,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Renew the login without posting."""
    settings = which_bot.chosen(read_settings(os.environ, profile=profile))
    if budget is not None:
        _set_budget(settings, budget, wait=wait, as_json=as_json, quiet=quiet)
        return
    from tweetbot import posting

    with transport(verbose=verbose) as http:
        renewal = posting.renew(
            store_of(settings, wait=wait),
            http,
            context=context(settings, wait=wait),
            if_older=if_older,
        )
    if as_json:
        show_json({"ok": True, **vars(renewal)})
    elif not quiet:
        show("Renewed" if renewal.renewed else "Not due yet")


def _set_budget(settings: Settings, usd: float, *, wait: float, as_json: bool, quiet: bool) -> None:
    """Set a budget and say so; X is not asked."""
    from tweetbot.login import set_budget

    set_budget(store_of(settings, wait=wait), usd, api_url=settings.api_url)
    if as_json:
        show_json({"ok": True, "renewed": False, "budget_usd": None if usd == math.inf else usd})
    elif not quiet:
        show("No budget" if usd == math.inf else f"Budget: {dollars(usd)} a month")
