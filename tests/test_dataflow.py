"""``detail="dataflow"``: objects with their attributes, and the same records."""

from __future__ import annotations

import subprocess
import sys

import pytest

from follow import FollowConfig, Recorder, follow, load
from follow.copies import Instance, Tagged
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
