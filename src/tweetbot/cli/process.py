"""The process of a command line: how it begins, and how it ends."""

from __future__ import annotations

import atexit
import gc
import os
import sys
import threading
from typing import NoReturn

_RARELY = 200_000  # new objects between two looks for garbage, Python's being 700
_ROOM = 20_000  # values on the stack of Python's functions


def main() -> NoReturn:
    """Run the command line of this process.

    Garbage is looked for seldom: most of what a run makes are the modules that it imports.
    """
    gc.set_threshold(_RARELY)
    from tweetbot.cli.commands import cli  # click, too
    from tweetbot.cli.edge import run

    code = run(cli, sys.argv[1:])
    if _may_leave_at_once():
        atexit._run_exitfuncs()  # coverage writes its figures, say
        if _flushed():
            os._exit(code)
    sys.exit(code)


# Python takes memory for its stack by 16 KiB, and gives it back as soon as it can: imports at the
# end of such a piece do both 2,000 times, which takes 10 ms. So the first function takes a piece in
# which all others have room.
main.__code__ = main.__code__.replace(co_stacksize=_ROOM)


def _may_leave_at_once() -> bool:
    """Whether nobody waits for the interpreter's own end, which takes longer than a post's.

    A thread that is waited for, a debugger, a profile, `python -i`.
    """
    others = (thread for thread in threading.enumerate() if thread is not threading.main_thread())
    watched = sys.gettrace() or sys.getprofile() or sys.flags.inspect
    return not watched and all(thread.daemon for thread in others)


def _flushed() -> bool:
    """Hand on what is printed; an error is left to the interpreter, which reports it."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except (OSError, ValueError):
        return False
    return True
