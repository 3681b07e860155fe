"""What `post` shows: a post, why there is none, or what would be posted."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING

from tweetbot.cli.terminal import show, show_json, show_text, tell
from tweetbot.errors import naming
from tweetbot.foreign import one_line

if TYPE_CHECKING:
    from tweetbot.posting import Outcome
    from tweetbot.preview import Idle
    from tweetbot.settings import Settings
    from tweetbot.sources import Source
    from tweetbot.store import Store

_FIELDS = (
    "id",
    "url",
    "text",
    "posted_at",
    "usd",
    "renewed",
    "already_posted",
    "posted",
    "reason",
    "passed_over",
)


def _summarize(url: str) -> None:
    """Leave a line in the summary of a job of GitHub Actions; a post is live, so nothing fails."""
    # docs.github.com, actions/reference/workflow-commands-for-github-actions, "job summary"
    path = os.environ.get("GITHUB_STEP_SUMMARY")
    if path and os.environ.get("GITHUB_ACTIONS") == "true":
        try:
            with open(path, "a", encoding="utf-8") as summary:
                summary.write(f"Posted: {url}\n")
        except (OSError, ValueError) as error:
            tell(f"The summary of the job ({path}) takes nothing: {error}.")


def show_outcome(outcome: Outcome, *, as_json: bool, quiet: bool) -> None:
    if outcome.already_posted:
        tell("Already posted; nothing was sent.")
    if outcome.said and not quiet:
        tell(one_line(outcome.said))
    if outcome.url:
        _summarize(outcome.url)
    if as_json:
        fields = {name: getattr(outcome, name) for name in _FIELDS}
        parts = [{"id": post_id, "url": url} for post_id, url in outcome.parts]
        links = [vars(link) for link in outcome.links]
        show_json({"ok": True, **fields, "links": links, "parts": parts})
    elif outcome.posted and outcome.url is None:
        tell("Posted, but X did not tell the post's id.")
    elif outcome.url and not quiet:
        show(outcome.url)


def show_preview(
    source: Source, store: Store, settings: Settings, *, again: bool, as_json: bool
) -> int:
    """Show what would be posted, and as whom, as far as it is known without a network."""
    from tweetbot import preview

    shown = preview.preview(
        source, store, api_url=settings.api_url, again=again, now=int(time.time())
    )
    if isinstance(shown, preview.Idle):
        _show_nothing(shown, as_json=as_json)
        return 0
    if shown.profile is None:
        tell(f"Not logged in yet: there is no {store}.")
    if as_json:
        show_json(preview.as_json(shown))
        return shown.code
    for remark in preview.details(shown):
        tell(one_line(naming(settings.profile, remark)))
    if shown.draft.text and not shown.draft.refused:
        show_text(shown.draft.text)
    for remark in preview.after_that(shown):
        tell(one_line(remark))
    return shown.code


def _show_nothing(idle: Idle, *, as_json: bool) -> None:
    """Show why a run would post nothing, and what posts are going to look like."""
    from tweetbot import preview

    shown = idle.nothing
    text = shown.example and shown.example.text
    if as_json:
        nothing: dict[str, object] = {"ok": True, "dry_run": True, "posted": False}
        nothing |= {"reason": shown.reason}
        if idle.survey:
            nothing |= {"unpostable": idle.survey.unpostable}
            nothing |= {"list": preview.survey_as_json(idle.survey)}
        show_json({**nothing, "example": text} if text else nothing)
    for line in preview.idle_details(idle):
        tell(one_line(line))
    if text and not as_json:
        tell("The newest, as it would be posted:")
        show_text(text)
