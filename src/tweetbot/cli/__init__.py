"""What a person types and reads: the only room that prints.

`commands` has the table of commands; each has a file of its own, loaded when it is asked for.
`options`, `inputs` and `collaborators` are what several of them share; `terminal` speaks to the
person, and `edge` turns every error into a message and an exit code, once. Nobody uses this room
but `python -m tweetbot` and the script; it uses all others.
"""

from tweetbot.cli.commands import cli, main

__all__ = ["cli", "main"]
