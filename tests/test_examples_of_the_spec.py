"""Both documented examples, record for record, and the form of a record."""

from __future__ import annotations

import ast
from typing import Any

import pytest

from follow import FollowConfig, follow

EXPECTED = [
    ("a = 1", [("a", 1)]),
    ("for i in range(3):", [("a", 1), ("i", 0)]),
    ("b = a + i", [("a", 1), ("i", 0), ("b", 1)]),
    ("for i in range(3):", [("a", 1), ("i", 1), ("b", 1)]),
    ("b = a + i", [("a", 1), ("i", 1), ("b", 2)]),
    ("for i in range(3):", [("a", 1), ("i", 2), ("b", 2)]),
    ("b = a + i", [("a", 1), ("i", 2), ("b", 3)]),
    ("for i in range(3):", []),
]


def check(records: list[dict[str, Any]]) -> None:
    assert len(records) == len(EXPECTED)
    for record, (instruction, variables) in zip(records, EXPECTED):
        assert list(record) == ["function", "instruction", "execution_time", "local_vars"]
        assert type(record["execution_time"]) is float and record["execution_time"] >= 0
        assert record == {
            "function": "my_function",
            "instruction": instruction,
            "execution_time": record["execution_time"],
            "local_vars": [{"var": name, "val": value, "type": "int"} for name, value in variables],
        }


def test_first_example_prints_the_eight_dicts(capsys: pytest.CaptureFixture[str]) -> None:
    config = FollowConfig(follow_threads=True, follow_for_loops=True, follow_variable_set=True, follow_prints=True)

    @follow(config=config)
    def my_function() -> None:
        a = 1
        for i in range(3):
            b = a + i

    my_function()
    check([ast.literal_eval(line) for line in capsys.readouterr().out.splitlines()])


class CustomCollector:
    def __init__(self) -> None:
        self.traces: list[dict[str, Any]] = []

    def collect(self, data: dict[str, Any]) -> None:
        self.traces.append(data)


def test_second_example_collects_them_and_prints_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    custom_collector = CustomCollector()

    @follow(follower=custom_collector.collect)
    def my_function() -> None:
        a = 1
        for i in range(3):
            b = a + i

    my_function()
    check(custom_collector.traces)
    assert capsys.readouterr().out == ""
