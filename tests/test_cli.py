"""The command line, as a user calls it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from follow.cli import main

from .support import without_progress


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "COLUMNS": "120"}
    command = [sys.executable, "-m", "follow", *arguments]
    return without_progress(
        subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=60)
    )


def test_code_of_a_function_in_the_current_folder(tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text("class Cart:\n    def add(self, n):\n        # keep me\n        self.n = n\n")
    done = run("code", "shop:Cart.add", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("def add(self, n):\n    __follow = __follow_enter_0()\n")
    assert "# keep me" in done.stdout
    whole = run("code", "shop", cwd=tmp_path)
    assert whole.stdout == done.stdout
    difference = run("code", "shop:Cart.add", "--diff", cwd=tmp_path)
    removed = [line for line in difference.stdout.splitlines() if line.startswith("-") and line[1:].strip()]
    added = [line for line in difference.stdout.splitlines() if line.startswith("+")]
    assert len(added) > len(removed) > 0


@pytest.mark.parametrize(
    ("place", "code", "words"),
    [
        ("nowhere.at.all", 2, "imported"),
        ("json:nothing", 2, "nothing"),
        ("json:decoder", 2, "module"),
        ("math", 2, "no Python"),
    ],
)
def test_what_does_not_exist(place: str, code: int, words: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["code", place]) == code
    assert words in capsys.readouterr().err


PROGRAM = """\
import sys
import helper

def main(arguments):
    total = helper.double(len(arguments))
    print(total, sys.argv[1:], __name__, __file__.endswith("program.py"), sys.stdin.read())
    return total

if __name__ == "__main__":
    if sys.argv[1] == "fail":
        helper.fail()
    sys.exit(main(sys.argv[1:]))
"""
HELPER = "def double(n):\n    return n * 2\n\ndef fail():\n    raise LookupError('no')\n"


@pytest.fixture
def program(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "helper.py").write_text(HELPER)
    (tmp_path / "pkg").mkdir()
    (tmp_path / "pkg" / "__init__.py").write_text("")
    (tmp_path / "pkg" / "__main__.py").write_text(PROGRAM.replace("import helper", "from pkg import helper"))
    (tmp_path / "pkg" / "helper.py").write_text(HELPER)
    return tmp_path


def start(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent), "COLUMNS": "120"}
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, text=True, cwd=cwd, env=environment, input="typed", timeout=60
    )
    return without_progress(done)


@pytest.mark.parametrize("how", [["program.py"], ["-m", "pkg"]])
def test_run_behaves_as_plain_python(how: list[str], program: Path) -> None:
    plain = start(*how, "a", "b", cwd=program)
    followed = start("-m", "follow", "run", *how, "a", "b", cwd=program)
    assert (followed.returncode, followed.stdout) == (plain.returncode, plain.stdout) == (4, plain.stdout)
    shown = followed.stderr
    assert "helper.py:2" in shown and "return n * 2" in shown and "total = helper.double(len(arguments))" in shown
    assert "program.py:1 │ import sys" in shown.replace("pkg/__main__.py", "program.py") and "argparse" not in shown
    assert "sys.exit(main(sys.argv[1:]))" in shown[shown.index("followed: ") :]  # the summary


@pytest.mark.parametrize("how", [["program.py"], ["-m", "pkg"]])
def test_run_shows_the_same_traceback(how: list[str], program: Path) -> None:
    plain = start(*how, "fail", cwd=program)
    followed = start("-m", "follow", "run", *how, "fail", cwd=program)
    assert followed.returncode == plain.returncode == 1
    traceback, _, summary = followed.stderr[followed.stderr.index("Traceback") :].partition("\nfollowed: ")
    assert traceback == plain.stderr
    assert summary.endswith("1 × left by LookupError: no\n")


def test_run_include_and_exclude(program: Path) -> None:
    only = start("-m", "follow", "run", "--exclude", "helper", "program.py", "a", cwd=program).stderr
    assert "helper.py" not in only and "program.py:5" in only
    both = start("-m", "follow", "run", "--include", "helper, json.decoder", "program.py", "a", cwd=program).stderr
    assert "helper.py" in both
    several = start("-m", "follow", "run", "--exclude", "json,helper", "program.py", "a", cwd=program).stderr
    assert "helper.py" not in several and "program.py:5" in several
    assert start("-m", "follow", "run", "absent.py", cwd=program).returncode == 2


def test_a_recorded_program_behaves_as_plain_and_is_summarised(program: Path) -> None:
    plain = subprocess.run(
        [sys.executable, "program.py", "fail"], capture_output=True, text=True, cwd=program, timeout=60, check=False
    )
    done = run("run", "-o", "run.follow", "program.py", "fail", cwd=program)
    assert (done.returncode, done.stdout, done.stderr) == (plain.returncode, plain.stdout, plain.stderr)
    summary = run("list", "run.follow", cwd=program)
    assert summary.returncode == 0, summary.stderr
    assert "calls left by LookupError: no" in summary.stdout
    places = {line.split()[-1]: line.split() for line in summary.stdout.splitlines() if line.endswith(" fail")}
    assert places["fail"][2] == "1" and places["fail"][4].endswith("helper.py:4")
    told = json.loads(run("list", "run.follow", "--json", cwd=program).stdout)
    assert told["exceptions"][0]["exception"].startswith("LookupError: no") and told["problem"] is None
    assert sum(row["calls"] for row in told["rows"]) == told["calls"] and len(told["rows"]) == told["total"]
    (row,) = [row for row in told["rows"] if row["function"] == "fail"]
    assert row["calls"] == 1 and row["line"] == 4 and row["file"].endswith("helper.py")
    first = run("list", "run.follow", "--rows", "1", cwd=program).stdout.splitlines()
    assert first[-1] == "# more: follow list run.follow --rows 1 --from 2"
    rest = run(*first[-1].split()[3:], cwd=program).stdout.splitlines()
    shown = [line.split()[-1] for line in (*first, *rest) if " calls  " in line]
    assert shown == [row["function"] for row in told["rows"][:2]]


def test_list_names_what_it_cannot_read(program: Path) -> None:
    other = run("list", "program.py", cwd=program)
    assert (other.returncode, other.stdout) == (1, "") and "program.py is not a trace of follow" in other.stderr
    missing = run("list", "nowhere.follow", cwd=program)
    assert missing.returncode == 2 and "nowhere.follow cannot be read" in missing.stderr
    unwritable = run("run", "-o", "no/folder/run.follow", "program.py", "x", cwd=program)
    assert unwritable.returncode == 2 and "cannot be written" in unwritable.stderr and unwritable.stdout == ""


def test_a_script_may_follow_its_own_functions_while_it_runs(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(
        "import follow, sys\ndef f():\n    a = 1\n    return a\n"
        "with follow.instrument(sys.modules['__main__'], follower=lambda r: print(r['instruction'])):\n    f()\n"
    )
    done = start("-W", "error", "own.py", cwd=tmp_path)
    assert (done.stdout, done.stderr, done.returncode) == ("a = 1\nreturn a\n", "", 0)
