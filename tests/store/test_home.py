"""A home folder is needed by the default folder and by a rescue alone."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Bot

STRANGER = 54_321  # a uid that is not in passwd, as containers are given one
pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or os.geteuid() != 0 or not shutil.which("setpriv"),
    reason="only root can run a program as nobody at all",
)
AS_A_STRANGER: Sequence[str] = ("setpriv", f"--reuid={STRANGER}", "--clear-groups")


@pytest.fixture
def homeless(bot: Bot) -> Iterator[Bot]:
    """A bot whose runs have no home folder: neither HOME nor a line in passwd."""
    with TemporaryDirectory() as place:
        lodger = replace(bot, folder=Path(place, "config"))
        lodger.log_in()
        for path in (Path(place), lodger.folder, lodger.path):
            os.chown(path, STRANGER, STRANGER)
        yield lodger


def run_without_home(bot: Bot, *args: str, **changes: str | None) -> tuple[int, str]:
    environ = {**bot.variables, **changes}
    kept = {
        name: value
        for name, value in environ.items()
        # A stranger cannot write the figures of coverage.
        if value is not None and name != "HOME" and not name.startswith("COV")
    }
    run = bot.run(*args, prefix=AS_A_STRANGER, env=kept)
    return run.code, run.err


def test_without_a_home_a_folder_that_is_named_is_enough(homeless: Bot) -> None:
    homeless.make_due()
    os.chown(homeless.path, STRANGER, STRANGER)
    assert run_without_home(homeless, "post", "Hello") == (0, "")
    assert run_without_home(homeless, "status")[0] == 0


def test_without_a_home_another_store_is_enough(homeless: Bot) -> None:
    document = json.dumps(homeless.document)
    code, said = run_without_home(
        homeless, "post", "Hello", TWEETBOT_PROFILE_JSON=document, TWEETBOT_CONFIG_DIR=None
    )
    assert code == 0, said


@pytest.mark.parametrize("args", [("post", "Hello"), ("status",), ("export",), ("auth",)])
def test_a_home_that_is_needed_and_missing_is_a_setting(args: Sequence[str], homeless: Bot) -> None:
    code, said = run_without_home(homeless, *args, TWEETBOT_CONFIG_DIR=None)
    assert (code, "no home folder" in said, "TWEETBOT_CONFIG_DIR" in said) == (2, True, True), said
