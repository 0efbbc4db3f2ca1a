"""The viewer's calls: each has its caller."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from follow import Recorder, follow, load

from .support import define
from .viewprogram import recorded, view_of

ROOT = Path(__file__).parent.parent

CALLS = """
def node(me, parent, plan):
    for child in plan:
        make(me, child)

def falls(me, parent, plan):
    n = len(plan)
    for child in plan:
        make(me, child)
        n -= 1

def gives(me, parent, plan):
    return [make(me, child) for child in plan]

def suspends(me, parent, plan):
    for child in plan:
        value = make(me, child)
        yield value

def raises(me, parent, plan):
    for child in plan:
        make(me, child)
    raise KeyError(me)

def make(parent, plan):
    kind, me, children = plan
    if kind == "suspends":
        return list(suspends(me, parent, children))
    try:
        return (dict(node=node, falls=falls, gives=gives, raises=raises)[kind])(me, parent, children)
    except KeyError:
        return None
"""


def _plan(depth: int, serial: list[int]) -> tuple[str, int, list[Any]]:
    """Calls of every kind, each kind entering and following each other kind."""
    kinds = "node", "falls", "gives", "suspends", "raises"
    serial[0] += 1
    me = serial[0]
    kind = kinds[me * 7 // 3 % len(kinds)]
    return kind, me, [_plan(depth - 1, serial) for _ in range(3)] if depth else []


def test_each_call_has_its_caller(tmp_path: Path) -> None:
    make = define(CALLS, "make")
    namespace = make.__globals__

    def run(recorder: Recorder) -> None:
        for name in ("node", "falls", "gives", "suspends", "raises"):
            namespace[name] = follow(namespace[name], recorder)
        for _ in range(3):  # the first calls have no caller that is recorded
            make(0, _plan(4, [0]))

    trace = recorded(tmp_path, run)
    own: dict[int, tuple[int, int]] = {}
    for event in load(trace).events:
        if event.kind == "call":
            own[event.call] = event.values["me"], event.values["parent"]
    callers = view_of(trace).callers()
    assert len(own) == 3 * 121
    assert {number: own[caller][0] if caller else 0 for number, caller in callers.items()} == {
        number: parent for number, (_, parent) in own.items()
    }


def test_many_calls_in_a_row_that_fall_off_their_end_have_no_caller(tmp_path: Path) -> None:
    function = define("def f(n):\n    m = n\n")

    def run(recorder: Recorder) -> None:
        followed = follow(function, recorder)
        for n in range(20_000):
            followed(n)

    callers = view_of(recorded(tmp_path, run)).callers()
    assert len(callers) == 20_000 and set(callers.values()) == {None}


def test_of_a_process_that_was_killed_the_calls_are_where_they_seemed_to_be(tmp_path: Path) -> None:
    source = "def f(n):\n    m = n\n    return f(n - 1) if n else os._exit(0)\n"
    script = (
        f"import os, follow\nfrom tests.support import define\nr = follow.Recorder({str(tmp_path / 'run.follow')!r}, "
        f"durability='event')\ng = define({source!r}, os=os)\ng.__globals__['f'] = h = follow.follow(g, r)\nh(3)\n"
    )
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=True, timeout=60)
    view = view_of(tmp_path / "run.follow")
    assert view.meta["ended"] is False
    assert list(view.callers().values()) == [None, *list(view.callers())[:-1]]


def test_a_generator_enters_calls_when_it_goes_on(tmp_path: Path) -> None:
    source = """
def helper(parent):
    return parent

def numbers(parent):
    for i in range(3):
        got = [(yield i), helper("numbers")]  # no event says that it goes on

def f(parent):
    for i in numbers("f"):
        helper("f")
        kept = i
"""
    f = define(source)

    def run(recorder: Recorder) -> None:
        for name in ("helper", "numbers"):
            f.__globals__[name] = follow(f.__globals__[name], recorder)
        follow(f, recorder)("")

    trace = recorded(tmp_path, run)
    own = {event.call: event for event in load(trace).events if event.kind == "call"}
    callers = view_of(trace).callers()
    names = {number: event.function.name for number, event in own.items() if event.function}
    assert len(own) == 8
    assert {n: names[c] if c else "" for n, c in callers.items()} == {n: e.values["parent"] for n, e in own.items()}


TASKS = """
import asyncio

async def leaf(me, parent):
    await asyncio.sleep(0)
    kept = me

async def awaits(me, parent, children):
    for child in children:
        await make(me, child)
    await asyncio.sleep(0.001)
    kept = me

async def gathers(me, parent, children):
    await asyncio.gather(*(make(me, child) for child in children))
    return me

async def numbers(me, parent):
    for i in range(3):
        await asyncio.sleep(0)
        yield i

async def consumes(me, parent, children):
    async for i in numbers(me * 100, me):
        await make(me, children[i])

def make(parent, plan):
    kind, me, children = plan
    if kind == "leaf":
        return leaf(me, parent)
    return dict(awaits=awaits, gathers=gathers, consumes=consumes)[kind](me, parent, children)

def f(plan):
    asyncio.run(make(0, plan))
"""


def _tasks(depth: int, serial: list[int]) -> tuple[str, int, list[Any]]:
    serial[0] += 1
    me = serial[0]
    kind = ("gathers", "awaits", "consumes")[me % 3] if depth else "leaf"
    return kind, me, [_tasks(depth - 1, serial) for _ in range(3)] if depth else []


def test_tasks_belong_to_what_waits_for_them(tmp_path: Path) -> None:
    f = define(TASKS)

    def run(recorder: Recorder) -> None:
        for name in ("leaf", "awaits", "gathers", "numbers", "consumes"):
            f.__globals__[name] = follow(f.__globals__[name], recorder)
        for first in range(3):
            f(_tasks(1, [first]))

    trace = recorded(tmp_path, run)
    own = {event.call: event.values for event in load(trace).events if event.kind == "call"}
    callers = view_of(trace).callers()
    wrong = {
        (own[number]["me"], own[number]["parent"], own[caller]["me"] if caller else 0)
        for number, caller in callers.items()
        if own[number]["parent"] != (own[caller]["me"] if caller else 0)
    }
    assert len(own) > 10 and wrong == set()
