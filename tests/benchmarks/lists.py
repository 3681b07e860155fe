"""Time the next item of a long list, and measure the memory that it takes, in both orders.

python tests/benchmarks/lists.py [LINES]
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from tweetbot.sources import Cursor, Order, listed

ORDERS: tuple[Order, ...] = ("shuffle", "file")


def fact(number: int) -> str:
    return f"Fact {number}: foxes use the earth's magnetic field when they hunt mice.\n"


def name_of(line: str, folder: str) -> str:
    """Return what a cursor calls an item in the order of a file."""
    path = Path(folder) / "one.txt"
    path.write_text(line)
    return str(listed(str(path), order="file").draft(None).cursor["last"])


def child(path: str, order: Order, cursor: Any) -> None:
    """Draw the next item in this process alone; print seconds and kilobytes more than before."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    listed(path, order=order).draft(cursor)
    seconds = time.perf_counter() - began
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(json.dumps([seconds, after - before, after]))


def measured(path: Path, order: Order, cursor: Any) -> str:
    command = [sys.executable, __file__, "--child", str(path), order, json.dumps(cursor)]
    runs = [json.loads(subprocess.check_output(command)) for _ in range(3)]
    seconds, more, peak = min(runs)
    return f"{seconds:6.2f} s, {more / 1024:5.1f} MB more, {peak / 1024:5.1f} MB at its peak"


def main(lines: int) -> None:
    """Measure where a cycle begins, goes on (the last item still there, or gone), and ends."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "facts.txt"
        with path.open("w") as file:
            file.writelines(map(fact, range(lines)))
        print(f"{lines} lines, {path.stat().st_size / 2**20:.0f} MB (the best of three)")
        last, midway = (name_of(fact(n), folder) for n in (lines - 1, lines // 2))
        middle = f"{2**95:024x}"
        cursors: dict[str, dict[Order, Any]] = {
            "the first": {"shuffle": None, "file": None},
            "the middle": {
                "shuffle": Cursor("shuffle", middle, middle).written(),
                "file": Cursor("file", midway, place=lines // 2).written(),
            },
            "it is gone": {
                "shuffle": Cursor("shuffle", f"{2**95 + 1:024x}", middle).written(),
                "file": Cursor("file", middle, place=lines // 2).written(),
            },
            "a new cycle": {
                "shuffle": Cursor("shuffle", "f" * 24, middle).written(),
                "file": Cursor("file", last, place=lines - 1).written(),
            },
        }
        for name, of in cursors.items():
            for order in ORDERS:
                print(f"{name:<12} {order:<8} {measured(path, order, of[order])}")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], sys.argv[3], json.loads(sys.argv[4]))  # type: ignore[arg-type]
    else:
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000)
