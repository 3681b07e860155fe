"""The readers of the syntaxes: each takes a file as its scheduler does, and returns the words."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Sequence
from typing import Any

from ruamel.yaml import YAML


def by_shell(command: str, *, shell: str = "sh", **options: Any) -> list[str]:
    """Let a shell take a command line apart; the words are those that a program would get."""
    script = f'show() {{ for word; do printf "%s\\0" "$word"; done; }}; show {command}'
    done = subprocess.run([shell, "-c", script], capture_output=True, check=True, **options)
    words: list[str] = done.stdout.decode().split("\0")[:-1]
    return words


def by_cron(line: str, *, drops_backslash: bool = False) -> str:
    r"""Return what cron hands to the shell; a bare % ends it.

    Debian's cron takes a backslash away before a % alone, the first Vixie cron before a backslash,
    too.
    """
    command = line.split(maxsplit=5)[5]
    assert not re.search(r"(?<!\\)%", command), "a bare %"
    return re.sub(r"\\([%\\])" if drops_backslash else r"\\(%)", r"\1", command)


def by_yaml(text: str) -> Any:
    return YAML(typ="safe", pure=True).load(text)


def all_by_yaml(text: str) -> list[Any]:
    return list(YAML(typ="safe", pure=True).load_all(text))


def by_kubernetes(word: str) -> str:
    """Put variables in, as the kubelet does: there is none here, so a reference is a fault."""
    assert not re.search(r"(?<!\$)(\$\$)*\$\(", word), "a reference to a variable"
    return word.replace("$$", "$")


def by_windows(line: str) -> list[str]:
    """Take a command line apart as `CommandLineToArgvW` does."""
    words, rest = [], line
    while rest := rest.lstrip(" \t"):
        word, quoted = "", False
        while rest and (quoted or rest[0] not in " \t"):
            slashes = len(rest) - len(rest.lstrip("\\"))
            if rest[slashes : slashes + 1] == '"':
                word += "\\" * (slashes // 2) + ('"' if slashes % 2 else "")
                quoted ^= not slashes % 2
                rest = rest[slashes + 1 :]
            else:
                taken = slashes or 1
                word, rest = word + rest[:taken], rest[taken:]
        words.append(word)
    return words


def by_powershell(literal: str) -> str:
    """Evaluate a string of PowerShell that is made of '…' and [char]0x… alone."""
    parts = re.fullmatch(r"\(?((?:'(?:[^']|'')*'|\[char\]0x[0-9a-f]{4}|\+)+)\)?", literal)
    assert parts, literal
    assert literal.isascii()
    found = re.findall(r"'((?:[^']|'')*)'|\[char\]0x([0-9a-f]{4})", parts[1])
    units = "".join(chr(int(code, 16)) if code else text.replace("''", "'") for text, code in found)
    return units.encode("utf-16-le", "surrogatepass").decode("utf-16-le")


def by_docker(line: str, instruction: str) -> list[str]:
    words: Sequence[str] = json.loads(line.removeprefix(f"{instruction} "))
    return list(words)


def by_docker_copy(word: str) -> str:
    """Read a word of `COPY` as BuildKit's `shell/lex.go` does, one that names no variable."""
    read, letters = "", iter(word)
    for letter in letters:
        assert letter not in "\"'$", word
        read += next(letters) if letter == "\\" else letter
    return read
