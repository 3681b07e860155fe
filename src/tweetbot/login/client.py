"""The app as which a person logs in: options, environment, the last login, or questions."""

from __future__ import annotations

from dataclasses import field

from tweetbot.errors import ConfigurationError
from tweetbot.login.consent import Person
from tweetbot.login.redirect import redirect_address
from tweetbot.profile import Client, Profile
from tweetbot.settings import DEFAULT_REDIRECT_URI, Settings, credential
from tweetbot.values import dataclass

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


def is_account(expected: str | None, username: str) -> bool:
    """Whether `expected` (with or without @) is that account's name."""
    return expected is not None and expected.removeprefix("@").lower() == username.lower()
