"""PYTEST_DONT_REWRITE. A pytest plugin for the gauntlet's children: follow the package, read every record, write down what came out.

Its folder stands on the child's path; ``FOLLOW_GAUNTLET`` holds its settings as JSON. It stands alone, because
the projects under test have a package ``tests`` of their own. ``sitecustomize`` imports it before all else, so that
the hook is there when other plugins import the package.
"""

from __future__ import annotations

import json
import os
import time
import unittest
import warnings

SETTINGS = json.loads(os.environ.pop("FOLLOW_GAUNTLET"))  # what the tests start is none of ours
OUTCOMES: dict[str, str] = {}
SEEN: set[tuple[str, int]] = set()
WARNED: list[str] = []
RECORDS = 0


def read(record: dict) -> None:
    """Look at all that a record holds, as a follower would."""
    global RECORDS
    RECORDS += 1
    SEEN.add((record["file"], record["line"]))
    for variable in record["local_vars"]:
        variable["var"], variable["val"], variable["type"]


if SETTINGS["follow"]:
    import follow

    config = follow.FollowConfig(follow_prints=True, fields=("file", "line"), **SETTINGS["config"])
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        follow.install_import_hook(*SETTINGS["follow"], config=config, follower=read)
    WARNED += [str(warning.message) for warning in caught]

START = time.perf_counter()


def pytest_runtest_logreport(report):
    """Note the worst of a test's phases."""
    if report.when == "call" or report.outcome != "passed":
        outcome = f"{report.outcome}{' xfail' if hasattr(report, 'wasxfail') else ''}"
        if OUTCOMES.get(report.nodeid, "passed") == "passed":
            OUTCOMES[report.nodeid] = outcome
    if report.failed:
        with open(SETTINGS["out"] + ".failures", "a") as file:
            file.write(f"==== {report.nodeid} {report.when}\n{report.longreprtext}\n")


def pytest_pycollect_makeitem(obj):
    """No item for what only helps the tests: pytest would warn of it, and Markdown makes warnings errors."""
    return [] if isinstance(obj, type) and issubclass(obj, unittest.TestSuite) else None


def pytest_collectreport(report):
    """Note what could not be collected."""
    if report.failed:
        OUTCOMES[report.nodeid] = "not collected"
        with open(SETTINGS["out"] + ".failures", "a") as file:
            file.write(f"==== {report.nodeid} collecting\n{report.longreprtext}\n")


def pytest_warning_recorded(warning_message):
    """Note what follow warned of."""
    if warning_message.category.__name__ in ("FollowWarning", "FollowerWarning"):
        WARNED.append(str(warning_message.message))


def pytest_unconfigure():
    """Write down what came out."""
    found = {
        "outcomes": OUTCOMES,
        "seconds": time.perf_counter() - START,
        "records": RECORDS,
        "seen": sorted(SEEN),
        "warned": WARNED,
    }
    with open(SETTINGS["out"], "w") as file:
        json.dump(found, file)
