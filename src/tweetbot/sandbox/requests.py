"""The request log: what came in, when, over which connection, and how it was answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Request:
    """One request, secrets and all: a test's log, not a person's.

    `status` is None while there is no answer, and stays None if none is ever sent. `connection`
    is the same number for every request of one TCP connection. Header names are in lower case.
    """

    at: float
    step: str
    method: str
    path: str
    status: int | None
    connection: int
    query: Mapping[str, str] = field(repr=False)
    form: Mapping[str, str] = field(repr=False)
    json: object = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
