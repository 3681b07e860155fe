"""What schedulers need."""

from __future__ import annotations

import pytest

from tweetbot.schedule import is_fleeting


@pytest.mark.parametrize(
    ("program", "fleeting"),
    [
        ("/home/a/.cache/uv/archive-v0/Xy12/bin/tweetbot", True),
        ("/home/me/.cache/uv/environments-v2/tweetbot-1/bin/python", True),
        ("/home/a/.cache/pipx/0123/bin/tweetbot", True),
        ("/home/a/.local/pipx/.cache/0123/bin/tweetbot", True),
        ("/Users/a/Library/Caches/pipx/0123/bin/tweetbot", True),
        ("/home/a/.local/share/pipx/venvs/tweetbot-cli/bin/tweetbot", False),
        ("/home/a/.local/share/uv/tools/tweetbot-cli/bin/tweetbot", False),
        ("/opt/tweetbot/bin/tweetbot", False),
    ],
)
def test_a_program_in_a_cache_goes_away_with_it(program: str, fleeting: bool) -> None:
    assert is_fleeting(program) == fleeting
