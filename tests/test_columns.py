"""Events as columns: nothing is lost in them, and the compiled helper writes and reads the same."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as some

from follow import Recorder, follow, load
from follow.accelerate import native
from follow.describe import Described
from follow.events import FIRST_BASE, LENGTHS
from follow.trace import columns
from follow.trace.catalogue import Catalogue
from follow.trace.columns import FLAT, KIND, items_of, packed_events
from follow.trace.file import MARK, FrameReader, frame
from follow.trace.values import pack, unpack
from follow.trace.writer import TraceWriter

from .support import define

LENGTH = {**LENGTHS, **{FIRST_BASE + number: 3 + number % 4 for number in range(9)}}
NUMBERS = some.integers(-(1 << 50), 1 << 50)
ODD = some.integers(-(1 << 63), (1 << 64) - 1) | some.text(max_size=2) | some.none() | some.booleans() | some.floats()
VALUES = some.one_of(
    ODD, some.lists(some.integers(0, 300), max_size=20), some.just([[1, 2.5], {"a": (1,)}, Described("int", "f")])
)


@some.composite
def events(draw: Any) -> list[Any]:
    items: list[Any] = []
    for number in draw(some.lists(some.sampled_from(sorted(LENGTH)), max_size=12)):
        values = [draw(VALUES) for _ in range(LENGTH[number] - 2)]
        if number > 5 or number in (1, 2, 3):
            values[0] = draw(NUMBERS)
        items += [number, *values, draw(NUMBERS)]
    return items


built = pytest.mark.skipif(native is None, reason="the compiled helper is not built")


def columns_of(items: list[Any], lengths: dict[int, int]) -> list[list[Any]]:
    """The columns of a flat list of events.

    Arguments:
        items: the events.
        lengths: how many items an event has, by its id.

    Raises:
        ValueError: the last event is not whole.
    """
    ids: list[int] = []
    calls: list[int] = []
    times: list[int] = []
    values: list[Any] = []
    position = call = time = 0
    while position < len(items):
        number = items[position]
        start, last = position + 1, position + lengths[number] - 1
        ids.append(number)
        if number > 5 or number in (1, 2, 3):
            calls.append(items[start] - call)
            call = items[start]
            start += 1
        values += items[start:last]
        position = last + 1
        if position > len(items):
            raise ValueError("the last event is not whole")
        times.append(items[last] - time)
        time = items[last]
    return [ids, calls, times, values]


class Finding(dict[int, int]):
    """As a catalogue's: a length is found when it is first asked for."""

    def __missing__(self, number: int) -> int:
        return LENGTH[number]


def in_python(call: Any, *arguments: Any) -> Any:
    """What the Python code gives, or the exception that it raises."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(columns, "native", None)
        patch.setattr(columns, "NATIVE_PACKER", None)
        return outcome(call, *arguments)


def outcome(call: Any, *arguments: Any) -> Any:
    try:
        return call(*arguments)
    except Exception as error:
        return type(error)


@given(events())
def test_columns_hold_all_of_the_events(items: list[Any]) -> None:
    made = columns_of(items, LENGTH)
    assert repr(items_of(made, LENGTH)) == repr(items)
    written = unpack(in_python(packed_events, items, LENGTH)[0])
    assert repr(written) == repr([FLAT, unpack(pack(items))])  # which has what is not equal to itself
    packed, count = packed_events(items, Finding())
    kind, content = unpack(packed)
    if native is not None:
        assert packed == pack([KIND, made]) and count == len(made[0])
        assert kind == KIND and repr(items_of(content, Finding())) == repr(unpack(pack(items)))


@given(some.lists(some.lists(some.sampled_from(sorted(LENGTH)) | NUMBERS | ODD, max_size=4) | ODD, max_size=5))
def test_columns_that_make_no_sense_are_refused_alike(made: list[Any]) -> None:
    found, expected = outcome(items_of, made, LENGTH), in_python(items_of, made, LENGTH)
    assert repr(found) == repr(expected) or (type(found) is type(expected) is type)


@pytest.mark.parametrize(
    "made",
    [
        [[17], [1], [2], []],
        [[17], [], [2], [5]],
        [[17], [1], [2], [5, 6]],
        [[17], [1, 2], [2], [5]],
        [[17], [1], [], [5]],
        [[99], [1], [2], []],
    ],
)
def test_columns_that_do_not_fit_together_are_refused(made: list[Any]) -> None:
    assert items_of([[17], [1], [2], [5]], LENGTH) == [17, 1, 5, 2]
    for give in (outcome, in_python):
        assert give(items_of, made, LENGTH) in (ValueError, IndexError, KeyError)


def test_values_nested_without_end_are_cut() -> None:
    nested: list[Any] = []
    nested.append(nested)
    packed, _ = packed_events([17, 1, nested, 2], LENGTH)
    assert packed == in_python(packed_events, [17, 1, nested, 2], LENGTH)[0] and "<list of 0>" in repr(unpack(packed))


@built
def test_the_helper_leaves_to_python_what_is_unusual() -> None:
    for items in ([17, "call", 1, 2], [17, 1, 2, 3.5], [17, 1 << 70, 1, 2], ["17", 1, 2, 3]):
        assert columns.NATIVE_PACKER.pack_events(items, {**LENGTH, "17": 4}) is None
    for made in ((), [], [[17], [1], [2.0], [5]], [[True], [1], [2], [5]], [[17], [1 << 62], [2], [5]]):
        assert native.joined(made, {**LENGTH, True: 4}) is None
    for call in (native.joined, columns.NATIVE_PACKER.pack_events):
        with pytest.raises(TypeError):
            call([])
        with pytest.raises(TypeError):
            call([], [])
    with pytest.raises(KeyError):
        columns.NATIVE_PACKER.pack_events([99, 1, 2], LENGTH)


def test_a_file_of_version_1_is_read_as_before(tmp_path: Path) -> None:
    function = define(
        "def f(n):\n    total = []\n    for x in range(n):\n        total.append(x / 3)\n    return total\n"
    )
    with Recorder(tmp_path / "new.trace") as recorder:
        follow(function, recorder)(20)
    old = tmp_path / "old.trace"
    with open(tmp_path / "new.trace", "rb") as file, open(old, "wb") as into:
        into.write(MARK + b"1\n")
        lengths = recorder._catalogue.lengths
        for _, kind, content in FrameReader(file, "new").frames():
            into.write(frame("events", items_of(content, lengths)) if kind == KIND else frame(kind, content))
    assert list(load(old).records()) == list(load(tmp_path / "new.trace").records()) == list(recorder.records())
    values = [one.value for one in load(old).history("x")]
    assert values == [one.value for one in load(tmp_path / "new.trace").history("x")] and values[:20] == list(range(20))


@built
def test_what_compresses_badly_is_compressed_harder(tmp_path: Path) -> None:
    import random

    chance = random.Random(1)
    catalogue = Catalogue()
    catalogue.lengths[17] = 4
    held = [0, *(0.0 for _ in range(9))]
    items: list[Any] = []
    for number in range(3_000):
        held[1 + number % 3] = chance.random()
        items += [17, 1, held.copy(), number]
    writer = TraceWriter(str(tmp_path / "floats.trace"), catalogue)
    sizes = [len(writer._compressed(items)) for _ in range(18)]
    assert sizes[0] > 11 * 3_000 and sizes[1] < 0.95 * sizes[0], "from the second frame on"
    assert set(sizes[1:16]) == {sizes[1]} and sizes[16] == sizes[0], "and it is tried again"
    writer.close(0)


@built
def test_msgpack_alone_reads_them() -> None:
    packed, _ = packed_events([17, 7, "value", 100, 17, 8, None, 101], LENGTH)
    assert msgpack.unpackb(packed) == ["columns", [[17, 17], [7, 1], [100, 1], ["value", None]]]
