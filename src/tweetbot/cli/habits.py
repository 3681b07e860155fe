"""Words that people type out of habit, and the right ones."""

from __future__ import annotations

from collections.abc import Sequence

import click

_COMMANDS = {
    "tweet": "post",
    "send": "post",
    "publish": "post",
    "login": "auth",
    "signin": "auth",
    "authorize": "auth",
    "undo": "delete",
    "remove": "delete",
    "untweet": "delete",
    "ls": "status",
    "list": "status",
    "profiles": "status",
    "refresh": "renew",
    "signout": "logout",
    "revoke": "logout",
    "cron": "schedule",
}
_OPTIONS = {
    "--image": "--media",
    "--images": "--media",
    "--photo": "--media",
    "--picture": "--media",
    "--video": "--media",
    "--alt-text": "--alt",
    "--file": "--list",
    "--poll-options": "--poll",
    "--poll-option": "--poll",
    "--poll-duration": "--poll-for",
    "--duration": "--poll-for",
    "--in-reply-to": "--reply-to",
    "--in-reply-to-id": "--reply-to",
    "--reply": "--reply-to",
    "--shorten": "--fit",
    "--truncate": "--fit",
    "--account": "--profile",
    "--user": "--profile",
}
_TEXTS = ("--status", "--text", "--message", "--tweet")


def right_word(error: click.UsageError, args: Sequence[str]) -> str:
    """Say what to type instead of a command or an option that does not exist; empty if unknown."""
    ctx = error.ctx
    if ctx is None:
        return ""
    if isinstance(error, click.NoSuchOption):
        if error.option_name in _TEXTS and ctx.info_name == "post":
            return 'The text stands by itself here: tweetbot post "TEXT".'
        if ctx.info_name == "schedule":
            return (
                "Options of `post` stand behind --, as in: tweetbot schedule cron -- --list FILE."
            )
        word = _OPTIONS.get(error.option_name, "")
        there = any(word in parameter.opts for parameter in ctx.command.params)
        return f"It is {word} here." if there else ""
    if not isinstance(ctx.command, click.Group) or not args:
        return ""
    known = ctx.command.list_commands(ctx)
    if args[0] == "help":
        return f"Type `{_help(args[1:], known)}`."
    word = _COMMANDS.get(args[0].lower(), "")
    return f"The command is `tweetbot {word}`." if word in known else ""


def _help(args: Sequence[str], known: Sequence[str]) -> str:
    word = _COMMANDS.get(args[0].lower(), args[0]) if args else ""
    return f"tweetbot {word} --help" if word in known else "tweetbot --help"
