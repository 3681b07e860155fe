"""Imports run downwards only, and heavy libraries stay where they belong."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from functools import cache
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

import tweetbot

SOURCE = Path(tweetbot.__file__).parent
# From top to bottom; modules of one row do not import each other.
ROWS = (
    {"__main__"},
    {"cli"},
    {"login", "posting", "preview", "status", "moving", "schedule"},
    {"sources", "x", "store"},
    {"draft"},
    {"text"},
    {"profile", "settings"},
    {"money"},
    {"errors", "foreign"},
    {"doors", "values"},
)
DOORS = {
    "httpx": {"x/transport"},
    "authlib": {"x/oauth"},
    "click": {"cli"},
    "platformdirs": {"settings"},
    "redis": {"store/redis_server"},
    "feedparser": {"sources/xml_feed"},
    "cryptography": {"store/key"},
}


@cache
def imports(path: Path) -> frozenset[str]:
    """Return every module that `path` imports, anywhere in it, by its dotted name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(found)


def files(name: str) -> list[Path]:
    """Return the files of a module, which may be a package."""
    module = SOURCE / f"{name}.py"
    return [module] if module.exists() else sorted((SOURCE / name).rglob("*.py"))


def modules(name: str) -> set[str]:
    """Return the other modules of tweetbot that the module `name` imports."""
    parts = (line.split(".") for path in files(name) for line in imports(path))
    return {part[1] for part in parts if part[0] == "tweetbot"} - {"__version__", name}


ROOMS = sorted(path.parent.name for path in SOURCE.glob("*/__init__.py"))


def test_every_module_has_its_row() -> None:
    names = {path.stem for path in SOURCE.glob("*.py")} - {"__init__"}
    assert names | set(ROOMS) - {"sandbox"} == set().union(*ROWS)


@pytest.mark.parametrize("row", range(len(ROWS)))
def test_imports_run_downwards(row: int) -> None:
    below = set().union(*ROWS[row + 1 :])
    for name in sorted(ROWS[row]):
        allowed = below | ({"sandbox"} if name == "cli" else set())
        assert modules(name) <= allowed, name


def test_the_sandbox_stands_alone() -> None:
    assert modules("sandbox") == set()


def outside(room: Path) -> list[Path]:
    return [path for path in SOURCE.rglob("*.py") if room not in path.parents]


@pytest.mark.parametrize("room", ROOMS)
def test_nobody_reaches_past_the_face_of_a_room(room: str) -> None:
    face = set(import_module(f"tweetbot.{room}").__all__)
    taken = {
        name.removeprefix(f"tweetbot.{room}.")
        for path in outside(SOURCE / room)
        for name in imports(path)
        if name.startswith(f"tweetbot.{room}.")
    }
    assert taken <= face


@pytest.mark.parametrize("room", ROOMS)
def test_every_name_of_a_face_is_there(room: str) -> None:
    module = import_module(f"tweetbot.{room}")
    for name in module.__all__:
        assert not isinstance(getattr(module, name), ModuleType), name
    with pytest.raises(AttributeError):
        module.something_else  # noqa: B018  # asked for, and not there


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_what_it_is_for_and_who_may_use_it(room: str) -> None:
    said = import_module(f"tweetbot.{room}").__doc__ or ""
    assert {"For", "Uses"} <= set(re.findall(r"\b(?:For|Uses)\b", said))


def test_frozen_dataclasses_are_the_light_ones() -> None:
    alone = SOURCE / "sandbox", SOURCE / "values.py"
    for path in SOURCE.rglob("*.py"):
        if not any(one in (path, *path.parents) for one in alone):
            assert "dataclasses.dataclass" not in imports(path), path


@pytest.mark.parametrize("library", DOORS)
def test_a_library_has_one_door(library: str) -> None:
    importers = [
        path.relative_to(SOURCE).with_suffix("").as_posix()
        for path in SOURCE.rglob("*.py")
        if any(name.split(".")[0] == library for name in imports(path))
    ]
    assert importers
    for importer in importers:
        assert any(f"{importer}/".startswith(f"{door}/") for door in DOORS[library]), importer


@pytest.mark.parametrize(
    "args", [["--help"], ["-h"], ["--version"], ["post", "--help"], ["post", "x" * 300]]
)
def test_a_light_command_loads_no_http_library(args: list[str]) -> None:
    run = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "tweetbot", *args],
        capture_output=True,
        text=True,
        check=False,
    )
    loaded = {line.rpartition("|")[2].strip().split(".")[0] for line in run.stderr.splitlines()}
    assert "click" in loaded
    assert not loaded & {"httpx", "httpcore", "authlib", "platformdirs"} - (
        {"platformdirs"} if args[0] == "post" else set()
    )


def test_what_the_http_library_does_without_is_not_loaded_and_stays_there_for_others() -> None:
    program = (
        "import sys, tweetbot.x, httpx, httpcore\n"
        "print({'httpx._main', 'rich', 'pygments', 'anyio', 'trio'} & set(sys.modules))\n"
        "import anyio\n"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (run.stdout, run.stderr) == ("set()\n", "")
