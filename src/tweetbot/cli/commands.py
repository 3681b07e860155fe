"""The table of commands, and what `tweetbot --help` shows of them.

A command is loaded when it is asked for, and imports httpx and authlib only if it needs them: so
`--help` and a text that is too long cost nothing.
"""

from __future__ import annotations

from importlib import import_module

import click

from tweetbot import __version__
from tweetbot.errors import EXIT_CODES

# In the order in which a person meets them; each is `command` in the module of its name.
COMMANDS = {
    "auth": "Log the bot account in, once, with a browser.",
    "post": "Renew the login and post once; never asks (cron, CI).",
    "delete": "Take a post of the bot back.",
    "status": "Show every bot: account, last post, last error; offline.",
    "schedule": "Print what makes cron, systemd, GitHub … run this bot.",
    "renew": "Renew the login without posting.",
    "export": "Move a bot: hand its login to another machine.",
    "import": "Take over a bot that `export` handed out.",
    "logout": "Withdraw the bot's access at X and forget it.",
    "sandbox": "Rehearse against a local X: no account, no cost.",
}
FIRST_LINE = "tweetbot sandbox --approve -- sh -c 'tweetbot auth && tweetbot post \"Hello\"'"
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 100}


def command(name: str) -> click.Command:
    """Load a command of the table."""
    module = "import_" if name == "import" else name  # a keyword names no module
    loaded: click.Command = import_module(f"tweetbot.cli.{module}").command
    return loaded


class _Commands(click.Group):
    """Knows the commands by name, and loads the one that is asked for."""

    def list_commands(self, _ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _ctx: click.Context, cmd_name: str) -> click.Command | None:
        return command(cmd_name) if cmd_name in COMMANDS else None

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(COMMANDS.items()))

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Begin with (no account needed, no cost)"):
            formatter.write_text(FIRST_LINE)
        with formatter.section("Exit codes"):
            formatter.write_dl([(str(code), meaning) for code, _, meaning in EXIT_CODES])


@click.group(cls=_Commands, context_settings=CONTEXT)
@click.version_option(__version__, message="%(prog)s %(version)s")
def cli() -> None:
    """Run a Twitter/X bot: log in once on a laptop, post from cron or CI."""
