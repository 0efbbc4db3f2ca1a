"""Shared by the tests: functions with a source of their own, and ways to run them."""

from __future__ import annotations

import gc
import itertools
import linecache
import os
import subprocess
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

_serial = itertools.count()


def define(source: str, name: str = "f", **namespace: Any) -> FunctionType:
    """Run ``source`` as a file of its own, visible to ``linecache``, and return its function ``name``."""
    filename = f"<test {next(_serial)}>"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    exec(compile(source, filename, "exec"), namespace)
    return namespace[name]


def outcome(function: Callable[..., Any], *args: Any, **kwargs: Any) -> tuple[str, Any]:
    """How a call ends: its value, or its exception's type and text."""
    try:
        return "returned", function(*args, **kwargs)
    except Exception as error:
        return "raised", (type(error), str(error))


def lines_of(function: Callable[..., Any], *args: Any) -> list[tuple[str, str, int]]:
    """The events that a debugger sees of the function's own file: (event, code name, line)."""
    events: list[tuple[str, str, int]] = []
    filename = function.__code__.co_filename

    def trace(frame: Any, event: str, arg: object) -> Any:
        if frame.f_code.co_filename != filename:
            return None
        events.append((event, frame.f_code.co_name, frame.f_lineno))
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        outcome(function, *args)
    finally:
        sys.settrace(before)
    return events


def without_progress(done: subprocess.CompletedProcess[str]) -> subprocess.CompletedProcess[str]:
    """What a process has left, without the line that follow writes when rewriting takes long, as on a slow machine."""
    lines = done.stderr.splitlines(keepends=True)
    done.stderr = "".join(line for line in lines if not line.startswith("follow: rewriting"))
    return done


def bear_the_interpreters_checks(program: str) -> None:
    """Run a program in development mode and with checked memory: it must end well."""
    variables = {**os.environ, "PYTHONMALLOC": "debug", "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-X", "dev", "-W", "ignore", "-c", program]
    done = subprocess.run(command, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def objects_of_the_helper() -> int:
    """How many of the compiled helper's objects live, whatever else does: a type may refuse to tell its module."""
    gc.collect()
    return sum(type.__getattribute__(type(one), "__module__") == "follow._native" for one in gc.get_objects())


def brief(records: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    """Records as (instruction, {name: value})."""
    return [(r["instruction"], {v["var"]: v["val"] for v in r["local_vars"]}) for r in records]
