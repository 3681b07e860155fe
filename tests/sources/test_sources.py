"""A list is read, its next item found, and its cycle kept, whatever is done to it between runs."""

from __future__ import annotations

import json
import os
import tempfile
import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise, product
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from tests.lists import listed
from tweetbot.draft import Draft
from tweetbot.errors import ConfigurationError, TextRefused
from tweetbot.sources.cursor import Cursor, Order, naming
from tweetbot.sources.given import given, rubbish
from tweetbot.sources.in_file import _CHUNK, _Seen
from tweetbot.sources.item import Item
from tweetbot.sources.list_folder import _reading_order
from tweetbot.sources.lists import List, Remembered
from tweetbot.sources.making import Making
from tweetbot.sources.shapes import LINES
from tweetbot.sources.source import Nothing

ORDERS: tuple[Order, ...] = ("shuffle", "file")
both_orders = pytest.mark.parametrize("order", ORDERS)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "facts.txt"


def write(path: Path, *items: str) -> None:
    path.write_text("".join(f"{item}\n" for item in items))


class Finished(Exception):
    """The list has come to its end."""


def draft_of(source: List, cursor: Any) -> Draft:
    found = source.draft(cursor)
    if isinstance(found, Nothing):
        assert found.reason == "finished"
        raise Finished(found.said)
    return found


def draw(path: Path, cursor: Any = None, *, order: Order, once: bool = False) -> Draft:
    """Return the next draft; the cursor has gone through a document in between."""
    return draft_of(listed(str(path), order=order, once=once), json.loads(json.dumps(cursor)))


def drafts(path: Path, cursor: Any = None, *, order: Order, once: bool = True) -> Iterator[Draft]:
    """Yield one draft after the other, to the end of the cycle with `once`."""
    while True:
        try:
            draft = draw(path, cursor, order=order, once=once)
        except Finished:
            return
        yield draft
        cursor = draft.cursor


def cycle(path: Path, cursor: Any = None, *, order: Order) -> list[str]:
    return [draft.text for draft in drafts(path, cursor, order=order)]


def after(path: Path, count: int, *, order: Order) -> Draft:
    """Return the draft of the `count`-th run."""
    return next(draft for run, draft in enumerate(drafts(path, order=order), 1) if run == count)


# -- what is an item ------------------------------------------------------------------------------

DOCUMENTS = {
    "a line each": (b"One\nTwo\n", ["One", "Two"]),
    "no newline at the end": (b"One\nTwo", ["One", "Two"]),
    "Windows": (b"One\r\nTwo\r\n", ["One", "Two"]),
    "an old Mac": (b"One\rTwo\r", ["One", "Two"]),
    "every line ending": (b"One\nTwo\r\nThree\rFour", ["One", "Two", "Three", "Four"]),
    "a byte order mark": (b"\xef\xbb\xbfOne\nTwo\n", ["One", "Two"]),
    "a byte order mark and a comment": (b"\xef\xbb\xbf# One\nTwo\n", ["Two"]),
    "blank lines": (b"\n\nOne\n \t\nTwo\n\n", ["One", "Two"]),
    "comments": (b"# One\n#\n#\tTwo\nThree\n", ["Three"]),
    "hashtags": (b"#One is\n#1\n##\n", ["#One is", "#1", "##"]),
    "a real number sign": (b"\\#One\nOne #Two\n", ["#One", "One #Two"]),
    "a line break": (b"One\\nTwo\n", ["One\nTwo"]),
    "a backslash": (b"One\\\\Two\n", ["One\\Two"]),
    "a backslash before an n": (b"One\\\\nTwo\n", ["One\\nTwo"]),
    "a backslash before a line break": (b"One\\\\\\nTwo\n", ["One\\\nTwo"]),
    "a backslash of its own": (b"C:\\temp \\\n", ["C:\\temp \\"]),
    "white space around": (b"  One \t\n", ["One"]),
    "beyond ASCII": ("Füchse 🦊\n日本\n".encode(), ["Füchse 🦊", "日本"]),
    "what other programs take for a line's end": (
        "One\u2028two\x0bthree\x85four\n".encode(),
        ["One\u2028two\x0bthree\x85four"],
    ),
}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_a_list_has_one_item_a_line(name: str, path: Path) -> None:
    document, items = DOCUMENTS[name]
    path.write_bytes(document)
    assert [item.text for item in listed(path).items()] == items
    assert cycle(path, order="file") == items


def test_an_item_knows_its_line(path: Path) -> None:
    path.write_bytes(b"# Facts\r\n\r\nOne\r\nTwo\rThree")
    assert [item[:2] for item in listed(path).items()] == [("One", 3), ("Two", 4), ("Three", 5)]


@both_orders
def test_identical_items_count_once(order: Order, path: Path) -> None:
    write(path, "One", "Two", "One", "T\\\\wo", "Two", "T\\\\wo", "Three")
    assert Counter(cycle(path, order=order)) == Counter(["One", "Two", "T\\wo", "Three"])


def test_in_the_order_of_the_file_an_item_stands_where_it_stands_first(path: Path) -> None:
    write(path, "One", "Two", "One", "Three", "Two", "Four")
    assert cycle(path, order="file") == ["One", "Two", "Three", "Four"]


# -- what is no list ------------------------------------------------------------------------------


def folder(path: Path) -> None:
    path.mkdir()


def pipe(path: Path) -> None:
    os.mkfifo(path)


def circle(path: Path) -> None:
    path.symlink_to(path)


def holding(document: bytes) -> Callable[[Path], object]:
    return lambda path: path.write_bytes(document)


NO_LISTS: dict[str, tuple[Callable[[Path], object], str]] = {
    "missing": (lambda _: None, "No such file"),
    "an empty folder": (folder, "no items"),
    "a pipe": (pipe, "neither a file nor a folder"),
    "a link to itself": (circle, "ink"),  # a loop of symbolic links, in the system's words
    "empty": (holding(b""), "no items"),
    "comments alone": (holding(b"# One\n\n#\n"), "no items"),
    "Latin-1": (holding(b"One\nTwo\n\nF\xfcnf\nSix\n"), "Line 4 "),
    "Latin-1 in a comment": (holding(b"# F\xfcnf\nSix\n"), "Line 1 "),
    "Latin-1 far below": (holding(b"One\n" * 100_000 + b"F\xfcnf\n"), "Line 100001 "),
    "Latin-1 below other facts": (holding(b"One\nTwo\nThree\nFour\nF\xfcnf\n"), "Line 5 "),
    "UTF-16": (holding("One\n".encode("utf-16")), "Line 1 "),
    "half of a surrogate pair": (holding(b"One\n\xed\xa0\x80\n"), "Line 2 "),
    "no lines": (holding(b"One\n" + b"word " * 100_000), "Line 2 "),
}


@both_orders
@pytest.mark.parametrize("name", NO_LISTS)
def test_what_is_no_list_is_named(name: str, order: Order, path: Path) -> None:
    make, said = NO_LISTS[name]
    make(path)
    with pytest.raises(ConfigurationError) as raised:
        draw(path, order=order)
    assert said in str(raised.value)
    assert str(path) in str(raised.value)


def test_the_longest_post_fits_into_a_line_however_it_is_written(path: Path) -> None:
    write(path, "\\n".join("a" * 12_500) + "a", "b" * 60_000)
    items = listed(path).items()
    assert len(next(items).text) == 25_000
    with pytest.raises(ConfigurationError, match="Line 2 "):
        next(items)


@both_orders
@pytest.mark.parametrize("once", [False, True])
def test_a_list_that_was_emptied_is_not_finished_but_empty(
    order: Order, once: bool, path: Path
) -> None:
    write(path, "One")
    cursor = draw(path, order=order).cursor
    write(path, "# One")
    with pytest.raises(ConfigurationError, match="no items"):
        draw(path, cursor, order=order, once=once)


# -- a cycle --------------------------------------------------------------------------------------

FACTS = [f"Fact {number}" for number in range(100)]


def test_a_shuffle_is_all_items_in_another_order(path: Path) -> None:
    write(path, *FACTS)
    shuffled = cycle(path, order="shuffle")
    assert sorted(shuffled) == sorted(FACTS)
    assert shuffled != FACTS
    assert sum(one == other for one, other in zip(shuffled, FACTS, strict=True)) < 20


def test_each_shuffle_is_another_one(path: Path) -> None:
    write(path, *FACTS)
    runs = drafts(path, order="shuffle", once=False)
    first, second, third = ([next(runs).text for _ in FACTS] for _ in range(3))
    assert sorted(first) == sorted(second) == sorted(third)
    assert first != second != third != first


def test_two_lists_are_shuffled_in_two_ways(path: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    write(path, *FACTS)
    write(other, *FACTS)
    assert cycle(path, order="shuffle") != cycle(other, order="shuffle")


def test_the_order_of_the_file_begins_again_at_its_end(path: Path) -> None:
    write(path, "One", "Two", "Three")
    runs = drafts(path, order="file", once=False)
    assert [next(runs).text for _ in range(7)] == [*3 * ["One", "Two", "Three"], "One"][:7]


def test_a_new_shuffle_never_begins_with_the_last_item(path: Path) -> None:
    write(path, "One", "Two", "Three")
    runs = drafts(path, order="shuffle", once=False)
    texts = [next(runs).text for _ in range(300)]
    assert all(one != other for one, other in pairwise(texts))
    assert all(len(set(texts[start : start + 3])) == 3 for start in range(0, 300, 3))


@both_orders
def test_a_single_item_comes_again_and_again(order: Order, path: Path) -> None:
    write(path, "One", "One")
    runs = drafts(path, order=order, once=False)
    assert [next(runs).text for _ in range(5)] == 5 * ["One"]


@both_orders
def test_the_end_of_a_list_can_be_the_end(order: Order, path: Path) -> None:
    write(path, "One", "Two")
    cursor = after(path, 2, order=order).cursor
    with pytest.raises(Finished, match=r"List finished.*facts\.txt"):
        draw(path, cursor, order=order, once=True)


@pytest.mark.parametrize(
    ("order", "said"), [("file", "added at its end are posted"), ("shuffle", "begin with --order")]
)
def test_a_finished_list_says_how_it_can_grow(order: Order, said: str, path: Path) -> None:
    write(path, "One")
    with pytest.raises(Finished, match=said):
        draw(path, after(path, 1, order=order).cursor, order=order, once=True)


def test_items_added_at_the_end_of_a_finished_list_still_come(path: Path) -> None:
    write(path, "One", "Two")
    cursor = after(path, 2, order="file").cursor
    write(path, "One", "Two", "Three")
    assert cycle(path, cursor, order="file") == ["Three"]


@both_orders
def test_the_same_cursor_leads_to_the_same_item(order: Order, path: Path) -> None:
    """What was not posted is offered again, and a dry run shows what the run will post."""
    write(path, *FACTS)
    cursor = None
    for _ in range(250):
        one, other = (draw(path, cursor, order=order) for _ in range(2))
        assert one == other
        cursor = one.cursor


@both_orders
def test_a_cursor_is_small_however_long_the_list_is(order: Order, path: Path) -> None:
    write(path, *(f"Fact {number}" for number in range(20_000)))
    last = None
    for _ in range(3):
        last = draw(path, last, order=order).cursor
    assert len(json.dumps(last)) - len(str(path)) < 200


def test_a_list_is_known_by_its_name(path: Path, tmp_path: Path) -> None:
    link = tmp_path / "link.txt"
    link.symlink_to(path)
    write(path, "One")
    roundabout = tmp_path / "." / ".." / tmp_path.name / "facts.txt"
    assert {listed(str(name)).key for name in (path, link, roundabout)} == {"facts.txt"}


def test_a_name_that_is_not_utf8_is_no_obstacle(tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"f\xe4cts.txt")
    write(path, "One")
    assert draw(path, order="shuffle").text == "One"


# -- the other order, and a cursor that is none ---------------------------------------------------


@both_orders
def test_another_order_begins_a_cycle_but_not_with_the_last_item(order: Order, path: Path) -> None:
    """For each item as the last one: the other order has no say in where it stood."""
    write(path, *FACTS[:8])
    other: Order = "file" if order == "shuffle" else "shuffle"
    for draft in list(drafts(path, order=other)):
        texts = cycle(path, draft.cursor, order=order)
        assert texts[0] != draft.text
        assert sorted({*texts, draft.text}) == FACTS[:8]


@both_orders
def test_the_end_of_another_order_is_not_the_end(order: Order, path: Path) -> None:
    write(path, "One", "Two", "Three")
    other: Order = "file" if order == "shuffle" else "shuffle"
    cursor = after(path, 3, order=other).cursor
    assert draw(path, cursor, order=order, once=True).text


NAME = "0123456789abcdef01234567"
DAMAGED: tuple[Any, ...] = (
    7,
    "text",
    [],
    True,
    {},
    {"order": "shuffle"},
    {"order": "file"},
    {"order": "shuffle", "last": 5},
    {"order": "shuffle", "last": NAME, "seed": {}},
    {"order": "shuffle", "last": NAME, "seed": "f" * 100},
    {"order": "shuffle", "last": "\ud800", "seed": NAME},
    {"order": "file", "last": ["x"]},
    {"order": "file", "last": "last", "place": 1},
    {"order": "file", "last": NAME, "place": "1"},
    {"order": "file", "last": NAME, "place": -1},
    {"order": "file", "last": NAME, "place": 1.5},
    {"order": "file", "last": NAME, "place": True},
    {"order": "file", "last": NAME, "place": 10**30},
    {"order": "file", "last": NAME, "copies": "2"},
    {"order": "file", "last": NAME, "above": None, "below": []},
)


@both_orders
@pytest.mark.parametrize("cursor", DAMAGED, ids=repr)
def test_a_damaged_cursor_counts_as_none(cursor: Any, order: Order, path: Path) -> None:
    write(path, "One", "Two", "Three")
    assert draw(path, cursor, order=order) == draw(path, order=order)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.just(NAME),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
cursors = json_values | st.fixed_dictionaries(
    {"order": st.sampled_from(ORDERS)},
    optional=dict.fromkeys(
        ("last", "seed", "place", "above", "below", "again", "beside", "copies"), json_values
    ),
)


@pytest.mark.slow
@examples(cursor=cursors, order=st.sampled_from(ORDERS), once=st.booleans())
@settings(max_examples=100, deadline=None)
def test_no_cursor_leads_astray(cursor: Any, order: Order, once: bool) -> None:
    source = at_hand(FACTS, order, once=once)
    try:
        assert draft_of(source, cursor).text in FACTS
    except Finished:
        assert once


def test_what_a_newer_version_adds_to_a_cursor_is_no_damage() -> None:
    cursor = Cursor("shuffle", NAME, NAME)
    assert Cursor.read({**cursor.written(), "later": 1}) == cursor


# -- edits between runs, in the order of the file -------------------------------------------------

A, B, C, D, E, X, Y = "ABCDEXY"

EDITS: dict[str, tuple[list[str], str]] = {
    "nothing": ([A, B, C, D, E], "DE"),
    "added above and below": ([X, A, B, C, D, Y, E], "DYE"),
    "added right after the last one": ([A, B, C, X, D, E], "XDE"),
    "removed above and below": ([B, C, E], "E"),
    "the last one is gone": ([A, B, D, E], "DE"),
    "the last one is gone, and more is above": ([X, Y, A, B, D, E], "DE"),
    "the last one is gone, and less is above": ([B, D, E], "DE"),
    "all that was posted is gone": ([D, E], "DE"),
    "the last one and the next are gone": ([A, B, E], "E"),
    "the last one was edited": ([A, B, X, D, E], "XDE"),
    "the last one was moved": ([A, B, D, C, E], "E"),
    "only the place is left": ([A, X, Y, E], "YE"),
    "less than the place is left": ([A], ""),
    "an item that was posted was copied": ([A, B, C, D, A, E, C], "DE"),
}


@pytest.mark.parametrize("name", EDITS)
def test_the_file_goes_on_after_the_last_item_or_where_it_was(name: str, path: Path) -> None:
    edited, rest = EDITS[name]
    write(path, A, B, C, D, E)
    cursor = after(path, 3, order="file").cursor
    write(path, *edited)
    assert "".join(cycle(path, cursor, order="file")) == rest


COPIES = {  # of B, which was used last: the list before, the list after, what comes then
    "no neighbour is where it was": ("ABB", "XAYBCB", "C"),
    "the next one is gone, too": ("ABCBD", "XAYBEBD", "ED"),
    "more than two": ("ABCBDB", "XYBDBB", "D"),
    "its own line is gone": ("ABCBD", "XACBD", "CBD"),
    "its own line is gone, and the place is another's": ("ABCBD", "XACEBD", "CEBD"),
}


@pytest.mark.parametrize("name", COPIES)
def test_while_as_many_copies_stand_there_the_first_was_used_last(name: str, path: Path) -> None:
    before, edited, rest = COPIES[name]
    write(path, *before)
    cursor = after(path, 2, order="file").cursor
    write(path, *edited)
    assert "".join(cycle(path, cursor, order="file")) == rest


def test_a_cursor_that_knows_no_number_of_copies_goes_on(path: Path) -> None:
    """As tweetbot 0.2.0 has kept it."""
    write(path, A, B, C, B, D)
    cursor = after(path, 2, order="file").cursor
    assert (cursor["again"], cursor.pop("copies")) == (True, 1)
    assert "".join(cycle(path, cursor, order="file")) == "CD"
    write(path, X, A, C, B, D)
    assert "".join(cycle(path, cursor, order="file")) == "CBD"


@pytest.mark.parametrize("edited", ["BCDE", "XABCDE", "ABCDXE", "EDCBA", "AABBCCDDEE"])
def test_no_edit_changes_the_rest_of_a_shuffle(edited: str, path: Path) -> None:
    write(path, A, B, C, D, E)
    runs = list(drafts(path, order="shuffle"))
    rest = [draft.text for draft in runs[2:]]
    write(path, *edited)
    texts = cycle(path, runs[1].cursor, order="shuffle")
    assert [text for text in texts if text != X] == [text for text in rest if text in edited]


# -- any edits between runs -----------------------------------------------------------------------


@dataclass(frozen=True)
class Lines(List):
    """A list whose lines are at hand, and that notes each pass over them."""

    lines: list[str] = field(default_factory=list)
    passes: list[int] = field(default_factory=list)

    def every_item(self) -> Iterator[Item]:
        self.passes.append(1)
        return iter([Item(line, number) for number, line in enumerate(self.lines, start=1)])


def at_hand(lines: list[str], order: Order, *, once: bool) -> Lines:
    path = Path("facts.txt")
    return Lines(path, LINES, Remembered(order, once), Making(path.parent), lines=lines)


@dataclass
class Editor:
    """A person who edits the list between runs, and a reader who keeps account of a cycle.

    In the order of the file, a line that is moved, or stands there twice, may come twice or wait
    for the next cycle; those are `stirred`, and the account is kept of all others.
    """

    order: Order
    lines: list[str]
    cursor: Any = None
    texts: list[str] = field(default_factory=list)
    always: set[str] = field(default_factory=set)
    stirred: set[str] = field(default_factory=set)
    known: tuple[str, ...] = ()
    added: int = 0

    def run(self) -> None:
        """Draw an item; at the end of a cycle, the first of the next."""
        try:
            draft = self.draft(once=True)
        except Finished:
            self.check_end()
            draft = self.draft(once=False)
            self.texts, self.stirred, self.always = [], set(), set(self.lines)
        self.note(draft)

    def draft(self, *, once: bool) -> Draft:
        source = at_hand(self.lines, self.order, once=once)
        return draft_of(source, self.cursor)

    def note(self, draft: Draft) -> None:
        self.always = self.always & set(self.lines) if self.texts else set(self.lines)
        self.stirred |= {line for line in self.lines if self.lines.count(line) > 1}
        self.cursor = draft.cursor
        self.texts.append(draft.item)
        following = self.lines[self.lines.index(draft.item) + 1 :]
        unseen = [line for line in following if self.lines.index(line) not in self.places_above()]
        self.known = (*self.texts[-2:], *unseen[:1])
        repeated = [text for text, count in Counter(self.texts).items() if count > 1]
        assert set(repeated) <= self.exempt, "an item came twice"

    def places_above(self) -> range:
        return range(self.lines.index(self.texts[-1]) + 1)

    @property
    def exempt(self) -> set[str]:
        return self.stirred if self.order == "file" else set()

    def check_end(self) -> None:
        missing = (self.always & set(self.lines)) - set(self.texts) - self.exempt
        assert not missing, "an item did not come"

    def edit(self, kind: str, one: int, other: int) -> None:
        """Edit one line; in the order of the file, the last item or a neighbour stays in place."""
        place, target = one % len(self.lines), other % (len(self.lines) + 1)
        line = self.lines[place]
        rest = self.lines[:place] + self.lines[place + 1 :]
        guarded = self.order == "file" and line in self.known
        if kind == "add":
            self.added += 1
            self.lines.insert(target, f"New {self.added}")
        elif kind == "remove" and rest:
            if not guarded or (line not in rest and set(rest) & set(self.known)):
                self.lines = rest
        elif kind in ("move", "copy") and not guarded:
            self.stirred.add(line)
            self.lines = rest if kind == "move" else self.lines
            self.lines.insert(min(target, len(self.lines)), line)


edits = st.tuples(
    st.sampled_from(("add", "remove", "move", "copy")), st.integers(0, 99), st.integers(0, 99)
)


@both_orders
@examples(size=st.integers(1, 9), gaps=st.lists(st.lists(edits, max_size=4), max_size=25))
@settings(max_examples=200, deadline=None)
def test_within_a_cycle_nothing_repeats_and_nothing_is_lost(
    order: Order, size: int, gaps: list[list[tuple[str, int, int]]]
) -> None:
    """A shuffle bears any edit; the order of a file all but for what was moved or copied itself."""
    editor = Editor(order, [f"Old {number}" for number in range(size)])
    for gap in gaps:
        editor.run()
        for edit in gap:
            editor.edit(*edit)
    for _ in range(len(editor.lines) + 1):  # to the end of the cycle
        editor.run()


def as_fortune(path: Path, lines: list[str]) -> Path:
    path.write_text("%\n".join(f"{line}\n" for line in lines) + "%\n")
    return path


def as_json(path: Path, lines: list[str]) -> Path:
    path = path.with_suffix(".json")
    path.write_text(json.dumps([{"alt": str(len(lines)), "text": line} for line in lines]))
    return path


def as_table(path: Path, lines: list[str]) -> Path:
    path = path.with_suffix(".csv")
    header = ["note", "text"] if len(lines) % 2 else ["text", "note"]
    rows = ([line if name == "text" else str(len(lines)) for name in header] for line in lines)
    path.write_text("".join(";".join(row) + "\n" for row in [header, *rows]))
    return path


def as_json_lines(path: Path, lines: list[str]) -> Path:
    path = path.with_suffix(".jsonl")
    values = [{"alt": str(len(lines)), "text": line} if len(lines) % 2 else line for line in lines]
    path.write_text("\n\n".join(map(json.dumps, values)))
    return path


def as_folder(path: Path, names: list[str]) -> Path:
    path.mkdir(exist_ok=True)
    for file in path.iterdir():
        file.unlink()
    for name in names:
        (path / f"{name}.txt").write_text(f"{name}, one of {len(names)}")
    return path


@dataclass
class Writer(Editor):
    """A person who writes the list anew in a shape, before each run."""

    path: Path = Path("facts")
    write: Callable[[Path, list[str]], Path] = as_fortune

    def draft(self, *, once: bool) -> Draft:
        source = listed(self.write(self.path, self.lines), order=self.order, once=once)
        return draft_of(source, json.loads(json.dumps(self.cursor)))


class Filer(Writer):
    """A person whose list is a folder: a file's name is its place; with another it is another."""

    def edit(self, kind: str, one: int, other: int) -> None:
        if kind == "remove":
            super().edit(kind, one, other)
        elif kind == "add":
            self.added += 1
            self.lines.append(f"Old {other % 12} {self.added}")
            self.lines.sort(key=_reading_order)


SHAPES: dict[str, tuple[type[Writer], Callable[[Path, list[str]], Path]]] = {
    "fortune": (Writer, as_fortune),
    "JSON": (Writer, as_json),
    "JSON Lines": (Writer, as_json_lines),
    "table": (Writer, as_table),
    "folder": (Filer, as_folder),
}


@both_orders
@pytest.mark.parametrize("shape", SHAPES)
def test_within_a_cycle_of_any_shape_nothing_repeats_and_nothing_is_lost(
    order: Order, shape: str, pytestconfig: pytest.Config
) -> None:
    kind, write = SHAPES[shape]

    @examples(size=st.integers(1, 12), gaps=st.lists(st.lists(edits, max_size=3), max_size=10))
    @settings(max_examples=300 if pytestconfig.getoption("--full") else 20, deadline=None)
    def edited(size: int, gaps: list[list[tuple[str, int, int]]]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            lines = [f"Old {number}" for number in range(size)]
            editor = kind(order, lines, path=Path(folder) / "facts", write=write)
            for gap in gaps:
                editor.run()
                for edit in gap:
                    editor.edit(*edit)
            for _ in range(len(editor.lines) + 1):
                editor.run()

    edited()


# -- long lists -----------------------------------------------------------------------------------

LONG = 200_000  # lines
MEGABYTE = 2**20


def peak(function: Callable[[], object]) -> float:
    """Return the most memory that `function` held, in megabytes."""
    tracemalloc.start()
    try:
        function()
        return tracemalloc.get_traced_memory()[1] / MEGABYTE
    finally:
        tracemalloc.stop()


@both_orders
def test_a_long_list_is_never_held_in_memory(order: Order, path: Path) -> None:
    path.write_text("".join(f"Fact {number}: {'x' * 190}\n" for number in range(LONG // 2)))
    assert path.stat().st_size > 19 * MEGABYTE
    midway = {"order": order, "last": NAME, "place": LONG // 4}
    assert peak(lambda: draw(path, midway, order=order)) < 5


def test_a_line_without_end_is_never_held_in_memory(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"One\n")
        file.truncate(2**32)  # sparse: it takes no space

    def read() -> None:
        with pytest.raises(ConfigurationError, match="Line 2 "):
            draw(path, order="shuffle")

    assert peak(read) < 2


@both_orders
def test_the_next_item_takes_one_pass(order: Order) -> None:
    source = at_hand(FACTS, order, once=False)
    cursor = None
    for _ in range(len(FACTS)):
        source.passes.clear()
        cursor = draft_of(source, cursor).cursor
        assert len(source.passes) == 1


def test_copies_do_not_cost_a_pass_each() -> None:
    source = at_hand([*FACTS, *FACTS, "The end"], "file", once=False)
    cursor = {"order": "file", "last": NAME, "place": len(FACTS)}
    assert draft_of(source, cursor).text == "The end"
    assert len(source.passes) == 2


@pytest.mark.slow
def test_an_item_that_is_taken_for_a_copy_by_mistake_is_read_again() -> None:
    """Where the memory of what stands above says "perhaps", a second pass tells."""
    items = [f"Fact {number}" for number in range(LONG)]
    name, seen = naming(), _Seen()
    mistaken = [
        place for place, text in enumerate(items) if not seen.is_new(name(Item(text, place)))
    ]
    assert 0 < len(mistaken) < LONG / 1000
    for place in mistaken[:1]:
        lines = [*items[: place + 1], items[place], *items[place + 1 :]]  # and a copy of it
        source = at_hand(lines, "file", once=True)
        cursor = Cursor("file", name(Item(items[place - 1], place))).written()
        draft = draft_of(source, cursor)
        assert (draft.text, draft.cursor["place"]) == (items[place], place)
        assert len(source.passes) == 2
        assert draft_of(source, draft.cursor).text == items[place + 1]


@pytest.mark.slow
@pytest.mark.parametrize("chunks", [1, 2])
def test_more_copies_than_are_kept_at_a_time_hide_nothing(chunks: int, path: Path) -> None:
    items = [f"Fact {number}" for number in range(chunks * _CHUNK)]
    write(path, *items, *items, "The end")
    cursor = Cursor("file", naming()(Item(items[-1], 0))).written()
    drafts = []

    def read() -> None:
        drafts.append(draw(path, cursor, order="file"))

    if chunks > 1:
        assert peak(read) < 8
    else:
        read()
    assert drafts[0].text == "The end"


# -- other sources --------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["Hello", " Hello ", "# Hello", "One\\nTwo", "One\nTwo"])
def test_a_given_text_is_posted_as_it_is(text: str) -> None:
    assert given(text).draft({"any": "cursor"}) == Draft.of(text)


@pytest.mark.parametrize("newlines", ["\n", "\r\n", "\n\n\n"])
def test_newlines_at_the_end_of_a_given_text_are_dropped(newlines: str) -> None:
    assert given(f"\nHello{newlines}").draft(None).text == "\nHello"


RUBBISH = (
    "null",
    "None",
    "undefined",
    "  null\n",
    "<!DOCTYPE html>\n<html>",
    "<!doctype html>",
    "\n<html lang=en>",
    "<HTML><head>",
    'Traceback (most recent call last):\n  File "facts.py", line 1',
)


@pytest.mark.parametrize("text", RUBBISH)
def test_what_a_failed_program_prints_is_no_post(text: str) -> None:
    with pytest.raises(TextRefused, match="looks like an error, not a post") as raised:
        given(text, is_looked_at=False)
    assert raised.value.code == 3


@pytest.mark.parametrize(
    "text", ["null and void", "None of it", "Hello <html>", "nullable", "A Traceback (most recent"]
)
def test_what_only_contains_such_words_is_a_post(text: str) -> None:
    assert rubbish(text) is None


def test_a_line_that_is_deleted_takes_no_other_item_away(path: Path) -> None:
    """Nor where a copy of it stands further down: `a b c a d`, and line 1 goes after `a`."""
    for items in (*product("abc", repeat=4), *map(tuple, ("abcad", "zabcad", "abcab", "abacb"))):
        used: set[str] = set()
        cursor = None
        for _ in range(len(set(items))):
            write(path, *items)
            draft = draw(path, cursor, order="file", once=True)
            used.add(draft.text)
            cursor = draft.cursor
            last = items.index(draft.text)
            rest = [item for place, item in enumerate(items) if place != last]
            write(path, *rest)
            come = {draft.text for draft in drafts(path, cursor, order="file")}
            assert set(rest) - used <= come, (items, draft.text, come)
