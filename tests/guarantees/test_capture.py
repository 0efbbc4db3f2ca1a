"""Guarantees 9 to 12: capture is bounded and runs no user code."""

from __future__ import annotations

import sys
import threading
import time
import tracemalloc
from array import array
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import pytest

from follow import SECRETS, Described, FollowConfig, Recorder, Shortened, follow

from ..support import brief, define, outcome

BOTH = pytest.mark.parametrize("recorded", [False, True], ids=["dicts", "recorded"])


def records_of(
    function: Any, *arguments: Any, recorded: bool, config: FollowConfig | None = None
) -> list[dict[str, Any]]:
    """The records of a call, as a follower of dicts gets them or from a recorder."""
    dicts: list[dict[str, Any]] = []
    recorder = Recorder()
    follow(function, recorder if recorded else dicts.append, config=config)(*arguments)
    return recorder.records() if recorded else dicts


def captured(value: Any, *, recorded: bool, config: FollowConfig | None = None) -> Any:
    """What a record holds of a value."""
    records = records_of(define("def f(x):\n    y = x\n    return y\n"), value, recorded=recorded, config=config)
    (instruction, variables), _ = brief(records)
    assert instruction == "y = x"
    return variables["y"]


def best_of_three(work: Callable[[], object]) -> float:
    """The least time of three (ms): a figure, of which nothing is asserted."""
    times = []
    for _ in range(3):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return min(times) * 1e3


def nested(depth: int) -> Any:
    """A list in a list in a list …"""
    value: Any = []
    for _ in range(depth):
        value = [value]
    return value


@BOTH
def test_09_the_default_limits_and_what_says_that_it_was_cut(recorded: bool, figure: Callable[[str], None]) -> None:
    config = FollowConfig()
    limits = (config.max_depth, config.max_items, config.max_string, config.max_nodes, config.max_bits)
    assert limits == (3, 100, 1_000, 1_000, 4_096) and config.max_attributes == 20
    expected = [
        (nested(5), [[[Shortened("list", 1, None)]]]),
        (list(range(101)), Shortened("list", 101, list(range(100)))),
        (tuple(range(101)), Shortened("tuple", 101, list(range(100)))),
        (dict.fromkeys(range(101)), Shortened("dict", 101, dict.fromkeys(range(100)))),
        ("x" * 1_001, Shortened("str", 1_001, "x" * 1_000)),
        (b"x" * 1_001, Shortened("bytes", 1_001, b"x" * 1_000)),
        (bytearray(b"x" * 1_001), Shortened("bytearray", 1_001, b"x" * 1_000)),
        (1 << 4_096, Shortened("int", 4_097, None)),
        (-(1 << 4_096), Shortened("int", 4_097, None)),
    ]
    for value, shown in expected:
        assert captured(value, recorded=recorded) == shown
    for value in (nested(2), list(range(100)), "x" * 1_000, (1 << 4_096) - 1, dict.fromkeys(range(100))):
        assert captured(value, recorded=recorded) == value
    many = captured([[0] * 100 for _ in range(50)], recorded=recorded)
    whole = [row for row in many if isinstance(row, list)]
    assert len(many) == 50 and len(whole) == 9 and many[-1] == Shortened("list", 100, None)
    assert repr(Shortened("str", 1_001, "xx")) == "<str of 1,001: 'xx'…>"
    figure("depth 3, 100 items, 1,000 characters, 1,000 values, 4,096 bits, 20 attributes")


@BOTH
def test_09_limits_are_fields(recorded: bool) -> None:
    config = FollowConfig(max_depth=1, max_items=2, max_string=3, max_bits=40)
    assert captured([1, 2, 3], recorded=recorded, config=config) == Shortened("list", 3, [1, 2])
    assert captured([[1], ""], recorded=recorded, config=config) == [Shortened("list", 1, None), ""]
    assert captured("abcd", recorded=recorded, config=config) == Shortened("str", 4, "abc")
    for value, shown in ((1 << 40, Shortened("int", 41, None)), (1 << 39, 1 << 39)):
        assert captured(value, recorded=recorded, config=config) == shown
        assert captured([value], recorded=recorded, config=config) == [shown]
    for name in ("max_depth", "max_items", "max_string", "max_nodes", "max_attributes", "max_bits"):
        with pytest.raises(ValueError, match=f"FollowConfig.{name}"):
            FollowConfig(**{name: 0})


@BOTH
@pytest.mark.parametrize("limit", [(1 << 31) - 1, sys.maxsize, 10**30], ids=["int", "word", "more"])
def test_09_limits_may_be_as_large_as_can_be(recorded: bool, limit: int) -> None:
    names = ("max_items", "max_string", "max_nodes", "max_attributes", "max_bits")
    config = FollowConfig(**dict.fromkeys(names, limit))  # type: ignore[arg-type]
    for value in ([*range(3_000)], "x" * 3_000, 1 << 5_000, -(1 << 70), dict.fromkeys(range(3_000)), {*range(3_000)}):
        assert captured(value, recorded=recorded, config=config) == value


@BOTH
@pytest.mark.parametrize("redact", [(), ("pin",)])
def test_09_an_exceptions_text_is_cut(recorded: bool, redact: tuple[str, ...]) -> None:
    function = define("def f(x):\n    raise ValueError(x)\n")
    records: list[dict[str, Any]] = []
    recorder = Recorder()
    config = FollowConfig(max_string=10, redact=redact)
    for text, shown in (("x" * 10, "x" * 10), ("x" * 11, "<str of 11: 'xxxxxxxxxx'…>")):
        with pytest.raises(ValueError, match=text):
            follow(function, recorder if recorded else records.append, config=config)(text)
        found = (recorder.records() if recorded else records)[-1]
        assert found["exception"] == f"ValueError: {shown}"


def test_09_of_an_object_its_type_or_a_few_attributes_are_told() -> None:
    class Wide:
        def __init__(self) -> None:
            self.__dict__.update((f"a{n}", "held" * 1_000) for n in range(1_000))

    assert FollowConfig().max_attributes == 20
    assert captured(Wide(), recorded=True) == Described("Wide")
    for most in (20, 3):
        recorder = Recorder(detail="dataflow")
        function = define("def f(x):\n    y = [x]\n")
        follow(function, recorder, config=FollowConfig(max_attributes=most))(Wide())
        form = next(recorder.events()).forms["x"].content
        assert form.type == "Wide" and list(form.attributes) == [*(f"a{n}" for n in range(most)), "…"]
        assert form.attributes["…"] == Shortened("attributes", 1_000, None)
        assert form.attributes["a0"] == Shortened("str", 4_000, "held" * 250)


class Ran:
    """What code of the program's has run."""

    what: list[str] = []


def _hook(name: str) -> Callable[..., Any]:
    def run(self: Any, *arguments: Any) -> Any:
        Ran.what.append(name)
        if name == "__repr__":
            time.sleep(10)
        raise RuntimeError(name)

    return run


class Meta(type):
    """Runs code for whatever is asked of its classes."""

    def __getattribute__(cls, name: str) -> Any:
        Ran.what.append(f"Meta.{name}")
        return super().__getattribute__(name)

    def __instancecheck__(cls, instance: object) -> bool:
        Ran.what.append("instancecheck")
        return True

    def __subclasscheck__(cls, subclass: type) -> bool:
        Ran.what.append("subclasscheck")
        return True

    def __hash__(cls) -> int:
        Ran.what.append("Meta.hash")
        return 1

    def __eq__(cls, other: object) -> bool:
        Ran.what.append("Meta.eq")
        return True

    def mro(cls) -> list[type]:
        return super().mro()


_NAMES = (
    "repr",
    "str",
    "len",
    "iter",
    "hash",
    "eq",
    "bool",
    "contains",
    "getitem",
    "getattr",
    "getattribute",
    "format",
)
_HOOKS = {
    f"__{name}__": _hook(f"__{name}__") for name in (*_NAMES, "index", "int", "float", "reduce_ex", "sizeof", "dir")
}
_HOOKS["__class__"] = property(_hook("__class__"))
_HOOKS["shape"] = _HOOKS["dtype"] = _HOOKS["__array__"] = _HOOKS["__dataframe__"] = property(_hook("shape"))


def hostile(base: type = object, metaclass: type = type, **more: Any) -> Any:
    """An object of a new class, whose every special method fails, and says that it ran."""
    cls = metaclass("Hostile", (base,), {**_HOOKS, **more})
    made = base.__new__(cls)
    Ran.what.clear()
    return made


LIKE_NUMPY = {"__array_interface__": property(_hook("array")), "T": property(_hook("T")), "__iter__": _hook("iter")}
HOSTILE: dict[str, Callable[[], Any]] = {
    "object": hostile,
    "metaclass": lambda: hostile(object, Meta),
    "class": lambda: type(hostile(object, Meta)),
    "exception of a metaclass": lambda: hostile(Exception, Meta),
    "dict": lambda: hostile(dict),
    "OrderedDict": lambda: hostile(OrderedDict),
    "list": lambda: hostile(list),
    "tuple": lambda: hostile(tuple),
    "set": lambda: hostile(set),
    "str": lambda: hostile(str),
    "int": lambda: hostile(int),
    "float": lambda: hostile(float),
    "bytes": lambda: hostile(bytes),
    "deque": lambda: hostile(deque),
    "exception": lambda: hostile(Exception),
    "like an array": lambda: hostile(object, **LIKE_NUMPY),
    "liar": lambda: hostile(object, __class__=property(lambda self: int)),
}


@pytest.mark.parametrize("how", ["plain", "dataflow", "redact"])
@pytest.mark.parametrize("kind", HOSTILE)
def test_10_no_code_of_the_program_runs(kind: str, how: str, figure: Callable[[str], None]) -> None:
    value = HOSTILE[kind]()
    config = FollowConfig(redact=(*SECRETS, "v")) if how == "redact" else None
    source = (
        "def f(x):\n    y = x\n    z = [x, (x,), {'k': x}]\n    w = [[[[x]]], [x] * 200]\n    z.append(x)\n    g = lambda q: q\n"
        "    v = g(x)\n    def inner():\n        return x\n    inner()\n    return x\n"
    )
    recorder = Recorder(detail="dataflow" if how == "dataflow" else "plain")
    function = follow(define(source), recorder, config=config)
    spent = best_of_three(lambda: function(value))
    recorder.clear()
    assert function(value) is value
    assert Ran.what == []
    records = recorder.records()
    assert Ran.what == [] and len(records) == 11
    shown = {v["var"]: v["val"] for record in records for v in record["local_vars"]}
    name = "Hostile" if kind != "class" else "type"
    assert isinstance(shown["y"], Described) and shown["y"].type == name
    assert shown["z"] == [shown["y"], (shown["y"],), {"k": shown["y"]}, shown["y"]]
    figure(f"{kind}, {how}: {spent / 11:.3f} ms a statement, 0 of {len(_HOOKS)} hooks run")


def test_10_keys_and_exceptions_of_the_program() -> None:
    Ran.what.clear()

    class Key(metaclass=Meta):
        quiet = True

        def __hash__(self) -> int:
            Ran.what.extend([] if Key.quiet else ["hash"])
            return 7

        def __eq__(self, other: object) -> bool:
            Ran.what.extend([] if Key.quiet else ["eq"])
            return self is other

    class Error(ValueError, metaclass=Meta):
        def __str__(self) -> str:
            Ran.what.append("str")
            return "never"

        __repr__ = __str__

        @property
        def args(self) -> Any:
            Ran.what.append("args")
            return ()

    table, members = {Key(): 1, Key(): 2}, {Key(), 1}
    many = {**table, **dict.fromkeys(range(200))}
    Key.quiet = False
    Ran.what.clear()
    assert captured(many, recorded=False).shown[0][1] == 1
    recorder = Recorder()
    source = "def f(table, members, Error, Key):\n    a = table\n    b = members\n    raise Error(table, 'text')\n"
    Ran.what.clear()
    try:
        follow(define(source), recorder)(table, members, Error, Key)
    except ValueError:  # before 3.12 the interpreter asks at every except whether it is an exception's class
        assert [what for what in Ran.what if what != "subclasscheck"] == []
    Ran.what.clear()
    last = recorder.records()[-1]
    assert last["exception"] == "Error: <dict of 2: [(<Key>, 1), (<Key>, 2)]…>, 'text'"
    shown = {v["var"]: v["val"] for v in last["local_vars"]}
    assert shown["a"] == Shortened("dict", 2, [(Described("Key"), 1), (Described("Key"), 2)])
    assert shown["b"].type == "set" and len(shown["b"].shown) == 2
    assert Ran.what == []


@pytest.mark.dicts
def test_10_a_follower_of_dicts_gets_the_object_itself_untouched() -> None:
    for make in HOSTILE.values():
        value = make()
        records: list[dict[str, Any]] = []
        assert follow(define("def f(x):\n    y = [x]\n    return x\n"), records.append)(value) is value
        assert Ran.what == []
        assert records[0]["local_vars"][1]["val"][0] is value
        records.clear()


GIANTS: dict[str, tuple[Callable[[], Any], Callable[[Any], bool]]] = {
    "string": (lambda: "x" * 200_000_000, lambda shown: shown == Shortened("str", 200_000_000, "x" * 1_000)),
    "int": (lambda: 10**5_000, lambda shown: shown == Shortened("int", 16_610, None)),
    "list": (lambda: [0] * 1_000_000, lambda shown: shown == Shortened("list", 1_000_000, [0] * 100)),
    "dict": (lambda: dict.fromkeys(range(300_000)), lambda shown: (shown.length, len(shown.shown)) == (300_000, 100)),
    "set": (lambda: set(range(300_000)), lambda shown: (shown.length, len(shown.shown)) == (300_000, 100)),
    "nested": (lambda: nested(100_000), lambda shown: shown == [[[Shortened("list", 1, None)]]]),
    "wide and deep": (
        lambda: [[[["x" * 10_000] * 100] * 100] * 100] * 100,
        lambda shown: len(shown) == 100,
    ),
}


@BOTH
@pytest.mark.parametrize("kind", GIANTS)
def test_11_giants_cost_little_and_the_other_variables_survive(
    kind: str, recorded: bool, figure: Callable[[str], None]
) -> None:
    make, fits = GIANTS[kind]
    giant = make()
    function = define("def f(x, other):\n    y = x\n    z = [other]\n    return\n")
    recorder, dicts = Recorder(), []  # type: ignore[var-annotated]
    twin = follow(function, recorder if recorded else dicts.append)
    twin(1, 2)
    spent = best_of_three(lambda: twin(giant, "survives"))
    tracemalloc.start()
    twin(giant, "survives")
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 2_000_000, f"{peak:,} bytes for a {kind}"
    records = recorder.records() if recorded else dicts
    shown = {v["var"]: v["val"] for v in records[-2]["local_vars"]}
    assert fits(shown["x"]) and fits(shown["y"])
    assert (shown["other"], shown["z"]) == ("survives", ["survives"])
    figure(f"{kind}{' recorded' if recorded else ''}: {spent / 2:.2f} ms, {peak / 1e3:.0f} kB")
    while kind == "nested" and giant:  # or its own deallocation recurses
        giant = giant[0]


@BOTH
def test_11_cycles_stay_cycles(recorded: bool) -> None:
    loop: list[Any] = [1]
    loop.append({"loop": loop})
    shown = captured(loop, recorded=recorded)
    assert shown[0] == 1 and shown[1]["loop"] is shown and shown is not loop


def test_11_arrays_and_tables_of_numbers_are_no_burden(figure: Callable[[str], None]) -> None:
    numpy, pandas = pytest.importorskip("numpy"), pytest.importorskip("pandas")
    values = {
        "array": numpy.zeros((3_000, 3_000)),
        "array of objects": numpy.array([object()] * 100_000, dtype=object),
        "scalar": numpy.float64(1.5),
        "table": pandas.DataFrame({"a": range(300_000), "b": "text"}),
        "series": pandas.Series(range(300_000)),
    }
    function = define("def f(x):\n    y = [x, {'k': x}]\n    return y\n")
    for kind, value in values.items():
        for config in (None, FollowConfig(redact=SECRETS), FollowConfig(repr="user")):
            recorder = Recorder()
            twin = follow(function, recorder, config=config)
            spent = best_of_three(lambda twin=twin, value=value: twin(value))  # type: ignore[misc]
            shown = recorder.records()[0]["local_vars"][1]["val"][0]
            assert isinstance(shown, Described) and shown.type == type(value).__name__
            assert (shown.text is not None) is (config is not None and config.repr == "user")
            if config is None:
                figure(f"{kind} of numpy or pandas: {spent:.2f} ms")


@BOTH
def test_11_other_containers_of_the_library_are_no_burden(recorded: bool) -> None:
    Point = namedtuple("Point", "x y")
    for value in (
        array("d", [0.0]) * 1_000_000,
        range(10**9),
        memoryview(bytes(10**6)),
        MappingProxyType({1: 2}),
        Point(1, 2),
    ):
        shown = captured(value, recorded=recorded)
        assert shown is value or shown == Described(type(value).__name__) or shown == value


@BOTH
def test_12_a_container_that_another_thread_changes(recorded: bool, figure: Callable[[str], None]) -> None:
    source = (
        "def f(shared, stop):\n    for n in range(150):\n        a = shared[0]\n        b = shared[1]\n        c = shared[2], shared[3]\n"
        "    return n\n"
    )
    shared: list[Any] = [dict.fromkeys(range(150)), set(range(150)), deque(range(150)), defaultdict(list)]
    stop = threading.Event()

    def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            shared[0][number % 200] = number
            shared[0].pop((number + 50) % 200, None)
            shared[1] ^= {number % 170, 5}
            shared[2].append(number)
            shared[2].popleft()
            shared[3][number % 130].append(number)
            shared[3].pop((number + 60) % 130, None)

    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    thread = threading.Thread(target=change)
    thread.start()
    recorder = Recorder()
    records: list[Any] = []
    try:
        assert outcome(follow(define(source), recorder if recorded else records.append), shared, stop) == (
            "returned",
            149,
        )
    finally:
        stop.set()
        thread.join()
        sys.setswitchinterval(before)
    found = recorder.records() if recorded else records
    assert len(found) == 602 and not any("exception" in record for record in found)
    figure("602 statements beside a thread that changes what they show: 0 lost")
