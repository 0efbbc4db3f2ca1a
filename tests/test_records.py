"""What the specification says of records, one sentence a test."""

from __future__ import annotations

import time
from typing import Any

import pytest

from follow import FollowConfig, Shortened, follow

from .support import brief, define, outcome


def records_of(source: str, *args: Any, config: FollowConfig | None = None, name: str = "f") -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    outcome(follow(define(source, name), records.append, config=config), *args)
    return records


def instructions(source: str, *args: Any, config: FollowConfig | None = None) -> list[str]:
    return [record["instruction"] for record in records_of(source, *args, config=config)]


def test_a_statement_over_several_lines_is_one_record() -> None:
    source = 'def f():\n    x = max(  # first\n        1,\n\n        2,\n    )\n    y = """a\n  b"""\n    z = 1 + \\\n        2\n'
    assert instructions(source) == ["x = max( 1, 2, )", 'y = """a\n  b"""', "z = 1 + 2"]


def test_semicolons_and_one_line_suites_are_records_each() -> None:
    source = "def f(c):\n    a = 1; b = 2\n    if c: a = 3; b = 4\n    else: pass\n"
    assert instructions(source, True) == ["a = 1", "b = 2", "if c:", "a = 3", "b = 4"]
    assert instructions(source, False) == ["a = 1", "b = 2", "if c:", "pass"]


def test_headers() -> None:
    source = (
        "def f(x, d=lambda: {1: 2}):\n    with open('/dev/null') as p, \\\n         open('/dev/null') as q:  # a: comment\n"
        "        pass\n    try:\n        1 / 0\n    except (KeyError,\n            ZeroDivisionError) as e:\n        pass\n"
        "    match (x):\n        case [a, b] if a:\n            pass\n"
        "    @str\n    def inner(q: int = 1) -> dict[str, int]: pass\n    class A(object): pass\n"
    )
    assert instructions(source, [1, 2]) == [
        "with open('/dev/null') as p, open('/dev/null') as q:",
        "pass",
        "try:",
        "1 / 0",
        "except (KeyError, ZeroDivisionError) as e:",
        "pass",
        "match (x):",
        "case [a, b] if a:",
        "pass",
        "def inner(q: int = 1) -> dict[str, int]:",
        "class A(object):",
    ]


def test_no_records_of_docstrings_else_finally_global_nonlocal() -> None:
    source = (
        'def f():\n    """Doc."""\n    global g\n    try:\n        pass\n    except KeyError:\n        pass\n'
        "    else:\n        pass\n    finally:\n        g = 1\n"
    )
    assert instructions(source) == ["try:", "pass", "pass", "g = 1"]


def test_every_evaluated_elif_and_only_the_entered_case_and_except() -> None:
    source = (
        "def f(n):\n    if n == 1: pass\n    elif n == 2: pass\n    elif n == 3: pass\n    else: pass\n"
        "    match n:\n        case 1: pass\n        case 3: pass\n"
        "    try: int('x')\n    except KeyError: pass\n    except ValueError: pass\n"
    )
    assert instructions(source, 3) == [
        "if n == 1:", "elif n == 2:", "elif n == 3:", "pass", "match n:", "case 3:", "pass",
        "try:", "int('x')", "except ValueError:", "pass",
    ]  # fmt: skip


def test_loop_headers() -> None:
    source = "def f():\n    for i in 'ab':\n        if i == 'b': break\n    n = 2\n    while n:\n        n -= 1\n    while True:\n        break\n"
    assert instructions(source) == [
        "for i in 'ab':", "if i == 'b':", "for i in 'ab':", "if i == 'b':", "break",
        "n = 2", "while n:", "n -= 1", "while n:", "n -= 1", "while n:", "while True:", "break",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("body", "closed"),
    [
        ("return 1", True),
        ("for i in ():\n        pass", True),
        ("while n:\n        n -= 1", True),
        ("if n:\n        for i in 'a': pass", True),
        ("match n:\n        case 2:\n            for i in 'a': pass", True),
        ("n = 3", False),
        ("print", False),
        ("try:\n        return 1\n    finally:\n        pass", False),
        ("with open('/dev/null'):\n        n = 1", False),
    ],
)
def test_closing_record(body: str, closed: bool) -> None:
    last = records_of(f"def f(n):\n    {body}\n", 2)[-1]
    assert (last["local_vars"] == []) is closed


def test_a_return_under_finally_keeps_its_locals() -> None:
    found = brief(records_of("def f():\n    x = 1\n    try:\n        return x\n    finally:\n        x = 2\n"))
    assert found == [("x = 1", {"x": 1}), ("try:", {"x": 1}), ("return x", {"x": 1}), ("x = 2", {"x": 2})]


def test_a_raising_statement_has_its_record_with_a_fifth_key() -> None:
    function = define("def f(n):\n    x = 1\n    return x / n\n")
    records: list[dict[str, Any]] = []
    with pytest.raises(ZeroDivisionError) as caught:
        follow(function, records.append)(0)
    last = records[-1]
    assert list(last) == ["function", "instruction", "execution_time", "local_vars", "exception"]
    assert last["exception"] == f"ZeroDivisionError: {caught.value}"
    assert brief(records)[-1] == ("return x / n", {"n": 0, "x": 1})
    assert caught.value.__context__ is None and caught.value.__cause__ is None


def test_each_raising_statement_is_reported_once_and_in_order() -> None:
    source = (
        "def f():\n    try:\n        try:\n            {}['k']\n        finally:\n            a = 1\n"
        "    except KeyError as e:\n        raise ValueError from e\n"
    )
    records = records_of(source)
    assert [(r["instruction"], r.get("exception")) for r in records] == [
        ("try:", None),
        ("try:", None),
        ("{}['k']", "KeyError: 'k'"),
        ("a = 1", None),
        ("except KeyError as e:", None),
        ("raise ValueError from e", "ValueError"),
    ]


def test_two_statements_on_one_line_are_told_apart_when_one_raises() -> None:
    records = records_of("def f(n):\n    a = 1; b = 1 / n; c = 2\n", 0)
    assert [(r["instruction"], "exception" in r) for r in records] == [("a = 1", False), ("b = 1 / n", True)]


def test_values_are_as_they_were() -> None:
    source = "def f():\n    a = [1]\n    b = {'k': [a]}\n    a.append(2)\n    s = {1}\n    s.add(2)\n    return\n"
    found = brief(records_of(source))
    assert found[0][1] == {"a": [1]}
    assert found[1][1] == {"a": [1], "b": {"k": [[1]]}}
    assert found[2][1] == {"a": [1, 2], "b": {"k": [[1, 2]]}}
    assert found[3][1]["s"] == {1} and found[4][1]["s"] == {1, 2}


@pytest.mark.dicts
def test_live_values_are_the_objects() -> None:
    found = brief(records_of("def f():\n    a = [1]\n    a.append(2)\n", config=FollowConfig(values="live")))
    assert found[0][1]["a"] is found[1][1]["a"] and found[0][1]["a"] == [1, 2]


def test_what_is_beyond_the_limits_says_so() -> None:
    source = "def f():\n    s = 'x' * 5000\n    n = 10 ** 5000\n    big = list(range(1000))\n    deep = [[[[1]]]]\n    cycle = []\n    cycle.append(cycle)\n    z = 1\n"
    shown = brief(records_of(source))[-1][1]
    assert (shown["s"].length, shown["s"].shown) == (5000, "x" * 1000)
    assert shown["n"] == Shortened("int", (10**5000).bit_length(), None)
    assert (shown["big"].type, shown["big"].length, shown["big"].shown) == ("list", 1000, list(range(100)))
    assert shown["deep"] == [[[Shortened("list", 1, None)]]]
    assert shown["cycle"][0] is shown["cycle"]
    assert "5,000" in repr(shown["s"])


def test_variables_come_in_the_order_of_the_code_object() -> None:
    source = "def f(b, a):\n    def g(): return c, a\n    z = 1\n    c = 2\n    return g()\n"
    function = define(source)
    records: list[dict[str, Any]] = []
    follow(function, records.append)(1, 2)
    code = function.__code__
    order = [*code.co_varnames, *(c for c in code.co_cellvars if c not in code.co_varnames)]
    last = [v["var"] for v in next(r for r in records if r["instruction"] == "c = 2")["local_vars"]]
    assert last == order


def test_unbound_names_are_not_shown() -> None:
    source = (
        "def f(n):\n    if n:\n        x = 1\n    y = 2\n    del y\n    z: int\n    try:\n        1 / 0\n"
        "    except ZeroDivisionError as e:\n        pass\n    e = 5 if n else 6\n    try:\n        1 / 0\n"
        "    except ZeroDivisionError as e:\n        pass\n    done = 1\n"
    )
    assert brief(records_of(source, 0))[-1] == ("done = 1", {"n": 0, "done": 1})
    assert brief(records_of(source, 1))[-1] == ("done = 1", {"n": 1, "x": 1, "done": 1})


def test_closure_variables_are_read_as_they_are() -> None:
    source = (
        "def f():\n    count = 0\n    def inner(q):\n        nonlocal count\n        count += q\n        late\n"
        "    late = 1\n    inner(2)\n    return count\n"
    )
    found = [(r["function"], r["instruction"], v) for r, (_, v) in zip(records_of(source), brief(records_of(source)))]
    inner = [v for function, instruction, v in found if function == "inner"]
    assert inner == [{"q": 2, "count": 2, "late": 1}, {"q": 2, "count": 2, "late": 1}]
    assert [v["count"] for function, instruction, v in found if instruction == "inner(2)"] == [2]


def test_nested_functions_and_lambdas_are_followed_under_their_own_name() -> None:
    records = records_of("def f():\n    g = lambda q: q + 1\n    return g(1)\n")
    assert [(r["function"], r["instruction"]) for r in records] == [
        ("f", "g = lambda q: q + 1"),
        ("<lambda>", "q + 1"),
        ("f", "return g(1)"),
    ]


@pytest.mark.dicts
def test_time_excludes_the_follower_and_keeps_each_calls_own_clock() -> None:
    def slow(record: dict[str, Any]) -> None:
        records.append(record)
        time.sleep(0.02)

    records: list[dict[str, Any]] = []
    source = "import time\ndef f(n):\n    if n:\n        f(n - 1)\n    time.sleep(0.01)\n    return\n"
    namespace_function = define(source)
    follow(namespace_function, slow)(0)
    times = {r["instruction"]: r["execution_time"] for r in records}
    assert 9 < times["time.sleep(0.01)"] and times["if n:"] < 9 and times["return"] < 9


def test_switched_off_kinds_have_no_probe_and_still_run(capsys: pytest.CaptureFixture[str]) -> None:
    config = FollowConfig(follow_for_loops=False, follow_while_loops=False, follow_variable_set=False)
    source = "def f():\n    a = 1\n    for i in 'ab':\n        print(i)\n    while a:\n        a -= 1\n    o = [0]\n    o[0] = 5\n    (w := 3)\n    o.sort()\n    return a\n"
    assert brief(records_of(source, config=config)) == [("o.sort()", {"a": 0, "o": [5], "w": 3}), ("return a", {})]
    assert capsys.readouterr().out == "a\nb\n"
    assert "print(i)" in instructions(source, config=FollowConfig(follow_prints=True))


def test_follow_return_shows_values() -> None:
    config = FollowConfig(follow_return=True)
    assert records_of("def f():\n    return 5\n", config=config)[-1]["local_vars"] == [
        {"var": "return", "val": 5, "type": "int"}
    ]
    records: list[dict[str, Any]] = []
    generator = follow(define("def f():\n    yield 7\n    return 8\n"), records.append, config=config)
    assert list(generator()) == [7]
    assert [r["local_vars"] for r in records] == [
        [{"var": "yield", "val": 7, "type": "int"}],
        [{"var": "return", "val": 8, "type": "int"}],
    ]


def test_without_exception_records_there_is_no_try() -> None:
    from follow import generated_source

    config = FollowConfig(follow_exceptions=False)
    function = follow(define("def f(n):\n    return 1 / n\n"), print, config=config)
    assert "try" not in generated_source(function)
    records = records_of("def f(n):\n    x = 1\n    return x / n\n", 0, config=config)
    assert [r["instruction"] for r in records] == ["x = 1"]


def test_further_fields() -> None:
    records = records_of("def f():\n    a = 1\n", config=FollowConfig(fields=("kind", "line", "qualname")))
    assert [(r["kind"], r["line"], r["qualname"]) for r in records] == [("assignment", 2, "f")]
