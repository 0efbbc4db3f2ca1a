"""One run of pytest with modules followed: ``--follow``, ``--follow-on-failure``, ``--follow-output``."""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from ..decorator import new_channel
from ..errors import FollowError
from ..importhook import ImportHook
from ..looplimit import read_loop_limit
from ..recorder import Recorder
from ..selection import matches
from ..settings import Settings, read_settings
from .report import phases, section
from .selection import TestSelection
from .tail import TailRecorder

_LAST = 30
_LAST_CAPTURED = 1_000
_EVENTS_A_LINE = 10
"""A ring holds more than is shown, so that depth and changes are known from further back."""


class FollowSession:
    """The plugin that follows the modules of a project and puts what they did into the reports.

    Arguments:
        config: pytest's.
        options: the options' values; ``config`` itself does not have them yet when conftest files are about to be
            loaded.

    Attributes:
        recorder: what takes the events; it is cleared when a test begins.
        captured: whether reports have sections with everything, as for captured log.

    Raises:
        pytest.UsageError: an option or a setting is of no use.
    """

    def __init__(self, config: pytest.Config, options: Any) -> None:
        self._folder = str(config.rootpath)
        self._on_failure = options.follow_on_failure
        self._last = _last(options)
        self._shown_when_passed = "P" in _shown_kinds(options) or "A" in _shown_kinds(options)
        self._starts: list[tuple[str, int]] = []
        self._hook: ImportHook | None = None
        self.captured = options.follow is not None and not self._on_failure and options.follow_output is None
        self._headline = ""
        settings = _settings(self._folder, options)
        self.recorder = self._recorder(options)
        self._install(config, options, settings)

    def _recorder(self, options: Any) -> Recorder:
        ring = max(_EVENTS_A_LINE * self._last, 2_000)
        if options.follow_output is None or _is_controller(options):
            return Recorder(ring=ring)
        path = _own_path(os.path.abspath(options.follow_output))
        try:
            return TailRecorder(path, ring)
        except OSError as error:
            raise pytest.UsageError(f"--follow-output={path} cannot be written: {error}.") from error

    def _install(self, config: pytest.Config, options: Any, settings: Settings) -> None:
        given = [name.strip() for value in options.follow or () for name in value.split(",") if name.strip()]
        wrong = next((name for name in given if not name.replace(".", "").strip() or set(name) & set("/\\: ")), None)
        if wrong is not None:
            raise pytest.UsageError(f"--follow={wrong} names no module; write its dotted name, or a pattern of names.")
        test_files = config.getini("python_files")
        selection = TestSelection(
            given or settings.include, settings.exclude, self._folder, test_files, tests=self._on_failure
        )
        channel = new_channel(settings.config, (self.recorder,), "pytest's run")
        self._hook = ImportHook(selection, settings.config, channel)
        early = sorted(name for name in sys.modules if matches(name, selection.include))
        sys.meta_path.insert(0, self._hook)
        names = ", ".join(selection.include) or "what lies below the rootdir"
        self._headline = f"follow: {names}{' and its tests' * self._on_failure}"
        if early:
            more = " …" if len(early) > 3 else ""
            self._headline += f" (imported before pytest began, and not followed: {', '.join(early[:3])}{more})"

    def pytest_report_header(self) -> str:
        """One line that says what is followed."""
        return self._headline

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_make_collect_report(self) -> Generator[None, Any, None]:
        """What was executed when a module cannot be imported."""
        self.recorder.clear()
        outcome = yield
        report = outcome.get_result()
        if report.failed:
            self._add(report)

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_setup(self) -> Generator[None, Any, None]:
        """A test begins, perhaps again."""
        self.recorder.clear()
        self._starts = [("setup", 0)]
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_call(self) -> Generator[None, Any, None]:
        """The second phase of a test."""
        self._starts.append(("call", self.recorder.now()))
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_teardown(self) -> Generator[None, Any, None]:
        """The last phase of a test."""
        self._starts.append(("teardown", self.recorder.now()))
        yield

    @pytest.hookimpl(hookwrapper=True, tryfirst=True)
    def pytest_runtest_makereport(self, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
        """The report of a phase: what failed gets what was executed."""
        outcome = yield
        report = outcome.get_result()
        if report.failed:
            self._add(report)
        elif self.captured and self._shown_when_passed and report.passed and call.when != "setup":
            # pytest shows what passed by the report of the call, and of the teardown's report its own section.
            self._add(report, ("setup", "call") if call.when == "call" else ("teardown",))

    def _add(self, report: Any, wanted: tuple[str, ...] = ("collection", "setup", "call", "teardown")) -> None:
        if self._on_failure:
            text = section(self.recorder, self._last, self._folder)
            report.sections.append(("follow: last statements", text or "No followed statement was executed."))
        elif self.captured:
            starts = self._starts or [("collection", 0)]
            for name, text in phases(self.recorder, self._last, self._folder, starts):
                if name in wanted:
                    report.sections.append((f"Captured follow {name}", text))

    def pytest_unconfigure(self) -> None:
        """Take the hook away and complete the trace file."""
        if self._hook is not None:
            self._hook.uninstall()
        self.recorder.close()


def _last(options: Any) -> int:
    if options.follow_last is None:
        return _LAST if options.follow_on_failure else _LAST_CAPTURED
    if options.follow_last < 1:
        raise pytest.UsageError(f"--follow-last={options.follow_last} must be at least 1.")
    return int(options.follow_last)


def _shown_kinds(options: Any) -> str:
    return getattr(options, "reportchars", "") or ""


def _settings(folder: str, options: Any) -> Settings:
    """What the project says, and what the options say instead."""
    try:
        settings = read_settings(folder)
        chosen: dict[str, Any] = {}
        if options.follow_watch is not None:
            chosen["watch"] = tuple(options.follow_watch)
        if options.follow_loop_limit is not None:
            chosen["loop_limit"] = read_loop_limit(options.follow_loop_limit)
        return replace(settings, config=replace(settings.config, **chosen))
    except FollowError as error:
        raise pytest.UsageError(str(error)) from error
    except (TypeError, ValueError) as error:
        raise pytest.UsageError(f"--follow-watch, --follow-loop-limit: {error}") from error


def _is_controller(options: Any) -> bool:
    """Whether pytest-xdist runs the tests in other processes."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        return False
    return bool(getattr(options, "tx", None) or getattr(options, "numprocesses", None))


def _own_path(path: str) -> str:
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    stem, suffix = os.path.splitext(path)
    return path if worker is None else f"{stem}.{worker}{suffix}"
