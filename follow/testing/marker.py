"""``@pytest.mark.follow``: one test function is followed while it runs."""

from __future__ import annotations

import inspect
from types import FunctionType
from typing import Any

import pytest

from ..config import FollowConfig
from ..errors import FollowError
from ..instrument import Instrumented, instrument
from ..recorder import Recorder
from ..registry import hooked_channel
from .report import section
from .session import FollowSession

_MOST = 1_000
_RING = 20_000


class Marked:
    """Follows a test's function inside ``with``; then its report has a section with what it did.

    Arguments:
        item: the test.
        marker: its marker, whose arguments are ``FollowConfig``'s.
        session: what follows modules in this run, if any does; its recorder then gets this test as well.

    Raises:
        pytest.fail.Exception: the marker's arguments are of no use.
    """

    def __init__(self, item: pytest.Item, marker: pytest.Mark, session: FollowSession | None) -> None:
        self._item = item
        self._config = _config_of(item, marker)
        self._recorder = Recorder(ring=_RING) if session is None else session.recorder
        self._captured = session is not None and session.captured
        self._handle: Instrumented | None = None
        self._problem = ""

    def __enter__(self) -> Marked:
        function = _function_of(self._item)
        if function is None:
            self._problem = "The test is not followed: it is no Python function."
        elif hooked_channel(function.__code__) is None or self._config != FollowConfig():
            try:
                self._handle = instrument(function, config=self._config, follower=self._recorder)
            except FollowError as error:
                self._problem = f"The test is not followed: {error}"
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self._handle is not None:
            self._handle.uninstall()
        if self._captured and not self._problem:
            return  # the session's section has it
        text = self._problem or section(self._recorder, _MOST, str(self._item.config.rootpath))
        self._item.add_report_section("call", "follow", text)


def _config_of(item: pytest.Item, marker: pytest.Mark) -> FollowConfig:
    try:
        if len(marker.args) == 1 and not marker.kwargs and isinstance(marker.args[0], FollowConfig):
            return marker.args[0]
        if marker.args:
            raise TypeError("it takes one FollowConfig, or its fields by name")
        return FollowConfig(**marker.kwargs)
    except (TypeError, ValueError) as error:
        pytest.fail(f"The marker follow of {item.nodeid} is of no use: {error}", pytrace=False)


def _function_of(item: Any) -> FunctionType | None:
    """The function that the test's author wrote, inside what decorators have made of it."""
    function = getattr(item, "function", None)
    inner = getattr(getattr(function, "hypothesis", None), "inner_test", function)
    if not callable(inner):
        return None
    inner = inspect.unwrap(inner)
    inner = getattr(inner, "__func__", inner)
    return inner if isinstance(inner, FunctionType) else None
