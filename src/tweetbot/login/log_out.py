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
from tweetbot.values import dataclass
from tweetbot.x import TOKEN_DEADLINE, AuthorizationServer, Transport, token_refusal

BY_HAND = "withdraw the access by hand at https://x.com/settings/connected_apps."


@dataclass(frozen=True)
class LoggedOut:
    """What became of the access: `withdrawn` at X by this run, or living on where it was moved."""

    withdrawn: bool
    lives_on: bool


def log_out(
    store: Store,
    transport: Transport,
    person: Person,
    *,
    settings: Settings,
    force: bool,
    now: Callable[[], float] = time.time,
) -> LoggedOut:
    """Withdraw the bot's access at X (RFC 7009), then forget it; all under the lock.

    That of a bot that lives on elsewhere is not withdrawn. If X cannot be asked, nothing is
    removed, unless `force`.
    """
    lives_on, withdrawn = False, False
    with store.lock(lasting=4 * TOKEN_DEADLINE):
        try:
            profile = store.load()
            lives_on = profile.lives_elsewhere
            profile.check_server(api_url=settings.api_url)
            if not profile.moved:
                _revoke(profile, transport, now)
                before = profile.before_login()  # whose the newer one is, X has not said
                if before and not before.moved:
                    _revoke(before, transport, now)
                withdrawn = True
        except TweetbotError as error:
            by_hand = "" if lives_on else BY_HAND
            if not force:
                raise _nothing_removed(error, by_hand) from None
            person.tell(f"{error.happened} {by_hand and f'So {by_hand}'}".rstrip())
        store.remove()
    return LoggedOut(withdrawn=withdrawn, lives_on=lives_on)


def _nothing_removed(error: TweetbotError, by_hand: str) -> TweetbotError:
    remedy = "Run it again later." if isinstance(error, Temporary) else error.remedy
    forced = f"Or use --force, and {by_hand}" if by_hand else "Or use --force."
    return type(error)(
        f"{error.happened} Nothing was removed.",
        f"{remedy} {forced}",
        x=error.x,
        retry_at=error.retry_at,
    )


def _revoke(profile: Profile, transport: Transport, now: Callable[[], float]) -> None:
    server = AuthorizationServer(
        profile.client,
        transport,
        now=now,
        refusal=token_refusal(now),
    )
    for token in (profile.token.refresh_token, profile.token.access_token):
        with suppress(GrantRefused):  # dead already, which is what was asked for
            server.revoke(token)
