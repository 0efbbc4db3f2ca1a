"""A function of this package, called in a process of its own.

What a process has done before changes what its next measurement costs: the garbage collector's last generation
goes through everything that is alive, so a hook that makes many containers took up to 2.6 times as long in a
process that held a recording as in a fresh one.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_ROOT = Path(__file__).parent.parent
_MOST_SECONDS = 300


class MeasurementFailed(Exception):
    """A measurement could not be made; the message says why in one line."""


def in_fresh_process(
    function: Callable[..., Any], *arguments: Any, environment: Mapping[str, str] | None = None
) -> Any:
    """Call a function in a fresh process.

    Arguments:
        function: stands at the top of a module of this package.
        arguments: what can be written as JSON.
        environment: variables that the process gets besides this one's.

    Returns:
        What the function returned, by way of JSON.

    Raises:
        MeasurementFailed: the function raised, or took longer than five minutes.
    """
    name = f"{function.__module__}:{function.__qualname__}"
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.fresh", name, json.dumps(arguments)]
    paths = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    variables = {**os.environ, "PYTHONHASHSEED": "0", "PYTHONPATH": os.pathsep.join(paths), **(environment or {})}
    try:
        done = subprocess.run(
            command, env=variables, capture_output=True, text=True, timeout=_MOST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise MeasurementFailed(f"took longer than {_MOST_SECONDS} s") from None
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"the process ended with {done.returncode}"]
        raise MeasurementFailed(lines[-1])
    return json.loads(done.stdout.splitlines()[-1])


def _main() -> None:
    module, _, name = sys.argv[1].partition(":")
    with contextlib.redirect_stdout(sys.stderr):
        found = getattr(importlib.import_module(module), name)(*json.loads(sys.argv[2]))
    print(json.dumps(found))


if __name__ == "__main__":
    _main()
