"""`auth`: a person consents once in a browser (RFC 8252).

`log_in` goes listener → browser → code → token → account → save. What can fail without X fails
before the browser opens; the lock is held only around the first check and the save. What
happens from the token on is in `keeping`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from tweetbot.errors import Busy, ConfigurationError, LaterLogin, TweetbotError
from tweetbot.login.client import LoginOptions, choose_client
from tweetbot.login.consent import Person, consent
from tweetbot.login.grant import Login
from tweetbot.login.keeping import give_back, is_kept, keep, patiently
from tweetbot.login.same_app import may_end
from tweetbot.profile import Account, Profile
from tweetbot.settings import Settings
from tweetbot.store import Store, find
from tweetbot.values import dataclass
from tweetbot.x import AuthorizationServer, Transport, XApi, token_refusal

FIRST_PATIENCE = 30.0  # seconds to wait for another run, before the browser


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
    patience: float,
    now: Callable[[], float] = time.time,
) -> LoggedIn:
    """Log a bot in and save its profile; return what was saved.

    `other_profiles` yields those of this machine. Without `open_browser`, the person is asked to
    open the URL. `patience` is how many seconds the login waits to be saved: as long as a run may
    last. Raises `LoginNeeded` if nobody consented in time.
    """
    store.make_ready()
    existing = _claimed(store, settings, person, force=options.force)
    client = choose_client(existing, settings, options, person)
    if existing and existing.account:
        person.tell(f"This profile belongs to @{existing.account.username}.")
    accepted = may_end(other_profiles(), existing, client, options, person)
    server = AuthorizationServer(client, transport, now=now, refusal=token_refusal(now))
    with consent(
        server,
        client,
        person,
        authorize_url=settings.authorize_url,
        timeout=options.timeout,
        open_browser=open_browser,
    ) as token:
        login = Login(server, client, token, existing, options, person, accepted)
        api = XApi(transport, api_url=client.api_url, access_token=token.access_token, now=now)
        saved = _keep_or_end(
            store, login, api, other_profiles, patience=patience, name=settings.profile
        )
    return LoggedIn(saved, is_guided=_is_guided(existing, settings, options))


def _claimed(store: Store, settings: Settings, person: Person, *, force: bool) -> Profile | None:
    return patiently(
        lambda: _claim(store, settings, force=force),
        person,
        seconds=FIRST_PATIENCE,
        until="The login begins when that has ended.",
        while_=Busy,
    )


def _keep_or_end(
    store: Store,
    login: Login,
    api: XApi,
    other_profiles: Callable[[], Iterable[tuple[str, Profile]]],
    *,
    patience: float,
    name: str,
) -> Profile:
    """Save the login, if it is the one that was meant; else see that nobody loses by it."""
    account = saved = None
    try:
        account = login.identify(api)
        if login.is_renewal(account):  # X has ended the one that is there: no question before this
            saved = keep(store, login, account, patience=patience)
        if account:
            login.check(account, other_profiles)
        return saved or keep(store, login, account, patience=patience)
    except LaterLogin:
        raise  # X has ended it
    except BaseException:  # Ctrl-C at the question, too
        _end(store, login, account, other_profiles(), name=name)
        raise


def _claim(store: Store, settings: Settings, *, force: bool) -> Profile | None:
    """Prove that a login can be saved here; return what is there, `None` if nothing usable."""
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


def _end(
    store: Store,
    login: Login,
    account: Account | None,
    other_profiles: Iterable[tuple[str, Profile]],
    *,
    name: str,
) -> None:
    """Say what became of a login that was refused or interrupted; withdraw it if nobody has it."""
    try:
        kept = is_kept(store, login)
    except TweetbotError as error:
        login.person.tell(f"Whether the new login was saved is not known: {error.happened}")
        return
    if not kept:
        give_back(login, account, other_profiles, name=name)
    elif account:
        login.person.tell(f"This profile stays logged in as @{account.username}.")


def _is_guided(existing: Profile | None, settings: Settings, options: LoginOptions) -> bool:
    return not (existing or settings.client_id or options.client_id)
