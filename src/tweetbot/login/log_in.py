"""`auth`: a person consents once in a browser (RFC 8252).

`log_in` goes listener → browser → code → token → account → save. What can fail without X fails
before the browser opens; the lock is held only around the first check and the last save.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from tweetbot.errors import ConfigurationError
from tweetbot.login.client import LoginOptions, choose_client
from tweetbot.login.consent import Person, ask_consent
from tweetbot.login.grant import Login
from tweetbot.login.same_app import may_end
from tweetbot.profile import Account, Client, Profile
from tweetbot.settings import Settings
from tweetbot.store import Store, find
from tweetbot.x import AuthorizationServer, Transport, XApi, token_refusal


@dataclass(frozen=True)
class LoggedIn:
    """What was saved; `is_guided` if the person was led through a first login by questions."""

    profile: Profile
    is_guided: bool


def log_in(
    store: Store,
    transport: Transport,
    person: Person,
    *,
    settings: Settings,
    options: LoginOptions,
    other_profiles: Callable[[], Iterable[tuple[str, Profile]]],
    open_browser: Callable[[str], None] | None,
    now: Callable[[], float] = time.time,
) -> LoggedIn:
    """Log a bot in and save its profile; return what was saved.

    `other_profiles` yields those of this machine. Without `open_browser`, the person is asked to
    open the URL. Raises `LoginNeeded` if nobody consented in time.
    """
    existing = _claim(store, settings, force=options.force)
    client = choose_client(existing, settings, options, person)
    if existing and existing.account:
        person.tell(f"This profile belongs to @{existing.account.username}.")
    accepted = may_end(other_profiles(), existing, client, options, person)
    server = AuthorizationServer(client, transport, now=now, refusal=token_refusal(now))
    token = ask_consent(
        server,
        client,
        person,
        authorize_url=settings.authorize_url,
        timeout=options.timeout,
        open_browser=open_browser,
    )
    login = Login(server, client, token, existing, options, person, accepted)
    api = XApi(transport, api_url=client.api_url, access_token=token.access_token, now=now)
    account = None
    try:
        account = login.identify(api)
        if account:
            login.check(account, other_profiles)
    except BaseException:  # Ctrl-C at the question, too
        _give_back(store, login, account, other_profiles())
        raise
    return LoggedIn(_save(store, login, account), is_guided=_is_guided(existing, settings, options))


def _claim(store: Store, settings: Settings, *, force: bool) -> Profile | None:
    """Prove that a login can be saved here; return what is there, `None` if nothing usable."""
    store.make_ready()
    with store.lock(new=True):
        try:
            existing = find(store)
        except ConfigurationError:
            if not force:
                raise
            return None
        store.rehearse(existing)
    if existing and not force:
        existing.check_server(api_url=settings.api_url)
    return existing


def _give_back(
    store: Store,
    login: Login,
    account: Account | None,
    other_profiles: Iterable[tuple[str, Profile]],
) -> None:
    """Withdraw a login that was refused, unless the bot would be locked out without it.

    X keeps one live grant for an app and an account: this login has just ended the earlier one.
    """
    if account and login.is_renewal(account):
        _save(store, login, account)
        login.person.tell(f"This profile stays logged in as @{account.username}.")
    else:
        login.withdraw()
        login.person.tell("The new login was withdrawn; nothing was saved.")
        fresh = Profile(client=login.client, account=account, token=login.token)
        for name, profile in other_profiles:
            if profile.is_same_grant(fresh):
                login.person.tell(
                    f"It had ended the login of the profile {name}: run `tweetbot auth -p {name}`."
                )


def _save(store: Store, login: Login, account: Account | None) -> Profile:
    """Save the login; what the bot remembers stays, if it is the same bot."""
    with store.lock(new=True):
        current = _current(store, force=login.options.force)
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
        store.save(fresh)
        store.remove_leftovers()
    return fresh


def _unnamed(fresh: Profile, login: Login, current: Profile | None) -> Profile:
    """Keep whom a login has to belong to, and what it replaces, until X says whose it is."""
    replaced = current.replaced_by(login.client) if current else None
    return replace(fresh, expected=login.expected, replaced=replaced)


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


def _is_guided(existing: Profile | None, settings: Settings, options: LoginOptions) -> bool:
    return not (existing or settings.client_id or options.client_id)
