"""`tweetbot export`."""

from __future__ import annotations

import json
import os
import sys

import click

from tweetbot import moving
from tweetbot.cli import options, which_bot
from tweetbot.cli.collaborators import store_of
from tweetbot.cli.terminal import has_reader, is_terminal, tell, write_out
from tweetbot.errors import ConfigurationError, naming
from tweetbot.settings import Settings, read_settings
from tweetbot.store import (
    Pointed,
    Target,
    check_neighbours,
    kind,
    open_folder,
    open_target,
    pointer,
    pointers,
    read_target,
)


@click.command()
@options.profile
@click.option(
    "--to",
    metavar="STORE",
    help="Move it into git:NAME (of a remote), git:URL or redis://…; it goes on there.",
)
@click.option("--keep", is_flag=True, help="Leave the bot in use here, too (it will end one).")
@click.option("--show", "to_terminal", is_flag=True, help="Print the secrets to a terminal.")
@options.as_json
def command(
    profile: str | None, to: str | None, keep: bool, to_terminal: bool, as_json: bool
) -> None:
    """Move a bot: hand its login to another machine.

    With --json the document stands under "document"; `tweetbot import` takes that, too. With --to
    git:… the key that the other side needs as TWEETBOT_KEY goes to standard output, to a pipe
    alone; the same command again prints it again. Where that store has got another address or
    password, --to with the new one lets this machine go on there.
    """
    settings = read_settings(os.environ, profile=profile)
    if to is not None:
        if keep or to_terminal:
            raise ConfigurationError(
                "--to moves the bot, and its key goes to a pipe alone.",
                f"Leave out {'--keep' if keep else '--show'}.",
            )
        _check_folder(settings)
        _move(which_bot.named(settings), to, as_json=as_json)
        return
    settings = which_bot.named(settings)
    if is_terminal(sys.stdout) and not to_terminal:
        raise ConfigurationError(
            "The document holds secrets, and standard output is a terminal.",
            f"Send it on (tweetbot export -p {settings.profile} | ssh HOST tweetbot import -p"
            f" {settings.profile}), or add --show.",
        )

    def write(document: bytes) -> None:
        framed = moving.framed(document, profile=settings.profile, kept=keep)
        write_out(framed if as_json else document)

    moving.export(store_of(settings), write, api_url=settings.api_url, keep=keep)
    if keep:
        tell("Kept here too. The first renewal on either machine ends the other's login.")
    else:
        is_here = kind(settings, os.environ) == "folder"
        path = settings.path if is_here and settings.config_dir else "FILE"
        moved = "Moved. `tweetbot auth` brings the bot back; or, if it never arrived there,"
        tell(naming(settings.profile, f"{moved} `tweetbot import {path}`."))


def _move(settings: Settings, to: str, *, as_json: bool) -> None:
    """Move the bot into the store `to`, and hand out its key."""
    if to.startswith("git:"):
        shown = "git:…" if "@" in to else to  # a token may stand before it
        _check_output(f"tweetbot export -p {settings.profile} --to {shown}")
    known = _settled(settings)
    own_key = known.lives_in.key if known else None
    target = read_target(to, os.environ, known=pointers(settings), own_key=own_key)
    check_neighbours(target, settings.profile, os.environ)
    there = open_target(target, settings, os.environ, warn=tell)
    here = open_folder(settings, os.environ, warn=tell)
    if known is None:
        moving.move_into(here, there, target.lives_in, api_url=settings.api_url)
    elif known.lives_in.store != target.lives_in.store:
        before = store_of(settings, wait=0)
        moving.change_address(here, before, there, target.lives_in, account=known.account)
    elif known.lives_in.key != target.lives_in.key:
        moving.change_key(here, there, target.lives_in)
    _hand_out(settings.profile, target, as_json=as_json)


def _check_folder(settings: Settings) -> None:
    """Raise where the environment names another store: a bot is moved out of the folder alone."""
    if kind(settings, os.environ) == "command" or os.environ.get("TWEETBOT_STORE"):
        raise ConfigurationError(
            "--to moves a bot out of the folder of this machine, and a variable names another"
            " store.",
            "Unset TWEETBOT_STORE (and TWEETBOT_PROFILE_JSON, TWEETBOT_LOAD_COMMAND,"
            " TWEETBOT_SAVE_COMMAND).",
        )


def _settled(settings: Settings) -> Pointed | None:
    """Return where the bot lives if that is not here; a move that broke off is ended first."""
    there = pointer(settings, os.environ)
    if there and there.is_halfway:
        with store_of(settings).lock():
            there = pointer(settings, os.environ)
    return there


def _check_output(line: str) -> None:
    """Raise unless the key can be written to somebody who reads it, before anything is done."""
    if sys.stdout is not None and not is_terminal(sys.stdout) and has_reader():
        return
    raise ConfigurationError(
        "The key that opens the bot is a secret, and goes to a pipe alone.",
        "Send it to where the bot will run:"
        f' key=$({line}) && printf %s "$key" | gh secret set TWEETBOT_KEY',
    )


def _hand_out(name: str, target: Target, *, as_json: bool) -> None:
    """Write the key, and say where the bot is."""
    key = target.lives_in.key
    tell(f"{name} lives in {target} now; the commands with -p {name} here go on there.")
    if target.is_without_user:
        tell("The user and the token of that URL are not kept: git needs access by itself.")
    result = f"{key}\n" if key else ""
    if as_json:
        fields = {"ok": True, "profile": name, "lives_in": str(target), "key": key}
        result = json.dumps(fields) + "\n"
    try:
        write_out(result.encode())
    except OSError as error:
        raise ConfigurationError(
            f"Its key could not be written: {error.strerror}.", "The same command prints it again."
        ) from None
    if key:
        tell("Its key went to standard output: where it runs, that is the secret TWEETBOT_KEY.")
