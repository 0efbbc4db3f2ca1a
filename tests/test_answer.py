"""``follow.load(path).why(…)``: the answer that ``follow why`` prints."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import follow
from follow.cli import main
from follow.explore.answer import Answer, Cause

SOURCE = """
class Account:
    def __init__(self, balance):
        self.balance = balance

    def pay(self, amount):
        if amount > self.balance:
            raise ValueError(amount)
        self.balance = self.balance - amount
        return self.balance


def run(amounts):
    account = Account(10)
    rest = None
    for amount in amounts:
        rest = account.pay(amount)
    return rest


total = run([1, 2, 3])
"""
QUESTIONS = ("total", "rest", "return", "@20", "rest@20")


@pytest.fixture(scope="module", params=["plain", "dataflow"])
def path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A recorded run."""
    folder: Path = tmp_path_factory.mktemp("answer")
    (folder / "main.py").write_text(SOURCE)
    command = [sys.executable, "-m", "follow", "run", "--detail", request.param, "-o", "run.follow", "main.py"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "run.follow"


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize("question", QUESTIONS)
def test_it_is_what_the_command_line_prints(
    path: Path, question: str, full: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    found = follow.load(path).why(question, full=full)
    asked = ["why", str(path), question, "--rows", "1000", *["--full"] * full]
    assert main(asked) == 0
    printed = capsys.readouterr().out.splitlines()
    assert str(found).splitlines() == [line for line in printed if not line.endswith(" rows")]
    assert main([*asked, "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert rows == json.loads(json.dumps([cause.fields for cause in found]))
    assert isinstance(found, Answer) and len(found) == len(rows) > 2
    assert isinstance(found[0], Cause) and [*found[:2]] == [found[0], found[1]]
    assert found[0].fields["certainty"] in ("exact", "may", "not recorded") and question in repr(found)


def test_all_causes_are_more_than_the_nearest(path: Path) -> None:
    trace = follow.load(path)
    assert len(trace.why("total", full=True)) > len(trace.why("total"))


def test_why_a_line_did_not_run(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = follow.load(path).why("main.py:8", not_=True)
    assert main(["why", str(path), "main.py:8", "--not"]) == 0
    assert f"{found}\n" == capsys.readouterr().out
    assert found[0].fields["event"]["line"] == 7 and found[0].fields["values"]["amount"] == "3"


@pytest.mark.parametrize(
    ("question", "not_", "message"),
    [
        ("nothing", False, "nothing was never written"),
        ("total@9999", False, "there is no event 9999"),
        ("main.py", True, "a place is written FILE:LINE"),
        ("main.py:999", True, "no statement begins there"),
        ("other.py:1", True, "is not in what is recorded"),
    ],
)
def test_what_is_not_there_is_said(path: Path, question: str, not_: bool, message: str) -> None:
    with pytest.raises(follow.FollowError, match=message):
        follow.load(path).why(question, not_=not_)


def test_an_empty_trace_has_no_answer(tmp_path: Path) -> None:
    follow.Recorder(tmp_path / "empty.follow").close()
    with pytest.raises(follow.FollowError, match="holds no events"):
        follow.load(tmp_path / "empty.follow").why("x")


def test_the_explorer_is_not_imported_before_it_is_asked() -> None:
    code = "import sys, follow; print([name for name in sys.modules if name.startswith('follow.explore')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
