"""What a command works with, made once from the settings: stores and the HTTP client."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from tweetbot import __version__
from tweetbot.cli.terminal import tell
from tweetbot.errors import TweetbotError
from tweetbot.store import Store, open_store, open_stores

if TYPE_CHECKING:
    from tweetbot.posting import Context, Progress
    from tweetbot.profile import Profile
    from tweetbot.settings import Settings
    from tweetbot.sources import Fetch
    from tweetbot.x import Fetched, Transport


def store_of(settings: Settings, *, wait: float = 30) -> Store:
    """Open the store of the bot that the settings name."""
    return open_store(settings, os.environ, wait=wait, warn=tell)


def all_stores(settings: Settings) -> Iterator[tuple[str, Store]]:
    """Yield every profile of the store that is in force."""
    yield from open_stores(settings, os.environ, warn=tell)


def other_profiles(
    settings: Settings, *, here_alone: bool = False
) -> Iterator[tuple[str, Profile]]:
    """Yield the other profiles that can be read; `here_alone` asks no other machine for them."""
    for name, store in open_stores(settings, os.environ, warn=tell, here_alone=here_alone):
        if name != settings.profile:
            with suppress(TweetbotError):
                yield name, store.load()


def transport(*, verbose: bool) -> Transport:
    """Make the HTTP client of this run."""
    from tweetbot.x import Transport

    return Transport(
        user_agent=f"tweetbot/{__version__}",
        environ=os.environ,
        log=tell if verbose else None,
    )


def fetching(*, verbose: bool) -> Fetch:
    """Return what fetches a feed: by a client of its own, which X's connection does not notice."""

    def fetch(url: str, *, etag: str, modified: str, deadline: float) -> Fetched:
        from tweetbot import x

        with x.Transport(
            user_agent=f"tweetbot/{__version__} (+https://pypi.org/project/tweetbot-cli/)",
            environ=os.environ,
            log=tell if verbose else None,
        ) as http:
            return x.fetch(http, url, etag=etag, modified=modified, deadline=deadline)

    return fetch


def context(settings: Settings, *, wait: float, progress: Progress | None = None) -> Context:
    """Make what a run needs of the world."""
    from tweetbot.posting import Context

    made = Context(api_url=settings.api_url, check_after=settings.check_after, wait=wait, tell=tell)
    return replace(made, progress=progress) if progress else made
