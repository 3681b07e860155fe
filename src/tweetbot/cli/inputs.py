"""What comes in: the text or the list to post, documents, and secrets from files."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import replace

from tweetbot import settings, sources
from tweetbot.cli.terminal import tell
from tweetbot.draft import Terms
from tweetbot.errors import ConfigurationError, TextRefused
from tweetbot.text import LIMIT
from tweetbot.values import dataclass

_LARGEST = 10 * 1024 * 1024  # bytes; what never ends must not fill the memory


@dataclass(frozen=True)
class Items:
    """What the options of `post` say of the items of a list or feed."""

    template: str | None = None
    first_run: sources.FirstRun | None = None
    match: str | None = None
    remember_as: str | None = None


@dataclass(frozen=True)
class Wanted:
    """What the options of `post` say of the draft."""

    text: str | None
    list_file: str | None
    feed: str | None
    order: sources.Order
    once: bool
    items: Items
    extras: sources.Extras
    terms: Terms


def source_of(wanted: Wanted, *, fetch: sources.Fetch) -> sources.Source:
    """Return where the draft comes from; a text that is known already is checked here.

    `fetch` fetches a feed.
    """
    text, list_file, feed = wanted.text, wanted.list_file, wanted.feed
    if text is None and list_file is None and feed is None and wanted.extras.media:
        text = ""  # what is to be seen says it all
    _check_one_source(text, list_file, feed)
    _check_about(wanted)
    if list_file is not None:
        if list_file in ("", "-"):
            what = "standard input cannot be one" if list_file else "its name is empty"
            raise ConfigurationError(f"A list is a file; {what}.")
        _refuse_extras(wanted.extras, "a list")
        return _list(list_file, wanted)
    if feed is not None:
        _refuse_extras(wanted.extras, "a feed")
        return _feed(feed, wanted, fetch)
    return _given(text or "", wanted.terms, wanted.extras)


def _check_one_source(text: str | None, list_file: str | None, feed: str | None) -> None:
    named = {"a text": text, "a list": list_file, "a feed": feed}
    given = [name for name, value in named.items() if value is not None]
    if len(given) != 1:
        raise ConfigurationError(
            f"There are {' and '.join(given)}." if given else "There is no text to post.",
            'Give one of them: a text as an argument (tweetbot post "Hello"), a text on standard'
            " input (tweetbot post - < text.txt), a list (tweetbot post --list facts.txt), or a"
            " feed (tweetbot post --feed URL).",
        )


def _check_about(wanted: Wanted) -> None:
    """Refuse options that are about another source than the one that is given."""
    if wanted.once and wanted.list_file is None:
        raise ConfigurationError("--once is about a list.", "Give the list by --list FILE.")
    items = wanted.items
    of_feeds = {"--first-run": items.first_run, "--match": items.match}
    of_both = {"--template": items.template, "--remember-as": items.remember_as}
    if wanted.feed is None:
        _refuse(of_feeds, "a feed", "Give the feed by --feed.")
    if wanted.feed is None and wanted.list_file is None:
        _refuse(of_both, "a list or feed", "Give it by --list or --feed.")
    if items.remember_as == "":
        raise ConfigurationError("--remember-as is empty.", "Give a name.")
    if items.template is not None and not items.template.strip():
        raise ConfigurationError(
            "--template is empty: a variable of the shell, perhaps.", "Give it as in '{title}'."
        )


def _refuse(named: Mapping[str, str | None], source: str, remedy: str) -> None:
    given = [name for name, value in named.items() if value is not None]
    if given:
        verb = "is" if len(given) == 1 else "are"
        raise ConfigurationError(f"{' and '.join(given)} {verb} about {source}.", remedy)


def _list(path: str, wanted: Wanted) -> sources.Source:
    items, extras = wanted.items, wanted.extras
    return sources.listed(
        path,
        sources.Remembered(wanted.order, wanted.once, items.remember_as),
        terms=wanted.terms,
        template=items.template,
        alt=extras.alt,
        made_with_ai=extras.made_with_ai,
    )


def _feed(place: str, wanted: Wanted, fetch: sources.Fetch) -> sources.Source:
    items, terms = wanted.items, replace(wanted.terms, fit=True)
    names = sources.template_of(items.template).names
    if not names:
        raise ConfigurationError(
            "The template names nothing of an item, so all posts would say the same.",
            "Write names in braces: --template '{title} {link}'.",
        )
    if not terms.links and "link" in names:
        raise ConfigurationError(
            "The template has {link}, and --no-links refuses each post with one.",
            "Leave one of them out: --template '{title}'.",
        )
    feed_options = sources.FeedOptions(
        terms=terms,
        template=items.template,
        first_run=items.first_run or "skip",
        match=_expression(items.match),
        remember_as=items.remember_as,
        made_with_ai=wanted.extras.made_with_ai,
        alt=wanted.extras.alt,
    )
    return sources.followed(_place(place), feed_options, fetch=fetch, tell=tell)


def _place(place: str) -> str | bytes:
    if not place:
        raise ConfigurationError(
            "--feed is empty: a variable of the shell, perhaps.", "Give a URL, a file, or -."
        )
    return _standard_input() if place == "-" else place


def _expression(written: str | None) -> re.Pattern[str] | None:
    try:
        return None if written is None else re.compile(written)
    except (re.error, RecursionError, OverflowError) as error:
        raise ConfigurationError(
            f"--match is no regular expression: {error}.", "Python's syntax: docs.python.org, re."
        ) from None


def _refuse_extras(extras: sources.Extras, source: str) -> None:
    """Refuse with a list or feed what goes with a given text alone."""
    named = {
        "--thread": extras.is_thread,
        "--poll": extras.poll is not None,
        "--reply-to": extras.reply_to is not None,
        "--media": bool(extras.media),
    }
    if found := [name for name, is_there in named.items() if is_there]:
        raise ConfigurationError(
            f"{' and '.join(found)} goes with a text that is given, not with {source}.",
            "Leave one of them out.",
        )


def _given(argument: str, terms: Terms, extras: sources.Extras) -> sources.Given:
    """Take the text of the argument, or for `-` that of standard input."""
    _refuse_file_name(argument, is_thread=extras.is_thread)
    is_piped = argument == "-"
    text = _decoded(os.fsencode(argument)) if not is_piped else _as_typed(_standard_input())
    try:
        return sources.given(text, terms, extras, is_looked_at=not is_piped)
    except TextRefused as error:
        text = text.rstrip("\r\n")
        lines = text.count("\n") + 1
        if not is_piped or lines == 1 or len(text) <= LIMIT or extras.is_thread:
            raise
        hint = f"{lines} lines; to post one at each run use --list."
        raise TextRefused(f"{hint} {error.happened}", error.remedy) from None


def _refuse_file_name(text: str, *, is_thread: bool) -> None:
    """Refuse a text that is the name of a file: --list was forgotten, and a post is public."""
    is_file = False
    with suppress(OSError, ValueError):
        is_file = bool(os.path.splitext(text)[1]) and os.path.isfile(text)
    if is_file:
        raise ConfigurationError(
            f"The text is the name of a file: {text}.",
            f"To post the thread in it: - --thread < {text}."
            if is_thread
            else f"To post its next line: --list {text}. To post all of it: - < {text}.",
        )


def _as_typed(document: bytes) -> str:
    """Return a file's text without what Windows' editors add: a mark before it, CRs in its ends."""
    if len(document) > _LARGEST:
        raise TextRefused("The text has more than 10 MiB.", "A post has 25,000 characters at most.")
    return _decoded(document).removeprefix("\ufeff").replace("\r\n", "\n")


def _decoded(document: bytes) -> str:
    try:
        return document.decode()
    except UnicodeDecodeError:
        raise TextRefused("The text is not UTF-8.", "Save it as UTF-8.") from None


def _standard_input() -> bytes:
    """Read standard input, and one byte more than the largest that is taken."""
    if sys.stdin is None or sys.stdin.closed:
        raise ConfigurationError("Standard input is closed.", "Nothing can be read from it.")
    try:
        return sys.stdin.buffer.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigurationError(f"Standard input cannot be read: {error.strerror}.") from None


def document(path: str) -> bytes:
    """Read a file; `-` is standard input."""
    try:
        if path == "-":
            found = _standard_input()
        else:
            with open(path, "rb") as file:
                found = file.read(_LARGEST + 1)
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None
    if len(found) > _LARGEST:
        raise ConfigurationError(f"{path} has more than 10 MiB; that is no document of a bot.")
    return found


def secret_from(path: str) -> str:
    """Read a client secret from a file; `-` is standard input."""
    return credential(document(path).decode("utf-8-sig", errors="replace"), "--client-secret-file")


def credential(text: str, option: str) -> str:
    """Check a client id or secret; raises `ConfigurationError` that names the option, not it."""
    try:
        return settings.credential(text)
    except ValueError as fault:
        raise ConfigurationError(f"{option}: {fault}.") from None
