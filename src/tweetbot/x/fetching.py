"""Fetch what a feed's address leads to: redirects, the server's validators, a total deadline.

No credentials go along, ever: no token, no cookie of another run, no user of a URL or of `.netrc`.
A redirect may not lead into the own network, unless the address that was given is there, too: a
stranger's server must not choose what this machine asks its neighbours.
"""

from __future__ import annotations

import re
import time
from dataclasses import field
from email.utils import parsedate_to_datetime
from urllib.parse import urljoin, urlsplit, urlunsplit

from tweetbot.errors import AnswerLost, ConfigurationError, NotSent, Temporary
from tweetbot.foreign import address
from tweetbot.values import dataclass
from tweetbot.x.answer import Answer
from tweetbot.x.limits import retry_after
from tweetbot.x.private import is_public, names_private
from tweetbot.x.transport import Party, Transport

LARGEST_FEED = 10 * 1024 * 1024  # bytes, unpacked
_MOST_REDIRECTS = 10
_LONGEST_PAUSE = 366 * 86400  # seconds that a server may ask for
_PERMANENT = (301, 308)  # RFC 9110 §15.4
_REDIRECTS = (*_PERMANENT, 302, 303, 307)
_ACCEPT = (
    "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9,"
    " application/json;q=0.8, */*;q=0.5"
)
_CHARSET = re.compile(r"(?i);\s*charset=\"?([A-Za-z0-9._-]{1,40})")
_WHY = {
    401: "it wants a login (401)",
    403: "the server refuses it (403)",
    404: "there is none (404)",
    410: "there is none any more (410)",
    429: "the server is asked too often (429)",
}


@dataclass(frozen=True)
class Fetched:
    """What was there; `url` is where in the end, `moved_to` where it is for good if elsewhere."""

    content: bytes = field(repr=False)
    url: str
    charset: str = ""
    etag: str = ""
    modified: str = ""
    moved_to: str = ""
    is_unchanged: bool = False


def fetch(
    transport: Transport, url: str, *, deadline: float, etag: str = "", modified: str = ""
) -> Fetched:
    """Fetch `url`; with the validators of an earlier look, the server may say that nothing
    changed. `deadline` is in seconds, for all of it.

    Raises `ConfigurationError` for what is no address of the web, and `Temporary` for whatever
    keeps it from being fetched now.
    """
    _check(url)
    return _Fetching(transport, url, deadline, etag=etag, modified=modified).run()


def _check(url: str) -> None:
    try:
        parts = urlsplit(url)
        is_address = bool(parts.scheme in ("http", "https") and parts.hostname and parts.port != 0)
        has_user = "@" in parts.netloc
    except ValueError:
        is_address = has_user = False
    if has_user:
        raise ConfigurationError(
            "The feed's address has a user or a password in it, and none is ever sent.",
            "Give an address without them; a feed that needs a login can be read by a program:"
            " … | tweetbot post --feed -",
        )
    if not is_address or not url.isprintable() or " " in url:
        raise ConfigurationError(
            f"{address(url)[:200]} is no address of a feed.", "It begins with http:// or https://."
        )


class _Fetching:
    """One look at an address, and at those that it redirects to."""

    def __init__(
        self, transport: Transport, url: str, deadline: float, *, etag: str, modified: str
    ) -> None:
        self._transport = transport
        self._given = url
        self._may_be_private = names_private(url)
        self._headers = {"Accept": _ACCEPT}
        if etag:
            self._headers["If-None-Match"] = etag
        if modified:
            self._headers["If-Modified-Since"] = modified
        self._is_conditional = bool(etag or modified)
        self._deadline = deadline
        self._end = time.monotonic() + deadline

    def run(self) -> Fetched:
        """Follow redirects to the end."""
        url, moved_to = self._given, self._given
        for _ in range(_MOST_REDIRECTS):
            answer = self._ask(url)
            if answer.status not in _REDIRECTS:
                return self._fetched(answer, url, moved_to)
            target = self._target(answer, url)
            if answer.status in _PERMANENT and moved_to == url:
                moved_to = target
            url = target
        raise self._failure(f"it redirects more than {_MOST_REDIRECTS} times")

    def _ask(self, url: str) -> Answer:
        party = Party(
            name=f"The feed {address(url)}",
            answer=f"The answer of the feed {address(url)}",
            remedy="Check the feed's address.",
            largest=LARGEST_FEED,
            may_be=lambda ip: self._may_be_private or is_public(ip),
        )
        left = self._end - time.monotonic()
        if left <= 0:
            raise self._failure(f"no answer within {self._deadline:g} s")
        try:
            return self._transport.request(
                "GET", url, deadline=left, headers=self._headers, party=party
            )
        except (NotSent, AnswerLost) as error:  # nothing of a post: whoever reads on may post
            raise Temporary(error.happened, _later(error.remedy)) from None

    def _target(self, answer: Answer, url: str) -> str:
        """Return where a redirect leads, without a user; raises `Temporary` if it may not."""
        try:
            parts = urlsplit(urljoin(url, re.sub(r"\s", "%20", answer.headers.get("location", ""))))
            host, _ = parts.hostname or "", parts.port
            host.encode("idna")
        except ValueError:
            host = ""
        if not answer.headers.get("location") or not host or parts.scheme not in ("http", "https"):
            raise self._failure("it redirects to what is no address")
        target = urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment=""))
        if names_private(target) and not self._may_be_private:
            raise self._failure(f"it redirects to a private address ({address(target)})")
        return target

    def _fetched(self, answer: Answer, url: str, moved_to: str) -> Fetched:
        moved_to = "" if moved_to == self._given else moved_to
        if answer.status == 304 and self._is_conditional:
            return Fetched(b"", url, moved_to=moved_to, is_unchanged=True)
        if not answer.is_success:
            why = _WHY.get(answer.status, f"the server answers {answer.status}")
            raise self._failure(why, retry_at=_retry_at(answer, time.time()))
        charset = _CHARSET.search(answer.headers.get("content-type", ""))
        return Fetched(
            answer.body,
            url,
            charset=charset[1].lower() if charset else "",
            etag=answer.headers.get("etag", ""),
            modified=_modified(answer),
            moved_to=moved_to,
        )

    def _failure(self, why: str, *, retry_at: int | None = None) -> Temporary:
        happened = f"The feed {address(self._given)} cannot be read: {why}."
        return Temporary(happened, _later(), retry_at=retry_at)


def _later(remedy: str = "") -> str:
    return remedy or "Nothing was posted; if that does not pass, check the feed's address."


def _retry_at(answer: Answer, now: float) -> int | None:
    """Return when the server wants to be asked again; a stranger's nonsense is none."""
    at = retry_after(answer.headers, now)
    return at if at is not None and 0 <= at - now <= _LONGEST_PAUSE else None


def _modified(answer: Answer) -> str:
    """Return when it was changed, unless it was just now: in the same second it may change again.

    RFC 9110 §8.8.2.2.
    """
    said = answer.headers.get("last-modified", "")
    try:
        changed, sent = map(parsedate_to_datetime, (said, answer.headers["date"]))
        is_over = (sent - changed).total_seconds() > 1
    except (LookupError, TypeError, ValueError):
        return ""
    return said if is_over else ""
