"""The viewer's file: what was recorded comes out of it again, and nothing of it is taken for markup."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings

import follow as package
from follow import FollowConfig, Recorder, follow, load
from follow.cli import main
from follow.copies import plain
from follow.trace.replay import Replay, variable
from follow.view import values as view_values
from follow.view.page import write_view

from .programs import functions
from .support import define, outcome
from .test_differential import _arguments
from .viewfile import INERT, View

VIEW = Path(package.__file__).parent / "view"

PROGRAM = '''
import threading

class Node:
    def __init__(self, value): self.value = value

def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)

def numbers(n):
    for i in range(n):
        yield i * 2

def walk(items):
    if items:
        yield items[0]
        yield from walk(items[1:])

def bad(x):
    """</script><script>alert(1)</script><!-- """
    try:
        return 1 / x
    except ZeroDivisionError as error:
        text = "<b>&amp;</b></script><script>alert(2)</script>"
        raise ValueError(text) from error

def table(n):
    rows = []
    again = rows
    for i in range(n):
        row = []
        for j in range(n):
            if (i + j) % 2:
                row.append(i * j)
            elif j > 3:
                continue
        rows.append(row)
    k = 0
    while k < 3:
        k += 1
    del k
    return again

def work():
    return sum(numbers(3))

def lost(\u00fc):
    s = "\\ud800 \U0001f600"
    big = 1 << 70
    return float("-0"), float("nan"), True, 1, 1.0, s

def f():
    fib(4)
    list(walk([1, 2]))
    for x in numbers(3):
        y = fib(x)
    try:
        bad(0)
    except ValueError:
        pass
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    m = table(4)
    node = Node(m)
    return lost("<i>")
'''


def recorded(folder: Path, action: Callable[[Recorder], object], name: str = "run.follow") -> Path:
    path = folder / name
    with Recorder(path) as recorder:
        action(recorder)
    return path


def whole_program(recorder: Recorder) -> None:
    names = "fib", "numbers", "walk", "bad", "table", "work", "lost"
    f = define(PROGRAM)
    for name in names:
        f.__globals__[name] = follow(f.__globals__[name], recorder)
    follow(f, recorder)()


def view_of(trace: Path) -> View:
    return View(write_view(load(trace), trace.with_suffix(".html")))


def shown(value: object) -> tuple[str, str]:
    entry = variable("", value)
    return entry["type"], repr(entry["val"])


def assert_same(view: View, trace: Path) -> int:
    """What the view has of each event against the trace's own replay."""
    replay = Replay()
    happenings = iter(view.happenings())
    count = 0
    for event in load(trace).events:
        count += 1
        told = next(happenings)
        call = replay.take(event)
        assert (told.sequence, told.kind, told.time, told.call) == (event.sequence, event.kind, event.time, event.call)
        assert call.function is not None and told.function == call.function.qualname
        if event.statement is not None:
            assert (told.instruction, told.line) == (event.statement.instruction, event.statement.line)
        assert told.variables == {name: shown(plain(form)) for name, form in call.values.items()}
        assert told.result == (shown(event.result) if event.has_result else None)
        assert told.exception == event.exception
    assert next(happenings, None) is None
    assert view.meta["events"] == count
    return count


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
    subprocess.run([sys.executable, "-c", script], cwd=VIEW.parent.parent, check=True, timeout=60)
    view = view_of(tmp_path / "run.follow")
    assert view.meta["ended"] is False
    assert list(view.callers().values()) == [None, *list(view.callers())[:-1]]


def test_loops_are_told_by_where_they_are_entered(tmp_path: Path) -> None:
    view = view_of(recorded(tmp_path, whole_program))
    places = view.tables["places"]
    outer = {int(loop): other for loop, other in view.tables["loops"].items()}
    inner = {places[place[7]][3] for place in places if place[3] in ("row.append(i * j)", "elif j > 3:", "continue")}
    assert inner == {"for j in range(n):"}
    loop_of = {place[3]: place[7] for place in places if place[1] == "statement"}
    assert places[outer[loop_of["row.append(i * j)"]]][3] == "for i in range(n):"
    assert outer[loop_of["row = []"]] == -1
    assert places[loop_of["k += 1"]][3] == "while k < 3:"
    assert loop_of["k = 0"] == loop_of["rows = []"] == -1
    # an event of the loop's end belongs to the loop, and is not the place at which it is entered
    headers = [number for number, place in enumerate(places) if place[3] == "for j in range(n):"]
    assert len(headers) == 2 and {places[number][7] for number in headers} == {loop_of["row.append(i * j)"]}


def test_functions_stand_at_their_def(tmp_path: Path) -> None:
    view = view_of(recorded(tmp_path, whole_program))
    lines = PROGRAM.split("\n")
    for _, name, _, line, _, _ in view.tables["functions"]:
        assert lines[line - 1].startswith(f"def {name}(")


def test_what_is_not_executed_is_told_from_what_is_not_recorded(tmp_path: Path) -> None:
    function = define("def f(n):\n    for i in range(2):\n        print(i)\n    j = n\n    if n:\n        k = 1\n")
    config = FollowConfig(follow_for_loops=False)
    view = view_of(recorded(tmp_path, lambda recorder: follow(function, recorder, config=config)(0)))
    assert dict(view.tables["names"][0]) == {"n": 1, "i": 0, "j": 1, "k": 1}
    lines = {place[4] for place in view.tables["places"]}
    assert lines == {1, 4, 5, 6}  # not the loop, not the print
    executed = {view.tables["places"][number][4] for number in view.columns["place"]}
    assert executed == {1, 4, 5}


def test_nothing_is_taken_for_markup(tmp_path: Path) -> None:
    trace = recorded(tmp_path, whole_program, "<b>&amp;<script>.follow")
    answers = {"why": [{"sequence": 1, "name": "</script><script>alert(3)</script><!--", "steps": []}]}
    view = View(write_view(load(trace), tmp_path / "out.html", answers))
    page = view.page
    assert set(page.tags) == {"html", "head", "meta", "title", "style", "body", "div", "script"}
    assert page.title == "<b>&amp;<script>.follow · follow"
    running = [text for attributes, text in page.scripts if attributes.get("type") not in INERT]
    assert len(running) == 1 and "alert" not in running[0]
    assert view.answers == answers
    assert all("alert" not in text for attributes, text in page.scripts if attributes.get("id") != "answers")
    lines = "\n".join(line for source in view.sources.values() for line in source)
    assert "<script" not in lines and "&lt;script&gt;alert(1)&lt;/script&gt;" in lines


def test_source_has_the_lines_of_the_file(tmp_path: Path) -> None:
    source = "def f():\r\n    s = '''a\r\n\x0c\u2028 <b>\r\n'''\r\n    return s\r\n\r\n"
    function = define(source)
    view = view_of(recorded(tmp_path, lambda recorder: follow(function, recorder)()))
    (lines,) = view.sources.values()
    text = load(tmp_path / "run.follow")
    assert list(text.events)
    assert len(lines) == 5 and lines[1].endswith("</span>") and "return" in lines[4]


def test_source_of_another_python_is_shown_without_loops(tmp_path: Path) -> None:
    from follow.view.source import Layout, lines_of

    layout = Layout("def f(:\n    for x in y: pass\n")
    assert layout.around(2, 4) is None and layout.outer == {} and layout.line_of("f", 2) == 2
    assert len(lines_of("def f(:\n    for <b> in y: pass\n")) == 2
    assert lines_of("<b>" * 1_000_000) == ["&lt;b&gt;" * 1_000_000]


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


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace = recorded(tmp_path, whole_program)
    assert main(["view", str(trace)]) == 0
    assert capsys.readouterr().out == f"{trace}.html\n"
    assert_same(View(Path(f"{trace}.html")), trace)
    assert main(["view", str(trace), "-o", str(tmp_path / "out.html")]) == 0
    assert (tmp_path / "out.html").read_bytes() == Path(f"{trace}.html").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.html", "run.follow", "run.follow.html"]


def test_what_cannot_be_viewed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    missing, other = tmp_path / "missing", tmp_path / "other"
    other.write_text("no trace")
    assert main(["view", str(missing)]) == 2
    assert capsys.readouterr().err.startswith(f"follow: {missing} cannot be read (")
    assert main(["view", str(other)]) == 1
    assert str(other) in capsys.readouterr().err
    trace = recorded(tmp_path, whole_program)
    before = trace.read_bytes()
    assert main(["view", str(trace), "-o", str(tmp_path / "nowhere" / "out.html")]) == 2
    assert "out.html cannot be written (" in capsys.readouterr().err
    assert main(["view", str(trace), "-o", str(trace)]) == 2
    assert trace.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["other", "run.follow"]


def test_a_trace_that_makes_no_sense_leaves_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trace = recorded(tmp_path, whole_program)

    def fail(self: object, events: object) -> None:
        raise package.TraceError("It makes no sense.")

    monkeypatch.setattr("follow.view.encode.Encoder.take", fail)
    assert main(["view", str(trace)]) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["run.follow"]


def test_the_built_files_are_those_of_the_sources() -> None:
    sources = VIEW / "src"
    scripts = sorted(sources.glob("*.js"), key=lambda path: path.name.encode())
    digest = hashlib.sha256()
    for path in (*scripts, sources / "style.css", sources / "package.json", sources / "package-lock.json"):
        digest.update(path.read_bytes())
    assert (VIEW / "built" / "SOURCES.sha256").read_text().strip() == digest.hexdigest(), "run follow/view/build"
