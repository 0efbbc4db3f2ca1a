"""How long ``follow why`` takes: a recorded run read, the first answers to a question, and its whole slice."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from time import process_time
from typing import Any

from follow import Recorder

from .dataflow import LONG_LOOP, start
from .fresh import MeasurementFailed, in_fresh_process
from .report import Options, Row, ratio_row

TITLE = "why the last statement did what it did, asked of runs recorded with detail='dataflow'"

_PROGRAMS = (LONG_LOOP, "nqueens", "deltablue")
_FIRST = 20
_EVENTS = 71_000
_MOST_SECONDS = 0.5
"""So long the design allows for the slice of so many events."""


def rows(options: Options) -> Iterator[Row]:
    """One row a program."""
    for name in filter(options.wants, _PROGRAMS):
        options.tell(name)
        try:
            yield {"program": name, **in_fresh_process(measure, name, 3 if options.quick else 7)}
        except MeasurementFailed as error:
            yield {"program": name, "reason": str(error)}


def ratios(rows: Sequence[Row]) -> list[Row]:
    """What the design allows: a slice of that loop is nearly all of it."""
    return [
        ratio_row(f"{_EVENTS:,} events sliced, s", row["slice_ms"] / 1e3 * _EVENTS / row["events"], most=_MOST_SECONDS)
        for row in rows
        if row["program"] == LONG_LOOP and "events" in row
    ]


def measure(name: str, rounds: int) -> dict[str, Any]:
    """One program, recorded and asked about in this process; times in ms, the least of some rounds."""
    from follow.explore.run import Run
    from follow.explore.why import Slicer
    from follow.garbage import collected_seldom
    from follow.trace.reader import Trace

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.trace"
        with Recorder(path, detail="dataflow") as recorder, contextlib.ExitStack() as hooks:
            start(name, f"followed_{name}", recorder, hooks)()
        begin = process_time()
        run = Run(Trace(path))
        read = process_time() - begin
        last = max(index for index, event in enumerate(run.events) if event.kind == "statement")
        first: list[float] = []
        whole: list[float] = []
        steps = 0
        with collected_seldom():
            for _ in range(rounds):
                for most, times in ((_FIRST, first), (None, whole)):
                    begin = process_time()
                    steps = sum(1 for _ in islice(Slicer(run).why(last), most))
                    times.append(process_time() - begin)
    found = {"read": read, f"first_{_FIRST}": min(first), "slice": min(whole)}
    return {"events": len(run.events), "steps": steps, **{f"{key}_ms": round(at * 1e3, 1) for key, at in found.items()}}
