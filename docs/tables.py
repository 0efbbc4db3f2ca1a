"""``python -m docs.tables``: writes the tables of ``comparison.md`` from ``benchmarks/results``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

PAGE = Path(__file__).parent / "comparison.md"
RESULTS = Path(__file__).parent.parent / "benchmarks" / "results"
_ROUNDED = 20
"""From here on factors are shown without decimals."""
_MARKED = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def _all(kind: str) -> list[dict[str, Any]]:
    """The results of a kind, those of older Pythons first."""
    found = [json.loads(path.read_text(encoding="utf-8")) for path in RESULTS.glob(f"{kind}-*.json")]
    if not found:
        raise FileNotFoundError(f"There are no results {kind}-*.json in {RESULTS}; python -m benchmarks writes them.")
    return sorted(found, key=lambda results: [int(part) for part in results["python"].split(".")])


def _table(header: Sequence[str], rows: Iterable[Sequence[str]], numbers: bool) -> str:
    rule = ["---", *("--:" if numbers else ":-:" for _ in header[1:])]
    return "".join(f"| {' | '.join(row)} |\n" for row in (header, rule, *rows))


def abilities() -> str:
    """What tools can do: a row a question, a column a tool."""
    (results,) = _all("capabilities")
    tools = results["rows"]
    header = ["", *(f"{tool['tool'].split(' 0.')[0]} {tool['version']}" for tool in tools)]
    rows = [[text, *("yes" if tool[key] else "no" for tool in tools)] for key, text in results["checks"].items()]
    rows.append(["what it gives", *(tool["gives"] for tool in tools)])
    return f"Tried out on Python {results['python']}, {results['date']}.\n\n" + _table(header, rows, numbers=False)


def costs() -> str:
    """Nanoseconds an event: a row a way, a column a Python."""
    runs = _all("events")
    names = [row["row"] for row in runs[-1]["rows"] if row["group"] != "floor"]
    rows = []
    for name in names:
        found = [next((row for row in run["rows"] if row["row"] == name), {}) for run in runs]
        version = next((row["version"] for row in found if row.get("version")), "")
        figures = [f"{row['ns_an_event']:,.0f}" if "ns_an_event" in row else "" for row in found]
        rows.append([f"{name} ({version})" if version else name, *figures])
    header = ["nanoseconds an event", *(f"{run['python']}, {run['date']}" for run in runs)]
    return _table(header, rows, numbers=True)


def _times(factor: float) -> str:
    return f"{factor:.1f} ×" if factor < _ROUNDED else f"{factor:,.0f} ×"


def programs() -> str:
    """Whole programs, in times of the native time."""
    parts = []
    for run in _all("programs"):
        header = [f"Python {run['python']}, {run['date']}", "in memory", "in a ring", "to a file", "bare `settrace`"]
        keys = ("memory", "ring", "file", "settrace")
        rows = [[row["program"], *(_times(row[key]) for key in keys)] for row in run["rows"] if "memory" in row]
        parts.append(_table(header, rows, numbers=True))
    return "\n".join(parts)


TABLES = {"abilities": abilities, "costs": costs, "programs": programs}


def written(page: str) -> str:
    """A page with its tables as the results are now."""
    return _MARKED.sub(lambda match: f"{match[1]}\n{TABLES[match[2]]()}\n{match[3]}", page)


def main() -> None:
    """Write the page."""
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8")), encoding="utf-8")


if __name__ == "__main__":
    main()
