"""The recorder: the same records as a follower of dicts, events of calls, and nothing held or run of the program's."""

from __future__ import annotations

import asyncio
import copy
import gc
import os
import sys
import threading
import weakref
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

import follow as package
from follow import Described, FollowConfig, Recorder, Shortened, follow, install_import_hook, instrument, load
from follow.described import describe
from follow.registry import has_probes

from . import sample
from .programs import functions
from .support import define, outcome
from .test_differential import MANY, _arguments
from .test_hard_cases import CASES, EVERYTHING

VALUES = (1, 0.5, True, None, "text", b"bytes", 1j, ..., (1, [2]), {1}, frozenset("a"), bytearray(b"x"), 1 << 80)


def without_times(records: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    return [{**record, "execution_time": 0.0} for record in records]


def both(
    make: Callable[[], Any], *arguments: Any, config: FollowConfig = EVERYTHING
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The records of a follower of dicts, and those of a recorder."""
    dicts: list[dict[str, Any]] = []
    plain = outcome(make(), *copy.deepcopy(arguments))
    followed = follow(make(), dicts.append, config=config)
    assert repr(outcome(followed, *copy.deepcopy(arguments))) == repr(plain)
    recorder = Recorder()
    followed = follow(make(), recorder, config=config)
    assert repr(outcome(followed, *copy.deepcopy(arguments))) == repr(plain)
    return without_times(dicts), without_times(recorder.records())


@MANY
@given(functions())
def test_random_functions_give_the_same_records(source: str) -> None:
    wide = FollowConfig(follow_prints=True, follow_return=True, max_depth=50, max_nodes=100_000)
    dicts, recorded = both(lambda: define(source), *_arguments(), config=wide)
    for record in dicts:
        for variable in record["local_vars"]:
            if isinstance(variable["val"], Exception):
                variable["val"] = Described(variable["type"])
    assert repr(recorded) == repr(dicts)


@pytest.mark.parametrize("name", sorted(CASES))
def test_hard_cases_give_the_same_records(name: str) -> None:
    dicts, recorded = both(lambda: define(CASES[name]))
    assert repr(recorded) == repr(dicts) or _objects_aside(recorded) == _objects_aside(dicts)


def _objects_aside(records: list[dict[str, Any]]) -> list[Any]:
    """What can be compared where there are objects that are no built-in values."""
    return [
        (record["instruction"], record.get("exception"), [(v["var"], v["type"]) for v in record["local_vars"]])
        for record in records
    ]


@pytest.mark.parametrize("name", ["walk", "branches", "suites"])
def test_sample_functions_give_the_same_records(name: str) -> None:
    dicts, recorded = both(lambda: define(Path(sample.__file__).read_text(), name), 3)
    assert _objects_aside(recorded) == _objects_aside(dicts)


def test_a_call_is_told_with_its_arguments_and_its_value() -> None:
    recorder = Recorder()
    add = follow(define("def add(a, b): return a + b\n", "add"), recorder)
    add(1, b=[2][0])
    began, returned = recorder.events()
    assert (began.kind, began.values, began.thread) == ("call", {"a": 1, "b": 2}, threading.get_ident())
    assert (returned.kind, returned.result, returned.call) == ("statement", 3, began.call)
    with pytest.raises(TypeError):
        add(1, "2")
    *_, began, raised, left = recorder.events()
    assert began.values == {"a": 1, "b": "2"}
    assert raised.exception == left.exception == "TypeError: unsupported operand type(s) for +: 'int' and 'str'"
    assert (raised.kind, left.kind, raised.values) == ("raise", "leave", {"a": 1, "b": "2"})


def test_values_are_as_they_were_and_come_back_from_the_file(tmp_path: Path) -> None:
    source = "def f(given):\n    x = []\n    for x in given:\n        y = x\n    given.append(1)\n    return given\n"
    more = [OrderedDict(a=1), defaultdict(list, b=[1]), deque([1, 2], 5), {(1, 2): {"k": (3,)}}, "\ud800", -(1 << 90)]
    path = tmp_path / "values.trace"
    dicts: list[dict[str, Any]] = []
    follow(define(source), dicts.append)([*VALUES, *more])
    with Recorder(path) as recorder:
        follow(define(source), recorder)([*VALUES, *more])
        assert repr(without_times(recorder.records())) == repr(without_times(dicts)).replace("<class 'list'>", "None")
    read = list(load(path).records())
    assert repr(without_times(read)) == repr(without_times(dicts)).replace("<class 'list'>", "None")
    assert all(type(v["val"]).__name__ == v["type"] for record in read for v in record["local_vars"])


def test_a_container_that_holds_itself_is_written_once(tmp_path: Path) -> None:
    source = "def f():\n    x = [1]\n    x.append(x)\n    y = {'x': x}\n    y['y'] = y\n    z = 2\n"
    with Recorder(tmp_path / "cycle.trace") as recorder:
        follow(define(source), recorder)()
    last = list(load(tmp_path / "cycle.trace").records())[-1]["local_vars"]
    assert [(v["var"], repr(v["val"])) for v in last] == [
        ("x", "[1, <list of 2>]"),
        ("y", "{'x': [1, <list of 2>], 'y': <dict of 2>}"),
        ("z", "2"),
    ]


def test_a_long_container_that_has_changed_is_new_wherever_it_stands() -> None:
    source = "def f():\n    x = list(range(1000))\n    y = {'k': x}\n    x.append(1)\n    z = {n: n for n in range(200)}\n    y['z'] = z\n    z.clear()\n    return\n"
    dicts, recorded = both(lambda: define(source))
    assert repr(recorded) == repr(dicts)


class Hostile:
    """Counts whatever of it is run."""

    ran: list[str]

    def __getattribute__(self, name: str) -> Any:
        type(self).ran.append(name)
        return object.__getattribute__(self, name)

    def __repr__(self) -> str:
        type(self).ran.append("repr")
        return "Hostile()"

    def __hash__(self) -> int:
        type(self).ran.append("hash")
        return 1

    def __eq__(self, other: object) -> bool:
        type(self).ran.append("eq")
        return self is other

    def __bool__(self) -> bool:
        type(self).ran.append("bool")
        return True


class HostileError(Exception):
    def __str__(self) -> str:
        Hostile.ran.append("str")
        return "never"


def test_nothing_of_the_program_runs_and_nothing_is_held() -> None:
    Hostile.ran = []
    source = (
        "def f(Hostile, Error):\n    x = Hostile()\n    y = [x, {'k': x}, (x,)]\n    z = {x, 1}\n    d = {x: x}\n"
        "    g = f\n    raise Error(x)\n"
    )
    function = define(source)
    outcome(function, Hostile, HostileError)
    before, Hostile.ran = Hostile.ran, []
    recorder = Recorder()
    made: list[Any] = []

    def make() -> Hostile:
        made.append(weakref.ref(one := Hostile()))
        return one

    outcome(follow(function, recorder), make, HostileError)
    assert Hostile.ran == before
    gc.collect()
    assert made[0]() is None
    raised = recorder.records()[-1]
    assert raised["exception"] == "HostileError: <Hostile>"
    shown = {v["var"]: v["val"] for v in raised["local_vars"]}
    assert shown["y"] == [Described("Hostile"), {"k": Described("Hostile")}, (Described("Hostile"),)]
    assert shown["d"] == Shortened("dict", 1, [(Described("Hostile"), Described("Hostile"))])
    assert shown["g"] == Described("function", "f")
    assert Hostile.ran == before


@pytest.mark.skipif(sys.implementation.name != "cpython", reason="the limits are CPython's")
def test_a_recursion_error_comes_at_most_one_frame_earlier() -> None:
    source = "def f(n):\n    depth[0] = n\n    x = [n]\n    f(n + 1)\n"

    def deepest(function: Any, namespace: dict[str, Any]) -> int:
        with pytest.raises(RecursionError):
            function(0)
        return int(namespace["depth"][0])

    plain = define(source, depth=[0])
    reached = deepest(plain, plain.__globals__)
    twin = follow(plain, Recorder())
    plain.__globals__["f"] = twin
    assert reached - deepest(twin, plain.__globals__) <= 1


def test_recursion_generators_and_tasks_do_not_mix() -> None:
    source = (
        "import asyncio\ndef fib(n):\n    if n < 2:\n        return n\n    a = fib(n - 1)\n    b = fib(n - 2)\n"
        "    return a + b\ndef walk(n):\n    for i in range(n):\n        yield i\n        j = i\n"
        "async def work(n):\n    for i in range(n):\n        await asyncio.sleep(0)\n        k = i * n\n    return k\n"
        "async def main():\n    return await asyncio.gather(*(work(n) for n in (2, 3, 4)))\n"
        "def f():\n    first, second = walk(2), walk(3)\n    pairs = list(zip(second, first)), list(second)\n    return fib(4), pairs, asyncio.run(main())\n"
    )

    def whole(follower: object) -> list[Any]:
        namespace: dict[str, Any] = {}
        f = define(source, "f", **namespace)
        handles = [
            instrument(f.__globals__[name], follower=follower, config=EVERYTHING)
            for name in ("fib", "walk", "work", "main", "f")
        ]
        result = f()
        for handle in handles:
            handle.uninstall()
        return [result]

    dicts: list[dict[str, Any]] = []
    recorder = Recorder()
    assert whole(dicts.append) == whole(recorder)
    assert _objects_aside(recorder.records()) == _objects_aside(dicts)


def test_a_whole_module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shop.py").write_text(
        "import os\nRATE = 2\nprices = {'a': 1}\n\nclass Basket:\n    def __init__(self):\n        self.items = []\n"
        "    def add(self, name):\n        self.items.append(name)\n        return len(self.items)\n\n"
        "def total(basket):\n    global RATE\n    RATE += 1\n    return sum(prices[i] for i in basket.items) * RATE\n\n"
        "basket = Basket()\nfor name in 'aa':\n    basket.add(name)\nprices['b'] = 3\nresult = total(basket)\ndel name\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    dicts: list[dict[str, Any]] = []
    recorder = Recorder()
    for follower in (dicts.append, recorder):
        with install_import_hook("shop", follower=follower, config=EVERYTHING):
            module = __import__("shop")
            assert has_probes(module.total.__code__)
        del sys.modules["shop"]
    assert _objects_aside(recorder.records()) == _objects_aside(dicts)
    values = [
        [(v["var"], v["val"]) for v in record["local_vars"] if v["var"] in ("RATE", "prices", "name", "result")]
        for record in recorder.records()
        if record["function"] == "<module>"
    ]
    assert values[-2:] == [
        [("RATE", 3), ("prices", {"a": 1, "b": 3}), ("name", "a"), ("result", 6)],
        [("RATE", 3), ("prices", {"a": 1, "b": 3}), ("result", 6)],
    ]
    module.total(module.basket)
    assert _objects_aside(recorder.records()) == _objects_aside(dicts), "uninstalled, so silent"


_UNSEEN = """
class Adding:
    def __init__(self, to):
        self.to = to
    def __enter__(self):
        return 1
    def __exit__(self, *raised):
        self.to.append("end")
        return True

def f(n):
    v, w, d = [1, 2], [], {}
    print(v.append(3), end="")
    a = 1
    with Adding(v) as adding:
        b = 2
    c = 3
    for i in range(n):
        e = i
        print(w.append(i), end="")
        if i:
            print(d.setdefault(i, []).append(v), end="")
    for i in (w.append(x) for x in range(n)):
        e = 5
    while w.pop():
        e = 6
    g = 7
    with Adding(w):
        raise KeyError(v)
    h = 8
    return v
"""


@pytest.mark.parametrize("off", ["", "follow_for_loops", "follow_while_loops", "follow_variable_set"])
def test_what_statements_without_records_change_is_told(off: str) -> None:
    config = FollowConfig(**({off: False} if off else {}))
    dicts, recorded = both(lambda: define(_UNSEEN, "f"), 4, config=config)
    assert repr(recorded) == repr(dicts) and len(dicts) > 15


def test_what_statements_without_records_change_in_a_module_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "unseen.py").write_text(
        _UNSEEN + "v, total = [], 0\ndef put():\n    global total\n    total += 1\n    v.append(total)\n    return ''\n"
        "print(put(), end='')\na = total\nwith Adding(v):\n    b = 1\nc = 1\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    told: list[Any] = []
    recorder = Recorder()
    for follower in (told.append, recorder):
        with install_import_hook("unseen", follower=follower):
            __import__("unseen")
        del sys.modules["unseen"]
    seen = [
        [[v["val"] for v in record["local_vars"] if v["var"] in ("v", "total", "a")] for record in records]
        for records in (told, recorder.records())
    ]
    assert seen[0] == seen[1] and seen[0][-1] == [1, [1, "end"], 1]


_CHANGES = """
import os, types
from enum import Enum
class Colour(Enum):
    RED = 1
class Meta(type):
    pass
class Odd(metaclass=Meta):
    pass
def f(): pass
def swap():
    global f, number
    del f
    def f(): return 1
    number = 1 << 300
    listed.append(f)
listed = [Odd, os, 1]
number = 1
swap()
same = f
f.__qualname__ = 'g'
Odd.__name__ = 'Even'
Meta.__name__ = 'Better'
module = types.ModuleType('one')
module.__name__ = 'two'
module.__name__ = 3
del module.__name__
text = 'a' * 3
text = 'a' * int(3)
number = True
number = 1.0
number = 1
pair = ([1], 2)
pair[0].append(pair)
for index in range(3): listed.pop()
listed = list(listed)
def again(): globals().pop('text')
again()
bound = listed.append
bound = [1].append
method = Colour.RED.__repr__
"""


def test_what_a_module_holds_is_told_when_it_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "shelf.py").write_text(_CHANGES)
    monkeypatch.syspath_prepend(str(tmp_path))
    told: list[list[tuple[str, str]]] = []

    def tell(record: dict[str, Any]) -> None:
        told.append([(v["var"], seen(v["val"])) for v in record["local_vars"] if v["var"] not in holding])

    def seen(value: object) -> str:
        return repr(value if type(value) in (int, str, float, bool) else describe(value))

    holding = ("listed", "pair")  # the dicts' hold objects, the recorder's their descriptions
    recorder = Recorder()
    for follower in (tell, recorder):
        with install_import_hook("shelf", follower=follower):
            __import__("shelf")
        del sys.modules["shelf"]
    recorded = [[(v["var"], repr(v["val"])) for v in record["local_vars"]] for record in recorder.records()]
    assert len(recorded) == len(told) > 30
    for before, after in zip(told, recorded):
        assert [one for one in after if one[0] not in holding] == before
    lists = [dict(one)["listed"] for one in recorded if "listed" in dict(one)]
    assert [one for one, two in zip(lists, ["", *lists]) if one != two] == [
        "[<type Odd>, <module os>, 1]",
        "[<type Odd>, <module os>, 1, <function f>]",
        "[<type Odd>, <module os>, 1, <function g>]",
        "[<type Even>, <module os>, 1, <function g>]",
        "[<type Even>, <module os>, 1]",
        "[<type Even>, <module os>]",
        "[<type Even>]",
    ]


def test_calls_that_still_run_fall_silent() -> None:
    recorder = Recorder()
    generator_function = define("def f():\n    a = 1\n    yield a\n    b = 2\n    yield b\n")
    with instrument(generator_function, follower=recorder):
        running = generator_function()
        next(running)
    before = recorder.records()
    next(running)
    assert recorder.records() == before
    assert [record["instruction"] for record in before] == ["a = 1"]


def test_beside_other_followers_it_gets_their_dicts() -> None:
    recorder, dicts = Recorder(), []  # type: ignore[var-annotated]
    twin = follow(define("def f(n):\n    a = [n]\n    return a\n"), recorder)
    twin(1)
    assert follow(twin, dicts.append) is twin
    twin(2)
    assert without_times(dicts) == without_times(recorder.records()[2:])
    assert len(recorder.records()) == 4


def test_a_ring_keeps_the_last_events() -> None:
    recorder = Recorder(ring=10)
    follow(define("def f(n):\n    for i in range(n):\n        x = i\n"), recorder)(100_000)
    events = list(recorder.events())
    assert len(events) == 10
    assert [event.values for event in events[-3:]] == [{"i": 99_999}, {"x": 99_999}, {}]
    assert len(recorder.buffer) + sum(map(len, recorder._memory.chunks)) < 300_000
    assert [record["instruction"] for record in recorder.records()[-2:]] == ["x = i", "for i in range(n):"]


def test_a_ring_is_written_when_an_exception_leaves_a_call(tmp_path: Path) -> None:
    path = tmp_path / "black box.trace"
    recorder = Recorder(path, ring=5, on_exception="dump")
    source = "def f(n):\n    for i in range(n):\n        x = i\n    return 1 // (n - 7)\n"
    twin = follow(define(source), recorder)
    twin(100)
    assert list(load(path).events) == []
    with pytest.raises(ZeroDivisionError):
        twin(7)
    written = list(load(path).records())
    assert [record["instruction"] for record in written[-2:]] == ["for i in range(n):", "return 1 // (n - 7)"]
    assert written[-1]["exception"] == "ZeroDivisionError: integer division or modulo by zero"
    assert len(list(load(path).events)) <= 7
    recorder.close()


def test_time_runs_from_event_to_event_of_the_same_call() -> None:
    source = "def f(inner, sleep):\n    sleep(0.02)\n    a = inner()\n    b = 1\n"
    recorder = Recorder()
    inner = follow(define("def g(sleep=__import__('time').sleep):\n    sleep(0.03)\n    return 1\n", "g"), recorder)
    follow(define(source), recorder, config=EVERYTHING)(inner, __import__("time").sleep)
    times = {record["instruction"]: record["execution_time"] for record in recorder.records()}
    assert 20 <= times["sleep(0.02)"] < times["a = inner()"]
    assert times["sleep(0.03)"] >= 30
    assert times["b = 1"] < 20


def test_what_is_closed_or_cleared_is_gone(tmp_path: Path) -> None:
    recorder = Recorder()
    twin = follow(define("def f():\n    a = 1\n"), recorder)
    twin()
    recorder.clear()
    assert recorder.records() == []
    twin()
    assert len(recorder.records()) == 1
    with Recorder(tmp_path / "closed.trace") as written:
        twin = follow(define("def f():\n    a = 1\n"), written)
        twin()
    twin()
    assert len(list(load(tmp_path / "closed.trace").records())) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"path": 3}, "path must be the path of a file, not 3"),
        ({"ring": 0}, "ring must be a number of events, not 0"),
        ({"on_exception": "dmup"}, "on_exception must be 'dump' or 'ignore', not 'dmup'"),
        ({"on_exception": "dump"}, "needs a path"),
        ({"durability": "never"}, "durability must be 'buffer' or 'event', not 'never'"),
    ],
)
def test_arguments_of_no_use_are_named(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises((TypeError, ValueError), match=message):
        Recorder(**arguments)


def test_a_child_process_writes_its_own_file(tmp_path: Path) -> None:
    path = tmp_path / "run.trace"
    with Recorder(path) as recorder:
        twin = follow(define("def f(n):\n    a = n\n"), recorder)
        twin(1)
        child = os.fork()
        if child == 0:
            twin(2)
            recorder.close()
            os._exit(0)
        os.waitpid(child, 0)
        twin(3)
    values = {
        file.name: [record["local_vars"][-1]["val"] for record in load(file).records()] for file in tmp_path.iterdir()
    }
    assert values.pop("run.trace") == [1, 3]
    assert list(values.values()) == [[2]]
    assert str(child) in next(iter(values))


def test_the_package_offers_it() -> None:
    assert {"Recorder", "load", "Described", "TraceError"} <= set(package.__all__)
    assert asyncio.iscoroutinefunction(follow(define("async def f():\n    return 1\n"), Recorder()))
