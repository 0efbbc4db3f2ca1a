"""What functions do to variables of their module: recorded with dataflow, whatever makes the events."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

from follow import FollowConfig, Recorder, accelerate, follow, load
from follow.cli import main
from follow.copies import plain

from .support import define

PROGRAM = """\
import heapq, threading
OUT, HEAP, TABLE, STATE, COUNT, SHARED, LEFT = [], [5], {}, None, 0, [], [1]
class Box:
    pass
BOX = Box()
def append(n):
    OUT.append(n)
    return len(OUT)
def push(n):
    heapq.heappush(HEAP, n)
def store(n):
    TABLE["k"] = n
    TABLE.update(z=n + 1)
def bind(n):
    global STATE, COUNT
    STATE = {"to": n}
    COUNT += n
    for COUNT in (n, COUNT): pass
def attribute(n):
    BOX.value = n
def in_thread(n):
    SHARED.append(n)
def given(rows):
    rows.append(9)
def hand_on():
    given(LEFT)
class Maker:
    def run(self):
        make = lambda n: OUT.append(n)
        make(8)
        yield OUT.pop()
def main():
    append(3)
    push(1)
    store(4)
    bind(6)
    attribute(7)
    thread = threading.Thread(target=in_thread, args=(2,))
    thread.start()
    thread.join()
    hand_on()
    list(Maker().run())
    out, heap, k, z, to = OUT[0], HEAP[0], TABLE["k"], TABLE["z"], STATE["to"]
    count, value, shared, left = COUNT, BOX.value, SHARED[0], LEFT[1]
main()
"""
FORMS = ["helper", "python"]


@pytest.fixture(params=FORMS)
def record(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[..., Path]:
    """Records a program with the compiled helper, and without."""
    if request.param == "helper" and accelerate.native is None:
        pytest.fail("the compiled helper is not here")
    environment = {**os.environ, "FOLLOW_PURE_PYTHON": str(int(request.param == "python"))}

    def run(source: str, detail: str = "dataflow", **more: str) -> Path:
        (tmp_path / "prog.py").write_text(source)
        command = [sys.executable, "-m", "follow", "run", "--detail", detail, "-o", f"{detail}.follow", "prog.py"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, env={**environment, **more})
        return tmp_path / f"{detail}.follow"

    return run


@pytest.fixture
def rows(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[dict[str, Any]]]:
    """The rows of the answer to a question."""

    def ask(*arguments: str) -> list[dict[str, Any]]:
        capsys.readouterr()
        main([*arguments, "--json"])
        out, err = capsys.readouterr()
        assert not err, err
        found: list[dict[str, Any]] = json.loads(out)["rows"]
        return found

    return ask


def test_why_finds_the_function_that_has_changed_them(record, rows):
    trace = str(record(PROGRAM))
    lines = {text.strip(): number for number, text in enumerate(PROGRAM.splitlines(), 1)}
    for name, statement in {
        "out": "OUT.append(n)",
        "heap": "heapq.heappush(HEAP, n)",
        "k": 'TABLE["k"] = n',
        "z": "TABLE.update(z=n + 1)",
        "to": 'STATE = {"to": n}',
        "count": "COUNT += n",
        "value": "BOX.value = n",
        "shared": "SHARED.append(n)",
        "left": "rows.append(9)",
    }.items():
        assigned = lines['out, heap, k, z, to = OUT[0], HEAP[0], TABLE["k"], TABLE["z"], STATE["to"]']
        if name in ("count", "value", "shared", "left"):
            assigned += 1
        found = rows("why", trace, name, "--rows", "50")
        told = [(row["event"]["line"], row["certainty"]) for row in found if row["event"]]
        assert told[0][0] == assigned and (lines[statement], "exact") in told, (name, told)


def test_their_changes_are_told_where_they_happened(record, rows):
    trace = str(record(PROGRAM))
    told = [(row["line"], row["value"]) for row in rows("var", trace, "OUT")]
    assert told == [(2, "[]"), (7, "[3]"), (29, "[3, 8]"), (31, "[3]")]
    assert [row["value"] for row in rows("var", trace, "COUNT")] == ["0", "6", "6", "6"]
    assert [(row["line"], row["value"]) for row in rows("var", trace, "STATE")] == [(2, "None"), (16, "{'to': 6}")]


def test_a_plain_trace_knows_which_functions_may_have_changed_them(record, rows):
    trace = str(record(PROGRAM, "plain"))
    texts = PROGRAM.splitlines()
    for name, statement in (
        ("out", "    OUT.append(n)"),
        ("heap", "    heapq.heappush(HEAP, n)"),
        ("z", "    TABLE.update(z=n + 1)"),
        ("shared", "    SHARED.append(n)"),
    ):
        found = rows("why", trace, name, "--rows", "50")
        elements = {
            row["event"]["line"]: row["certainty"] for row in found if row["event"] and row["relation"] == "element"
        }
        assert elements[texts.index(statement) + 1] == "may", (name, elements)
        assert elements.get(2, "may") == "may", "what made the container is not all"


def test_a_plain_trace_is_sure_where_functions_have_only_read_them(record, rows):
    source = (
        "TABLE = {'a': 1}\ndef look(name):\n    print(TABLE, len(TABLE))\n    return TABLE.get(name)\n"
        "def main():\n    look('a')\n    x = TABLE['a']\n    return x\nmain()\n"
    )
    found = rows("why", str(record(source, "plain")), "x", "--rows", "50")
    assert {row["certainty"] for row in found} == {"exact"}
    assert {row["event"]["line"] for row in found} <= {1, 7, 8, 9}


def places(rows: list[dict[str, Any]]) -> list[tuple[str, int, str]]:
    """The files, lines and certainties of causes that are recorded."""
    return [(Path(row["event"]["file"]).name, row["event"]["line"], row["certainty"]) for row in rows if row["event"]]


STATE = """\
ITEMS, CONFIG = [], {"debug": False}
def add(item):
    ITEMS.append(item)
"""
MODULES = """\
import state
from state import CONFIG
def setup():
    state.ITEMS.append("first")
    state.CONFIG["debug"] = True
    state.MODE = "fast"
def main():
    setup()
    state.add("second")
    debug, item, other = CONFIG["debug"], state.ITEMS[0], state.ITEMS[1]
    mode = state.MODE
main()
"""


def test_variables_of_other_modules(record, rows, tmp_path):
    (tmp_path / "state.py").write_text(STATE)
    trace = str(record(MODULES))
    for name, file, line, certainty in (
        ("debug", "prog.py", 5, "exact"),
        ("item", "prog.py", 4, "exact"),
        ("other", "state.py", 3, "exact"),
        ("mode", "prog.py", 6, "may"),
    ):
        found = rows("why", trace, name, "--rows", "50")
        told = places(found)
        assert (file, line, certainty) in told, (name, told)
    (told,) = rows("line", trace, "prog.py:4")
    assert told["wrote"] == [["state.ITEMS", "['first']", "[]"]]


PACKAGE = """\
import app.conf.base
def note(x):
    app.conf.base.ITEMS.append(x)
def level(n):
    app.conf.base.OPTIONS.level = n
def mode():
    app.conf.base.MODE = "fast"
def main():
    mode()
    note("first")
    level(3)
    item, old = app.conf.base.ITEMS[1], app.conf.base.ITEMS[0]
    level_now = app.conf.base.OPTIONS.level
    limit = app.conf.base.LIMIT
    how = app.conf.base.MODE
main()
"""


def test_variables_of_modules_in_packages(record, rows, tmp_path):
    (tmp_path / "app" / "conf").mkdir(parents=True)
    (tmp_path / "app" / "__init__.py").touch()  # and a namespace package in it
    (tmp_path / "app" / "conf" / "base.py").write_text(
        "class Options:\n    level = 0\nOPTIONS = Options()\nITEMS = ['zeroth']\nLIMIT = 9\nMODE = 'slow'\n"
    )
    trace = str(record(PACKAGE))
    for name, file, line, certainty in (
        ("item", "prog.py", 3, "exact"),
        ("old", "base.py", 4, "exact"),
        ("level_now", "prog.py", 5, "exact"),
        ("limit", "base.py", 5, "exact"),
        ("how", "prog.py", 7, "exact"),
    ):
        found = rows("why", trace, name, "--rows", "50")
        told = places(found)
        assert (file, line, certainty) in told, (name, told)
    (told,) = rows("line", trace, "prog.py:3")
    assert ["app.conf.base.ITEMS", "['zeroth', 'first']", "['zeroth']"] in told["wrote"]


def certain(rows, line):
    """How sure an answer is of the causes at a line of the program."""
    return {row["certainty"] for row in rows if row["event"] and row["event"]["line"] == line}


def test_a_variable_of_another_module_that_was_assigned_through_it(record, rows, tmp_path):
    (tmp_path / "st.py").write_text("L = [1]\nC = 1\n")
    source = (
        "import st\ndef setit():\n    st.L = [7]\ndef setc():\n    st.C = 50\n"
        "def main():\n    setit()\n    t = st.L[0]\n    setc()\n    u = st.C\nmain()\n"
    )
    trace = str(record(source))
    assert certain(rows("why", trace, "t"), 3) == {"exact"}
    assert not [row for row in rows("why", trace, "u") if row["event"] and row["event"]["file"].endswith("st.py")]
    assert certain(rows("why", trace, "u"), 5) == {"exact"}


def test_a_function_reads_what_another_module_has_assigned(record, rows, tmp_path):
    (tmp_path / "st.py").write_text("RATE = 1\ndef use(x):\n    return x * RATE\n")
    source = (
        "import st\nclass Other: pass\nOther.RATE = 3\nnew = 5\nst.RATE = new\ny = st.use(2)\n"
        "def unknown():\n    return [st][0]\nunknown().RATE = 7\nz = st.use(2)\n"
    )
    trace = str(record(source))
    found = rows("why", trace, "y")
    told = places(found)
    assert {("prog.py", 5, "exact"), ("prog.py", 4, "exact")} <= {*told} and ("st.py", 1, "exact") not in told
    assert not any(told_of[:2] == ("prog.py", 3) for told_of in told)
    (value,) = [row["event"]["read"] for row in found if row["event"] and row["event"]["statement"][:6] == "return"]
    assert "1" not in [text for name, text, _ in value if name == "RATE"]
    assert certain(rows("why", trace, "z"), 5) == {"may"}


def test_a_module_is_not_taken_for_another_of_that_name(record, rows, tmp_path):
    (tmp_path / "pk").mkdir()
    (tmp_path / "pk" / "logging.py").write_text("INFO = 99\n")
    found = rows("why", str(record("import logging, pk.logging\ndef main():\n    y = logging.INFO\nmain()\n")), "y")
    assert not any(row["event"] and row["event"]["file"].endswith("logging.py") for row in found)
    assert any(row["certainty"] == "not recorded" for row in found)


def test_what_contradicts_what_was_read_is_not_called_exact(record, rows):
    source = (
        "T = [1]\nC = 0\ndef setc(x):\n    globals()['C'] = x\ndef last():\n    return T[-1]\n"
        "def main():\n    add = T.append\n    add(3)\n    y = T[-1]\n    setc(5)\n    z = C\n    w = last()\nmain()\n"
    )
    for detail in ("plain", "dataflow"):
        trace = str(record(source, detail))
        for name, line in (("y", 1), ("z", 2), ("w", 1)):
            found = rows("why", trace, name, "--rows", "50")
            unsure = [
                row for row in found if row["event"] and row["event"]["line"] == line and row["relation"] != "index"
            ]
            assert {row["certainty"] for row in unsure} == {"may"}, (detail, name)
            assert any(row["certainty"] == "not recorded" and "written" in row["about"] for row in found)


def test_attributes_of_classes_may_have_been_written_where_they_are_named(record, rows):
    """They are not recorded. What is written of another object under the same name is none of them."""
    source = (
        "class Team:\n    members = []\n    def join(self, n):\n        self.members.append(n)\n"
        "class Other:\n    def __init__(self):\n        self.members = [0]\n"
        "one, two = Team(), Team()\none.join(1)\ntwo.join(2)\nother = Other()\nother.members.append(3)\n"
        "first = two.members[0]\n"
    )
    found = rows("why", str(record(source)), "first", "--rows", "50")
    assert found[1]["event"]["line"] == 4 and found[1]["certainty"] == "may"
    assert not {7, 12} & {row["event"]["line"] for row in found if row["event"]}
    assert any(row["certainty"] == "not recorded" for row in found)


def test_both_ways_tell_the_same(tmp_path: Path):
    """With the helper and without, event by event."""
    found = []
    (tmp_path / "prog.py").write_text(PROGRAM.replace("threading.Thread(target=in_thread, args=(2,))", "None"))
    text = (tmp_path / "prog.py").read_text().replace("thread.start()", "in_thread(2)").replace("thread.join()", "pass")
    (tmp_path / "prog.py").write_text(text)
    for pure in "01":
        command = [sys.executable, "-m", "follow", "run", "--detail", "dataflow", "-o", "run.follow", "prog.py"]
        environment = {**os.environ, "FOLLOW_PURE_PYTHON": pure}
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True, env=environment)
        events = list(load(tmp_path / "run.follow").events)
        found.append([(one.kind, one.text, list(map(plain, (one.globals or {}).items()))) for one in events])
    assert found[0] == found[1]
    assert any(globals for *_, globals in found[0])


def test_records_and_plain_traces_are_as_ever(record):
    """Records show a function's own variables."""
    shown = []
    for detail in ("plain", "dataflow"):
        trace = load(record(PROGRAM, detail))
        records = [
            (one["instruction"], [variable["var"] for variable in one["local_vars"]])
            for one in trace.records()
            if one["function"] not in ("<module>", "in_thread")
        ]
        shown.append(records)
        assert all(not event.globals for event in trace.events) == (detail == "plain")
    assert shown[0] == shown[1] and len(shown[0]) > 30


def test_a_function_alone_tells_what_its_module_holds():
    """The module is not followed: where its variable comes from is not recorded."""
    taken = Recorder(detail="dataflow")
    held: list[int] = []
    function = define("def f(n):\n    HELD.append(n)\n    return HELD[0]\n", HELD=held)
    assert follow(function, follower=taken)(3) == 3 and held == [3]
    assert [plain(event.globals) for event in taken.events() if event.globals] == [{"HELD": [3]}]


@pytest.mark.parametrize("pure", [False, True])
def test_what_is_none_of_the_module_is_not_looked_up(pure: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Built-in functions, what is called only, unbound names, and names that are deleted meanwhile."""

    class Names(dict[str, Any]):
        def get(self, name: str, default: Any = None) -> Any:
            raise AssertionError(name)

    helped = Recorder(detail="dataflow")
    if pure:
        monkeypatch.setattr("follow.sink.native", None)
    taken = Recorder(detail="dataflow") if pure else helped
    source = (
        "def f():\n    global NEW, GONE\n    NEW = [1]\n    del NEW\n    try:\n        missing.append(print)\n"
        "    except NameError as error:\n        text = str(error)\n    call(len, GONE)\n    GONE = 2\n    return text\n"
    )
    plain_one = define(source, call=lambda *given: given[1].clear(), GONE=[3])
    function = FunctionType(plain_one.__code__, Names(plain_one.__globals__))
    assert follow(function, follower=taken)() == "name 'missing' is not defined"
    told = [plain(event.globals) for event in taken.events() if event.globals]
    assert told == [{"NEW": [1]}, {"GONE": []}, {"GONE": 2}]


def test_what_is_given_a_secret_is_not_told():
    taken = Recorder(detail="dataflow")
    source = (
        "def f():\n    global KEY, ROWS\n    KEY = fetch_password()[0]\n    ROWS = fetch_password()\n"
        "    return g()\ndef g():\n    ROWS.append(1)\n    OTHER.append(2)\n    return len(ROWS)\n"
    )
    function = define(source, fetch_password=lambda: ["hunter" + "2"], OTHER=[])
    both = FollowConfig(redact=("password",))
    function.__globals__["g"] = follow(function.__globals__["g"], config=both, follower=taken)
    assert follow(function, config=both, follower=taken)() == 2
    assert [plain(event.globals) for event in taken.events() if event.globals] == [{"OTHER": [2]}]
    assert "hunter2" not in repr(list(taken.records()))


def test_secrets_are_not_told(tmp_path: Path):
    taken = Recorder(tmp_path / "run.follow", detail="dataflow")
    source = "def f(n):\n    global PASSWORD\n    PASSWORDS.append(n)\n    PASSWORD = 'hunter2'\n    OTHER.append(1)\n    return 0\n"
    function = define(source, PASSWORDS=["hunter2"], OTHER=[])
    follow(function, config=FollowConfig(redact=("password", "passwords")), follower=taken)("swordfish")
    taken.close()
    assert [plain(event.globals) for event in load(tmp_path / "run.follow").events if event.globals] == [{"OTHER": [1]}]
