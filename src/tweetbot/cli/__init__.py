"""What a person types and reads: the only room that prints.

`process` is where a run begins and ends. `commands` has the table of commands; each has a file of
its own, loaded when it is asked for. `options`, `inputs`, `collaborators` and `arrival` are what
several of them share; `terminal` speaks to the person, and `edge` turns every error into a message
and an exit code, once. For the script and `python -m tweetbot` alone. Uses all other rooms.
"""

from tweetbot.cli.process import main

__all__ = ["main"]
