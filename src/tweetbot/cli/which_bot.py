"""Which bot a command is about, where nobody named one by -p or TWEETBOT_PROFILE."""

from __future__ import annotations

import os
from dataclasses import replace

import click

from tweetbot.cli.edge import Bot
from tweetbot.errors import ConfigurationError
from tweetbot.settings import Settings
from tweetbot.store import has_profile, profile_names


def chosen(settings: Settings) -> Settings:
    """Return the settings for the bot that is named, else `default`, else the only one there is.

    Raises `ConfigurationError` if there are several. Call it when the text has been checked.
    """
    others = _other_names(settings)
    if len(others) > 1:
        raise _which_bot(others)
    return _about(settings, others[0]) if others else settings


def named(settings: Settings, *, may_be_new: bool = False) -> Settings:
    """Return the settings for the bot that is named, else `default` where it is, or the first.

    For what begins, moves or ends a login: where there are other bots alone, it wants to be told.
    """
    others = _other_names(settings)
    if others:
        raise _which_bot(others, "Another name is a new bot." if may_be_new else "")
    return settings


def _other_names(settings: Settings) -> list[str]:
    """Look up who else is there, only if nobody is named and there is no `default`."""
    if settings.is_named or has_profile(settings, os.environ, settings.profile):
        return []
    return profile_names(settings, os.environ)


def _about(settings: Settings, name: str) -> Settings:
    click.get_current_context().ensure_object(Bot).name = name  # so that messages name it
    return replace(settings, profile=name)


def _which_bot(names: list[str], remedy: str = "") -> ConfigurationError:
    *first, last = names
    choice = f"{', '.join(first)} or {last}" if first else last
    return ConfigurationError(f"Which bot? {choice}: say -p.", remedy)
