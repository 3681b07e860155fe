"""Other profiles on the same app: X keeps one login for an app and an account.

So a login here may end that of another profile. What is certain or likely is settled before the
browser opens; after that it is too late.
"""

from __future__ import annotations

from collections.abc import Iterable

from tweetbot.errors import ConfigurationError
from tweetbot.login.client import LoginOptions, is_account
from tweetbot.login.consent import Person, is_yes
from tweetbot.profile import LOGGED_OUT, Client, Profile

Named = tuple[str, Profile]
NAMED = 3  # bots in a message; the others are counted


def may_end(
    other_profiles: Iterable[Named],
    existing: Profile | None,
    client: Client,
    options: LoginOptions,
    person: Person,
) -> frozenset[str]:
    """Return the profiles whose logins the person lets this one end; others stop it.

    `existing` is the profile that the login is for; where nobody named an account, it is for the
    one that the profile has. Raises `ConfigurationError` unless the person agrees, on a terminal or
    by `--force`.
    """
    expected = options.account or _own_account(existing, options)
    sharing = [named for named in other_profiles if shares(named[1], client, existing)]
    ended = [named for named in sharing if _would_end(named[1], expected)]
    told = sharing if options.force else [named for named in sharing if named not in ended]
    if told:
        browser = f" In the browser, be logged in as @{expected.lstrip('@')}." if expected else ""
        person.tell(
            f"The same app serves {_named(told)}: a login here as {_one_of(told)} ends the one"
            f" there.{browser}"
        )
    if ended and not options.force:
        _ask(ended, expected, person)
    return frozenset(name for name, _ in ended)


def shares(other: Profile, client: Client, existing: Profile | None) -> bool:
    """Whether a login with this app can end the one of `other`: it lives, as far as we know."""
    if (other.client.client_id, other.client.api_url) != (client.client_id, client.api_url):
        return False
    if other.moved and other.moved.note == LOGGED_OUT:
        return False
    # The older of two logins for one account has been ended by the newer.
    return not (
        existing
        and existing.is_same_grant(other)
        and (existing.token.obtained_at or 0) > (other.token.obtained_at or 0)
    )


def _own_account(existing: Profile | None, options: LoginOptions) -> str | None:
    """Return the account that this profile has, which only `--force` replaces by another."""
    owner = existing.owner if existing and not options.force else None
    return owner.username if owner else None


def _would_end(other: Profile, expected: str | None) -> bool:
    username = other.username
    return expected is None or (username is not None and is_account(expected, username))


def _ask(ended: list[Named], expected: str | None, person: Person) -> None:
    happened = (
        f"The same app serves {_named(ended)}, and X keeps one login for an app and an account: a"
        f" login here as {_one_of(ended)} would end the one there."
    )
    if not person.interactive:
        raise ConfigurationError(happened, _remedy(ended, expected))
    person.tell(happened)
    if not is_yes(person.ask("Go on? [y/N] "), default=False):
        raise ConfigurationError("No login was begun.", _remedy(ended, expected))


def _remedy(ended: list[Named], expected: str | None) -> str:
    if expected:
        return f"Use that one (-p {ended[0][0]}); or use --force to keep this one instead."
    return (
        "If this login is for an account of its own, name that: `tweetbot auth --account NAME`."
        " Else use the bot that has it (-p); or use --force to keep this one instead."
    )


def _named(profiles: list[Named]) -> str:
    """Name a few of them, with their accounts, and count the others."""
    names = [f"{name} ({_whose(profile)})" for name, profile in profiles]
    few, others = names[:NAMED], len(names[NAMED:])
    last = f"{others} more" if others else few.pop()
    return f"{', '.join(few)} and {last}" if few else last


def _one_of(profiles: list[Named]) -> str:
    return "that account" if len(profiles) == 1 else "one of these accounts"


def _whose(profile: Profile) -> str:
    return f"@{profile.username}" if profile.username else "an account that X did not name"
