"""Guarantee 10, the other half: ``FollowConfig(repr="user")`` asks the program's objects, guarded."""

from __future__ import annotations

import decimal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from follow import Described, FollowConfig, Recorder, asking, follow, jsonl, load
from follow.export.jsonl import read

from ..support import define
from .test_capture import BOTH, captured, records_of

ASKING = FollowConfig(repr="user")


LIMIT = asking.SLOWEST


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow this machine is just now, types are asked again."""
    monkeypatch.setattr(asking, "SLOWEST", 1 << 60)


class Point:
    """An object that tells what it is."""

    def __init__(self, x: int) -> None:
        self.x = x

    def __repr__(self) -> str:
        return f"Point({self.x})"


@BOTH
def test_10_on_request_an_object_tells_what_it_is_at_that_moment(recorded: bool) -> None:
    function = define("def f(p):\n    q = [p, (p, 1)]\n    p.x = 2\n    return p\n")
    records = records_of(function, Point(1), recorded=recorded, config=FollowConfig(repr="user", follow_return=True))
    shown = [[repr(one["val"]) for one in record["local_vars"]] for record in records]
    assert shown == [
        ["Point(1)", "[Point(1), (Point(1), 1)]"],
        ["Point(2)", "[Point(2), (Point(2), 1)]"],
        ["Point(2)"],
    ]
    assert records[0]["local_vars"][0]["val"] == Described("Point", None, "Point(1)")
    assert {one["type"] for one in records[0]["local_vars"]} == {"Point", "list"}


@BOTH
def test_10_what_is_asked_is_what_has_no_form_of_its_own(recorded: bool) -> None:
    value = [1, "text", None, decimal.Decimal("1.5"), Point, len, time, captured]
    shown = captured(value, recorded=recorded, config=ASKING)
    assert shown[:3] == [1, "text", None]
    assert list(map(repr, shown[3:])) == [
        "Decimal('1.5')",
        "<type Point>",
        "<builtin_function_or_method len>",
        "<module time>",
        "<function captured>",
    ]


@BOTH
def test_10_a_repr_that_fails_or_is_long_harms_nobody(recorded: bool) -> None:
    class Fails:
        def __init__(self, how: Callable[[], str]) -> None:
            self.how = how

        def __repr__(self) -> str:
            return self.how()

    class Text(str):
        def __getitem__(self, item: object) -> str:
            raise AssertionError("it was asked")

        __len__ = __str__ = __getitem__  # type: ignore[assignment]

    def endless() -> str:
        return endless()

    def raising() -> str:
        raise KeyError("no")

    for how, shown in (
        (raising, "<repr raised KeyError>"),
        (endless, "<repr raised RecursionError>"),
        (lambda: 3, "<repr raised TypeError>"),
        (lambda: "x" * 1_001, "x" * 1_000 + "…"),
        (lambda: Text("text"), "text"),
    ):
        assert captured(Fails(how), recorded=recorded, config=ASKING) == Described("Fails", None, shown)
        assert repr(captured([Fails(how), 1], recorded=recorded, config=ASKING)) == f"[{shown}, 1]"


def test_10_an_interrupt_within_a_repr_is_the_programs() -> None:
    class Interrupted:
        def __repr__(self) -> str:
            raise KeyboardInterrupt

    records: list[dict[str, Any]] = []
    with pytest.raises(KeyboardInterrupt):
        follow(define("def f(x):\n    y = x\n"), records.append, config=ASKING)(Interrupted())


@BOTH
def test_10_a_type_whose_repr_was_slow_is_not_asked_again(
    recorded: bool, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    class Slow:
        asked = 0

        def __repr__(self) -> str:
            Slow.asked += 1
            now[0] += 50_000_001
            return "Slow()"

    class Quick(Point):
        asked = 0

        def __repr__(self) -> str:
            Quick.asked += 1
            now[0] += 20_000_000
            return "Quick()"

    now = [0]
    assert LIMIT == 50_000_000
    monkeypatch.setattr(asking, "SLOWEST", LIMIT)
    monkeypatch.setattr(asking.time, "perf_counter_ns", lambda: now[0])
    function = define("def f(x, y):\n    a = x\n    b = y\n    return a\n")
    many = [Quick(n) for n in range(50)]
    shown = records_of(function, Slow(), many, recorded=recorded, config=ASKING)[0]["local_vars"]
    assert Slow.asked == 1 and repr(shown[0]["val"]) == "Slow()" and repr(shown[2]["val"]) == "<Slow>"
    assert list(map(repr, shown[1]["val"])) == ["Quick()"] * 3 + ["<Quick>"] * 47
    assert Quick.asked == 9  # three of each of the three times that it was shown
    assert repr(captured(Quick(1), recorded=recorded, config=ASKING)) == "Quick()"
    figure("a slow repr is asked once; 50 of 20 ms cost 60 ms")


def test_10_what_objects_told_is_in_files_too(tmp_path: Path) -> None:
    function = define("def f(p):\n    q = {'k': p}\n    return p\n")
    with Recorder(tmp_path / "asked.trace") as recorder:
        follow(function, recorder, config=ASKING)(Point(3))
    with open(tmp_path / "asked.jsonl", "w") as stream:
        follow(function, jsonl(stream), config=ASKING)(Point(3))
    for records in (load(tmp_path / "asked.trace").records(), read(tmp_path / "asked.jsonl")):
        first = next(iter(records))
        assert repr([one["val"] for one in first["local_vars"]]) == "[Point(3), {'k': Point(3)}]"


def test_10_asking_goes_with_neither_secrets_nor_live_objects() -> None:
    for more in ({"redact": ("password",)}, {"values": "live"}):
        with pytest.raises(ValueError, match="repr='user'"):
            FollowConfig(repr="user", **more)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"FollowConfig.repr must be one of \('safe', 'user'\)"):
        FollowConfig(repr="yes")
