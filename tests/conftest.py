"""``--events``: run the suite with every follower behind a recorder, its events turned back into dicts."""

from __future__ import annotations

import _thread
import asyncio
import concurrent.futures
import gc
import multiprocessing.pool
import os
import runpy
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from benchmarks.view import chromium
from follow import channel

from .live import LiveRecorder
from .viewfile import View
from .viewprogram import recorded, view_of, whole_program
from .viewtab import Tab


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--events",
        choices=["plain", "dataflow"],
        help="put a recorder (of that detail) in front of every follower",
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With ``--events`` leave out what is about dicts only: live objects, followers that raise or take long."""
    if config.getoption("--events"):
        items[:] = [item for item in items if item.get_closest_marker("dicts") is None]


@pytest.fixture(autouse=True)
def _events(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    detail = request.config.getoption("--events")
    if detail:
        original = channel.as_follower

        def as_follower(given: object) -> object:
            follower = original(given)
            return follower if isinstance(follower, channel.EventSink) else LiveRecorder(follower, detail)

        monkeypatch.setattr(channel, "as_follower", as_follower)


def _patchable() -> list[object]:
    """Whatever a tool of this kind might patch."""
    thread = [vars(threading)[name] for name in ("Thread", "Timer")]
    methods = [vars(cls).get(name) for cls in thread for name in ("__init__", "start", "run")]
    executor = concurrent.futures.ThreadPoolExecutor
    more = [executor.submit, executor.map, multiprocessing.pool.ThreadPool.map, asyncio.to_thread]
    loop = [asyncio.BaseEventLoop.run_in_executor, asyncio.tasks.Task, runpy._get_code_from_file]
    hooks = [sys.gettrace(), sys.getprofile(), threading.excepthook, sys.excepthook, *sys.path_hooks]
    return [*thread, *methods, *more, *loop, *hooks, _thread.start_new_thread]


@pytest.fixture(autouse=True)
def _nothing_is_left_behind() -> Iterator[None]:
    """After each test there are the threads and functions that there were before."""
    threads, before = threading.enumerate(), _patchable()
    yield
    assert _patchable() == before
    assert threading.enumerate() == threads


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A Chromium."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def program(tmp_path_factory: pytest.TempPathFactory) -> View:
    """The view of the whole program of ``viewprogram.py``."""
    return view_of(recorded(tmp_path_factory.mktemp("view"), whole_program))


@pytest.fixture
def tab(browser: Any, program: View) -> Iterator[Tab]:
    """A page that shows it, in which nothing goes wrong."""
    tab = Tab(browser, program.path)
    yield tab
    tab.close()


@pytest.fixture
def no_file_is_left() -> Iterator[None]:
    """After a test that asks for it there are no other open files than before."""

    def files() -> list[str]:
        folder = Path("/proc/self/fd")
        found = [os.readlink(path) for path in folder.iterdir() if os.path.lexists(path)] if folder.exists() else []
        return sorted(name for name in found if name.startswith("/") and not name.startswith("/proc/"))

    gc.collect()
    before = files()
    yield
    gc.collect()
    assert files() == before
