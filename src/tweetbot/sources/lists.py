"""A bot from a list: the next item of a text file, a table, JSON, or a folder."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tweetbot.draft import USUAL, Draft, Terms
from tweetbot.errors import ConfigurationError, TextRefused
from tweetbot.sources import older
from tweetbot.sources.cursor import Order
from tweetbot.sources.days import Day, Today, is_day, is_today
from tweetbot.sources.given import rubbish
from tweetbot.sources.item import Content, Item
from tweetbot.sources.list_lines import Tally
from tweetbot.sources.making import Making
from tweetbot.sources.orders import next_item
from tweetbot.sources.shapes import FOLDER, TABLE, Shape, shape_of
from tweetbot.sources.source import Nothing, check_kind
from tweetbot.values import dataclass

if TYPE_CHECKING:
    from tweetbot.sources.template import Template


@dataclass(frozen=True)
class Remembered:
    """How a list is gone through, and the name under which its place is kept."""

    order: Order = "shuffle"
    once: bool = False
    name: str | None = None  # else that of the file
    now: Callable[[], time.struct_time] = time.localtime  # `on` goes by this machine's date


SHUFFLED = Remembered()


def listed(
    path: str,
    how: Remembered = SHUFFLED,
    *,
    terms: Terms = USUAL,
    template: str | None = None,
    alt: str | None = None,
    made_with_ai: bool = False,
) -> List:
    """Post the next item of a list; none comes again before all had their turn.

    A symbolic link is its target. Raises `ConfigurationError` if the path leads nowhere, or to
    what is no list.
    """
    try:
        place = Path(path).resolve()
    except (OSError, RuntimeError) as error:  # no working directory; links in a circle
        raise ConfigurationError(f"The list {path} cannot be found: {error}.") from None
    shape = shape_of(place)
    folder = place if shape is FOLDER else place.parent
    making = Making(folder, terms, _template(template), alt, made_with_ai)
    made = List(place, shape, how, making)
    made.check()
    return made


def _template(written: str | None) -> Template | None:
    if written is None:
        return None
    from tweetbot.sources.template import Template  # late: few lists have one

    return Template(written)


@dataclass(frozen=True)
class List:
    """A list in one of its shapes. Identical items count once; it is read in one pass."""

    path: Path
    shape: Shape
    how: Remembered
    making: Making
    tally: Tally = field(default_factory=Tally, compare=False)
    lasting: float = 0  # a million lines take a second

    @property
    def key(self) -> str:
        """The name under which it is remembered: that of the file, wherever it lies."""
        return self.how.name or self.path.name

    def check(self) -> None:
        """Raise `ConfigurationError` if no item of it can be a post."""
        template = self.making.template
        if self.shape is TABLE:
            from tweetbot.sources.list_rows import check_header, columns

            check_header(self.path, has_template=template is not None)
            if template:
                template.check(columns(self.path), what=f"the table {self.path.name}")
        elif template and self.shape.has_days:
            from tweetbot.sources.list_json import names

            template.check(names(self.every_item()), what=f"the list {self.path.name}")
        elif template:
            template.check(["text"], what=f"the list {self.path.name}")

    # -- what it remembers ----------------------------------------------------------------------

    def is_called(self, name: str | None) -> bool:
        """Whether it is remembered under that name, or was by an older tweetbot."""
        return name is not None and (name == self.key or self._was_called(name))

    def _was_called(self, name: str) -> bool:
        """Whether that is its path, by which an older tweetbot knew a list; it may be another's."""
        if self.how.name is not None:
            return name == str(self.path)
        return older.is_path(name) and older.file_name(name) == self.key

    def adopt(self, cursors: Mapping[str, Any]) -> Mapping[str, Any]:
        """Take over a place that was kept by the list's path, as an older tweetbot did."""
        check_kind(self.key, cursors.get(self.key), is_feed=False)
        if self.key in cursors:
            return cursors
        alike = [key for key in cursors if self._was_called(key)]
        if len(alike) > 1:
            raise ConfigurationError(
                f"Two lists called {self.key} are remembered: {' and '.join(alike)}.",
                "Say which one this is, by a name of its own: --remember-as NAME.",
            )
        return {self.key if key in alike else key: cursor for key, cursor in cursors.items()}

    def notes(self, cursor: Any) -> tuple[str, ...]:
        """Say what is not as it was when it was used last: where it lies, what its items are."""
        if older.wrote(cursor) and self.tally["hashtags"]:
            return (older.no_comments(self.key),)
        before = cursor.get("path") if isinstance(cursor, Mapping) else None
        if not isinstance(before, str) or before == str(self.path):
            return ()
        return (
            f"The list {self.key} was at {before} when it was used last, and goes on from there."
            " If this is another one, give it a name: --remember-as NAME.",
        )

    # -- its items ------------------------------------------------------------------------------

    def every_item(self) -> Iterator[Item]:
        """Read all items; raises `ConfigurationError` if the list cannot be read."""
        self.tally.clear()
        return self._read(self.tally)

    def _read(self, tally: Tally) -> Iterator[Item]:
        return self.shape.read(self.path, tally, whole=self.making.template is not None)

    def items(self) -> Iterator[Item]:
        """Read the items that may come on any day."""
        if not self._may_have_days:
            return self.every_item()
        return (item for item in self.every_item() if not is_day(item.on))

    @cached_property
    def _may_have_days(self) -> bool:
        if self.shape is not TABLE:
            return self.shape.has_days
        from tweetbot.sources.list_rows import columns

        return "on" in {name.lower() for name in columns(self.path)}

    def draft(self, cursor: Any) -> Draft | Nothing:
        """Return the next item of the cycle, or the first of a new one.

        There is nothing at the end of a cycle with `once`, or if no item is for today. Raises
        `ConfigurationError` if there are no items.
        """
        found = self.following(cursor)
        if isinstance(found, Nothing):
            return found
        item, after = found
        drafted = self.drafted(item, after, before=cursor)
        if drafted.refused and self.how.once:
            return replace(drafted, cursor={**after, "passed": _passed(after) + 1})
        return drafted

    def following(self, cursor: Any) -> tuple[Item, dict[str, Any]] | Nothing:
        """Return the item that follows `cursor`, and the cursor after it."""
        now = self.how.now()
        today = (now.tm_year, now.tm_mon, now.tm_mday)
        day = Day.read(cursor, today)
        place = {"path": str(self.path)}
        has_days = False
        if self._may_have_days:
            for item in self.every_item():
                has_days |= is_day(item.on)
                if is_today(item.on, today) and not day.had(item):
                    kept = cursor if isinstance(cursor, Mapping) else {}
                    return item, {**kept, **place, **day.after(item).written()}
        found = next_item(self, self.how.order, cursor, once=self.how.once)
        if found:
            passed = self._passed(cursor)
            return found[0], {**found[1].written(), **place, **day.written(), **passed}
        if has_days:
            return self._not_today(today)
        return self._finished(cursor) if any(self.every_item()) else self._empty()

    def _passed(self, cursor: Any) -> dict[str, Any]:
        """Return how many items of this round were passed over, of one that has an end."""
        passed = _passed(cursor)
        goes_on = passed and self.how.once and cursor.get("order") == self.how.order
        return {"passed": passed} if goes_on else {}

    def drafted(self, item: Item, after: Mapping[str, Any], *, before: Any = None) -> Draft:
        """Make the draft of an item; what can never be posted is `refused`."""
        content = self.shape.content(item)
        if content.says_nothing and self.making.template is None:
            self._check_names(content)
            content = replace(content, fault='has no "text"')
        parts = self.making.parts(content, refused=self._refused(item))
        ai = self.making.made_with_ai if content.made_with_ai is None else content.made_with_ai
        return Draft(
            parts,
            self.key,
            after,
            made_with_ai=ai,
            paid_partnership=content.paid_partnership,
            where=self.shape.where(item, self.path),
            item=item.text,
            notes=self.notes(before),
        )

    def _refused(self, item: Item) -> TextRefused | None:
        if item.on and not is_day(item.on):
            return TextRefused(
                f"It is for {item.on}, which is no day.", "Write 12-24 or 2026-12-24."
            )
        found = rubbish(item.text) if item.holds is None else None
        if found and any(not rubbish(other.text) for other in self._read(Tally())):
            return None  # a list of words may hold such a one
        return found

    @cached_property
    def _has_posts(self) -> bool:
        contents = map(self.shape.content, self.every_item())
        return any(one.text or one.thread or one.files for one in contents)

    def _check_names(self, content: Content) -> None:
        """Raise `ConfigurationError` for objects of which none is a post."""
        if "text" in content.values or self._has_posts:  # an empty one is this item's own fault
            return
        names = ", ".join(content.values)
        example = next(iter(content.values))
        raise ConfigurationError(
            f'No object of the list {self.path} has a "text". Their names: {names}.',
            f"Say what a post is made of: --template '{{{example}}}'.",
        )

    # -- nothing --------------------------------------------------------------------------------

    def _finished(self, cursor: Any) -> Nothing:
        passed = _passed(cursor)
        over = f" ({passed} passed over; mended, they come in a new round alone)" if passed else ""
        return Nothing(
            "finished",
            f"List finished: each item of {self.path} had its turn{over}. Without --once it"
            f" begins again; {_GROWING[self.how.order]}. {' '.join(self.notes(cursor))}".rstrip(),
        )

    def _not_today(self, today: Today) -> Nothing:
        todays = [item for item in self.every_item() if is_today(item.on, today)]
        day = f"{today[1]:02}-{today[2]:02}"
        if todays:
            return Nothing("not-today", f"Each item of {self.key} for {day} had its turn.")
        return Nothing("not-today", f"No item of {self.key} is for {day}.")

    def _empty(self) -> Nothing:
        raise ConfigurationError(f"The list {self.path} has no items.", self.shape.begin)


def _passed(cursor: Any) -> int:
    """Return how many items were passed over, as a cursor has it."""
    passed = cursor.get("passed") if isinstance(cursor, Mapping) else None
    return passed if type(passed) is int and passed > 0 else 0


_GROWING: dict[Order, str] = {  # how items can be added to a list that is finished
    "file": "items that are added at its end are posted",
    "shuffle": "a list that is to grow has to begin with --order file, for a change of the order"
    " posts everything once more",
}
