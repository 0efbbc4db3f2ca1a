"""Trace files: how fast they are written and read, how large they are, how much memory that takes."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from statistics import median
from time import process_time_ns
from typing import Any

from follow import Recorder, follow, load

from .fresh import MeasurementFailed, in_fresh_process
from .loop import loop
from .report import Options, Row, ratio_row

TITLE = "trace files of whole runs: from the start to the end of close(), the program's own time included"


def _strings(n: int) -> int:
    size = 0
    for i in range(n):
        name = f"name {i}"
        size += len(name)
    return size


def _changing_list(n: int) -> int:
    items = [0] * 10
    for i in range(n):
        items[i % 10] = i
        last = items[-1]
    return last


class _Account:
    def __init__(self) -> None:
        self.total = 0

    def add(self, amount: int) -> int:
        self.total += amount
        return self.total


def _calls(n: int) -> int:
    account = _Account()
    for i in range(n):
        _add(account, i)
    return account.total


_add: Any = _Account.add
"""In the process that measures it is followed."""
SUBJECTS: dict[str, tuple[Callable[[int], object], int]] = {
    "integers in a loop": (loop, 100_000),
    "integers in a loop, ten times as long": (loop, 1_000_000),
    "strings, each a new one": (_strings, 50_000),
    "a list of ten items that changes": (_changing_list, 50_000),
    "methods that change an object": (_calls, 30_000),
}


def rows(options: Options) -> Iterator[Row]:
    """One row a program."""
    processes = 2 if options.quick else 5
    for name in filter(options.wants, SUBJECTS):
        samples = []
        try:
            for number in range(processes):
                options.tell(f"{name} ({number + 1} of {processes})")
                samples.append(in_fresh_process(measure, name))
        except MeasurementFailed as error:
            yield {"program": name, "reason": str(error)}
            continue
        yield {"program": name, **{key: round(median(one[key] for one in samples), 2) for key in samples[0]}}


def ratios(rows: Sequence[Row]) -> list[Row]:
    """What should be reached."""
    found = {row["program"]: row for row in rows if "events" in row}
    first, longer = (found.get(name) for name in list(SUBJECTS)[:2])
    if first is None or longer is None:
        return []
    return [
        ratio_row("events a second, written", longer["events_a_second_written"], least=1_000_000),
        ratio_row("bytes an event", longer["bytes_an_event"], most=12),
        ratio_row("memory of ten times as many events / memory", longer["memory_mb"] / first["memory_mb"], most=1.1),
    ]


def measure(name: str) -> dict[str, float]:
    """One program, recorded to a file and read back, in this process."""
    global _add
    program, n = SUBJECTS[name]
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "program.trace")
        recorder = Recorder(path)
        followed = program
        if program is _calls:
            _add = follow(_Account.add, recorder)
        else:
            followed = follow(program, recorder)
        start = process_time_ns()
        followed(n)
        recorder.close()
        written = process_time_ns() - start
        memory = _most_memory()
        start = process_time_ns()
        events = sum(1 for _ in load(path).events)
        read = process_time_ns() - start
        size = os.path.getsize(path)
    return {
        "events": events,
        "file_mb": size / 1e6,
        "bytes_an_event": size / events,
        "events_a_second_written": round(events / written * 1e9),
        "events_a_second_read": round(events / read * 1e9),
        "memory_mb": memory,
    }


def _most_memory() -> float:
    """The most memory that this process has had, in MB; 0 where the system does not tell."""
    try:
        import resource
    except ImportError:
        return 0.0
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)
