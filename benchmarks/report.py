"""What all tables have in common: how thorough they are, how they are printed, and the JSON that is kept."""

from __future__ import annotations

import datetime
import json
import os
import platform
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from follow.accelerate import native

Row = dict[str, Any]
VERSION = platform.python_version().rpartition(".")[0]
RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True, slots=True)
class Options:
    """How thorough a run is.

    Arguments:
        quick: fewer and shorter runs; the figures are less steady.
        only: rows whose names hold one of these; all if there is none.
        tell: is told what is being measured.
    """

    quick: bool = False
    only: tuple[str, ...] = ()
    tell: Callable[[str], object] = lambda text: None

    @property
    def processes(self) -> int:
        """In how many processes each row is measured, in turn with the others."""
        return 3 if self.quick else 5

    @property
    def rounds(self) -> int:
        """How often in each process."""
        return 11 if self.quick else 21

    def wants(self, name: str) -> bool:
        """Whether a row is asked for."""
        return not self.only or any(part.lower() in name.lower() for part in self.only)


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio of two rows, and what it should be.

    Arguments:
        name: how it is called.
        over: the row that is divided.
        under: by which row.
        most, least: what it should reach, if anything.
    """

    name: str
    over: str
    under: str
    most: float | None = None
    least: float | None = None

    def row(self, figures: dict[str, float]) -> Row | None:
        """The ratio as a row, or None where one of the two was not measured."""
        if self.over not in figures or self.under not in figures:
            return None
        return ratio_row(self.name, figures[self.over] / figures[self.under], self.most, self.least)


def ratio_row(name: str, value: float, most: float | None = None, least: float | None = None) -> Row:
    """A ratio as a row: its value, what it should be, and whether it is."""
    wanted = f"<= {most:g}" if most is not None else f">= {least:g}" if least is not None else ""
    reached = (most is None or value <= most) and (least is None or value >= least)
    return {"ratio": name, "value": round(value, 3), "to_reach": wanted, "reached": reached if wanted else None}


def print_table(rows: Sequence[Row], title: str) -> None:
    """Print rows as a table; the columns are what any of them has."""
    try:
        from rich import box
        from rich.console import Console
        from rich.table import Table
    except ImportError:
        raise SystemExit("The tables are printed with rich: pip install '.[benchmarks]'") from None
    columns = list(dict.fromkeys(name for row in rows for name in row))
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for name in columns:
        number = any(_is_number(row.get(name)) for row in rows)
        table.add_column(name.replace("_", " "), justify="right" if number else "left", overflow="fold")
    for row in rows:
        table.add_row(*(_cell(row.get(name)) for name in columns))
    console = Console()
    console = console if console.is_terminal else Console(width=180)
    console.print(table)


def save(folder: Path, kind: str, rows: Iterable[Row], **more: object) -> Path:
    """Keep the figures of a table for this Python; gives the file's path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{kind}-{VERSION}.json"
    found = {"kind": kind, "python": platform.python_version(), **more, "rows": list(rows)}
    path.write_text(json.dumps(found, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def circumstances() -> dict[str, object]:
    """When and where, and what else the machine was doing."""
    load = [round(one, 2) for one in os.getloadavg()] if hasattr(os, "getloadavg") else None
    return {
        "date": datetime.date.today().isoformat(),
        "machine": platform.machine(),
        "cores": os.cpu_count(),
        "load_average_at_start": load,
        "compiled_helper": native is not None,
    }


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _cell(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
