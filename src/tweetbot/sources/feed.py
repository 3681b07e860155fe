"""A bot from a feed: things that happen, each posted once, the oldest first, one a run.

A run looks once. What it saw goes into the profile with the next save: at the latest with the
intent, so that whatever becomes of the post, the look is not a first one again. The used items are
remembered by their names alone (`profile.Seen`); the draft's cursor is the name of its item.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from pathlib import Path
from typing import Any

from tweetbot.draft import Draft
from tweetbot.errors import ConfigurationError
from tweetbot.foreign import address
from tweetbot.profile import REMEMBERED, Seen, item_name
from tweetbot.sources.entries import Entry
from tweetbot.sources.feed_documents import READ_DEADLINE, Document, Read, read_in_time
from tweetbot.sources.feed_options import FeedOptions, Fetch
from tweetbot.sources.links import without_scheme
from tweetbot.sources.list_lines import quoted
from tweetbot.sources.no_feed import NoFeed
from tweetbot.sources.origins import FETCHED_WITHIN, Origin, origin_of
from tweetbot.sources.source import Nothing, check_kind
from tweetbot.sources.stories import Writer
from tweetbot.values import dataclass


def followed(
    place: str | bytes, options: FeedOptions, *, fetch: Fetch, tell: Callable[[str], None]
) -> Feed:
    """Post the oldest new item of a feed: at a URL, in a file, or in the bytes of a program.

    `tell` gets a line for the person.
    """
    return Feed(origin_of(place, fetch), options, tell)


@dataclass(frozen=True)
class _Look:
    """What was there: the items, the oldest first, and what is remembered after it.

    `seen` is `None` where this counts as no look. `validated` is what is remembered if the look
    leaves nothing new behind.
    """

    entries: Sequence[Entry]
    seen: Seen | None
    is_first: bool
    etag: str = ""
    modified: str = ""


@dataclasses.dataclass
class Feed:
    """A feed; `tell` gets a line for the person."""

    origin: Origin
    options: FeedOptions
    tell: Callable[[str], None]
    _found: _Look | None = field(default=None, repr=False)
    _told: bool = False

    @property
    def key(self) -> str:
        return self.options.remember_as or self.origin.key

    @property
    def lasting(self) -> float:
        """How long a look may take, in seconds."""
        return FETCHED_WITHIN + READ_DEADLINE

    def is_called(self, name: str | None) -> bool:
        return name == self.key

    def adopt(self, cursors: Mapping[str, Any]) -> Mapping[str, Any]:
        """Look at the feed, and return the profile's cursors with what the look has seen."""
        before = self._before(cursors)
        check_kind(before, cursors.get(before), is_feed=True)
        look = self._look(cursors.get(before))
        if look.seen is None:
            return cursors
        others = {name: kept for name, kept in cursors.items() if name not in (before, self.key)}
        return {**others, self.key: look.seen.written()}

    def _before(self, cursors: Mapping[str, Any]) -> str:
        """Return the name that it was remembered by: the address from which it has moved to this.

        Else who gives the new one, as a run has asked for, would have old items posted again.
        """
        if self.key in cursors or self.options.remember_as:
            return self.key
        name, bare = item_name(self.key), without_scheme(self.key)
        for before, cursor in cursors.items():
            seen = Seen.read(cursor)
            if seen and (seen.moved == name or without_scheme(before) == bare):
                return before
        return self.key

    def draft(self, cursor: Any) -> Draft | Nothing:
        """Return the oldest new item; raises what keeps the feed from being read."""
        look, seen = self._look(cursor), self._seen(cursor)
        waiting = self.waiting(cursor)
        if not waiting:
            return self._nothing(look, seen)
        if len(waiting) > 1 and not self._told:
            self._told = True
            self.tell(f"{len(waiting)} new items are waiting; one is posted at each run.")
        return self._writer.draft(waiting[0])

    # -- the look -------------------------------------------------------------------------------

    def _look(self, cursor: Any) -> _Look:
        if self._found is None:
            self._found = self._looked(Seen.read(cursor))
        return self._found

    def _looked(self, before: Seen | None) -> _Look:
        arrival = self.origin.get(before, look=self._wanted)
        seen = self._moved(before or Seen(), arrival.moved_to)
        if arrival.document is None:
            return _Look((), seen, is_first=False, etag=arrival.etag, modified=arrival.modified)
        entries, is_whole = self._read(arrival.document)
        if self.origin.is_standard_input and before is None and not entries:
            return _Look((), None, is_first=False)
        is_first = before is None
        is_cut = is_first and not is_whole and self.options.first_run != "all"
        if len(entries) > REMEMBERED:
            is_cut = True
            self.tell(f"Of {len(entries)} items, only the newest {REMEMBERED} are looked at.")
            entries = entries[-REMEMBERED:]
        names = [entry.name for entry in entries]
        seen = replace(self._lying(seen, names), etag="", modified="", look="")
        seen = seen.shown(names, is_cut=is_cut)
        if is_first:
            seen = seen.with_used(self._old(entries))
        return _Look(entries, seen, is_first, arrival.etag, arrival.modified)

    def _read(self, document: Document) -> tuple[list[Entry], bool]:
        """Return the items that can be posted, and whether those are all."""
        try:
            read = read_in_time(document)
        except NoFeed as fault:
            raise self.origin.error(fault) from None
        entries = [entry for entry in oldest_first(read) if not entry.is_empty]
        self._writer.check_template(entries, read.names)
        return entries, read.is_whole

    def _moved(self, seen: Seen, moved_to: str) -> Seen:
        name = item_name(moved_to) if moved_to else ""
        if name and name != seen.moved:
            where = address(moved_to, whole=True)
            self.tell(f"The feed has moved to {where}: give that address from now on.")
        return replace(seen, moved=name)

    def _lying(self, seen: Seen, names: Sequence[str]) -> Seen:
        """Note where its file lies, and say that it lay elsewhere: it may be another of that name.

        Raises `ConfigurationError` if it is: that one is still there, and has had no such items.
        """
        here, there = self.origin.lies_at, seen.path
        if here and there and there != here and not self.options.remember_as:
            if names and not {*names} & {*seen.used} and _are_two_files(here, there):
                raise ConfigurationError(
                    f"Two feeds are called {self.key}: {there} and {here}.",
                    "Give this one a name of its own: --remember-as NAME. If it is the same feed:"
                    f" --remember-as {quoted(Path(self.key))}",
                )
            self.tell(
                f"The feed {self.key} was at {there} when it was used last, and goes on from there."
                " If this is another one, give it a name: --remember-as NAME."
            )
        return replace(seen, path=here or there)

    def _old(self, entries: Sequence[Entry]) -> list[str]:
        """Return the names of what a first look takes as old."""
        if self.options.first_run == "all":
            return []
        names = [entry.name for entry in entries]
        if self.options.first_run == "newest":
            wanted = [entry.name for entry in entries if self._is_wanted(entry)]
            names = [name for name in names if name not in wanted[-1:]]
        return names

    @property
    def _wanted(self) -> str:
        """What is looked for; a template's names are looked for, too."""
        pattern = self.options.match.pattern if self.options.match else ""
        return pattern if self.options.template is None else f"{pattern}\0{self.options.template}"

    def _seen(self, cursor: Any) -> Seen:
        """Return what is remembered by now: what the look has seen, and what was used since."""
        return Seen.read(cursor) or self._look(cursor).seen or Seen()

    # -- what is new ----------------------------------------------------------------------------

    def waiting(self, cursor: Any) -> list[Entry]:
        """Return the new items, the oldest first."""
        look, seen = self._look(cursor), self._seen(cursor)
        used, entries = {*seen.used}, look.entries
        if seen.is_cut:  # older than all that is remembered: it was there, and is forgotten
            known = (number for number, entry in enumerate(entries) if entry.name in used)
            entries = entries[next(known, 0) :]
        return [entry for entry in entries if entry.name not in used and self._is_wanted(entry)]

    def _is_wanted(self, entry: Entry) -> bool:
        match = self.options.match
        return match is None or any(map(match.search, entry.searched))

    def _nothing(self, look: _Look, seen: Seen) -> Nothing:
        if look.seen is None:
            return Nothing("nothing-new", "Standard input gave nothing.")
        name = item_name(f"{self.origin.key}\0{self._wanted}")
        kept = seen.validated(etag=look.etag, modified=look.modified, look=name).written()
        if look.is_first and look.entries and self.options.first_run == "skip":
            said = f"First look: {_items(len(look.entries))} taken as old."
            newest, writer = look.entries[-1], self._writer
            return Nothing(
                "first-look", f"{said} {writer.price(newest)}", kept, writer.draft(newest)
            )
        is_other = any(entry.name not in seen.used for entry in look.entries)
        fits = " fits --match" if self.options.match and is_other else ""
        return Nothing("nothing-new", f"Nothing new in the feed{fits}.", kept)

    @property
    def _writer(self) -> Writer:
        return Writer(self.key, self.options, self.origin.folder)


def _are_two_files(one: str, other: str) -> bool:
    try:
        return not os.path.samefile(one, other)
    except (OSError, ValueError):  # one of them is not there
        return False


def oldest_first(read: Read) -> list[Entry]:
    """Put items in order: by date where each has one, else by the feed's own order."""
    unique = list({entry.name: entry for entry in reversed(read.entries)}.values())
    # `reversed` above: of two with one name the first stays, and the first stands last.
    ordered = unique if read.is_newest_first else unique[::-1]
    dates = [entry.at for entry in ordered]
    if all(date is not None for date in dates):
        ordered = sorted(ordered, key=lambda entry: entry.at or 0.0)
    return ordered


def _items(count: int) -> str:
    return f"{count} item" if count == 1 else f"{count} items"
