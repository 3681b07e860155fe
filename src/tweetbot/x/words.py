"""X's own words, found in whatever body came, and made fit to be shown."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from tweetbot.errors import XWords
from tweetbot.foreign import HIDDEN, one_line, without_tokens
from tweetbot.x.answer import Answer

_WORDS_KEPT = 300
_MARKUP = r"<[^>]{0,1000}>"
_SECRET_NAMES = ("access_token", "refresh_token", "id_token", "client_secret", "code_verifier")


def read_words(answer: Answer) -> XWords:
    """Find X's own words in whatever body came: an object, an `errors` list, a gateway's page."""
    fields = mapping(answer.json())
    first = mapping(next(iter(items(fields.get("errors"))), None))
    title = first_words(fields.get("title"), fields.get("error"), first.get("title"))
    detail = first_words(
        fields.get("detail"),
        fields.get("error_description"),
        fields.get("message"),
        mapping(fields.get("error")).get("message"),
        first.get("detail"),
        first.get("message"),
    )
    messages = [shown(mapping(item).get("message")) for item in items(fields.get("errors"))]
    if fields.get("detail") and any(messages):
        detail = " ".join(filter(None, (detail, *messages)))
    if not title and not detail:
        detail = re.sub(_MARKUP, " ", answer.body[:100_000].decode(errors="replace"))
    return XWords(
        status=answer.status,
        title=title,
        detail=shown(detail),
        transaction_id=answer.transaction_id,
    )


def read_error(answer: Answer) -> XWords:
    """Read an error of the token endpoint (RFC 6749 §5.2).

    Nothing else of that body is shown: it may hold tokens, whatever status it came with.
    """
    body = answer.json()
    fields = mapping(body)
    secrets = sorted(_secrets(body), key=len, reverse=True)

    def told(name: str) -> str | None:
        words = fields.get(name)
        if not isinstance(words, str):
            return None
        for secret in secrets:
            words = words.replace(secret, HIDDEN)
        return shown(words)

    return XWords(
        status=answer.status,
        title=told("error"),
        detail=told("error_description"),
        transaction_id=answer.transaction_id,
    )


def _secrets(body: object) -> Iterator[str]:
    """Yield what stands under a secret's name, at whatever depth."""
    left = [body]
    while left:
        inside = left.pop()
        for name, value in mapping(inside).items():
            if name in _SECRET_NAMES and isinstance(value, str) and value:
                yield value
        left += [*mapping(inside).values(), *items(inside)]


def shown(value: object) -> str | None:
    """Make X's words fit to be shown: printable, on one line, no tokens, 300 characters."""
    if not isinstance(value, str | int):
        return None
    return without_tokens(one_line(str(value)[:100_000]))[:_WORDS_KEPT] or None


def first_words(*values: object) -> str | None:
    """Return the first of `values` that can be shown."""
    return next(filter(None, map(shown, values)), None)


def http_date(headers: Mapping[str, str], name: str) -> float | None:
    """Read a header that is a date (RFC 9110 §5.6.7)."""
    try:
        return parsedate_to_datetime(headers[name]).timestamp()
    except (LookupError, ValueError, OverflowError):
        return None


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
