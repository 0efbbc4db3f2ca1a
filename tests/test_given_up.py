"""What the compiled helper gives up while it copies goes later, and forms are not mistaken for those of others."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Callable
from typing import Any

import pytest

from follow import FollowConfig
from follow.dataflow import DataflowDescriber
from follow.describe import Describer
from follow.described import describe
from follow.snapshots import snapshots_of
from follow.state import MISSING, Number

from .test_native import built

CONFIG = FollowConfig(max_items=100)


def plain_copies() -> Callable[[object], Any]:
    """What copies values with the helper, objects described."""
    describer, room = Describer(CONFIG), Number()
    describer.take_from(room)
    copies: Callable[[object], Any] = snapshots_of(describer, CONFIG).value
    return copies


def told_copies() -> Callable[[object], Any]:
    """What copies values with the helper, objects with their attributes."""
    describer, room = DataflowDescriber(CONFIG), Number()
    describer.take_from(room)
    return describer.copy


class Name(str):
    """A name that tells when it dies."""

    dies: Callable[[], None] | None = None

    def __del__(self) -> None:
        if Name.dies is not None:
            Name.dies()


def watched(live: list[Any]) -> tuple[Callable[[], None], list[int]]:
    """What changes a list, and how often that was done."""
    times: list[int] = []

    def change() -> None:
        times.append(len(live))
        live.clear()
        live.append([])

    return change, times


@built
@pytest.mark.parametrize("copies", [plain_copies, told_copies])
def test_a_frozenset_that_dies_changes_nothing_while_a_list_is_copied(
    copies: Callable[[], Callable[[object], Any]],
) -> None:
    copy = copies()
    inner: list[list[object]] = [[frozenset([k]), k] for k in range(3)]
    live: list[Any] = inner + [[f"item {k}"] for k in range(60)]
    change, times = watched(live)
    watchers = [weakref.ref(one[0], lambda _: change()) for one in inner]
    for one in inner:
        copy(one)  # the form that is kept holds the frozenset
    for one in inner:
        one[0] = 1.5
    del one, inner
    form = copy(live)
    assert times[:1] == [63], "the frozensets were to die while the list was copied"
    assert [part[1:] for part in form[1:]] == [[1.5, k] for k in range(3)] + [[f"item {k}"] for k in range(60)]
    assert len(watchers) == 3


@built
def test_a_name_that_dies_changes_nothing_while_a_list_is_copied() -> None:
    copy = plain_copies()
    functions: list[Any] = [lambda: None for _ in range(3)]
    for number, function in enumerate(functions):
        function.__qualname__ = Name(f"name {number}")
        copy([function])
        function.__qualname__ = "other"
    gc.collect()
    live: list[Any] = functions + [[f"item {k}"] for k in range(60)]
    del functions, function
    change, times = watched(live)
    Name.dies = change
    try:
        form = copy(live)
    finally:
        Name.dies = None
    assert times, "the names were to die while the list was copied"
    assert [part[1:] for part in form[4:]] == [[f"item {k}"] for k in range(60)]


@built
@pytest.mark.parametrize("value", [(MISSING,), (1, MISSING, 2), {"a": (MISSING,)}, [(MISSING,), (MISSING,)]])
def test_what_stands_for_no_value_may_be_a_value(value: object) -> None:
    told = told_copies()(value)
    assert MISSING in told if isinstance(value, tuple) else told


class Derived(list[object]):
    """Its methods are those of a list, by another name."""


@built
def test_a_method_is_not_mistaken_for_that_of_another_class_at_its_place() -> None:
    copy = told_copies()
    places: dict[int, int] = {}
    wrong, shared = [], 0
    for turn in range(600):
        kind = turn * turn % 7 % 3
        method = Derived().append if kind == 0 else [].append if kind == 1 else {}.get
        shared += places.get(id(method), kind) != kind
        places[id(method)] = kind
        right, found = describe(method), copy(method)
        if found != right:
            wrong.append((found, right))
        del method
    assert not wrong
    assert shared > 20, "methods were to get the places of others"
