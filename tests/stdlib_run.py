"""A child of ``test_stdlib``: run CPython's tests of a module, plain or with all its functions followed.

The last line of its output is JSON: what was run, what failed, how much was followed.
"""

from __future__ import annotations

import importlib
import io
import json
import pkgutil
import sys
import unittest
from types import ModuleType

import follow


def modules_of(name: str) -> list[ModuleType]:
    module = importlib.import_module(name)
    names = [f"{name}.{found.name}" for found in pkgutil.iter_modules(getattr(module, "__path__", []))]
    return [module, *(importlib.import_module(inner) for inner in names if not inner.endswith("__main__"))]


def main(name: str, tests: str, mode: str) -> None:
    records = 0

    def count(record: follow.model.Record) -> None:
        nonlocal records
        records += len(record["local_vars"]) >= 0

    functions: list[str] = []
    skipped: dict[str, str] = {}
    if mode == "follow":
        for module in modules_of(name):
            # difflib's tests make some ten million records that hold lists of 2,000 items: uncopied, or it takes hours.
            values = "live" if name == "difflib" else "snapshot"
            config = follow.FollowConfig(follow_prints=True, values=values)
            handle = follow.instrument(module, config=config, follower=count)
            functions += handle.functions
            skipped.update(handle.skipped)
    suite = unittest.defaultTestLoader.loadTestsFromName(f"test.{tests}")
    result = unittest.TextTestRunner(stream=io.StringIO(), verbosity=0).run(suite)
    outcome = {
        "run": result.testsRun,
        "failures": sorted(str(test) for test, _ in result.failures),
        "errors": sorted(str(test) for test, _ in result.errors),
        "skips": len(result.skipped),
        "records": records,
        "functions": len(functions),
        "skipped": skipped,
    }
    sys.stdout.flush()
    print("\n" + json.dumps(outcome))


if __name__ == "__main__":
    main(*sys.argv[1:])
