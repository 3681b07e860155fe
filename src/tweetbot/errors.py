"""Every error that a person can meet, and the exit code it ends with.

    TweetbotError
    ├── ConfigurationError      2  usage, settings, files, client id or secret
    ├── TextRefused             3  this text cannot be posted
    │   └── Unpostable             by X, for good: an item of a list is passed over
    │       └── Duplicate          X has this text already
    ├── LoginNeeded             4  no profile, grant dead, scope missing, moved away
    │   ├── NotTheBot              the login belongs to another account; it was put back
    │   ├── GrantRefused           the token endpoint refused the refresh token
    │   └── AccessTokenRefused     401: the access token is not accepted
    ├── NotAllowed              5  X does not let this app or account post
    │   └── NotPermitted           a 403 without a reason: what is stored may tell it
    ├── Temporary               6  nothing was posted; a later run may succeed
    │   ├── NotSent                no connection: the request never left
    │   ├── AnswerLost             the request may have left, no usable answer came
    │   ├── Busy                   another run has the bot: whoever can, waits for its end
    │   ├── Overtaken              another run has the document now: this one ends
    │   │   └── LaterLogin         a later login is there: X has ended this one
    │   └── RateLimited            429; `retry_at` says until when
    ├── OutcomeUnknown          7  a post may or may not be live
    ├── TokenNotSaved           8  the token was renewed and is not in its place
    └── TooOld                  9  `status --max-age` alone

A class exists only where somebody reacts differently. Library exceptions are translated where
the library is called; these become a message and a code once, at the edge of the command line.
"""

from __future__ import annotations

import re
from contextlib import suppress
from typing import ClassVar

from tweetbot.values import dataclass

DEFAULT_PROFILE = "default"


@dataclass(frozen=True)
class XWords:
    """What X itself said about a refusal: the parts that are worth showing."""

    status: int
    title: str | None = None
    detail: str | None = None
    transaction_id: str | None = None

    def __str__(self) -> str:
        said = self.detail or self.title or ""
        if self.title and self.detail and self.title.lower() not in self.detail.lower():
            said = f"{self.title}: {self.detail}"
        return said


class TweetbotError(Exception):
    """One sentence on what happened, one on what to do, then X's own words.

    No secret is ever part of it: not in the sentences, not in `x`, not in `repr()`.
    """

    code: ClassVar[int] = 1
    name: ClassVar[str] = "bug"

    def __init__(
        self,
        happened: str,
        remedy: str = "",
        *,
        x: XWords | None = None,
        retry_at: int | None = None,
    ) -> None:
        super().__init__(happened, remedy)
        self.happened = happened
        self.remedy = remedy
        self.x = x
        self.retry_at = retry_at

    def __str__(self) -> str:
        said = f"X said: {self.x}" if self.x and str(self.x) else ""
        return " ".join(part for part in (self.happened, self.remedy, said) if part)


class ConfigurationError(TweetbotError):
    """Usage, settings, files, or a server that is not X's API."""

    code = 2
    name = "configuration"


class TextRefused(TweetbotError):
    """This text cannot be posted; another one may."""

    code = 3
    name = "text-refused"


class Unpostable(TextRefused):
    """X will never take this text: an item of a list need not be offered again."""


class Duplicate(Unpostable):
    """X already has this text from this account."""


class LoginNeeded(TweetbotError):
    """Only a person with a browser can go on: `tweetbot auth`."""

    code = 4
    name = "login-needed"


class NotTheBot(LoginNeeded):
    """The login belongs to another account than it has to; what it had replaced is back."""


class GrantRefused(LoginNeeded):
    """The token endpoint does not accept the refresh token (RFC 6749 §5.2)."""


class AccessTokenRefused(LoginNeeded):
    """X answered 401: the access token is expired or revoked, and nothing was done."""


class NotAllowed(TweetbotError):
    """X does not let this app or account post, or the bot's own budget is used up."""

    code = 5
    name = "not-allowed"


class NotPermitted(NotAllowed):
    """A 403 that gives no reason: a missing scope, a text that is too long, a limit."""


class Temporary(TweetbotError):
    """Nothing was posted, and a later run may succeed."""

    code = 6
    name = "temporary"


class NotSent(Temporary):
    """No connection: the request has certainly not left, so it may be sent again."""


class AnswerLost(Temporary):
    """The request may have left, and no usable answer came back."""


class Busy(Temporary):
    """Another run has the bot; it will end."""


class Overtaken(Temporary):
    """Another run has the document now; whatever this one would do could spend its token."""


class LaterLogin(Overtaken):
    """A later login of the same app and account is there, so X has ended this one."""


class RateLimited(Temporary):
    """429; `retry_at` is the time (UTC epoch seconds) of the reset, where X gave one."""


class OutcomeUnknown(TweetbotError):
    """The post may or may not be live; the next run settles it."""

    code = 7
    name = "outcome-unknown"


class TokenNotSaved(TweetbotError):
    """The token was renewed, but is not in its place; the message says where it is."""

    code = 8
    name = "token-not-saved"


class TooOld(TweetbotError):
    """No run did its job for longer than `status --max-age` allows, or ever."""

    code = 9
    name = "too-old"


def missing_extra(extra: str, happened: str) -> ConfigurationError:
    """Say what needs a package that comes with an extra, and how to install it.

    Who runs tweetbot may have it by any of the three installers, and does not always know by which.
    """
    wanted = f"'tweetbot-cli[{extra}]'"
    return ConfigurationError(
        happened,
        f"Install it: pip install {wanted}; where tweetbot came by pipx: pipx install --force"
        f" {wanted}; by uv: uv tool install {wanted}{_in_a_clone(extra)}.",
    )


def _in_a_clone(extra: str) -> str:
    """Say it for who installed a clone, which no package index has (PEP 610, `dir_info`)."""
    from importlib.metadata import PackageNotFoundError, distribution  # late: takes long

    with suppress(PackageNotFoundError, OSError):
        if "dir_info" in (distribution("tweetbot-cli").read_text("direct_url.json") or ""):
            return f"; in its clone: pip install '.[{extra}]'"
    return ""


def naming(profile: str, said: str) -> str:
    """Let the commands that a message tells to type name the bot; they would mean another one."""
    if profile == DEFAULT_PROFILE:
        return said
    command = r"`tweetbot (auth|import|logout|renew|schedule)\b(?! -p)"
    return re.sub(command, lambda found: f"{found[0]} -p {profile}", said)


# The interface that a scheduler relies on; `--help` and the README show it, a test walks it.
EXIT_CODES: tuple[tuple[int, str, str], ...] = (
    (0, "", "done"),
    (1, "bug", "a bug in tweetbot; please report it"),
    (2, "configuration", "usage, settings, files, client id or secret"),
    (3, "text-refused", "this text cannot be posted; change it"),
    (4, "login-needed", "run `tweetbot auth`"),
    (5, "not-allowed", "X does not let this app or account post, or the budget is used up"),
    (6, "temporary", "nothing was posted; run again later"),
    (7, "outcome-unknown", "no clear answer; look, the next run settles it"),
    (8, "token-not-saved", "act now: the message says where the token is"),
    (9, "too-old", "`status --max-age`: the last run that did its job is older"),
    (130, "interrupted", "SIGINT (143: SIGTERM)"),
)
