"""Records of calls: the compiled helper makes the same ones as Python code does, and does the same where there are none."""

from __future__ import annotations

import asyncio
import copy
import gc
import random
import sys
import threading
import types
import warnings
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from follow import SECRETS, FollowConfig, LoopLimit, capture, firstrecords, follow
from follow.accelerate import native
from follow.capture import Capture
from follow.channel import THREADS, ThreadState
from follow.errors import FollowerWarning
from follow.firstrecords import WORDS
from follow.state import MISSING

from .support import define
from .test_hard_cases import CASES
from .test_native import MORE
from .test_own_records import told

if native is None:
    pytest.skip("the compiled helper is not built", allow_module_level=True)

Records = list[dict[str, Any]]
Followed = Callable[..., Any]
PROGRAMS = {
    **CASES,
    **MORE,
    "yields": "def f(a):\n    def g():\n        b = yield a\n        while b:\n            b = yield from (b, [b])\n        return a\n    h = g()\n    next(h); h.send(a)\n    h.close()\n    return list(g())\n",
    "asynchronous": """
import asyncio
def f(a):
    async def one(n):
        await asyncio.sleep(0)
        async with lock:
            b = [n]
        async for m in many(n):
            b.append(m)
        return b
    async def many(n):
        for i in range(n):
            yield [i]
    async def all_of_them():
        nonlocal lock
        lock = asyncio.Lock()
        return [await one(n) for n in a]
    lock = None
    return asyncio.run(all_of_them())
""",
    "often": "def f(a):\n    total = []\n    for i in range(100):\n        if i % 3:\n            total.append(i)\n        else:\n            total = total[-5:]\n    return total\n",
    "unbound": "def f(a):\n    for n in a:\n        if n > 1:\n            b = n\n        else:\n            c = a\n        a = a[:]\n        try:\n            b, c\n            del b\n        except NameError:\n            c = 1\n    return locals()\n",
    "cells": "def f(a):\n    def g():\n        nonlocal b\n        c = b\n        b = [c]\n        del d\n        return c\n    b = a\n    d = None\n    try:\n        return g()\n    except NameError:\n        return b\n",
    "raises": "def f(a):\n    try:\n        raise ValueError(a)\n    except ValueError as error:\n        b = error\n    finally:\n        c = 1\n    raise KeyError(b)\n",
}


@pytest.fixture
def records_of(monkeypatch: pytest.MonkeyPatch) -> Followed:
    """The records of a call, made by the helper or by Python code."""

    def run(source: str, config: FollowConfig, *, helped: bool) -> tuple[Records, object]:
        records: Records = []
        with monkeypatch.context() as patch:
            if not helped:
                patch.setattr(capture, "native", None)
            function = follow(define(source), records.append, config=config)
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    gave = repr(function(*([3, 1, 2] for _ in range(function.__code__.co_argcount))))
            except Exception as error:
                gave = f"{type(error).__name__}: {error}"
            return records, gave

    return run


@pytest.mark.parametrize("name", sorted(PROGRAMS))
def test_records_are_those_of_python_code(name: str, records_of: Followed) -> None:
    for config in (
        FollowConfig(follow_function_calls=True, depth=3),
        FollowConfig(follow_return=True, follow_prints=True, values="live"),
        FollowConfig(follow_return=True, max_items=2, max_depth=2, max_string=5, loop_limit=2),
    ):
        helped, one = records_of(PROGRAMS[name], config, helped=True)
        python, other = records_of(PROGRAMS[name], config, helped=False)
        assert told(helped) == told(python)
        assert type(one) is type(other)
    assert all(record["execution_time"] < 60_000 for record in helped)


@pytest.mark.parametrize(
    "config",
    [
        FollowConfig(fields=("kind", "line", "file", "qualname")),
        FollowConfig(fields=("thread", "line", "depth", "call_id")),
        FollowConfig(watch=("len(a)",), fields=("line",)),
        FollowConfig(include=("a", "total"), loop_limit=LoopLimit(first=2, last=1)),
        FollowConfig(redact=SECRETS),
        FollowConfig(when=lambda call: True, max_records=40),
    ],
    ids=lambda config: str(config.fields or config.watch or config.redact or config.include)[:20],
)
@pytest.mark.parametrize("name", ["often", "yields", "asynchronous", "cells", "a secret", "raises"])
def test_records_with_other_settings_are_those_of_python_code(
    name: str, config: FollowConfig, records_of: Followed
) -> None:
    def more(records: Records) -> list[list[object]]:
        first = min((record["call_id"] for record in records if "call_id" in record), default=0)
        numbers = [record.get("call_id", 0) - first for record in records]
        return [numbers, *([record.get(key) for key in ("kind", "line", "qualname", "depth")] for record in records)]

    helped, python = (records_of(PROGRAMS[name], config, helped=helped)[0] for helped in (True, False))
    assert told(helped) == told(python) and more(helped) == more(python) and helped


def test_the_helper_makes_them() -> None:
    """Else the comparisons above would compare nothing."""
    names: list[str] = []
    source = "def f(a):\n    b = [a]\n    for c in a:\n        b.append(c)\n    return b\n"
    follow(define(source), lambda record: names.append(sys._getframe(1).f_code.co_name))([1, 2])
    assert set(names) == {"f"} and len(names) >= 6


@pytest.mark.parametrize("helped", [True, False])
def test_a_follower_that_raises_is_switched_off(helped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not helped:
        monkeypatch.setattr(capture, "native", None)
    seen: Records = []

    def follower(record: dict[str, Any]) -> None:
        seen.append(record)
        raise ValueError("not today")

    function = follow(define("def f(a):\n    b = a\n    c = b\n    return c\n"), follower)
    with pytest.warns(FollowerWarning, match="not today") as warned:
        assert function(1) == 1 == function(1)
    assert len(seen) == len(warned) == 1 and not THREADS.state.busy
    assert (warned[0].filename, warned[0].lineno) == (
        function.__code__.co_filename,
        function.__code__.co_firstlineno + 1,
    )


@pytest.mark.parametrize("helped", [True, False])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_a_follower_raises_is_let_through_if_wanted(
    helped: bool, error: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    if not helped:
        monkeypatch.setattr(capture, "native", None)

    def follower(record: dict[str, Any]) -> None:
        if record["instruction"] == "c = b":
            raise error("not today")

    config = FollowConfig(on_follower_error="raise")
    function = follow(define("def f(a):\n    b = a\n    c = b\n    return c\n"), follower, config=config)
    with pytest.raises(error, match="not today") as caught:
        function(1)
    assert not THREADS.state.busy and [entry.name for entry in caught.traceback if entry.name == "f"] == ["f"]


@pytest.mark.parametrize("error", [RecursionError, MemoryError])
def test_a_record_without_room_is_left_out(error: type[Exception]) -> None:
    seen: list[str] = []

    def follower(record: dict[str, Any]) -> None:
        if record["instruction"] == "c = b":
            raise error
        seen.append(record["instruction"])

    assert follow(define("def f(a):\n    b = a\n    c = b\n    return c\n"), follower)(1) == 1
    assert seen == ["b = a", "return c"] and not THREADS.state.busy


def test_the_end_of_the_stack_is_where_it_was_and_nothing_stays_busy() -> None:
    source = "def f(n):\n    m = n + 1\n    return f(m)\n"
    namespace: dict[str, Any] = {}
    exec(compile(source, __file__, "exec"), namespace)
    records: Records = []
    namespace["f"] = function = follow(define(source), records.append)
    function.__globals__["f"] = function
    for _ in range(2):
        with pytest.raises(RecursionError):
            function(0)
        assert not THREADS.state.busy and len(records) > 50
        records.clear()


def test_what_a_follower_is_given_is_its_own() -> None:
    kept: Records = []

    def spoil(record: dict[str, Any]) -> None:
        kept.append({**record, "local_vars": [dict(one) for one in record["local_vars"]]})
        for one in record["local_vars"]:
            if type(one["val"]) is list:
                one["val"].append("spoilt")
            one["var"] = "spoilt"

    given = [1]
    assert follow(define("def f(a):\n    b = [a]\n    a.append(2)\n    return b\n"), spoil)(given) == [[1, 2]]
    assert [[one["var"] for one in record["local_vars"]] for record in kept[:2]] == [["a", "b"], ["a", "b"]]
    assert given == [1, 2]


@pytest.mark.parametrize("seed", range(4))
def test_what_a_follower_keeps_does_not_change_and_what_it_spoils_does_not_come_again(seed: int) -> None:
    """Records and entries that it lets go are made use of again."""
    chance = random.Random(seed)
    kept: list[tuple[Any, Any]] = []
    told: Records = []

    def follower(record: dict[str, Any]) -> None:
        told.append({**record, "local_vars": [dict(one) for one in record["local_vars"]], "execution_time": 0})
        entries = record["local_vars"]
        part = chance.choice((record, entries, *entries))
        if chance.random() < 0.3:
            kept.append((part, copy.deepcopy(part)))
        elif part is record:
            chance.choice((record.clear, lambda: record.update(more=object()), lambda: record.update(function=[])))()
        elif part is entries:
            chance.choice((entries.clear, entries.reverse, lambda: entries.append(entries[0])))()
        else:
            chance.choice((part.clear, lambda: part.update(dict.fromkeys(part, "spoilt")), lambda: part.update(x=1)))()

    source = "def f(n):\n    total = 0\n    for i in range(n):\n        x = [i]\n        total += i\n    return total\n"
    records: Records = []
    follow(define(source), records.append)(60)
    assert follow(define(source), follower)(60) == sum(range(60))
    assert told == [{**record, "execution_time": 0} for record in records]
    assert len(kept) > 10 and all(part == before for part, before in kept)


def test_what_a_record_showed_dies_when_the_program_lets_it_go() -> None:
    class Held: ...

    source = "def f(make, refer):\n    held = make()\n    seen = refer(held)\n    del held\n    gone = seen() is None\n    return gone\n"
    assert follow(define(source), lambda record: None)(Held, weakref.ref) is True


def test_a_generator_that_goes_on_in_another_thread_tells_so() -> None:
    source = "def f(a):\n    yield a\n    b = [a]\n    yield b\n"
    records: Records = []
    config = FollowConfig(fields=("thread",))
    generator = follow(define(source), records.append, config=config)(1)
    next(generator)
    other = threading.Thread(target=lambda: next(generator), name="other")
    other.start()
    other.join()
    assert {record["thread"] for record in records if record["instruction"] == "b = [a]"} == {"other"}


def test_tasks_that_take_turns_are_kept_apart() -> None:
    source = (
        "async def f(n):\n    import asyncio\n    a = n\n    await asyncio.sleep(0)\n    b = [a, n]\n    return b\n"
    )
    records: Records = []
    function = follow(define(source), records.append)

    async def all_of_them() -> list[Any]:
        return await asyncio.gather(*map(function, range(5)))

    assert asyncio.run(all_of_them()) == [[n, n] for n in range(5)]
    shown = [[one["val"] for one in record["local_vars"] if one["var"] in "na"] for record in records]
    assert [pair for pair in shown if len(pair) == 2] and all(pair[0] == pair[-1] for pair in shown if pair)


def test_nothing_is_lost_or_kept() -> None:
    function = follow(
        define("def f(a):\n    b = [a, {'x': a}, {1, 2}]\n    b.append('y' * 2000)\n    return b\n"), lambda _: None
    )
    for _ in range(50):
        function([1])
    gc.collect()
    before = sys.gettotalrefcount() if hasattr(sys, "gettotalrefcount") else len(gc.get_objects())
    for _ in range(500):
        function([1])
    gc.collect()
    after = sys.gettotalrefcount() if hasattr(sys, "gettotalrefcount") else len(gc.get_objects())
    assert after - before < 100


def made(**given: Any) -> Any:
    """A probe, of which some is as a test wants it."""
    first = type("First", (), {"emit": staticmethod(lambda record: None)})()
    site = given.get("site", ("f", "a = 1", (("a", "value", 0), ("b", "slot", 0)), ((0, 0),), (0,), 0))
    entries = given.get("entries", Capture(FollowConfig()).entries)
    words, threads = given.get("words", WORDS), given.get("threads", ThreadState)
    flags = given.get("flags", (-1, False, False, True))
    return native.call_record(first, entries, threads, None, words, site, given.get("extras"), THREADS, flags)


def test_what_is_no_probe_is_refused() -> None:
    for wrong in (
        {"site": None},
        {"site": ("f", "a = 1", (), (), ())},
        {"site": ("f", "a = 1", (1,), (), (), 0)},
        {"site": ("f", "a = 1", (), (1,), (), 0)},
        {"site": ("f", "a = 1", (), (), (), 3)},
        {"flags": None},
        {"flags": (1, 2)},
        {"entries": None},
        {"threads": object},
        {"threads": 1},
        {"words": WORDS[:3]},
    ):
        with pytest.raises(TypeError):
            made(**wrong)
    with pytest.raises(TypeError):
        native.call_record()


def test_what_is_no_call_is_refused() -> None:
    def state() -> list[Any]:
        return [0.0, ThreadState(), None, None, None, None, MISSING]

    assert made()(state(), 1) is None
    for arguments in (
        (),
        (1,),
        ([],),
        (state(),),
        (state()[:-1], 1),
        ([0.0, None, *state()[2:]], 1),
        ([None, *state()[1:]], 1),
    ):
        with pytest.raises(TypeError):
            made()(*arguments)
    with pytest.raises(TypeError):
        made()(state(), 1, key=1)
    with pytest.raises(TypeError):
        made(flags=(-1, False, True, False))(state())
    with pytest.raises(TypeError):
        made(site=("f", "a = 1", (), ((7, 0),), (), 0))(state(), 1)
    with pytest.raises(TypeError):
        type(made())()


def test_what_a_flag_says_and_what_is_given_back() -> None:
    told_of: Records = []
    state = [0.0, ThreadState(), None, None, None, None, MISSING, False]
    probe = made(flags=(7, False, True, False), extras=told_of.append)
    value = object()
    assert probe(state, value, 1) is value and not told_of and state[6] is MISSING
    state[7] = True
    with pytest.raises(AttributeError):  # what the extras give is no dict, and this First cannot be told of it
        probe(state, value, 1)
    assert told_of == [state] and not state[1].busy


@pytest.mark.parametrize("error", [RecursionError, MemoryError])
def test_a_clock_without_room_costs_a_record_and_no_more(
    error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter(range(1_000))

    def now() -> float:
        time = next(times)
        if time in (3, 6):
            raise error
        return float(time)

    monkeypatch.setattr(firstrecords, "now", now)
    monkeypatch.setattr(firstrecords, "SYSTEMS_CLOCK", False)
    records: Records = []
    assert follow(define("def f(a):\n    b = a\n    c = b\n    d = c\n    return d\n"), records.append)(1) == 1
    assert 1 < len(records) < 4 and not THREADS.state.busy


class Same:
    """All are in one place of a dict, and comparing them runs the program's code."""

    asked: list[Any] = []

    def __hash__(self) -> int:
        return 7

    def __eq__(self, other: object) -> bool:
        for ask in self.asked:
            ask()
        return self is other


def test_keys_that_run_code_while_a_dict_is_copied_harm_nothing() -> None:
    sparse = {Same(): number for number in range(30)}
    for key in list(sparse)[:25]:
        del sparse[key]
    many: dict[Any, Any] = {number: number for number in range(200)}
    many[0] = sparse
    del sparse
    records: Records = []
    function = follow(define("def f(a):\n    b = a\n    return 1\n"), records.append)

    def change() -> None:
        junk = [{} for _ in range(200)]
        del junk
        many.clear()
        Same.asked.clear()

    Same.asked.append(change)
    assert function(many) == 1 and len(records) == 2
    assert function({Same(): [1], (1, (2,)): [2]}) == 1


def test_a_follower_that_uses_an_entry_as_globals_sees_its_value() -> None:
    code = compile("def q(): return val", "x", "exec").co_consts[0]
    found: list[tuple[object, object]] = []

    def follower(record: dict[str, Any]) -> None:
        for entry in record["local_vars"][:1]:
            function = types.FunctionType(code, entry)
            found.append(([function() for _ in range(1_100)][-1], entry["val"]))

    follow(define("def f():\n    x = 1.5\n    x = 'two'\n    x = None\n    return 1\n"), follower)()
    assert found == [(1.5, 1.5), ("two", "two"), (None, None)]


def test_integers_of_few_bits_are_whole_everywhere(records_of: Followed) -> None:
    source = "def f():\n    for _ in range(40):\n        a, b, c, d = 2, [2], 1 << 29, [1 << 30]\n"
    helped, python = (records_of(source, FollowConfig(max_bits=1), helped=helped)[0] for helped in (True, False))
    shown = [[one["val"] for one in record["local_vars"]][-4:] for record in helped if "a, b" in record["instruction"]]
    assert told(helped) == told(python) and {repr(one) for one in shown} == {"[2, [2], 536870912, [<int of 31>]]"}


@pytest.mark.parametrize("helped", [True, False])
def test_what_a_follower_raises_keeps_what_it_was_raised_for(helped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not helped:
        monkeypatch.setattr(capture, "native", None)

    def follower(record: dict[str, Any]) -> None:
        if record["instruction"] == "x = 1":
            try:
                raise ZeroDivisionError
            except ZeroDivisionError:
                raise ValueError("not today")

    source = "def f():\n    try:\n        raise KeyError\n    except KeyError:\n        x = 1\n"
    config = FollowConfig(on_follower_error="raise", follow_exceptions=False)
    with pytest.raises(ValueError) as caught:
        follow(define(source), follower, config=config)()
    assert type(caught.value.__context__) is ZeroDivisionError
