"""The compiled helper: what it makes is what the Python code makes, it keeps nothing alive, and it is left out if it is
another version's. Where it is not built, only the last two can be tested."""

from __future__ import annotations

import gc
import os
import runpy
import sys
import threading
import tracemalloc
import types
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from follow import SECRETS, FollowConfig, Recorder, accelerate, follow, recorder, sink
from follow.capture import Capture
from follow.copies import Instance, Tagged
from follow.describe import Describer
from follow.described import Described, describe
from follow.redacting import describer_of
from follow.state import MISSING, Number
from follow.trace import values
from follow.trace.decode import Event

from .support import bear_the_interpreters_checks, define, objects_of_the_helper
from .test_differential import MANY
from .test_hard_cases import CASES, EVERYTHING

native = accelerate.native
built = pytest.mark.skipif(native is None, reason="the compiled helper is not here")
CONFIGS = (
    FollowConfig(),
    FollowConfig(max_items=3, max_depth=2, max_string=4),
    FollowConfig(max_nodes=6, max_depth=5),
    FollowConfig(max_depth=1, max_bits=64),
    FollowConfig(max_items=1),
)


class Thing:
    """Its objects are described."""

    def method(self) -> None: ...


class Named:
    """Its objects tell themselves apart."""

    def __init__(self, number: int) -> None:
        self.number = number


class Other(type):
    """Its objects are classes."""


describe(Thing())
describe(Named(1))
ATOMS = (
    some.none()
    | some.booleans()
    | some.integers(-(1 << 70), 1 << 70)
    | some.floats()
    | some.text(max_size=6)
    | some.binary(max_size=6)
    | some.complex_numbers()
    | some.sampled_from(
        (Thing(), Thing, Thing.method, Thing().method, len, Other("T", (), {}), os, 1 << 5_000, MISSING, ..., range(3))
    )
    | some.sampled_from((int, OrderedDict, deque, [].append, {}.get, str.maketrans, sys.exit, "x" * 1_001, "é" * 2_000))
)
KEYS = some.none() | some.booleans() | some.integers(-9, 9) | some.text(max_size=6) | some.tuples(some.integers(0, 1))
OBJECTS = some.sampled_from(
    (int, os, len, Thing, Thing(), 1 << 40, b"bytes", (int, 1), "x" * 1_001, 1j, frozenset({int}))
)
KEYS |= OBJECTS
VALUES = some.recursive(
    ATOMS,
    lambda inner: (
        some.lists(inner, max_size=5)
        | some.lists(inner, max_size=5).map(tuple)
        | some.dictionaries(KEYS, inner, max_size=5)
        | some.sets(KEYS, max_size=5)
        | some.frozensets(KEYS, max_size=5)
        | some.lists(inner, max_size=3).map(deque)
        | some.dictionaries(KEYS, inner, max_size=2).map(OrderedDict)
        | some.lists(inner, min_size=1, max_size=1).map(lambda held: [held[0], held[0], (held[0],)])
    ),
    max_leaves=12,
)


def snapshots(config: FollowConfig, *, objects: bool = False) -> tuple[Describer, Any]:
    """A describer, and the helper that does its work."""
    from follow.nativeprobe import snapshots_of

    describer = describer_of(config, objects=objects)
    return describer, snapshots_of(describer, config)


def told(form: Any, above: tuple[int, ...] = ()) -> object:
    """All of a form, with the types of its parts, so that 1 is not True; of cycles no more than that they are there."""
    kind = type(form)
    if id(form) in above:
        return "above", len(above) - above.index(id(form))
    above = (*above, id(form))
    if kind in (list, tuple, deque):
        return kind, [told(item, above) for item in form]
    if kind in (set, frozenset):
        return kind, sorted(repr(told(item, above)) for item in form)
    if kind in (dict, OrderedDict, defaultdict):
        return kind, [(told(key, above), told(item, above)) for key, item in form.items()]
    if kind in (Tagged, Instance, Described, values.Shortened):
        names = [name for name in kind.__slots__ if name != "packed"]
        return kind, [(name, told(getattr(form, name), above)) for name in names]
    return kind, repr(form)


def containers_in(value: Any) -> list[Any]:
    """The lists and dicts of a value, which can be changed."""
    found = [value] if type(value) in (list, dict) else []
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, (list, tuple, deque)) else ()
    return found + [one for item in inner for one in containers_in(item)]


@built
@MANY
@given(VALUES, some.sampled_from(CONFIGS), some.data())
def test_its_forms_are_those_of_the_python_code(value: Any, config: FollowConfig, data: some.DataObject) -> None:
    describer, helper = snapshots(config)
    for _ in range(3):
        form = helper.form(value)
        if form is not MISSING:  # what it leaves to the Python code
            assert told(form) == told(describer.copy(value))
        assert told(helper.change(value)) == told(describer.change(value))
        whole = value if type(value) is int else describer.copy(value)
        assert told(helper.value(value)) == told(whole)
        assert told(helper.cell(types.CellType(value))) == told(describer.copy(value))
        containers = containers_in(value)
        if not containers:
            return
        one = containers[data.draw(some.integers(0, len(containers) - 1))]
        new = data.draw(ATOMS)
        if type(one) is dict:
            one["new"] = new
        else:
            one[data.draw(some.integers(0, len(one))) :] = [new]


@built
@MANY
@given(VALUES, some.sampled_from((*CONFIGS, FollowConfig(values="live"))))
def test_its_entries_are_those_of_the_python_code(value: Any, config: FollowConfig) -> None:
    capture = Capture(config)
    one, other = capture.entries.one("name", value), capture.variable("name", value)
    assert told(one) == told(other)
    assert [*one] == ["var", "val", "type"] and (one["val"] is value) is (other["val"] is value)
    within, held = containers_in(one["val"]), containers_in(value)
    if config.values != "live":
        assert {*map(id, within)}.isdisjoint(map(id, held)), "what is shown does not change with the program's"
    state = [0.0, None, (types.CellType(), types.CellType(value)), None, None, None, MISSING, value]
    shown = (
        ("a", "slot", 0),
        ("b", "slot", 1),
        ("c", "cell", 0),
        ("d", "cell", 1),
        ("e", "value", 0),
        ("f", "watch", 0),
    )
    entries = capture.entries.of_call(shown, state, (value,))
    bound = "de" if value is MISSING else "bde"
    assert told(entries) == told([capture.variable(name, value) for name in bound])
    named = capture.entries.of_call(("a", ("b", "value", 0), "c"), state, (value, 2, value))
    assert told(named) == told([capture.variable(name, value) for name in "abc"])


@built
@pytest.mark.parametrize("config", CONFIGS[:2])
def test_what_it_says_of_large_values_and_cycles(config: FollowConfig) -> None:
    describer, helper = snapshots(config)
    loop: list[Any] = [1]
    loop.append({"loop": (loop,)})
    shared = [1]
    large = (
        [0] * 101,
        [Thing() for _ in range(300)],
        [[n] for n in range(300)],
        tuple(range(300)),
        {number: [number] for number in range(300)},
        set(range(300)),
        frozenset(range(300)),
        [[[[[1]]]]],
        [shared, shared, (shared, shared)],
        ["x" * 2_000],
        dict.fromkeys(map(Named, range(300)), Thing),
        {(number, int): [number] for number in range(30)},
        {number << 40 for number in range(300)},
        {*map(Named, range(30))},
        loop,
    )
    for value in large:
        for _ in range(2):
            assert told(helper.value(value)) == told(describer.copy(value))
    for done_here in ([0] * 101, {len: [int], os: 1}, {int, 1}, {1 << 40}, "x" * 2_000, {"a": ["x" * 2_000]}):
        assert helper.form(done_here) is not MISSING
    assert helper.form(loop) is not MISSING


def test_a_dict_with_objects_for_keys_that_is_met_twice_is_described_both_times() -> None:
    odd: dict[Any, Any] = {os: [1]}
    for held in (odd, {Thing(): 1, (1, 2): Thing()}):
        one, other = describer_of(FollowConfig(), objects=False).copy([held, held])[1:]
        assert (
            one is other and type(one) is values.Shortened and {type(key) for key, _ in one.shown} <= {Described, tuple}
        )
    odd["itself"] = odd
    assert describer_of(FollowConfig(), objects=False).copy(odd).shown[1] == (
        "itself",
        values.Shortened("dict", 2, None),
    )


@built
@MANY
@given(VALUES, some.sampled_from(CONFIGS), some.data())
def test_cycles_stay_cycles(value: Any, config: FollowConfig, data: some.DataObject) -> None:
    describer, helper = snapshots(config)
    containers = containers_in([value])
    for _ in range(data.draw(some.integers(1, 3))):
        one, other = (containers[data.draw(some.integers(0, len(containers) - 1))] for _ in range(2))
        if type(one) is dict:
            one[data.draw(KEYS)] = other
        else:
            one.insert(data.draw(some.integers(0, len(one))), other)
    for _ in range(2):
        assert told(helper.change(value)) == told(describer.change(value))
        form = helper.form(containers[0])
        assert form is MISSING or told(form) == told(describer.copy(containers[0]))


@built
def test_the_collector_finds_forms_that_hold_themselves() -> None:
    _, helper = snapshots(FollowConfig())
    table: dict[Any, Any] = {"a": [1], "b": (2, [3])}
    table["b"][1].append(table)
    table["many"] = [table] * 200
    before = 0
    for attempt in range(3):
        for _ in range(300):
            form = helper.form(table)
            assert form["b"][1][2] is form
        del form
        gc.collect()
        if attempt == 1:
            before = sys.getallocatedblocks()
    assert sys.getallocatedblocks() - before < 300


@built
def test_what_has_not_changed_is_the_same_object_and_what_has_is_not() -> None:
    _, helper = snapshots(FollowConfig())
    for value in ([1, 2.5, Thing()], {"a": [1], "b": "x"}, ([1], 2), [Thing()] * 200, [[1], [2]], Thing.method):
        before = helper.value(value)
        assert helper.value(value) is before
    items: list[Any] = [1, 2]
    first = helper.value(items)
    items[1] = 2.0
    assert first == [id(items), 1, 2] and helper.value(items) == [id(items), 1, 2.0] != first[:2]


@built
def test_it_hides_secrets_and_reads_attributes_by_the_python_code() -> None:
    describer, helper = snapshots(FollowConfig(redact=SECRETS))
    for value in ("text", ["text"], {"password": "hunter2!"}, 1, None, 1.5, Thing()):
        assert told(helper.value(value)) == told(describer.copy(value))
    describer, helper = snapshots(FollowConfig(), objects=True)
    thing = Thing()
    thing.x = [1]  # type: ignore[attr-defined]
    for value in (thing, [thing], {"a": thing}, Thing, len):
        assert told(helper.value(value)) == told(describer.copy(value))
        assert told(helper.change(value)) == told(describer.change(value))


@built
def test_a_type_that_dies_takes_its_description_along() -> None:
    _, helper = snapshots(FollowConfig())
    for name in ("One", "Two", "Three", "Four"):
        kind = type(name, (), {})
        assert [repr(helper.value(kind())) for _ in range(2)] == [f"<{name}>"] * 2
        assert repr(helper.value([kind()])[1]) == f"<{name}>"
        del kind
        gc.collect()


@built
@MANY
@given(VALUES)
def test_it_packs_the_same_bytes(value: Any) -> None:
    form = Describer(FollowConfig(max_nodes=100_000)).copy(value)
    for content in (form, ["events", [1, 2, form, form, 3, form]], {"a": form}, [form]):
        assert values.pack(content) == values.pack_in_python(content)


@built
@pytest.mark.parametrize(
    "value",
    [
        *(
            sign * ((1 << bits) + more)
            for bits in (5, 7, 8, 15, 16, 31, 32, 63, 64)
            for more in (-1, 0, 1)
            for sign in (1, -1)
        ),
        *("x" * length for length in (31, 32, 255, 256, 65_535, 65_536)),
        *(b"x" * length for length in (0, 255, 256, 65_536)),
        *([None] * length for length in (15, 16, 65_535, 65_536)),
        *(dict.fromkeys(range(length), 0) for length in (15, 16, 65_536)),
        *(tuple(range(length)) for length in (0, 1, 2, 3, 7, 15, 300, 70_000)),
        "\ud800 é 漢",
        bytearray(b"x"),
        Instance("T", {"a": 1}),
        Tagged(1, Instance("T", None)),
    ],
    ids=lambda value: f"{type(value).__name__} {str(value)[:12]!r}",
)
def test_it_packs_lengths_as_msgpack_does(value: object) -> None:
    assert values.pack(value) == values.pack_in_python(value)


@built
def test_a_value_that_is_nested_without_end_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(ValueError, match="recursion"):
        values.pack(loop)
    with pytest.raises(ZeroDivisionError):
        native.Packer(default=lambda value: 1 // 0, extension=tuple, keeping=Other, known=()).pack(Thing())


@pytest.fixture
def pure(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is followed from now on is followed without the helper."""
    for module in (sink, recorder):
        monkeypatch.setattr(module, "native", None)


def summed_up(events: list[Event]) -> list[object]:
    """What events tell, but for times, threads and identities."""
    first = min((event.call for event in events), default=0)
    return [
        (event.kind, event.call - first, repr(event.values), event.changed, repr(event.result), event.exception)
        for event in events
    ]


def events_of(source: str, config: FollowConfig) -> list[object]:
    taken = Recorder()
    function = follow(define(source), taken, config=config)
    try:
        function(*([3, 1, 2] for _ in range(function.__code__.co_argcount)))
    except Exception:
        pass
    return summed_up(list(taken.events()))


MORE = {
    "a closure": "def f(a):\n    n = 0\n    def g():\n        nonlocal n\n        n += len(a)\n        a.append(n)\n    g()\n    g()\n    return n\n",
    "slots": "def f(a):\n    if a:\n        x = a\n    for i in a[:]:\n        x.append(i)\n    del x\n    try:\n        x\n    except NameError as e:\n        y = 1\n    return\n",
    "many": "def f(a):\n" + "".join(f"    v{n} = [{n}]\n" for n in range(50)) + "    a.sort()\n    return v3\n",
    "generator": "def f(a):\n    def g():\n        for i in a:\n            b = yield [i]\n    return list(g())\n",
    "a secret": "def f(a):\n    password = str(a)\n    a.append(password)\n    return password\n",
    "subclasses": "def f(a):\n    class L(list): pass\n    b = L(a)\n    b.append(1)\n    b[0] = 2\n    b += [1]\n    return b\n",
    "bases": "def f(a):\n    d = {}\n    d['a'] = a\n    a[0] = 5\n    a[1:] = []\n    a += [1]\n    s = set()\n    s.add(1)\n",
    "match": "def f(a):\n    match a:\n        case [x, *y] if x:\n            z = y\n    return lambda q=a: (q, z)\n",
    "walrus": "def f(a):\n    while (n := len(a)) > 1:\n        a.pop()\n    return [m for k in a if (m := k)]\n",
}


@built
@pytest.mark.parametrize("name", sorted({**CASES, **MORE}))
def test_its_probes_note_the_events_of_the_python_code(name: str, request: pytest.FixtureRequest) -> None:
    source = {**CASES, **MORE}[name]
    for config in (EVERYTHING, FollowConfig(redact=SECRETS)) if name in MORE else (EVERYTHING,):
        found = events_of(source, config)
        request.getfixturevalue("pure")
        assert found == events_of(source, config)
        for module in (sink, recorder):
            module.native = native


@built
def test_nothing_is_kept_alive_and_no_memory_lost() -> None:
    source = (
        "def f(a, t):\n    b = [a, (a, t), {'x': a}, {1, 2}]\n    a.append(t)\n    a[0] = 2.5\n    c = b, f, T\n"
        "    del a[3:]\n    return c\n"
    )
    taken = Recorder()
    function = follow(define(source, T=Thing), taken)
    thing = Thing()

    def run(times: int) -> None:
        for number in range(times):
            function([1, "x" * 20, thing, [3.5]], thing)
            if number % 100 == 0:
                taken.clear()

    run(200)
    gc.collect()
    counts = sys.getrefcount(thing), sys.getrefcount(Thing), sys.getrefcount(function)
    tracemalloc.start()
    run(15_000)  # until as many forms are kept as ever are
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    run(15_000)
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 150_000  # one object a call would be more
    assert (sys.getrefcount(thing), sys.getrefcount(Thing), sys.getrefcount(function)) == counts


def probe_of(make: Callable[[str], object], gives: int) -> Any:
    """A probe that is made by a function when it is first called."""
    return native.probes(("what_1",), {"what": (make, gives)}, None)[0]


@built
def test_names_of_probes_are_told_from_others_by_what_stands_before_their_number() -> None:
    made: list[str] = []

    def make(name: str) -> None:
        made.append(name)

    names = ("given_3", "native_yield_12", "few_id_0", "giv", "", "_", "über_1", "given_é_4")
    found = native.probes(names, {"given": (make, 0), "native_yield": (make, 1)}, lambda name: f"<{name}>")
    assert [type(one).__name__ for one in found[:2]] == ["Probe", "Probe"]
    assert found[2:] == [f"<{name}>" for name in names[2:]]
    assert [one.name for one in found[:2]] == ["given_3", "native_yield_12"] and made == []
    for wrong in ((1,), ("given_1", None)):
        with pytest.raises(TypeError):
            native.probes(wrong, {"given": (make, 0)}, None)
    with pytest.raises(TypeError):
        native.probes(("given_1",), {"given": make}, None)
    with pytest.raises(ZeroDivisionError):
        native.probes(("given_1", "other_1"), {"given": (make, 0)}, lambda name: 1 / 0)


@built
def test_its_own_objects_are_the_collectors() -> None:
    def make() -> None:
        describer, helper = snapshots(FollowConfig())
        describer.helper = helper  # type: ignore[attr-defined] # a cycle
        helper.value([[1], Thing()])
        probe = probe_of(lambda name: None, 0)
        probe_holder = [probe, probe_of(lambda name, own=[probe]: own, 1)]
        clear = probe_holder.clear
        events = native.Events(
            buffer=[], limit=Number(), outer=Number(), look=clear, begun=clear, ended=clear, extend=None, now=lambda: 1
        )
        probe_holder.append(events)

    before = objects_of_the_helper()
    for _ in range(50):
        make()
    assert objects_of_the_helper() == before


@built
def test_a_probe_that_cannot_be_made_says_so_and_one_without_stack_is_silent() -> None:
    for wrong in (None, (), (1,) * 17, [1]):
        with pytest.raises(TypeError):
            probe_of(lambda name, wrong=wrong: wrong, 0)(1)

    def no_stack(name: str) -> None:
        raise RecursionError

    assert probe_of(no_stack, 0)(1) is None
    assert probe_of(no_stack, 1)(1, "value") == "value"
    with pytest.raises(RecursionError):  # a call must have a state
        probe_of(no_stack, -1)()
    with pytest.raises(TypeError):
        native.taken(())


@built
def test_a_container_that_another_thread_changes_is_seen_whole() -> None:
    _, helper = snapshots(FollowConfig())
    shared: list[Any] = [[0] * 50, dict.fromkeys(range(50), 0)]
    stop = threading.Event()

    def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            shared[0] = shared[0][:25] + [number] * (number % 50)
            shared[1].update({number: 1})
            shared[1].pop(number - 20, None)
            shared[0].clear()

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for _ in range(3_000):
            for value in (shared, shared[0], shared[1]):
                form = helper.form(value)
                assert form is MISSING or type(form) in (list, dict)
    finally:
        stop.set()
        thread.join()


@built
def test_it_bears_the_interpreters_own_checks() -> None:
    program = (
        "from follow import Recorder, follow, accelerate\n"
        "assert accelerate.native is not None\n"
        "from tests.test_native import MORE, CASES, EVERYTHING, events_of, values\n"
        "for source in [*MORE.values(), *CASES.values()]:\n"
        "    events_of(source, EVERYTHING)\n"
        "values.pack(['events', [1, (2, {3}), 'x' * 70_000, 1 << 90]])\n"
    )
    bear_the_interpreters_checks(program)


def test_the_python_code_names_the_sources_that_it_goes_with() -> None:
    path = Path(accelerate.__file__).parent / "native" / "checksum.py"
    if not path.exists():
        pytest.skip("the sources are not here")
    found = runpy.run_path(str(path))["checksum"]()
    assert found == accelerate.SOURCES, "after a change of follow/native run: python follow/native/checksum.py"


def test_another_versions_helper_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    stale = types.ModuleType("follow._native")
    package = sys.modules["follow"]
    monkeypatch.setattr(package, "_native", stale, raising=False)
    monkeypatch.setitem(sys.modules, "follow._native", stale)
    monkeypatch.delenv("FOLLOW_PURE_PYTHON", raising=False)
    assert accelerate._loaded() is None
    stale.SOURCES = accelerate.SOURCES ^ 1  # type: ignore[attr-defined]
    assert accelerate._loaded() is None
    stale.SOURCES = accelerate.SOURCES  # type: ignore[attr-defined]
    assert accelerate._loaded() is stale
    monkeypatch.setenv("FOLLOW_PURE_PYTHON", "1")
    assert accelerate._loaded() is None


@built
def test_what_is_too_long_is_not_taken_for_what_was_at_its_place() -> None:
    _, helper = snapshots(FollowConfig(max_items=2))
    things = [Named(number) for number in range(3)]
    for make in (list, tuple, lambda items: dict.fromkeys(things, 1.5), tuple, list):
        for _ in range(200):
            values_ = [make([1.5, 2.5, 3.5]) for _ in range(5)]
            kinds = {
                type(form) if type(form) is not Tagged else form.content.type for form in map(helper.value, values_)
            }
            names = {form.content.type if type(form) is Tagged else form.type for form in map(helper.value, values_)}
            assert names == {type(values_[0]).__name__} and len(kinds) == 1
