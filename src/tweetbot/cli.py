"""The command line: parse, build the collaborators, show the result.

Errors become a message and an exit code once, in `run`. httpx and authlib are imported by the
commands that need them, so that `--help` and a text that is too long cost nothing.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import click

from tweetbot import __version__
from tweetbot.edge import Bot, run
from tweetbot.errors import EXIT_CODES, ConfigurationError, LoginNeeded, TextRefused, TweetbotError
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


def _profile_option(function: Callable[..., Any]) -> Callable[..., Any]:
    def note(ctx: click.Context, _option: click.Parameter, value: str | None) -> str | None:
        """Let messages name the bot."""
        if name := value or os.environ.get("TWEETBOT_PROFILE"):
            ctx.ensure_object(Bot).name = name
        return value

    return click.option(
        "-p",
        "--profile",
        metavar="NAME",
        callback=note,
        help="Name of the bot (TWEETBOT_PROFILE; else: default).",
    )(function)


class _Seconds(click.FloatRange):
    """A number of seconds in a range; "nan" is in none."""

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        seconds: float = super().convert(value, param, ctx)
        if seconds != seconds:
            self.fail(f"{value!r} is no number of seconds.", param, ctx)
        return seconds


_json = click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
_verbose = click.option(
    "-v", "--verbose", is_flag=True, help="Show each request on standard error (no secrets)."
)
_wait = click.option(
    "--wait",
    type=_Seconds(0, 3600),
    default=30,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for another run, or for a rate limit to reset.",
)


class _Duration(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks alone
    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        from tweetbot.settings import duration

        try:
            return duration(str(value))
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


class _Dollars(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks alone
    """An amount in USD; `none` becomes a number that no amount reaches."""

    name = "dollars"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        from tweetbot.money import budget

        try:
            return budget(str(value))
        except ValueError as error:
            self.fail(f"{value!r}: {error}", param, ctx)


_budget = click.option(
    "--budget",
    type=_Dollars(),
    metavar="USD",
    help="The most this bot may spend in a month (none: no limit).",
)


@cli.command()
@_profile_option
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
    type=_Seconds(1, 3600),
    default=300,
    show_default=True,
    metavar="SECONDS",
    help="How long to wait for consent.",
)
@_budget
@click.option("--force", is_flag=True, help="Replace another account or an unreadable profile.")
@_json
@_verbose
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
    from tweetbot import browser, login
    from tweetbot.settings import read_settings

    settings = read_settings(os.environ, profile=profile)
    person = Terminal()
    wishes = login.Wishes(
        account=account,
        client_id=client_id and _credential(client_id, "--client-id"),
        client_secret=client_secret_file and _secret_from(client_secret_file),
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
@_profile_option
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
@_wait
@_json
@click.option("-q", "--quiet", is_flag=True, help="Print nothing when it worked.")
@_verbose
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
    from tweetbot import text as texts
    from tweetbot.settings import read_settings

    settings = read_settings(os.environ, profile=profile)
    check = partial(
        texts.check, limit=texts.LONG_LIMIT if is_long else texts.LIMIT, links=not no_links
    )
    source = _source(text, list_file, order=order, once=once, check=check)
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
@_profile_option
@click.option("--max-age", type=_Duration(), help="End with 9 if the last post is older.")
@_json
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
@_profile_option
@click.option("--if-older", type=_Duration(), help="Only if the login is older than that.")
@_budget
@_wait
@_json
@click.option("-q", "--quiet", is_flag=True, help="Print nothing when it worked.")
@_verbose
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
    with _transport(verbose) as transport:
        renewal = posting.renew(
            _store(settings, wait=wait),
            transport,
            surroundings=_surroundings(settings, wait, check=check),
            if_older=if_older,
            budget=budget,
        )
    if as_json:
        show_json({"ok": True, **vars(renewal)})
    elif not quiet:
        show("Renewed" if renewal.renewed else "Not due yet")


@cli.command()
@_profile_option
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
            "Send it on (tweetbot export | ssh HOST tweetbot import), or add --show.",
        )
    moving.export(_store(settings), write_out, api_url=settings.api_url, keep=keep)
    if keep:
        tell("Kept here too. The first renewal on either machine ends the other's login.")
    else:
        tell("Moved. `tweetbot import` or `tweetbot auth` brings the bot back here.")


@cli.command("import")
@click.argument("file", default="-", metavar="[FILE|-]")
@_profile_option
@click.option("--force", is_flag=True, help="Replace another account or a newer login.")
@_json
def import_(file: str, profile: str | None, force: bool, as_json: bool) -> None:
    """Take over a bot that `export` handed out."""
    from tweetbot import moving
    from tweetbot.settings import read_settings

    settings = read_settings(os.environ, profile=profile)
    store = _store(settings)
    saved = moving.take_over(store, _document(file), api_url=settings.api_url, force=force)
    account_fields = _account_fields(saved)
    username = account_fields["username"]
    if as_json:
        fields = {"ok": True, "profile": settings.profile, "path": str(store)}
        show_json({**fields, **account_fields})
    else:
        show(f"Imported {'@' + username if username else 'the bot'}")
        tell(_next_steps(settings, store))


@cli.command()
@_profile_option
@click.option("--force", is_flag=True, help="Forget it here even if X cannot be asked.")
@_verbose
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
@_profile_option
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


# -- input and output -----------------------------------------------------------------------------


def _source(
    text: str | None,
    list_file: str | None,
    *,
    order: Order,
    once: bool,
    check: Callable[[str], Measure],
) -> Source:
    """Return where the draft comes from; a text that is known already is checked here."""
    from tweetbot import lists, sources
    from tweetbot.text import LIMIT

    if once and list_file is None:
        raise ConfigurationError("--once is about a list.", "Give the list by --list FILE.")
    if (text is None) == (list_file is None):
        raise ConfigurationError(
            "There is no text to post." if text is None else "There are a text and a list.",
            'Give one of them: a text as an argument (tweetbot post "Hello"), a text on standard'
            " input (tweetbot post - < text.txt), or a list (tweetbot post --list facts.txt).",
        )
    if list_file is not None:
        if list_file in ("", "-"):
            what = "standard input cannot be one" if list_file else "its name is empty"
            raise ConfigurationError(f"A list is a file; {what}.")
        return lists.listed(list_file, order=order, once=once)
    _refuse_file_name(text or "")
    given = sources.given(_text(text or ""))
    if text == "-":
        sources.refuse_rubbish(given.text)
    try:
        check(given.text)
    except TextRefused as error:
        lines = given.text.count("\n") + 1
        if text != "-" or lines == 1 or len(given.text) <= LIMIT:
            raise
        hint = f"{lines} lines; to post one at each run use --list."
        raise TextRefused(f"{hint} {error.happened}", error.remedy) from None
    return given


def _refuse_file_name(text: str) -> None:
    """Refuse a text that is the name of a file: --list was forgotten, and a post is public."""
    is_file = False
    with suppress(OSError, ValueError):
        is_file = bool(os.path.splitext(text)[1]) and os.path.isfile(text)
    if is_file:
        raise ConfigurationError(
            f"The text is the name of a file: {text}.",
            f"To post its next line: --list {text}. To post all of it: - < {text}.",
        )


def _text(argument: str) -> str:
    """Return the text to post, from the argument or, for `-`, from standard input."""
    document = _standard_input() if argument == "-" else os.fsencode(argument)
    try:
        return document.decode()
    except UnicodeDecodeError:
        raise TextRefused("The text is not UTF-8.", "Save it as UTF-8.") from None


def _standard_input() -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        raise ConfigurationError("Standard input is closed.", "Nothing can be read from it.")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise ConfigurationError(f"Standard input cannot be read: {error.strerror}.") from None


def _document(path: str) -> bytes:
    try:
        if path == "-":
            return _standard_input()
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None


def _secret_from(path: str) -> str:
    return _credential(_document(path).decode(errors="replace"), "--client-secret-file")


def _credential(text: str, option: str) -> str:
    from tweetbot.settings import credential

    try:
        return credential(text)
    except ValueError as fault:
        raise ConfigurationError(f"{option}: {fault}.") from None


def _account_fields(profile: Profile) -> dict[str, str | None]:
    account = profile.account
    names = ("id", "username")
    return {name: getattr(account, name) if account else None for name in names}


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
        tell(remark)
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
