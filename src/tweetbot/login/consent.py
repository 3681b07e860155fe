"""A person consents in a browser (RFC 8252): listener → browser → code → token."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol
from urllib.parse import urlsplit

from tweetbot.errors import AnswerLost, GrantRefused, LoginNeeded
from tweetbot.login.listener import RedirectListener
from tweetbot.login.redirect import (
    X_ISSUERS,
    AuthorizationResponse,
    WrongResponse,
    read_pasted,
    redirect_address,
)
from tweetbot.profile import Client, Token
from tweetbot.x import AuthorizationRequest, AuthorizationServer

CODE_LIFE = 30  # seconds (docs.x.com, oauth-2-0/authorization-code, glossary)


class Person(Protocol):
    """Whoever runs the command; `interactive` only if there is a terminal to ask on."""

    @property
    def interactive(self) -> bool: ...
    def tell(self, line: str) -> None: ...
    def ask(self, question: str) -> str: ...
    def ask_secret(self, question: str) -> str: ...
    def hear(self, listener: Callable[[str], None] | None) -> None:
        """Hand every line typed from now on to `listener`."""


def is_yes(answer: str, *, default: bool = True) -> bool:
    """Whether a person agreed; Enter alone means `default`."""
    answer = answer.strip().lower()
    return answer in ("y", "yes") if answer else default


@contextmanager
def consent(
    server: AuthorizationServer,
    client: Client,
    person: Person,
    *,
    authorize_url: str,
    timeout: float,
    open_browser: Callable[[str], None] | None,
) -> Iterator[Token]:
    """Get the person's consent in a browser, and exchange the code at once.

    While the rest of the login goes on inside, a browser that comes once more is answered as it was
    the first time: some fetch the address ahead, and the person arrives later. Raises `LoginNeeded`
    if consent is refused, or not given within `timeout` seconds.
    """
    request = server.authorization_request(authorize_url)
    origin = urlsplit(authorize_url)
    issuers = X_ISSUERS | {f"{origin.scheme}://{origin.netloc}"}

    def read(line: str) -> AuthorizationResponse:
        return read_pasted(
            line, redirect_uri=client.redirect_uri, state=request.state, issuers=issuers
        )

    with RedirectListener(
        client.redirect_uri, state=request.state, issuers=issuers, on_tls=_telling_of_https(person)
    ) as listener:
        _announce(request.url, client, person, will_open=open_browser is not None)
        if open_browser:
            open_browser(request.url)
        response = _wait(listener, person, read_pasted=read, timeout=timeout)
        if response is None:
            raise _nobody_came(client, timeout)
        try:
            yield _exchange(server, request, response)
        finally:
            listener.linger()


def _telling_of_https(person: Person) -> Callable[[], None]:
    """Return what says, once, that the browser asked for https."""
    told = threading.Event()

    def tell() -> None:
        if told.is_set():
            return
        told.set()
        way = (
            "Paste the address that it shows here, as it is,"
            if person.interactive
            else "Open the address in another browser,"
        )
        person.tell(
            f"The browser insists on https, which cannot be served here. {way} or let it use http"
            " for this machine."
        )

    return tell


def _announce(url: str, client: Client, person: Person, *, will_open: bool) -> None:
    if will_open:
        person.tell("Opening the browser. If nothing opens, open this address yourself:")
    else:
        person.tell("Open this address in a browser in which the bot's account is logged in:")
    person.tell(url)
    if not will_open:
        person.tell(
            "If that browser is on another computer, run this there first, with this machine's "
            f"name:\n  ssh {_forwarded(client.redirect_uri, url)} THIS_MACHINE"
        )
    if person.interactive:
        person.tell(
            "Or paste here the address that the browser ends at (it begins with "
            f"{client.redirect_uri}) and press Enter: within {CODE_LIFE} seconds of the consent, "
            "for that is how long its code lives."
        )


def _forwarded(redirect_uri: str, url: str) -> str:
    """Return ssh's options for what the browser has to reach here; a local X's page, too."""
    ports = [redirect_address(redirect_uri).port]
    page = urlsplit(url)
    if page.scheme == "http" and page.port and page.port not in ports:  # of loopback hosts alone
        ports.append(page.port)
    return " ".join(f"-L {port}:127.0.0.1:{port}" for port in ports)


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
