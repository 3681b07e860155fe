"""A CI's secret that came out empty: a job that names one which it may not read gets no error."""

from __future__ import annotations

from collections.abc import Mapping

from tweetbot.errors import LoginNeeded

_HOLD_SECRETS = ("TWEETBOT_PROFILE_JSON", "TWEETBOT_STORE")


def empty_secret(environ: Mapping[str, str]) -> LoginNeeded | None:
    """Return what to say of a store's variable that is set and empty under GitHub Actions.

    docs.github.com, actions/reference/workflows-and-actions/contexts, "secrets context".
    """
    if environ.get("GITHUB_ACTIONS") != "true":
        return None
    for name in _HOLD_SECRETS:
        if name in environ and not environ[name].strip():
            return LoginNeeded(
                f"Not logged in: {name} is set and empty, so the secret behind it is empty or"
                " missing here.",
                "Look at its name and at the job's environment: a secret of an environment is for"
                " jobs that name it, and none is for a pull request from a fork.",
            )
    return None
