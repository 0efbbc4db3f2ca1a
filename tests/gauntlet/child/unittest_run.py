"""Run one of CPython's own test modules, plain or followed; the last line of the output is JSON.

Its argument is JSON, too: ``test``, the test module; ``modules``, those that are followed in place, all their
functions; ``itself``, whether the test module itself is followed, from its first line; ``recorder``, whether
by a recorder; ``config``.
"""

from __future__ import annotations

import importlib
import io
import json
import pkgutil
import sys
import time
import unittest
from types import ModuleType

import follow


def modules_of(name: str) -> list[ModuleType]:
    """A module; of a package all modules in it."""
    module = importlib.import_module(name)
    names = [f"{name}.{found.name}" for found in pkgutil.iter_modules(getattr(module, "__path__", []))]
    return [module, *(importlib.import_module(inner) for inner in names if not inner.endswith("__main__"))]


class Result(unittest.TextTestResult):
    """Notes how each test ended; of one that ends several times (subtests), the worst."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.outcomes: dict[str, str] = {}
        self.texts: dict[str, str] = {}

    def note(self, test, outcome, error=None):
        name = test.id().partition(" ")[0]
        if self.outcomes.get(name, "passed") == "passed":
            self.outcomes[name] = outcome
            if error is not None:
                self.texts[name] = f"{error[0].__name__}: {error[1]}"[:400]

    def addSuccess(self, test):
        super().addSuccess(test)
        self.note(test, "passed")

    def addError(self, test, err):
        super().addError(test, err)
        self.note(test, "error", err)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.note(test, "failed", err)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.note(test, "skipped")

    def addExpectedFailure(self, test, err):
        super().addExpectedFailure(test, err)
        self.note(test, "failed as expected")

    def addUnexpectedSuccess(self, test):
        super().addUnexpectedSuccess(test)
        self.note(test, "passed unexpectedly")

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            self.note(test, "failed", err)


def main(settings: dict) -> None:
    """Run the tests and print what came out."""
    records = 0

    def read(record: follow.model.Record) -> None:
        nonlocal records
        records += 1
        for variable in record["local_vars"]:
            variable["var"], variable["val"], variable["type"]

    follower = follow.Recorder(ring=1_000_000) if settings["recorder"] else read
    functions: list[str] = []
    skipped: dict[str, str] = {}
    config = follow.FollowConfig(follow_prints=True, **settings["config"])
    for name in settings["modules"]:
        for module in modules_of(name):
            handle = follow.instrument(module, config=config, follower=follower)
            functions += handle.functions
            skipped.update(handle.skipped)
    test = f"test.{settings['test']}"
    hooked = [test] if settings["itself"] else settings["modules"]  # the tests import some modules afresh
    if hooked:
        follow.install_import_hook(*hooked, config=config, follower=follower, already_imported="ignore")
    suite = unittest.defaultTestLoader.loadTestsFromName(test)
    start = time.perf_counter()
    result = unittest.TextTestRunner(stream=io.StringIO(), verbosity=0, resultclass=Result).run(suite)
    seconds = time.perf_counter() - start
    if isinstance(follower, follow.Recorder):
        for record in follower.records():
            read(record)
    outcome = {
        "outcomes": result.outcomes,
        "texts": result.texts,
        "seconds": seconds,
        "records": records,
        "functions": len(functions),
        "skipped": skipped,
    }
    sys.stdout.flush()
    print("\n" + json.dumps(outcome))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
