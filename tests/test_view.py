"""The viewer's file: what was recorded comes out of it again."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

from follow import FollowConfig, Recorder, follow, install_import_hook, load
from follow.view import values as view_values

from .programs import functions
from .support import define, outcome
from .test_differential import _arguments
from .viewprogram import assert_same, recorded, view_of, whole_program


def test_what_was_recorded_comes_out_again(tmp_path: Path) -> None:
    trace = recorded(tmp_path, whole_program)
    view = view_of(trace)
    assert assert_same(view, trace) > 150
    assert view.meta["ended"] and view.meta["problem"] is None and view.meta["dropped"] == 0
    assert len({happening.thread for happening in view.happenings()}) == 2


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(functions())
def test_random_functions_come_out_again(tmp_path_factory: pytest.TempPathFactory, source: str) -> None:
    trace = recorded(
        tmp_path_factory.mktemp("view"),
        lambda recorder: outcome(
            follow(define(source), recorder, config=FollowConfig(follow_prints=True, follow_return=True)), *_arguments()
        ),
    )
    assert_same(view_of(trace), trace)


def test_a_call_goes_on_after_its_return(tmp_path: Path) -> None:
    """A return that ``finally`` takes back, out of a suite whose name is unbound at its end."""
    source = """
def f(a):
    total = [a]
    for i in range(3):
        try:
            try:
                1 // 0
            except ZeroDivisionError as error:
                return g(i)
        finally:
            total.append(i)
            continue
    return total
"""
    function = define(source)
    config = FollowConfig(follow_return=True)

    def run(recorder: Recorder) -> None:
        function.__globals__["g"] = follow(define("def g(n):\n    return n\n", "g"), recorder)
        assert follow(function, recorder, config=config)(7) == [7, 0, 1, 2]

    trace = recorded(tmp_path, run)
    view = view_of(trace)
    assert_same(view, trace)
    assert list(view.callers().values()) == [None, 1, 1, 1]


def test_a_variable_that_is_deleted_is_not_bound(tmp_path: Path) -> None:
    source = """
def f(a):
    b = a
    del b
    try:
        1 // 0
    except ZeroDivisionError as error:
        c = a
    b = 3
    del a
    return b
"""
    trace = recorded(tmp_path, lambda recorder: follow(define(source), recorder)(1))
    view = view_of(trace)
    assert_same(view, trace)
    told = {one.instruction: set(one.variables) for one in view.happenings()}
    assert told["b = a"] == {"a", "b"} and told["del b"] == {"a"}
    assert told["c = a"] == {"a", "c"} | ({"error"} & told["c = a"])
    assert told["b = 3"] == {"a", "b", "c"} and told["del a"] == {"b", "c"}


def test_a_deleted_variable_that_was_the_only_one(tmp_path: Path) -> None:
    function = define("def f():\n    b = 1\n    del b\n    print()\n")
    trace = recorded(tmp_path, lambda recorder: follow(function, recorder)())
    assert [one.variables for one in view_of(trace).happenings()] == [{}, {"b": ("int", "1")}, {}]


def test_a_module_comes_out_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    source = "import re\nimport math as m\ndel re\nfor i in range(3):\n    k = [i]\n    k.append(m.pi)\nclass C:\n    x = 1\n"
    (tmp_path / "view_module.py").write_text(source)
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(recorder: Recorder) -> None:
        with install_import_hook("view_module", follower=recorder):
            importlib.import_module("view_module")

    trace = recorded(tmp_path, run)
    sys.modules.pop("view_module")
    view = view_of(trace)
    assert assert_same(view, trace) > 10
    told = {one.instruction: set(one.variables) for one in view.happenings()}
    assert told["del re"] == {"m"} and "re" in told["import math as m"]


def test_a_loop_binds_its_target_once_an_iteration(tmp_path: Path) -> None:
    function = define("def f(n):\n    for i in [1] * n:\n        j = i\n    return n\n")

    def run(recorder: Recorder) -> None:
        for n in (0, 3):
            follow(function, recorder)(n)

    view = view_of(recorded(tmp_path, run))
    names = [view.tables["variables"][number][1] for number in view.columns["variable"]]
    assert names.count("i") == 3 and names.count("j") == 3
    places = view.tables["places"]
    (loop,) = {place[7] for place in places if place[3] == "j = i"}
    entered = view.columns["place"].count(loop)
    assert entered == 3 and places[loop][3] == "for i in [1] * n:"


def test_parts_of_columns_follow_each_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("follow.view.columns.Column.spill.__defaults__", (7,))
    monkeypatch.setattr("follow.view.columns.PART", 50)
    monkeypatch.setattr("follow.view.encode._OFTEN", 3)
    trace = recorded(tmp_path, whole_program)
    view = view_of(trace)
    assert_same(view, trace)
    parts = [attributes["data-column"] for attributes, _ in view.page.scripts if "data-column" in attributes]
    assert parts.count("time") > 10 and parts.count("text") > 3


def test_values_that_were_forgotten_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(view_values, "_MOST_KNOWN", 5)
    trace = recorded(tmp_path, whole_program)
    view = view_of(trace)
    assert_same(view, trace)
    assert len(set(view.values())) < len(view.values())


def test_long_values_say_how_long_they_are(tmp_path: Path) -> None:
    config = FollowConfig(max_string=10_000)
    function = define("def f():\n    s = 'x' * 5_000\n    return s\n")
    trace = recorded(tmp_path, lambda recorder: follow(function, recorder, config=config)())
    texts = [text for kind, text in view_of(trace).values() if kind == "str"]
    assert texts == ["'" + "x" * 1_999 + "… (5,002 characters)"]


def test_times_that_have_no_room_stand_beside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("follow.view.encode._MOST_STEP", 2_000)
    trace = recorded(tmp_path, whole_program)
    view = view_of(trace)
    assert view.meta["jumps"]
    assert_same(view, trace)


def test_records_of_other_followers_are_there(tmp_path: Path) -> None:
    function = define("def f(n):\n    m = [n]\n    return 1 // n\n")

    def run(recorder: Recorder) -> None:
        seen: list[Any] = []
        outcome(follow(function, [recorder, seen.append]), 0)
        assert seen

    trace = recorded(tmp_path, run)
    records = [event.record for event in load(trace).events if event.record]
    assert records
    told = [happening for happening in view_of(trace).happenings() if happening.kind == "record"]
    assert [(one.function, one.instruction, one.exception) for one in told] == [
        (record["function"], record["instruction"], record.get("exception")) for record in records
    ]
    assert told[0].variables == {"n": ("int", "0"), "m": ("list", "[0]")}


def test_a_call_whose_begin_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "run.follow"
    with Recorder(path, ring=6, on_exception="dump") as recorder:
        function = define("def f(n):\n    for i in range(n):\n        j = i\n    return 1 // 0\n")
        outcome(follow(function, recorder), 20)
    view = view_of(path)
    assert 0 < view.meta["events"] <= 8
    assert view.happenings()[0].kind != "call"
    assert view.happenings()[-1].exception == "ZeroDivisionError: integer division or modulo by zero"


def test_an_empty_recording(tmp_path: Path) -> None:
    view = view_of(recorded(tmp_path, lambda recorder: None))
    assert view.meta["events"] == 0 and view.columns == {}
