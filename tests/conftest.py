"""``--events``: run the suite with every follower behind a recorder, its events turned back into dicts."""

from __future__ import annotations

import pytest

from follow import channel

from .live import LiveRecorder


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--events", action="store_true", help="put a recorder in front of every follower")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--events`` leave out what is about dicts only: live objects, followers that raise or take long."""
    if config.getoption("--events"):
        items[:] = [item for item in items if item.get_closest_marker("dicts") is None]


@pytest.fixture(autouse=True)
def _events(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.config.getoption("--events"):
        original = channel.as_follower

        def as_follower(given: object) -> object:
            follower = original(given)
            return follower if isinstance(follower, channel.EventSink) else LiveRecorder(follower)

        monkeypatch.setattr(channel, "as_follower", as_follower)
