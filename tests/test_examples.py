"""The example programs, run as their docstrings say. Those of the ``examples`` extra: ``python -m pytest -m examples``."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import nbclient
import nbformat
import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "examples"


def run(*arguments: str, code: int = 0) -> list[str]:
    """What Python prints, which must be all that it says."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100", "PYTHONIOENCODING": "utf-8"}
    done = subprocess.run(
        [sys.executable, *arguments], capture_output=True, encoding="utf-8", env=environment, cwd=ROOT, timeout=60
    )
    assert done.returncode == code, done.stdout + done.stderr
    assert done.stderr == ""
    return done.stdout.splitlines()


def test_each_example_says_how_it_is_run() -> None:
    for path in EXAMPLES.glob("*.py"):
        documentation = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
        assert f"examples/{path.name}" in documentation and "\n\n" not in documentation, path.name


def test_longest_match() -> None:
    lines = run("examples/longest_match.py")
    assert lines[-1] == "Match(a=1, b=0, size=6)"
    assert sum("if k > bestsize:" in line for line in lines) > 5


def test_decorated_function() -> None:
    lines = [" ".join(line.split()[1:]) for line in run("examples/decorated_function.py")]
    assert lines[0] == "┌ median(values=[5, 1, 3])"
    assert lines[4] == "└ return ordered[middle] ⇒ 3"
    assert lines[5] == "┌ median(values=[4, 1, 3, 2])"
    assert lines[-2:] == [
        "│ below, above = ordered[middle - 1 : middle + 1] below = 2 above = 3",
        "└ return (below + above) / 2 ⇒ 2.5",
    ]


def test_bug_hunt() -> None:
    lines = run("examples/bug_hunt.py")
    assert lines[0] == "The total is 700 g; it should be 2500 g."
    assert [line.split("\t")[3] for line in lines if line.endswith("\ttotal += grams") and line[0] == "E"] == [
        "W total=500",
        "W total=700",
    ]
    (cause,) = [line for line in lines if line.endswith("\tgrams = grams * 100")]
    assert "W grams=200 (was 2)" in cause  # the line with the bug is among the causes
    assert any("parse#3(line='flour: 2 kg') -> ('flour', 200)" in line for line in lines)


def test_asyncio_crawler() -> None:
    lines = run("examples/asyncio_crawler.py")
    assert [line for line in lines if not line.startswith(" ")] == ["fetch /", "fetch /a", "fetch /b", "fetch /missing"]
    ends = [line.split(None, 2)[-1].split("  ")[-1].strip() for line in lines if "return re" in line or "raise" in line]
    assert ends == ["['/a', '/b']", "['/b']", "['/missing']", "LookupError: /missing"]


def test_pytest_failure() -> None:
    lines = run("-m", "pytest", "-p", "no:cacheprovider", "--follow-on-failure", "examples/pytest_failure.py", code=1)
    report = lines[next(number for number, line in enumerate(lines) if "follow: last statements" in line) :]
    rounded = [line.split()[-1] for line in report if "return round(reduced)" in line]
    assert rounded == ["4", "4", "14"]
    assert any("assert basket([5, 5, 15], 10) == 22.5" in line and "!! AssertionError" in line for line in report)


def test_notebook() -> None:
    notebook = nbformat.read(EXAMPLES / "notebook.ipynb", as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    nbclient.NotebookClient(notebook, timeout=60, resources={"metadata": {"path": str(EXAMPLES)}}).execute()
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    table = next(output["data"] for output in cells[1].outputs if "text/html" in output.get("data", {}))
    assert table["text/html"].count("count += 1") == 8
    assert cells[2].outputs[0]["data"]["text/plain"] == "[3, 10, 5, 16, 8, 4, 2, 1]"
    told = "".join(output.get("text", "") for output in cells[4].outputs)
    assert re.sub(r"\x1b\[[\d;]*m", "", told).rstrip().split("⇒ ")[1].startswith("3.0")
    assert [output["output_type"] for output in cells[5].outputs] == ["execute_result"]


@pytest.mark.examples
def test_flask_handler() -> None:
    lines = run("examples/flask_handler.py")
    assert [line for line in lines if line[:3].isdigit()] == [
        "200 OK: {'cents': 486, 'fruit': 'pear'}",
        "404 NOT FOUND: {'error': 'no plum today'}",
    ]
    assert [line.split("  ")[-1].strip() for line in lines if "cents -=" in line] == ["cents = 540 → 486"]
    assert sum("each = PRICES.get(fruit)" in line for line in lines) == 2


@pytest.mark.examples
def test_pandas_transformation() -> None:
    text = "\n".join(run("examples/pandas_transformation.py"))
    steps = [step.splitlines() for step in text.split(">>> ")[1:]]
    assert [len([line for line in step if line[:1].isdigit()]) for step in steps] == [4, 4, 3, 3, 0]
    assert steps[-1][-2:] == ["Oslo    10.0", "Rome    15.5"]
