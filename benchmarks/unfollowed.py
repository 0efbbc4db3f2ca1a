"""What costs nothing: statements that are switched off, functions that are only called, what is followed no more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from types import FunctionType
from typing import Any

from follow import FollowConfig, Recorder, follow, instrument

from .fresh import MeasurementFailed, in_fresh_process
from .loop import loop
from .report import Options, Row, ratio_row
from .streams import discard
from .timing import median_ratio, together

TITLE = "what is not followed, in times of the native time (medians of paired runs)"
_MOST = 1.02
_N = 20_000
_OFF = FollowConfig(follow_for_loops=False, follow_variable_set=False)


def switched_off(follower: Any) -> Callable[[int], int]:
    """The loop, followed without its statements."""
    return follow(loop, follower, config=_OFF)


def _twice(function: Any) -> Any:
    """The same function once more, with code of its own."""
    return FunctionType(function.__code__.replace(), function.__globals__, function.__name__)


def _half(n: int) -> int:
    rest = n
    while rest > 1:
        rest //= 2
    return rest


def _calls_others(n: int) -> int:
    return sum(map(_half, range(n // 10)))


def _instrumented_and_back() -> Callable[[int], int]:
    copy = _twice(loop)
    instrument(copy, follower=discard).uninstall()
    return copy  # type: ignore[no-any-return]


CASES: dict[str, Callable[[], tuple[Callable[[int], Any], Callable[[int], Any]]]] = {
    "the same code twice (the error of the measurement)": lambda: (loop, _twice(loop)),
    "statements switched off, recorder": lambda: (loop, switched_off(Recorder(ring=1_000))),
    "statements switched off, dicts": lambda: (loop, switched_off(discard)),
    "functions that a recorded one calls": lambda: (_calls_others, follow(_calls_others, Recorder(ring=1_000))),
    "functions that a followed one calls": lambda: (_calls_others, follow(_calls_others, discard)),
    "instrumented, and uninstalled": lambda: (loop, _instrumented_and_back()),
    "FOLLOW_DISABLED=1": lambda: (loop, follow(_twice(loop), discard)),
}


def rows(options: Options) -> Iterator[Row]:
    """One row a case."""
    found: dict[str, list[Any]] = {name: [] for name in CASES if options.wants(name)}
    for number in range(options.processes):
        for name, samples in found.items():
            options.tell(f"{name} ({number + 1} of {options.processes})")
            environment = {"FOLLOW_DISABLED": "1"} if "FOLLOW_DISABLED" in name else {}
            try:
                ratio = in_fresh_process(measure, name, 10 * options.rounds, environment=environment)
                samples.append({"times_native": ratio})
            except MeasurementFailed as error:
                samples.append({"reason": str(error)})
    for name, samples in found.items():
        good = [sample for sample in samples if "reason" not in sample]
        if not good:
            yield {"case": name, "reason": samples[0]["reason"]}
            continue
        ratio, spread = together(good, "times_native")
        yield {"case": name, "times_native": round(ratio, 4), "processes_differ": round(spread, 3)}


def ratios(rows: Sequence[Row]) -> list[Row]:
    """What should be reached."""
    return [ratio_row(row["case"], row["times_native"], most=_MOST) for row in rows[1:] if "times_native" in row]


def measure(name: str, rounds: int) -> float:
    """One case, in this process."""
    native, run = CASES[name]()
    if native(50) != run(50):
        raise AssertionError(f"{name} changes what the function returns")
    return median_ratio(lambda: run(_N), lambda: native(_N), rounds)
