"""How an item of a feed becomes a draft: by the template, or as its author has written it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from tweetbot.draft import Draft, Part
from tweetbot.errors import ConfigurationError
from tweetbot.money import dollars
from tweetbot.sources.entries import Entry
from tweetbot.sources.feed_options import FeedOptions
from tweetbot.sources.given import rubbish
from tweetbot.sources.item import Content, Item
from tweetbot.sources.list_json import content
from tweetbot.sources.making import Making
from tweetbot.sources.template import Template, template_of
from tweetbot.values import dataclass


@dataclass(frozen=True)
class Writer:
    """Makes drafts for the feed that is remembered as `source`.

    Files that an object names are in `folder`; without one, as from a stranger's server, an object
    is no more than its text.
    """

    source: str
    options: FeedOptions
    folder: Path | None

    def draft(self, entry: Entry) -> Draft:
        """Make the draft of an item; its cursor is the name of the item."""
        where = entry.values.get("title") or entry.text or entry.key
        made = Draft(
            (),
            source=self.source,
            cursor=entry.name,
            made_with_ai=self.options.made_with_ai,
            where=f'the item "{where[:60]}"',
            item=entry.name,
        )
        if entry.text is not None:
            part = Part.of(entry.text, self.options.terms, refused=rubbish(entry.text))
            return replace(made, parts=(part,))
        if self.is_whole(entry):
            return self._as_in_a_list(made, self._content(entry))
        return replace(made, parts=(self._template.part(entry.values, self.options.terms),))

    def is_whole(self, entry: Entry) -> bool:
        """Whether it is a post as its author has written it; a template has no say in it."""
        if entry.row is None:
            return entry.text is not None
        says = self._content(entry)
        return bool(says.text or (self.options.template is None and (says.thread or says.files)))

    def _content(self, entry: Entry) -> Content:
        row = {name.lower(): value for name, value in (entry.row or {}).items()}
        if self.folder is None:
            row = {"text": row.get("text")}
        return content(Item(entry.key, 0, row))

    def _as_in_a_list(self, made: Draft, says: Content) -> Draft:
        making = Making(self.folder or Path(), self.options.terms, alt=self.options.alt)
        refused = rubbish(says.text) if says.text else None
        ai = made.made_with_ai if says.made_with_ai is None else says.made_with_ai
        return replace(
            made,
            parts=making.parts(says, refused=refused),
            made_with_ai=ai,
            paid_partnership=says.paid_partnership,
        )

    @property
    def _template(self) -> Template:
        return template_of(self.options.template)

    def check_template(self, entries: Sequence[Entry], names: Sequence[str]) -> None:
        """Raise `ConfigurationError` for a template whose names the items do not have.

        `names` are those of a feed whose items all have the same, also where it is empty.
        """
        if names and self.options.template is not None:
            self._template.check(names, what="this feed")
            return
        filled = [entry for entry in entries if not self.is_whole(entry)]
        if entries and not filled and self.options.template is not None:
            raise ConfigurationError(
                "--template is for items with names, and these are whole texts.", "Leave it out."
            )
        if not filled:
            return
        known = names or list(dict.fromkeys(name for entry in filled for name in entry.values))
        if self.options.template is not None:
            self._template.check(known, what="this feed")
        elif not {"title", "link"} & {name.lower() for name in known}:
            braced = " ".join(f"{{{name}}}" for name in known)
            raise ConfigurationError(
                "These items have no text and no title.",
                f"Say what to post by --template; they have {braced}.",
            )

    def price(self, entry: Entry) -> str:
        """Say what an item costs, and what it would without its link."""
        draft = self.draft(entry)
        price = f"From now on each costs about {dollars(draft.usd)}"
        if not draft.links or self.is_whole(entry) or "link" not in self._template.names:
            return f"{price}."
        alone = Template("{title}").part(entry.values, self.options.terms)
        hint = f"; --template '{{title}}' {dollars(alone.usd)}" if alone.usd < draft.usd else ""
        return f"{price}, for its link{hint}."
