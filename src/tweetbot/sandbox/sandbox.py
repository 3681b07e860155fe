"""The local X as a test or the command line holds it."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Self

from tweetbot.sandbox.accounts import Account
from tweetbot.sandbox.faults import Fault, FaultQueue
from tweetbot.sandbox.media import Failure, Media
from tweetbot.sandbox.messages import HTML, JSON, Answer, Call
from tweetbot.sandbox.problems import typical_answer
from tweetbot.sandbox.requests import Request
from tweetbot.sandbox.routes import STEPS, WIDER, find_step
from tweetbot.sandbox.rules import Rules, Stance
from tweetbot.sandbox.scopes import DEFAULT_SCOPE
from tweetbot.sandbox.server import Delivery, Server
from tweetbot.sandbox.timeline import Post
from tweetbot.sandbox.x import X

# Pages ask for themselves again and again.
_QUIET_PATHS = ("/", "/favicon.ico")
_QUIET_STEPS = ("picture",)


class Sandbox:
    """A local X, as strict as the real one; serves between `with` and its end.

    `port` 0 is any free one. Logins take the accounts of `usernames` in turn. `approve` gives
    consent without asking. `log` receives one line, free of secrets, for each request. The rest is
    explained at `Rules`. Raises `OSError` from `with` if the port is taken, and `ValueError` for a
    username that X cannot have.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        approve: bool = False,
        redirect_uri: str = "http://127.0.0.1:8910/callback",
        usernames: Sequence[str] = ("dogfacts",),
        log: Callable[[str], None] | None = None,
        token_life: float = Rules.token_life,
        code_life: float = Rules.code_life,
        revoke_on_reuse: bool = Rules.revoke_on_reuse,
        refuse_duplicates: bool = Rules.refuse_duplicates,
        max_length: int = Rules.max_length,
        reply_lag: float = Rules.reply_lag,
        forgiving_delete: bool = Rules.forgiving_delete,
        post_fields: Stance = Rules.post_fields,
        tweet_fields: Stance = Rules.tweet_fields,
        multipart: bool = Rules.multipart,
        bare_finalize: bool = Rules.bare_finalize,
        processing_seconds: float = Rules.processing_seconds,
    ) -> None:
        rules = Rules(
            token_life=token_life,
            code_life=code_life,
            revoke_on_reuse=revoke_on_reuse,
            refuse_duplicates=refuse_duplicates,
            max_length=max_length,
            reply_lag=reply_lag,
            forgiving_delete=forgiving_delete,
            post_fields=post_fields,
            tweet_fields=tweet_fields,
            multipart=multipart,
            bare_finalize=bare_finalize,
            processing_seconds=processing_seconds,
        )
        self._x = X(rules=rules, usernames=usernames, redirect_uri=redirect_uri, approve=approve)
        self._port = port
        self._redirect_uri = redirect_uri
        self._log = log
        self._faults = FaultQueue()
        self._requests: list[Request] = []
        self._lock = threading.RLock()
        self._server: Server | None = None

    def __enter__(self) -> Self:
        self._server = Server(self._port, self._respond)
        self._port = self._server.server_port
        self._server.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Stop serving, at once; what was posted and asked can still be read."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    # Where it is, and who may come.

    @property
    def url(self) -> str:
        """The base of the API."""
        return f"http://127.0.0.1:{self._port}"

    @property
    def authorize_url(self) -> str:
        """The address of the consent page."""
        return f"{self.url}/i/oauth2/authorize"

    @property
    def client_id(self) -> str:
        """The client ID of the confidential client."""
        return self._x.client.id

    @property
    def client_secret(self) -> str:
        """The secret of the confidential client."""
        return self._x.client.secret or ""

    @property
    def public_client_id(self) -> str:
        """The client ID of the public client, which has no secret."""
        return self._x.public_client.id

    @property
    def redirect_uris(self) -> set[str]:
        """The registered callback URLs; add to it to register one more."""
        return self._x.authorization.redirect_uris

    @property
    def account(self) -> Account:
        """The account that is logged in in the browser."""
        return self._x.authorization.account

    @account.setter
    def account(self, account: Account) -> None:
        self._x.authorization.account = account

    def add_account(self, username: str) -> Account:
        """Return a further account, which is not logged in yet."""
        with self._lock:
            return self._x.accounts.add(username)

    @property
    def approve(self) -> bool:
        """Whether consent is given without asking."""
        return self._x.authorization.approve

    @approve.setter
    def approve(self, approve: bool) -> None:
        self._x.authorization.approve = approve

    @property
    def clock(self) -> Callable[[], float]:
        """What tells the time, in epoch seconds."""
        return self._x.now

    @clock.setter
    def clock(self, clock: Callable[[], float]) -> None:
        self._x.now = clock

    def environ(self, config_dir: str | Path) -> dict[str, str]:
        """Return the variables with which tweetbot comes here instead of to X."""
        return {
            "TWEETBOT_API_URL": self.url,
            "TWEETBOT_AUTHORIZE_URL": self.authorize_url,
            "TWEETBOT_CLIENT_ID": self.client_id,
            "TWEETBOT_CLIENT_SECRET": self.client_secret,
            "TWEETBOT_REDIRECT_URI": self._redirect_uri,
            "TWEETBOT_CONFIG_DIR": str(config_dir),
        }

    # What happened.

    @property
    def posts(self) -> tuple[Post, ...]:
        """Every post that was not deleted, newest last."""
        return self._x.timeline.posts

    @property
    def media(self) -> tuple[Media, ...]:
        """Every upload that was begun, as it is now, newest last."""
        with self._lock:
            return self._x.library.all

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request, in the order of arrival."""
        with self._lock:
            return tuple(self._requests)

    def count(self, step: str) -> int:
        """Return how many requests of a step arrived; `upload` counts chunks and all."""
        if step not in STEPS:
            raise ValueError(f"There is no step {step!r}; there are {', '.join(STEPS)}.")
        return sum(step in (one.step, WIDER.get(one.step)) for one in self.requests)

    @property
    def secrets(self) -> frozenset[str]:
        """Every code, token, client secret and code_verifier that it issued or saw."""
        with self._lock:
            return frozenset(self._x.mint.known)

    # What is to happen.

    def grant(self, client_id: str | None = None, scope: str | None = None) -> dict[str, object]:
        """Log the account in without a browser and return the token answer.

        Like any login it ends the earlier grant of the same client and account.
        """
        with self._lock:
            scopes = (DEFAULT_SCOPE if scope is None else scope).split()
            return self._x.grants.begin(client_id or self.client_id, self.account, scope=scopes)

    def fault(self, step: str, fault: Fault) -> None:
        """Let a coming request of a step meet a fault; faults of one step come in this order."""
        with self._lock:
            self._faults.add(step, fault)

    def fail_processing(self, failure: Failure | None = None) -> None:
        """Let the next GIF or video come out as a failure."""
        with self._lock:
            self._x.library.failures.append(failure or Failure())

    def expire_access_tokens(self) -> None:
        """End every access token, as time would."""
        with self._lock:
            self._x.grants.expire_access_tokens()

    def revoke_all(self) -> None:
        """End every grant and every code, as the account's owner can on x.com."""
        with self._lock:
            self._x.grants.revoke_all()
            self._x.authorization.forget_codes()

    # One request at a time, whatever the number of connections.

    def _respond(self, call: Call, connection: int) -> Delivery:
        with self._lock:
            step, _ = find_step(call.method, call.path)
            now = self.clock()
            self._x.remember_secrets(call)
            self._requests.append(_arrived(call, step, at=now, connection=connection))
            fault = self._faults.take(step)
            done = self._x.answer(call) if fault is None or fault.works else None
            answer = self._answer(done, fault, step=step)
            if answer is not None:
                self._requests[-1] = replace(self._requests[-1], status=answer.status)
            if call.path not in _QUIET_PATHS and step not in _QUIET_STEPS:
                self.tell(_line(step, done, answer, fault))
            return Delivery(answer, fault, now)

    def _answer(self, done: Answer | None, fault: Fault | None, *, step: str) -> Answer | None:
        if fault is None or fault.kind in ("delay", "drip", "half"):
            return done
        return _scripted(fault, step=step, now=self.clock()) if fault.answers else None

    def tell(self, line: str) -> None:
        """Log one line, with the time of day."""
        if self._log is not None:
            at = time.strftime("%H:%M:%S", time.localtime(self.clock()))
            # What a client sent must not steer the terminal.
            self._log(f"{at} {''.join(c if c.isprintable() else '?' for c in line)}")


def _line(step: str, done: Answer | None, answer: Answer | None, fault: Fault | None) -> str:
    note = done.note if done else "nothing was done"
    trouble = f" (fault {fault})" if fault else ""
    return f"{step:<9} {answer.status if answer else '---'}  {note}{trouble}"


def _arrived(call: Call, step: str, *, at: float, connection: int) -> Request:
    return Request(
        at=at,
        step=step,
        method=call.method,
        path=call.path,
        status=None,
        connection=connection,
        query=call.query,
        form=call.form,
        json=_without_bytes(call.json),
        headers=call.headers,
    )


def _without_bytes(body: object) -> object:
    """Leave out of a body the file in it: a log does not hold films."""
    if isinstance(body, dict) and isinstance(body.get("media"), str):
        return {**body, "media": f"{len(body['media'])} characters"}
    return body


def _scripted(fault: Fault, *, step: str, now: float) -> Answer:
    headers = {name.lower(): value for name, value in fault.headers.items()}
    if not fault.body:
        return typical_answer(fault.status, step=step, now=now).having(headers)
    kind = JSON if fault.body[:1] in (b"{", b"[") else HTML
    return Answer(fault.status, fault.body, {"content-type": kind, **headers})
