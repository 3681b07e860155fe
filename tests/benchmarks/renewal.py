"""What the prepared save of a renewed token costs next to a plain one.

    python tests/benchmarks/renewal.py [ROUNDS]

Two whole processes alternate, each `tweetbot post` with a renewal against a local X in another
process: one as it is, one with the rehearsal, the slot and the held-back signals left out. Printed
is the median of the paired ratios, by the clock and by the processor's time.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

from local_x import certificate, local_x
from post import Program, Row, age, write

AS_IT_IS = "from tweetbot.cli import main; main()"
PLAIN = """
from contextlib import contextmanager
from tweetbot.store.folder import FileStore

class Plain:
    def __init__(self, store):
        self.commit = store.save

@contextmanager
def prepare(self, current, *, planned=None):
    yield Plain(self)

FileStore.prepare = prepare
from tweetbot.cli import main
main()
"""


def main(rounds: int) -> None:
    """Time both `rounds` times, alternating; print medians of times and of ratios."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        path = folder / "default.json"
        with local_x(certificate(folder)) as (place, *_):
            write(path, place)
            environ = {**os.environ, **place.environ, "TWEETBOT_CONFIG_DIR": name}

            def aged(text: str) -> list[str]:
                age(path)
                return [text]

            prepared, plain = (
                Program(name, [sys.executable, "-c", program, "post"], environ, aged)
                for name, program in (("prepared", AS_IT_IS), ("plain", PLAIN))
            )
            for number in range(-1, rounds):
                prepared.run(number)
                plain.run(number)
    print(Row(prepared, plain))


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 40)
