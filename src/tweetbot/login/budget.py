"""What a bot may spend in a month: asked for after a first login, or set without one."""

from __future__ import annotations

from tweetbot.errors import TweetbotError
from tweetbot.login.consent import Person
from tweetbot.money import budget
from tweetbot.store import Store

BUDGET_QUESTION = "Most this bot may spend in a month, in USD (empty = no limit): "


def ask_budget(store: Store, person: Person, *, api_url: str) -> None:
    """Ask what the bot may spend in a month, and save it."""
    usd = _dollars(person)
    if usd is None:
        return
    try:
        set_budget(store, usd, api_url=api_url)
    except TweetbotError as error:
        raise type(error)(
            f"{error.happened} The login is saved, the budget is not.",
            "Set it by `tweetbot renew --budget USD`.",
        ) from None


def set_budget(store: Store, usd: float, *, api_url: str) -> None:
    """Set what the bot may spend in a month, in US dollars; infinity is no limit.

    Raises `ConfigurationError` or `LoginNeeded` if the bot is not used here.
    """
    with store.lock():
        profile = store.load()
        profile.check_usable(api_url=api_url)
        store.save(profile.with_budget(usd))


def _dollars(person: Person) -> float | None:
    while answer := person.ask(BUDGET_QUESTION).strip():
        try:
            return budget(answer)
        except ValueError as error:
            person.tell(f"That is no amount: {error}.")
    return None
