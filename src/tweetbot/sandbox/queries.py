"""Query parameters as X takes them: what is unknown or out of range is refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NoReturn

from tweetbot.sandbox.messages import Refused
from tweetbot.sandbox.problems import invalid_request


def refuse_unknown(query: Mapping[str, str], known: Collection[str]) -> None:
    """Refuse a query with a parameter that is not `known`."""
    for name, value in query.items():
        if name not in known:
            message = f"The query parameter [{name}] is not one of [{','.join(sorted(known))}]"
            raise Refused(invalid_request(message, {name: value}))


def refuse_value(name: str, value: str, why: str) -> NoReturn:
    """Refuse the value of a parameter."""
    message = f"The `{name}` query parameter value [{value}] {why}"
    raise Refused(invalid_request(message, {name: value}))
