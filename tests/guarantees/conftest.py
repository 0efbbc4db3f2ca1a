"""``python -m pytest tests/guarantees -v`` ends in a table: each line of the guarantees, its tests, its figures."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable

import pytest

_tests: dict[int, dict[str, None]] = defaultdict(dict)
_figures: dict[int, dict[str, None]] = defaultdict(dict)


def _number(name: str) -> int:
    found = re.match(r"test_(\d+)_", name)
    return int(found.group(1)) if found else 0


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Note a figure that a test has measured; nothing is asserted of it."""
    return lambda text: _figures[_number(request.node.name)].setdefault(text)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    name = report.nodeid.rpartition("::")[2].partition("[")[0]
    if report.when == "call" and _number(name):
        _tests[_number(name)].setdefault(f"`{name}`" if report.passed else f"`{name}` FAILED")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if terminalreporter.verbosity > 0 and _tests:
        terminalreporter.section("guarantees")
        terminalreporter.line("| line | tests | figures |\n|---|---|---|")
        for number in sorted(_tests):
            terminalreporter.line(f"| {number} | {', '.join(_tests[number])} | {'; '.join(_figures[number])} |")
