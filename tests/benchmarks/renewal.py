"""What the prepared save of a renewed token costs next to a plain one.

    python tests/benchmarks/renewal.py [ROUNDS]

Two whole processes alternate, each `tweetbot post` with a renewal against a local X in another
process: one as it is, one with the rehearsal, the slot and the held-back signals left out. Printed
are the medians of the times and of the paired ratios.
"""

from __future__ import annotations

import multiprocessing
import os
import statistics
import sys
import tempfile
from pathlib import Path

from post import age, seconds, serve, write

AS_IT_IS = "from tweetbot.cli import main; main()"
PLAIN = """
from contextlib import contextmanager
from tweetbot.store.folder import FileStore

class Plain:
    def __init__(self, store):
        self.commit = store.save

@contextmanager
def prepare(self, current):
    yield Plain(self)

FileStore.prepare = prepare
from tweetbot.cli import main
main()
"""


def main(rounds: int) -> None:
    """Time both `rounds` times, alternating; print medians of times and of ratios."""
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.Process(target=serve, args=(theirs,), daemon=True)
    server.start()
    variables, grant = ours.recv()
    times: dict[str, list[float]] = {"prepared": [], "plain": []}
    with tempfile.TemporaryDirectory() as folder:
        environ = {**os.environ, **variables, "TWEETBOT_CONFIG_DIR": folder}
        path = Path(folder) / "default.json"
        write(path, variables, grant)
        for number in range(-1, rounds):  # the first round warms up and does not count
            for name, program in (("prepared", AS_IT_IS), ("plain", PLAIN)):
                age(path)
                command = [sys.executable, "-c", program, "post", f"{name} {number}"]
                spent = seconds(command, environ)
                if number >= 0:
                    times[name].append(spent)
    ours.send(None)
    server.join()
    for name, spent_all in times.items():
        print(f"{name:<10}{statistics.median(spent_all) * 1000:6.0f} ms")
    ratios = [mine / other for mine, other in zip(times["prepared"], times["plain"], strict=True)]
    print(f"prepared / plain: {statistics.median(ratios):.3f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
