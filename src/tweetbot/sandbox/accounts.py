"""Who posts: X accounts."""

from __future__ import annotations

import re
from dataclasses import dataclass

_USERNAME = re.compile(r"\w{1,15}", re.ASCII)
_FIRST_ID = 1_790_000_000_000_000_001


@dataclass(frozen=True)
class Account:
    """One X account."""

    id: str
    username: str
    name: str


class Accounts:
    """Every account of the local X."""

    def __init__(self) -> None:
        self._by_name: dict[str, Account] = {}

    def add(self, username: str) -> Account:
        """Return the account of that name, new if there was none.

        Raises `ValueError` if X has no such names.
        """
        if not _USERNAME.fullmatch(username):
            raise ValueError(
                f"{username!r} is no username: 1 to 15 letters, digits or underscores."
            )
        account = Account(str(_FIRST_ID + len(self._by_name)), username, username)
        return self._by_name.setdefault(username.lower(), account)

    def username(self, account_id: str) -> str:
        """Return the name to show for an id."""
        names = (a.username for a in self._by_name.values() if a.id == account_id)
        return next(names, "unknown")
