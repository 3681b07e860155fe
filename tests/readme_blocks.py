"""The fenced code blocks of a Markdown file, each with the words that stand behind its fence.

python tests/readme_blocks.py try      prints the block of README.md that begins ```sh try
"""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

README = Path(__file__).parents[1] / "README.md"
_BLOCK = re.compile(
    r"^(?P<indent> *)```(?P<language>\w+)(?: (?P<name>[^\n]+))?\n(?P<text>.*?)^(?P=indent)```$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """One block; `name` is what follows the language, which GitHub does not show."""

    language: str
    name: str
    text: str


def blocks(path: Path = README) -> list[Block]:
    """Return the blocks in their order, without their indentation."""
    return [
        Block(
            found["language"],
            found["name"] or "",
            re.sub(f"(?m)^{found['indent']}", "", found["text"]),
        )
        for found in _BLOCK.finditer(path.read_text(encoding="utf-8"))
    ]


def block(name: str) -> str:
    """Return the text of the one block with that name."""
    (text,) = (one.text for one in blocks() if one.name == name)
    return text


if __name__ == "__main__":
    sys.stdout.write(block(sys.argv[1]))
