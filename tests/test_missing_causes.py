"""What ``why`` must not leave out, nor call exact where it is not: a statement is marked with ``# cause`` where it must be
told, with ``# no`` where it must not be told as exact."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from follow import load
from follow.explore.run import Run
from follow.explore.steps import EXACT, NOT_RECORDED, Step
from follow.explore.target import target
from follow.explore.why import Slicer

PROGRAMS = {
    "an item by get": """
d = {}
d["k"] = 3  # cause
d["z"] = 99  # no
asked = d.get("k")
""",
    "an item by get with a default that was not there": """
d = {"z": 1}  # cause
asked = d.get("k", 5)
""",
    "what all items gave": """
order = {"items": 100}
order["tax"] = 25  # cause
order["shipping"] = 10  # cause
order["items"] = 90  # cause
asked = sum(order.values())
""",
    "what a list was given": """
xs = [1]
xs.append(2)  # cause
xs.append(3)  # cause
xs[0] = 5  # cause
for x in xs:
    asked = x
""",
    "arguments from a list": """
def f(*args, b):
    return args[0] + args[1] + b
args = [1, 2]
args[0] = 5  # cause
args[1] = 6  # cause
asked = f(*args, b=3)
""",
    "a formatted dict": """
user = {}
user["name"] = "Ann"  # cause
user["age"] = 5  # cause
asked = "{name}".format(**user)
""",
    "chained generators": """
def read(rows):
    for row in rows:
        word = row.strip()  # cause
        yield word  # cause
def parse(words):
    for word in words:  # cause
        yield len(word)
for n in parse(read(["a", " bb", "ccc "])):
    asked = n
""",
    "a generator in a variable": """
def read(rows):
    for row in rows:
        word = row.strip()  # cause
        yield word  # cause
words = read(["a", " bb", "ccc "])
for w in words:
    asked = len(w)
""",
    "what chose the callee": """
def add(x, y):
    return x + y
def sub(x, y):
    return x - y
HANDLERS = {"+": add, "-": sub}  # cause
op = "-"  # cause
asked = HANDLERS[op](3, 2)
""",
    "what chose the method": """
class A:
    def on_x(self, n):
        return n
    def on_y(self, n):
        return -n
which = "y"  # cause
a = A()  # cause
asked = getattr(a, "on_" + which)(4)
""",
    "a class in a variable": """
class A:
    def go(self):
        return 1
class B:
    def go(self):
        return 2
kind = B  # cause
obj = kind()  # cause
asked = obj.go()
""",
    "a lambda's body": """
k = 5  # cause
j = 10  # cause
f = lambda x: x * k
asked = f(j)
""",
    "a lambda that binds late": """
def main():
    fs = []
    for i in range(3):  # cause
        fs.append(lambda x: x + i)
    j = 10  # cause
    asked = fs[0](j)
    return asked
main()
""",
    "a lambda for another function": """
def main():
    limit = 2  # cause
    xs = [1, 3]  # cause
    asked = list(filter(lambda x: x > limit, xs))
    return asked
main()
""",
    "what put an inner container there": """
rows = [{"k": 1}, {"k": 3}]  # cause
rows.sort(key=lambda row: -row["k"])  # cause
asked = rows[0]["k"]
""",
    "an inner list that was put there": """
rows = [[1], [2]]
other = [7]  # cause
rows[0] = other  # cause
asked = rows[0][0]
""",
    "a class attribute of a new object": """
class C:
    limit = 10
C.limit = 5  # cause
asked = C().limit
""",
    "a dict that is cut": """
class T:
    def __init__(self):
        table = {str(i): i for i in range(124)}
        self.table = table
        self.table["p"] = print
        self.a = set()  # no
        asked = [k for k, v in table.items() if callable(v)]
        self.keys = asked
T()
""",
    "what a parameter holds": """
def total(rows):
    return sum(row["n"] for row in rows)
k = 4  # cause
rows = [{"n": 1, "m": 2}]  # cause
rows[0]["n"] = k  # cause
asked = total(rows)
""",
    "all that a generator gave": """
def given(a, b):
    yield a  # cause
    yield b  # cause
a = 3  # cause
b = 4  # cause
asked = list(given(a, b))
""",
    "all that a generator in a variable gave": """
def given(a, b):
    yield a  # cause
    yield b  # cause
a = 3  # cause
b = 4  # cause
it = given(a, b)
asked = sum(it)
""",
    "a function in a dict": """
def f(a):
    return a + base  # cause
base = 4  # cause
table = {"f": f}  # cause
asked = table["f"](3)
""",
    "another key of an attribute's dict": """
class Store:
    def __init__(self):
        self.d = {}
    def set(self, k, v):
        self.d[k] = v
s = Store()
s.set("x", 5)  # cause
b = 6  # no
s.set("y", b)  # no
asked = s.d["x"]
""",
    "what was overwritten in an attribute's dict": """
class P:
    pass
p = P()
p.m = {}
b = 6  # no
p.m["x"] = b  # no
a = 7  # cause
p.m["x"] = a  # cause
asked = p.m["x"]
""",
    "another key of a row": """
rows = [{"n": 1, "m": 2}]
v = 8  # no
rows[0]["m"] = v  # no
k = 3  # cause
for row in rows:
    row["n"] = k  # cause
asked = rows[0]["n"]
""",
    "a default that was not used": """
d = {"a": 1}  # cause
k = 5  # no
asked = d.get("a", k)
""",
    "another name of a list": """
xs = [1, 2]  # cause
b = 6  # no
xs[1] = b  # no
ys = xs
ys[1] = 3  # cause
asked = sum(ys)
""",
    "the end of a list": """
s = []
b = 6  # no
s.append(b)  # no
a = 7  # cause
s.append(a)  # cause
asked = s[-1]
""",
    "what is popped": """
s = [1]
b = 6  # no
s[0] = b  # no
a = 7  # cause
s.append(a)  # cause
asked = s.pop()
""",
    "a callee that is computed": """
def make(n):
    def inner(m):
        return n + m  # cause
    return inner
n = 3
m = 4  # cause
asked = make(n)(m)
""",
    "an alias of a function": """
def f(n):
    return n + 1  # cause
a = 3  # cause
g = f
asked = g(a)
""",
    "a generator that never went on": """
def running():
    total = 0
    while True:
        v = yield total
        total += v  # cause
g = running()
next(g)
n = 10
g.send(n)
asked = g.send(5)  # cause
""",
    "a list of which items moved": """
xs = []
xs.append(1)  # cause
xs.append(2)  # cause
xs.append(3)  # cause
del xs[0]  # cause
xs[0:0] = [7]  # cause
asked = sum(xs)
""",
    "what a cache gave": """
import functools
@functools.lru_cache
def double(n):
    return n * 2
n = 3  # cause
first = double(n)
asked = double(n)
""",
}


Explained = Callable[[str], tuple[Run, list[Step]]]


@pytest.fixture
def explained(tmp_path: Path) -> Explained:
    """Records a program, and asks for the last value of ``asked``."""

    def ask(source: str) -> tuple[Run, list[Step]]:
        (tmp_path / "prog.py").write_text(source)
        command = [sys.executable, "-m", "follow", "run", "--detail", "dataflow", "-o", "run.follow", "prog.py"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
        run = Run(load(tmp_path / "run.follow"))
        return run, list(Slicer(run).why(*target(run, "asked")))

    return ask


@pytest.fixture
def answers(explained: Explained) -> Callable[[str], list[tuple[int, str]]]:
    """Records a program, asks for the last value of ``asked``; gives lines (0 for calls and what is not recorded) and
    certainties."""

    def ask(source: str) -> list[tuple[int, str]]:
        run, steps = explained(source)
        statements = [run.events[step.index].statement if step.index >= 0 else None for step in steps]
        return [(one.line if one else 0, step.certainty) for one, step in zip(statements, steps)]

    return ask


@pytest.mark.parametrize("name", list(PROGRAMS))
def test_no_cause_is_left_out(answers, name):
    source = PROGRAMS[name]
    told = answers(source)
    for number, text in enumerate(source.splitlines(), start=1):
        if re.search("# cause$", text):
            assert number in [line for line, _ in told], (text, told)
        if re.search("# no$", text):
            assert (number, EXACT) not in told, (text, told)


@pytest.mark.parametrize("name", ["chained generators", "a generator in a variable"])
def test_what_a_generator_gave_is_of_the_right_iteration(explained, name):
    run, steps = explained(PROGRAMS[name])
    given = [run.form_of(step.index, "word") for step in steps if step.what == "word"]
    assert given and {*given} == {"ccc"}


def test_what_is_not_recorded_is_said(explained):
    source = (
        "def main(pair):\n    match pair:\n        case [a, b] if a > b:\n            asked = 1\n"
        "        case [a, b]:\n            asked = 2\n    return asked\nmain([1, 2])\n"
    )
    _, steps = explained(source)
    assert [
        step for step in steps if step.certainty == NOT_RECORDED and "line 3 matched and only its guard" in step.what
    ]
    _, steps = explained(PROGRAMS["what a cache gave"])
    assert [step for step in steps if step.certainty == NOT_RECORDED and "double() gave something" in step.what]


def test_many_items_are_not_all_told(explained):
    _, steps = explained("d = {}\nfor i in range(40):\n    d[i] = i * 2\nasked = sum(d.values())\n")
    stored = {step.index for step in steps if step.index >= 0 and step.relation == "element"}
    assert len(stored) == 21
    assert [step for step in steps if step.index < 0 and "further items were written before" in step.what]


def test_what_was_imported(explained, tmp_path):
    (tmp_path / "other.py").write_text("A = 10\nX = A + 1\nY = 5\n")
    run, steps = explained("from other import X as renamed, Y\nasked = renamed\n")
    told = {run.events[step.index].text for step in steps if step.index >= 0}
    assert {"X = A + 1", "A = 10"} <= told and "Y = 5" not in told
