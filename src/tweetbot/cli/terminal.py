"""The person at the terminal: what is said, shown and asked.

Standard output carries the result alone; everything else goes to standard error. Any of the
three standard streams may be closed (cron, a container). This is the one place through which words
go out, and many of them are somebody else's: nothing that leaves here steers a terminal or a CI.
"""

from __future__ import annotations

import errno
import os
import re
import select
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

import click

from tweetbot.foreign import printable

if TYPE_CHECKING:
    from queue import SimpleQueue

_STDIN, _STDOUT, _STDERR = 0, 1, 2
# What GitHub's runner takes for a command: at the start of a line, and its older kind anywhere
# (docs.github.com, actions/reference/workflow-commands-for-github-actions).
_CI_COMMAND = r"(?m)^(?=[^\S\n]*::)"
_OLD_CI_COMMAND = "##["
_OWN_CI_COMMAND = "::add-mask::"


def tell(line: str) -> None:
    """Say something to the person, on standard error; never fails."""
    try:
        click.echo(_harmless(line), err=True)
    except (OSError, ValueError):
        _discard(_STDERR)


def show(result: str) -> None:
    """Print the result on standard output.

    That it cannot be printed (a closed pipe, a full disk) must not turn a post into a failure.
    """
    result = _harmless(result)
    try:
        _print(result)
    except (OSError, ValueError) as error:
        why = (isinstance(error, OSError) and error.strerror) or "it is closed"
        tell(f"Standard output takes nothing ({why}); the result was: {result}")
        _discard(_STDOUT)
    else:
        if sys.stdout is None:  # closed before Python began: click says nothing then
            tell(f"Standard output takes nothing (it is closed); the result was: {result}")


def give_up_output(error: OSError) -> None:
    """Say that standard output took nothing of a help, and leave it alone from now on."""
    tell(f"Standard output takes nothing ({error.strerror}).")
    _discard(_STDOUT)


def show_text(text: str) -> None:
    """Print a text that somebody wrote, its lines as lines; in a CI, each behind a mark."""
    show(re.sub("^", "| ", printable(text), flags=re.MULTILINE) if _is_ci() else text)


def _print(result: str) -> None:
    try:
        click.echo(result)
    except UnicodeEncodeError:  # Windows' code pages; a cron without a locale has UTF-8
        encoding = sys.stdout.encoding
        click.echo(result.encode(encoding, "backslashreplace").decode(encoding))
        tell(
            f"Standard output ({encoding}) cannot show every character; the others are written as"
            " \\u and their number. Set PYTHONUTF8=1 to see them."
        )
    if sys.stdout:
        sys.stdout.flush()


def _harmless(words: str) -> str:
    """Return words as they may go out: no control characters, nothing that a CI obeys."""
    words = printable(words)
    if _is_ci() and not words.startswith(_OWN_CI_COMMAND):
        words = re.sub(_CI_COMMAND, "| ", words.replace(_OLD_CI_COMMAND, "## ["))
    return words


def _is_ci() -> bool:
    return bool(os.environ.get("GITHUB_ACTIONS"))


def _discard(descriptor: int) -> None:
    """Send what is left in a broken stream nowhere, or Python's end would be an exit with 120."""
    with suppress(OSError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), descriptor)


def show_json(fields: object) -> None:
    """Print the result as one JSON object."""
    import json  # late: `--help` needs none

    show(json.dumps(fields))


def write_out(document: bytes) -> None:
    """Write `document` to standard output; raises `OSError` unless all of it was taken."""
    if sys.stdout is None:  # closed before Python began: descriptor 1 may be another file by now
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))
    rest = memoryview(document)
    while rest:
        rest = rest[os.write(_STDOUT, rest) :]


def has_reader() -> bool:
    """Whether somebody reads standard output, as far as the system tells: of a pipe it does."""
    if not hasattr(select, "poll"):  # Windows
        return True
    poll = select.poll()
    poll.register(_STDOUT, 0)
    return not any(event & (select.POLLERR | select.POLLNVAL) for _, event in poll.poll(0))


class Terminal:
    """Asks on the terminal, if there is one, and hears what is typed while something else waits.

    Once `hear` was called, a thread reads standard input for as long as the process lives: a read
    of a terminal cannot be called off. So its lines then answer later questions, too, unless they
    were typed before them.
    """

    def __init__(self) -> None:
        self.interactive = is_terminal(sys.stdin) and is_terminal(sys.stderr)
        self._listener: Callable[[str], None] | None = None
        self._lines: SimpleQueue[str] | None = None  # while a thread reads

    def tell(self, line: str) -> None:
        """Say something to the person."""
        tell(line)

    def ask(self, question: str) -> str:
        """Ask, and return the answer without its newline; the end of input is a Ctrl-C.

        What was typed before the question does not answer it: a second Enter after a paste, say.
        """
        self._forget()
        click.echo(_harmless(question), err=True, nl=False)
        line = self._lines.get() if self._lines else _read_line()
        if not line:
            raise KeyboardInterrupt
        return line.rstrip("\r\n")

    def _forget(self) -> None:
        """Drop the lines that are waiting, but for the end of input."""
        if not self.interactive:
            return
        with suppress(ImportError):  # not on Windows
            import termios

            with suppress(termios.error):
                termios.tcflush(_STDIN, termios.TCIFLUSH)
        while self._lines and not self._lines.empty():
            if not self._lines.get():
                self._lines.put("")
                return

    def ask_secret(self, question: str) -> str:
        """Ask without echo."""
        import getpass

        return getpass.getpass(question, stream=sys.stderr)

    def hear(self, listener: Callable[[str], None] | None) -> None:
        """Hand each line typed from now on to `listener`; with `None`, keep it for a question."""
        self._listener = listener
        if self.interactive and self._lines is None:
            from queue import SimpleQueue

            lines: SimpleQueue[str] = SimpleQueue()
            with suppress(RuntimeError):  # no more threads: then nobody hears
                threading.Thread(target=self._read, args=(lines,), daemon=True).start()
                self._lines = lines

    def _read(self, lines: SimpleQueue[str]) -> None:
        line = "\n"
        while line:
            line = _read_line()
            listener = self._listener
            if listener and line:
                listener(line)
            else:
                lines.put(line)


def _read_line() -> str:
    """Read what was typed up to Enter; empty at the end of input.

    From the descriptor: a thread that waits inside `sys.stdin` would stop Python from ending.
    """
    try:
        return os.read(_STDIN, 65536).decode(errors="replace")
    except OSError:
        return ""


def is_terminal(stream: object) -> bool:
    """Whether `stream` is open and a person's terminal."""
    try:
        return bool(stream and stream.isatty())  # type: ignore[attr-defined]
    except ValueError:  # closed
        return False
