"""What a bot may spend in a month: asked for after a first login, or set without one."""

from __future__ import annotations

from tweetbot.login.consent import Person
from tweetbot.money import budget
from tweetbot.store import Store

BUDGET_QUESTION = "Most this bot may spend in a month, in USD (empty = no limit): "


def ask_budget(store: Store, person: Person) -> None:
    """Ask what the bot may spend in a month, and save it."""
    usd = _dollars(person)
    if usd is not None:
        set_budget(store, usd)


def set_budget(store: Store, usd: float) -> None:
    """Set what the bot may spend in a month, in US dollars; infinity is no limit."""
    with store.lock():
        store.save(store.load().with_budget(usd))


def _dollars(person: Person) -> float | None:
    while answer := person.ask(BUDGET_QUESTION).strip():
        try:
            return budget(answer)
        except ValueError as error:
            person.tell(f"That is no amount: {error}.")
    return None
