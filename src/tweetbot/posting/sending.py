"""Send what is pending, part by part; each part's id is saved before the next one is sent.

A clear refusal with nothing live leaves nothing pending. With some parts of a thread live, what is
to come stays pending for the next run, unless X refuses a text: then it is let go.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from tweetbot.draft import Part
from tweetbot.errors import (
    AccessTokenRefused,
    AnswerLost,
    Duplicate,
    LoginNeeded,
    NotPermitted,
    OutcomeUnknown,
    RateLimited,
    Temporary,
    TextRefused,
    TweetbotError,
    Unpostable,
)
from tweetbot.posting import settling
from tweetbot.posting.context import Context
from tweetbot.posting.session import RESEND_AFTER, Session
from tweetbot.posting.words import said
from tweetbot.profile import Pending, Posted
from tweetbot.text import LIMIT
from tweetbot.x import POST_DEADLINE, Post

INVISIBLE_FOR = 3.0  # seconds after which X should see a post that it has just made
_INVISIBLE = r"(?i)deleted or not visible|does not exist|could not find"
_ORDINALS = [
    "first",
    "second",
    "third",
    "fourth",
    "fifth",
    "sixth",
    "seventh",
    "eighth",
    "ninth",
    "tenth",
    "eleventh",
    "twelfth",
    "thirteenth",
    "fourteenth",
    "fifteenth",
    "sixteenth",
    "seventeenth",
    "eighteenth",
    "nineteenth",
    "twentieth",
    "twenty-first",
    "twenty-second",
    "twenty-third",
    "twenty-fourth",
    "twenty-fifth",
]


def longest(context: Context) -> float:
    """Return how many seconds one part may take, between two saves."""
    tries = (len(RESEND_AFTER) + 1) * POST_DEADLINE + sum(RESEND_AFTER)
    again = (
        2 * 2
    )  # after a 401 or a short rate limit; and each, where its parent is not visible yet
    return again * tries + context.wait + 2 * INVISIBLE_FOR


class Sending:
    """Sends the parts of what is pending.

    `media_ids` are those of what goes with each part, if anything does. `attempt` is an earlier
    try at the first of them, which does not seem to be live.
    """

    def __init__(
        self,
        session: Session,
        parts: Sequence[Part],
        media_ids: Sequence[Sequence[str]] = (),
        *,
        attempt: Pending | None = None,
    ) -> None:
        self._session = session
        self._context = session.context
        self._parts = parts
        self._media_ids = iter(media_ids)
        self._attempt = attempt
        self._shown: Sequence[str] = ()  # the media of the part on its way

    def send(self) -> Posted:
        """Send all of them and record the post; raises what ends it on the way."""
        session = self._session
        *before, last = self._parts
        for part in before:
            post_id, at = self._send(part)
            if post_id is None:
                raise self._let_go(Duplicate("X has its text already, and does not tell its id."))
            session.advance(post_id, usd=part.usd, at=at)
        post_id, at = self._send(last)
        return session.record_post(session.pending, post_id, usd=last.usd, at=at)

    def _send(self, part: Part) -> tuple[str | None, float]:
        """Send one part; return its id, if X tells it, and when X made it."""
        session = self._session
        attempt, self._attempt = self._attempt, None
        self._shown = next(self._media_ids, ())
        try:
            return self._create_post(part).id, session.time()
        except AnswerLost as lost:
            try:
                found = settling.find_out(session, lost)
            except OutcomeUnknown as unknown:
                raise self._broken_off(unknown) from None
            return found.id, found.at
        except TweetbotError as error:
            if attempt and isinstance(error, Duplicate):
                return settling.find_duplicate(session, attempt)
            raise self._ended(error) from None

    # -- how it can end -------------------------------------------------------------------------

    def _ended(self, error: TweetbotError) -> TweetbotError:
        """Leave in the profile what is to be done next; return the error to raise."""
        session = self._session
        if not session.pending.done:
            session.profile = replace(session.profile, pending=None)
            return error
        if isinstance(error, TextRefused):
            return self._let_go(error)
        waiting = replace(session.pending, at=None)
        session.profile = replace(session.profile, pending=waiting)
        return self._broken_off(error)

    def _broken_off(self, error: TweetbotError) -> TweetbotError:
        done, left = self._progress()
        if not done:
            return error
        total = done + len(left)
        return type(error)(
            f"{_live(done, total)}; the next run goes on with the {_ORDINALS[done]}."
            f" {error.happened}",
            error.remedy.removeprefix("Nothing was posted. "),
            x=error.x,
            retry_at=error.retry_at,
        )

    def _let_go(self, error: TextRefused) -> TextRefused:
        """Give up the rest of a thread, and name it."""
        done, left = self._progress()
        self._session.end_thread()
        rest = "; ".join(f'"{text}"' for text in left)
        return TextRefused(
            f"{_live(done, done + len(left))}, and the rest was let go: {rest}. {error.happened}",
            error.remedy,
            x=error.x,
        )

    def _progress(self) -> tuple[int, list[str]]:
        pending = self._session.pending
        return len(pending.done), [said(part) for part in pending.parts]

    # -- one request ----------------------------------------------------------------------------

    def _create_post(self, part: Part) -> Post:
        """Send it; once more after a 401 or a short rate limit: both prove it is not live."""
        try:
            return self._when_visible(part)
        except AccessTokenRefused:
            if not self._session.may_renew:
                raise
            self._renew_after_401()
        except RateLimited as limited:
            self._session.wait_for(limited)
        return self._when_visible(part)

    def _when_visible(self, part: Part) -> Post:
        """Send it; once more if X does not see yet what it answers, which X has just made."""
        try:
            return self._try_to_post(part)
        except TweetbotError as error:
            if self._parent is None or not re.search(_INVISIBLE, str(error.x or "")):
                raise
        self._context.sleep(INVISIBLE_FOR)
        return self._try_to_post(part)

    @property
    def _parent(self) -> str | None:
        return self._session.pending.parent

    def _renew_after_401(self) -> None:
        try:
            self._session.renew(self._session.profile.pending)
        except AnswerLost as lost:  # of the renewal: what became of the post is clear
            raise Temporary(lost.happened, "Nothing was posted; run again later.") from None

    def _try_to_post(self, part: Part) -> Post:
        def send() -> Post:
            self._session.freshen_intent()
            return self._session.api.create_post(
                part,
                reply_to=self._parent,
                media_ids=self._shown,
                made_with_ai=self._session.pending.made_with_ai,
                paid_partnership=self._session.pending.paid_partnership,
            )

        try:
            return self._session.try_again(send)
        except NotPermitted as error:
            raise self._explained(error, part) from None

    def _explained(self, error: NotPermitted, part: Part) -> TweetbotError:
        """Find the reason that X does not give: what is known here tells."""
        if missing := self._session.profile.token.missing_scopes:
            return LoginNeeded(
                f"The login lacks the permission {missing} (403).",
                "Set the app's permission to Read and write in X's console, then run"
                " `tweetbot auth`.",
                x=error.x,
            )
        weighted_length = part.measure.weighted_length
        if weighted_length > LIMIT and "not permitted" in str(error.x):
            return Unpostable(
                f"X did not accept {weighted_length} characters (403).",
                f"Only Premium accounts may post more than {LIMIT}; shorten the text.",
                x=error.x,
            )
        if "not permitted" in str(error.x) and self._session.profile.known_ids:
            # Seen to pass within minutes, on accounts that post every day.
            return Temporary(
                "X does not permit this post for the moment (403).",
                "Nothing was posted; this bot has posted before, so run again later.",
                x=error.x,
            )
        return error


def _live(done: int, total: int) -> str:
    return f"{done} of {total} posts {'is' if done == 1 else 'are'} live"
