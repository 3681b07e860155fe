"""Threads: posts that answer each other, put together for a person to read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from tweetbot.sandbox.timeline import Post


@dataclass(frozen=True)
class Part:
    """A post of a thread; `answers` is None where it follows the post right above.

    Else it is the post that it answers, or "gone" if that is not there any more.
    """

    post: Post
    answers: Post | str | None


Thread = tuple[Part, ...]


def threads(posts: Iterable[Post]) -> list[Thread]:
    """Put posts together, oldest first in a thread; the thread with the newest post leads."""
    found: defaultdict[str, list[Post]] = defaultdict(list)
    for post in posts:
        found[post.conversation_id].append(post)
    newest_first = sorted(found.values(), key=lambda thread: int(thread[-1].id), reverse=True)
    return [_parts(thread) for thread in newest_first]


def _parts(thread: list[Post]) -> Thread:
    by_id = {post.id: post for post in thread}
    above = [None, *(post.id for post in thread)]
    return tuple(
        Part(post, None if post.parent == last else by_id.get(post.parent or "", "gone"))
        for post, last in zip(thread, above, strict=False)
    )
