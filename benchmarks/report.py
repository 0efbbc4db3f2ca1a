"""What all tables have in common: taking turns, printing, keeping JSON."""

from __future__ import annotations

import json
import platform
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from time import perf_counter_ns
from typing import Any

Row = dict[str, Any]
VERSION = platform.python_version().rpartition(".")[0]


def best_of(
    runs: Mapping[str, Callable[[], object]], rounds: int, between: Callable[[str], object] = lambda name: None
) -> dict[str, float]:
    """The best time of each run in ns; they take turns, so that drift meets all of them.

    Arguments:
        runs: what to run, by name.
        rounds: how often each.
        between: what is called with the name after each run; its time does not count.
    """
    best: dict[str, float] = {}
    for _ in range(rounds):
        for name, run in runs.items():
            start = perf_counter_ns()
            run()
            best[name] = min(best.get(name, float("inf")), perf_counter_ns() - start)
            between(name)
    return best


def print_table(rows: Iterable[Row], *, heading: bool = True) -> None:
    """Print rows as columns; numbers stand at the right."""
    for row in rows:
        widths = {name: max(len(name), 10) if _is_number(value) else 44 for name, value in row.items()}
        if heading:
            print("  ".join(f"{n:>{widths[n]}}" if _is_number(v) else f"{n:{widths[n]}}" for n, v in row.items()))
            heading = False
        cells = [f"{v:>{widths[n]},}" if _is_number(v) else f"{v!s:{widths[n]}}" for n, v in row.items()]
        print("  ".join(cells), flush=True)


def default_json(table: str) -> Path:
    """Where the figures of a table go, for this Python."""
    return Path(__file__).parent / "results" / f"{table}-{VERSION}.json"


def save(path: Path, rows: Iterable[Row], **more: object) -> None:
    """Keep the figures."""
    path.parent.mkdir(parents=True, exist_ok=True)
    found = {"python": platform.python_version(), "machine": platform.machine(), **more, "rows": list(rows)}
    path.write_text(json.dumps(found, indent=2) + "\n")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float))
