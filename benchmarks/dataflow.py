"""What ``detail="dataflow"`` costs beside the plain level: whole programs, recorded in memory by turns."""

from __future__ import annotations

import contextlib
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from follow import Recorder, install_import_hook

from .fresh import MeasurementFailed, in_fresh_process
from .programs import PROGRAMS, load_program
from .report import Options, Row, ratio_row
from .timing import turns

TITLE = "programs recorded with detail='dataflow', in times of the plain level"

_LOOP = """
def work(rounds=1000):
    total = 0
    for x in range(rounds):
        total += x % 7
    return total
"""
_OBJECTS = """
class Thing:
    def __init__(self, n):
        self.n, self.items, self.name = n, [n, n + 1, n + 2], "thing"

    def grow(self, by):
        self.n += by
        self.items.append(by)
        if len(self.items) > 6:
            self.items.pop(0)
        return self.n

def work(rounds=100):
"""
_NAMES = [f"thing{number}" for number in range(20)]
_TWENTY = _OBJECTS + "".join(f"    {name} = Thing({number})\n" for number, name in enumerate(_NAMES))
_TWENTY += (
    "    total = 0\n    for x in range(rounds):\n        total += thing0.grow(x)\n        total += thing19.grow(1)\n"
)
_TWENTY += "        total += x\n    return total\n"

LONG_LOOP = "a loop with three events an iteration"
_LONG_LOOP = """
def work(rounds=23_666):
    total = 0
    for i in range(rounds):
        x = i * 2
        total += x
    return total
"""

OWN = {"a loop of integers": _LOOP, "20 objects that hold lists": _TWENTY, LONG_LOOP: _LONG_LOOP}
THEIRS = ("richards", "deltablue", "raytrace", "hexiom", "nqueens", "spectral_norm")
LEVELS = ("plain", "dataflow")
MOST = 4
"""So many times the plain level is what the design allows."""


def rows(options: Options) -> Iterator[Row]:
    """One row a program."""
    names = [name for name in (*OWN, *THEIRS) if name != LONG_LOOP and options.wants(name)]
    found: dict[str, list[Any]] = {name: [] for name in names}
    rounds, processes = (3, 1) if options.quick else (5, 3)
    for number in range(processes):
        for name, samples in found.items():
            options.tell(f"{name} ({number + 1} of {processes})")
            try:
                samples.append(in_fresh_process(measure, name, rounds))
            except MeasurementFailed as error:
                samples.append({"reason": str(error)})
    for name, samples in found.items():
        failed = [sample["reason"] for sample in samples if "reason" in sample]
        yield {"program": name, "reason": failed[0]} if failed else _row(name, samples)


def _row(name: str, samples: list[Any]) -> Row:
    best = {level: min(sample[level] for sample in samples) for level in LEVELS}
    times = median(sample["times_plain"] for sample in samples)
    events = samples[0]["events"]
    known = {"program": name, "events": events, "times_plain": round(times, 2)}
    return {**known, **{f"{level}_ns_an_event": round(best[level] / events) for level in LEVELS}}


def ratios(rows: Sequence[Row]) -> list[Row]:
    """What the design allows."""
    return [
        ratio_row(f"{row['program']}: dataflow / plain", row["times_plain"], most=MOST)
        for row in rows
        if "events" in row
    ]


def measure(name: str, rounds: int) -> dict[str, float]:
    """One program at both levels, in this process."""
    recorders = {level: Recorder(detail=level) for level in LEVELS}
    with contextlib.ExitStack() as hooks:
        runs = {level: start(name, f"{level}_{name}", recorder, hooks) for level, recorder in recorders.items()}
        recorders["plain"].clear()
        runs["plain"]()
        events = sum(1 for _ in recorders["plain"].events())
        found = list(turns(runs, rounds, lambda level: recorders[level].clear()))
    best = {level: min(one[level] for one in found) for level in LEVELS}
    return {**best, "events": events, "times_plain": median(one["dataflow"] / one["plain"] for one in found)}


def start(name: str, alias: str, recorder: Recorder, hooks: contextlib.ExitStack) -> Callable[[], object]:
    """One of ``OWN`` or of ``PROGRAMS``, followed.

    Arguments:
        name: which.
        alias: the name of its module.
        recorder: what follows it.
        hooks: where what follows it and holds it is closed.
    """
    alias = alias.replace(" ", "_")
    hooks.enter_context(install_import_hook(alias, follower=recorder))
    if name not in OWN:
        random.seed(1)
        return PROGRAMS[name](load_program(name, alias))
    folder = hooks.enter_context(tempfile.TemporaryDirectory())
    (Path(folder) / f"{alias}.py").write_text(OWN[name])
    sys.path.insert(0, folder)
    hooks.callback(sys.path.remove, folder)
    run: Callable[[], object] = __import__(alias).work
    return run
