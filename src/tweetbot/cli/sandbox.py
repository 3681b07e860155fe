"""`tweetbot sandbox`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING

import click

from tweetbot.cli import options
from tweetbot.cli.terminal import show, tell
from tweetbot.errors import ConfigurationError

if TYPE_CHECKING:
    from tweetbot.sandbox import Sandbox


@click.command(context_settings={"allow_interspersed_args": False})
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
@click.option(
    "--account",
    "accounts",
    multiple=True,
    default=("dogfacts",),
    metavar="NAME",
    help="Whom a login is for; of several the next one each time.",
)
@click.option("--approve", is_flag=True, help="Give consent without a click.")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="STEP:FAULT",
    help="Let a request fail once, as in post:503, post:3:after:reset, token:silent.",
)
def command(
    command: tuple[str, ...],
    profile: str | None,
    port: int,
    token_life: int,
    accounts: tuple[str, ...],
    approve: bool,
    faults: tuple[str, ...],
) -> int:
    """Rehearse against a local X: no account, no cost."""
    from tweetbot.sandbox import Fault, Sandbox, run_command

    environ = {**os.environ, **({"TWEETBOT_PROFILE": profile} if profile else {})}
    with _meant("--fault"):
        script = [Fault.parse(fault) for fault in faults]
    names = [account.removeprefix("@") for account in accounts]
    with _meant("--account"):
        local_x = Sandbox(
            port=port, token_life=token_life, usernames=names, approve=approve, log=tell
        )
    for step, fault in script:
        local_x.fault(step, fault)
    with ExitStack() as stack:
        try:
            stack.enter_context(local_x)
        except OSError as error:
            raise ConfigurationError(f"Cannot listen on port {port}: {error.strerror}.") from None
        tell(f"A local X is at {local_x.url} (the bot's timeline; Ctrl-C ends it).")
        if command:
            return run_command(local_x, command, environ=environ, approve=approve)
        return _serve(local_x)


@contextmanager
def _meant(option: str) -> Iterator[None]:
    """Let a value that the sandbox does not take be a fault of `option`."""
    try:
        yield
    except ValueError as error:
        raise ConfigurationError(f"{option}: {error}") from None


def _serve(local_x: Sandbox) -> int:
    """Print what a person needs to use the local X, and serve until Ctrl-C."""
    import tempfile

    from tweetbot.sandbox import variables

    with tempfile.TemporaryDirectory(prefix="tweetbot-sandbox-") as folder:
        show(variables(local_x, folder))
        while True:
            signal.pause() if hasattr(signal, "pause") else time.sleep(3600)
