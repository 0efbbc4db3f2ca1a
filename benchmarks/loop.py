"""The four-local loop of the table, and the same with probes written in by hand."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from time import perf_counter_ns
from typing import Any

EVENTS = 3
"""Events an iteration."""

MOST_ITEMS = 90_000
"""So many items are gathered before they are forgotten."""
_CALLS = itertools.count(1)


def loop(n: int) -> int:
    total = 0
    for i in range(n):
        x = i * 2
        total += x
    return total


def by_hand(n: int) -> int:
    buffer: list[Any] = []
    extend, now = buffer.extend, perf_counter_ns
    total = 0
    for i in range(n):
        extend((1, now(), i))
        x = i * 2
        extend((2, now(), x))
        total += x
        extend((3, now(), total))
        if len(buffer) > MOST_ITEMS:
            buffer.clear()
    return total


def by_hand_checked(n: int) -> int:
    buffer: list[Any] = []
    extend, now, copy = buffer.extend, perf_counter_ns, repr
    call = next(_CALLS)
    total = 0
    for i in range(n):
        extend((1, call, i if type(i) is int or i is None or type(i) is float else copy(i), now()))
        x = i * 2
        extend((2, call, x if type(x) is int or x is None or type(x) is float else copy(x), now()))
        total += x
        extend((3, call, total if type(total) is int or total is None or type(total) is float else copy(total), now()))
        if len(buffer) > MOST_ITEMS:
            buffer.clear()
    return total


def by_function(n: int) -> int:
    buffer: list[Any] = []
    extend, now = buffer.extend, perf_counter_ns

    def probe(site: int, call: int, value: object) -> None:
        extend((site, call, now(), value))

    call = next(_CALLS)
    total = 0
    for i in range(n):
        probe(1, call, i)
        x = i * 2
        probe(2, call, x)
        total += x
        probe(3, call, total)
        if len(buffer) > MOST_ITEMS:
            buffer.clear()
    return total


def by_locals(n: int) -> int:
    buffer: list[Any] = []
    extend, now = buffer.extend, perf_counter_ns

    def probe(site: int, names: dict[str, Any]) -> None:
        extend((site, now(), names))

    total = 0
    for i in range(n):
        probe(1, locals())
        x = i * 2
        probe(2, locals())
        total += x
        probe(3, locals())
        if len(buffer) > MOST_ITEMS:
            buffer.clear()
    return total


def _emit(record: dict[str, Any]) -> None:
    pass


def by_dict(n: int) -> int:
    last = perf_counter_ns()

    def probe(instruction: str, values: tuple[tuple[str, Any], ...]) -> None:
        nonlocal last
        now = perf_counter_ns()
        _emit(
            {
                "function": "loop",
                "instruction": instruction,
                "execution_time": (now - last) / 1e6,
                "local_vars": [{"var": name, "val": val, "type": type(val).__name__} for name, val in values],
            }
        )
        last = perf_counter_ns()

    total = x = 0
    for i in range(n):
        probe("for i in range(n):", (("n", n), ("total", total), ("i", i), ("x", x)))
        x = i * 2
        probe("x = i * 2", (("n", n), ("total", total), ("i", i), ("x", x)))
        total += x
        probe("total += x", (("n", n), ("total", total), ("i", i), ("x", x)))
    return total


def by_dict_of_locals(n: int) -> int:
    last = perf_counter_ns()

    def probe(instruction: str) -> None:
        nonlocal last
        now = perf_counter_ns()
        _emit(
            {
                "function": "loop",
                "instruction": instruction,
                "execution_time": (now - last) / 1e6,
                "local_vars": [
                    {"var": name, "val": val, "type": type(val).__name__}
                    for name, val in sys._getframe(1).f_locals.items()
                ],
            }
        )
        last = perf_counter_ns()

    total = 0
    for i in range(n):
        probe("for i in range(n):")
        x = i * 2
        probe("x = i * 2")
        total += x
        probe("total += x")
    return total


FLOOR = "floor: extend((site, time, value)) by hand"
FLOORS: dict[str, Callable[[int], int]] = {
    FLOOR: by_hand,
    "floor: the same, call number, is it an atom": by_hand_checked,
    "floor: the same through a Python function": by_function,
    "floor: a Python function given locals()": by_locals,
    "floor: the reference's dict, names known": by_dict,
    "floor: the reference's dict from the frame": by_dict_of_locals,
}
"""The loop with its probes written in by hand, their output discarded."""
