"""Addresses as feeds write them, as X makes links of them; pure."""

from __future__ import annotations

import re
from urllib.parse import quote, urljoin, urlsplit, urlunsplit

from tweetbot.text import measure

_LONGEST = 4000  # characters (X takes 4,096)
# RFC 3986 §2.2 and §2.3, and what is percent-encoded already
_PLAIN = "!$&'()*+,;=:@/?#[]~%"
_SAFEST = "&=/?#+~%:@"  # what X takes for a part of a link wherever it stands


def link_of(written: str, base: str = "") -> str:
    """Return an absolute address of the web that X makes one link of; empty if there is none.

    Spaces and what is not ASCII are percent-encoded; `base` is where the feed came from.
    """
    written = "".join(written.split("\n")).strip()
    try:
        parts = urlsplit(urljoin(base, re.sub(r"\s", "%20", written)))
        host = _host(parts.hostname or "", parts.port)
    except ValueError:  # a port that is none, half a bracket
        return ""
    if not written or len(written) > _LONGEST or parts.scheme not in ("http", "https") or not host:
        return ""
    link = ""
    for plain in (_PLAIN, _SAFEST):
        path, query, fragment = (
            quote(part, safe=plain, errors="replace")
            for part in (parts.path, parts.query, parts.fragment)
        )
        link = urlunsplit((parts.scheme, host, path, query, fragment))
        if [found.text for found in measure(link).links] == [link]:
            return link
    return link if len(link) <= _LONGEST else ""


def without_scheme(address: str) -> str:
    """Return what stays of an address where a site moves from http to https."""
    return re.sub(r"(?i)^https?://", "", address)


def _host(name: str, port: int | None) -> str:
    """Return the host without a user and a password; a name in another script by its ASCII one."""
    if not name.isascii():
        name = name.encode("idna").decode()
    name = f"[{name}]" if ":" in name else name
    return f"{name}:{port}" if port and name else name
