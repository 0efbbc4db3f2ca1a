"""The command line, as a user calls it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from follow.cli import main


def run(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)}
    command = [sys.executable, "-m", "follow", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=cwd, env=environment, timeout=60)


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
