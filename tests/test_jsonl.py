"""JSON lines as a follower: values of every kind come back, and none of the program's code runs."""

from __future__ import annotations

import gc
import io
import json
import math
import warnings
import weakref
from collections import OrderedDict, defaultdict, deque
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

import follow
from follow import Described, FollowConfig, Shortened, TraceError
from follow.export import jsonl
from follow.export.values import from_json, to_json

from .support import define


class Hostile:
    """Every way to show it fails the test."""

    def __repr__(self) -> str:
        raise AssertionError("its repr was taken")

    __str__ = __hash__ = __eq__ = __len__ = __iter__ = __getattribute__ = __repr__  # type: ignore[assignment]


def follow_into(output: Any, source: str, *arguments: object, config: FollowConfig | None = None) -> None:
    function = define(source)
    follow.follow(function, config=config or FollowConfig(), follower=follow.jsonl(output))(*arguments)


def values_of(text: str) -> dict[str, Any]:
    """The variables of the last record that shows any."""
    found = [record for record in jsonl.read(io.StringIO(text)) if record["local_vars"]]
    return {one["var"]: one["val"] for one in found[-1]["local_vars"]}


VALUES = [
    None, True, 0, -7, 2**53 - 1, 2**53, -(10**400), 0.1, -0.0, 1e308, "", "\ud800é\u2028\n", b"\0\xff",
    bytearray(b"x"), 3 - 4j, complex("nan+infj"), ..., NotImplemented, [1, [2, "x"]], (), (1, (2,)), {1, 2}, frozenset({"a"}),
    {"a": [1]}, {"$int": "1"}, {1: 2, None: 3, (1, 2): {"b": ()}}, deque([1], 3), deque(), OrderedDict(b=1, a=2),
    defaultdict(None, {"k": [1]}), float("inf"), -math.inf,
]  # fmt: skip


@pytest.mark.parametrize("value", VALUES, ids=repr)
def test_values_come_back(value: Any) -> None:
    text = json.dumps(to_json(value), allow_nan=False)
    text.encode("ascii")
    back = from_json(json.loads(text))
    assert type(back) is type(value) and repr(back) == repr(value)
    assert getattr(back, "maxlen", None) == getattr(value, "maxlen", None)


atoms = some.none() | some.booleans() | some.integers() | some.floats() | some.text() | some.binary()
keys = some.none() | some.integers() | some.text() | some.tuples(some.integers(), some.text())
nested = some.recursive(
    atoms,
    lambda inner: (
        some.lists(inner)
        | some.lists(inner).map(tuple)
        | some.dictionaries(keys, inner)
        | some.builds(Shortened, some.text(), some.none() | some.integers(0), inner)
        | some.builds(Described, some.text(), some.none() | some.text())
    ),
    max_leaves=10,
)


@settings(max_examples=50, deadline=None)
@given(nested)
def test_any_nesting_comes_back(value: Any) -> None:
    assert repr(from_json(json.loads(json.dumps(to_json(value), allow_nan=False)))) == repr(value)


def test_objects_are_described_without_running_their_code() -> None:
    out = io.StringIO()
    follow_into(out, "def f(x):\n    y = [x, {1: x}]\n    z = (len, x)\n", Hostile())
    thing = Described("Hostile")
    assert values_of(out.getvalue()) == {
        "x": thing,
        "y": [thing, {1: thing}],
        "z": (Described("builtin_function_or_method", "len"), thing),
    }


def test_what_was_shortened_stays_so_and_holds_no_objects() -> None:
    out = io.StringIO()
    source = (
        "def f(x):\n    long = [x] * 9\n    text = 'ab' * 9\n    many = {n: x for n in range(9)}\n    deep = [[[1]]]\n"
    )
    follow_into(out, source, Hostile(), config=FollowConfig(max_items=2, max_string=3, max_depth=2))
    thing = Described("Hostile")
    found = values_of(out.getvalue())
    assert found["long"] == Shortened("list", 9, [thing, thing])
    assert found["text"] == Shortened("str", 18, "aba")
    assert found["many"] == Shortened("dict", 9, {0: thing, 1: thing})
    assert found["deep"] == [[Shortened("list", 1, None)]]


def test_cycles_end_and_shared_containers_are_written_twice() -> None:
    out = io.StringIO()
    follow_into(out, "def f():\n    a = [1]\n    a.append(a)\n    b = [5]\n    c = [b, b]\n")
    found = values_of(out.getvalue())
    assert found["a"] == [1, Shortened("list", 2, None)] and found["c"] == [[5], [5]]


def test_the_lines_are_the_records(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    records: list[Any] = []
    function = define("def f(n):\n    for i in range(n):\n        k = i / 2\n    raise ValueError('no')\n")
    config = FollowConfig(fields=("kind", "line"))
    followed = follow.follow(function, config=config, follower=[records.append, follow.jsonl(path)])
    for _ in range(2):
        with pytest.raises(ValueError):
            followed(2)
    assert list(jsonl.read(path)) == records
    assert records[-1]["exception"] == "ValueError: no"
    lines = path.read_text().splitlines()
    assert json.loads(lines[0]) == {"schema": "follow.records", "version": 2, "follow": follow.__version__}
    assert list(json.loads(lines[1])) == ["function", "instruction", "execution_time", "local_vars", "kind", "line"]


def test_a_file_is_closed_and_a_stream_is_not(tmp_path: Path, no_file_is_left: None) -> None:
    path, out = tmp_path / "out.jsonl", io.StringIO()
    function = define("def f(n):\n    a = n\n")
    with follow.jsonl(path) as follower, follow.jsonl(out) as other:
        followed = follow.follow(function, [follower, other])
        followed(1)
        assert len(list(jsonl.read(path))) == 1, "each line is in the file at once"
        follower.flush()
    followed(2)
    assert len(list(jsonl.read(path))) == 1 and not out.closed
    assert out.getvalue() == path.read_text()
    follower.close()
    unused = follow.jsonl(tmp_path / "none.jsonl")
    unused.close()
    assert not (tmp_path / "none.jsonl").exists()


def test_what_was_left_out_comes_back(tmp_path: Path) -> None:
    config = FollowConfig(loop_limit=2, watch=("1 // x",), fields=("kind",))
    records: list[Any] = []
    followed = follow.follow(
        define("def f(n):\n    for i in range(n):\n        x = i\n"),
        [records.append, follow.jsonl(tmp_path / "out.jsonl")],
        config=config,
    )
    followed(9)
    assert list(jsonl.read(tmp_path / "out.jsonl")) == records
    assert [record["left_out"] for record in records if "left_out" in record] == [7]
    assert list(next(record for record in records if "left_out" in record))[-2:] == ["left_out", "kind"]


def test_a_file_is_appended_to_with_a_header_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    for _ in range(2):
        follow_into(path, "def f():\n    a = 1\n")
    assert [record["instruction"] for record in jsonl.read(path)] == ["a = 1", "a = 1"]
    assert path.read_text().count("follow.records") == 2


def test_a_line_that_was_not_finished_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "out.jsonl"
    follow_into(path, "def f():\n    a = 1\n    b = 2\n")
    path.write_text(path.read_text()[:-9])
    assert [record["instruction"] for record in jsonl.read(path)] == ["a = 1"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"a": 1}\n', "line 1"),
        ("nonsense\n", "line 1"),
        ('{"function": "f", "local_vars": []}\n', "header"),
        ('{"schema": "follow.records", "version": 99}\n', "version 99"),
        ('{"schema": "other", "version": 1}\n', "'other'"),
        ('{"schema": "follow.records", "version": 1}\n{"local_vars": [{"val": {"$what": 1}}]}\n', r"\$what"),
        ('{"schema": "follow.records", "version": 1}\n{"local_vars": [{"val": {"$set": 1}}]}\n', r"\$set"),
    ],
)
def test_what_is_no_export_is_refused(text: str, words: str) -> None:
    with pytest.raises(TraceError, match=words):
        list(jsonl.read(io.StringIO(text)))


def test_what_is_no_output_is_refused() -> None:
    with pytest.raises(TypeError, match="text stream or the path"):
        follow.jsonl(5)  # type: ignore[arg-type]


@pytest.mark.dicts
def test_a_stream_that_fails_is_switched_off_with_a_warning() -> None:
    closed = io.StringIO()
    closed.close()
    function = define("def f():\n    a = 1\n    return a\n")
    followed = follow.follow(function, follower=follow.jsonl(closed))
    with pytest.warns(follow.FollowerWarning, match="closed file.*switched off"):
        assert followed() == 1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert followed() == 1


def test_one_that_nobody_has_closed_is_closed_when_it_is_gone(tmp_path: Path) -> None:
    write = follow.jsonl(tmp_path / "out.jsonl")
    write({"function": "f", "instruction": "x = 1", "execution_time": 0.0, "local_vars": []})
    opened = weakref.ref(write._stream)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del write
        gc.collect()
    assert opened() is None
    assert [str(one.message) for one in caught] == []
