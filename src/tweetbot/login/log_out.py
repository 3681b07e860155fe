"""`logout`: a person takes the consent back (RFC 7009)."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from tweetbot.errors import GrantRefused, Temporary, TweetbotError
from tweetbot.login.consent import Person
from tweetbot.profile import Profile
from tweetbot.settings import Settings
from tweetbot.store import Store
from tweetbot.x import TOKEN_DEADLINE, AuthorizationServer, Transport, token_refusal


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
