"""`tweetbot auth`."""

from __future__ import annotations

import os

import click

from tweetbot.cli import options, which_bot
from tweetbot.cli.arrival import next_steps, show_arrival
from tweetbot.cli.collaborators import context, other_profiles, store_of, transport
from tweetbot.cli.inputs import credential, secret_from
from tweetbot.cli.terminal import Terminal, tell
from tweetbot.settings import read_settings

FIRST_WAIT = 1.0  # seconds for another run to end, before that is said
STORE_TIME = 60.0  # seconds that a store may need beside what a run waits for X

HEADINGS = {
    "The account": ("--profile", "--account", "--budget", "--force"),
    "The app": ("--client-id", "--client-secret-file", "--redirect-uri"),
    "The browser": ("--no-browser", "--timeout"),
    "The run": ("--json", "--verbose", "--help"),
}


@click.command(cls=options.grouped(HEADINGS))
@options.profile
@click.option("--account", metavar="NAME", help="The account to expect, as in @dogfacts.")
@click.option("--client-id", metavar="ID", help="The app's OAuth 2.0 client id.")
@click.option(
    "--client-secret-file",
    metavar="FILE|-",
    type=options.FILE,
    help="Read the client secret from FILE (-: standard input).",
)
@click.option("--redirect-uri", metavar="URI", help="The callback URL registered with X.")
@click.option("--no-browser", is_flag=True, help="Print the address, do not open it.")
@click.option(
    "--timeout",
    type=options.Seconds(1, 3600),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for consent.",
)
@options.budget
@click.option("--force", is_flag=True, help="Replace another account or an unreadable profile.")
@options.as_json
@options.verbose
def command(
    profile: str | None,
    account: str | None,
    client_id: str | None,
    client_secret_file: str | None,
    redirect_uri: str | None,
    no_browser: bool,
    timeout: float,
    budget: float | None,
    force: bool,
    as_json: bool,
    verbose: bool,
) -> None:
    """Log the bot account in, once, with a browser."""
    from tweetbot import login, posting

    settings = which_bot.named(read_settings(os.environ, profile=profile), may_be_new=True)
    person = Terminal()
    wanted = login.LoginOptions(
        account=account,
        client_id=client_id and credential(client_id, "--client-id"),
        client_secret=client_secret_file and secret_from(client_secret_file),
        redirect_uri=redirect_uri,
        timeout=timeout,
        budget=budget,
        force=force,
    )
    may_open = not no_browser and login.can_open(os.environ, terminal=person.interactive)
    store = store_of(settings, wait=FIRST_WAIT)
    with transport(verbose=verbose) as http:
        done = login.log_in(
            store,
            http,
            person,
            settings=settings,
            options=wanted,
            other_profiles=lambda: other_profiles(settings),
            open_browser=login.open_url if may_open else None,
            patience=posting.longest(context(settings, wait=options.LONGEST_WAIT)) + STORE_TIME,
        )
    words = {"happened": "Logged in as", "nameless": "an account that X did not name"}
    show_arrival(done.profile, settings, store, **words, as_json=as_json)
    tell(next_steps(done.profile, settings, store))
    if done.is_guided and person.interactive and budget is None:
        login.ask_budget(store_of(settings), person, api_url=settings.api_url)
