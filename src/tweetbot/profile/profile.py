"""One bot: all that it must remember, as frozen values."""

import math
import re
import time
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, Self

from tweetbot.errors import ConfigurationError, LoginNeeded, Overtaken
from tweetbot.profile.grant import Account, Client, Expected, Moved, Replaced, Token
from tweetbot.profile.keys import unknown
from tweetbot.profile.pointer import LivesIn
from tweetbot.profile.posts import Pending, Posted
from tweetbot.profile.spend import Spend
from tweetbot.values import dataclass

VERSION = 1
POSTS_KEPT = 20
CURSORS_KEPT = 50  # of lists and feeds: those that were used last
CLOCKS_DIFFER_BY = 5 * 60  # seconds, by which a post that X has dated may lie in our future
SAME_TEXT_FOR = 6 * 3600  # seconds in which the same text again is taken for a repeated run
LOGGED_OUT = "tweetbot logout"  # the note of a document that could only be marked, not removed


@dataclass(frozen=True, kw_only=True)
class LastError:
    """Why the last run failed, and how often in a row it has failed that way."""

    at: int
    code: int
    error: str
    message: str
    count: int = 1
    unknown: Mapping[str, Any] = unknown()

    @property
    def kind(self) -> tuple[int, str, str]:
        """What makes two errors the same: all but the numbers in the message."""
        return self.code, self.error, re.sub(r"[0-9]+", "", self.message)


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
    ran_at: int | None = None
    last_error: LastError | None = None
    spend: Spend = field(default_factory=Spend)
    moved: Moved | None = None
    lives_in: LivesIn | None = None  # beside a token: the move there has not ended
    unknown: Mapping[str, Any] = unknown()

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
        if self.lives_in:
            raise Overtaken("This bot is on its way into another store.", "Run it again.")

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

    def with_account(self, account: Account) -> Self:
        """Record whose login it is: what it had replaced is needed no more."""
        return replace(self, account=account, expected=None, replaced=None)

    def before_login(self) -> Self | None:
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

    def is_same_grant(self, other: Self) -> bool:
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

    def with_post(self, post: Posted) -> Self:
        """Record that `post` is live: nothing is pending and nothing is wrong any more."""
        posts = (*self.posts, post)[-POSTS_KEPT:]
        return replace(self, posts=posts, pending=None, last_error=None)

    def with_cursor(self, source: str | None, cursor: Any) -> Self:
        """Move on in the list or feed `source`; a text given directly has none.

        The one place where a used cursor goes into the profile: that of a feed takes in the name
        of the item that was used.
        """
        if source is None:
            return self
        from tweetbot.profile.seen import merged  # late, for a text needs none

        moved_on = merged(self.cursors.get(source), cursor)
        others = [(name, kept) for name, kept in self.cursors.items() if name != source]
        return replace(self, cursors=dict([*others, (source, moved_on)][-CURSORS_KEPT:]))

    def with_run(self, at: float) -> Self:
        """Record that a run did its job: it posted, or found that there is nothing to do."""
        return replace(self, ran_at=int(at))

    def with_budget(self, usd: float) -> Self:
        """Set what the bot may spend in a month; infinity is no limit."""
        budget = None if usd == math.inf else usd
        return replace(self, spend=replace(self.spend, budget_usd=budget))

    def with_error(self, error: LastError) -> Self:
        """Record a failed run; the same error again only counts, whatever times it names."""
        last = self.last_error
        if last and last.kind == error.kind:
            error = replace(error, count=last.count + 1)
        return replace(self, last_error=error)
