"""Objects with their attributes: the compiled helper tells of them what the Python code does, and nothing is lost."""

from __future__ import annotations

import gc
import random
import sys
import threading
import tracemalloc
import weakref
from collections import OrderedDict, deque
from typing import Any

import pytest

from follow import FollowConfig, Recorder, accelerate, follow, recorder, sink
from follow.bounded import Shortened
from follow.copies import IDENTITY, MORE, Instance, Tagged, identity
from follow.dataflow import DataflowDescriber
from follow.objects import attributes_of
from follow.state import MISSING, Number

from .support import bear_the_interpreters_checks, define, objects_of_the_helper
from .test_dataflow import BUSY, SOURCE
from .test_native import built, told

native = accelerate.native
CONFIGS = (
    FollowConfig(),
    FollowConfig(max_attributes=2),
    FollowConfig(max_depth=1),
    FollowConfig(max_items=2, max_string=4),
)


class Thing:
    """Its objects have a ``__dict__``."""

    def __init__(self, n: object = 0) -> None:
        self.n = n


class Other:
    """Objects may become such ones."""


class Slotted:
    """Objects that cannot be referred to weakly."""

    __slots__ = ("next", "value")


class Both(Slotted):
    """Slots and a ``__dict__``."""


class Weak:
    """Slots, one for weak references."""

    __slots__ = ("__weakref__", "value")


class Meta(type):
    """What a class says of itself is not asked."""

    def __getattribute__(cls, name: str) -> Any:
        raise RuntimeError("no code of the program may run")

    def __eq__(cls, other: object) -> bool:
        raise RuntimeError("no code of the program may run")

    __hash__ = None  # type: ignore[assignment]


class Asked(metaclass=Meta):
    """Nor is an object."""

    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError("no code of the program may run")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no code of the program may run")

    __hash__ = None  # type: ignore[assignment]

    @property
    def __class__(self) -> Any:
        raise RuntimeError("no code of the program may run")


class Names(dict[str, object]):
    """Instead of a dict."""


class Rows(list[object]):
    """A list with attributes."""


def describers(config: FollowConfig) -> tuple[DataflowDescriber, DataflowDescriber]:
    """One that does all in Python, and one with the helper."""
    python, helped = DataflowDescriber(config), DataflowDescriber(config)
    helped.take_from(Number())
    assert python.helper is None and helped.helper is not None
    return python, helped


def both(pair: tuple[DataflowDescriber, DataflowDescriber], value: object, level: int = -1) -> Any:
    """What a look at some level tells (-1: a copy), from either."""
    python, helped = (one.copy(value) if level < 0 else one.look(level)(value) for one in pair)
    assert told(helped) == told(python), (type(value), level)
    return helped


def held(form: Any) -> Any:
    """The attributes in an object's form."""
    assert type(form) is Tagged and type(form.content) is Instance
    return form.content.attributes


@built
@pytest.mark.parametrize("config", CONFIGS)
def test_the_helper_tells_of_an_object_what_the_python_code_does(config: FollowConfig) -> None:
    pair = describers(config)
    thing: Any = Thing()
    both(pair, thing)
    assert both(pair, thing, 1) is None
    for name, value in (("a", 1.5), ("n", "text"), ("b", [1, 2]), ("c", {"x": (1, 2)}), ("d", {1, 2}), ("n", 1 << 80)):
        setattr(thing, name, value)
        both(pair, thing, 1)
    del thing.a
    both(pair, thing, 1)
    thing.__dict__ = {"b": 1, "a": 2}
    both(pair, thing, 1)
    thing.__dict__ = Names(a=1)
    both(pair, thing, 1)
    thing.__dict__ = {1: 2, "z": 3}
    both(pair, thing, 1)
    thing.__class__ = Other
    both(pair, thing, 1)
    for value in (
        deque([thing, 1]),
        OrderedDict(a=thing),
        bytearray(b"x"),
        "y" * 3_000,
        {(1, 2): thing},
        {thing},
        [[[thing]]],
        len,
        Thing,
        thing.__init__,
        sys,
        3j,
        {frozenset(): 1},
    ):
        thing.z = value
        both(pair, thing, 1)
        both(pair, thing, 2)


@built
@pytest.mark.parametrize("config", CONFIGS)
def test_it_reads_slots_and_whatever_has_attributes(config: FollowConfig) -> None:
    pair = describers(config)
    first, second, third = Slotted(), Both(), Weak()
    for one in (first, second, third):
        both(pair, one)
        one.value = 1
        both(pair, one, 1)
    first.next, second.next = second, first  # type: ignore[attr-defined]
    second.more, second.value = third, [first]  # type: ignore[attr-defined]
    third.value = Rows([1])
    error: Any = ValueError("text", first)
    error.note = first
    for value in (first, second, third, [first, second], error, Rows(), Asked(), [Asked()], Meta("M", (), {})):
        for level in (1, 0):
            both(pair, value, level)
        both(pair, value)


def test_no_code_of_the_program_runs_and_class_changes_are_told() -> None:
    describer = DataflowDescriber(FollowConfig())
    describer.take_from(Number())
    assert held(describer.copy(Asked())) == {}
    thing: Any = Thing(1)
    assert describer.copy(thing).content.type == "Thing"
    assert describer.look(1)(thing) is None
    thing.__class__ = Other
    assert describer.look(1)(thing).content.type == "Other"
    assert describer.look(1)(thing) is None


def test_what_an_object_holds_is_told_once_and_is_never_stale() -> None:
    describer = DataflowDescriber(FollowConfig())
    describer.take_from(Number())
    outer, inner = Thing(1), Thing(2)
    outer.inner = inner  # type: ignore[attr-defined]
    assert held(held(describer.copy(outer))["inner"]) == {"n": 2}
    inner.n = 3
    assert held(describer.look(1)(inner)) == {"n": 3}
    outer.n = 4
    for form in (describer.look(1)(outer), describer.copy(outer)):
        assert held(form)["n"] == 4 and held(held(form)["inner"]) is None


def test_many_attributes_and_cycles() -> None:
    describer = DataflowDescriber(FollowConfig())
    describer.take_from(Number())
    thing: Any = Thing()
    for number in range(50):
        setattr(thing, f"a{number}", number)
    assert len(held(describer.copy(thing))) == 21 and "51" in repr(held(describer.copy(thing))["…"])
    loop: Any = Thing()
    loop.self, loop.items, loop.names = loop, [loop], {"loop": loop}
    form = describer.copy(loop)
    assert held(form)["self"].number == id(loop) and held(held(form)["self"]) is None
    assert held(form)["items"][1].number == id(loop) and held(form)["names"]["loop"].number == id(loop)
    items: list[Any] = [loop]
    items.append(items)
    assert describer.copy(items)[0] == id(items)


class Reader:
    """What somebody knows who has read all that was told."""

    def __init__(self) -> None:
        self.seen: dict[int, Any] = {}

    def take(self, form: Any) -> None:
        """Read a form and all in it."""
        if type(form) is Tagged:
            content = form.content
            if type(content) is Instance and content.attributes is not None:
                self.seen[form.number] = form
                for one in content.attributes.values():
                    self.take(one)
            elif isinstance(content, deque):
                for one in content:
                    self.take(one)
        elif type(form) in (list, tuple, dict):
            number = identity(form)
            if number is not None:
                self.seen[number] = form
            for one in form.values() if type(form) is dict else form[number is not None :]:
                self.take(one)

    def knows(self, form: Any, value: Any) -> bool:
        """Whether a form, with what was told last of what is in it, is a value."""
        if type(form) is Tagged and type(form.content) is Instance:
            return form.number == id(value)
        if type(value) in (list, tuple, dict):
            short = form.content if type(form) is Tagged else form
            if type(short) is Shortened:  # too deep
                return short.length == len(value)
            form = self.seen.get(id(value), form) if type(value) is not tuple else form
            if type(value) is dict:
                items = {key: item for key, item in form.items() if key != IDENTITY}
                return list(items) == list(value) and all(self.knows(items[key], value[key]) for key in value)
            items = form[type(value) is list :]
            return len(items) == len(value) and all(map(self.knows, items, value))
        if type(value) is deque:
            return type(form) is Tagged and form.number == id(value)
        return type(form) is type(value) and bool(form == value)

    def knows_object(self, value: object) -> bool:
        """Whether what an object holds is known."""
        form = self.seen[id(value)]
        attributes, held = form.content.attributes, attributes_of(value)
        names = [name for name in attributes if name != MORE]
        return (
            form.content.type == type(value).__name__
            and names == list(held)[: len(names)]
            and (len(names) == len(held) or attributes[MORE].length == len(held))
            and all(self.knows(attributes[name], held[name]) for name in names)
        )


@pytest.mark.parametrize("seed", range(40))
@pytest.mark.parametrize("helped", [False, pytest.param(True, marks=built)])
def test_whatever_changes_a_look_tells_it(seed: int, helped: bool) -> None:
    chance = random.Random(seed)
    describer = DataflowDescriber(CONFIGS[seed % 2])
    if helped:
        describer.take_from(Number())
    reader = Reader()
    alive: list[object] = []  # so that none gets another one's place
    pool: list[Any] = [Thing(number) for number in range(3)] + [Slotted(), Both(), Weak(), Other()]

    def some_value(depth: int = 0) -> object:
        kind = chance.randrange(9 if depth < 2 else 4)
        if kind < 3:
            return chance.choice((None, True, 1, 2, 1.5, "a", "long text", 1 << 70, b"x"))
        if kind == 3:
            return chance.choice(pool)
        items = [some_value(depth + 1) for _ in range(chance.randrange(4))]
        alive.append(items)
        if kind < 6:
            return items
        made = tuple(items) if kind == 6 else dict(enumerate(items)) if kind == 7 else deque(items)
        alive.append(made)
        return made

    for _ in range(300):
        one = chance.choice(pool)
        what = chance.randrange(8)
        name = chance.choice(("value", "n", "next", "more"))
        if what < 3:
            try:
                setattr(one, name, some_value())
            except AttributeError:
                pass
        elif what == 3 and hasattr(one, name):
            delattr(one, name)
        elif what == 4 and type(one) in (Thing, Other):
            one.__class__ = chance.choice((Thing, Other))
        elif what == 5 and type(one) is Thing:
            pool[pool.index(one)] = one = Thing(1)
            reader.take(describer.copy(one))  # as its __init__ would tell
        elif what == 6:
            for held in attributes_of(one).values():
                if type(held) is list:
                    held.append(some_value(2))
        elif what == 7:
            reader.take(describer.look(chance.randrange(4))(some_value()))
        level = chance.randrange(4)
        reader.take(describer.look(level)(one) if level else describer.copy(one))
        assert reader.knows_object(one)
        for held in attributes_of(one).values() if level > 1 and seed % 2 == 0 else ():
            assert held not in pool or reader.knows_object(held)


def shapes(events: list[Any], *, numbered: bool) -> list[object]:
    """What events tell; identities are numbered as they are met, where no object may get another one's place."""
    numbers: dict[int, int] = {}

    def number(of: Any) -> int:
        return numbers.setdefault(of, len(numbers)) if numbered else 0

    def shape(form: Any) -> object:
        if type(form) is Tagged:
            return number(form.number), shape(form.content)
        if type(form) is Instance:
            return form.type, None if form.attributes is None else {k: shape(v) for k, v in form.attributes.items()}
        if type(form) is list:
            return [number(form[0]), *map(shape, form[1:])]
        if type(form) is dict:
            return {key: number(item) if key == IDENTITY else shape(item) for key, item in form.items()}
        return tuple(map(shape, form)) if type(form) is tuple else repr(form)

    first = min((event.call for event in events), default=0)
    return [
        (event.kind, event.call - first, {k: shape(v) for k, v in event.forms.items()}, shape(event.result_form))
        for event in events
    ]


@built
@pytest.mark.parametrize("source", [SOURCE, BUSY])
def test_its_probes_note_the_events_of_the_python_code(source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for helper in (native, None):
        for module in (sink, recorder, sys.modules["follow.dataflow"]):
            monkeypatch.setattr(module, "native", helper)
        taken = Recorder(detail="dataflow")
        function = define(source)
        kept = follow(function, taken)()
        found.append(shapes(list(taken.events()), numbered=source == SOURCE))
        del kept
    assert found[0] == found[1] and len(found[0]) > 20


@built
def test_nothing_is_kept_alive_and_no_memory_lost() -> None:
    source = (
        "def f(a, t):\n    t.n = a\n    t.held = T(a)\n    t.held.n = (a, t)\n    b = [t, t.held, {'t': t}]\n"
        "    t.bag = {(1, t.n[0]): deque([t, 1])}\n    del t.bag\n    t.held.more = E(t)\n    b.append(t)\n    return b\n"
    )
    taken = Recorder(detail="dataflow")
    function = follow(define(source, T=Thing, E=ValueError, deque=deque), taken)
    thing: Any = Thing()

    def run(times: int) -> None:
        for number in range(times):
            function([1, "x" * 20, 3.5], thing)
            if number % 100 == 0:
                taken.clear()

    run(300)
    gc.collect()
    counts = sys.getrefcount(thing), sys.getrefcount(Thing), sys.getrefcount(function)
    tracemalloc.start()
    run(3_000)
    taken.clear()
    gc.collect()
    before, _ = tracemalloc.get_traced_memory()
    run(6_000)
    taken.clear()
    gc.collect()
    after, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 100_000  # one object a call would be more
    assert (sys.getrefcount(thing), sys.getrefcount(Thing), sys.getrefcount(function)) == counts
    gone = weakref.ref(thing.held)
    del thing.held
    gc.collect()
    assert gone() is None


@built
def test_its_own_objects_are_the_collectors() -> None:
    def make() -> None:
        thing: Any = Thing()
        thing.bag = deque([thing])
        for describer in describers(FollowConfig()):
            describer.copy(thing)
            describer.look(2)([thing])

    before = objects_of_the_helper()
    for _ in range(50):
        make()
    assert objects_of_the_helper() == before


@built
def test_a_class_that_is_gone_is_not_mistaken_for_another() -> None:
    _, helped = describers(FollowConfig())
    for number in range(200):
        kind = type(f"Kind{number}", (), {"__slots__": tuple(f"s{n}" for n in range(number % 5))})
        one = kind()
        for at, name in enumerate(kind.__slots__):  # type: ignore[attr-defined]
            setattr(one, name, at)
        form = helped.copy(one)
        assert form.content.type == kind.__name__ and held(form) == attributes_of(one)
        del one, kind
        gc.collect(0)


@built
def test_objects_that_other_threads_change_are_seen_whole() -> None:
    _, helped = describers(FollowConfig())
    shared: Any = Thing()
    stop = threading.Event()

    def change() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            shared.__dict__ = {"n": [number] * (number % 50), "d": {number: Thing(number)}, "q": deque([number])}
            shared.__dict__[f"a{number % 30}"] = number
            shared.n.clear()
            shared.__class__ = (Thing, Other)[number % 2]

    thread = threading.Thread(target=change)
    thread.start()
    try:
        for number in range(3_000):
            form = helped.look(number % 4)([shared, shared])
            assert form[0] and len(form) == 3
            form = helped.look(1)(shared)
            assert form is None or MISSING not in form.content.attributes.values()
    finally:
        stop.set()
        thread.join()


class Lender:
    """Has a slot."""

    __slots__ = ("lent",)


class Borrower:
    """Has a slot of another class's, which is not for its objects."""

    lent = Lender.lent  # type: ignore[attr-defined]


@pytest.mark.parametrize("helped", [False, pytest.param(True, marks=built)])
def test_a_slot_that_was_put_there_from_another_class_is_passed_over(helped: bool) -> None:
    describer = DataflowDescriber(FollowConfig())
    if helped:
        describer.take_from(Number())
    one: Any = Borrower()
    one.n = 1
    assert held(describer.copy(one)) == {"n": 1}


@built
def test_the_told_bear_the_interpreters_own_checks() -> None:
    program = (
        "from follow import Recorder, follow, accelerate\n"
        "assert accelerate.native is not None\n"
        "from tests.test_told import *\n"
        "for seed in range(6):\n"
        "    test_whatever_changes_a_look_tells_it(seed, True)\n"
        "    gc.collect()\n"
        "for source in (SOURCE, BUSY):\n"
        "    follow(define(source), Recorder(detail='dataflow'))()\n"
    )
    bear_the_interpreters_checks(program)
