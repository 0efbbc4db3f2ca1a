"""What a tracer or profiler sees of a program that a recorder follows, from the first call on: what it sees plain."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from follow.accelerate import native

if native is None:
    pytest.skip("the compiled helper is not built", allow_module_level=True)

PROGRAM = """
class Odd:
    def __init__(self, value):
        self.value = value
        self.items = {"a": [value], "b": (value, {value})}

def main():
    text = 2
    first(text)
    for number in range(2):
        loop(number)
    text = many(Odd(3), [1, [2, {"three": {4}}]], key=b"bytes")
    branches(0)
    branches(1)
    branches(2)
    total = sum(gives(3))
    caught()
    holds()
    cases(3)
    return closes(3)() + total

def first(value):
    one = value
    two = \\
        one
    three = [
        one,
        two,
    ]

def loop(number):
    while number:
        number -= 1

def many(odd, items, *, key):
    odd.other = items
    copy = dict(odd.items, key=key)
    items.append(copy)
    return (copy,
            items)

def branches(value):
    if value == 0:
        value = 5
    elif value == 1:
        value = [
            6]

def gives(count):
    for number in range(count):
        yield number

def caught():
    try:
        value = 1
    except ValueError:
        value = 2

def holds():
    import contextlib
    with contextlib.nullcontext(3) as value:
        value += 1

def cases(value):
    match value:
        case 3:
            value = 4
        case _:
            value = 5

def closes(start):
    total = start
    def add():
        nonlocal total
        total += 1
        return total
    return add
"""

CHILD = """
import json, sys
sys.path.insert(0, sys.argv[1])
if sys.argv[2] == "followed":
    import follow
    follow.install_import_hook("program", follower=follow.Recorder(), config=follow.FollowConfig(follow_exceptions=False))
import contextlib, program
seen = []
def note(event, frame):
    name = frame.f_code.co_filename
    if name != __file__ and "contextlib" not in name:
        seen.append((event, frame.f_code.co_name, frame.f_lineno))
def tracer(frame, event, argument):
    note(event, frame)
    return tracer
def profiler(frame, event, argument):
    if not event.startswith("c_"):
        note(event, frame)
start = sys.settrace if sys.argv[3] == "trace" else sys.setprofile
start(tracer if sys.argv[3] == "trace" else profiler)
program.main()
start(None)
print(json.dumps(seen))
"""


def seen(folder: Path, *arguments: str) -> Any:
    child = folder / "child.py"
    child.write_text(CHILD)
    (folder / "program.py").write_text(textwrap.dedent(PROGRAM))
    command = [sys.executable, str(child), str(folder), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize("how", ["trace", "profile"])
def test_a_tracer_sees_the_same_events(tmp_path: Path, how: str) -> None:
    plain, followed = seen(tmp_path, "plain", how), seen(tmp_path, "followed", how)
    assert plain == followed
    assert len(plain) > 25 and all(line is not None for _, _, line in plain)


LINES = """
import json, sys
if sys.argv[1] == "followed":
    import follow
    follow.install_import_hook("displays", follower=follow.Recorder())
sys.path.insert(0, sys.argv[2])
import displays
seen = []
def tracer(frame, event, argument):
    if frame.f_code.co_name.startswith("function"):
        seen.append((event, frame.f_code.co_name, frame.f_lineno))
        return tracer
sys.settrace(tracer)
for name in dir(displays):
    if name.startswith("function"):
        getattr(displays, name)(1, 2)
sys.settrace(None)
print(json.dumps(seen))
"""
ITEMS = ["6", "a", "6,7", "a,6", "6,7,8", "6,a,7", "-6,(7,8),9*2", "*[a],6", "6,*[a]", "(6,),a", "[6],a", "(6,7)"]
ITEMS += [",".join(map(str, range(length))) for length in (30, 31)]
ITEMS += [",".join(["a"] * length) for length in (30, 31)]
PAIRS = ["6:a", "a:6", "6:a,7:b", "a:6,7:b", "6:7,8:9", "**{},6:a", "6:a,**{}", "6:a,7:b,**{}", "-6:a,(7,8):b"]
PAIRS += [",".join(f"{number}:a" for number in range(length)) for length in (15, 16, 17, 18)]
PAIRS += [",".join(f"a+{number}:b" for number in range(length)) for length in (15, 16, 17, 18)]


def test_what_stands_on_several_lines_has_the_same_line_events(tmp_path: Path) -> None:
    values = [
        f"{start}\n {items}\n{end}" for items in ITEMS for start, end in ("[]", "{}", ("(", ",)"), ("len([", "])"))
    ]
    values += [f"{{\n {pairs}\n}}" for pairs in PAIRS]
    text = "".join(
        f"def function{number}(a, b):\n    if a:\n        value = {value}\n"
        for number, value in enumerate(values)
        if "{" != value[0] or ("[6]" not in value and "[a]," not in value)
    )
    (tmp_path / "displays.py").write_text(text)
    found = []
    for how in ("plain", "followed"):
        command = [sys.executable, "-c", LINES, how, str(tmp_path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        found.append(json.loads(done.stdout))
    assert found[0] == found[1]
    assert len(found[0]) > 300
