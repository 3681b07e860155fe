"""Time the next item of a long list, and measure the memory that it takes, in both orders.

python tests/benchmarks/lists.py [LINES]

Lines of text, rows of a CSV table, and a folder of a tenth as many files.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tweetbot.sources import Cursor, Nothing, Order, Remembered, listed

ORDERS: tuple[Order, ...] = ("shuffle", "file")


def fact(number: int) -> str:
    return f"Fact {number}: foxes use the earth's magnetic field when they hunt mice."


def lines(folder: Path, count: int) -> Path:
    path = folder / "facts.txt"
    with path.open("w") as file:
        file.writelines(f"{fact(number)}\n" for number in range(count))
    return path


def table(folder: Path, count: int) -> Path:
    path = folder / "facts.csv"
    with path.open("w") as file:
        file.write("text;media;alt;notes\n")
        file.writelines(f'"{fact(number)}";;;{number}\n' for number in range(count))
    return path


def files(folder: Path, count: int) -> Path:
    path = folder / "facts"
    path.mkdir()
    for number in range(count // 10):
        (path / f"{number // 2}.{'txt' if number % 2 else 'jpg'}").write_text(fact(number))
    return path


KINDS: dict[str, tuple[Callable[[Path, int], Path], Callable[[int], str], int]] = {
    "lines": (lines, fact, 1),
    "rows": (table, fact, 1),
    "files": (files, str, 20),
}


def name_of(item: str, folder: Path) -> str:
    """Return what a cursor calls an item in the order of a file."""
    path = folder / "one.txt"
    path.write_text(f"{item}\n")
    draft = listed(str(path), Remembered("file")).draft(None)
    assert not isinstance(draft, Nothing)
    return str(draft.cursor["last"])


def child(path: str, order: Order, cursor: Any) -> None:
    """Draw the next item in this process alone; print seconds and kilobytes more than before."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    listed(path, Remembered(order)).draft(cursor)
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([seconds, after - before, after]))


def measured(path: Path, order: Order, cursor: Any) -> str:
    command = [sys.executable, __file__, "--child", str(path), order, json.dumps(cursor)]
    runs = [json.loads(subprocess.check_output(command)) for _ in range(3)]
    seconds, more, peak = min(runs)
    return f"{seconds:6.2f} s, {more / 1024:5.1f} MB more, {peak / 1024:5.1f} MB at its peak"


def cursors_of(last: str, midway: str, count: int) -> dict[str, dict[Order, Any]]:
    """Where a cycle begins, goes on (the last item still there, or gone), and ends."""
    middle = f"{2**95:024x}"
    return {
        "the first": {"shuffle": None, "file": None},
        "the middle": {
            "shuffle": Cursor("shuffle", middle, middle).written(),
            "file": Cursor("file", midway, place=count // 2).written(),
        },
        "it is gone": {
            "shuffle": Cursor("shuffle", f"{2**95 + 1:024x}", middle).written(),
            "file": Cursor("file", middle, place=count // 2).written(),
        },
        "a new cycle": {
            "shuffle": Cursor("shuffle", "f" * 24, middle).written(),
            "file": Cursor("file", last, place=count - 1).written(),
        },
    }


def main(count: int) -> None:
    for kind, (write, item, files_each) in KINDS.items():
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            path, number = write(folder, count), count // files_each
            print(f"{kind}: {number} items of {count // (10 if kind == 'files' else 1)}")
            last, midway = (name_of(item(n), folder) for n in (number - 1, number // 2))
            for where, of in cursors_of(last, midway, number).items():
                for order in ORDERS:
                    print(f"{where:<12} {order:<8} {measured(path, order, of[order])}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], json.loads(sys.argv[4]))  # type: ignore[arg-type]
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
