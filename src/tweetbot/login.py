"""`auth` and `logout`: a person consents once in a browser (RFC 8252), and may take it back.

`log_in` goes listener → browser → code → token → account → save. What can fail without X fails
before the browser opens; the lock is held only around the first check and the last save.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Protocol
from urllib.parse import urlsplit

from tweetbot.errors import (
    AnswerLost,
    ConfigurationError,
    GrantRefused,
    LoginNeeded,
    NotAllowed,
    TweetbotError,
)
from tweetbot.loopback import RedirectListener
from tweetbot.oauth import AuthorizationRequest, AuthorizationServer
from tweetbot.profile import Account, Client, Profile, Token
from tweetbot.redirect import (
    X_ISSUERS,
    AuthorizationResponse,
    WrongResponse,
    read_pasted,
    redirect_address,
)
from tweetbot.settings import DEFAULT_REDIRECT_URI, Settings, credential
from tweetbot.store import FileStore
from tweetbot.transport import Transport
from tweetbot.xapi import XApi, token_refusal

CODE_LIFE = 30  # seconds (docs.x.com, oauth-2-0/authorization-code, glossary)

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


class Person(Protocol):
    """Whoever runs the command; `interactive` only if there is a terminal to ask on."""

    @property
    def interactive(self) -> bool: ...
    def tell(self, line: str) -> None: ...
    def ask(self, question: str) -> str: ...
    def ask_secret(self, question: str) -> str: ...
    def hear(self, listener: Callable[[str], None] | None) -> None:
        """Hand every line typed from now on to `listener`."""


@dataclass(frozen=True)
class Wishes:
    """The options of `auth`; `client_secret` is what was read from a file."""

    account: str | None = None
    client_id: str | None = None
    client_secret: str | None = None
    redirect_uri: str | None = None
    timeout: float = 300.0
    force: bool = False


def log_in(
    store: FileStore,
    transport: Transport,
    person: Person,
    *,
    settings: Settings,
    wishes: Wishes,
    neighbours: Callable[[], Iterable[tuple[str, Profile]]],
    open_browser: Callable[[str], None] | None,
    now: Callable[[], float] = time.time,
) -> Profile:
    """Log a bot in and save its profile; return what was saved.

    `neighbours` yields the other profiles of this machine. Without `open_browser`, the person is
    asked to open the URL. Raises `LoginNeeded` if nobody consented in time.
    """
    existing = _claim(store, settings, force=wishes.force)
    client = choose_client(existing, settings, wishes, person)
    if existing and existing.account:
        person.tell(f"This profile belongs to @{existing.account.username}.")
    server = AuthorizationServer(
        client,
        transport,
        now=now,
        refusal=token_refusal(now),
    )
    token = _consent(server, client, person, settings, wishes, open_browser)
    login = _Login(server, client, token, existing, wishes, person)
    account = login.identify(
        XApi(transport, api_url=client.api_url, access_token=token.access_token, now=now)
    )
    login.check(account, neighbours)
    return _save(store, login, account)


def choose_client(
    existing: Profile | None, settings: Settings, wishes: Wishes, person: Person
) -> Client:
    """Put the client together: the options win, then the environment, then the last login.

    What is missing is asked for on a terminal; without one, no secret means a public client.
    """
    known = existing.client if existing and existing.client.api_url == settings.api_url else None
    redirect_uri = (
        wishes.redirect_uri
        or settings.redirect_uri
        or (known.redirect_uri if known else DEFAULT_REDIRECT_URI)
    )
    redirect_address(redirect_uri)  # raises for what cannot be listened on
    client_id = wishes.client_id or settings.client_id
    secret = wishes.client_secret or settings.client_secret
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


def _claim(store: FileStore, settings: Settings, *, force: bool) -> Profile | None:
    """Prove that a login can be saved here; return what is there, `None` if nothing usable."""
    store.make_folder()
    with store.lock():
        try:
            existing = store.load() if store.exists() else None
        except ConfigurationError:
            if not force:
                raise
            return None
        store.rehearse(existing)
    if existing and not force:
        existing.check_server(api_url=settings.api_url)
    return existing


# -- consent --------------------------------------------------------------------------------------


def _consent(
    server: AuthorizationServer,
    client: Client,
    person: Person,
    settings: Settings,
    wishes: Wishes,
    open_browser: Callable[[str], None] | None,
) -> Token:
    """Get the person's consent, and exchange the code at once: it lives 30 seconds."""
    request = server.authorization_request(settings.authorize_url)
    origin = urlsplit(settings.authorize_url)
    issuers = X_ISSUERS | {f"{origin.scheme}://{origin.netloc}"}

    def read(line: str) -> AuthorizationResponse:
        return read_pasted(
            line, redirect_uri=client.redirect_uri, state=request.state, issuers=issuers
        )

    with RedirectListener(client.redirect_uri, state=request.state, issuers=issuers) as listener:
        _announce(request, client, person, will_open=open_browser is not None)
        if open_browser:
            open_browser(request.url)
        response = _wait(listener, person, read_pasted=read, timeout=wishes.timeout)
        if response is None:
            raise _nobody_came(client, wishes.timeout)
        try:
            return _exchange(server, request, response)
        finally:
            listener.linger()


def _announce(
    request: AuthorizationRequest, client: Client, person: Person, *, will_open: bool
) -> None:
    port = redirect_address(client.redirect_uri).port
    if will_open:
        person.tell("Opening the browser. If nothing opens, open this address yourself:")
    else:
        person.tell("Open this address in a browser in which the bot's account is logged in:")
    person.tell(request.url)
    if not will_open:
        person.tell(
            f"If that browser is on another computer, run this there first, with this machine's "
            f"name:\n  ssh -L {port}:127.0.0.1:{port} THIS_MACHINE"
        )
    if person.interactive:
        person.tell(
            "Or paste here the address that the browser ends at (it begins with "
            f"{client.redirect_uri}) and press Enter: within {CODE_LIFE} seconds of the consent, "
            "for that is how long its code lives."
        )


def _wait(
    listener: RedirectListener,
    person: Person,
    *,
    read_pasted: Callable[[str], AuthorizationResponse],
    timeout: float,
) -> AuthorizationResponse | None:
    """Wait for the answer, whichever way it comes: by the browser or pasted."""

    def pasted(line: str) -> None:
        try:
            listener.offer(read_pasted(line))
        except WrongResponse as wrong:
            if line.strip():
                person.tell(str(wrong))

    person.hear(pasted)
    try:
        return listener.wait(timeout)
    finally:
        person.hear(None)


def _nobody_came(client: Client, timeout: float) -> LoginNeeded:
    return LoginNeeded(
        f"Nobody consented within {timeout:g} seconds.",
        "If the browser showed an error page, X sends no answer: check in the console that "
        f"the callback URL is registered exactly as {client.redirect_uri}, that the client id "
        "is right, that OAuth 2.0 is on, and that the app has the permission Read and write. "
        "Then run `tweetbot auth` again.",
    )


def _exchange(
    server: AuthorizationServer, request: AuthorizationRequest, response: AuthorizationResponse
) -> Token:
    if response.code is None:
        raise LoginNeeded(
            "Consent was not given: "
            + ": ".join(filter(None, (response.error, response.error_description)))
            + ".",
            "Run `tweetbot auth` again, and choose Authorize app.",
        )
    try:
        return server.fetch_token(response.code, code_verifier=request.code_verifier)
    except GrantRefused as error:
        raise LoginNeeded(
            "X did not accept the code of this login.",
            f"A code lives {CODE_LIFE} seconds and works once; run `tweetbot auth` again.",
            x=error.x,
        ) from None
    except AnswerLost as error:
        raise AnswerLost(error.happened, "Run `tweetbot auth` again.", x=error.x) from None


# -- the account ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Login:
    """A fresh grant that is not saved yet."""

    server: AuthorizationServer
    client: Client
    token: Token
    existing: Profile | None
    wishes: Wishes
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
        self, account: Account | None, neighbours: Callable[[], Iterable[tuple[str, Profile]]]
    ) -> None:
        """Refuse a login that a person did not mean; the grant is then withdrawn."""
        if account is None:
            return
        try:
            self._check_expected(account)
            self._check_existing(account)
            self._check_neighbours(account, neighbours)
        except TweetbotError:
            self._withdraw()
            raise

    def _check_expected(self, account: Account) -> None:
        expected = self.wishes.account
        if expected is None:
            question = f"Logged in as @{account.username}. Is this the bot? [Y/n] "
            mine = not self.person.interactive or _is_yes(self.person.ask(question))
        else:
            mine = expected.removeprefix("@").lower() == account.username.lower()
        if not mine:
            wanted = f", not @{expected.removeprefix('@')}" if expected else ""
            raise LoginNeeded(
                f"The browser is logged in as @{account.username}{wanted}; nothing was saved.",
                "Log in to the bot's account on x.com in that browser, then run `tweetbot auth`"
                " again.",
            )

    def _check_existing(self, account: Account) -> None:
        old = self.existing.account if self.existing else None
        if old and old.id != account.id and not self.wishes.force:
            raise ConfigurationError(
                f"This profile belongs to @{old.username}, and this login is @{account.username}.",
                "Choose another name with -p, or replace it with --force.",
            )

    def _check_neighbours(
        self, account: Account, neighbours: Callable[[], Iterable[tuple[str, Profile]]]
    ) -> None:
        for name, profile in neighbours():
            same_app = profile.client.client_id == self.client.client_id
            if same_app and profile.account and profile.account.id == account.id:
                happened = (
                    f"The profile {name} uses the same app for @{account.username}, and this login"
                    " has just ended its login: X keeps one for an app and an account."
                )
                if not self.wishes.force:
                    raise ConfigurationError(
                        happened,
                        f"Run `tweetbot auth -p {name}` to bring it back; or use --force to keep"
                        " this one instead.",
                    )
                self.person.tell(happened)

    def _withdraw(self) -> None:
        try:
            self.server.revoke(self.token.refresh_token)
        except TweetbotError as error:
            self.person.tell(
                f"The login could not be withdrawn ({error.happened.rstrip('.')}); do it at"
                " https://x.com/settings/connected_apps."
            )


def _is_yes(answer: str) -> bool:
    return answer.strip().lower() in ("", "y", "yes")


def _save(store: FileStore, login: _Login, account: Account | None) -> Profile:
    """Save the login; what the bot remembers stays, if it is the same bot."""
    with store.lock():
        try:
            current = store.load() if store.exists() else None
        except ConfigurationError:
            store.set_aside()  # --force: the unreadable one is kept as .bad
            current = None
        fresh = Profile(client=login.client, account=account, token=login.token)
        same_bot = (
            current
            and current.client.api_url == login.client.api_url
            and not (account and current.account and account.id != current.account.id)
        )
        if current and same_bot:
            fresh = replace(
                current,
                client=replace(login.client, unknown=current.client.unknown),
                account=account,
                token=login.token,
                last_error=None,
                moved=None,
            )
        store.save(fresh)
        store.remove_leftovers()
    return fresh


def log_out(
    store: FileStore,
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
    if not store.exists():
        store.load()  # raises "not logged in"
    with store.lock():
        try:
            profile = store.load()
            if not profile.moved:  # another machine lives on this grant
                _revoke(profile, transport, settings, now)
        except TweetbotError as error:
            by_hand = "Withdraw the access by hand at https://x.com/settings/connected_apps."
            if not force:
                raise type(error)(
                    f"{error.happened} Nothing was removed.",
                    f"Run it again later; or use --force, and {by_hand[0].lower()}{by_hand[1:]}",
                    x=error.x,
                    retry_at=error.retry_at,
                ) from None
            person.tell(f"{error.happened} {by_hand}")
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
