"""What comes in: the text or the list to post, documents, and secrets from files."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from tweetbot import settings, sources
from tweetbot.draft import Terms
from tweetbot.errors import ConfigurationError, TextRefused
from tweetbot.text import LIMIT


def source_of(
    text: str | None,
    list_file: str | None,
    *,
    order: sources.Order,
    once: bool,
    terms: Terms,
) -> sources.Source:
    """Return where the draft comes from; a text that is known already is checked here."""
    if once and list_file is None:
        raise ConfigurationError("--once is about a list.", "Give the list by --list FILE.")
    if (text is None) == (list_file is None):
        raise ConfigurationError(
            "There is no text to post." if text is None else "There are a text and a list.",
            'Give one of them: a text as an argument (tweetbot post "Hello"), a text on standard'
            " input (tweetbot post - < text.txt), or a list (tweetbot post --list facts.txt).",
        )
    if list_file is not None:
        if list_file in ("", "-"):
            what = "standard input cannot be one" if list_file else "its name is empty"
            raise ConfigurationError(f"A list is a file; {what}.")
        return sources.listed(list_file, order=order, once=once, terms=terms)
    return _given(text or "", terms)


def _given(argument: str, terms: Terms) -> sources.Given:
    """Take the text of the argument, or for `-` that of standard input."""
    _refuse_file_name(argument)
    is_piped = argument == "-"
    text = _decoded(_standard_input() if is_piped else os.fsencode(argument))
    try:
        return sources.given(text, terms, is_looked_at=not is_piped)
    except TextRefused as error:
        text = text.rstrip("\r\n")
        lines = text.count("\n") + 1
        if not is_piped or lines == 1 or len(text) <= LIMIT:
            raise
        hint = f"{lines} lines; to post one at each run use --list."
        raise TextRefused(f"{hint} {error.happened}", error.remedy) from None


def _refuse_file_name(text: str) -> None:
    """Refuse a text that is the name of a file: --list was forgotten, and a post is public."""
    is_file = False
    with suppress(OSError, ValueError):
        is_file = bool(os.path.splitext(text)[1]) and os.path.isfile(text)
    if is_file:
        raise ConfigurationError(
            f"The text is the name of a file: {text}.",
            f"To post its next line: --list {text}. To post all of it: - < {text}.",
        )


def _decoded(document: bytes) -> str:
    try:
        return document.decode()
    except UnicodeDecodeError:
        raise TextRefused("The text is not UTF-8.", "Save it as UTF-8.") from None


def _standard_input() -> bytes:
    if sys.stdin is None or sys.stdin.closed:
        raise ConfigurationError("Standard input is closed.", "Nothing can be read from it.")
    try:
        return sys.stdin.buffer.read()
    except OSError as error:
        raise ConfigurationError(f"Standard input cannot be read: {error.strerror}.") from None


def document(path: str) -> bytes:
    """Read a file; `-` is standard input."""
    try:
        if path == "-":
            return _standard_input()
        with open(path, "rb") as file:
            return file.read()
    except OSError as error:
        raise ConfigurationError(f"{path} cannot be read: {error.strerror}.") from None


def secret_from(path: str) -> str:
    """Read a client secret from a file; `-` is standard input."""
    return credential(document(path).decode("utf-8-sig", errors="replace"), "--client-secret-file")


def credential(text: str, option: str) -> str:
    """Check a client id or secret; raises `ConfigurationError` that names the option, not it."""
    try:
        return settings.credential(text)
    except ValueError as fault:
        raise ConfigurationError(f"{option}: {fault}.") from None
