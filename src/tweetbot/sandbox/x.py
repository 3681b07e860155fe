"""X itself, without a socket: a request goes in, an answer comes out."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final
from urllib.parse import urlsplit

from tweetbot.sandbox import pages
from tweetbot.sandbox.accounts import Accounts
from tweetbot.sandbox.api import Api
from tweetbot.sandbox.authorization import Authorization
from tweetbot.sandbox.clients import Client, Clients, read_basic
from tweetbot.sandbox.grants import Grants
from tweetbot.sandbox.ids import Snowflakes
from tweetbot.sandbox.limits import RateLimits
from tweetbot.sandbox.listing import Listing
from tweetbot.sandbox.media import Library
from tweetbot.sandbox.messages import Answer, Call, Refused, trace_headers
from tweetbot.sandbox.mint import Mint
from tweetbot.sandbox.posts import Posts
from tweetbot.sandbox.problems import NOT_FOUND, NOT_LOOPBACK
from tweetbot.sandbox.routes import find_step
from tweetbot.sandbox.rules import Rules
from tweetbot.sandbox.threads import threads
from tweetbot.sandbox.timeline import Timeline
from tweetbot.sandbox.timeline_page import post_page, timeline_page
from tweetbot.sandbox.uploads import Uploads

_LOOPBACK: Final = frozenset({"127.0.0.1", "localhost", "::1"})


class X:
    """The whole of the local X. `now` may be replaced; every time and id comes from it."""

    def __init__(
        self,
        *,
        rules: Rules,
        usernames: Sequence[str],
        redirect_uri: str,
        approve: bool,
    ) -> None:
        self.now: Callable[[], float] = time.time
        self.mint = Mint()
        self.accounts = Accounts()
        self.client = Client(self.mint.client_id(), self.mint.client_secret(), "My bot")
        self.public_client = Client(self.mint.client_id(), None, "My public bot")
        self._clients = Clients([self.client, self.public_client])
        ids = Snowflakes(now=self._now)
        self.grants = Grants(
            self.mint,
            now=self._now,
            token_life=rules.token_life,
            revoke_on_reuse=rules.revoke_on_reuse,
        )
        self.timeline = Timeline(ids, now=self._now)
        self.library = Library(ids, now=self._now, processing_seconds=rules.processing_seconds)
        self.authorization = Authorization(
            self._clients,
            self.grants,
            self.mint,
            now=self._now,
            code_life=rules.code_life,
            accounts=[self.accounts.add(username) for username in usernames],
            redirect_uris={redirect_uri},
            approve=approve,
        )
        self._api = Api(
            self.grants,
            RateLimits(now=self._now),
            posts=Posts(self.timeline, self.library, rules, now=self._now),
            listing=Listing(self.timeline, rules),
            uploads=Uploads(self.library, rules, now=self._now),
        )

    def answer(self, call: Call) -> Answer:
        """Do what a request asks for and answer it, or refuse it."""
        try:
            _check_host(call)
            answer = self._dispatch(call)
        except Refused as refused:
            answer = refused.answer
        return answer.having(trace_headers()) if call.path.startswith("/2/") else answer

    def remember_secrets(self, call: Call) -> None:
        """Remember every secret that a request carries, good or not."""
        authorization = call.headers.get("authorization", "")
        self.mint.keep_all(call.form)
        self.mint.keep(read_basic(authorization)[1])
        if authorization.lower().startswith("bearer "):
            self.mint.keep(authorization[7:].strip())

    def _now(self) -> float:
        return self.now()

    def _dispatch(self, call: Call) -> Answer:
        step, target = find_step(call.method, call.path)
        if self._api.answers(step):
            return self._api.answer(step, call, target)
        match step:
            case "authorize":
                return self.authorization.authorize(call)
            case "consent":
                return self.authorization.consent(call)
            case "token":
                return self.authorization.token(call)
            case "revoke":
                return self.authorization.revoke(call)
            case "page":
                return self._page(target)
            case "picture":
                return self._picture(target)
        return replace(NOT_FOUND, note=f"there is no {call.method} {call.path}")

    def _page(self, post_id: str) -> Answer:
        posts, name_of = self.timeline.posts, self.accounts.username
        if not post_id:
            return pages.page_answer(200, timeline_page(threads(posts), name_of=name_of))
        post = self.timeline.get(post_id)
        thread = [one for one in posts if post and one.conversation_id == post.conversation_id]
        return pages.page_answer(
            200 if post else 404, post_page(threads(thread), post_id, name_of=name_of)
        )

    def _picture(self, media_id: str) -> Answer:
        media = self.library.get(media_id)
        if media is None or not media.media_type.startswith("image/"):
            return NOT_FOUND
        headers = {
            "content-type": media.media_type,
            "cache-control": "private, max-age=3600, immutable",
            "content-security-policy": "default-src 'none'; sandbox",
            "x-content-type-options": "nosniff",
        }
        return Answer(200, media.data, headers)


def _check_host(call: Call) -> None:
    # A page on the web can make its own name point here (DNS rebinding); its Host gives it away.
    try:
        host = urlsplit(f"//{call.headers.get('host', '')}").hostname
    except ValueError:
        host = None
    if host not in _LOOPBACK:
        raise Refused(NOT_LOOPBACK)
