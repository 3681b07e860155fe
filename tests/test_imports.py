"""Imports run downwards only, and heavy libraries stay where they belong."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

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
    {"errors"},
)
IMPORTERS = {
    "httpx": {"transport"},
    "authlib": {"oauth"},
    "click": {
        "auth",
        "commands",
        "edge",
        "export",
        "import_",
        "logout",
        "options",
        "post",
        "renew",
        "sandbox",
        "status",
        "terminal",
    },
    "platformdirs": {"settings"},
    "redis": {"redis"},
}


def imports(path: Path) -> set[str]:
    """Return every module that `path` imports, anywhere in it, by its dotted name."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: a relative import"
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def files(name: str) -> list[Path]:
    """Return the files of a module, which may be a package."""
    module = SOURCE / f"{name}.py"
    return [module] if module.exists() else sorted((SOURCE / name).rglob("*.py"))


def modules(name: str) -> set[str]:
    """Return the other modules of tweetbot that the module `name` imports."""
    parts = (line.split(".") for path in files(name) for line in imports(path))
    return {part[1] for part in parts if part[0] == "tweetbot"} - {"__version__", name}


def test_every_module_has_its_row() -> None:
    names = {path.stem for path in SOURCE.glob("*.py")} - {"__init__"}
    packages = {path.parent.name for path in SOURCE.glob("*/__init__.py")} - {"sandbox"}
    assert names | packages == set().union(*ROWS)


@pytest.mark.parametrize("row", range(len(ROWS)))
def test_imports_run_downwards(row: int) -> None:
    below = set().union(*ROWS[row + 1 :])
    for name in sorted(ROWS[row]):
        allowed = below | ({"sandbox"} if name == "cli" else set())
        assert modules(name) <= allowed, name


def test_the_sandbox_stands_alone() -> None:
    assert modules("sandbox") == set()


@pytest.mark.parametrize("library", IMPORTERS)
def test_a_library_has_one_door(library: str) -> None:
    doors = {
        path.stem
        for path in SOURCE.rglob("*.py")
        if any(name.split(".")[0] == library for name in imports(path))
    }
    assert doors == IMPORTERS[library]


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
