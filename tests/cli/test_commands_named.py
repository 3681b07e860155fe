"""Every command that the program tells a person to type is one, with the options it has now."""

from __future__ import annotations

import ast
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tweetbot.cli.commands import command as load

SOURCES = Path(__file__).parents[2] / "src/tweetbot"
# In back quotes, behind a colon to the end of the line or a pipe, or in brackets.
NAMED = re.compile(r"`tweetbot ([^`]+)`|: tweetbot (\w[^|\n]*)|\(tweetbot ([^|<)]+)")
PATTERN = re.compile(r"\\|\[\^")  # what looks for such words instead of naming them
PLACE = "SOMETHING"  # stands where the program fills something in
FREE = ("--help", PLACE)  # no command, or one that the program has looked up


def strings(node: ast.AST) -> Iterator[str]:
    """Yield the strings below a node, docstrings included, with `PLACE` for what they hold."""
    if isinstance(node, ast.JoinedStr):
        parts = (part.value if isinstance(part, ast.Constant) else PLACE for part in node.values)
        yield "".join(map(str, parts))
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    else:
        for child in ast.iter_child_nodes(node):
            yield from strings(child)


def without_metavar(line: str) -> str:
    """Return a line as a person would type it: the amount filled in, the next sentence left out."""
    return line.split(". ")[0].replace("USD", "5").rstrip(". ")


def command_lines() -> list[str]:
    """Return what stands behind `tweetbot` wherever the program names a command."""
    return sorted(
        {
            without_metavar("".join(found.groups("")))
            for path in SOURCES.rglob("*.py")
            for text in strings(ast.parse(path.read_text(encoding="utf-8")))
            for found in NAMED.finditer(text)
            if not PATTERN.search(found[0])
        }
    )


@pytest.mark.parametrize("line", command_lines())
def test_a_command_that_is_named_can_be_typed(line: str) -> None:
    first, *args = shlex.split(line)
    if first in FREE:
        return
    command = load(first)
    if args:  # without any, it is the command that is named, not a line to type
        command.make_context(first, args)


def test_the_commands_are_found() -> None:
    lines = command_lines()
    assert len(lines) > 20
    assert {"auth", "auth --force", f"auth -p {PLACE}", f"export -p {PLACE}"} <= set(lines)


@pytest.mark.parametrize("line", ["login", "auth --frobnicate", "auth --account"])
def test_one_that_cannot_be_typed_is_noticed(line: str) -> None:
    with pytest.raises((ImportError, click.UsageError)):
        test_a_command_that_is_named_can_be_typed(line)
