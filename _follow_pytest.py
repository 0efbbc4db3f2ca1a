"""pytest's entry to follow: options, a marker and a fixture.

It is loaded in every run of pytest where follow is installed, and so it stands beside the package: what it needs of
follow is imported when an option, the marker or the fixture asks for it, and not before.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator, Iterator
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from follow import Recorder

_SESSION = "follow-session"
"""The name of the plugin that does the work."""


def _leave_out_follow() -> None:
    """Keep pytest from rewriting the asserts of follow's own modules, as it does with all that come with a plugin.

    None of them is about tests; they would be imported slower, and run slower.
    """
    for finder in sys.meta_path:
        marked, known = getattr(finder, "_must_rewrite", None), getattr(finder, "_marked_for_rewrite_cache", None)
        if isinstance(marked, set) and isinstance(known, dict):
            marked.discard("follow")
            known.clear()


_leave_out_follow()


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options, in a group of their own."""
    group = parser.getgroup("follow", "what the code did, statement by statement")
    group.addoption(
        "--follow",
        nargs="?",
        const="",
        action="append",
        metavar="PATTERN",
        help="follow these modules (names or patterns, comma separated; may be repeated) and show what was executed in "
        "the report of each failing test. Without PATTERN: what [tool.follow] includes, else the packages under the "
        "rootdir that are not tests. Write it with '='.",
    )
    group.addoption(
        "--follow-on-failure",
        action="store_true",
        help="the report of a failing test ends with the last statements before the failure, the test's own among them",
    )
    group.addoption(
        "--follow-last",
        type=int,
        metavar="N",
        help="how many statements a report shows (30 with --follow-on-failure, else 1000)",
    )
    group.addoption(
        "--follow-watch",
        action="append",
        metavar="EXPR",
        help="show what this expression gives after each statement, as a variable (may be repeated)",
    )
    group.addoption(
        "--follow-loop-limit",
        metavar="N",
        help="show the first N iterations of each loop only, or first=N,last=N,every=N of them",
    )
    group.addoption(
        "--follow-output",
        metavar="FILE",
        help="record everything to this trace file (of an xdist worker: FILE with the worker's name before its suffix)",
    )


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config, args: list[str]) -> None:
    """Begin before conftest files and the package under test are imported."""
    for option, value in pairwise(args):
        if option == "--follow" and not value.startswith("-"):
            raise pytest.UsageError(
                f"--follow would take {value!r} for the modules to follow; write --follow={value} if it names them, "
                f"else put --follow after the paths."
            )
    _begin(early_config, early_config.known_args_namespace)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker; begin now where the plugin itself came late."""
    config.addinivalue_line(
        "markers",
        "follow(**config): follow the test function and show what it did in its report; the arguments are "
        "FollowConfig's fields.",
    )
    _begin(config, config.option)


def _begin(config: pytest.Config, options: Any) -> None:
    if options.follow is None and not options.follow_on_failure and options.follow_output is None:
        for name in ("last", "watch", "loop_limit"):
            if getattr(options, f"follow_{name}") is not None:
                option = f"--follow-{name.replace('_', '-')}"
                raise pytest.UsageError(f"{option} needs --follow or --follow-on-failure.")
        return
    if config.pluginmanager.has_plugin(_SESSION) or os.environ.get("FOLLOW_DISABLED") == "1":
        return
    from follow.testing.session import FollowSession

    config.pluginmanager.register(FollowSession(config, options), _SESSION)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, None]:
    """Follow a test that is marked with ``follow``."""
    marker = item.get_closest_marker("follow")
    if marker is None or os.environ.get("FOLLOW_DISABLED") == "1":
        yield
        return
    from follow.testing.marker import Marked

    with Marked(item, marker, item.config.pluginmanager.get_plugin(_SESSION)):
        yield


@pytest.fixture
def follow_recorder() -> Iterator[Recorder]:
    """A recorder for the test: give it as ``follower`` to ``follow.instrument`` and ask it for its records."""
    from follow import Recorder

    with Recorder() as recorder:
        yield recorder
