"""``python -m benchmarks.imports [MODULE …]``: rewriting argparse.py, and followed imports with a warm cache."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from time import perf_counter

import libcst

from follow import FollowConfig
from follow.build import build_module
from follow.source import Source
from follow.transform import rewrite_module

_CHILD = """
import importlib, sys, time
import follow
if sys.argv[2] == "followed":
    follow.install_import_hook(sys.argv[1], follower=lambda record: None, already_imported="error")
start = time.perf_counter()
importlib.import_module(sys.argv[1])
print(time.perf_counter() - start)
"""


def rewriting(rounds: int) -> dict[str, float]:
    """Lines a second of argparse.py: parsed by libcst alone, and parsed, rewritten and compiled."""
    text = Path(argparse.__file__).read_text()
    lines = text.count("\n")
    parsing = following = float("inf")
    for number in range(rounds):
        start = perf_counter()
        libcst.parse_module(text)
        middle = perf_counter()
        source = Source("argparse.py", f"{text}# {number}\n", 0)  # another text, so that nothing is remembered
        build_module(source, rewrite_module(source, FollowConfig()))
        parsing, following = min(parsing, middle - start), min(following, perf_counter() - middle)
    return {"parse_lines_a_second": round(lines / parsing), "followed_lines_a_second": round(lines / following)}


def importing(module: str, how: str, rounds: int) -> float:
    """The best time of an import in a fresh process with a warm cache, in ms; follow itself is imported before."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-W", "ignore", "-c", _CHILD, module, how]
    found = [
        float(subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout)
        for _ in range(rounds + 1)
    ]
    return min(found[1:]) * 1e3


def main() -> None:
    """Measure, print, write JSON."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.imports", description=__doc__)
    version = platform.python_version()
    default = Path(__file__).parent / "results" / f"imports-{version.rpartition('.')[0]}.json"
    parser.add_argument("modules", nargs="*", default=["argparse", "asyncio", "email.message", "unittest"])
    parser.add_argument("--json", type=Path, default=default, help="where the figures go")
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    speed = rewriting(options.rounds)
    share = speed["followed_lines_a_second"] / speed["parse_lines_a_second"]
    print(f"Python {version}: argparse.py, {speed['followed_lines_a_second']:,} lines/s rewritten and compiled, where")
    print(f"libcst.parse_module alone does {speed['parse_lines_a_second']:,} lines/s ({share:.3f} of it)")
    rows = []
    for module in options.modules:
        plain, followed = (importing(module, how, options.rounds) for how in ("plain", "followed"))
        rows.append({"module": module, "plain_ms": round(plain, 2), "followed_over_plain": round(followed / plain, 2)})
        print(f"import {module:20} {plain:7.1f} ms plain, followed with a warm cache {followed / plain:.2f} x")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps({"python": version, "rewriting": speed, "imports": rows}, indent=2) + "\n")


if __name__ == "__main__":
    main()
