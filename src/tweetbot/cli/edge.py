"""The edge of the command line: every exception becomes a message and an exit code, once."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Mapping, Sequence
from itertools import takewhile
from types import FrameType
from typing import Any

import click

from tweetbot import __version__
from tweetbot.cli.terminal import give_up_output, show_json, tell
from tweetbot.errors import DEFAULT_PROFILE, ConfigurationError, TweetbotError, naming
from tweetbot.foreign import one_line

_EXTRA = {"post": 'A text of several words needs quotes: tweetbot post "TEXT".'}
ISSUES = "the project's issue tracker"


class Bot:
    """The bot that the command line is about; a command that takes -p sets its name."""

    name: str = DEFAULT_PROFILE


def run(cli: click.Group, args: Sequence[str]) -> int:
    """Run one command of `cli`; return the exit code, whatever happens."""
    wants_json = "--json" in takewhile(lambda arg: arg != "--", args)
    bot = Bot()
    signal.signal(signal.SIGTERM, _interrupt)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _interrupt)  # but nohup stays nohup
    try:
        code = cli.main(args=list(args), prog_name="tweetbot", standalone_mode=False, obj=bot)
    except TweetbotError as error:
        return _fail(error, wants_json=wants_json, profile=bot.name)
    except click.exceptions.NoArgsIsHelpError as error:
        tell(error.format_message())
        return ConfigurationError.code
    except click.ClickException as error:
        return _fail(_usage_error(error, args), wants_json=wants_json)
    except (KeyboardInterrupt, click.Abort):
        return _interrupted(signal.SIGINT)
    except _Interrupted as interrupted:
        return _interrupted(interrupted.number)
    except Exception as error:  # noqa: BLE001  # the edge
        return _unexpected(error, wants_json=wants_json)
    return code if isinstance(code, int) else 0


class _Interrupted(BaseException):
    """SIGTERM or SIGHUP arrived; unwinds like `KeyboardInterrupt`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise _Interrupted(number)


def _interrupted(number: int) -> int:
    tell(f"Interrupted ({signal.Signals(number).name}).")
    return 128 + number


def _fail(error: TweetbotError, *, wants_json: bool, profile: str = DEFAULT_PROFILE) -> int:
    message = one_line(_in_place(naming(profile, str(error)), profile, os.environ))
    tell(f"Error: {message}")
    if wants_json:
        show_json(_error_fields(error, message))
    return error.code


def _in_place(said: str, profile: str, environ: Mapping[str, str]) -> str:
    """Say where a login is mended: nobody consents in a job, and its store is reached elsewhere."""
    is_job = environ.get("GITHUB_ACTIONS") == "true" and environ.get("TWEETBOT_STORE")
    if not is_job:
        return said
    said = re.sub(r"`tweetbot auth\b(?! -p)", f"`tweetbot auth -p {profile}", said)
    there = " on the laptop from which the bot was moved (this job then goes on by itself)"
    return re.sub(r"`tweetbot auth [^`]*`", lambda found: found[0] + there, said, count=1)


def _error_fields(error: TweetbotError, message: str) -> dict[str, Any]:
    x = error.x and {
        "status": error.x.status,
        "title": error.x.title,
        "detail": error.x.detail,
        "transaction_id": error.x.transaction_id,
    }
    return {
        "ok": False,
        "code": error.code,
        "error": error.name,
        "message": message,
        "retry_at": error.retry_at,
        "x": x,
    }


def _usage_error(error: click.ClickException, args: Sequence[str]) -> ConfigurationError:
    from tweetbot.cli.habits import right_word

    # An option without its value is told without the command.
    path = "tweetbot"
    if isinstance(error, click.BadOptionUsage) and not args[0].startswith("-"):
        path = f"tweetbot {args[0]}"
    if isinstance(error, click.UsageError) and error.ctx:
        path = error.ctx.command_path
    remedy = f"See `{path} --help`."
    happened = error.format_message()
    word = right_word(error, args) if isinstance(error, click.UsageError) else ""
    if word:
        remedy = f"{word} {remedy}"
    elif isinstance(error, click.NoSuchOption) and "post" in args[:1]:
        remedy = f"A text that begins with - needs -- before it: tweetbot post -- TEXT. {remedy}"
    elif "unexpected extra argument" in happened:
        remedy = f"{_EXTRA.get(args[0], 'The name of a bot follows -p: -p NAME.')} {remedy}"
    return ConfigurationError(happened if happened.endswith((".", "?")) else f"{happened}.", remedy)


def _unexpected(error: Exception, *, wants_json: bool) -> int:
    if isinstance(error, OSError) and _is_of_printing(error):  # a help, a version
        give_up_output(error)
        return ConfigurationError.code
    return report_bug(error, wants_json=wants_json)


def _is_of_printing(error: OSError) -> bool:
    trace = error.__traceback__
    while trace and trace.tb_next:
        trace = trace.tb_next
    return trace is not None and trace.tb_frame.f_code is click.echo.__code__


def report_bug(error: Exception, *, wants_json: bool) -> int:
    """Show a bug's traceback; values, which may be secrets, are not part of it."""
    import traceback

    frames = "".join(traceback.format_tb(error.__traceback__))
    said = re.sub(r"[^\s\"']{16,}", "[hidden]", str(error))
    tell(f"{frames}{type(error).__name__}: {said}")
    return _fail(
        TweetbotError(
            f"This is a bug in tweetbot {__version__}.",
            f"Please report the lines above to {ISSUES}.",
        ),
        wants_json=wants_json,
    )
