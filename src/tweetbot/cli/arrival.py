"""What is said when a bot has arrived in a profile: after `auth` and `import`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tweetbot.cli.terminal import show, show_json
from tweetbot.errors import naming
from tweetbot.settings import DEFAULT_API_URL

if TYPE_CHECKING:
    from tweetbot.profile import Profile
    from tweetbot.settings import Settings
    from tweetbot.store import Store

REMINDERS = """\
Before the first post:
  - switch on the Automated label: on x.com, Settings, Your account, Automation
  - say in the account's bio whose bot it is
  - do not copy the profile to another machine: `tweetbot export` moves it"""
SCHEDULE = "To post by itself: `tweetbot schedule` (cron, systemd, GitHub …) makes what runs it."


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


def next_steps(profile: Profile, settings: Settings, store: Store) -> str:
    """Say what to do before the first post, and how to schedule it; no rehearsal is scheduled."""
    steps = f"Saved in {store}."
    if not profile.posts:
        steps = f"{steps} {REMINDERS}"
    if settings.api_url != DEFAULT_API_URL:
        return steps
    return f"{steps}\n{naming(settings.profile, SCHEDULE)}"
