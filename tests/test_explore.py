"""Questions to recorded runs: ``why``, ``diff``, and events as text."""

from __future__ import annotations

import ast
import importlib
import itertools
import json
import subprocess
import sys

import pytest

from follow import Recorder, follow, install_import_hook, load
from follow.cli import main
from follow.explore.absent import why_not
from follow.explore.condition import Condition
from follow.explore.diff import _difference, diff
from follow.explore.routine import Routines
from follow.explore.run import Run
from follow.explore.static import analyse
from follow.explore.target import NotFound, target
from follow.explore.why import Slicer

from .buggy.more import STATE, TWENTY
from .buggy.quixbugs import SEVEN
from .support import define

BUGGY = {one.name: one for one in (*SEVEN, *TWENTY, *STATE)}


@pytest.fixture(scope="module")
def traces(tmp_path_factory):
    """Every program, wrong and right, recorded with dataflow."""
    folder = tmp_path_factory.mktemp("buggy")
    script = folder / "record.py"
    script.write_text(
        "import importlib, sys\nfrom pathlib import Path\nimport follow\n"
        "sys.path.insert(0, str(Path(__file__).parent))\n"
        "for path in sorted(Path(__file__).parent.glob('*_wrong.py')) + sorted(Path(__file__).parent.glob('*_right.py')):\n"
        "    with follow.Recorder(path.with_suffix('.follow'), detail='dataflow') as recorder:\n"
        "        with follow.install_import_hook(path.stem, follower=recorder):\n"
        "            try:\n                importlib.import_module(path.stem)\n"
        "            except (RuntimeError, KeyError):\n                pass\n"
    )
    for one in BUGGY.values():
        (folder / f"{one.name}_wrong.py").write_text(one.source)
        (folder / f"{one.name}_right.py").write_text(one.right)
    subprocess.run([sys.executable, str(script)], check=True, capture_output=True, text=True)
    return folder


def statements_of(run, index, name):
    """The lines of the distinct statements that an answer names, in its order; and the notes."""
    lines, notes = [], []
    for step in itertools.islice(Slicer(run).why(index, name or None), 400):
        notes += step.notes
        if step.index >= 0 and run.events[step.index].statement is not None:
            line = run.events[step.index].statement.line
            if line not in lines:
                lines.append(line)
        elif step.index >= 0 and run.of[step.index].function.line not in lines:
            lines.append(run.of[step.index].function.line)
    return lines, notes


def rank(traces, name):
    """The place of the root cause in the answer to why, from 1; 0 if it is not in it."""
    program = BUGGY[name]
    run = Run(load(traces / f"{name}_wrong.follow"))
    lines, _ = statements_of(run, *target(run, program.target))
    return lines.index(program.root) + 1 if program.root in lines else 0


@pytest.mark.parametrize("name", [one.name for one in SEVEN if not one.omitted])
def test_the_root_cause_is_among_the_first_five(traces, name):
    assert 1 <= rank(traces, name) <= 5


def test_ranks_of_twenty_further_programs_and_of_four_with_state(traces):
    ranks = {one.name: rank(traces, one.name) for one in (*TWENTY, *STATE) if not one.omitted}
    print("\n".join(f"{place:3} {name}" for name, place in ranks.items()))
    assert all(1 <= place <= 5 for place in ranks.values()), ranks


@pytest.mark.parametrize("name", [one.name for one in BUGGY.values() if one.omitted])
def test_an_omission_is_admitted(traces, name):
    run = Run(load(traces / f"{name}_wrong.follow"))
    index, variable = target(run, "return")
    steps = list(itertools.islice(Slicer(run).why(index, variable or None), 60))
    admitted = [note for step in steps for note in step.notes if "without" in note]
    admitted += [step.what for step in steps if step.relation == "not taken"]
    assert admitted


@pytest.mark.parametrize("name", list(BUGGY))
def test_diff_names_the_root_cause_first(traces, name):
    program = BUGGY[name]
    left, right = (Run(load(traces / f"{name}_{side}.follow")) for side in ("wrong", "right"))
    found = diff(left, right)
    assert found is not None
    texts = zip(program.source.splitlines(), program.right.splitlines())
    changed = next(number for number, (one, other) in enumerate(texts, 1) if one != other)
    index = found.changed if found.changed >= 0 else found.left
    event = left.events[index] if index >= 0 else right.events[found.right]
    line = event.function.line if event.statement is None else event.statement.line
    assert line in (changed, changed - 1, changed + 1), (found, line, changed)
    assert diff(left, left) is None and diff(right, right) is None


def record(source, *, detail="plain", call="f"):
    recorder = Recorder(detail=detail)
    return recorder, follow(define(source, call), recorder)


@pytest.fixture
def recorded(tmp_path):
    """Record a call of a function, and give the run."""

    def give(source, *arguments, detail="dataflow", names=("f",)):
        path = tmp_path / "run.follow"
        (tmp_path / "prog.py").write_text(source)
        namespace = {}
        exec(compile(source, str(tmp_path / "prog.py"), "exec"), namespace)
        with Recorder(path, detail=detail) as recorder:
            for name in names:
                namespace[name] = follow(namespace[name], recorder)
            try:
                namespace["f"](*arguments)
            except ZeroDivisionError:
                pass
        return Run(load(path))

    return give


def causes(run, question):
    """The statements of an answer, as text."""
    index, name = target(run, question)
    steps = Slicer(run).why(index, name or None)
    return [run.events[step.index].statement.instruction for step in steps if step.index >= 0 and run.node(step.index)]


def test_a_change_through_an_alias(recorded):
    run = recorded(
        "def f():\n    a = [1]\n    b = a\n    c = [5]\n    c.append(6)\n    b.append(2)\n    total = sum(a)\n    return total\n"
    )
    found = causes(run, "total")
    assert found[:2] == ["total = sum(a)", "b.append(2)"] and "a = [1]" in found and "c.append(6)" not in found


def test_the_item_that_was_read_and_no_other(recorded):
    source = (
        "def f(k):\n    d = {}\n    d['x'] = 1\n    d[k] = 2\n    d['z'] = 3\n    rows = [0, 0]\n    rows[1] = d['y']\n"
        "    rows[0] = 9\n    last = rows[1]\n    return last\n"
    )
    found = causes(recorded(source, "y"), "last")
    assert found[:2] == ["last = rows[1]", "rows[1] = d['y']"] and "d[k] = 2" in found[:4]
    assert not {"d['x'] = 1", "d['z'] = 3", "rows[0] = 9"} & set(found)


def test_a_chain_of_attributes(recorded):
    source = (
        "class Node:\n    pass\n"
        "def f():\n    a, b = Node(), Node()\n    a.next = b\n    other = a.next\n    other.value = 3\n    a.value = 4\n"
        "    result = a.next.value\n    return result\n"
    )
    found = causes(recorded(source), "result")
    assert found[:2] == ["result = a.next.value", "other.value = 3"] and "a.value = 4" not in found
    plain = recorded(source, detail="plain")
    index, name = target(plain, "result")
    unknown = [step for step in Slicer(plain).why(index, name) if step.certainty == "not recorded"]
    assert unknown and "dataflow" in unknown[0].what


def test_recursion_keeps_calls_apart(recorded):
    run = recorded("def f(n):\n    if n == 0:\n        return 1\n    m = f(n - 1)\n    return m + n\n", 3)
    sequence = run.events[-1].sequence
    index, _ = target(run, f"return@{sequence}")
    steps = list(Slicer(run).why(index))
    returns = [run.of[step.index].number for step in steps if step.relation == "return"]
    assert returns == sorted(returns) and len(set(returns)) == 3


def test_generators(recorded):
    source = (
        "def numbers(n):\n    for i in range(n):\n        j = i * 10\n        yield j\n"
        "def f():\n    found = 0\n    for value in numbers(3):\n        found = value\n    return found\n"
    )
    found = causes(recorded(source, names=("numbers", "f")), "found")
    assert found[:4] == ["found = value", "for value in numbers(3):", "yield j", "j = i * 10"]


def test_a_generator_that_c_code_runs_through(recorded):
    source = (
        "def parts(n):\n    for i in range(n):\n        part = str(i)\n        yield part\n"
        "def f():\n    text = ''.join(parts(3))\n    return text\n"
    )
    found = causes(recorded(source, names=("parts", "f")), "text")
    assert list(dict.fromkeys(found))[:3] == ["text = ''.join(parts(3))", "yield part", "part = str(i)"]
    assert found.count("yield part") == 3


def test_exceptions(recorded):
    source = (
        "def g(b):\n    return 1 / b\n"
        "def f():\n    b = 0\n    try:\n        x = g(b)\n    except ZeroDivisionError as error:\n        x = -1\n    return x\n"
    )
    run = recorded(source, names=("g", "f"))
    found = causes(run, "x")
    assert found[0] == "x = -1" and "x = g(b)" in found
    raised = causes(run, "exception")
    assert raised[0] == "return 1 / b" and "b = 0" in raised


def test_closures(recorded):
    source = "def f():\n    n = 1\n    def step():\n        nonlocal n\n        n = n + 5\n    step()\n    m = n\n    return m\n"
    assert causes(recorded(source), "m")[:3] == ["m = n", "n = n + 5", "n = 1"]


def test_arguments_lead_to_the_caller(recorded):
    source = "def g(a, b):\n    c = a\n    return c\ndef f():\n    x = 1\n    y = 2\n    z = g(y, x)\n    return z\n"
    found = causes(recorded(source, names=("g", "f")), "z")
    assert found[:4] == ["z = g(y, x)", "return c", "c = a", "y = 2"]
    assert "x = 1" not in found


def test_why_a_line_did_not_run(recorded):
    source = (
        "def g():\n    pass\ndef f(rows):\n    for row in rows:\n        if row > 10:\n            big = row\n"
        "    return 0\n    after = 1\n"
    )
    run = recorded(source, [1, 5])
    (reason,) = why_not(run, "prog.py:6")
    assert "evaluated 2 times and never led to it" in reason.text and ("row", 5) in reason.values
    assert "it did run, 2 times" in why_not(run, "prog.py:5")[0].text
    assert "was never called" in why_not(run, "prog.py:2")[0].text
    with pytest.raises(NotFound, match="no statement begins there"):
        why_not(run, "prog.py:600")
    with pytest.raises(NotFound, match="is not in what is recorded"):
        why_not(run, "other.py:1")


def controlling(source):
    """By the text of each statement, the texts of those that control it."""
    code = analyse(source)

    def text(node):
        return ast.unparse(node).splitlines()[0]

    return {text(node): {text(one) for one in above} for node, above in code.controls.items()}


def test_control_dependence():
    found = controlling(
        "def f(a):\n    while a:\n        if a == 1:\n            break\n        if a == 2:\n            continue\n"
        "        b = 1\n    c = 2\n    if a == 3:\n        return 1\n    d = 4\n"
    )
    assert found["b = 1"] == {"if a == 2:"}
    assert found["if a == 2:"] == {"if a == 1:"}
    assert found["c = 2"] == set()
    assert found["d = 4"] == {"if a == 3:"}
    assert found["break"] == {"if a == 1:"}
    assert found["while a:"] == {"if a == 1:"}


@pytest.mark.parametrize(
    ("text", "values", "holds"),
    [
        ("n > 3 and name == 'x'", {"n": 4, "name": "x"}, True),
        ("n > 3 and name == 'x'", {"n": 4}, False),
        ("not n", {"n": 0}, True),
        ("len(rows) >= 2 or n in (1, 2)", {"rows": [1], "n": 2}, True),
        ("1 < n < 3", {"n": 3}, False),
        ("n < 'a'", {"n": 3}, False),
    ],
)
def test_conditions(text, values, holds):
    assert Condition(text).holds(values) is holds


@pytest.mark.parametrize("text", ["open('x')", "n.real", "[n for n in x]", "n +", "lambda: 1", "__import__('os')"])
def test_conditions_are_never_evaluated_as_python(text):
    with pytest.raises(ValueError, match="--if"):
        Condition(text)


# -- the command line --------------------------------------------------------------------------------


def test_the_commands(traces, capsys):
    path = str(traces / "lis_wrong.follow")

    def ask(*arguments):
        code = main(list(arguments))
        return code, capsys.readouterr().out.splitlines()

    code, lines = ask("why", path, "longest")
    assert code == 0 and "longest=3 (was 2)" in lines[0] and lines[-2] == f"# {len(lines) - 2} of {len(lines) - 2} rows"
    assert (
        lines[-1]
        == f"# {len(load(path).why('longest', full=True)) - len(lines) + 2} more of the same statements: --full"
    )
    code, lines = ask("line", path, "lis_wrong.py:10", "--if", "longest > 1")
    assert code == 0 and len(lines) == 5 and all("W longest=" in line for line in lines[:-1])
    code, lines = ask("var", path, "longest", "--rows", "2")
    assert code == 0 and len(lines) == 4
    code, lines = ask(*lines[-1].removeprefix("# more: follow ").split())  # what the footer says
    assert code == 0 and "W longest=2" in lines[0]
    code, lines = ask("tree", path)
    assert [line.split("\t")[2] for line in lines[:-1]] == ["<module>#1()", "  lis#2(arr=[9, 11, 2, 13, 7, 15]) -> 3"]
    code, lines = ask("calls", path, "lis")
    assert code == 0 and len(lines) == 2
    code, lines = ask("at", path, "E000009")
    assert code == 0 and sum(line.startswith("> E000009") for line in lines) == 1
    code, lines = ask("at", path, "9", "--json")
    assert code == 0 and json.loads("\n".join(lines))["event"] == 9
    code, lines = ask("why", path, "longest", "--json", "--rows", "1")
    answer = json.loads("\n".join(lines))
    assert answer["total"] > 5 and answer["rows"][0]["event"]["wrote"][0][:2] == ["longest", "3"]
    code, lines = ask("diff", path, str(traces / "lis_right.follow"))
    assert code == 1 and lines[0] == "value\tlongest is 1 instead of 2" and "lis_wrong.py:10" in lines[1]
    code, lines = ask("diff", path, path)
    assert code == 0
    assert ask("calls", path, "nothing") == (1, ["# nothing found"])
    for asked in (["why", path, "nothing"], ["why", path, "longest@99999"], ["at", path, "x"], ["line", path, "x"]):
        assert main(asked) == 2
        assert capsys.readouterr().err.startswith("follow: ")
    assert main(["tree", str(traces / "absent.follow")]) == 2


def test_exceptions_do_not_make_writers_of_those_that_catch_them(tmp_path, capsys):
    (tmp_path / "caught.py").write_text(
        "def bad(n):\n    if n: raise ValueError(n)\n    later = n\n"
        "def main():\n    c = 5\n    for n in (0, 1):\n        try: bad(n)\n        except ValueError as e: text = str(e)\n"
        "    match [c, n]:\n        case [d, *rest]: pass\n    result = c + 1\n    return result\nmain()\n"
        "def left():\n    try: raise RuntimeError('w')\n    finally: x = 1\n"
        "try: left()\nexcept RuntimeError: pass\n"
    )
    run = [sys.executable, "-m", "follow", "run", "-o", "run.follow", "caught.py"]
    subprocess.run(run, cwd=tmp_path, check=True, capture_output=True)
    path = str(tmp_path / "run.follow")

    def first(question):
        assert main(["why", path, question, "--json"]) == 0
        return next(row["event"]["line"] for row in json.loads(capsys.readouterr().out)["rows"] if row["event"])

    assert [first("c"), first("e"), first("d"), first("rest"), first("result")] == [5, 8, 10, 10, 11]
    assert first("later") == 3, "the later call ended before it was bound"
    assert main(["calls", path, "left"]) == 0
    assert capsys.readouterr().out.splitlines()[0].endswith("left#5() !! RuntimeError: w")


def test_what_makes_no_records_is_not_said_to_have_not_run(tmp_path, capsys):
    (tmp_path / "printing.py").write_text(
        "class Held:\n    n: int = 1\ndef f(n):\n    if n > 4:\n        print('big', n)\n    if n > 9:\n        n = 0\n"
        "    print('a')\nf(5)\n"
    )
    run = [sys.executable, "-m", "follow", "run", "-o", "run.follow", "printing.py"]
    subprocess.run(run, cwd=tmp_path, check=True, capture_output=True)
    path = str(tmp_path / "run.follow")

    def told(line, *options):
        assert main(["why", path, "--not", f"printing.py:{line}", *options]) == 0
        return capsys.readouterr().out

    assert all("not recorded: no event tells of this statement" in told(line) for line in (5, 8))
    assert "never led to it (last with n=5)" in told(7)
    (row,) = json.loads(told(7, "--json"))["rows"]
    assert row["text"].endswith("never led to it") and row["values"] == {"n": "5"} and row["event"]["line"] == 6


@pytest.mark.parametrize("detail", ["plain", "dataflow"])
def test_containers_are_shown_whole(tmp_path, capsys, detail):
    (tmp_path / "held.py").write_text(
        "def f(given):\n    p = [[1, 2], 3]\n    p.append({'a': [4, 5], 'b': (6, 7)})\n    p[0].append(9)\n    return p\n"
        "f([10, 11])\n"
    )
    command = [sys.executable, "-m", "follow", "run", "--detail", detail, "-o", "run.follow", "held.py"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    path = str(tmp_path / "run.follow")
    values = ["[[1, 2], 3]", "[[1, 2], 3, {'a': [4, 5], 'b': (6, 7)}]"]
    values.append(values[-1].replace("[1, 2]", "[1, 2, 9]"))

    def ask(*arguments):
        assert main(list(arguments)) == 0
        return capsys.readouterr().out

    told = [row["value"] for row in json.loads(ask("var", path, "p", "--json"))["rows"]]
    assert told == values == [repr(one.value) for one in load(path).history("p")]
    assert [f"W p={value}" in line for value, line in zip(values, ask("var", path, "p").splitlines())] == [True] * 3
    assert f"W p={values[2]} (was {values[1]})" in ask("line", path, "held.py:4")
    assert f"-> {values[2]}" in ask("tree", path) and "given=[10, 11]" in ask("calls", path, "f")
    assert f"p={values[1]}" in ask("why", path, "p") and "given=[10, 11]" in ask("at", path, "5")
    command[4:4] = ["--explode", "p", "--explode", "given"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    told = [row["value"] for row in json.loads(ask("var", path, "p[0]", "--json"))["rows"]]
    assert told == ["[1, 2]", "[1, 2, 9]"]


def test_an_attribute_leads_to_the_statement_of_the_method_that_wrote_it(tmp_path):
    path = tmp_path / "run.follow"
    function = define(
        "class Account:\n"
        "    def __init__(self):\n        self.balance = 0\n        self.owner = 'x'\n"
        "    def pay(self, amount):\n        self.balance -= amount\n        return True\n"
        "def f():\n    account = Account()\n    account.pay(5)\n    found = account.balance\n    return found\n"
    )
    account = function.__globals__["Account"]
    with Recorder(path, detail="dataflow") as recorder:
        for name in ("__init__", "pay"):
            setattr(account, name, follow(getattr(account, name), recorder))
        follow(function, recorder)()
    run = Run(load(path))
    index, name = target(run, "found")
    steps = [step for step in Slicer(run).why(index, name) if step.index >= 0]
    texts = [run.events[step.index].statement.instruction for step in steps if run.nodes[step.index] is not None]
    assert texts[:2] == ["found = account.balance", "self.balance -= amount"] and "self.balance = 0" in texts
    assert steps[1].certainty == "exact"


def test_of_long_values_the_difference_is_shown(tmp_path):
    for name, number in (("one", 3), ("two", 4)):
        (tmp_path / f"{name}.py").write_text(
            "class A:\n    def __init__(self, n):\n        self.name = 'n' * 200\n        self.n = n\n"
            f"def main(n):\n    a = A(n)\n    return a\nmain({number})\n"
        )
        command = [sys.executable, "-m", "follow", "run", "--detail", "dataflow", "-o", f"{name}.follow", f"{name}.py"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    one, two = (Run(load(tmp_path / f"{name}.follow")) for name in ("one", "two"))
    name = next(
        i for i, event in enumerate(one.events) if event.statement and event.statement.instruction == "self.n = n"
    )
    kind, variable, text = _difference(one, name, two, name)
    assert (kind, variable) == ("value", "self")
    mine, its = text.split(" instead of ")
    assert mine.startswith("self is …nnn") and "'n': 3" in mine and "'n': 4" in its and len(its) < 122


def test_causes_come_once_and_the_nearest_first(traces):
    for name in BUGGY:
        run = Run(load(traces / f"{name}_wrong.follow"))
        steps = list(Slicer(run).why(*target(run, BUGGY[name].target)))
        distances = [step.distance for step in steps]
        assert distances == sorted(distances)
        told = [step.index for step in steps if step.index >= 0 and run.events[step.index].kind != "call"]
        assert len(told) == len(set(told))


LOOPS = """
def scan(values, limit):
    best, at, spare, seen = 0, -1, 0, []
    for index, value in enumerate(values):
        if value > limit:
            continue
        if value > best:
            best = max(value, best)
            at = index
        else:
            spare = spare + value * len(values)
        seen.append(best)
    for other in range(3):
        last = other
    while spare > limit and at >= 0:
        spare -= limit
        limit += twice(at)
    return best, at, spare, seen, last

def twice(n):
    return n * 2

answer = scan([3, 9, 2, 7, 5, 8], 8)
"""


@pytest.mark.parametrize("name", [*BUGGY, "loops"])
def test_simple_statements_are_explained_fast_and_alike(traces, tmp_path, monkeypatch, name):
    if name == "loops":
        (tmp_path / "loops.py").write_text(LOOPS)
        monkeypatch.syspath_prepend(tmp_path)
        with Recorder(tmp_path / "loops.follow", detail="dataflow") as recorder:
            with install_import_hook("loops", follower=recorder):
                importlib.import_module("loops")
        run = Run(load(tmp_path / "loops.follow"))
    else:
        run = Run(load(traces / f"{name}_wrong.follow"))
    slicer, slower = Slicer(run), Slicer(run)
    with monkeypatch.context() as patch:
        taken = Routines.of
        used = []
        patch.setattr(Routines, "of", lambda routines, index: used.append(taken(routines, index)) or used[-1])
        indexes = [index for index, event in enumerate(run.events) if event.kind in ("statement", "raise")]
        answers = [list(slicer.why(index)) for index in indexes]
        fast, general = len(used) - used.count(None), used.count(None)
        patch.setattr(Routines, "of", lambda routines, index: None)
        assert answers == [list(slower.why(index)) for index in indexes]
    assert name != "loops" or fast > general > 0


def test_a_function_stands_at_its_def(tmp_path, capsys):
    (tmp_path / "main.py").write_text(
        "import functools\n\n@functools.lru_cache\n@functools.lru_cache()\ndef shown(\n    n,\n):\n"
        '    """A docstring."""\n\n    return n + 1\n\nshown(1)\nother = (lambda y:\n    y + 1)(2)\n'
    )
    command = [sys.executable, "-m", "follow", "run", "-o", "run.follow", "main.py"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    trace = str(tmp_path / "run.follow")
    lines = {event.function.name: event.function.line for event in load(trace).events if event.function is not None}
    assert lines == {"<module>": 1, "shown": 5, "<lambda>": 13}
    assert main(["calls", trace, "shown", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"][0]["line"] == 5
    assert main(["list", trace]) == 0
    assert "main.py:5  shown" in capsys.readouterr().out


def test_files_of_the_same_name_are_told_apart(tmp_path):
    for version, end in (("one", "n + 1"), ("two", "n + 2")):
        for package, text in (("first", "A = 1\nB = 2\n"), ("second", f"def f(n):\n    return {end}\n")):
            (tmp_path / version / package).mkdir(parents=True)
            (tmp_path / version / package / "__init__.py").write_text(text)
        (tmp_path / version / "main.py").write_text("import first, second\nsecond.f(1)\n")
        command = [sys.executable, "-m", "follow", "run", "-o", f"../{version}.follow", "main.py"]
        subprocess.run(command, cwd=tmp_path / version, check=True, capture_output=True)
    one, two = (Run(load(tmp_path / f"{version}.follow")) for version in ("one", "two"))
    found = diff(one, two)
    assert one.events[found.left].statement.instruction == "return n + 1" and found.kind == "value"
    assert diff(one, one) is None


def test_diff_sees_no_difference_in_where_objects_stand(tmp_path):
    source = "class Kind:\n    pass\ndef f():\n    kinds = {str(n): Kind() for n in range(200)}\n    return kinds\n"
    runs = []
    for name in ("one", "two"):
        with Recorder(tmp_path / name, detail="dataflow") as recorder:
            function = define(source)
            function()  # what lies elsewhere in memory
            follow(function, recorder)()
        runs.append(Run(load(tmp_path / name)))
    assert diff(*runs) is None
