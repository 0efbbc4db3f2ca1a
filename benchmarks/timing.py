"""How times are taken.

They are times of the processor, so that what else the machine does takes no part in them, but for its caches and
clock: the speed still changes by a factor of two within seconds. So what is compared runs by turns, one right after
the other, and only the ratios of one turn count; costs in ns are such ratios to the cost of the probes that are
written in by hand, times what these take in the table's processes.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from statistics import median
from time import process_time_ns
from typing import Any

from .loop import EVENTS, by_hand, loop

Run = Callable[[], object]

_SHORTEST_NS = 3_000_000
"""What takes less is run several times."""
_YARDSTICK = 12_000
"""Iterations of the loop by which costs are measured."""


def turns(
    runs: Mapping[str, Run], rounds: int, between: Callable[[str], object] = lambda name: None
) -> Iterator[dict[str, float]]:
    """The processor time of each run in ns, round by round.

    Each has run twice before, and what is alive by then is frozen: the collector, which stays on, goes through what
    the runs themselves make and nothing else.

    Arguments:
        runs: what to run, by name.
        rounds: how often each.
        between: what is called with the name after each; its time does not count.
    """
    repeats: dict[str, int] = {}
    for name, run in runs.items():
        run()
        repeats[name] = int(max(1, _SHORTEST_NS // max(_time(run, 1), 1)))
        between(name)
    gc.collect()
    gc.freeze()
    for number in range(rounds):
        order = list(runs) if number % 2 else list(runs)[::-1]
        found: dict[str, float] = {}
        for name in order:
            found[name] = _time(runs[name], repeats[name]) / repeats[name]
            between(name)
        yield found


def _time(run: Run, repeats: int) -> int:
    start = process_time_ns()
    for _ in range(repeats):
        run()
    return process_time_ns() - start


def cost(native: Run, run: Run, events: int, rounds: int, between: Run = lambda: None) -> dict[str, float]:
    """What following costs, measured in this process.

    Arguments:
        native: the program as it is.
        run: the same, followed.
        events: how many events that gives.
        rounds: how often each runs.
        between: what is called after each run that is followed.

    Returns:
        ``times_native``; ``floors``, the cost of an event in units of the floor's; ``floor_ns``, that unit at its
        best; ``native_ns``, the native time at its best. The first two are medians over the rounds.
    """
    runs = {"bare": lambda: loop(_YARDSTICK), "floor": lambda: by_hand(_YARDSTICK), "native": native, "run": run}
    found = list(turns(runs, rounds, lambda name: name == "run" and between()))
    best = {name: min(one[name] for one in found) for name in runs}
    iterations = _YARDSTICK * EVENTS
    return {
        "times_native": median(one["run"] / one["native"] for one in found),
        "floors": median(
            (one["run"] - one["native"]) / events * iterations / (one["floor"] - one["bare"]) for one in found
        ),
        "floor_ns": (best["floor"] - best["bare"]) / iterations,
        "native_ns": best["native"],
    }


def together(samples: Sequence[Mapping[str, Any]], name: str) -> tuple[float, float]:
    """The median of a figure over processes, and how far the processes differ (largest / smallest)."""
    found = [sample[name] for sample in samples]
    return median(found), max(found) / min(found) if min(found) > 0 else 0.0


def unit_of(samples: Iterable[Mapping[str, Any]]) -> float:
    """The cost of the floor's events in ns, in the middle of all processes of a table."""
    found: list[float] = [sample["floor_ns"] for sample in samples if "floor_ns" in sample]
    return median(found or [0.0])


def median_ratio(run: Run, native: Run, rounds: int) -> float:
    """The median of how many times as long as ``native`` the other takes."""
    return median(one["run"] / one["native"] for one in turns({"run": run, "native": native}, rounds))
