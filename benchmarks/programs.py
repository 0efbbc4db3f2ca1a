"""``python -m benchmarks.programs [NAME …]``: pyperformance's programs, whole, with everything recorded."""

from __future__ import annotations

import argparse
import contextlib
import gc
import importlib.util
import linecache
import os
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter_ns
from types import FrameType, ModuleType
from typing import Any

from follow import Recorder, install_import_hook

from .report import Row, best_of, default_json, print_table, save

_Start = Callable[[ModuleType], Callable[[], object]]


def _chaos(module: ModuleType) -> Callable[[], object]:
    points = [(1.6, 3.3), (1.58, 4.12), (1.31, 5.29), (1.62, 5.33), (2.89, 5.5), (2.37, 4.38), (1.66, 4.36)]
    spline = module.Spline([module.GVector(x, y, 0.0) for x, y in points], 3, [0, 0, 0, 1, 1, 1, 2, 2, 2])
    game = module.Chaosgame([spline], 0.25)
    return lambda: game.create_image_chaos(64, 64, 500, None, 1234)


PROGRAMS: dict[str, _Start] = {
    "richards": lambda module: lambda: module.Richards().run(1),
    "deltablue": lambda module: lambda: module.delta_blue(50),
    "nqueens": lambda module: lambda: module.bench_n_queens(6),
    "nbody": lambda module: lambda: module.bench_nbody(1, "sun", 1000),
    "fannkuch": lambda module: lambda: module.fannkuch(7),
    "float": lambda module: lambda: module.benchmark(2000),
    "hexiom": lambda module: lambda: module.main(1, 2),
    "raytrace": lambda module: lambda: module.bench_raytrace(1, 12, 12, None),
    "spectral_norm": lambda module: lambda: module.bench_spectral_norm(1),
    "chaos": _chaos,
}
FOUR = ("richards", "deltablue", "nqueens", "nbody")


def load_program(name: str, alias: str) -> ModuleType:
    """Import a program of pyperformance under another name."""
    found = importlib.util.find_spec("pyperformance")
    if found is None or found.origin is None:
        raise SystemExit("The programs are pyperformance's: pip install -e '.[benchmarks]'")
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


def under_settrace(run: Callable[[], object], filename: str) -> Callable[[], object]:
    """The run under a bare callback: of each line of the program's file its time and a copy of the locals."""
    buffer: list[Any] = []
    extend, now = buffer.extend, perf_counter_ns

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        if frame.f_code.co_filename != filename:
            return None
        if event == "line":
            extend((frame.f_code, frame.f_lineno, now(), dict(frame.f_locals)))
            if len(buffer) > 90_000:
                buffer.clear()
        return trace

    def traced() -> object:
        buffer.clear()
        sys.settrace(trace)
        try:
            return run()
        finally:
            sys.settrace(None)

    return traced


def measure(name: str, rounds: int) -> Row:
    """One program: native, recorded in memory, in a ring, to a file, and under settrace."""
    os.environ["PYTHONHASHSEED"] = "0"
    start = PROGRAMS[name]
    plain_module = load_program(name, f"plain_{name}")
    plain = start(plain_module)
    runs: dict[str, Callable[[], object]] = {"native": plain}
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as hooks:
        path = os.path.join(folder, "program.trace")
        recorders = {"memory": Recorder(), "ring": Recorder(ring=10_000), "file": Recorder(path)}
        for kind, recorder in recorders.items():
            alias = f"{kind}_{name}"
            hooks.enter_context(install_import_hook(alias, follower=recorder))
            runs[kind] = start(load_program(name, alias))
            runs[kind]()  # what is linked at a first call
        assert plain_module.__file__ is not None
        runs["settrace"] = under_settrace(plain, plain_module.__file__)
        times = best_of(runs, rounds, between=lambda kind: kind in recorders and recorders[kind].clear())
        for kind in ("memory", "file"):
            recorders[kind].flush()
            before = os.path.getsize(path)
            runs[kind]()
        events = sum(1 for _ in recorders["memory"].events())
        recorders["file"].close()
        size = os.path.getsize(path) - before
    native = times["native"]
    return {
        "program": name,
        "events": events,
        "native_ms": round(native / 1e6, 2),
        "settrace_times": round(times["settrace"] / native, 1),
        **{f"{kind}_times": round(times[kind] / native, 1) for kind in recorders},
        "settrace_over_memory": round(times["settrace"] / times["memory"], 2),
        "settrace_over_ring": round(times["settrace"] / times["ring"], 2),
        "ns_an_event": round((times["memory"] - native) / events, 1),
        "events_a_second_to_file": round(events / times["file"] * 1e9),
        "bytes_an_event": round(size / events, 2),
    }


def main() -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.programs", description=__doc__)
    parser.add_argument("names", nargs="*", default=list(PROGRAMS), metavar="NAME", help=", ".join(PROGRAMS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path, default=default_json("programs"), help="where the figures go")
    options = parser.parse_args()
    random.seed(1)
    rows = []
    for name in options.names:
        gc.collect()
        rows.append(measure(name, options.rounds))
        print_table(rows[-1:], heading=len(rows) == 1)
    save(options.json, rows)


if __name__ == "__main__":
    main()
