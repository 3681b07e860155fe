"""A local X and an app that is logged in there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.sandbox.sandbox_app import App
from tweetbot.sandbox import Sandbox


@pytest.fixture
def x() -> Iterator[Sandbox]:
    with Sandbox() as sandbox:
        yield sandbox


@pytest.fixture
def app(x: Sandbox) -> Iterator[App]:
    app = App(x)
    yield app
    app.close()
