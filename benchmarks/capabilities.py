"""``python -m benchmarks.capabilities``: what tools can do, tried out with ``benchmarks/subject.py``.

Each tool is asked with the options that show most, in a process of its own. The table goes to
``benchmarks/results/capabilities-<version>.json``; ``docs/comparison.md`` shows it.
"""

from __future__ import annotations

import argparse
import gc
import importlib.metadata
import io
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import follow
from tests.reference import VERSION as REFERENCE
from tests.reference import reference

from . import subject, witness
from .report import RESULTS, circumstances, print_table, save

Output = Callable[[], str]
Tool = Callable[[], tuple[Callable[[list[int]], Any], Output]]


def _follow() -> tuple[Callable[[list[int]], Any], Output]:
    written = io.StringIO()
    config = follow.FollowConfig(follow_function_calls=True)
    return follow.follow(subject.work, follow.text(written, width=200), config=config), written.getvalue


def _reference() -> tuple[Callable[[list[int]], Any], Output]:
    module, records = reference(), []  # type: ignore[var-annotated]
    config = module.FollowConfig(follow_threads=True, follow_function_calls=True, follow_return=True)
    return module.follow(config=config, follower=records.append)(subject.work), lambda: str(records)


def _pysnooper() -> tuple[Callable[[list[int]], Any], Output]:
    import pysnooper

    written = io.StringIO()
    return pysnooper.snoop(written, depth=2)(subject.work), written.getvalue


def _snoop() -> tuple[Callable[[list[int]], Any], Output]:
    import snoop

    written = io.StringIO()
    return snoop.Config(out=written, color=False).snoop(depth=2)(subject.work), written.getvalue


def _hunter() -> tuple[Callable[[list[int]], Any], Output]:
    import hunter

    written = io.StringIO()

    def hunted(numbers: list[int]) -> None:
        actions = [hunter.CodePrinter(stream=written), hunter.VarsSnooper(stream=written)]
        with hunter.trace(filename_endswith="subject.py", actions=actions, threading_support=True):
            subject.work(numbers)

    return hunted, written.getvalue


def _viztracer() -> tuple[Callable[[list[int]], Any], Output]:
    from viztracer import VizTracer
    from viztracer.code_monkey import CodeMonkey

    path = os.path.join(tempfile.gettempdir(), f"follow-viztracer-{os.getpid()}.json")
    tracer = VizTracer(verbose=0, output_file=path)  # the instrumented code asks for it
    path = str(Path(subject.__file__))
    monkey = CodeMonkey(path)
    monkey.add_instrument("log_var", {"varnames": [".*"]})
    monkey.add_instrument("log_exception", {})
    exec(monkey.compile(Path(path).read_text(encoding="utf-8"), path, "exec"), vars(subject))

    def traced(numbers: list[int]) -> None:
        with tracer:
            subject.work(numbers)

    def output() -> str:
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / "trace.json"
            tracer.save(str(file))
            return file.read_text(encoding="utf-8")

    return traced, output


def _birdseye() -> tuple[Callable[[list[int]], Any], Output]:
    folder = tempfile.mkdtemp()
    os.environ["BIRDSEYE_DB"] = f"sqlite:///{folder}/birdseye.db"
    from birdseye import eye

    def output() -> str:
        calls = sqlite3.connect(f"{folder}/birdseye.db").execute("SELECT * FROM call").fetchall()
        return json.dumps(calls, default=str)

    return eye(subject.work), output


TOOLS: dict[str, tuple[Tool, str, str]] = {
    "follow": (_follow, "python-follow", "text, dicts, trace file"),
    "python-follow 0.1.2": (_reference, "", "dicts"),
    "PySnooper": (_pysnooper, "PySnooper", "text"),
    "snoop": (_snoop, "snoop", "text"),
    "hunter": (_hunter, "hunter", "text, events"),
    "VizTracer (log_var)": (_viztracer, "viztracer", "JSON trace"),
    "birdseye": (_birdseye, "birdseye", "SQLite, web page"),
}
"""Of each tool how it is used, its package, and what it gives."""

CHECKS = {
    "hooks_free": "`sys.settrace`, `sys.setprofile` and `sys.monitoring` are free while it follows",
    "debugger": "a trace function that was there before still sees the lines",
    "as_then": "a list that is changed in place is shown before and after",
    "exception": "an exception that a statement raises is shown where it is caught, too",
    "callee": "a function that is called is followed, without a change to it",
    "thread": "the function of a thread that is started is followed, too",
    "no_repr": "no `__repr__` of the program's objects runs",
    "lets_go": "what it has recorded keeps no object alive (of follow: text and a recorder)",
}


def check(name: str, debugged: bool) -> dict[str, bool]:
    """Follow the subject with one tool.

    Arguments:
        name: the tool's.
        debugged: only see whether a trace function works beside it; else everything but that.
    """
    work, output = TOOLS[name][0]()
    if debugged:
        return {"debugger": _lines_seen(work) >= _lines_seen(subject.work) > 5}
    work([10])
    gc.collect()
    gone = witness.things[0]() is None
    asked = witness.Thing.asked  # before records are made text, which is not what the tool does
    text = output()
    return {
        "hooks_free": not witness.hooks[0],
        "as_then": "[10]" in text and "[10, 20]" in text,
        "exception": "list index out of range" in text,
        "callee": "1003" in text,
        "thread": "2004" in text,
        "no_repr": asked == 0,
        "lets_go": gone,
    }


def _lines_seen(work: Callable[[list[int]], Any]) -> int:
    """How many different lines of ``work`` a trace function sees that has been set before."""
    seen = set()

    def trace(frame: FrameType, event: str, _argument: object) -> Any:
        if frame.f_code.co_name == "work" and event == "line":
            seen.add(frame.f_lineno)
        return trace

    sys.settrace(trace)
    try:
        work([10])
    finally:
        sys.settrace(None)
    return len(seen)


def in_a_process(name: str, *more: str) -> dict[str, bool]:
    """What ``check`` finds, in a process of its own.

    Raises:
        SystemExit: the tool is not installed, or fails.
    """
    command = [sys.executable, "-m", "benchmarks.capabilities", "--tool", name, *more]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{name} could not be tried: {done.stderr.strip().splitlines()[-1:]}")
    found: dict[str, bool] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> None:
    """Try all tools, print the table and keep it."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.capabilities", description=__doc__)
    parser.add_argument("--tool", choices=tuple(TOOLS), help="this one alone, in this process")
    parser.add_argument("--debugged", action="store_true", help="with --tool, with a trace function set before")
    options = parser.parse_args()
    if options.tool:
        print(json.dumps(check(options.tool, options.debugged)))
        return
    rows = []
    for name, (_, package, gives) in TOOLS.items():
        found = in_a_process(name) | in_a_process(name, "--debugged")
        version = importlib.metadata.version(package) if package else REFERENCE
        rows.append({"tool": name, "version": version, "gives": gives, **{key: found[key] for key in CHECKS}})
    print_table(rows, "what tools can do")
    save(RESULTS, "capabilities", rows, checks=CHECKS, **circumstances())


if __name__ == "__main__":
    main()
