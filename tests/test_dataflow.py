"""``detail="dataflow"``: objects with their attributes, and the same records."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

import pytest

from follow import FollowConfig, Recorder, follow, load
from follow.copies import Instance, Tagged
from follow.explore.run import Run
from follow.explore.target import target
from follow.explore.why import Slicer
from follow.looks import level_of, look_of
from follow.trace.replay import Replay

from .support import define

SOURCE = """
class Node:
    __slots__ = ("value", "next", "unset")
    def __init__(self, value, next=None):
        self.value, self.next = value, next

class Owner:
    def __init__(self):
        self.rows = []
        self.first = None
    def __getattr__(self, name):
        raise RuntimeError("no code of the program may run")
    def __eq__(self, other):
        raise RuntimeError("no code of the program may run")
    __hash__ = None
    def __repr__(self):
        raise RuntimeError("no code of the program may run")

class Liar:
    @property
    def __class__(self):
        raise RuntimeError("no code of the program may run")
    @property
    def __dict__(self):
        raise RuntimeError("no code of the program may run")

def f():
    head = None
    for value in range(3):
        head = Node(value, head)
    owner = Owner()
    owner.first = head
    owner.rows.append(head.value)
    other = owner
    other.rows.append([1])
    head.next.value = 7
    liar = Liar()
    rows = owner.rows
    rows[0] = 8
    for row in rows:
        last = row
    return owner.rows
"""


def forms_at_the_end(recorder, name):
    """The form of a variable when the followed call ended, and by identity those of all objects and lists."""
    replay, told = Replay(), {}
    for event in recorder.events():
        call = replay.take(event)
        if call.function.name == "f":
            found = call.values
        pending = [*event.forms.values(), event.result_form]
        while pending:
            form = pending.pop()
            if type(form) is Tagged and type(form.content) is Instance and form.content.attributes is not None:
                told[form.number] = form.content
                pending += form.content.attributes.values()
            elif type(form) is list:
                told[form[0]] = form
                pending += form
    return found[name], told


def shape(form, told):
    """A form without identities, objects and lists as they were told last."""
    if type(form) is Tagged:
        content = told.get(form.number, form.content)
        if type(content) is Instance:
            attributes = content.attributes
            return content.type, attributes and {key: shape(one, told) for key, one in attributes.items()}
        return shape(form.content, told)
    return [shape(item, told) for item in told.get(form[0], form)[1:]] if type(form) is list else form


def test_attributes_are_recorded_and_followed_through_aliases():
    recorder = Recorder(detail="dataflow")
    follow(define(SOURCE), recorder)()
    node = ("Node", {"value": 2, "next": ("Node", {"value": 7, "next": ("Node", {"value": 0, "next": None})})})
    assert shape(*forms_at_the_end(recorder, "head")) == node
    for name in ("owner", "other"):
        kind, attributes = shape(*forms_at_the_end(recorder, name))
        assert kind == "Owner" and attributes["rows"] == [8, [1]]
        assert attributes["first"][1]["next"][1]["value"] == 7
    assert shape(*forms_at_the_end(recorder, "liar")) == ("Liar", {})


def test_the_records_are_those_of_the_plain_level(tmp_path):
    levels = []
    for detail in ("plain", "dataflow"):
        with Recorder(tmp_path / detail, detail=detail) as recorder:
            follow(define(SOURCE), recorder, config=FollowConfig(fields=("kind",)))()
        trace = load(tmp_path / detail)
        assert trace.header["detail"] == detail
        levels.append([{**record, "execution_time": 0} for record in trace.records()])
    assert repr(levels[0]) == repr(levels[1])


def test_it_is_an_option_of_the_command_line(tmp_path):
    (tmp_path / "main.py").write_text(f"{SOURCE}\nf()\n")
    command = [sys.executable, "-m", "follow", "run", "-o", "run.follow", "--detail", "dataflow", "main.py"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    found = [event.forms["head"] for event in load(tmp_path / "run.follow").events if "head" in event.forms]
    assert any(type(form) is Tagged and type(form.content) is Instance for form in found)


def test_another_level_is_refused():
    with pytest.raises(ValueError, match="detail must be 'plain' or 'dataflow', not 'all'"):
        Recorder(detail="all")


BUSY = """
class Cell:
    def __init__(self, n):
        self.n = n
        self.log = []
        self.other = None

    def add(self, by):
        self.n += by
        self.log.append(by)

def rows():
    for n in range(5):
        yield Cell(n)

class Slotted:
    __slots__ = ("n",)

def make(n):
    found = Slotted()
    found.n = n
    return found

def spoil(cell):
    cell.n = -1

def f():
    a, b = Cell(1), Cell(2)
    a.other = b
    a.add(10)
    a.other.add(20)
    a.other.n = 7
    spoil(b)
    seen = []
    for row in rows():
        seen.append(row.n)
    for n in range(3):
        one = make(n)
        last = one.n
    del a.log
    return a
"""


def attributes_told(recorder):
    """Of each event of a statement its source, and by the names of variables the attributes that it tells."""
    for event in recorder.events():
        if event.statement is not None:
            held = {name: form.content.attributes for name, form in event.forms.items() if type(form) is Tagged}
            yield event.statement.instruction, {name: one for name, one in held.items() if one}


def test_a_statement_tells_the_objects_that_it_changes():
    recorder = Recorder(detail="dataflow")
    function = define(BUSY)
    cell = function.__globals__["Cell"]
    for name in ("__init__", "add"):
        setattr(cell, name, follow(getattr(cell, name), recorder))
    follow(function, recorder)()
    told = list(attributes_told(recorder))
    by = dict(told)
    assert by["self.n = n"]["self"]["n"] == 4 and "log" not in by["self.n = n"]["self"]
    assert by["self.n += by"]["self"]["n"] == 22 and by["self.log.append(by)"]["self"]["log"][1:] == [20]
    other = by["a.other.n = 7"]["a"]["other"].content.attributes
    assert other["n"] == 7
    assert by["spoil(b)"]["b"]["n"] == -1
    assert "log" not in by["del a.log"]["a"]
    rows = [held["row"]["n"] for text, held in told if text == "for row in rows():" and held]
    assert rows[:5] == [0, 1, 2, 3, 4]  # though each may get the place of the one before
    assert [held["one"]["n"] for text, held in told if text == "one = make(n)"] == [0, 1, 2]


def test_what_a_ring_has_dropped_is_told_again():
    recorder = Recorder(detail="dataflow", ring=100)
    source = (
        "class Box:\n    pass\n"
        "def f():\n    box = Box()\n    box.n = 1\n    for n in range(20_000):\n        last = n\n    also = box\n    return also\n"
    )
    follow(define(source), recorder)()
    told = [held for text, held in attributes_told(recorder) if text == "also = box"]
    assert told[0]["also"]["n"] == 1


@pytest.mark.parametrize(
    ("instruction", "name", "level"),
    [
        ("total += a.grow(x)", "a", 1),
        ("total += a.grow(x)", "b", 0),
        ("self.x = other.y", "self", 1),
        ("self.x = other.y", "other", 0),
        ("self.left.count = 1", "self", 2),
        ("rows[i].x = 1", "rows", 2),
        ("f(a.b.c.d)", "a", 3),
        ("super().__init__(n)", "self", 1),
        ("data.self = 1", "self", 0),
        ("if a == b:", "a", 0),
        ("del a.b", "a", 1),
    ],
)
def test_how_closely_an_object_is_looked_at(instruction, name, level):
    assert level_of(instruction, name) == level


def test_nothing_is_kept_alive_by_being_told():
    recorder = Recorder(detail="dataflow")
    source = "class Box:\n    pass\ndef f():\n    box = Box()\n    box.held = Box()\n    return box\n"
    box = follow(define(source), recorder)()
    gone = weakref.ref(box), weakref.ref(box.held)
    del box
    gc.collect()
    assert [one() for one in gone] == [None, None]


@pytest.mark.parametrize(
    ("instruction", "name", "look"),
    [
        ("a.n = 5", "a", 5),
        ("a.left.n += 1", "a", 6),
        ("b = a.n", "a", 0),
        ("a[0].n = b.n", "a", 6),
        ("a.grow(n)", "a", 1),
        ("total += a.grow(x)", "a", 1),
        ("x, a.n = 1, 2", "a", 5),
    ],
)
def test_what_a_statement_assigns_in_is_told_though_it_is_as_it_was(instruction, name, look):
    assert look_of(instruction, name) == look


def test_an_attribute_that_is_set_to_what_it_was_was_written_there(tmp_path):
    source = "class Box:\n    pass\ndef f(n):\n    box = Box()\n    box.n = 5\n    other = [1]\n    box.n = n\n    m = box.n\n    return m\n"
    with Recorder(tmp_path / "t", detail="dataflow") as recorder:
        follow(define(source), recorder)(5)
    run = Run(load(tmp_path / "t"))
    step = next(step for step in Slicer(run).why(*target(run, "m")) if "box.n" in step.what)
    assert run.events[step.index].statement.line == 7


@pytest.mark.parametrize(
    ("made", "part"),
    [
        ("box = Box()\n    box.inner = Box()", "box.inner.n"),
        ("box = [Box()]", "box[0].n"),
        ("box = [[0]]", "box[0][0]"),
    ],
)
def test_nor_is_one_of_what_something_holds_blamed_on_an_earlier_statement(tmp_path, made, part):
    source = f"class Box:\n    pass\ndef f(n):\n    {made}\n    {part} = 5\n    other = [1]\n    {part} = n\n    m = {part}\n    return m\n"
    with Recorder(tmp_path / "t", detail="dataflow") as recorder:
        follow(define(source), recorder)(5)
    run = Run(load(tmp_path / "t"))
    step = next(step for step in Slicer(run).why(*target(run, "m")) if part in step.what)
    assert run.events[step.index].statement.instruction == f"{part} = n" and step.certainty == "exact"
