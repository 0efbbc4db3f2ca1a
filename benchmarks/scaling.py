"""What an event costs as a program grows: locals, items of a list, followed functions, threads."""

from __future__ import annotations

import atexit
import importlib.util
import itertools
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from follow import Recorder, follow, instrument

from .fresh import MeasurementFailed, in_fresh_process
from .loop import EVENTS, loop
from .report import Options, Row
from .streams import discard
from .timing import cost, together, unit_of
from .ways import settrace_keeping

TITLE = "cost of an event in ns, as a program grows"

_FOLLOWERS: dict[str, Callable[[], object]] = {
    "recorder": lambda: Recorder(ring=10_000),
    "dicts": lambda: discard,
}
_WAYS = (*_FOLLOWERS, "settrace")
_EVENTS_OF_A_CALL = 3  # its start, and two statements
N = 12_000
"""Iterations, or calls: enough for a recorder to hand over what it has gathered in every run."""

_Case = tuple[Callable[[], object], Callable[[], object], int]


def rows(options: Options) -> Iterator[Row]:
    """One row a size of each kind."""
    found: dict[tuple[str, int, str], list[Any]] = {
        (kind, size, way): []
        for kind, (sizes, _) in CASES.items()
        if options.wants(kind)
        for size in sizes
        for way in _WAYS
    }
    rounds, processes = (7, 1) if options.quick else (15, 3)
    for number in range(processes):
        for key, samples in found.items():
            options.tell(f"{' '.join(map(str, key))} ({number + 1} of {processes})")
            try:
                samples.append(in_fresh_process(measure, *key, rounds))
            except MeasurementFailed as error:
                samples.append({"reason": str(error)})
    unit = unit_of(sample for samples in found.values() for sample in samples)
    for (kind, size), keys in itertools.groupby(found, key=lambda key: key[:2]):
        row: Row = {"number_of": kind, "is": size}
        for key in keys:
            good = [sample for sample in found[key] if "reason" not in sample]
            if good:
                row[f"{key[2]}_ns"] = round(together(good, "floors")[0] * unit)
            else:
                row["reason"] = found[key][0]["reason"]
        yield row


def ratios(rows: Sequence[Row]) -> list[Row]:
    """Nothing is to be reached here."""
    return []


def measure(kind: str, size: int, way: str, rounds: int) -> dict[str, Any]:
    """One size, followed in one way, in this process: see ``timing.cost``."""
    native, run, events = CASES[kind][1](size, way)
    return cost(native, run, events, rounds)


def _locals(size: int, way: str) -> _Case:
    """The loop in a function that has more variables, which it does not touch."""
    variables = [f"    v{number} = {number}" for number in range(size - 4)]
    body = ["    total = 0", "    for i in range(n):", "        x = i * 2", "        total += x", "    return total"]
    function = _module(["def scaled(n):", *variables, *body]).scaled
    followed = _followed(function, way)
    return lambda: function(N), lambda: followed(N), EVENTS * N


def _items(size: int, way: str) -> _Case:
    """A loop of which one statement changes one item of a list."""
    lines = ["def scaled(n, items):", "    size = len(items)", "    for i in range(n):", "        items[i % size] = i"]
    function = _module([*lines, "        x = i * 2", "    return x"]).scaled
    followed = _followed(function, way)
    items = [0] * size
    return lambda: function(N, items), lambda: followed(N, items), EVENTS * N


def _functions(size: int, way: str) -> _Case:
    """Many short functions that are called in turn."""
    lines = [f"def f{number}(x):\n    y = x + {number}\n    return y" for number in range(size)]
    times = max(1, N // size)

    def calls(module: Any) -> Callable[[], None]:
        functions = [getattr(module, f"f{number}") for number in range(size)]

        def call_all() -> None:
            for _ in range(times):
                for function in functions:
                    function(1)

        return call_all

    native, module = calls(_module(lines)), _module(lines)
    run = calls(module)
    if way == "settrace":
        run = settrace_keeping(run, module.__file__)
    else:
        followed = instrument(module, follower=_FOLLOWERS[way]()).functions
        if len(followed) != size:
            raise AssertionError(f"only {len(followed)} of {size} functions are followed")
    return native, run, _EVENTS_OF_A_CALL * times * size


def _threads(size: int, way: str) -> _Case:
    """The loop in several threads at once."""
    followed, n = _followed(loop, way), max(1, N // size)

    def run_all(function: Callable[[int], int]) -> None:
        threads = [threading.Thread(target=function, args=(n,)) for _ in range(size)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return lambda: run_all(loop), lambda: run_all(followed), EVENTS * n * size


def _followed(function: Any, way: str) -> Callable[..., Any]:
    return settrace_keeping(function) if way == "settrace" else follow(function, follower=_FOLLOWERS[way]())


def _module(lines: list[str]) -> Any:
    """A module of these lines, in a file that stays until the process ends."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    path = Path(folder) / "scaled_program.py"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    specification = importlib.util.spec_from_file_location(path.stem, path)
    assert specification is not None and specification.loader is not None
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


CASES: dict[str, tuple[tuple[int, ...], Callable[[int, str], _Case]]] = {
    "locals": ((4, 16, 64, 256), _locals),
    "items of a list that changes": ((10, 100, 1_000), _items),
    "followed functions": ((1, 10, 100, 1_000), _functions),
    "threads": ((1, 2, 4, 8), _threads),
}
