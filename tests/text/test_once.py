"""A text is measured once: where it becomes a draft, and nowhere after that."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

import pytest

from tweetbot.text import measure

if TYPE_CHECKING:
    from tests.conftest import Bot

FACTS = ("One", "Two", "Three", "Four", "Five")


@contextmanager
def measured() -> Iterator[list[str]]:
    """Write down each text that this thread measures."""
    texts: list[str] = []

    def note(frame: FrameType, event: str, _arg: Any) -> None:
        if event == "call" and frame.f_code is measure.__code__:
            texts.append(frame.f_locals["text"])

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        yield texts
    finally:
        sys.setprofile(before)


@pytest.mark.parametrize("args", [(), ("--dry-run",), ("--json",)])
def test_a_run_measures_its_text_once(bot: Bot, args: tuple[str, ...]) -> None:
    bot.make_due()
    with measured() as texts:
        assert bot.run("post", "Hello", *args).code == 0
    assert texts == ["Hello"]


@pytest.mark.parametrize("args", [(), ("--dry-run",)])
def test_a_list_is_measured_by_item_in_a_dry_run_alone(
    bot: Bot, tmp_path: Path, args: tuple[str, ...]
) -> None:
    path = tmp_path / "facts.txt"
    path.write_text("\n".join(FACTS))
    with measured() as texts:
        assert bot.run("post", "--list", str(path), "--order", "file", *args).code == 0
    assert sorted(texts) == sorted(FACTS if args else FACTS[:1])
