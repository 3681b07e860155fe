"""A local X and an app that is logged in there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tweetbot.sandbox import Sandbox

if TYPE_CHECKING:
    from tests.sandbox.sandbox_app import App
else:
    from sandbox_app import App


@pytest.fixture
def x() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def app(x: Sandbox) -> Iterator[App]:
    app = App(x)
    yield app
    app.close()
