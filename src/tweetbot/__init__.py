"""tweetbot: log a Twitter/X bot in once, then post from cron or CI."""

__version__ = "0.2.0"
