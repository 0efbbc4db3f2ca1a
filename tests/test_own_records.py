"""Records of a module's own statements: the compiled helper makes the same ones as Python code does."""

from __future__ import annotations

import gc
import sys
import threading
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from follow import FollowConfig, Recorder, capture, copies, install_import_hook, nativeprobe
from follow.accelerate import native
from follow.bounded import Shortened
from follow.capture import Capture
from follow.channel import THREADS, ThreadState
from follow.errors import FollowerWarning
from follow.firstrecords import WORDS
from follow.lazy import lazy
from follow.moduleevents import ModuleEvents

if native is None:
    pytest.skip("the compiled helper is not built", allow_module_level=True)

Records = list[dict[str, Any]]
Imported = Callable[..., Any]

MODULES = {
    "all kinds of values": """
import collections, re, sys as system
number, big, real, text, none, truth = 1, 1 << 80, 2.5, "text", None, True
long = "x" * 5000
items, pair, table, some, frozen = [1, [2]], (1, [2]), {"a": 1, 2: [3]}, {1, 2}, frozenset("a")
atoms, words, counts = [1, "a", None], ("a", "b"), dict.fromkeys("abc", 1)
data, array = b"bytes", bytearray(b"array")
queue, ordered = collections.deque([1]), collections.OrderedDict(a=[1])
pattern, match = re.compile("a"), re.match("a", "a")
items.append(items)
class Meta(type):
    def __eq__(self, other): raise ValueError
class Thing(metaclass=Meta):
    def __repr__(self): raise ValueError
thing = Thing()
def function(): pass
async def coroutine(): pass
lazy = (n for n in items)
built = len
method = thing.__init__
proxy = system.modules
""",
    "names come and go": """
a = 1
b = [a]
del a
a = "another type"
if b:
    c = a
else:
    d = b
b.append(c)
for i in range(3):
    b.append(i)
    e = b
    del e
b = b.copy
a = a
try:
    f = missing
except NameError:
    pass
with open(__file__) as g:
    h = g.closed
globals()["a"] = 3.5
a += 1
import json as b
""",
    "a statement that runs often": """
total = 0
for n in range(40):
    total += n
    last = [total]
while total:
    total -= 1
    if total < 700: break
""",
    "many names": "".join(f"name_{n} = {n}\n" for n in range(1100)),
    "no names": "1\nprint(end='')\nassert 1\n",
}


@pytest.fixture
def imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Imported:
    """Imports a text as a module that is followed, with the helper or without it."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def run(text: str, follower: Any, *, helped: bool = True, **config: Any) -> Any:
        (tmp_path / "shop.py").write_text(text)
        sys.modules.pop("shop", None)
        with monkeypatch.context() as patch:
            if not helped:
                patch.setattr(capture, "native", None)
            with install_import_hook("shop", follower=follower, config=FollowConfig(**config)):
                try:
                    return __import__("shop")
                finally:
                    sys.modules.pop("shop", None)

    return run


def told(records: Records) -> list[str]:
    """What records say, but for times and where objects are."""
    return [
        repr(
            [
                *(record["function"], record["instruction"], type(record["execution_time"]), [*record]),
                *((one["var"], one["type"], _shown(one["val"])) for one in record["local_vars"]),
            ]
        )
        for record in records
    ]


_PLAIN = frozenset(map(id, (int, float, str, bool, bytes, list, tuple, dict, set, frozenset, type(None), Shortened)))


def _shown(value: object) -> object:
    return repr(value)[:300] if id(type(value)) in _PLAIN else type.__repr__(type(value))


@pytest.mark.parametrize("name", MODULES)
def test_records_are_those_of_python_code(name: str, imported: Imported) -> None:
    found: dict[bool, Records] = {}
    for helped in (True, False):
        records = found[helped] = []
        imported(MODULES[name], records.append, helped=helped)
    assert told(found[True]) == told(found[False]) and len(found[True]) > 1
    assert all(0 <= record["execution_time"] < 5000 for record in found[True])


@pytest.mark.parametrize(
    "config",
    [
        {"max_string": 3},
        {"max_items": 1},
        {"max_depth": 1},
        {"max_string": 10**30},
        {"max_items": 10**30, "max_nodes": 10**30},
        {"values": "live"},
        {"max_bits": 8},
    ],
)
def test_records_within_other_limits_are_those_of_python_code(config: dict[str, Any], imported: Imported) -> None:
    found: dict[bool, Records] = {}
    for helped in (True, False):
        records = found[helped] = []
        imported(MODULES["all kinds of values"], records.append, helped=helped, **config)
    assert told(found[True]) == told(found[False])


def test_modules_without_statements(imported: Imported) -> None:
    records: Records = []
    for text in ("", "# nothing\n", '"""What it is for."""\n'):
        assert imported(text, records.append).__name__ == "shop"
    assert records == []


def test_the_helper_makes_them(imported: Imported) -> None:
    """Else the comparisons above would compare nothing."""
    frames: list[list[str]] = []

    def follower(_: dict[str, Any]) -> None:
        frame, names = sys._getframe(1), []
        while frame is not None and frame.f_code.co_name != "<module>":
            names.append(frame.f_code.co_filename)
            frame = frame.f_back  # type: ignore[assignment]
        frames.append(names)

    imported("first = 1\nsecond = [first]\n", follower)
    assert len(frames) == 2 and not any(name.endswith("firstrecords.py") for names in frames for name in names)


def test_each_record_is_its_own(imported: Imported) -> None:
    records: Records = []

    def spoil(record: dict[str, Any]) -> None:
        records.append({**record, "local_vars": [dict(one) for one in record["local_vars"]]})
        for one in record["local_vars"]:
            one["val"] = one["type"] = one["var"] = "spoilt"
        record["local_vars"].clear()

    imported("a = 1\nb = [a]\nc = 'c'\nb.append(c)\n", spoil)
    assert "spoilt" not in repr(records) and [one["var"] for one in records[-1]["local_vars"]] == ["a", "b", "c"]


def test_values_live_no_longer(imported: Imported) -> None:
    text = "import weakref\nclass A: pass\na = A()\nseen = weakref.ref(a)\nb = 1\ndel a\ngone = seen() is None\n"
    assert imported(text, lambda record: None).gone is True


@pytest.mark.parametrize("helped", [True, False])
def test_a_follower_that_raises_is_switched_off(helped: bool, imported: Imported) -> None:
    seen: Records = []

    def follower(record: dict[str, Any]) -> None:
        seen.append(record)
        raise ValueError("not today")

    with pytest.warns(FollowerWarning, match="not today") as warned:
        module = imported("a = 1\nb = 2\nc = 3\n", follower, helped=helped)
    assert module.c == 3 and len(seen) == 1 and not THREADS.state.busy
    assert len(warned) == 1 and Path(warned[0].filename).name == "shop.py"


@pytest.mark.parametrize("helped", [True, False])
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_what_a_follower_raises_is_let_through_if_wanted(
    helped: bool, error: type[BaseException], imported: Imported
) -> None:
    def follower(record: dict[str, Any]) -> None:
        if record["instruction"] == "b = 2":
            raise error("not today")

    with pytest.raises(error, match="not today") as caught:
        imported("a = 1\nb = 2\nc = 3\n", follower, helped=helped, on_follower_error="raise")
    assert not THREADS.state.busy
    assert [entry.name for entry in caught.traceback if entry.path.name == "shop.py"] == ["<module>"]


@pytest.mark.parametrize("error", [RecursionError, MemoryError])
def test_a_record_without_room_is_left_out(error: type[Exception], imported: Imported) -> None:
    seen: list[str] = []

    def follower(record: dict[str, Any]) -> None:
        if record["instruction"] == "b = 2":
            raise error
        seen.append(record["instruction"])

    assert imported("a = 1\nb = 2\nc = 3\n", follower).c == 3
    assert seen == ["a = 1", "c = 3"] and not THREADS.state.busy


def test_what_a_follower_runs_makes_no_records(imported: Imported) -> None:
    seen: list[str] = []

    def follower(record: dict[str, Any]) -> None:
        seen.append(record["instruction"])
        if len(seen) == 2:
            record["local_vars"][0]["val"]()

    imported("def f():\n    a = 1\nb = 2\n", follower)
    assert seen == ["def f():", "b = 2"]


def test_a_program_that_changes_its_module_while_it_is_told(imported: Imported) -> None:
    """A value's own code does not run, but a follower's does: it may take names away."""
    text = "names = globals()\na, b, c = [1], [2], [3]\nd = 4\n"
    records: Records = []

    def follower(record: dict[str, Any]) -> None:
        records.append(record)
        for one in record["local_vars"]:
            if one["var"] == "names":
                sys.modules["shop"].__dict__.pop("b", None)

    imported(text, follower)
    assert [one["var"] for one in records[-1]["local_vars"]] == ["names", "a", "c", "d"]


def test_all_is_let_go(imported: Imported) -> None:
    class Follower:
        def __call__(self, record: dict[str, Any]) -> None:
            pass

    def alive() -> int:
        gc.collect()
        return sum(type(one) is native.Own for one in gc.get_objects())

    follower = Follower()
    gone = weakref.ref(follower)
    imported("a = 1\nb = 2\n", follower)
    del follower
    before = alive()
    imported("a = 1\nb = 3\n", Follower())  # what is known of the file is that of its last import
    assert alive() == before and gone() is None


@pytest.mark.parametrize(
    "own",
    [
        None,
        (),
        ("<module>", [], (), {}, ()),
        ("<module>", (), (), [], ()),
        ("<module>", (), (), {1: None}, ()),
        ("<module>", (), (), {1: ("a = 1", None, None)}, ()),
    ],
)
def test_what_are_no_statements_is_refused(own: Any) -> None:
    entries = Capture(FollowConfig()).entries
    with pytest.raises(TypeError):
        native.own_probes(None, entries, ThreadState, None, WORDS, own)
    with pytest.raises(TypeError):
        native.own_probes(None, (), ThreadState, None, WORDS, ("<module>", (), (), {}, ()))
    with pytest.raises(TypeError):
        native.own_probes(None, entries, object, None, WORDS, ("<module>", (), (), {}, ()))


def test_what_is_no_state_is_refused() -> None:
    statements = {1: ("a = 1", 1, None)}
    own = ("<module>", ("a",), (), statements, ())
    entries = Capture(FollowConfig()).entries
    (probe,) = native.own_probes(None, entries, ThreadState, None, WORDS, own).values()
    for arguments in ((), (1,), ([],), ([0.0, None, {}, None],), ([None, ThreadState(), {}, None],)):
        with pytest.raises(TypeError):
            probe(*arguments)
    with pytest.raises(TypeError):
        probe([0.0, ThreadState(), {}], key=1)


def by_python(self: ModuleEvents, base: int) -> dict[int, Callable[..., object]]:
    """The probes as they would be without the helper's."""
    return {number: self.probe(number, base, gives=False) for number in self._statements.all.statements}


@pytest.mark.parametrize("name", MODULES)
def test_events_are_those_of_python_code(name: str, imported: Imported, monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for probes in (ModuleEvents.probes, by_python):
        monkeypatch.setattr(ModuleEvents, "probes", probes)
        recorder = Recorder()
        imported(MODULES[name], recorder)
        found.append(
            [(event.statement and event.statement.instruction, sorted(event.forms)) for event in recorder.events()]
        )
        found[-1].append(told(recorder.records()))
    assert found[0] == found[1] and len(found[0]) > 2


def test_a_recorder_that_must_hand_over_while_a_module_is_imported(imported: Imported) -> None:
    recorder = Recorder(ring=100)
    assert imported(MODULES["many names"], recorder).name_1099 == 1099
    assert [one["val"] for one in recorder.records()[-1]["local_vars"]][-2:] == [1098, 1099]


@pytest.mark.parametrize("error", [RecursionError, MemoryError])
def test_what_has_no_room_is_told_later(
    error: type[Exception], imported: Imported, monkeypatch: pytest.MonkeyPatch
) -> None:
    failing = [True]

    def is_same(one: object, other: object) -> bool:
        if failing:
            failing.clear()
            raise error
        return copies.is_same(one, other)

    monkeypatch.setattr(nativeprobe, "is_same", is_same)
    recorder = Recorder()
    assert imported("a = [1]\na.append(2)\na.append(3)\n", recorder).a == [1, 2, 3]
    last = recorder.records()[-1]["local_vars"]
    assert not failing and [one["val"] for one in last] == [[1, 2, 3]]


def test_what_are_no_statements_of_a_recorder_is_refused() -> None:
    own = ("<module>", (), (), {}, ())
    for arguments in ((), (None,) * 6, (None, None, own, 0, None, None)):
        with pytest.raises(TypeError):
            native.own_events(*arguments)


def test_attributes_that_are_made_later_wait_for_no_other_thread() -> None:
    """A child process that is forked while another thread makes one would wait for ever for a lock that all share."""

    class Holder:
        def __init__(self, make: Callable[[], int]) -> None:
            self.make = make

        @lazy
        def found(self) -> int:
            return self.make()

    inside, done = threading.Event(), threading.Event()

    def slowly() -> int:
        inside.set()
        return done.wait(60) + 1

    slow, quick = Holder(slowly), Holder(lambda: 7)
    thread = threading.Thread(target=lambda: slow.found)
    thread.start()
    assert inside.wait(60)
    assert quick.found == 7 == quick.__dict__["found"]
    done.set()
    thread.join()
    assert slow.found == 2 and isinstance(Holder.found, lazy)
