"""The one HTTP client of a run: deadlines, whether a request left, and `-v`.

httpx has no total time-out (a server that drips keeps a call alive for ever), and the class of
its exceptions does not say whether the request left the machine. Both matter here: a post must
never be sent twice. So each exchange runs in a thread that can be given up at the deadline, and
httpcore's `trace` extension tells when the first byte of the request is about to be written.
"""

from tweetbot.doors import shut

# httpx has a command line of its own, drawn by rich, and httpcore looks for asynchronous networks:
# 30 ms where they are installed.
with shut("httpx._main", "anyio", "trio"):
    import httpcore  # noqa: F401  # which httpx loads late
    import httpx  # noqa: F401

from tweetbot.x.transport.client import Transport
from tweetbot.x.transport.exchange import MAX_BODY, Party

__all__ = ["MAX_BODY", "Party", "Transport"]
