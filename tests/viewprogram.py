"""The program that the tests of the viewer record, and ways to record."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from follow import FollowConfig, Recorder, follow, load
from follow.copies import plain
from follow.trace.replay import Replay, variable
from follow.view.page import write_view

from .support import define
from .viewfile import View

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
    """The view of a trace."""
    return View(write_view(load(trace), trace.with_suffix(".html")))


def shown(value: object) -> tuple[str, str]:
    entry = variable("", value, FollowConfig().max_bits)
    return entry["type"], repr(entry["val"])


def assert_same(view: View, trace: Path) -> int:
    """What the view has of each event against the trace's own replay, and its variables against the records."""
    replay = Replay()
    records = load(trace).records()
    happenings = iter(view.happenings())
    count = 0
    for event in load(trace).events:
        count += 1
        told = next(happenings)
        call = replay.take(event)
        assert (told.sequence, told.kind, told.time, told.call) == (event.sequence, event.kind, event.time, event.call)
        assert call.function is not None and told.function == call.function.qualname
        assert told.result == (shown(event.result) if event.has_result else None)
        assert told.exception == event.exception
        values = {name: shown(plain(form)) for name, form in call.values.items()}
        assert told.variables.items() <= values.items()
        if event.statement is None:
            assert event.kind != "call" or told.variables == values
            continue
        assert (told.instruction, told.line) == (event.statement.instruction, event.statement.line)
        record = next(records)
        if event.kind == "raise" or (event.statement.shown and not event.statement.label):
            assert told.variables == {one["var"]: (one["type"], repr(one["val"])) for one in record["local_vars"]}
    assert next(happenings, None) is None
    assert view.meta["events"] == count
    return count
