"""One HTTP response, as the rest of the room reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any

from tweetbot.foreign import HIDDEN
from tweetbot.values import dataclass

_TRANSACTION_ID = r"[0-9A-Fa-f-]{1,40}"


@dataclass(frozen=True)
class Answer:
    """One HTTP response; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(default=b"", repr=False)

    def json(self) -> Any:
        """Return the body as JSON, or `None` if it is none (a gateway's page, half an answer)."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    @property
    def is_success(self) -> bool:
        """Whether the status is one of the 2xx."""
        return 200 <= self.status < 300

    @property
    def transaction_id(self) -> str | None:
        """X's name for the exchange; whatever else stands there is not shown."""
        named = self.headers.get("x-transaction-id", "")
        return named if re.fullmatch(_TRANSACTION_ID, named) else None

    def without(self, *secrets: str | None) -> Answer:
        """Return the answer as it is, but for secrets of the request that it echoes."""
        body = self.body
        for secret in filter(None, secrets):
            body = body.replace(secret.encode(), HIDDEN.encode())
        return replace(self, body=body)
