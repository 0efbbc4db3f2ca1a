"""The cost of an event in a small loop: floors, bare hooks, follow, peers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from .fresh import MeasurementFailed, in_fresh_process
from .loop import EVENTS, FLOOR, FLOORS, loop
from .report import VERSION, Options, Ratio, Row
from .timing import cost, together, turns, unit_of
from .ways import DICTS, PYSNOOPER, RECORDER, REFERENCE, SETTRACE, TEXT, VIZTRACER, WAYS

TITLE = "cost of an event in a four-local loop, (followed - native) / events"

_RATIOS = (
    Ratio("recorder / floor written by hand", RECORDER, FLOOR, most=1.5),
    Ratio("settrace / recorder", SETTRACE, RECORDER, least=3.5 if VERSION == "3.11" else 4),
    Ratio("viztracer log_var / recorder", VIZTRACER, RECORDER, least=8),
    Ratio("PySnooper / recorder", PYSNOOPER, RECORDER, least=100),
    Ratio("python-follow 0.1.2 / the same dicts", REFERENCE, DICTS, least=2),
    Ratio("PySnooper / text", PYSNOOPER, TEXT, least=5),
)
_LONG_ENOUGH_NS = 5_000_000
_ITERATIONS = (200, 2_000, 12_000)


def rows(options: Options) -> Iterator[Row]:
    """One row a way of following."""
    found: dict[str, list[Any]] = {name: [] for name in (*FLOORS, *WAYS) if options.wants(name)}
    for number in range(options.processes):
        for name, samples in found.items():
            options.tell(f"{name} ({number + 1} of {options.processes})")
            try:
                samples.append(in_fresh_process(measure, name, options.rounds))
            except MeasurementFailed as error:
                samples.append({"reason": str(error)})
    unit = unit_of(sample for samples in found.values() for sample in samples)
    for name, samples in found.items():
        yield _row(name, samples, unit)


def ratios(rows: Sequence[Row]) -> list[Row]:
    """What should be reached."""
    figures = {row["row"]: row["times_floor"] for row in rows if "times_floor" in row}
    return [row for ratio in _RATIOS if (row := ratio.row(figures)) is not None]


def measure(name: str, rounds: int) -> dict[str, Any]:
    """One way, in this process: see ``timing.cost``; or the reason why it is not here."""
    way = WAYS.get(name)
    reason = None if way is None else way.missing()
    if reason is not None:
        return {"reason": reason}
    run = FLOORS[name] if way is None else way.make(loop)
    if run(50) != loop(50):
        raise AssertionError(f"{name} changes what the loop returns")
    for n in _ITERATIONS:
        (once,) = turns({"run": lambda: run(n)}, 1)  # noqa: B023
        if once["run"] > _LONG_ENOUGH_NS:
            break
    found = cost(lambda: loop(n), lambda: run(n), EVENTS * n, rounds)
    return {**found, "version": "" if way is None else way.version()}


def _row(name: str, samples: Sequence[dict[str, Any]], unit: float) -> Row:
    group = WAYS[name].group if name in WAYS else "floor"
    good = [sample for sample in samples if "reason" not in sample]
    if not good:
        return {"row": name, "group": group, "reason": samples[0]["reason"]}
    floors, spread = together(good, "floors")
    return {
        "row": name,
        "version": good[0]["version"],
        "group": group,
        "ns_an_event": round(floors * unit, 1),
        "times_floor": round(floors, 2),
        "processes_differ": round(spread, 2),
    }
