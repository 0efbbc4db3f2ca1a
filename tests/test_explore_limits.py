"""Questions to traces with a loop limit: what was left out is "not recorded", and no answer is wrong because of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from follow import FollowConfig, Recorder, follow
from follow.cli import main
from follow.copies import plain
from follow.explore.absent import why_not
from follow.explore.run import Run
from follow.explore.steps import EXACT, NOT_RECORDED
from follow.explore.target import target
from follow.explore.why import Slicer
from follow.trace.reader import load

from .support import define, outcome

PROGRAMS = {
    "the last one": """
def f(values):
    found = None
    for index, value in enumerate(values):
        if value > 4:
            found = index
    return found
""",
    "the same value again": """
def f(values):
    state = 1
    for value in values:
        state = 1
        other = state
    return state
""",
    "items": """
def f(values):
    table = {}
    for value in values:
        table["k"] = 5
        table[value] = 1
    x = table["k"]
    return x
""",
    "a return inside": """
def f(values):
    for index, value in enumerate(values):
        twice = 2 * value
        if twice > 16:
            return twice + index
""",
    "an exception inside": """
def f(values):
    for value in values:
        less = value - 9
        try:
            x = 1 / less
        except ZeroDivisionError:
            x = 0
    return x
""",
    "nested": """
def f(values):
    total = 0
    for one in values:
        part = 0
        for other in values:
            if other < one:
                part += other
        total += part
    done = total
    return done
""",
    "accumulated": """
def f(values):
    out = []
    for value in values:
        out.append(value)
    last = out[-1]
    return last
""",
}
BOX = """
class Box:
    def __init__(self, n=0):
        self.n = n
        self.items = []
        self.inner = None

    def put(self, n):
        self.n = n
        return self

def spoil(box):
    box.n = -1
"""
OBJECTS = {
    "an attribute": "    box = Box()\n    for value in values:\n        box.n = value\n    x = box.n\n    return x\n",
    "an attribute set to the same again": (
        "    box = Box()\n    box.n = 5\n    for value in values:\n        box.n = 5\n    x = box.n\n    return x\n"
    ),
    "an attribute of an attribute": (
        "    box = Box()\n    box.inner = Box()\n    for value in values:\n        box.inner.n = value\n"
        "    other = box.items\n    x = box.inner.n\n    return x\n"
    ),
    "an object deeper than is looked": (
        "    box = Box()\n    box.inner = Box()\n    box.inner.inner = Box()\n    last = box.inner.inner\n"
        "    last.inner = Box()\n    for value in values:\n        box.inner.inner.inner.n = value\n"
        "    x = box.inner.inner.inner.n\n    return x\n"
    ),
    "a list in an object": (
        "    box = Box()\n    for value in values:\n        box.items.append(value)\n    x = box.items[2]\n    return x\n"
    ),
    "an object in a list": (
        "    boxes = [Box(), Box()]\n    for value in values:\n        boxes[0].n = value\n"
        "    x = boxes[0].n\n    return x\n"
    ),
    "an alias": (
        "    box = Box()\n    also = box\n    for value in values:\n        also.n = value\n    x = box.n\n    return x\n"
    ),
    "a call that is not recorded": (
        "    box = Box()\n    for value in values:\n        if value == 9:\n            spoil(box)\n"
        "    x = box.n\n    return x\n"
    ),
    "a method": "    box = Box()\n    for value in values:\n        box.put(value)\n    x = box.n\n    return x\n",
    "a new one each time": (
        "    box = None\n    for value in values:\n        box = Box(value)\n    x = box.n\n    return x\n"
    ),
    "a look after it": (
        "    box = Box()\n    for value in values:\n        box.n = value\n    spoil(Box())\n    str(box.items)\n"
        "    x = box.n\n    return x\n"
    ),
    "deleted": (
        "    box = Box()\n    for value in values:\n        if value == 9:\n            del box.items\n"
        "    x = hasattr(box, 'items')\n    return x\n"
    ),
    "an exception": (
        "    box = Box()\n    for value in values:\n        try:\n            box.n = 1 / (value - 9)\n"
        "        except ZeroDivisionError:\n            box.n = 'none'\n    x = box.n\n    return x\n"
    ),
}
PROGRAMS.update({name: f"{BOX}\ndef f(values):\n{body}" for name, body in OBJECTS.items()})
VALUES = [5, 1, 7, 2, 9, 3]
LIMITS: list[Any] = [1, 0, {"every": 4}, {"last": 1}, {"first": 1, "last": 1}]


def recorded(path: Path, source: str, **settings: Any) -> Run:
    with Recorder(path, detail="dataflow") as recorder:
        outcome(follow(define(source), recorder, config=FollowConfig(**settings)), list(VALUES))
    return Run(load(path))


def causes(run: Run, question: str) -> tuple[set[tuple[Any, ...]], list[str]]:
    """The exact causes of an answer, as places and values written; and of what is not recorded the texts."""
    exact: set[tuple[Any, ...]] = set()
    lost: list[str] = []
    index, name = target(run, question)
    for step in Slicer(run).why(index, name or None):
        if step.certainty == NOT_RECORDED:
            lost.append(step.what)
        elif step.index >= 0 and step.certainty == EXACT and run.events[step.index].kind in ("statement", "raise"):
            event = run.events[step.index]
            assert event.statement is not None
            held = {one: repr(plain(run.value_before(step.index + 1, one))) for one in event.statement.shown}
            exact.add((step.relation, event.statement.line, event.kind, tuple(sorted(held.items()))))
    return exact, lost


@pytest.mark.parametrize("program", PROGRAMS)
@pytest.mark.parametrize("limit", LIMITS, ids=str)
def test_what_an_answer_is_sure_of_is_so_without_a_limit(tmp_path: Path, program: str, limit: Any) -> None:
    whole = recorded(tmp_path / "whole.follow", PROGRAMS[program])
    part = recorded(tmp_path / "part.follow", PROGRAMS[program], loop_limit=limit)
    sure, lost = causes(part, "return")
    everything, nothing = causes(whole, "return")
    assert not nothing or "caller" in nothing[0]
    everything |= {("index", *one[1:]) for one in everything}  # what chose a value may be found on another way
    wrong = {one for one in sure if one not in everything and one[0] != "called"}
    assert not wrong
    if limit in (0, 1):
        assert any("left out" in text for text in lost)
    if program == "a return inside" and limit == 1:
        assert "the iteration in which that happened was left out" in lost


def test_a_line_that_may_have_run_in_what_was_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = (
        "def f(values):\n    for value in values:\n        if value > 8:\n            hit = value\n    return hit\n"
    )
    path = tmp_path / "run.follow"
    run = recorded(path, source, loop_limit=2)
    file = run.of[0].file
    (reason,) = why_not(run, f"{file}:4")
    assert reason.text == "not recorded: 4 iterations of the loop round it were left out (loop_limit)"
    assert main(["line", str(path), f"{file}:4"]) == 0
    assert (
        capsys.readouterr().out
        == "# nothing found\n# 4 iterations of loops round that line were left out (loop_limit)\n"
    )
    main(["var", str(path), "value"])
    assert capsys.readouterr().out.splitlines()[2].endswith("… 4 iterations left out")
    main(["why", str(path), "hit"])
    assert capsys.readouterr().out.startswith("value, not recorded\t")


def test_expressions_and_parts_are_variables_of_a_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "run.follow"
    source = "def f(values):\n    x = values[:2]\n    x[0] = 8\n    y = len(x)\n    return y\n"
    recorded(path, source, watch=("sum(x)",), explode=("x",))
    main(["var", str(path), "sum(x)"])
    assert [line.split("\t")[3] for line in capsys.readouterr().out.splitlines()[:-1]] == ["W sum(x)=6", "W sum(x)=9"]
    main(["var", str(path), "x[0]"])
    assert [line.split("\t")[3] for line in capsys.readouterr().out.splitlines()[:-1]] == ["W x[0]=5", "W x[0]=8"]
    assert main(["view", str(path), "-o", str(tmp_path / "view.html")]) == 0


@pytest.mark.parametrize("name", OBJECTS)
def test_who_wrote_an_attribute_in_a_loop_that_is_left_out_is_not_known(tmp_path: Path, name: str) -> None:
    run = recorded(tmp_path / "part.follow", PROGRAMS[name], loop_limit=0)
    sure, lost = causes(run, "x")
    assert lost
    for relation, line, _, _ in sure:  # the question itself, and what chose the value
        assert relation in ("index", "called", "decided", "created") or PROGRAMS[name].splitlines()[
            line - 1
        ].startswith("    x = ")


@pytest.mark.parametrize("name", OBJECTS)
def test_objects_are_known_again_after_a_loop_that_was_left_out(tmp_path: Path, name: str) -> None:
    whole = recorded(tmp_path / "whole.follow", PROGRAMS[name])
    part = recorded(tmp_path / "part.follow", PROGRAMS[name], loop_limit=0)
    found = [plain(run.value_before(len(run.events), "x", run.of[-1])) for run in (whole, part)]
    assert found[0] == found[1]
