"""Rewriting argparse.py, and imports that are followed, with a warm cache."""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import median
from time import process_time_ns
from typing import Any

from .fresh import MeasurementFailed, in_fresh_process
from .report import Options, Row, ratio_row

TITLE = "rewriting argparse.py, and imports followed with a warm cache against plain ones"

_MODULES = (
    *("argparse", "asyncio", "email.message", "unittest"),
    *("click", "flask", "jinja2", "requests"),  # these come along with the other tools that are measured
)
_REWRITING = "argparse.py, rewritten and compiled"


def rows(options: Options) -> Iterator[Row]:
    """The rewriting, then one row a module that is imported."""
    if options.wants(_REWRITING):
        options.tell(_REWRITING)
        try:
            yield {"what": _REWRITING, **in_fresh_process(rewriting, 2 if options.quick else 5)}
        except MeasurementFailed as error:
            yield {"what": _REWRITING, "reason": str(error)}
    for module in filter(options.wants, _MODULES):
        options.tell(f"import {module}")
        try:
            yield _imported(module, 5 if options.quick else 11)
        except MeasurementFailed as error:
            yield {"what": f"import {module}", "reason": str(error)}


def ratios(rows: Sequence[Row]) -> list[Row]:
    """What should be reached."""
    found = [
        ratio_row(f"{row['what']}: {how} / plain", row[f"{how}_over_plain"], most=1.15)
        for row in rows
        for how in ("followed", "recorded")
        if f"{how}_over_plain" in row
    ]
    speed = [ratio_row("lines a second", row["lines_a_second"], least=5_000) for row in rows if "lines_a_second" in row]
    return [*speed, *found]


def rewriting(rounds: int) -> dict[str, Any]:
    """Lines a second of argparse.py: parsed by libcst alone, and parsed, rewritten and compiled."""
    import libcst

    from follow import FollowConfig
    from follow.build import build_module
    from follow.source import Source
    from follow.transform import rewrite_module

    specification = importlib.util.find_spec("argparse")
    assert specification is not None and specification.origin is not None
    text = Path(specification.origin).read_text(encoding="utf-8")
    lines = text.count("\n")
    parsing = following = sys.maxsize
    for number in range(rounds):
        start = process_time_ns()
        libcst.parse_module(text)
        middle = process_time_ns()
        source = Source("argparse.py", f"{text}# {number}\n", 0)  # another text, so that nothing is remembered
        build_module(source, rewrite_module(source, FollowConfig()))
        parsing, following = min(parsing, middle - start), min(following, process_time_ns() - middle)
    return {
        "lines_a_second": round(lines / following * 1e9),
        "lines_a_second_of_libcst_parse": round(lines / parsing * 1e9),
    }


def importing(module: str, how: str) -> float:
    """The time of an import in this process, in ms; follow itself has been imported before."""
    import follow

    if how != "plain":
        follower = follow.Recorder() if how == "recorded" else lambda record: None
        follow.install_import_hook(module, follower=follower, already_imported="error")
    start = process_time_ns()
    importlib.import_module(module)
    return (process_time_ns() - start) / 1e6


def _imported(module: str, rounds: int) -> Row:
    """Plain, followed by a function that does nothing, and recorded by turns; the first of each warms up the caches."""
    times: dict[str, list[float]] = {"plain": [], "followed": [], "recorded": []}
    for _ in range(rounds + 1):
        for how, found in times.items():
            found.append(in_fresh_process(importing, module, how, environment={"PYTHONDONTWRITEBYTECODE": ""}))
    plain, *others = (median(found[1:]) for found in times.values())
    ratios = {f"{how}_over_plain": round(other / plain, 2) for how, other in zip(("followed", "recorded"), others)}
    return {"what": f"import {module}", "plain_ms": round(plain, 2), **ratios}
