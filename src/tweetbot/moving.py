"""`export` and `import`: hand a bot to another machine, or move it into a store.

X keeps one live login for an app and an account, and the first renewal on either side ends the
other's. So an export is a move: the profile stays here, marked, and nothing here uses it again.
Moved into a store, it stays as a pointer, and goes on there.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from tweetbot.errors import ConfigurationError, Temporary, TweetbotError
from tweetbot.profile import (
    Account,
    Expected,
    LivesIn,
    Moved,
    Profile,
    Unreadable,
    dump,
    parse,
    together,
)
from tweetbot.store import Movable, Store, find, settle, signals_held_back


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


def framed(document: bytes, *, profile: str, kept: bool) -> bytes:
    """Return what `export --json` prints: one object, with the document in it."""
    fields = {"ok": True, "profile": profile, "kept": kept, "document": json.loads(document)}
    return json.dumps(fields).encode() + b"\n"


def _unframed(document: bytes) -> bytes:
    """Return the document out of what `export --json` printed; anything else as it is."""
    with suppress(ValueError, RecursionError):
        fields = json.loads(document)
        if isinstance(fields, dict) and fields.get("ok") is True and "document" in fields:
            return json.dumps(fields["document"]).encode()
    return document


def move_into(
    here: Movable,
    there: Store,
    lives_in: LivesIn,
    *,
    api_url: str,
    now: Callable[[], float] = time.time,
) -> None:
    """Move the bot from `here` into `there`, and leave a pointer (the order is in `halfway`).

    Raises before anything is changed if `there` refuses; if it fails later, the error says where
    the bot is.
    """
    with here.lock():
        profile = here.load()
        profile.check_usable(api_url=api_url)
        here.rehearse(profile)
        marked = replace(profile, lives_in=lives_in)
        began = False
        try:
            there.make_ready()
            with there.lock(new=True), signals_held_back():
                arriving = _arriving(there, profile, now=now)
                began = True
                here.save(marked)
                there.save(arriving)
                here.point(marked, lives_in)
        except TweetbotError as error:
            if not began:
                raise _stays(error) from None
            _end_move(error, here, there, marked, lives_in)


def change_key(here: Movable, there: Store, lives_in: LivesIn) -> None:
    """Give the bot of a pointer the key of `lives_in`, there and here; `there` opens both."""
    with here.lock(), there.lock():
        profile = there.load()
        there.save(profile)
        here.point(profile, lives_in)


def change_address(
    here: Movable, before: Store, there: Store, lives_in: LivesIn, *, account: Account | None
) -> None:
    """Let the pointer of a bot name its store by another address, with a new password, say.

    `there` is the store by that address, `before` by the one that the pointer has; it does not
    wait. `account` is the pointer's. Raises `ConfigurationError` unless the bot is there, and it is
    the same place or `before` cannot be asked any more.
    """
    other_place = ConfigurationError(
        f"This bot lives in {before} already, and {there} is another place.",
        "`tweetbot export` without --to hands it on from there.",
    )
    if find(there) is None:
        raise other_place
    with here.lock(), there.lock():
        profile = there.load()
        if _is_anothers(profile, account) or _is_other_place(before, profile):
            raise other_place
        there.save(profile)
        here.point(profile, lives_in)


def _is_anothers(profile: Profile, account: Account | None) -> bool:
    return bool(account and profile.account and profile.account.id != account.id)


def _is_other_place(before: Store, profile: Profile) -> bool:
    """Whether a bot whose lock is held elsewhere can be locked, too, in the store `before`."""
    try:
        if before.load().token != profile.token:
            return True
        with before.lock():
            return True
    except TweetbotError:
        return False  # it is locked there, too; or cannot be asked any more


def _arriving(there: Store, profile: Profile, *, now: Callable[[], float]) -> Profile:
    """Return what is saved there: of the same bot, the memory of the side that posted last."""
    current = find(there)
    if current is None:
        return profile
    try:
        current.check_server(api_url=profile.client.api_url)
        _check_account(current, profile)
        _check_token(current, profile)
    except ConfigurationError:
        raise ConfigurationError(
            f"{there} holds another bot of that name, or a newer login of this one.",
            "Give this one another name: `tweetbot export` and `tweetbot import -p NAME`.",
        ) from None
    return together(current, profile, now=now()).profile


def _end_move(
    error: TweetbotError, here: Movable, there: Store, marked: Profile, lives_in: LivesIn
) -> None:
    """End a move that failed after its beginning, or call it off; raise unless it has arrived."""
    try:
        arrived = settle(here, there, marked, lives_in)
    except TweetbotError:
        raise Temporary(
            f"{error.happened} Whether the bot has arrived there is not known.",
            "It is used by nobody here until that is known: the next command with it finds out.",
        ) from None
    if not arrived:
        raise _stays(error) from None


def _stays(error: TweetbotError) -> TweetbotError:
    return type(error)(
        f"{error.happened} The bot stays here.", error.remedy, retry_at=error.retry_at
    )


def take_over(
    store: Store,
    document: bytes,
    *,
    api_url: str,
    force: bool,
    tell: Callable[[str], None] = lambda _: None,
    now: Callable[[], float] = time.time,
) -> Profile:
    """Save a document that `export` handed out; nothing is asked of X.

    What the bot remembers comes from the side that posted last, or from the document by `force`.
    Raises `ConfigurationError` if it is no profile for this server, or if it would replace
    another account or a newer login without `force`.
    """
    profile = _handed_out(document, force=force)
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
            current.check_server(api_url=api_url)
            _check_account(current, profile)
            _check_token(current, profile)
            both = together(current, profile, now=now())
            profile = both.profile
            if both.lost:
                tell(f'What became of "{both.lost_text}" is not looked up any more: look yourself.')
        store.save(profile)
        store.remove_leftovers()
    return profile


def _handed_out(document: bytes, *, force: bool) -> Profile:
    try:
        profile = replace(parse(_unframed(document)), moved=None)
        if profile.lives_in and not force:
            raise Unreadable("it is of a move into a store that broke off where it comes from")
    except Unreadable as error:
        raise ConfigurationError(
            f"This is no exported profile: {error}.", "Nothing was changed."
        ) from None
    return replace(profile, lives_in=None)


def _check_account(current: Profile, imported: Profile) -> None:
    here, there = current.owner, imported.owner
    if here and there and not here.may_be(there):
        raise ConfigurationError(
            f"This profile belongs to {_name(here)}, and the document to {_name(there)}.",
            "Choose another name with -p, or replace it with --force.",
        )


def _name(owner: Expected) -> str:
    return f"@{owner.username}" if owner.username else f"the account {owner.id}"


def _check_token(current: Profile, imported: Profile) -> None:
    """Refuse a login that X has ended by now, as far as that can be told."""
    old, new = current.token, imported.token
    is_same = new.refresh_token == old.refresh_token
    if current.moved is None:
        if old.is_newer_than(new):
            raise ConfigurationError(
                "The login here is newer than the one in the document, which X has ended by now.",
                "Keep it; or replace it all the same with --force.",
            )
    elif not current.lives_elsewhere and is_same:
        raise ConfigurationError(
            "The document holds the login that was withdrawn here by `tweetbot logout`.",
            "Run `tweetbot auth`; or use it all the same with --force.",
        )
    elif not (is_same or new.is_newer_than(old)):
        raise ConfigurationError(
            "The login in the document is older than the one that was handed on from here: X has"
            " ended it by now.",
            "Import what `tweetbot export` prints where the bot lives now, or bring the bot back by"
            " `tweetbot auth`; or use this one all the same with --force.",
        )
