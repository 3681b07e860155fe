"""What makes a scheduler run this very bot: so far, a crontab line.

For `cli`. Uses nothing of the other rooms.
"""

from tweetbot.schedule.cron import crontab_line, is_fleeting

__all__ = ["crontab_line", "is_fleeting"]
