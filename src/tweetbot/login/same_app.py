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


def may_end(
    other_profiles: Iterable[Named],
    existing: Profile | None,
    client: Client,
    options: LoginOptions,
    person: Person,
) -> frozenset[str]:
    """Return the profiles whose logins the person lets this one end; others stop it.

    `existing` is the profile that the login is for. Raises `ConfigurationError` unless the person
    agrees, on a terminal or by `--force`.
    """
    sharing = [named for named in other_profiles if shares(named[1], client, existing)]
    ended = [named for named in sharing if _would_end(named[1], options)]
    for name, profile in sharing:
        if (name, profile) not in ended or options.force:
            person.tell(
                f"The profile {name} uses the same app: a login as {_whose(profile)} here ends the"
                " one there."
            )
    if ended and not options.force:
        _ask(ended, existing, options, person)
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


def _would_end(other: Profile, options: LoginOptions) -> bool:
    username = other.username
    return options.account is None or (
        username is not None and is_account(options.account, username)
    )


def _ask(
    ended: list[Named], existing: Profile | None, options: LoginOptions, person: Person
) -> None:
    happened = " ".join(
        f"The profile {name} uses the same app for {_whose(profile)}, and X keeps one login for an"
        " app and an account: a login here as that account would end the one there."
        for name, profile in ended
    )
    if not person.interactive:
        raise ConfigurationError(happened, _remedy(ended, existing, options))
    person.tell(happened)
    if not is_yes(person.ask("Go on? [y/N] "), default=False):
        raise ConfigurationError("No login was begun.", _remedy(ended, existing, options))


def _remedy(ended: list[Named], existing: Profile | None, options: LoginOptions) -> str:
    use = f"Use that one (-p {ended[0][0]})"
    if options.account is None:
        own = (existing and existing.username) or "NAME"
        use = f"If this login is for another account, name it: --account {own}. Else use that one"
        use += f" (-p {ended[0][0]})"
    return f"{use}; or use --force to keep this one instead."


def _whose(profile: Profile) -> str:
    return f"@{profile.username}" if profile.username else "an account that X did not name"
