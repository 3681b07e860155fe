"""Time `measure`: on texts of 280 characters, and on the worst strings of 25,000.

python tests/benchmarks/text.py
"""

from __future__ import annotations

import sys
import time

from tweetbot.text.weight import LONG_LIMIT, measure

USUAL = {
    "letters": "The quick brown fox jumps over the lazy dog. ",
    "a link": "Read https://example.com/a_(b)?c=d or example.org today. ",
    "emoji": "👋🏽 and 👨‍👩‍👧‍👦 and 🇩🇪! ",
    "Japanese": "これは日本語です。",
    "decomposed": "cafe\u0301 and nai\u0308ve ",
}
WORST = {
    "a.": "a.",
    "a.com/(": "a.com/(",
    "a.com ": "a.com ",
    "http://": "http://",
    "http://a.": "http://a.",
    "@": "@",
    "$A ": "$A ",
    "中.": "中.",
    "中a.com": "中a.com",
    "👋\u200d": "👋\u200d",
    "e\u0301": "e\u0301",
    # CPython sorts marks pair by pair; no rule of ours is at work here.
    "marks to sort": "\u0301\u0323",
}


def _milliseconds(text: str, *, rounds: int) -> float:
    def once() -> float:
        started = time.perf_counter()
        measure(text)
        return time.perf_counter() - started

    return 1_000 * min(once() for _ in range(rounds))


def _table(parts: dict[str, str], *, length: int, rounds: int) -> str:
    lines = [f"{length} characters"]
    for name, part in parts.items():
        text = (part * (length // len(part) + 1))[:length]
        lines.append(f"  {name!r:24} {_milliseconds(text, rounds=rounds):8.3f} ms")
    return "\n".join(lines) + "\n"


def main() -> None:
    started = time.perf_counter()
    measure("example.com 中.中国 👋")
    first = 1_000 * (time.perf_counter() - started)
    sys.stdout.write(f"the first, expressions and list included: {first:.1f} ms\n")
    sys.stdout.write(_table(USUAL, length=280, rounds=50))
    sys.stdout.write(_table(WORST, length=3_000, rounds=10))
    sys.stdout.write(_table(WORST, length=LONG_LIMIT, rounds=3))


if __name__ == "__main__":
    main()
