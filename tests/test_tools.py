"""Beside other tools: coverage measures the same, cProfile counts the same, doctest and notebooks work."""

from __future__ import annotations

import cProfile
import doctest
import importlib
import json
import linecache
import os
import pstats
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from follow import follow, install_import_hook, instrument

ROOT = Path(__file__).parent.parent
SHOP = '''
"""A module with every kind of branch."""
import contextlib
from dataclasses import dataclass

@dataclass
class Item:
    price: int = 1

    def cost(self, n):
        if n > 3:
            return self.price * n - 1
        elif n < 0:
            raise ValueError(n)
        else:
            return self.price * n

def loop(n):
    found = []
    for i in range(n):
        if i == 1: continue
        found.append(i)
        if i > 2: break
    else:
        found.append("all")
    while n:
        n -= 1
    return [x for x in found if x], (lambda: n)()

def handle(n):
    try:
        with contextlib.suppress(KeyError):
            value = Item().cost(n)
            {}[n]
        return value
    except ValueError as error:
        value = str(error)
    finally:
        n = None
    return value

def choose(n):
    match n:
        case [a, b] if a:
            return b
        case {"k": k}:
            return k
        case _:
            pass

def gen(n):
    for i in range(n):
        got = yield i
        if got:
            return

def never():
    if False:
        return 1
    return (2 and
            3)

def main():
    results = [loop(0), loop(5), handle(2), handle(-1), handle(9), choose([1, 2]), choose({"k": 3}), choose(0)]
    results.append(list(gen(2)))
    return results

for n in range(2):
    if n:
        main()

if __name__ == "__main__":
    print(main())
'''


@pytest.fixture
def shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "covered.py").write_text(SHOP)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "covered", raising=False)
    return tmp_path


def measured(folder: Path, how: str) -> dict[str, Any]:
    script = folder / "script.py"
    start = {
        "plain": "",
        "hook": "import follow\nfollow.install_import_hook('covered', follower=lambda record: None)\n",
        "instrument": "import follow, covered\nfollow.instrument(covered, follower=lambda record: None)\n",
    }
    script.write_text(start[how] + "import covered\nprint(covered.main())\n")
    environment = {**os.environ, "PYTHONPATH": f"{folder}{os.pathsep}{ROOT}"}
    coverage = [sys.executable, "-m", "coverage"]
    options = [f"--rcfile={os.devnull}", f"--data-file={folder / how}"]
    command = [*coverage, "run", "--branch", "--include", str(folder / "covered.py"), *options, str(script)]
    out = subprocess.run(command, env=environment, check=True, capture_output=True, text=True, cwd=folder).stdout
    report = folder / f"{how}.json"
    subprocess.run([*coverage, "json", "-q", *options, "-o", str(report)], env=environment, check=True, cwd=folder)
    (found,) = json.loads(report.read_text())["files"].values()
    return {
        "out": out,
        **{key: found[key] for key in ("executed_lines", "missing_lines", "executed_branches", "missing_branches")},
    }


def test_coverage_measures_the_same_lines_and_branches(shop: Path) -> None:
    plain = measured(shop, "plain")
    assert len(plain["executed_branches"]) > 15 and plain["missing_lines"] and plain["missing_branches"]
    assert measured(shop, "hook") == plain
    assert measured(shop, "instrument") == plain


def profiled(module: ModuleType) -> dict[tuple[str, int, str], tuple[int, int]]:
    profile = cProfile.Profile()
    profile.runcall(module.main)
    stats = pstats.Stats(profile).stats  # type: ignore[attr-defined]
    return {place: calls[:2] for place, calls in stats.items() if place[0].endswith("covered.py")}


def test_cprofile_counts_the_same_calls(shop: Path) -> None:
    plain = profiled(importlib.import_module("covered"))
    del sys.modules["covered"]
    with install_import_hook("covered", follower=lambda record: None):
        followed = profiled(importlib.import_module("covered"))
    assert followed == plain and len(plain) >= 7


def test_a_function_of_a_doctest() -> None:
    text = textwrap.dedent(
        """
        >>> from follow import follow
        >>> @follow(follower=lambda record: print(record["instruction"]))
        ... def twice(n):
        ...     n *= 2
        ...     return n
        >>> twice(2)
        n *= 2
        return n
        4
        """
    )
    test = doctest.DocTestParser().get_doctest(text, {}, "doc", None, None)
    runner = doctest.DocTestRunner(verbose=False)
    runner.run(test)
    assert runner.summarize(verbose=False) == (0, 3)


def test_a_function_of_a_notebook_cell() -> None:
    # IPython compiles a cell under a name that linecache knows, with the __future__ flags of earlier cells.
    cell = "def twice(n: Unknown):\n    n *= 2\n    return n\n"
    name = "/tmp/ipykernel_1/123.py"
    linecache.cache[name] = (len(cell), None, cell.splitlines(keepends=True), name)
    namespace: dict[str, Any] = {"__name__": "__main__"}
    import __future__

    exec(compile(cell, name, "exec", __future__.annotations.compiler_flag, True), namespace)
    records: list[dict[str, Any]] = []
    assert follow(namespace["twice"], records.append)(2) == 4
    assert [record["instruction"] for record in records] == ["n *= 2", "return n"]


def test_a_function_typed_at_the_prompt() -> None:
    typed = (
        "from follow import follow\n@follow(follower=lambda record: print(record['instruction']))\n"
        "def twice(n):\n    n *= 2\n    return n\n\nprint(twice(2))\n"
    )
    done = subprocess.run(
        [sys.executable, "-i", "-q"],
        input=typed,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHON_BASIC_REPL": "1"},
        check=False,
    )
    if sys.version_info >= (3, 13):
        assert done.stdout.split("\n")[:3] == ["n *= 2", "return n", "4"], done.stderr
    else:  # the interpreter keeps no source of what is typed
        assert "SourceUnavailable: " in done.stderr and "twice" in done.stderr.split("SourceUnavailable: ")[1]


def test_a_module_is_restored(shop: Path) -> None:
    module = importlib.import_module("covered")
    before = {name: getattr(module, name).__code__ for name in ("loop", "handle", "gen")}
    plain = module.main()
    records: list[dict[str, Any]] = []
    with instrument(module, follower=records.append):
        assert module.main() == plain and records
        running = module.gen(3)
        next(running)
    count = len(records)
    assert {name: getattr(module, name).__code__ for name in before} == before
    assert module.main() == plain and list(running) == [1, 2] and len(records) == count
