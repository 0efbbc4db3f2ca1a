"""Modules of the standard library, every function followed, under CPython's own tests: the outcome is the same."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from . import stdlib_run

SAMPLE = {"textwrap": "test_textwrap", "json": "test_json", "dataclasses": "test_dataclasses"}
ALL = {
    **SAMPLE,
    "difflib": "test_difflib",
    "configparser": "test_configparser",
    "argparse": "test_argparse",
}


def run(module: str, tests: str, *, follow: bool) -> dict[str, Any]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-W", "ignore", stdlib_run.__file__, module, tests, "follow" if follow else "plain"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=540)
    assert done.returncode == 0, done.stderr[-2000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def compare(module: str, tests: str) -> None:
    plain, followed = run(module, tests, follow=False), run(module, tests, follow=True)
    records, functions = followed.pop("records"), followed.pop("functions")
    assert followed.pop("skipped") == {}
    assert plain["run"] > 0 and functions > 0 and records > 100
    for key in ("records", "functions", "skipped"):
        plain.pop(key)
    assert followed == plain


@pytest.mark.parametrize("module", sorted(SAMPLE))
def test_sample(module: str) -> None:
    compare(module, SAMPLE[module])


@pytest.mark.gauntlet
@pytest.mark.parametrize("module", sorted(set(ALL) - set(SAMPLE)))
def test_modules(module: str) -> None:
    compare(module, ALL[module])
