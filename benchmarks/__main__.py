"""All tables in one command: ``python -m benchmarks [TABLE …] [--quick] [--only NAME …]``."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from . import dataflow, events, files, imports, programs, scaling, unfollowed, why
from .report import RESULTS, VERSION, Options, circumstances, print_table, save

TABLES = {
    "events": events,
    "programs": programs,
    "dataflow": dataflow,
    "scaling": scaling,
    "unfollowed": unfollowed,
    "files": files,
    "imports": imports,
    "why": why,
}


def main() -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("tables", nargs="*", metavar="TABLE", help=f"some of {', '.join(TABLES)}; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer and shorter runs, less steady figures")
    parser.add_argument("--only", action="append", default=[], metavar="NAME", help="rows whose names hold this")
    parser.add_argument("--results", type=Path, default=RESULTS, metavar="FOLDER", help="where the JSON goes")
    options = parser.parse_args()
    unknown = [name for name in options.tables if name not in TABLES]
    if unknown:
        parser.error(f"there is no table {', '.join(unknown)}; there are {', '.join(TABLES)}")
    print_table([circumstances()], f"Python {VERSION}")
    for kind in options.tables or TABLES:
        _run(kind, Options(options.quick, tuple(options.only), _tell), options.results)


def _run(kind: str, options: Options, results: Path) -> None:
    table = TABLES[kind]
    before, start = circumstances(), time.perf_counter()
    rows = list(table.rows(options))
    _tell("")
    if not rows:
        print(f"{kind}: no row's name holds {' or '.join(options.only)}")
        return
    ratios = table.ratios(rows)
    print_table(rows, f"{kind}, Python {VERSION}: {table.TITLE}")
    if ratios:
        print_table(ratios, f"{kind}, Python {VERSION}: ratios of this run")
    if not options.only:
        seconds = round(time.perf_counter() - start)
        save(results, kind, rows, title=table.TITLE, quick=options.quick, **before, seconds=seconds, ratios=ratios)


def _tell(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text[:100]}", end="", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
