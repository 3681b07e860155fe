"""X's own words, found in whatever body came, and made printable."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from tweetbot.errors import XWords
from tweetbot.x.transport import Answer

_WORDS_KEPT = 300
_MARKUP = re.compile(r"<[^>]{0,1000}>")


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
    messages = [printable(mapping(item).get("message")) for item in items(fields.get("errors"))]
    if fields.get("detail") and any(messages):
        detail = " ".join(filter(None, (detail, *messages)))
    if not title and not detail:
        detail = _MARKUP.sub(" ", answer.body[:100_000].decode(errors="replace"))
    return XWords(
        status=answer.status,
        title=title,
        detail=printable(detail),
        transaction_id=printable(answer.headers.get("x-transaction-id")),
    )


def printable(value: object) -> str | None:
    """Make X's words printable: no control characters, no line breaks, 300 characters."""
    if not isinstance(value, str | int):
        return None
    shown = "".join(c if c.isprintable() else " " for c in str(value))
    return " ".join(shown.split())[:_WORDS_KEPT] or None


def first_words(*values: object) -> str | None:
    """Return the first of `values` that can be shown."""
    return next(filter(None, map(printable, values)), None)


def mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
