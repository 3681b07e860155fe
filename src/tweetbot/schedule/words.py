r"""How each syntax writes a word so that its reader gets that word back, whatever stands in it.

What no terminal shows (line breaks, tabs, marks of direction, unassigned characters) is coded, so
a file can be printed and read. Each function says where its syntax is defined.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from collections.abc import Callable, Iterable

_JOINERS = "\u200c\u200d"  # emoji and several scripts are made of them
_PLAIN_SYSTEMD = re.compile(r"[\w@+=:,./-]+", re.ASCII)


def _is_odd(character: str) -> bool:
    return not character.isprintable() and character not in _JOINERS


def _coded(text: str, code: Callable[[str], str], *, also: str = "") -> str:
    """Return `text` with a code for each odd character, and for each one in `also`."""
    return "".join(code(char) if _is_odd(char) or char in also else char for char in text)


def _octal(char: str) -> str:
    return "".join(f"\\0{byte:03o}" for byte in char.encode())


def _unicode(char: str) -> str:
    return f"\\u{ord(char):04x}" if char <= "\uffff" else f"\\U{ord(char):08x}"


def shell(word: str, *, never: str = "") -> str:
    """Quote for a POSIX shell, in one line; none of the characters in `never` is in it.

    `printf %b` makes line breaks (POSIX, printf); one at the end of a word gets lost.
    """
    if not any(_is_odd(char) or char in never for char in word):
        return shlex.quote(word)
    coded = _coded(word, _octal, also="\\")
    return f'"$(printf %b {shlex.quote(coded)})"'


def shell_line(words: Iterable[str]) -> str:
    return " ".join(map(shell, words))


def cron(word: str) -> str:
    """Quote for the shell that cron starts; its per cent signs are escaped with the line.

    Some crons take a backslash away before a backslash: two never stand side by side.
    """
    return shell(word, never="\\")


def github(word: str) -> str:
    """Quote for a `run` line of GitHub, which puts in what stands in `${{ }}` before any shell."""
    # docs.github.com, actions/reference/security/secure-use, "script injections"
    return shell(word).replace("${{", "$''{{")


def systemd(word: str, *, expands: bool = True) -> str:
    """Quote for a unit (systemd.service(5), "Command lines"); a command line `expands` `$`."""
    if _PLAIN_SYSTEMD.fullmatch(word):
        return word
    word = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    coded = _coded(word.replace("$", "$$") if expands else word, _unicode)
    return f'"{coded}"'


def yaml(text: str) -> str:
    """Write a scalar of YAML 1.2 in double quotes (§7.3.1)."""
    coded = _coded(text.replace("\\", "\\\\").replace('"', '\\"'), _unicode)
    return f'"{coded}"'


def yaml_list(words: Iterable[str]) -> str:
    return f"[{', '.join(map(yaml, words))}]"


def kubernetes(word: str) -> str:
    """Escape what Kubernetes would put in for `$(NAME)` in the arguments of a container."""
    # kubernetes.io/docs, "Define a command and arguments for a container": $$ stands for $
    return word.replace("$", "$$")


def xml(text: str) -> str:
    """Code what no terminal shows in the text of an XML document that is there already."""
    return "".join(
        f"&#x{ord(char):x};" if _is_odd(char) and char not in "\n\t" else char for char in text
    )


def windows_line(words: Iterable[str]) -> str:
    """Return the command line from which a Windows program takes its words."""
    return subprocess.list2cmdline(words)


def powershell(text: str) -> str:
    """Write a string of PowerShell in ASCII, for its version 5.1 takes a file for ANSI.

    Inside of single quotes nothing is expanded (about_Quoting_Rules); what ASCII lacks is added by
    its code, as UTF-16 has it.
    """
    quoted = "'" + text.replace("'", "''") + "'"
    coded = re.sub(r"[^ -~]+", _characters, quoted)
    return quoted if coded == quoted else f"({coded})"


def _characters(found: re.Match[str]) -> str:
    units = found[0].encode("utf-16-be")
    codes = (int.from_bytes(units[at : at + 2]) for at in range(0, len(units), 2))
    return "'" + "".join(f"+[char]0x{code:04x}" for code in codes) + "+'"


def json_list(words: Iterable[str]) -> str:
    """Write the JSON form of a Dockerfile's line."""
    return re.sub(
        "[^\x20-\x7e]",
        lambda found: json.dumps(found[0])[1:-1] if _is_odd(found[0]) else found[0],
        json.dumps(list(words), ensure_ascii=False),
    )


def docker_word(path: str) -> str:
    """Escape what `COPY` reads as a shell does, in JSON too (moby/buildkit, `shell/lex.go`)."""
    return re.sub(r"([\\\"'$])", r"\\\1", path)


def docker_source(path: str) -> str:
    """Escape what `COPY` takes for a pattern as well (docs.docker.com, Dockerfile, `COPY`)."""
    return docker_word(re.sub(r"[*?\[]", r"[\g<0>]", path.replace("\\", r"\\")))
