"""`tweetbot status`."""

from __future__ import annotations

import os
import time

import click

from tweetbot import status as statuses
from tweetbot.cli import options
from tweetbot.cli.collaborators import all_stores, other_profiles, store_of
from tweetbot.cli.terminal import show, show_json
from tweetbot.errors import LoginNeeded
from tweetbot.settings import read_settings
from tweetbot.store import place


@click.command()
@options.profile
@click.option("--max-age", type=options.DURATION, help="End with 9 if the last run is older.")
@options.as_json
def command(profile: str | None, max_age: float | None, as_json: bool) -> int:
    """Show every bot: account, last post, last error; offline."""
    settings = read_settings(os.environ, profile=profile)
    looked = statuses.look(
        [(settings.profile, store_of(settings))] if profile else all_stores(settings),
        other_profiles=other_profiles(settings, here_alone=True) if profile else (),
        api_url=settings.api_url,
        max_age=max_age,
        now=time.time(),
    )
    if not looked:
        raise LoginNeeded(
            f"There is no bot in {place(settings, os.environ)}.", "Run `tweetbot auth`."
        )
    code = next((one.code for one in looked if one.code), 0)
    if as_json:
        fields = [statuses.as_json(one) for one in looked]
        show_json(fields[0] if profile else {"ok": not code, "code": code, "profiles": fields})
    else:
        for one in looked:
            show("\n".join(statuses.details(one)) if profile else statuses.line(one))
    return code
