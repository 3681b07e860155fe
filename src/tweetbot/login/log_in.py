"""`auth` and `logout`: a person consents once in a browser (RFC 8252), and may take it back.

`log_in` goes listener → browser → code → token → account → save. What can fail without X fails
before the browser opens; the lock is held only around the first check and the last save.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field, replace

from tweetbot.errors import (
    ConfigurationError,
    GrantRefused,
    LoginNeeded,
    NotAllowed,
    Temporary,
    TweetbotError,
)
from tweetbot.login.consent import Person, ask_consent
from tweetbot.login.redirect import redirect_address
from tweetbot.money import budget
from tweetbot.profile import Account, Client, Profile, Token
from tweetbot.settings import DEFAULT_REDIRECT_URI, Settings, credential
from tweetbot.store import Store, find
from tweetbot.x import TOKEN_DEADLINE, AuthorizationServer, Transport, XApi, token_refusal

BUDGET_QUESTION = "Most this bot may spend in a month, in USD (empty = no limit): "
CONSOLE_STEPS = """\
Before the first login, this has to exist at https://console.x.com:
  - an app of its own for tweetbot. X keeps one live login for an app and an account: another
    tool on the same app would end this one.
  - the app in the Pay-per-use package and the Production environment
  - User authentication set up: OAuth 2.0 on, permission "Read and write", and as type
    "Automated App or Bot" (confidential: with a client secret) or "Native App" (public: without)
  - this callback URL, exactly:
{redirect_uri}
"""


@dataclass(frozen=True)
class LoginOptions:
    """The options of `auth`; `client_secret` is what was read from a file, `budget` is in USD."""

    account: str | None = None
    client_id: str | None = None
    client_secret: str | None = field(default=None, repr=False)
    redirect_uri: str | None = None
    timeout: float = 300.0
    budget: float | None = None
    force: bool = False


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
    _warn_of(other_profiles(), existing, client, options, person)
    server = AuthorizationServer(client, transport, now=now, refusal=token_refusal(now))
    token = ask_consent(
        server,
        client,
        person,
        authorize_url=settings.authorize_url,
        timeout=options.timeout,
        open_browser=open_browser,
    )
    login = _Login(server, client, token, existing, options, person)
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


def _warn_of(
    other_profiles: Iterable[tuple[str, Profile]],
    existing: Profile | None,
    client: Client,
    options: LoginOptions,
    person: Person,
) -> None:
    """Say which logins this one could end; refuse if it is certain beforehand."""
    for name, profile in other_profiles:
        if not profile.account or profile.client.client_id != client.client_id:
            continue
        username = profile.account.username
        is_own = existing is not None and existing.is_same_grant(profile)
        if _is_account(options.account, username) and not (options.force or is_own):
            raise ConfigurationError(
                f"The profile {name} uses the same app for @{username}, and X keeps one login for"
                " an app and an account: a login here would end the one there.",
                f"Use that one (-p {name}); or use --force to keep this one instead.",
            )
        person.tell(
            f"The profile {name} uses the same app: a login as @{username} here ends the one there."
        )


def _is_account(expected: str | None, username: str) -> bool:
    return expected is not None and expected.removeprefix("@").lower() == username.lower()


def choose_client(
    existing: Profile | None, settings: Settings, options: LoginOptions, person: Person
) -> Client:
    """Put the client together: the options win, then the environment, then the last login.

    What is missing is asked for on a terminal; without one, no secret means a public client.
    """
    known = existing.client if existing and existing.client.api_url == settings.api_url else None
    redirect_uri = (
        options.redirect_uri
        or settings.redirect_uri
        or (known.redirect_uri if known else DEFAULT_REDIRECT_URI)
    )
    redirect_address(redirect_uri)  # raises for what cannot be listened on
    client_id = options.client_id or settings.client_id
    secret = options.client_secret or settings.client_secret
    if known and client_id in (None, known.client_id):
        client_id, secret = known.client_id, secret or known.client_secret
    elif client_id is None:
        client_id = _ask_client_id(person, redirect_uri)
        secret = secret or _ask_secret(person)
    elif secret is None and person.interactive:
        secret = _ask_secret(person)
    return Client(
        client_id=client_id,
        client_secret=secret,
        redirect_uri=redirect_uri,
        api_url=settings.api_url,
    )


def _ask_client_id(person: Person, redirect_uri: str) -> str:
    if not person.interactive:
        raise ConfigurationError(
            "The app's client id is missing.", "Give it by --client-id or TWEETBOT_CLIENT_ID."
        )
    person.tell(CONSOLE_STEPS.format(redirect_uri=redirect_uri))
    return _credential(person.ask("OAuth 2.0 client id: "), "client id")


def _ask_secret(person: Person) -> str | None:
    if not person.interactive:
        return None
    answer = person.ask_secret("OAuth 2.0 client secret (not shown; empty for a Native App): ")
    return _credential(answer, "client secret") if answer.strip() else None


def _credential(text: str, what: str) -> str:
    try:
        return credential(text)
    except ValueError as fault:
        raise ConfigurationError(f"The {what} cannot be right: {fault}.") from None


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


# -- the account ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Login:
    """A fresh grant that is not saved yet."""

    server: AuthorizationServer
    client: Client
    token: Token
    existing: Profile | None
    options: LoginOptions
    person: Person

    def identify(self, api: XApi) -> Account | None:
        """Ask X whose account it is; the login stands even if X does not say.

        X's own users/me failed for a day in July 2026 while logins worked (docs.x.com, incidents).
        """
        try:
            return api.me()
        except NotAllowed as error:
            self.person.tell(f"Logged in, but this app cannot post yet: {error}")
        except TweetbotError as error:
            self.person.tell(f"X did not say whose account this is: {error}")
        return None

    def check(
        self, account: Account, other_profiles: Callable[[], Iterable[tuple[str, Profile]]]
    ) -> None:
        """Refuse a login that the person did not mean."""
        self._check_expected(account)
        self._check_existing(account)
        self._check_other_profiles(account, other_profiles)

    def _check_expected(self, account: Account) -> None:
        expected = self.options.account
        if expected is None:
            question = f"Logged in as @{account.username}. Is this the bot? [Y/n] "
            mine = not self.person.interactive or _is_yes(self.person.ask(question))
        else:
            mine = _is_account(expected, account.username)
        if not mine:
            wanted = f", not @{expected.removeprefix('@')}" if expected else ""
            raise LoginNeeded(
                f"The browser is logged in as @{account.username}{wanted}.",
                "Log in to the bot's account on x.com in that browser, then run `tweetbot auth`"
                " again.",
            )

    def _check_existing(self, account: Account) -> None:
        old = self.existing.account if self.existing else None
        if old and old.id != account.id and not self.options.force:
            raise ConfigurationError(
                f"This profile belongs to @{old.username}, and this login is @{account.username}.",
                "Choose another name with -p, or replace it with --force.",
            )

    def _check_other_profiles(
        self, account: Account, other_profiles: Callable[[], Iterable[tuple[str, Profile]]]
    ) -> None:
        for name, profile in other_profiles():
            same_app = profile.client.client_id == self.client.client_id
            if same_app and profile.account and profile.account.id == account.id:
                happened = (
                    f"The profile {name} uses the same app for @{account.username}, and this login"
                    " has just ended its login: X keeps one for an app and an account."
                )
                if not (self.options.force or self.is_renewal(account)):
                    raise ConfigurationError(
                        happened,
                        f"Run `tweetbot auth -p {name}` to bring it back; or use --force to keep"
                        " this one instead.",
                    )
                self.person.tell(happened)

    def is_renewal(self, account: Account | None) -> bool:
        """Whether it has ended, and so has to replace, the login that this profile lives on."""
        fresh = Profile(client=self.client, account=account, token=self.token)
        return self.existing is not None and self.existing.is_same_grant(fresh)

    def withdraw(self) -> None:
        """End the grant at X: nobody will use it."""
        try:
            self.server.revoke(self.token.refresh_token)
        except TweetbotError as error:
            self.person.tell(
                f"The login could not be withdrawn ({error.happened.rstrip('.')}); do it at"
                " https://x.com/settings/connected_apps."
            )


def _is_yes(answer: str) -> bool:
    return answer.strip().lower() in ("", "y", "yes")


def _give_back(
    store: Store,
    login: _Login,
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


def _save(store: Store, login: _Login, account: Account | None) -> Profile:
    """Save the login; what the bot remembers stays, if it is the same bot."""
    with store.lock(new=True):
        current = _current(store, force=login.options.force)
        fresh = Profile(client=login.client, account=account, token=login.token)
        if current and _is_same_bot(current, login.client, account):
            known = current.account.unknown if current.account else {}
            fresh = replace(
                current,
                client=replace(login.client, unknown=current.client.unknown),
                account=account and replace(account, unknown=known),
                token=replace(login.token, unknown=current.token.unknown),
                last_error=None,
                moved=None,
            )
        if login.options.budget is not None:
            fresh = fresh.with_budget(login.options.budget)
        store.save(fresh)
        store.remove_leftovers()
    return fresh


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


def ask_budget(store: Store, person: Person) -> None:
    """Ask what the bot may spend in a month, and save it."""
    usd = _dollars(person)
    if usd is not None:
        set_budget(store, usd)


def set_budget(store: Store, usd: float) -> None:
    """Set what the bot may spend in a month, in US dollars; infinity is no limit."""
    with store.lock():
        store.save(store.load().with_budget(usd))


def _dollars(person: Person) -> float | None:
    while answer := person.ask(BUDGET_QUESTION).strip():
        try:
            return budget(answer)
        except ValueError as error:
            person.tell(f"That is no amount: {error}.")
    return None


def log_out(
    store: Store,
    transport: Transport,
    person: Person,
    *,
    settings: Settings,
    force: bool,
    now: Callable[[], float] = time.time,
) -> None:
    """Withdraw the bot's access at X (RFC 7009), then forget it; all under the lock.

    If X cannot be asked, nothing is removed, unless `force`.
    """
    with store.lock(lasting=2 * TOKEN_DEADLINE):
        try:
            profile = store.load()
            if not profile.moved:  # another machine lives on this grant
                _revoke(profile, transport, settings, now)
        except TweetbotError as error:
            by_hand = "withdraw the access by hand at https://x.com/settings/connected_apps."
            if not force:
                remedy = "Run it again later." if isinstance(error, Temporary) else error.remedy
                raise type(error)(
                    f"{error.happened} Nothing was removed.",
                    f"{remedy} Or use --force, and {by_hand}",
                    x=error.x,
                    retry_at=error.retry_at,
                ) from None
            person.tell(f"{error.happened} So {by_hand}")
        store.remove()


def _revoke(
    profile: Profile, transport: Transport, settings: Settings, now: Callable[[], float]
) -> None:
    profile.check_server(api_url=settings.api_url)
    server = AuthorizationServer(
        profile.client,
        transport,
        now=now,
        refusal=token_refusal(now),
    )
    for token in (profile.token.refresh_token, profile.token.access_token):
        with suppress(GrantRefused):  # dead already, which is what was asked for
            server.revoke(token)
