"""What ``why`` must find in programs whose causes are easily missed, asked on the command line."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from follow.cli import main

Asked = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def ask(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Asked]:
    """Record a program; what it gives asks for something of the trace, and gives the answer's rows."""

    def record(source: str, detail: str = "dataflow") -> Asked:
        (tmp_path / "prog.py").write_text(source)
        command = [sys.executable, "-m", "follow", "run", "--detail", detail, "-o", "run.follow", "prog.py"]
        subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)

        def rows(command: str, *question: str) -> list[dict[str, Any]]:
            capsys.readouterr()
            main([command, str(tmp_path / "run.follow"), *question, "--json"])
            out, err = capsys.readouterr()
            assert not err, err
            found: list[dict[str, Any]] = json.loads(out)["rows"]
            return found

        return rows

    return record


def lines(rows: list[dict[str, Any]], *certainties: str) -> list[int]:
    """The lines of causes that are recorded, of some certainties only if they are given."""
    return [row["event"]["line"] for row in rows if row["event"] and row["certainty"] in (certainties or _ALL)]


_ALL = ("exact", "may", "not recorded")

ORDER = """\
class Order:
    def __init__(self):
        self.lines = []
        self.total = 0
    def add(self, price):
        self.lines.append(price)
        self.total += price
def main():
    order = Order()
    order.add(3)
    order.add(4)
    other = Order()
    other.add(9)
    table = {"low": [1], "high": []}
    table["low"].append(2)
    table["high"].append(5)
    return order
main()
"""


@pytest.mark.parametrize(
    ("question", "line"),
    [
        ("order.total", 7),
        ("order.lines", 6),
        ("order.lines[0]", 6),
        ("table['low']", 15),
        ('table["high"][-1]', 16),
        ("order", 7),
        ("table", 16),
    ],
)
def test_attributes_and_items_can_be_asked_for(ask, question, line):
    rows = ask(ORDER)("why", question)
    assert lines(rows)[0] == line
    assert 13 not in lines(rows), "that is another order"


def test_an_item_is_asked_for_as_of_an_event(ask):
    asked = ask(ORDER)
    (first, second), *_ = zip(*[iter(asked("line", "prog.py:7"))] * 2)
    assert asked("why", "order.total")[0]["event"]["event"] == asked("line", "prog.py:7")[1]["event"]
    as_of = asked("why", f"self.total@{first['event']}")
    assert as_of[0]["event"]["event"] == first["event"] < second["event"]
    assert 11 not in lines(as_of) and 10 in lines(as_of)


@pytest.mark.parametrize(
    ("detail", "question", "message"),
    [
        ("plain", "order.total", "order.total: the attributes of order are not recorded; follow run --detail dataflow"),
        ("dataflow", "order.colour", "order.colour: order had none then; ask why order instead."),
        ("dataflow", "table['middle']", "table['middle']: table had none then"),
        ("dataflow", "nothing.at", "nothing.at: nothing was never written in what is recorded."),
        ("dataflow", "order.total.x", "order.total.x: "),
        ("dataflow", "1 + order", "1 + order was never written in what is recorded; variables are"),
    ],
)
def test_what_cannot_be_asked_for_is_said(ask, tmp_path, capsys, detail, question, message):
    ask(ORDER, detail)
    assert main(["why", str(tmp_path / "run.follow"), question]) == 2
    assert message in capsys.readouterr().err


def test_a_change_of_what_a_container_holds_is_a_change_of_it(ask):
    source = (
        "def f():\n    rows = [[0], [1]]\n    one = rows[0]\n    other = [5]\n    one[0] = 7\n    other[0] = 8\n"
        "    table = {'low': []}\n    table['low'].append(3)\n    held = rows, table\n    text = repr(held)\n    return text\n"
        "f()\n"
    )
    asked = ask(source)
    assert lines(asked("why", "rows")) == [5, 3, 12, 2]
    assert lines(asked("why", "table"))[:2] == [8, 7]
    found = lines(asked("why", "text"))
    assert {9, 8, 5, 2, 7} <= set(found) and 6 not in found


def test_a_caller_that_is_not_recorded_is_not_mistaken_for_the_next_statement(ask):
    source = (
        "def f(v):\n    w = v * 2\n    return w\n"
        "def main(flag):\n    a = 3\n    b = a + 1\n    if flag:\n        print(f(b))\n    c = 5\n    d = f(c)\n    print('x', f(d))\n"
        "main(True)\n"
    )
    asked = ask(source)
    first, second, last = (one["event"] for one in asked("line", "prog.py:2"))
    rows = asked("why", f"w@{first}")
    assert 9 not in lines(rows) and {1, 2, 4, 5, 6, 7, 12} == set(lines(rows))
    told = [row["about"] for row in rows if row["certainty"] == "not recorded"]
    assert [text.partition(": ")[2] for text in told] == ["line 8, `print(f(b))`"] * 2
    assert lines(asked("why", f"w@{second}"), "exact")[:4] == [2, 1, 10, 9]
    rows = asked("why", f"w@{last}")
    assert set(lines(rows)) >= {10, 9} and "line 11, `print('x', f(d))`" in str(rows), "nothing comes after it"


def test_recursion_through_what_is_not_recorded(ask):
    source = "def f(n):\n    m = n - 1\n    if m:\n        print(f(m))\n    return n\nf(200)\n"
    rows = ask(source)("why", "m", "--full", "--rows", "5000")
    assert 6 in lines(rows) and lines(rows).count(2) == 200


def test_what_a_generator_was_sent_and_what_it_gave(ask):
    source = (
        "def acc():\n    total = 0\n    while total < 99:\n        got = yield total\n        total += got\n"
        "def main():\n    g = acc()\n    next(g)\n    k = 5\n    first = g.send(k)\n    j = 7\n    last = g.send(j)\n"
        "    other = 1\n    return first\nmain()\n"
    )
    asked = ask(source)
    first = lines(asked("why", "first"))
    assert first[:2] == [10, 4] and {5, 9, 2} <= set(first) and not {11, 12, 13} & set(first)
    got = lines(asked("why", "got"))
    assert got[:3] == [4, 12, 11] and 13 not in got
    assert {9, 11, 2} <= set(lines(asked("why", "last")))


def test_what_next_gave(ask):
    source = "def g():\n    for i in range(3):\n        j = i * 2\n        yield j\ndef f():\n    it = g()\n    a = next(it)\n    b = next(it)\n    return b\nf()\n"
    rows = ask(source)("why", "b")
    assert lines(rows)[:3] == [8, 4, 3] and rows[1]["relation"] == "return"


def test_a_literal_argument_is_exact_and_a_default_is_not(ask):
    source = "def f(a, b=2):\n    c = a\n    d = b\n    return c\ndef main():\n    x = f(4)\n    return x\nmain()\n"
    asked = ask(source)
    assert {row["certainty"] for row in asked("why", "c") if row["relation"] == "argument"} == {"exact"}
    assert {row["certainty"] for row in asked("why", "d") if row["relation"] == "argument"} == {"may"}


def test_an_else_that_did_not_run_names_the_exception(ask):
    source = (
        "def f(rows):\n    try:\n        n = int('z')\n    except ValueError:\n        n = -1\n    else:\n        n = 5\n"
        "    if isinstance(rows, str) and len(rows) > 3:\n        n = 9\n    return n\nf('ab')\n"
    )
    asked = ask(source)
    (row,) = asked("why", "--not", "prog.py:7")
    assert "entered once and never led to it: ValueError: invalid literal" in row["text"] and row["text"].endswith(
        "line 3"
    )
    (row,) = asked("why", "--not", "prog.py:9")
    assert row["values"] == {"rows": "'ab'"}, "len is nobody's variable"


def test_var_shows_what_was_written_and_no_more(ask):
    source = (
        "TOTAL = 0\ndef bump():\n    global TOTAL\n    TOTAL += 1\n"
        "def f(rows):\n    held = []\n    nested = [held]\n    for row in rows:\n        if row > 10:\n            big = row\n"
        "        held.append(row)\n        print(len(nested))\n    try:\n        later = int('z')\n    except ValueError as error:\n"
        "        later = 1\n    later = 1\n    bump()\n    return nested\nf([1, 2])\n"
    )
    asked = ask(source)

    def var(name):
        return [(row["line"], row["value"]) for row in asked("var", name)]

    assert var("later") == [(16, "1"), (17, "1")] and var("big") == [] and var("error") == [(15, "<ValueError>")]
    assert var("held") == [(6, "[]"), (11, "[1]"), (11, "[1, 2]")]
    assert [value for _, value in var("row")] == ["1", "2", "2"], "the header runs once more"
    assert "changed_elsewhere" not in asked("var", "held")[1]
    assert asked("var", "TOTAL")[-1]["changed_elsewhere"] and var("TOTAL")[-1] == (20, "1")
