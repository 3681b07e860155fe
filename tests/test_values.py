"""The light dataclasses against the library's: whatever one does, the other does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from tweetbot import values


def classes(dataclass: Any) -> tuple[Any, Any]:
    """Make two classes, by the decorator of the library or by ours."""

    @dataclass(frozen=True)
    class Place:
        street: str
        secret: str = dataclasses.field(default="", repr=False)
        notes: list[str] = dataclasses.field(default_factory=list, compare=False)

        def __post_init__(self) -> None:
            if not self.street:
                raise ValueError("no street")

    @dataclass(frozen=True, kw_only=True)
    class House:
        place: Place
        floors: int = 1

        def __repr__(self) -> str:
            return "a house"

    return Place, House


TRIALS: dict[str, Callable[[Any, Any], object]] = {
    "by position": lambda place, _: place("a", "b", ["c"]),
    "by name, in any order": lambda place, _: place(notes=["c"], street="a"),
    "its values, in their order": lambda place, _: list(
        vars(place(secret="b", street="a")).items()
    ),
    "a default of its own": lambda place, _: place("a").notes is place("a").notes,
    "checked when made": lambda place, _: place(""),
    "one is missing": lambda place, _: place(secret="b"),
    "one too many": lambda place, _: place("a", "b", [], "d"),
    "one of another name": lambda place, _: place("a", colour="b"),
    "one twice": lambda place, _: place("a", street="b"),
    "by name alone": lambda place, house: house(place("a")),
    "own words": lambda place, house: house(place=place("a")),
    "equal": lambda place, _: (place("a") == place("a"), place("a") == place("b")),
    "equal but for what is not compared": lambda place, _: place("a") == place("a", notes=["c"]),
    "equal to another kind": lambda place, house: place("a") == house(place="a", floors=""),
    "hash": lambda place, _: len({place("a"), place("a", notes=["c"]), place("b")}),
    "hash of a list": lambda place, house: {house(place=place("a")): 1} == {1: 2},
    "set": lambda place, _: setattr(place("a"), "street", "b"),
    "set another": lambda place, _: setattr(place("a"), "colour", "b"),
    "delete": lambda place, _: delattr(place("a"), "street"),
    "replaced": lambda place, _: dataclasses.replace(place("a"), street="b"),
    "replaced by a wrong one": lambda place, _: dataclasses.replace(place("a"), street=""),
    "as a dictionary": lambda place, house: dataclasses.asdict(house(place=place("a"))),
    "its fields": lambda _, house: [entry.name for entry in dataclasses.fields(house)],
    "frozen": lambda _, house: house.__dataclass_params__.frozen,
}


@pytest.mark.parametrize("trial", TRIALS)
def test_a_light_dataclass_is_like_the_librarys(trial: str) -> None:
    def outcome(dataclass: Any) -> object:
        try:
            return repr(TRIALS[trial](*classes(dataclass)))
        except Exception as error:  # noqa: BLE001  # whichever it is
            return type(error)

    assert outcome(values.dataclass) == outcome(dataclasses.dataclass)
