"""What the next `post` would do: no network, no lock, nothing written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from tweetbot.errors import NotAllowed, TextRefused
from tweetbot.lists import ListFile
from tweetbot.profile import Posted, Profile
from tweetbot.sources import Draft, Source, refuse_rubbish
from tweetbot.store import Store, find
from tweetbot.text import Measure, measure, price


@dataclass(frozen=True)
class Preview:
    """The next draft, what X makes of it, and what a run would not send.

    `unpostable` names the items of a list that can never be posted. The draft may be one of them;
    then `measured` is not `valid`. `beyond_budget` is what the run would end with, `already` the
    same text, posted lately.
    """

    draft: Draft
    measured: Measure
    profile: Profile | None
    unpostable: tuple[str, ...] = ()
    beyond_budget: NotAllowed | None = None
    already: Posted | None = None

    @property
    def code(self) -> int:
        """What a script sees."""
        if self.unpostable:
            return TextRefused.code
        return self.beyond_budget.code if self.beyond_budget else 0

    @property
    def username(self) -> str | None:
        """The account it would be posted from, as far as it is known."""
        return self.profile.account.username if self.profile and self.profile.account else None

    @property
    def usd(self) -> float:
        """What X would charge: nothing for what is not sent."""
        return price(self.measured) if self.measured.valid and not self.already else 0.0


def preview(
    source: Source,
    store: Store,
    *,
    api_url: str,
    check: Callable[[str], Measure],
    again: bool,
    now: int,
) -> Preview:
    """Choose and check the next draft, and every item of a list; works without a profile, too.

    Raises what is wrong with the profile or the list.
    """
    profile = find(store)
    if profile:
        profile.check_usable(api_url=api_url)
    draft = source.draft(profile.cursors.get(source.key or "") if profile else None)
    if not isinstance(source, ListFile):
        already = profile.posted_lately(draft.digest, now=now) if profile and not again else None
        shown = Preview(draft, check(draft.text), profile, already=already)
    else:
        try:
            measured = _checked(draft.text, check)
        except TextRefused:  # `unpostable` says why
            measured = replace(measure(draft.text), valid=False)
        shown = Preview(draft, measured, profile, tuple(_unpostable(source, check)))
    return replace(shown, beyond_budget=_beyond_budget(shown, now))


def _beyond_budget(shown: Preview, now: int) -> NotAllowed | None:
    if shown.profile and shown.usd:
        try:
            shown.profile.spent(now).check(shown.usd)
        except NotAllowed as error:
            return error
    return None


def _checked(text: str, check: Callable[[str], Measure]) -> Measure:
    refuse_rubbish(text)
    return check(text)


def _unpostable(source: ListFile, check: Callable[[str], Measure]) -> Iterator[str]:
    """Check every item of a list; a line for each that X would refuse."""
    for item in source.items():
        try:
            _checked(item.text, check)
        except TextRefused as error:
            yield f"line {item.line}: {error.happened}"


def details(preview: Preview) -> Iterator[str]:
    """Tell what is to be known of it, a line each."""
    measured = preview.measured
    for fault in preview.unpostable:
        yield f"Cannot be posted: {fault}"
    if not measured.valid:
        yield "The next item is one of these: a run passes it over, and ends with 3."
        return
    yield (
        f"Would post as {'@' + preview.username if preview.username else 'the bot'}:"
        f" {measured.weighted_length} of {measured.limit} characters, about ${preview.usd:.3f}."
    )
    if preview.already:
        yield "It was posted within six hours: a run sends nothing, without --again."
    if preview.beyond_budget:
        yield str(preview.beyond_budget)
    for link in measured.links:
        yield f"{link.text} at character {link.start + 1} is a link; that is the price."
    for name, found in (("Mentions", measured.mentions), ("Cashtags", measured.cashtags)):
        if found:
            yield f"{name}: {', '.join(entity.text for entity in found)}."


def as_json(preview: Preview) -> dict[str, object]:
    """Return what `--json` shows."""
    measured = preview.measured
    return {
        "ok": preview.code == 0,
        "dry_run": True,
        "username": preview.username,
        "text": preview.draft.text,
        "weighted_length": measured.weighted_length,
        "valid": measured.valid,
        "links": [vars(entity) for entity in measured.links],
        "mentions": [vars(entity) for entity in measured.mentions],
        "cashtags": [vars(entity) for entity in measured.cashtags],
        "usd": preview.usd,
        "already_posted": preview.already is not None,
        "beyond_budget": preview.beyond_budget is not None,
        "unpostable": preview.unpostable,
    }
