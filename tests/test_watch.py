"""``watch`` and ``explode``: what records show besides variables; ``include`` and ``exclude``: what is not even read."""

from __future__ import annotations

import asyncio
import sys
from collections import OrderedDict, deque
from typing import Any

import pytest

from follow import SECRETS, Described, FollowConfig, Recorder, follow, generated_source, instrument, text

from .support import brief, define, outcome

SOURCE = """
SCALE = 10
def f(n):
    total = 0
    for i in range(n):
        total += i
    return total
"""


def both(source: str, *arguments: Any, name: str = "f", **settings: Any) -> list[dict[str, Any]]:
    """The records of a call, which are the same for a follower of dicts and for a recorder."""
    config, found = FollowConfig(**settings), []
    plain = outcome(define(source, name), *arguments)
    assert outcome(follow(define(source, name), found.append, config=config), *arguments) == plain
    for recorder in (Recorder(), Recorder(detail="dataflow")):
        assert outcome(follow(define(source, name), recorder, config=config), *arguments) == plain
        assert [values for _, values in brief(recorder.records())] == [values for _, values in brief(found)]
    return found


def test_an_expression_is_shown_under_its_own_text() -> None:
    found = brief(both(SOURCE, 2, watch=("total * SCALE", "[k for k in range(n) if k < total]")))
    assert found[-2] == ("for i in range(n):", {"n": 2, "total": 1, "i": 1, "total * SCALE": 10, _LIST: [0]})
    assert found[0][1] == {"n": 2, "total": 0, "total * SCALE": 0, _LIST: []}
    assert found[-1] == ("return total", {})


_LIST = "[k for k in range(n) if k < total]"


def test_what_it_raises_is_its_value_and_it_is_left_out_where_a_name_is_not_bound() -> None:
    found = both(SOURCE, 2, watch=("1 // total", "i + 1", "unknown + 1", "undefined()"))
    assert [(values.get("1 // total"), values.get("i + 1")) for _, values in brief(found)][:4] == [
        (Described("raised", "ZeroDivisionError: integer division or modulo by zero"), None),
        (Described("raised", "ZeroDivisionError: integer division or modulo by zero"), 1),
        (Described("raised", "ZeroDivisionError: integer division or modulo by zero"), 1),
        (Described("raised", "ZeroDivisionError: integer division or modulo by zero"), 2),
    ]
    assert brief(found)[4][1]["1 // total"] == 1
    assert not {"unknown + 1", "undefined()"} & {name for _, values in brief(found) for name in values}
    (entry,) = [one for one in found[0]["local_vars"] if one["var"] == "1 // total"]
    assert entry["type"] == "raised"


def test_no_exception_of_an_expression_reaches_the_program() -> None:
    for raised in ("sys.exit(3)", "1 // 0", "[].missing", "throw(GeneratorExit)", "throw(RecursionError)", "fail()"):
        source = "import sys\ndef throw(kind): raise kind\ndef fail(): return undefined\ndef f(n):\n    x = n\n    return x\n"
        found = brief(both(source, 1, watch=(raised,)))
        assert found[0][1]["x"] == 1 and repr(found[0][1][raised]).startswith("<raised ")


def test_variables_of_closures_deleted_ones_and_private_names() -> None:
    source = """
class Box:
    def __init__(self, n):
        self.__n = n
        __k = n
        def inner():
            nonlocal n
            n += 1
            return n
        inner()
        del __k
def f(n):
    return Box(n)._Box__n
"""
    found: list[dict[str, Any]] = []
    function = define(source)
    box = function.__globals__["Box"]
    with instrument(box.__init__, follower=found.append, config=FollowConfig(watch=("n * 2", "self.__n", "__k + 1"))):
        assert function(4) == 4
    values = [
        {name: one for name, one in values.items() if name in ("n * 2", "self.__n", "__k + 1")}
        for _, values in brief(found)
    ]
    assert values[:2] == [{"n * 2": 8, "self.__n": 4}, {"n * 2": 8, "self.__n": 4, "__k + 1": 5}]
    assert {"n * 2": 10} in values and values[-1] == {"n * 2": 10, "self.__n": 4}


def test_an_expression_that_calls_followed_functions_makes_no_records() -> None:
    source = "def g(k):\n    return k + 1\ndef f(n):\n    x = n\n    if n: f(n - 1)\n    return x\n"
    for kind in ("dicts", "events"):
        found: list[dict[str, Any]] = []
        recorder = Recorder()
        function = define(source)
        names = function.__globals__
        config = FollowConfig(watch=("g(n)", "f(n - 1) if n else 0"))
        for name in ("f", "g"):
            names[name] = follow(names[name], found.append if kind == "dicts" else recorder, config=config)
        assert names["f"](2) == 2
        records = found or recorder.records()
        assert {record["function"] for record in records} == {"f"}
        assert [values["x"] for record, values in brief(records) if record == "x = n"] == [2, 1, 0]
        assert [values["g(n)"] for record, values in brief(records) if record == "x = n"] == [3, 2, 1]


def test_generators_and_tasks() -> None:
    source = """
import asyncio
async def f(n):
    async def numbers():
        for i in range(n):
            yield i
            await asyncio.sleep(0)
    found = [x async for x in numbers()]
    return sum(found)
"""
    found: list[dict[str, Any]] = []
    work = follow(define(source), found.append, config=FollowConfig(watch=("i * 10", "len(found)")))
    assert asyncio.run(work(3)) == 3
    assert [values["i * 10"] for _, values in brief(found) if "i * 10" in values] == [0] * 3 + [10] * 3 + [20] * 3
    assert [values["len(found)"] for _, values in brief(found) if "len(found)" in values] == [3]


def test_parts_of_containers_and_objects() -> None:
    source = """
class Point:
    __slots__ = ("x", "y", "__dict__")
    def __init__(self): self.x = 1; self.more = 2
    @property
    def wrong(self): raise SystemError
    def __getattribute__(self, name): raise SystemError
    def __repr__(self): raise SystemError
def f(items, table, queue):
    point = Point.__new__(Point)
    object.__setattr__(point, "x", 1)
    object.__setattr__(point, "more", [2])
    items[0] = 5
    del table["k"]
    queue.append(4)
"""
    found = [
        {one["var"]: one["val"] for one in record["local_vars"] if not one["var"].isidentifier()}
        for record in _all(source, explode=("items", "t*", "queue", "point"))
    ]
    assert found[0] == {"items[0]": 1, "items[1]": 2, "table['k']": 3, "table[2]": (1,), "queue[0]": 7}
    assert found[2] == {**found[0], "point.x": 1, "point.more": [2]}
    assert found[3]["items[0]"] == 5
    assert "table['k']" not in found[4] and found[5]["queue[1]"] == 4


def _all(source: str, **settings: Any) -> list[dict[str, Any]]:
    def run(follower: Any) -> None:
        arguments = [1, 2], {"k": 3, 2: (1,)}, deque([7])
        follow(define(source), follower, config=FollowConfig(**settings))(*arguments)

    found: list[dict[str, Any]] = []
    recorder = Recorder()
    run(found.append), run(recorder)

    def parts(records: list[dict[str, Any]]) -> list[Any]:
        return [[one for one in record["local_vars"] if not one["var"].isidentifier()] for record in records]

    assert parts(recorder.records()) == parts(found)
    return found


def test_parts_are_bounded_and_of_one_level() -> None:
    source = "def f(n):\n    x = list(range(n))\n    y = {'a' * 100: [1]}\n    z = {1, 2}\n"
    found = both(source, 50, explode=("*",), max_items=3)
    assert {name: str(value) for name, value in brief(found)[-1][1].items() if not name.isidentifier()} == {
        "x[0]": "0",
        "x[1]": "1",
        "x[2]": "2",
        "x…": "<list of 50>",
        f"y['{'a' * 60}'…]": "[1]",
    }


def test_what_is_watched_can_be_exploded() -> None:
    source = "class Box: pass\ndef f(n):\n    box = Box()\n    box.items = {'a': n}\n    box.items['b'] = 2\n"
    found = both(source, 1, watch=("box.items", "[n] + [2]"), explode=("box.items", "[[]n] + [[]2]"), exclude=("box",))
    assert brief(found)[0][1] == {
        "n": 1,
        "box.items": Described("raised", "AttributeError: 'Box' object has no attribute 'items'"),
        "[n] + [2]": [1, 2],
        "([n] + [2])[0]": 1,
        "([n] + [2])[1]": 2,
    }
    assert brief(found)[2][1] | {"box.items['a']": 1, "box.items['b']": 2} == brief(found)[2][1]


def test_what_is_excluded_is_not_read() -> None:
    config = FollowConfig(exclude=("n", "_*"), follow_exceptions=False)
    source = "def f(n):\n    _k = n\n    total = _k\n    return total\n"
    assert "n, " not in generated_source(define(source), config=config)
    assert "_k)" not in generated_source(define(source), config=config)
    assert [values for _, values in brief(both(source, 3, exclude=("n", "_*")))] == [{}, {"total": 3}, {}]
    assert [values for _, values in brief(both(source, 3, include=("n",)))] == [{"n": 3}, {"n": 3}, {}]
    assert brief(both("def f(n):\n    x = n // 0\n", 3, exclude=("n",)))[-1] == ("x = n // 0", {})


def test_a_recorder_of_chosen_variables_gets_events() -> None:
    recorder = Recorder()
    follow(define(SOURCE), recorder, config=FollowConfig(exclude=("n",), watch=("total + 1",), explode=("i",)))(2)
    assert {event.kind for event in recorder.events()} == {"call", "statement"}
    assert all("n" not in event.values for event in recorder.events())


def test_closures_variables_that_are_excluded() -> None:
    source = "def f(n):\n    secret = n\n    def g():\n        nonlocal secret\n        secret += 1\n        return secret\n    return g()\n"
    for record in both(source, 3, exclude=("secret", "g")):
        assert {one["var"] for one in record["local_vars"]} <= {"n"}


def test_text_shows_watched_expressions_and_parts_as_they_change() -> None:
    lines: list[str] = []
    follower = text(lines.append, width=200, normalize=True)
    source = "def f(items):\n    items.append(1)\n    items[0] = 2\n    items.clear()\n"
    follow(define(source), follower, config=FollowConfig(watch=("len(items)",), explode=("items",)))([])
    told = [
        line.split("items.append(1)")[-1].split("items.clear()")[-1].strip() for line in "".join(lines).splitlines()
    ]
    assert "items[0] = 1" in told[1] and "len(items) = 1" in told[1]
    assert "items[0] = 1 → 2" in told[2] and "len(items)" not in told[2]
    assert "items[0]" not in told[3] and "len(items) = 1 → 0" in told[3]


def test_secrets_in_expressions_and_parts() -> None:
    source = "def f(n):\n    password = 'hunter22'\n    user = {'name': 'x', 'api_key': 'abcdefgh', 'y': password}\n"
    settings = {"watch": ("password[2:]", "user['api_key'][1:]", "len(user)"), "explode": ("user",), "redact": SECRETS}
    for record in both(source, 1, **settings):
        assert "hunter" not in str(record) and "nter22" not in str(record) and "bcdefg" not in str(record)
    assert brief([record])[0][1]["len(user)"] == 3 and brief([record])[0][1]["user['name']"] == "x"


def test_modules_with_expressions(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    import importlib

    from follow import install_import_hook

    (tmp_path / "watchy.py").write_text("a = 1\nb = [a]\nb.append(2)\n\ndef g(x):\n    return x\n\ng(3)\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    config = FollowConfig(watch=("a + len(b)", "x * 2"), explode=("b",), exclude=("g",))
    found: list[Any] = []
    recorder = Recorder()
    for follower in (found.append, recorder):
        with install_import_hook("watchy", follower=follower, config=config):
            importlib.import_module("watchy")
        sys.modules.pop("watchy")
    assert brief(found) == brief(recorder.records())
    assert brief(found)[2] == ("b.append(2)", {"a": 1, "b": [1, 2], "b[0]": 1, "b[1]": 2, "a + len(b)": 3})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("x =", "'x =' is not an expression"),
        ("x; y", "'x; y' is not an expression"),
        ("", "'' is not an expression"),
        ("await x", "'await x' cannot be watched: it would suspend the call"),
        ("[i async for i in x]", "cannot be watched: it would suspend the call"),
        ("(yield)", "cannot be watched: it would suspend the call"),
        ("(y := x)", "cannot be watched: it would bind a name"),
        ("super().x", "cannot be watched: super would look at follow's own frame"),
    ],
)
def test_what_is_no_expression_is_named(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=r"FollowConfig\.watch") as caught:
        FollowConfig(watch=("a", text))
    assert message in str(caught.value)
    with pytest.raises(TypeError, match=r"FollowConfig\.watch must be a tuple of names"):
        FollowConfig(watch="x")


def test_ordered_dicts_and_subclasses() -> None:
    source = "def f(n):\n    x = Table(a=1)\n    y = Odd([1])\n    y.note = 2\n"

    class Odd(list):  # type: ignore[type-arg]
        def __len__(self) -> int:
            raise SystemError

        def __iter__(self) -> Any:
            raise SystemError

    found: list[dict[str, Any]] = []
    follow(define(source, Table=OrderedDict, Odd=Odd), found.append, config=FollowConfig(explode=("x", "y")))(1)
    assert {name: value for name, value in brief(found)[-1][1].items() if not name.isidentifier()} == {
        "x['a']": 1,
        "y.note": 2,
    }
