"""Rewrite and compile every file of a folder (by default CPython's own library): ``python -m tests.sweep [FOLDER]``.

A file that CPython itself refuses is left out. It prints what failed and the speed, and exits with the
number of failures.
"""

from __future__ import annotations

import sys
import sysconfig
import time
import warnings
from importlib.util import decode_source
from pathlib import Path

from follow.build import build_module
from follow.config import FollowConfig
from follow.errors import FollowError
from follow.source import Source
from follow.transform import rewrite_module


def sweep(folder: Path) -> tuple[int, int, list[str]]:
    """Files, lines and failures."""
    files = lines = 0
    failures: list[str] = []
    config = FollowConfig(follow_prints=True, follow_return=True, follow_function_calls=True)
    for path in sorted(folder.rglob("*.py")):
        if "site-packages" in path.parts:
            continue
        try:
            text = decode_source(path.read_bytes())
            compile(text, str(path), "exec", dont_inherit=True)
        except (SyntaxError, ValueError, UnicodeDecodeError):
            continue
        files += 1
        lines += text.count("\n")
        try:
            source = Source(str(path), text, 0)
            build_module(source, rewrite_module(source, config))
        except FollowError as error:
            failures.append(f"{path}: {type(error).__name__}: {error}")
        except Exception as error:
            failures.append(f"{path}: CRASH {type(error).__name__}: {error}")
    return files, lines, failures


def main() -> int:
    """Sweep the folder given."""
    warnings.simplefilter("ignore")
    folder = Path(sys.argv[1] if len(sys.argv) > 1 else sysconfig.get_path("stdlib"))
    start = time.perf_counter()
    files, lines, failures = sweep(folder)
    seconds = time.perf_counter() - start
    for failure in failures:
        print(failure)
    print(f"{files} files, {lines} lines, {len(failures)} failures, {lines / seconds:,.0f} lines/s")
    return min(len(failures), 100)


if __name__ == "__main__":
    raise SystemExit(main())
