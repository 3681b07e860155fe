"""What the next `post` would do: no network, no lock, nothing written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from tweetbot.draft import LAST, Draft
from tweetbot.errors import NotAllowed
from tweetbot.foreign import one_line
from tweetbot.money import PRICE_LINK, dollars
from tweetbot.profile import Posted, Profile
from tweetbot.sources import List, Nothing, Source, Survey, surveyed
from tweetbot.store import Store, find
from tweetbot.text import Measure
from tweetbot.values import dataclass


@dataclass(frozen=True)
class Preview:
    """The next draft, what X makes of it, and what a run would not send.

    `survey` is what is known of a list. The draft may be one that can never be posted; then it is
    `refused`. `beyond_budget` is what the run would end with, `already` the
    same text, posted lately. `is_alone` says that a feed has no other new item.
    """

    draft: Draft
    profile: Profile | None
    survey: Survey | None = None
    beyond_budget: NotAllowed | None = None
    already: Posted | None = None
    is_alone: bool = False

    @property
    def unpostable(self) -> tuple[str, ...]:
        """The items of a list that can never be posted."""
        return self.survey.unpostable if self.survey else ()

    @property
    def code(self) -> int:
        """What the run would end with: what it passes over is no fault while a post goes out."""
        if self.draft.refused:
            return self.draft.refused.code
        return self.beyond_budget.code if self.beyond_budget else 0

    @property
    def username(self) -> str | None:
        """The account it would be posted from, as far as it is known."""
        return self.profile.account.username if self.profile and self.profile.account else None

    @property
    def usd(self) -> float:
        """What X would charge: nothing for what is not sent."""
        return 0.0 if self.draft.refused or self.already else self.draft.usd

    @property
    def measured(self) -> Measure:
        """What X makes of its text."""
        return self.draft.parts[0].measure


@dataclass(frozen=True)
class Idle:
    """A run would post nothing."""

    nothing: Nothing
    survey: Survey | None = None


def preview(source: Source, store: Store, *, api_url: str, again: bool, now: int) -> Preview | Idle:
    """Choose the next draft, and look at every item of a list; works without a profile, too.

    Raises what is wrong with the profile or the list.
    """
    profile = find(store)
    if profile:
        profile.check_usable(api_url=api_url)
    cursor = source.adopt(profile.cursors).get(source.key or "") if profile else None
    if isinstance(source, List):
        looked = surveyed(source, cursor)
        coming = (*looked.ahead.drafts, *looked.ahead.refused)
        if not coming:
            return Idle(looked.ahead.nothing or Nothing("finished", ""), looked)
        shown = Preview(coming[0], profile, looked)
    else:
        draft = source.draft(cursor)
        if isinstance(draft, Nothing):
            return Idle(draft)
        already = profile.posted_lately(draft.digest, now=now) if profile and not again else None
        shown = Preview(draft, profile, already=already, is_alone=_is_alone(source, cursor))
    return replace(shown, beyond_budget=_beyond_budget(shown, now))


def _is_alone(source: Source, cursor: Any) -> bool:
    if source.key is None:
        return False
    from tweetbot.sources import Feed  # late: a text needs none

    return isinstance(source, Feed) and len(source.waiting(cursor)) == 1


def _beyond_budget(shown: Preview, now: int) -> NotAllowed | None:
    if shown.profile and shown.usd:
        try:
            shown.profile.spent(now).check(shown.usd)
        except NotAllowed as error:
            return error
    return None


def details(preview: Preview) -> Iterator[str]:
    """Tell what is to be known of it, a line each."""
    draft = preview.draft
    if preview.survey:
        yield from _surveyed(preview.survey)
        yield from preview.survey.notes
    if preview.is_alone:
        yield "1 new item is waiting."
    if preview.draft.refused:
        return
    uploads = _UPLOADS if draft.media and preview.usd else ""
    yield (
        f"Would post as {'@' + preview.username if preview.username else 'the bot'}:"
        f" {_size(draft)}, about ${preview.usd:.3f}{uploads}."
    )
    yield from _media(draft)
    yield from _extras(draft)
    if preview.already:
        yield "It was posted within six hours: a run sends nothing, without --again."
    if preview.beyond_budget:
        yield str(preview.beyond_budget)
    for number, part in enumerate(draft.parts, start=1):
        yield from _found(part.measure, f" of post {number}" if len(draft.parts) > 1 else "")


def after_that(preview: Preview) -> Iterator[str]:
    """Tell what comes after the next post of a list."""
    for draft in preview.survey.ahead.drafts[1:] if preview.survey else ():
        yield f"After that: {_short(draft.text) or draft.where}"


def _surveyed(survey: Survey) -> Iterator[str]:
    """Tell what is in a list."""
    yield from survey.said
    for fault in survey.unpostable:
        yield f"Cannot be posted: {fault}"
    if survey.ahead.refused:
        yield "The next item is one of these: a run passes it over."


def idle_details(idle: Idle) -> Iterator[str]:
    """Tell what is in a list of which nothing would be posted, and why that is."""
    if idle.survey:
        yield from _surveyed(idle.survey)
    yield idle.nothing.said


def _size(draft: Draft) -> str:
    sizes = [f"{part.measure.weighted_length} of {part.measure.limit}" for part in draft.parts]
    if len(sizes) == 1:
        return f"{sizes[0]} characters"
    return f"a thread of {len(sizes)} posts ({', '.join(sizes)} characters)"


_UPLOADS = ", plus uploads, whose price X does not publish"


def _media(draft: Draft) -> Iterator[str]:
    """Tell what is to be seen, and what is said of it; and what nobody knows of the price."""
    is_thread = len(draft.parts) > 1
    for number, part in enumerate(draft.parts, start=1):
        for media in part.media:
            alt = f'"{media.alt}"' if media.alt else "none, on purpose"
            what = f"{_KINDS[media.media_type]}, {media.size_in_words}"
            where = f"post {number}: " if is_thread else ""
            yield f"With {where}{media.path} ({what}); alt text: {alt}."
    if draft.media and not draft.links:
        yield (
            "Nobody has said whether X takes a post with pictures for one with a link"
            f" ({dollars(PRICE_LINK)})."
        )


_KINDS = {
    "image/jpeg": "a JPEG picture",
    "image/png": "a PNG picture",
    "image/webp": "a WEBP picture",
    "image/gif": "a GIF",
    "video/mp4": "an MP4 video",
    "video/quicktime": "a MOV video",
}


def _extras(draft: Draft) -> Iterator[str]:
    """Tell what goes with the text, and what was left out of it."""
    if draft.reply_to:
        yield f"It answers {'the last post' if draft.reply_to.id == LAST else draft.reply_to.id}."
    for part in draft.parts:
        if part.poll:
            options = ", ".join(f'"{option}"' for option in part.poll.options)
            yield f"A poll of {_lasting(part.poll.minutes)}: {options}."
        if part.cut:
            yield f'Shortened; this was left out: "{part.cut}".'
    if draft.made_with_ai:
        yield "It has X's label for what an AI has made."


def _lasting(minutes: int) -> str:
    units = (("day", 1440), ("hour", 60), ("minute", 1))
    name, size = next(unit for unit in units if minutes % unit[1] == 0)
    count = minutes // size
    return f"{count} {name}{'' if count == 1 else 's'}"


def _found(measured: Measure, where: str) -> Iterator[str]:
    for link in measured.links:
        yield f"{link.text} at character {link.start + 1}{where} is a link; that is the price."
    for name, found in (("Mentions", measured.mentions), ("Cashtags", measured.cashtags)):
        if found:
            yield f"{name}: {', '.join(entity.text for entity in found)}."


def survey_as_json(survey: Survey | None) -> dict[str, object] | None:
    """Return what `--json` shows of a list."""
    if survey is None:
        return None
    names = ("shape", "items", "comments", "hashtags", "unused", "links", "usd")
    counts = {name: getattr(survey, name) for name in names}
    return {**counts, "next": [draft.text for draft in survey.ahead.drafts]}


def as_json(preview: Preview) -> dict[str, object]:
    """Return what `--json` shows."""
    measured = preview.measured
    return {
        "ok": preview.code == 0,
        "dry_run": True,
        "username": preview.username,
        "text": preview.draft.text,
        "weighted_length": measured.weighted_length,
        "valid": preview.draft.refused is None,
        "links": [vars(entity) for entity in measured.links],
        "mentions": [vars(entity) for entity in measured.mentions],
        "cashtags": [vars(entity) for entity in measured.cashtags],
        "usd": preview.usd,
        "already_posted": preview.already is not None,
        "beyond_budget": preview.beyond_budget is not None,
        "unpostable": preview.unpostable,
        "list": survey_as_json(preview.survey),
        "media": [
            {"file": one.path, "kind": one.kind, "size": one.size, "alt": one.alt}
            for one in preview.draft.media
        ],
        "parts": [
            {"text": part.text, "weighted_length": part.measure.weighted_length}
            for part in preview.draft.parts
        ]
        if len(preview.draft.parts) > 1
        else [],
    }


def _short(text: str) -> str:
    line = one_line(text)
    return line if len(line) <= 60 else line[:60] + "…"
