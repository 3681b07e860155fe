"""A fresh login is kept: X has ended the one before it, so nothing may be lost from here on.

X keeps one live grant for an app and an account. So a login waits for a run that holds the lock,
never takes the place of a later one, and what cannot be saved is withdrawn and said.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar

from tweetbot.errors import ConfigurationError, LaterLogin, Temporary, TweetbotError, naming
from tweetbot.login.consent import Person
from tweetbot.login.grant import Login
from tweetbot.profile import Account, Client, Profile
from tweetbot.store import Store, find

CLOCK_SLACK = 5 * 60  # seconds by which a time may lie ahead and still be believed
_PAUSE = 0.5  # seconds between two tries

T = TypeVar("T")


def patiently(
    action: Callable[[], T],
    person: Person,
    *,
    seconds: float,
    until: str,
    while_: type[Temporary] = Temporary,
) -> T:
    """Do `action`; do it again while it may help, and say so once. Raises what stays."""
    ends_at, told = time.monotonic() + seconds, False
    while True:
        try:
            return action()
        except LaterLogin:
            raise
        except while_ as error:
            if time.monotonic() >= ends_at:
                raise
            if not told:
                person.tell(f"{error.happened} {until}")
            told = True
        time.sleep(_PAUSE)


def keep(store: Store, login: Login, account: Account | None, *, patience: float) -> Profile:
    """Save the login, after the run that has the bot; what it remembers stays, if it is the same.

    Raises `LaterLogin` if one stands there, `ConfigurationError` if another account's.
    """
    return patiently(
        lambda: _save(store, login, account),
        login.person,
        seconds=patience,
        until="The login is saved as soon as that is over: leave this running. A run takes"
        f" seconds as a rule; this waits {patience / 60:.0f} minutes at the most.",
    )


def is_kept(store: Store, login: Login) -> bool:
    """Whether the login stands in the store. Raises if that cannot be told."""
    profile = find(store)
    return profile is not None and profile.token.refresh_token == login.token.refresh_token


def give_back(
    login: Login,
    account: Account | None,
    other_profiles: Iterable[tuple[str, Profile]],
    *,
    name: str,
) -> None:
    """Withdraw a login that is not kept, and say which earlier ones it has ended."""
    tell = login.person.tell
    login.withdraw()
    tell("The new login was withdrawn; nothing was saved.")
    if login.is_renewal(account):
        ended = "It has ended the earlier login of this profile: run `tweetbot auth` again."
        tell(naming(name, ended))
    elif login.may_be_renewal(account):
        ended = "It may have ended the earlier login of this profile: `tweetbot renew` tells."
        tell(naming(name, ended))
    fresh = Profile(client=login.client, account=account, token=login.token)
    for other, profile in other_profiles:
        if profile.is_same_grant(fresh):
            tell(f"It had ended the login of the profile {other}: run `tweetbot auth -p {other}`.")


def _save(store: Store, login: Login, account: Account | None) -> Profile:
    with store.lock(new=True):
        with suppress(TweetbotError):  # where there is no lock, this alone sees what came since
            store.check_unchanged()
        current = _current(store, force=login.options.force)
        if current:
            _check_later(current, login, account)
            login = replace(login, existing=current)
            login.check_server()
            if account:
                login.check_existing(account)
        fresh = _fresh(current, login, account)
        store.save(fresh)
        store.remove_leftovers()
    return fresh


def _fresh(current: Profile | None, login: Login, account: Account | None) -> Profile:
    """Return the login as a profile; what the bot remembers stays, if it is the same bot."""
    fresh = Profile(client=login.client, account=account, token=login.token)
    if account is None:
        fresh = _unnamed(fresh, login, current)
    if current and _is_same_bot(current, login.client, account):
        known = current.account.unknown if current.account else {}
        fresh = replace(
            current,
            client=replace(login.client, unknown=current.client.unknown),
            account=account and replace(account, unknown=known),
            token=replace(login.token, unknown=current.token.unknown),
            expected=fresh.expected,
            replaced=fresh.replaced,
            last_error=None,
            moved=None,
        )
    if login.options.budget is not None:
        fresh = fresh.with_budget(login.options.budget)
    return fresh


def _unnamed(fresh: Profile, login: Login, current: Profile | None) -> Profile:
    """Keep whom a login has to belong to, and what it replaces, until X says whose it is."""
    replaced = current.replaced_by(login.client) if current else None
    return replace(fresh, expected=login.expected, replaced=replaced)


def _check_later(current: Profile, login: Login, account: Account | None) -> None:
    """Raise `LaterLogin` if what came since this login began is later: X has ended this one.

    A time in the future is no proof: the clock was wrong.
    """
    before = login.existing.token if login.existing else None
    later, mine = current.token.obtained_at or 0, login.token.obtained_at or 0
    if (
        current.token != before
        and current.client.client_id == login.client.client_id
        and _is_same_bot(current, login.client, account)
        and mine < later <= time.time() + CLOCK_SLACK
    ):
        raise LaterLogin(
            "Another login of this bot was saved meanwhile, and it is the newer one: X has ended"
            " this one, which was not saved.",
            "The bot goes on with the newer one; there is nothing to do.",
        )


def _current(store: Store, *, force: bool) -> Profile | None:
    try:
        return find(store)
    except ConfigurationError:
        if not force:
            raise
        store.set_aside()  # kept as .bad
        return None


def _is_same_bot(current: Profile, client: Client, account: Account | None) -> bool:
    if current.client.api_url != client.api_url:
        return False
    return account is None or current.account is None or account.id == current.account.id
