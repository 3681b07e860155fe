"""`export` and `import`: hand a bot to another machine.

X keeps one live login for an app and an account, and the first renewal on either side ends the
other's. So an export is a move: the profile stays here, marked, and nothing here uses it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from tweetbot.document import dump, parse
from tweetbot.errors import ConfigurationError
from tweetbot.profile import Moved, Profile, Unreadable
from tweetbot.store import Store, find


def export(
    store: Store,
    write: Callable[[bytes], None],
    *,
    api_url: str,
    keep: bool,
    now: Callable[[], float] = time.time,
) -> Profile:
    """Hand the profile's document to `write`, and mark it here as moved, unless `keep`.

    Marked first: a copy that is out while the original is in use would end it. If `write` fails,
    the mark is taken back.
    """
    with store.lock():
        profile = store.load()
        profile.check_usable(api_url=api_url)
        if not keep:
            store.rehearse(profile)  # a mark that cannot be kept would leave two bots
            store.save(replace(profile, moved=Moved(at=int(now()), note="tweetbot export")))
        try:
            write(dump(profile))
        except OSError as error:
            store.save(profile)
            raise ConfigurationError(
                f"The document could not be written: {error.strerror}.", "The bot stays here."
            ) from None
    return profile


def take_over(store: Store, document: bytes, *, api_url: str, force: bool) -> Profile:
    """Save a document that `export` handed out; nothing is asked of X.

    Raises `ConfigurationError` if it is no profile for this server, or if it would replace
    another account or a newer login without `force`.
    """
    try:
        profile = replace(parse(document), moved=None)
    except Unreadable as error:
        raise ConfigurationError(
            f"This is no exported profile: {error}.", "Nothing was changed."
        ) from None
    profile.check_server(api_url=api_url)
    store.make_ready()
    with store.lock(new=True):
        try:
            current = find(store)
        except ConfigurationError:
            if not force:
                raise
            store.set_aside()
            current = None
        if current and not force:
            _check_replaceable(current, profile)
        if current and current.token == profile.token and current.is_same_grant(profile):
            profile = replace(current, moved=None)  # it knows of more posts than the document
        store.save(profile)
        store.remove_leftovers()
    return profile


def _check_replaceable(current: Profile, imported: Profile) -> None:
    if current.account and imported.account and current.account.id != imported.account.id:
        raise ConfigurationError(
            f"This profile belongs to @{current.account.username}, and the document to"
            f" @{imported.account.username}.",
            "Choose another name with -p, or replace it with --force.",
        )
    newer = (current.token.obtained_at or 0) > (imported.token.obtained_at or 0)
    if newer and not current.moved:
        raise ConfigurationError(
            "The login here is newer than the one in the document, which X has ended by now.",
            "Keep it; or replace it all the same with --force.",
        )
