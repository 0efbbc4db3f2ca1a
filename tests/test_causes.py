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
    assert var("TOTAL") == [(1, "0"), (4, "1")]
    asked = ask(source, "plain")
    assert asked("var", "TOTAL")[-1]["changed_elsewhere"] and var("TOTAL")[-1] == (20, "1")


def test_calls_in_what_is_recorded_and_in_what_is_not(ask):
    source = (
        "def f(a):\n    return a\n"
        "def main():\n    one = 10\n    two = 20\n    print(f(one))\n    x = f(two)\n    g = f\n    y = g(x + 1)\n    print(f(5))\n"
        "    return y\nmain()\n"
    )
    asked = ask(source)
    begins = [row["event"] for row in asked("calls", "f")]
    first, second, third, fourth = (asked("why", f"a@{event}") for event in begins)
    assert lines(first) == [1, 4, 12] and "line 6, `print(f(one))`" in first[2]["about"]
    assert lines(second, "exact")[:3] == [1, 7, 5] and "print" not in str(second)
    assert lines(third)[:3] == [1, 9, 7] and "print" not in str(third[:3])
    assert "line 10, `print(f(5))`" in str(fourth)


def test_a_long_statement_that_is_not_recorded(ask):
    rows = ask(f"def f(a):\n    return a\ndef main():\n    one = 1\n    print(f({'one + ' * 400}one))\nmain()\n")(
        "why", "a"
    )
    (told,) = [row["about"] for row in rows if row["certainty"] == "not recorded"]
    assert len(told) < 200 and told.endswith("…`")
    assert lines(rows)[:2] == [1, 4]


def test_a_call_that_changes_what_it_is_given_is_no_cause_of_that(ask):
    source = (
        "def f(n, items):\n    m = n\n    items.append(n)\n    return m\n"
        "def main():\n    items = [1, 2]\n    return f(len(items), items)\nmain()\n"
    )
    assert lines(ask(source)("why", "n")) == [1, 7, 6, 8]


def test_items_that_were_swapped(ask):
    source = (
        "def f():\n    a = [5, 4, 3]\n    p = 10\n    q = 20\n    i, j = 0, 1\n    a[i], a[j] = p, q\n    i, j = 1, 0\n"
        "    x = a[i]\n    return x\nf()\n"
    )
    found = lines(ask(source)("why", "x"))
    assert found[:2] == [8, 6] and 4 in found[:4] and 7 in found


def test_a_comprehensions_variable_is_not_the_functions(ask):
    source = (
        "def f(rows):\n    for row in [[100], [200]]:\n        pass\n    first = rows[0]\n    first[0] = 7\n"
        "    b = [row[0] for row in rows]\n    return b\nf([[1], [2]])\n"
    )
    found = lines(ask(source)("why", "b"))
    assert found[:2] == [6, 5] and 2 not in found


def test_generators_are_told_apart(ask):
    source = (
        "def gen(n):\n    i = 0\n    while i < n:\n        yield i\n        i += 1\n"
        "def use(g):\n    total = 0\n    for v in g:\n        total += v\n    return total\n"
        "def inner():\n    x = yield 1\n    return x\n"
        "def outer():\n    r = yield from inner()\n    y = yield r\n    return y\n"
        "def main():\n    size = 3\n    g = gen(size)\n    s = use(g)\n    big = 9\n    a = gen(2)\n    next(a)\n    b = gen(big)\n    next(a)\n"
        "    o = outer()\n    next(o)\n    n = 5\n    z = o.send(n)\n    base = 7\n    it = iter([base])\n    w = next(it) + use(gen(2))\n"
        "    return s, b, z, w\nmain()\n"
    )
    asked = ask(source)
    (made, *_) = asked("calls", "gen")
    given = asked("why", f"n@{made['event']}")
    assert lines(given)[:3] == [1, 20, 19] and "default" not in str(given)
    b = lines(asked("why", "b"))
    assert b[:2] == [25, 22] and not {4, 23} & set(b)
    assert lines(asked("why", "x"))[:3] == [12, 30, 29]
    w = lines(asked("why", "w"))
    assert w[:2] == [33, 10] and {32, 31} <= set(w)


def test_what_another_thread_does_meanwhile_sends_nothing(ask):
    source = (
        "import threading\nfrom multiprocessing import Pipe\na_go, b_go = threading.Event(), threading.Event()\n"
        "near, far = Pipe()\n"
        "def worker():\n    got = yield 0\n    a_go.set()\n    b_go.wait()\n    yield got\n"
        "def other():\n    near.send(a_go.wait() and 77)\n    b_go.set()\n"
        "def main():\n    g = worker()\n    next(g)\n    n = 5\n    t = threading.Thread(target=other)\n    t.start()\n"
        "    r = g.send(n)\n    t.join()\n    return r\nmain()\n"
    )
    assert lines(ask(source)("why", "got"))[:3] == [6, 19, 16]


@pytest.mark.parametrize(
    ("question", "line"), [("t[0]", 2), ("s[0]", 3), ('d["a@b"]', 4), ("big[0:1]", 5), ("big@6", 5)]
)
def test_further_items_that_can_be_asked_for(ask, question, line):
    source = "def f():\n    t = (1, 2)\n    s = 'text'\n    d = {'a@b': 4}\n    big = [1, 2, 3]\n    return t, s, d, big\nf()\n"
    asked = ask(source)
    event = asked("line", "prog.py:6")[0]["event"]
    assert lines(asked("why", question.replace("@6", f"@{event}")))[0] == line


def test_var_compares_values_of_any_length(ask):
    source = "def f():\n    items = []\n    for i in range(80):\n        items.append(i)\n    items[60] = 99\n    return items\nf()\n"
    rows = ask(source)("var", "items", "--rows", "100")
    assert len(rows) == 82 and rows[-1]["line"] == 5


def test_what_functions_write_in_what_a_modules_variable_is(ask):
    source = (
        "class C:\n    pass\nc = C()\nc.n = 0\nconf = {'rate': 1}\ng1 = 0\n"
        "def setn(v):\n    c.n = v\n    conf['rate'] = v\ndef set_g(v):\n    global g1\n    g1 = v * 2\n"
        "setn(5)\ngot = c.n\nrate = conf['rate']\nset_g(4)\nfinal = g1\n"
    )
    asked = ask(source)
    assert lines(asked("why", "got"))[:4] == [14, 8, 7, 13] and 4 not in lines(asked("why", "got"))
    assert lines(asked("why", "c.n"))[:2] == [8, 7]
    assert lines(asked("why", "rate"))[:2] == [15, 9] and 5 not in lines(asked("why", "rate"), "exact")[:2]
    assert lines(asked("why", "g1"))[:3] == [12, 10, 16]
    assert lines(asked("why", "final"))[:3] == [17, 12, 10]


def test_calls_under_other_names(ask):
    source = (
        "def deco(f):\n    def wrap(n):\n        r = f(n)\n        return r + 1\n    return wrap\n"
        "@deco\ndef base(n):\n    return n * 10\ndef cost(w):\n    c = len(w)\n    return c\n"
        "v = base(3)\nother = cost\nu = other('ab')\nwords = ['ccc', 'a']\nleast = min(words, key=cost)\n"
    )
    asked = ask(source)
    assert lines(asked("why", "v"))[:4] == [12, 4, 3, 8]
    for name in ("v", "u"):  # which functions these variables held is recorded
        assert {row["certainty"] for row in asked("why", name) if row["relation"] == "return"} == {"exact"}
    assert lines(asked("why", "u"))[:3] == [14, 11, 10]
    assert set(lines(asked("why", "least"))) >= {16, 15, 11}
    assert {row["certainty"] for row in asked("why", "least") if row["relation"] == "return"} == {"may"}


def test_what_an_object_gives_that_it_does_not_hold(ask):
    source = (
        "class Sq:\n    kind = 2\n    def __init__(self, s):\n        self.s = s\n    @property\n    def area(self):\n"
        "        return self.s * self.s\n    def __getitem__(self, key):\n        return key + self.s\n"
        "sq = Sq(3)\nsq.s = 4\narea = sq.area\nitem = sq[1]\nSq.kind = 5\nkind = sq.kind\n"
        "from collections import Counter\ncount = Counter()\ncount['a'] += 2\ncurrent = count['a']\n"
    )
    asked = ask(source)
    assert lines(asked("why", "area"))[:3] == [12, 7, 11]
    assert lines(asked("why", "item"))[:2] == [13, 9] and 11 in lines(asked("why", "item"))
    for name in ("kind", "current"):
        rows = asked("why", name)
        unknown = [row["about"] for row in rows if row["certainty"] == "not recorded"]
        assert any("none of the attributes that are recorded" in one for one in unknown)
        assert not [row for row in rows if row["relation"] == "element"]


def test_a_yield_that_no_event_tells_is_not_taken_for_the_one_before(ask):
    source = (
        "def gen(n):\n    k = 0\n    while k < n:\n        yield k * 10\n        k += 1\n"
        "g = gen(5)\na = next(g)\nb = next(g)\n"
    )
    rows = ask(source)("why", "b")
    assert {5, 3} <= set(lines(rows)) and all(row["certainty"] == "may" for row in rows if row["relation"] == "return")


def test_a_container_with_the_identity_of_one_that_is_gone(ask):
    source = (
        "def load(k):\n    d = {'a': 1}\n    return d[k]\ndef main():\n    v = load('a')\n    w = load('b')\n"
        "try:\n    main()\nexcept KeyError:\n    pass\n"
    )
    asked = ask(source)
    rows = asked("why", "exception")
    assert lines(rows)[0] == 3 and {row["event"]["call"] for row in rows if row["event"]["line"] in (1, 2, 3)} == {
        "load#4"
    }


def test_of_an_object_only_the_attribute_in_question(ask):
    source = (
        "class A:\n    def __init__(self):\n        self.total = 0\n        self.log = []\n    def add(self, n):\n"
        "        self.total += n\n        self.log.append('add')\na = A()\na.add(1)\na.add(2)\nr = a.total\n"
    )
    found = lines(ask(source)("why", "a.total"))
    assert found[:2] == [6, 5] and 3 in found and 7 not in found


def test_a_module_binds_names_in_conditions(ask):
    source = (
        "data = [1, 2, 3]\nif (n := len(data)) > 2:\n    y = n * 10\nwhile (k := y % 7) > 9:\n    pass\n"
        "if y < 0 and (never := 3):\n    pass\nz = [m := k]\n"
    )
    for detail in ("plain", "dataflow"):
        asked = ask(source, detail)
        assert lines(asked("why", "n")) == [2, 1] and lines(asked("why", "z"))[:2] == [8, 4]
        assert lines(asked("why", "m"))[0] == 8 and asked("var", "never") == []


def test_what_leaves_a_with_is_not_surely_called_by_what_comes_next(ask):
    source = (
        "class Res:\n    def __init__(self):\n        self.open = True\n    def __enter__(self):\n        return self\n"
        "    def __exit__(self, *given):\n        self.open = False\nres = Res()\nwith res:\n    x = 1\ny = 2\nz = res.open\n"
    )
    rows = ask(source)("why", "res.open")
    assert lines(rows)[0] == 7 and 11 not in lines(rows, "exact")


def test_very_many_causes_are_put_into_words_when_they_are_shown(ask, tmp_path, capsys):
    source = "def run():\n    d = {}\n    for i in range(4000):\n        d[i % 50] = d.get(i % 50, 0) + i\n    return d\nrun()\n"
    asked = ask(source)
    shown = asked("why", "d", "--full", "--rows", "5")
    main(["why", str(tmp_path / "run.follow"), "d"])
    *_, more = capsys.readouterr().out.splitlines()
    everything = asked("why", "d", "--full", "--rows", "100000")
    assert len(shown) == 5 and shown == everything[:5] and len(everything) > 4000
    assert more == f"# {len(everything) - len(asked('why', 'd')):,} more of the same statements: --full"


@pytest.mark.parametrize("rows", ["-1", "x"])
def test_numbers_of_rows(ask, tmp_path, capsys, rows):
    ask("x = 1\n")
    with pytest.raises(SystemExit):
        main(["tree", str(tmp_path / "run.follow"), "--rows", rows])
    assert f"{rows} is no number of rows" in capsys.readouterr().err
