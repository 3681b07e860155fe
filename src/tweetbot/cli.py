"""The command line: parse, build the collaborators, show the result.

Errors become a message and an exit code once, in `run`. httpx and authlib are imported by the
commands that need them, so that `--help` and a text that is too long cost nothing.
"""

from __future__ import annotations

import math
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, NoReturn

import click

from tweetbot import __version__, options
from tweetbot.edge import run
from tweetbot.errors import EXIT_CODES, ConfigurationError, LoginNeeded, TweetbotError, naming
from tweetbot.terminal import Terminal, is_terminal, show, show_json, tell, write_out

if TYPE_CHECKING:
    from tweetbot.lists import Order
    from tweetbot.profile import Profile
    from tweetbot.sandbox import Sandbox
    from tweetbot.session import Surroundings
    from tweetbot.settings import Settings
    from tweetbot.sources import Source
    from tweetbot.store import Store
    from tweetbot.text import Measure
    from tweetbot.transport import Transport

FIRST_LINE = "tweetbot sandbox --approve -- sh -c 'tweetbot auth && tweetbot post \"Hello\"'"
REMINDERS = """\
Saved in {store}. Before the first post:
  - switch on the Automated label: on x.com, Settings, Your account, Automation
  - say in the account's bio whose bot it is
  - do not copy the profile to another machine: `tweetbot export` moves it"""
CRONTAB = """\
To post a text a day, at nine: put texts, one a line, into the file that stands behind --list here,
and this line into `crontab -e`:
{line}"""


def main() -> NoReturn:
    """Run the command line of this process."""
    sys.exit(run(cli, sys.argv[1:]))


# -- the commands ---------------------------------------------------------------------------------


class _Commands(click.Group):
    """Lists the commands in the order in which a person meets them."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(self.commands)

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Begin with (no account needed, no cost)"):
            formatter.write_text(FIRST_LINE)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, _, meaning in EXIT_CODES])


CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


@click.group(cls=_Commands, context_settings=CONTEXT)
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Run a Twitter/X bot: log in once on a laptop, post from cron or CI."""


@cli.command()
@options.profile
@click.option("--account", metavar="NAME", help="The account to expect, as in @dogfacts.")
@click.option("--client-id", metavar="ID", help="The app's OAuth 2.0 client id.")
@click.option(
    "--client-secret-file",
    metavar="FILE|-",
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
def auth(
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
    from tweetbot import browser, inputs, login
    from tweetbot.settings import read_settings

    settings = read_settings(os.environ, profile=profile)
    person = Terminal()
    wishes = login.Wishes(
        account=account,
        client_id=client_id and inputs.credential(client_id, "--client-id"),
        client_secret=client_secret_file and inputs.secret_from(client_secret_file),
        redirect_uri=redirect_uri,
        timeout=timeout,
        budget=budget,
        force=force,
    )
    may_open = not no_browser and browser.can_open(os.environ, terminal=person.interactive)
    store = _store(settings)
    with _transport(verbose) as transport:
        done = login.log_in(
            store,
            transport,
            person,
            settings=settings,
            wishes=wishes,
            neighbours=lambda: _neighbours(settings),
            open_browser=browser.open_url if may_open else None,
        )
    account_fields = _account_fields(done.profile)
    username = account_fields["username"]
    if as_json:
        fields = {"ok": True, "profile": settings.profile, "path": str(store)}
        show_json({**fields, **account_fields})
    else:
        show(f"Logged in as {'@' + username if username else 'an account that X did not name'}")
    tell(_next_steps(settings, store))
    if done.is_guided and person.interactive and budget is None:
        login.ask_budget(store, person)


@cli.command()
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
def post(
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
    from tweetbot import inputs
    from tweetbot import text as texts
    from tweetbot.settings import read_settings

    settings = read_settings(os.environ, profile=profile)
    check = partial(
        texts.check, limit=texts.LONG_LIMIT if is_long else texts.LIMIT, links=not no_links
    )
    source = inputs.source(text, list_file, order=order, once=once, check=check)
    store = _store(settings, wait=wait)
    if dry_run:
        return _show_preview(source, store, settings, check, again=again, as_json=as_json)
    from tweetbot import posting

    with _transport(verbose) as transport:
        outcome = posting.post(
            store,
            transport,
            source,
            surroundings=_surroundings(settings, wait, check=check),
            again=again,
        )
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
    return 0


@cli.command()
@options.profile
@click.option("--max-age", type=options.DURATION, help="End with 9 if the last post is older.")
@options.as_json
def status(profile: str | None, max_age: float | None, as_json: bool) -> int:
    """Show every bot: account, last post, last error; offline."""
    from tweetbot import status as statuses
    from tweetbot.settings import read_settings
    from tweetbot.store import place

    settings = read_settings(os.environ, profile=profile)
    looked = statuses.look(
        [(settings.profile, _store(settings))] if profile else _stores(settings),
        neighbours=_neighbours(settings) if profile else (),
        api_url=settings.api_url,
        max_age=max_age,
        now=time.time(),
    )
    if not looked:
        raise LoginNeeded(
            f"There is no bot in {place(settings, os.environ)}.", "Run `tweetbot auth`."
        )
    if as_json:
        fields = [statuses.as_json(one) for one in looked]
        show_json(fields[0] if profile else {"profiles": fields})
    else:
        for one in looked:
            show("\n".join(statuses.details(one)) if profile else statuses.line(one))
    return next((one.code for one in looked if one.code), 0)


@cli.command()
@options.profile
@click.option("--if-older", type=options.DURATION, help="Only if the login is older than that.")
@options.budget
@options.wait
@options.as_json
@click.option("-q", "--quiet", is_flag=True, help="Print nothing when it worked.")
@options.verbose
def renew(
    profile: str | None,
    if_older: float | None,
    budget: float | None,
    wait: float,
    as_json: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    """Renew the login without posting."""
    from tweetbot import posting
    from tweetbot.settings import read_settings
    from tweetbot.text import check

    settings = read_settings(os.environ, profile=profile)
    store = _store(settings, wait=wait)
    if budget is not None:
        _set_budget(store, budget, as_json=as_json, quiet=quiet)
        return
    with _transport(verbose) as transport:
        renewal = posting.renew(
            store,
            transport,
            surroundings=_surroundings(settings, wait, check=check),
            if_older=if_older,
        )
    if as_json:
        show_json({"ok": True, **vars(renewal)})
    elif not quiet:
        show("Renewed" if renewal.renewed else "Not due yet")


@cli.command()
@options.profile
@click.option("--keep", is_flag=True, help="Leave the bot in use here, too (it will end one).")
@click.option("--show", "to_terminal", is_flag=True, help="Print the secrets to a terminal.")
def export(profile: str | None, keep: bool, to_terminal: bool) -> None:
    """Move a bot: hand its login to another machine."""
    from tweetbot import moving
    from tweetbot.settings import read_settings

    settings = read_settings(os.environ, profile=profile)
    if is_terminal(sys.stdout) and not to_terminal:
        raise ConfigurationError(
            "The document holds secrets, and standard output is a terminal.",
            f"Send it on (tweetbot export -p {settings.profile} | ssh HOST tweetbot import -p"
            f" {settings.profile}), or add --show.",
        )
    moving.export(_store(settings), write_out, api_url=settings.api_url, keep=keep)
    if keep:
        tell("Kept here too. The first renewal on either machine ends the other's login.")
    else:
        moved = "Moved. `tweetbot auth` brings the bot back; or, if it never arrived there,"
        tell(naming(settings.profile, f"{moved} `tweetbot import {settings.path}`."))


@cli.command("import")
@click.argument("file", default="-", metavar="[FILE|-]")
@options.profile
@click.option("--force", is_flag=True, help="Replace another account or a newer login.")
@options.as_json
def import_(file: str, profile: str | None, force: bool, as_json: bool) -> None:
    """Take over a bot that `export` handed out."""
    from tweetbot import inputs, moving
    from tweetbot.settings import read_settings

    settings = read_settings(os.environ, profile=profile)
    store = _store(settings)
    saved = moving.take_over(store, inputs.document(file), api_url=settings.api_url, force=force)
    account_fields = _account_fields(saved)
    username = account_fields["username"]
    if as_json:
        fields = {"ok": True, "profile": settings.profile, "path": str(store)}
        show_json({**fields, **account_fields})
    else:
        show(f"Imported {'@' + username if username else 'the bot'}")
        tell(_next_steps(settings, store))


@cli.command()
@options.profile
@click.option("--force", is_flag=True, help="Forget it here even if X cannot be asked.")
@options.verbose
def logout(profile: str | None, force: bool, verbose: bool) -> None:
    """Withdraw the bot's access at X and forget it."""
    from tweetbot import login
    from tweetbot.settings import read_settings

    settings = read_settings(os.environ, profile=profile)
    with _transport(verbose) as transport:
        login.log_out(_store(settings), transport, Terminal(), settings=settings, force=force)
    show("Logged out")


@cli.command(context_settings={"allow_interspersed_args": False})
@click.argument("command", nargs=-1, metavar="[-- COMMAND...]")
@options.profile
@click.option("--port", type=click.IntRange(0, 65535), default=0, metavar="N", help="Listen on N.")
@click.option(
    "--token-life",
    type=click.IntRange(1, 7200),
    default=7200,
    show_default=True,
    metavar="SECONDS",
    help="How long an access token lives.",
)
@click.option("--approve", is_flag=True, help="Give consent without a click.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="STEP:FAULT",
    help="Let a request fail once, as in post:503, post:after:reset, token:silent.",
)
def sandbox(
    command: tuple[str, ...],
    profile: str | None,
    port: int,
    token_life: int,
    approve: bool,
    faults: tuple[str, ...],
) -> int:
    """Rehearse against a local X: no account, no cost."""
    from tweetbot.sandbox import Fault, Sandbox, run_command

    environ = {**os.environ, **({"TWEETBOT_PROFILE": profile} if profile else {})}
    with ExitStack() as stack:
        try:
            script = [Fault.parse(fault) for fault in faults]
            local_x = stack.enter_context(
                Sandbox(port=port, token_life=token_life, approve=approve, log=tell)
            )
        except ValueError as error:
            raise ConfigurationError(f"--fault: {error}") from None
        except OSError as error:
            raise ConfigurationError(f"Cannot listen on port {port}: {error.strerror}.") from None
        for step, fault in script:
            local_x.fault(step, fault)
        tell(f"A local X is at {local_x.url} (the bot's timeline; Ctrl-C ends it).")
        if command:
            return run_command(local_x, command, environ=environ, approve=approve)
        return _serve(local_x)


# -- collaborators --------------------------------------------------------------------------------


def _store(settings: Settings, *, wait: float = 30) -> Store:
    from tweetbot.store import open_store

    return open_store(settings, os.environ, wait=wait, warn=tell)


def _transport(verbose: bool) -> Transport:
    from tweetbot.transport import Transport

    return Transport(
        user_agent=f"tweetbot/{__version__}",
        environ=os.environ,
        log=tell if verbose else None,
    )


def _surroundings(
    settings: Settings, wait: float, *, check: Callable[[str], Measure]
) -> Surroundings:
    from tweetbot.session import Surroundings

    return Surroundings(
        api_url=settings.api_url,
        check_after=settings.check_after,
        wait=wait,
        check=check,
        tell=tell,
    )


def _stores(settings: Settings) -> Iterator[tuple[str, Store]]:
    """Yield every profile of the store that is in force."""
    from tweetbot.store import open_store, profile_names

    for name in profile_names(settings, os.environ):
        yield name, open_store(settings, os.environ, warn=tell, profile=name)


def _neighbours(settings: Settings) -> Iterator[tuple[str, Profile]]:
    """Yield the other profiles of this machine; one that cannot be read is nobody's neighbour."""
    for name, store in _stores(settings):
        if name != settings.profile:
            with suppress(TweetbotError):
                yield name, store.load()


# -- output ------------------------------------------------------------------------------------


def _account_fields(profile: Profile) -> dict[str, str | None]:
    account = profile.account
    names = ("id", "username")
    return {name: getattr(account, name) if account else None for name in names}


def _set_budget(store: Store, usd: float, *, as_json: bool, quiet: bool) -> None:
    """Set a budget and say so; X is not asked."""
    from tweetbot import login
    from tweetbot.money import dollars

    login.set_budget(store, usd)
    if as_json:
        show_json({"ok": True, "renewed": False, "budget_usd": None if usd == math.inf else usd})
    elif not quiet:
        show("No budget" if usd == math.inf else f"Budget: {dollars(usd)} a month")


def _show_preview(
    source: Source,
    store: Store,
    settings: Settings,
    check: Callable[[str], Measure],
    *,
    again: bool,
    as_json: bool,
) -> int:
    """Show what would be posted, and as whom, as far as it is known without a network."""
    from tweetbot import preview

    shown = preview.preview(
        source, store, api_url=settings.api_url, check=check, again=again, now=int(time.time())
    )
    if shown.profile is None:
        tell(f"Not logged in yet: there is no {store}.")
    if as_json:
        show_json(preview.as_json(shown))
        return shown.code
    for remark in preview.details(shown):
        tell(naming(settings.profile, remark))
    if shown.measured.valid:
        show(shown.draft.text)
    return shown.code


def _next_steps(settings: Settings, store: Store) -> str:
    from tweetbot.crontab import crontab_line
    from tweetbot.store import kind

    steps = REMINDERS.format(store=store)
    if kind(os.environ) != "folder":
        return steps
    line = crontab_line(
        settings.profile, settings.config_dir, environ=os.environ, program=sys.argv[0]
    )
    return f"{steps}\n{CRONTAB.format(line=line)}"


def _serve(local_x: Sandbox) -> int:
    """Print what a person needs to use the local X, and serve until Ctrl-C."""
    import tempfile

    from tweetbot.sandbox import variables

    with tempfile.TemporaryDirectory(prefix="tweetbot-sandbox-") as folder:
        show(variables(local_x, folder))
        while True:
            signal.pause() if hasattr(signal, "pause") else time.sleep(3600)
