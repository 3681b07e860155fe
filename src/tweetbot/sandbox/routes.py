"""Which request is which step: the one table of everything the local X answers."""

from __future__ import annotations

import re
from typing import Final

_TABLE: Final = (
    ("authorize", "GET", r"/i/oauth2/authorize"),
    ("consent", "POST", r"/i/oauth2/authorize"),
    ("token", "POST", r"/2/oauth2/token"),
    ("revoke", "POST", r"/2/oauth2/revoke"),
    ("me", "GET", r"/2/users/me"),
    ("post", "POST", r"/2/tweets"),
    ("delete", "DELETE", r"/2/tweets/(\d{1,19})"),
    ("timeline", "GET", r"/2/users/(\d{1,19})/tweets"),
    ("upload", "POST", r"/2/media/upload"),
    ("initialize", "POST", r"/2/media/upload/initialize"),
    ("append", "POST", r"/2/media/upload/(\d{1,19})/append"),
    ("finalize", "POST", r"/2/media/upload/(\d{1,19})/finalize"),
    ("status", "GET", r"/2/media/upload"),
    ("metadata", "POST", r"/2/media/metadata"),
    ("page", "GET", r"/"),
    ("picture", "GET", r"/media/(\d{1,19})"),
    ("page", "GET", r"/\w+/status/(\d{1,19})"),
)

STEPS: Final = tuple(dict.fromkeys(step for step, _, _ in _TABLE))
UNKNOWN: Final = "unknown"
# An upload in chunks is an upload, too: both names mean it.
WIDER: Final = dict.fromkeys(("initialize", "append", "finalize"), "upload")


def find_step(method: str, path: str) -> tuple[str, str]:
    """Return the step and the id in its path ("" if it has none); `UNKNOWN` if there is no step."""
    for step, verb, pattern in _TABLE:
        match = re.fullmatch(pattern, path, re.ASCII)
        if match and verb == method:
            return step, match.group(1) if match.groups() else ""
    return UNKNOWN, ""
