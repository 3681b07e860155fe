"""How this X behaves, where servers differ or a rehearsal asks for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Stance = Literal["taken", "ignored", "refused"]


@dataclass(frozen=True)
class Rules:
    """The rules of one local X; times are seconds.

    `revoke_on_reuse`    a spent refresh token that comes back ends its grant
    `reply_lag`          how long a new post cannot be answered
    `forgiving_delete`   a post that is gone "was deleted"
    `post_fields`        what becomes of the query parameter of this name, and
    `tweet_fields`       of this one: both mean the same, and no server is known to be without one
    `multipart`          media come as a form; else in JSON alone, as on a day in May 2025
    `bare_finalize`      the end of an upload needs no body, as before July 2026
    `processing_seconds` how long X looks at a GIF or a video
    """

    token_life: float = 7200
    code_life: float = 30
    revoke_on_reuse: bool = False
    refuse_duplicates: bool = True
    max_length: int = 280
    reply_lag: float = 0
    forgiving_delete: bool = False
    post_fields: Stance = "taken"
    tweet_fields: Stance = "taken"
    multipart: bool = True
    bare_finalize: bool = False
    processing_seconds: float = 1.5
