"""All that a bot must remember, as frozen values; `document` reads and writes them.

Everything stands in one document, so that one atomic write keeps it consistent. Keys that this
version does not know are kept at every level (`unknown`), so that an older tweetbot never takes
something away from a newer one. Times are integers, UTC epoch seconds.
"""

from __future__ import annotations

import hashlib
import math
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from tweetbot.errors import ConfigurationError, LoginNeeded, NotAllowed
from tweetbot.money import dollars

VERSION = 1
POSTS_KEPT = 20
CLOCKS_DIFFER_BY = 5 * 60  # seconds, by which a post that X has dated may lie in our future
SAME_TEXT_FOR = 6 * 3600  # seconds in which the same text again is taken for a repeated run
LOGGED_OUT = "tweetbot logout"  # the note of a document that could only be marked, not removed
# What `POST /2/tweets` demands (docs.x.com, OpenAPI document, operation createPosts).
POSTING_SCOPES = frozenset({"tweet.read", "tweet.write", "users.read"})

# What may stand in an Authorization header (RFC 6750 §2.1 is narrower); a newline in a token
# would be printed by an HTTP library's error message.
_TOKEN = re.compile(r"[\x21-\x7e]+")


class Unreadable(ValueError):
    """The text is no profile document; says why in a few words, without its content."""


def _unknown() -> Any:
    return field(default_factory=dict, repr=False)


_RARE = {"rare": True}  # a key that is written only where it says something


@dataclass(frozen=True, kw_only=True)
class Client:
    """The app as X knows it (RFC 6749 §2.1); without a secret it is a public client."""

    client_id: str
    client_secret: str | None = field(default=None, repr=False)
    redirect_uri: str
    api_url: str
    unknown: Mapping[str, Any] = _unknown()

    def __post_init__(self) -> None:
        for name in ("client_id", "client_secret"):
            value = getattr(self, name)
            if value is not None and not _TOKEN.fullmatch(value):
                raise Unreadable(f'"client.{name}" is empty or has characters that X never uses')


@dataclass(frozen=True, kw_only=True)
class Account:
    """The account that consented."""

    id: str
    username: str
    unknown: Mapping[str, Any] = _unknown()

    def __post_init__(self) -> None:
        # They become part of addresses that are asked and shown.
        if not re.fullmatch(r"[0-9]{1,19}", self.id):
            raise Unreadable('"account.id" is no number')
        if not re.fullmatch(r"\w{1,50}", self.username):
            raise Unreadable('"account.username" is no name of an account')


@dataclass(frozen=True, kw_only=True)
class Token:
    """An access token and the single-use refresh token that renews it.

    `parent` is the digest of the refresh token that this one replaced; `None` after a login.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    scope: str = ""
    obtained_at: int | None = None
    expires_at: int | None = None
    parent: str | None = None
    unknown: Mapping[str, Any] = _unknown()

    def __post_init__(self) -> None:
        for name in ("access_token", "refresh_token"):
            if not _TOKEN.fullmatch(getattr(self, name)):
                raise Unreadable(f'"{name}" is empty or has white space or control characters')

    @property
    def digest(self) -> str:
        """Name this refresh token without giving it away."""
        return hashlib.sha256(self.refresh_token.encode()).hexdigest()[:16]

    @property
    def missing_scopes(self) -> str:
        """What this token lacks for posting, as far as its scope is known."""
        missing = POSTING_SCOPES - set(self.scope.split())
        return " ".join(sorted(missing)) if self.scope else ""

    def is_newer_than(self, other: Token) -> bool:
        """Whether it came after `other`: by descent where that tells, else by the clock."""
        if other.parent == self.digest:
            return False
        return self.parent == other.digest or (self.obtained_at or 0) > (other.obtained_at or 0)

    def is_due(self, now: int) -> bool:
        """Whether half of the access token's life is gone, or its times make no sense."""
        if self.obtained_at is None or self.expires_at is None:
            return True
        return not self.obtained_at <= now < (self.obtained_at + self.expires_at) / 2

    def is_alive(self, now: int) -> bool:
        """Whether the access token can still be expected to work."""
        return self.expires_at is not None and now < self.expires_at


@dataclass(frozen=True, kw_only=True)
class Expected:
    """Whom a login has to belong to, as far as that is known, while X has not said whose it is."""

    id: str | None = None
    username: str | None = None
    unknown: Mapping[str, Any] = _unknown()

    def fits(self, account: Account) -> bool:
        """Whether it is that account; a handle may be renamed, an id never is."""
        if self.id is not None:
            return self.id == account.id
        return self.username is None or self.username.lower() == account.username.lower()

    def may_be(self, other: Expected) -> bool:
        """Whether both can mean one account, as far as either is known."""
        if self.id is not None and other.id is not None:
            return self.id == other.id
        if self.username is None or other.username is None:
            return True
        return self.username.lower() == other.username.lower()


@dataclass(frozen=True, kw_only=True)
class Moved:
    """`export` handed the bot on; nothing here may use it any more."""

    at: int
    note: str = ""
    unknown: Mapping[str, Any] = _unknown()


@dataclass(frozen=True, kw_only=True)
class Replaced:
    """What such a login took the place of; the app too, where it is another one."""

    account: Account | None = None
    token: Token
    client: Client | None = field(default=None, metadata=_RARE)
    moved: Moved | None = field(default=None, metadata=_RARE)
    unknown: Mapping[str, Any] = _unknown()


@dataclass(frozen=True, kw_only=True)
class PendingPart:
    """One post of a thread that is not live yet."""

    text: str
    unknown: Mapping[str, Any] = _unknown()


@dataclass(frozen=True, kw_only=True)
class Pending:
    """A post that was about to be sent and has no recorded outcome.

    `text` is that of the post on its way, or the next one; `at` is `None` while none is. Of a
    thread, `parts` are those that are not live yet, this one first, and `done` the ids of those
    that are. `reply_to` is the post that it (or a thread's first part) answers. `found_at` is when
    a run first could not find out what became of it, by X's clock.
    """

    text: str
    digest: str
    at: int | None = None
    source: str | None = None
    cursor: Any = None
    parts: tuple[PendingPart, ...] = field(default=(), metadata=_RARE)
    done: tuple[str, ...] = field(default=(), metadata=_RARE)
    reply_to: str | None = field(default=None, metadata=_RARE)
    made_with_ai: bool = field(default=False, metadata=_RARE)
    found_at: int | None = field(default=None, metadata=_RARE)
    unknown: Mapping[str, Any] = _unknown()

    @property
    def parent(self) -> str | None:
        """The id of the post that the next part answers."""
        return self.done[-1] if self.done else self.reply_to


@dataclass(frozen=True, kw_only=True)
class Posted:
    """A post that is live; `id` is `None` where X never confirmed it.

    A thread is one entry: `ids` are those of all its posts, `id` is that of the first.
    """

    id: str | None = None
    at: int
    digest: str
    ids: tuple[str, ...] = field(default=(), metadata=_RARE)
    unknown: Mapping[str, Any] = _unknown()

    @property
    def all_ids(self) -> tuple[str, ...]:
        """The ids of all its posts, as far as they are known."""
        return self.ids or ((self.id,) if self.id else ())


@dataclass(frozen=True, kw_only=True)
class LastError:
    """Why the last run failed, and how often in a row it has failed that way."""

    at: int
    code: int
    error: str
    message: str
    count: int = 1
    unknown: Mapping[str, Any] = _unknown()

    @property
    def kind(self) -> tuple[int, str, str]:
        """What makes two errors the same: all but the numbers in the message."""
        return self.code, self.error, re.sub(r"[0-9]+", "", self.message)


@dataclass(frozen=True, kw_only=True)
class Spend:
    """What the bot cost in `month` (UTC, "2026-11"), estimated, in US dollars."""

    month: str = ""
    posts: int = 0
    usd: float = 0.0
    budget_usd: float | None = None
    unknown: Mapping[str, Any] = _unknown()

    def in_month(self, month: str, *, may_go_back: bool) -> Spend:
        """Return what `month` cost so far; a new month begins at nothing.

        A month that is over comes back only by a clock that can be trusted: else it is this one.
        """
        if month == self.month or (month < self.month and not may_go_back):
            return self
        return replace(self, month=month, posts=0, usd=0.0)

    def check(self, usd: float) -> None:
        """Raise `NotAllowed` unless one more post for `usd` stays within the budget."""
        if self.budget_usd is None or self.with_post(usd).usd <= self.budget_usd:
            return
        raise NotAllowed(
            f"The bot's budget for {self.month} is used up: {self.count}, about"
            f" {dollars(self.usd)} of {dollars(self.budget_usd)}, and this one costs"
            f" {dollars(usd)}.",
            "Nothing was posted. `tweetbot renew --budget USD` sets another budget, without a"
            " browser.",
        )

    @property
    def count(self) -> str:
        """Say how many posts that was."""
        return f"{self.posts} post" + ("" if self.posts == 1 else "s")

    def with_post(self, usd: float) -> Spend:
        """Count one more post."""
        return replace(self.with_cost(usd), posts=self.posts + 1)

    def with_cost(self, usd: float) -> Spend:
        """Count what else is billed."""
        return replace(self, usd=round(self.usd + usd, 4))


@dataclass(frozen=True, kw_only=True)
class Profile:
    """One bot."""

    version: int = VERSION
    client: Client
    account: Account | None = None
    expected: Expected | None = None
    replaced: Replaced | None = None
    token: Token
    pending: Pending | None = None
    cursors: Mapping[str, Any] = field(default_factory=dict)
    posts: tuple[Posted, ...] = ()
    last_error: LastError | None = None
    spend: Spend = field(default_factory=Spend)
    moved: Moved | None = None
    unknown: Mapping[str, Any] = _unknown()

    @property
    def username(self) -> str | None:
        """The account's name, as far as X has said."""
        return self.account.username if self.account else None

    def check_server(self, *, api_url: str) -> None:
        """Raise `ConfigurationError` rather than let a token go to another server."""
        if self.client.api_url != api_url:
            raise ConfigurationError(
                f"This login belongs to {self.client.api_url}, not to {api_url}.",
                "Set TWEETBOT_API_URL to the former; or choose another name with -p.",
            )

    def check_usable(self, *, api_url: str) -> None:
        """Raise unless this machine may use the login: right server, not moved away."""
        self.check_server(api_url=api_url)
        if self.moved:
            at = time.strftime("%Y-%m-%d %H:%M", time.localtime(self.moved.at))
            if self.moved.note == LOGGED_OUT:
                raise LoginNeeded(f"This bot was logged out on {at}.", "Run `tweetbot auth`.")
            raise LoginNeeded(
                f"This bot was moved on {at} to another machine.",
                "`tweetbot auth` brings it back; or, if it never arrived there, `tweetbot import`"
                " with the path of its document.",
            )

    @property
    def owner(self) -> Expected | None:
        """Whom this bot belongs to, as X said or as a person did; `None` if nobody has."""
        if self.account:
            return Expected(id=self.account.id, username=self.account.username)
        return self.expected

    def replaced_by(self, client: Client) -> Replaced:
        """What a login takes the place of while nobody knows whose that one is."""
        if self.account is None and self.replaced:
            return self.replaced
        other = self.client if self.client != client else None
        return Replaced(account=self.account, token=self.token, client=other, moved=self.moved)

    def with_account(self, account: Account) -> Profile:
        """Record whose login it is: what it had replaced is needed no more."""
        return replace(self, account=account, expected=None, replaced=None)

    def before_login(self) -> Profile | None:
        """Put back what this login had replaced; `None` if that was nothing."""
        old = self.replaced
        if old is None:
            return None
        client = old.client or self.client
        back = replace(self, client=client, account=old.account, token=old.token)
        return replace(back, expected=None, replaced=None, moved=old.moved)

    @property
    def lives_elsewhere(self) -> bool:
        """Whether it was handed on to another machine, which lives on this grant."""
        return self.moved is not None and self.moved.note != LOGGED_OUT

    def is_same_grant(self, other: Profile) -> bool:
        """Whether X keeps one login for both: the same app and account."""
        return (
            self.account is not None
            and other.account is not None
            and self.account.id == other.account.id
            and self.client.client_id == other.client.client_id
            and self.client.api_url == other.client.api_url
        )

    @property
    def known_ids(self) -> frozenset[str]:
        """The ids of the posts that it remembers."""
        done = self.pending.done if self.pending else ()
        return frozenset(post_id for posted in self.posts for post_id in posted.all_ids) | {*done}

    def posted_lately(self, digest: str, *, now: int) -> Posted | None:
        """Return the post with that text of the last six hours, if its id is known."""
        same = [
            posted
            for posted in self.posts
            if posted.id
            and posted.digest == digest
            and -CLOCKS_DIFFER_BY <= now - posted.at < SAME_TEXT_FOR
        ]
        return same[-1] if same else None

    def spent(self, now: int, *, by_x: bool = False) -> Spend:
        """Return what the month of `now` cost so far; X bills by UTC.

        `by_x` says that `now` is by X's clock. By our own, a month never goes backwards.
        """
        month = time.strftime("%Y-%m", time.gmtime(now))
        return self.spend.in_month(month, may_go_back=by_x)

    def with_post(self, post: Posted) -> Profile:
        """Record that `post` is live: nothing is pending and nothing is wrong any more."""
        posts = (*self.posts, post)[-POSTS_KEPT:]
        return replace(self, posts=posts, pending=None, last_error=None)

    def with_cursor(self, source: str | None, cursor: Any) -> Profile:
        """Move on in the list `source`; a text given directly has none."""
        if source is None:
            return self
        return replace(self, cursors={**self.cursors, source: cursor})

    def with_budget(self, usd: float) -> Profile:
        """Set what the bot may spend in a month; infinity is no limit."""
        budget = None if usd == math.inf else usd
        return replace(self, spend=replace(self.spend, budget_usd=budget))

    def with_error(self, error: LastError) -> Profile:
        """Record a failed run; the same error again only counts, whatever times it names."""
        last = self.last_error
        if last and last.kind == error.kind:
            error = replace(error, count=last.count + 1)
        return replace(self, last_error=error)


def digest(text: str) -> str:
    """Name a post's text: SHA-256 of its UTF-8."""
    return hashlib.sha256(text.encode()).hexdigest()
