"""When a call has ended: told by the source, and never while more of the call follows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import follow
from follow.trace.ends import Ends
from follow.trace.tails import NEARLY, NO, SURELY

from .support import define

HELPERS = """\
import contextlib
@contextlib.contextmanager
def around():
    yield 1
class Swallows:
    def __enter__(self): return self
    def __exit__(self, *exc): return True
def fails(): raise ValueError("no")
def plain(x): return x
"""

BODIES = {
    "falls off": "y = x\nz = y",
    "return": "if x:\n    return x\nreturn plain(x)",
    "if": "y = 1\nif x:\n    y = plain(x)",
    "if else": "if x:\n    y = plain(1)\nelif x is None:\n    y = 2\nelse:\n    y = plain(3)",
    "for": "for i in range(x):\n    y = plain(i)",
    "for else": "for i in range(x):\n    y = i\nelse:\n    z = plain(1)",
    "break": "for i in range(3):\n    if i == x:\n        break\nelse:\n    z = 1",
    "break early": "while True:\n    y = plain(1)\n    break\nz = plain(2)",
    "while": "while x:\n    x = x - 1",
    "forever": "while True:\n    x = x - 1\n    if x < 0:\n        return plain(x)",
    "with": "with around() as c:\n    y = plain(c)",
    "with return": "with around() as c:\n    return plain(c)",
    "with swallows": "with Swallows():\n    fails()\ny = plain(1)",
    "with swallows at the end": "with Swallows():\n    with Swallows():\n        y = x\n        fails()",
    "with in try": "try:\n    with around():\n        fails()\nexcept ValueError:\n    y = plain(1)",
    "try in with": "with Swallows():\n    try:\n        fails()\n    finally:\n        y = plain(1)",
    "try": "try:\n    y = plain(x)\n    fails()\nexcept ValueError as e:\n    z = plain(1)",
    "try else": "try:\n    y = x\nexcept ValueError:\n    z = 1\nelse:\n    y = plain(2)",
    "finally": "try:\n    return plain(x)\nfinally:\n    y = plain(1)",
    "finally goes on": "try:\n    if x:\n        return plain(x)\nfinally:\n    y = plain(1)\nz = plain(2)",
    "finally twice": "try:\n    try:\n        return x\n    finally:\n        y = 1\nfinally:\n    z = plain(1)",
    "finally in loop": "for i in range(2):\n    try:\n        if i == x:\n            return i\n        continue\n    finally:\n        y = plain(i)\nz = 3",
    "finally breaks": "for i in range(2):\n    try:\n        return i\n    finally:\n        break\nz = plain(3)",
    "raises": "try:\n    fails()\nfinally:\n    y = plain(1)",
    "leaves": "y = plain(1)\nfails()",
    "match": "match x:\n    case 1:\n        y = plain(x)\n    case 5:\n        y = 2",
    "print": "y = x\nprint(y, end='')",
    "only print": "print(x, end='')",
    "print of a call": "print(plain(x), end='')",
    "decorated": "@contextlib.contextmanager\ndef inner():\n    yield plain(x)",
    "class": "class Inner:\n    y = x",
    "nested": "def inner(y):\n    return plain(y)\nreturn inner(x)",
    "lambda": "g = lambda y: plain(y)\nreturn g(x)",
    "docstring": "'''Nothing.'''",
    "pass": "pass",
}  # fmt: skip


def record(path: Path, source: str) -> Any:
    names = define(source, "f").__globals__
    filename = names["f"].__code__.co_filename
    with follow.Recorder(path) as recorder:
        for known, value in list(names.items()):
            code = getattr(value, "__code__", None)
            if isinstance(value, FunctionType) and code is not None and code.co_filename == filename:
                names[known] = follow.follow(value, follower=recorder)
        for x in (0, 1, 2):
            try:
                names["f"](x)
            except ValueError:
                pass
    return follow.load(path)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
def test_every_call_ends_and_none_goes_on_afterwards(body: str, tmp_path: Path) -> None:
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    trace = record(tmp_path / "run.follow", f"{HELPERS}def f(x):\n{lines}")
    ends = Ends(trace)
    state: dict[int, int] = {}
    for event in trace.events:
        assert state.get(event.call, NO) != SURELY or event.kind in ("set", "leave"), event
        if state.get(event.call) == NEARLY and event.kind == "statement":
            assert event.statement is not None and event.statement.kind in ("case", "except"), event
        if event.kind != "set":
            state[event.call] = ends.after(event)
    unended = [call for call, mark in state.items() if mark == NO]
    assert len(state) >= 3 and not (unended if body != BODIES["print of a call"] else [])


SUSPENDED = """\
def f(n):
    for i in range(n):
        yield i

def g(n):
    x = yield n
    return x

def h(n):
    try:
        yield n
    finally:
        y = 1
"""


@pytest.mark.parametrize("shown", [False, True])
def test_a_suspended_call_has_not_ended(shown: bool, tmp_path: Path) -> None:
    path = tmp_path / "run.follow"
    names = define(SUSPENDED).__globals__
    config = follow.FollowConfig(follow_return=shown)
    with follow.Recorder(path) as recorder:
        for name in "fgh":
            followed = follow.follow(names[name], config=config, follower=recorder)
            assert next(followed(1)) == (0 if name == "f" else 1)  # dropped while suspended
            assert len(list(followed(2))) == (2 if name == "f" else 1)
    trace = follow.load(path)
    ends = Ends(trace)
    state: dict[int, int] = {}
    for event in trace.events:
        if event.kind == "statement":
            assert state.get(event.call, NO) == NO, event
        if event.kind != "set":
            state[event.call] = ends.after(event)
    assert len(state) == 6 and [state[call] == NO for call in sorted(state)].count(False) >= 3


def test_without_the_source_only_what_left_a_call_tells(tmp_path: Path) -> None:
    trace = record(tmp_path / "run.follow", f"{HELPERS}def f(x):\n    if x:\n        fails()\n    return x\n")
    ends = Ends(trace)
    marks = []
    for event in trace.events:
        trace.sources.clear()
        marks.append((event.kind, ends.after(event)))
    assert {kind for kind, mark in marks if mark != NO} == {"leave"}


def test_the_text_of_another_version_of_the_file_tells_nothing(tmp_path: Path) -> None:
    trace = record(tmp_path / "run.follow", f"{HELPERS}def f(x):\n    y = plain(x)\n    return y\n")
    ends = Ends(trace)
    marks = set()
    for event in trace.events:
        for name, source in list(trace.sources.items()):
            trace.sources[name] = replace(
                source, text="def f(x):\n    return x\n" + source.text.replace("    y =", "    if x: y =")
            )
        if event.function is not None and event.function.name == "f":
            marks.add(ends.after(event))
    assert marks == {NO}
