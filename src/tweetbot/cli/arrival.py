"""What is said when a bot has arrived in a profile: after `auth` and `import`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

from tweetbot.cli.terminal import show, show_json
from tweetbot.schedule import crontab_line, is_fleeting
from tweetbot.store import kind

if TYPE_CHECKING:
    from tweetbot.profile import Profile
    from tweetbot.settings import Settings
    from tweetbot.store import Store

REMINDERS = """\
Saved in {store}. Before the first post:
  - switch on the Automated label: on x.com, Settings, Your account, Automation
  - say in the account's bio whose bot it is
  - do not copy the profile to another machine: `tweetbot export` moves it"""
CRONTAB = """\
To post a text a day, at nine: put texts, one a line, into the file that stands behind --list here,
and this line into `crontab -e`:
{line}"""

INSTALL_FIRST = """\
This tweetbot lies in a cache that is emptied now and then. Before a scheduler runs it, install it:
`uv tool install tweetbot-cli`, or `pipx install tweetbot-cli`."""


def show_arrival(
    profile: Profile,
    settings: Settings,
    store: Store,
    *,
    happened: str,
    nameless: str,
    as_json: bool,
) -> None:
    """Show whose bot it is; `nameless` stands for an account that X did not name."""
    account = profile.account
    if as_json:
        place = {"ok": True, "profile": settings.profile, "path": str(store)}
        names = ("id", "username")
        show_json({**place, **{name: account and getattr(account, name) for name in names}})
    else:
        show(f"{happened} {'@' + account.username if account else nameless}")


def next_steps(settings: Settings, store: Store) -> str:
    """Say what to do before the first post, and how to schedule it."""
    steps = REMINDERS.format(store=store)
    if kind(settings, os.environ) != "folder":
        return steps
    if is_fleeting(sys.argv[0]) or is_fleeting(sys.executable):
        return f"{steps}\n{INSTALL_FIRST}"
    line = crontab_line(settings.profile, settings.folder, environ=os.environ, program=sys.argv[0])
    return f"{steps}\n{CRONTAB.format(line=line)}"
