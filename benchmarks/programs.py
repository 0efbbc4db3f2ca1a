"""Programs of pyperformance, whole: native, with everything recorded, and under a bare settrace callback."""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import linecache
import os
import random
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from types import ModuleType
from typing import Any

from follow import Recorder, install_import_hook

from .fresh import MeasurementFailed, in_fresh_process
from .report import Options, Row, ratio_row
from .timing import cost, together, unit_of
from .ways import settrace_keeping

TITLE = "programs of pyperformance, every statement of them recorded, in times of the native time"

_Start = Callable[[Any], Callable[[], object]]


def _chaos(module: Any) -> Callable[[], object]:
    points = [(1.6, 3.3), (1.58, 4.12), (1.31, 5.29), (1.62, 5.33), (2.89, 5.5), (2.37, 4.38), (1.66, 4.36)]
    spline = module.Spline([module.GVector(x, y, 0.0) for x, y in points], 3, [0, 0, 0, 1, 1, 1, 2, 2, 2])
    game = module.Chaosgame([spline], 0.25)
    return lambda: game.create_image_chaos(32, 32, 100, None, 1234)


def _spectral_norm(module: Any) -> Callable[[], object]:
    module.DEFAULT_N = 16
    return lambda: module.bench_spectral_norm(1)


PROGRAMS: dict[str, _Start] = {
    "richards": lambda module: lambda: module.Richards().run(1),
    "deltablue": lambda module: lambda: module.delta_blue(50),
    "nqueens": lambda module: lambda: module.bench_n_queens(6),
    "nbody": lambda module: lambda: module.bench_nbody(1, "sun", 500),
    "fannkuch": lambda module: lambda: module.fannkuch(6),
    "float": lambda module: lambda: module.benchmark(1000),
    "hexiom": lambda module: lambda: module.main(1, 2),
    "raytrace": lambda module: lambda: module.bench_raytrace(1, 6, 6, None),
    "spectral_norm": _spectral_norm,
    "chaos": _chaos,
}
FOUR = ("richards", "deltablue", "nqueens", "nbody")
"""Those that the design names."""
WAYS = ("memory", "ring", "file", "settrace")


def rows(options: Options) -> Iterator[Row]:
    """One row a program."""
    names = [name for name in PROGRAMS if options.wants(name)]
    found: dict[tuple[str, str], list[Any]] = {(name, way): [] for name in names for way in WAYS}
    rounds, processes = (3, 1) if options.quick else (5, 3)
    for number in range(processes):
        for (name, way), samples in found.items():
            options.tell(f"{name}, {way} ({number + 1} of {processes})")
            try:
                samples.append(in_fresh_process(measure, name, way, rounds))
            except MeasurementFailed as error:
                samples.append({"reason": str(error)})
    unit = unit_of(sample for samples in found.values() for sample in samples)
    for name in names:
        yield _row(name, {way: found[name, way] for way in WAYS}, unit)


def ratios(rows: Sequence[Row]) -> list[Row]:
    """What should be reached: the settrace callback takes four times as long."""
    found = {row["program"]: row["settrace_over_ring"] for row in rows if "settrace_over_ring" in row}
    four = [found[name] for name in FOUR if name in found]
    named = [(f"{name}: settrace / ring", value) for name, value in found.items()]
    if len(four) == len(FOUR):
        named.append((f"median of {', '.join(FOUR)}", median(four)))
    return [ratio_row(name, value, least=4) for name, value in named]


def load_program(name: str, alias: str) -> ModuleType:
    """Import a program of pyperformance under another name."""
    found = importlib.util.find_spec("pyperformance")
    if found is None or found.origin is None:
        raise ImportError("the programs are pyperformance's: pip install '.[benchmarks]'")
    path = Path(found.origin).parent / "data-files" / "benchmarks" / f"bm_{name}" / "run_benchmark.py"
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / f"{alias}.py"
        copy.write_bytes(path.read_bytes())
        sys.path.insert(0, folder)
        try:
            module = importlib.import_module(alias)
            linecache.getlines(str(copy))  # before it goes
            return module
        finally:
            sys.path.remove(folder)
            importlib.invalidate_caches()


def measure(name: str, way: str, rounds: int) -> dict[str, Any]:
    """One program, followed in one way, in this process: see ``timing.cost``."""
    random.seed(1)
    start = PROGRAMS[name]
    plain_module = load_program(name, f"plain_{name}")
    plain = start(plain_module)
    if way == "settrace":
        assert plain_module.__file__ is not None
        return cost(plain, settrace_keeping(plain, plain_module.__file__), 1, rounds)
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as hooks:
        path = os.path.join(folder, "program.trace")
        recorder = Recorder(path if way == "file" else None, ring=10_000 if way == "ring" else None)
        hooks.enter_context(install_import_hook(f"followed_{name}", follower=recorder))
        run = start(load_program(name, f"followed_{name}"))
        run()  # what is linked at a first call
        recorder.clear()
        recorder.flush()
        size = -os.path.getsize(path) if way == "file" else 0
        run()
        recorder.flush()
        size += os.path.getsize(path) if way == "file" else 0
        events = sum(1 for _ in recorder.events()) if way == "memory" else 0
        recorder.clear()
        found = cost(plain, run, 1, rounds, between=recorder.clear)
        recorder.close()
    return {**found, "events": events, "bytes": size}


def _row(name: str, found: dict[str, list[Any]], unit: float) -> Row:
    failed = [f"{way}: {sample['reason']}" for way in WAYS for sample in found[way] if "reason" in sample]
    if failed:
        return {"program": name, "reason": failed[0]}
    spread = together(found["settrace"], "times_native")[1]
    times = {way: together(samples, "times_native")[0] for way, samples in found.items()}
    events = found["memory"][0]["events"]
    native = median(sample["native_ns"] for samples in found.values() for sample in samples)
    return {
        "program": name,
        "events": events,
        "native_ms": round(native / 1e6, 2),
        **{way: round(value, 1) for way, value in times.items()},
        **({"settrace_differs": round(spread, 2)} if len(found["settrace"]) > 1 else {}),
        "settrace_over_memory": round(times["settrace"] / times["memory"], 2),
        "settrace_over_ring": round(times["settrace"] / times["ring"], 2),
        "ns_an_event": round(together(found["memory"], "floors")[0] / events * unit),
        "file_events_a_second": round(events / (times["file"] * native) * 1e9),
        "bytes_an_event": round(found["file"][0]["bytes"] / events, 2),
    }
