"""Whose account a login is, where X did not say so when it was made.

Nothing is posted before that is known: the browser may have been logged in as somebody else.
"""

from __future__ import annotations

from tweetbot.errors import AccessTokenRefused, NotTheBot, TweetbotError
from tweetbot.posting.session import Session
from tweetbot.profile import Account


def make_sure_whose(session: Session) -> None:
    """Ask X whose account it is (`GET /2/users/me`), unless that is known.

    Raises `NotTheBot` if it is not whom the login has to belong to: then what it had replaced is
    put back, and the new grant withdrawn.
    """
    if session.profile.account:
        return
    session.renew_if_due(session.profile.pending)
    account = _ask(session)
    session.check_still_ours()
    expected = session.profile.expected
    if expected and not expected.fits(account):
        _put_back(session)
        raise NotTheBot(
            f"This login belongs to @{account.username}, not to"
            f" {'@' + expected.username if expected.username else 'the account of this bot'}."
            " It is not used any more, and nothing was posted.",
            "Log in to the bot's account on x.com in your browser, then run `tweetbot auth`.",
        )
    session.save(session.profile.with_account(account))


def _ask(session: Session) -> Account:
    try:
        return session.api.me()
    except AccessTokenRefused:
        if not session.may_renew:
            raise
    session.renew(session.profile.pending)
    return session.api.me()


def _put_back(session: Session) -> None:
    """Put back what the login had replaced, and withdraw the login (RFC 7009)."""
    refused = session.profile.token.refresh_token
    before = session.profile.before_login()
    if before:
        session.save(before)
    else:
        session.forget()
    try:
        session.revoke(refused)
    except TweetbotError as error:
        session.context.tell(
            f"The new login could not be withdrawn ({error.happened.rstrip('.')}); do it at"
            " https://x.com/settings/connected_apps."
        )
