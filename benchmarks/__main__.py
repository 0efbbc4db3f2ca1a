"""One command for the table: ``python -m benchmarks [--json FILE] [--rounds N]``."""

from __future__ import annotations

import argparse
import json
import platform
from pathlib import Path
from time import perf_counter_ns
from typing import Any

from .loop import EVENTS
from .rows import Run, rows

_ITERATIONS = 10_000
_REFERENCE = "python-follow 0.1.2"


def measure(runs: list[tuple[str, Run]], rounds: int) -> dict[str, float]:
    """The best time of each row in ns; the rows take turns, so that drift meets all of them."""
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, run in runs:
            start = perf_counter_ns()
            run(_ITERATIONS)
            best[name] = min(best.get(name, float("inf")), perf_counter_ns() - start)
    return best


def table(best: dict[str, float]) -> list[dict[str, Any]]:
    """Cost an event of each row, and how many times cheaper than the reference it is."""
    native = best["native"]
    costs = {name: (time - native) / (EVENTS * _ITERATIONS) for name, time in best.items() if name != "native"}
    return [
        {"row": name, "ns_an_event": round(cost, 1), "reference_over_this": round(costs[_REFERENCE] / cost, 2)}
        for name, cost in costs.items()
    ]


def main() -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    version = platform.python_version()
    default = Path(__file__).parent / "results" / f"loop-{version.rpartition('.')[0]}.json"
    parser.add_argument("--json", type=Path, default=default, help="where the figures go")
    parser.add_argument("--rounds", type=int, default=15)
    options = parser.parse_args()
    found = table(measure(list(rows()), options.rounds))
    print(f"Python {version}: cost an event of the four-local loop, (followed - native) / events")
    print(f"{'':45}{'ns':>8}  cheaper than the reference")
    for row in found:
        print(f"{row['row']:45}{row['ns_an_event']:>8.0f}  {row['reference_over_this']:.2f} x")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"python": version, "rows": found}, indent=2) + "\n")


if __name__ == "__main__":
    main()
