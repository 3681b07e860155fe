"""What schedulers need to run this very bot: a crontab line, units, workflows, images.

`kinds` is the table: a scheduler is one function in a file of its own and one row there. `job` says
what is to run, `plan` what a kind makes of it, `words` how each syntax quotes. For `cli`, which
parses the options of `post`, prints and writes. Uses `errors`.
"""

from tweetbot.schedule.fleeting import warnings
from tweetbot.schedule.job import Here, Job, Word, read_here
from tweetbot.schedule.kinds import KINDS, Kind
from tweetbot.schedule.plan import File, Plan
from tweetbot.schedule.repository import root
from tweetbot.schedule.times import At, read_at, usual
from tweetbot.schedule.words import shell_line
from tweetbot.schedule.zone import Zone, read_zone

__all__ = [
    "KINDS",
    "At",
    "File",
    "Here",
    "Job",
    "Kind",
    "Plan",
    "Word",
    "Zone",
    "read_at",
    "read_here",
    "read_zone",
    "root",
    "shell_line",
    "usual",
    "warnings",
]
