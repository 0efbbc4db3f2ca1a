"""``python -m tests.gauntlet [NAME …]``: real suites, plain and followed, as a table.

A name is that of a package from PyPI, of a module of the standard library, or of one of CPython's tests of the
language or of tracers; ``packages``, ``library``, ``language`` and ``recorded`` mean all of their kind.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from .children import Environment, Run
from .extent import extent
from .packages import PACKAGES, Package
from .suites import LANGUAGE, LIBRARY, RECORDED, Outcome, Suite
from .suites import run as run_suite

GROUPS: dict[str, Iterable[str]] = {
    "packages": PACKAGES,
    "library": LIBRARY,
    "language": LANGUAGE,
    "recorded": RECORDED,
}


def main() -> int:
    """Run what was asked for; the exit code is the number of suites that differ."""
    parser = argparse.ArgumentParser(prog="python -m tests.gauntlet", description=__doc__)
    parser.add_argument("names", nargs="*", help="by default all")
    parser.add_argument("--work", type=Path, default=Path(tempfile.gettempdir()) / "follow-gauntlet")
    parser.add_argument("--coverage", action="store_true", help="compare a package's coverage under follow, too")
    parser.add_argument("--quick", action="store_true", help="without tests that make tens of millions of records")
    options = parser.parse_args()
    known = {name: name for group in GROUPS.values() for name in group}
    unknown = [name for name in options.names if name not in known and name not in GROUPS]
    if unknown:
        parser.error(f"there is no {', '.join(unknown)}; known are {', '.join([*GROUPS, *known])}.")
    names = [inner for name in options.names or GROUPS for inner in GROUPS.get(name, [name])]
    environment = Environment(options.work)
    if any(name in PACKAGES for name in names):
        environment.prepare()
    failed = 0
    for name in names:
        if name in PACKAGES:
            failed += not compare(environment, PACKAGES[name], coverage=options.coverage, quick=options.quick)
        else:
            failed += not compare_suite(LIBRARY.get(name) or LANGUAGE.get(name) or RECORDED[name])
    return failed


def compare_suite(suite: Suite) -> bool:
    """Run one of CPython's suites and print its line (and what differs); True when nothing does."""
    missing = importlib.util.find_spec(f"test.{suite.test}") is None
    if missing or sys.version_info[:2] < suite.python:
        print(f"{suite.name:16} SKIPPED: this Python does not have it")
        return True
    start = time.perf_counter()
    try:
        plain, followed = run_suite(suite, follow=False), run_suite(suite, follow=True)
    except Exception as error:
        print(f"{suite.name:16} FAILED: {error}", flush=True)
        return False
    found = differences(plain, followed)
    differing = [line for line in found if not suite.leaves_out(line.partition(": ")[0])]
    passed = sum(outcome == "passed" for outcome in plain.outcomes.values())
    good = not differing and not followed.skipped and passed > 0 and followed.records > 0
    print(
        f"{suite.name:16} {'ok' if good else 'DIFFERS'}: {len(plain.outcomes)} tests, {passed} passed, {len(differing)} "
        f"differ; {followed.records:,} records; "
        + (f"{followed.functions} functions followed; " if suite.modules else "")
        + f"{followed.seconds / max(plain.seconds, 1e-3):.1f} x as long ({time.perf_counter() - start:.0f} s)",
        flush=True,
    )
    for test, reason in suite.left_out.items():
        here = [name for name in plain.outcomes if test in (name, name.rpartition(".")[0])]
        if here:
            count = sum(line.partition(": ")[0] in here for line in found)
            print("    ", f"left out: {test}: {reason} ({count} of {len(here)} differ)")
    for line in differing[:12]:
        print("    ", line, followed.texts.get(line.partition(": ")[0], ""))
    for name, reason in list(followed.skipped.items())[:5]:
        print("    ", f"not followed: {name}: {reason}")
    return good


def compare(environment: Environment, package: Package, *, coverage: bool, quick: bool) -> bool:
    """Run one package and print its line (and what differs); True when nothing does."""
    if sys.version_info[:2] < package.python:
        print(f"{package.name:16} SKIPPED: {package.version} needs Python {'.'.join(map(str, package.python))}")
        return True
    start = time.perf_counter()
    try:
        sources = environment.fetch(package)
        plain = environment.run(package, sources, follow=False, coverage=False, quick=quick)
        measured = environment.run(package, sources, follow=False, coverage=True, quick=quick)
        followed = environment.run(package, sources, follow=True, coverage=False, quick=quick)
        both = environment.run(package, sources, follow=True, coverage=True, quick=quick) if coverage else None
        differing = differences(plain, followed)
        unsteady = agreeing(environment, package, sources, differing)
    except Exception as error:
        print(f"{package.name:16} FAILED: {error}", flush=True)
        return False
    differing = [line for line in differing if line not in unsteady]
    found = extent(measured.coverage, followed.seen)
    share = found.followed_functions / max(found.functions, 1)
    passed = sum(outcome == "passed" for outcome in plain.outcomes.values())
    good = not differing and share >= 0.99 and passed > 0 and not followed.warned
    print(
        f"{package.name:16} {package.version:8} {'ok' if good else 'DIFFERS'}: {len(plain.outcomes)} tests, {passed} passed, "
        f"{len(differing)} differ; {followed.records:,} records; "
        f"functions {found.followed_functions}/{found.functions}, statements {found.followed_statements}/{found.statements}; "
        f"{followed.seconds / plain.seconds:.1f} x as long ({time.perf_counter() - start:.0f} s)",
        flush=True,
    )
    for test, reason in package.left_out.items():
        print("    ", f"left out: {test}: {reason}")
    for line in differing[:12]:
        print("    ", line)
    for line in unsteady:
        print("    ", f"unsteady: {line}; by itself it ends alike, {_TIMES} times each")
    for line in followed.warned[:5]:
        print("    ", "warned:", line[:300])
    if share < 0.99 or found.followed_statements < 0.97 * found.statements:
        print("    ", "without records:", ", ".join(found.missing[:20]))
    if both is not None:
        other = [
            file for file, data in measured.coverage.items()
            if any(data[key] != both.coverage.get(file, {}).get(key) for key in ("executed_lines", "executed_branches"))
        ]  # fmt: skip
        good = good and not other
        print("    ", "coverage differs in", other) if other else print("    ", "coverage: the same lines and branches")
    return good


_TIMES = 3
_FEW = 20


def agreeing(environment: Environment, package: Package, sources: Path, differing: list[str]) -> list[str]:
    """Of a few tests that differ those that do not when they alone are run again, plain and followed by turns.

    So it is with what depends on the moment of a garbage collection, say: pytest blames an unclosed socket on the test
    that happens to run then.
    """
    names = [line.rpartition(": ")[0] for line in differing]
    if not names or len(names) > _FEW:
        return []
    unsteady = differing
    for _ in range(_TIMES):
        plain, followed = (
            environment.run(package, sources, follow=follow, coverage=False, quick=False, only=names)
            for follow in (False, True)
        )
        still = {line.rpartition(": ")[0] for line in differences(plain, followed)}
        ran = {name for name in names if plain.outcomes.get(name, "not run") != "not run"}
        unsteady = [line for line in unsteady if line.rpartition(": ")[0] in ran - still]
    return unsteady


def differences(plain: Run | Outcome, followed: Run | Outcome) -> list[str]:
    """The tests whose outcome is not the same."""
    names = dict.fromkeys((*plain.outcomes, *followed.outcomes))
    return [
        f"{name}: {plain.outcomes.get(name, 'not run')} -> {followed.outcomes.get(name, 'not run')}"
        for name in names
        if plain.outcomes.get(name) != followed.outcomes.get(name)
    ]


if __name__ == "__main__":
    sys.exit(main())
