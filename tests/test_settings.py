"""``FOLLOW=``, ``FOLLOW_OUTPUT`` and ``[tool.follow]``: what they switch on, and what they say when they are wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from follow import SECRETS, FollowError, LoopLimit
from follow.settings import Settings, read_settings

from .support import without_progress

ROOT = Path(__file__).parent.parent
START = (ROOT / "follow" / "python_follow.pth").read_text()
MAIN = "import shop.cart, subprocess, sys\nprint('total', shop.cart.total([1, 2]))\n"
CHILD = (
    "if len(sys.argv) > 1:\n    subprocess.run([sys.executable, '-c', 'import site_start, shop.cart'], check=True)\n"
)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop" / "__init__.py").write_text("")
    (tmp_path / "shop" / "cart.py").write_text("def total(prices):\n    result = sum(prices)\n    return result\n")
    (tmp_path / "main.py").write_text("import site_start\n" + MAIN + CHILD)
    # What site does with the .pth file when follow is installed.
    (tmp_path / "site_start.py").write_text(START)
    return tmp_path


def python(project: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("FOLLOW")}
    inherited["PYTHONPATH"] = f"{project}{os.pathsep}{ROOT}"
    inherited["COLUMNS"] = "120"
    command = [sys.executable, *arguments]
    done = subprocess.run(
        command, cwd=project, env={**inherited, **environment}, capture_output=True, text=True, check=False
    )
    return without_progress(done)


def test_without_it_nothing_is_even_imported(project: Path) -> None:
    done = python(project, "-c", "import site_start, sys; print('follow' in sys.modules)")
    assert (done.stdout, done.stderr) == ("False\n", "")


def test_modules_named_in_the_environment_are_followed(project: Path) -> None:
    plain, followed = python(project, "main.py"), python(project, "main.py", FOLLOW="shop.*, other")
    assert followed.stdout == plain.stdout == "total 3\n" and plain.stderr == ""
    assert "cart.py:2 " in followed.stderr and "result = sum(prices)" in followed.stderr
    assert python(project, "main.py", FOLLOW="shop", FOLLOW_DISABLED="1").stderr == ""
    assert python(project, "-E", "main.py", FOLLOW="shop").stderr == ""
    for off in ("0", "off", ""):
        assert python(project, "main.py", FOLLOW=off).stderr == ""


def test_the_output_goes_where_it_is_said(project: Path) -> None:
    done = python(project, "main.py", "child", FOLLOW="shop", FOLLOW_OUTPUT=str(project / "out.txt"))
    assert done.stderr == "" and done.returncode == 0
    text = (project / "out.txt").read_text()
    assert text.count("result = sum(prices)") == 1 and text.count("def total") == 1
    (other,) = project.glob("out.txt.*.*")
    assert "def total" in other.read_text() and "result" not in other.read_text(), "the child process has its own"


def test_the_project_file_holds_the_same_settings(project: Path) -> None:
    (project / "pyproject.toml").write_text(
        "[tool.follow]\ninclude = ['shop']\noutput = 'log.txt'\nfollow_variable_set = false\nfields = ['kind']\n"
    )
    (project / "deeper").mkdir()
    settings = read_settings(str(project / "deeper"))
    assert settings.include == ("shop",) and settings.output == str(project / "log.txt")
    assert not settings.config.follow_variable_set and settings.config.fields == ("kind",)
    done = python(project, "main.py", FOLLOW="1")
    assert done.stdout == "total 3\n" and done.stderr == ""
    text = (project / "log.txt").read_text()
    assert "return result" in text and "result = sum" not in text
    (project / "log.txt").unlink()
    assert python(project, "-m", "follow", "run", "main.py").stdout == "total 3\n"
    text = (project / "log.txt").read_text()
    assert "return result" in text and "result = sum" not in text


def test_secrets_are_hidden_by_one_word(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.follow]\nredact = true\n")
    assert read_settings(str(project)).config.redact == SECRETS
    (project / "pyproject.toml").write_text("[tool.follow]\nredact = ['pan']\n")
    assert read_settings(str(project)).config.redact == ("pan",)


def test_what_is_shown_is_chosen_in_the_project_file_and_on_the_command_line(project: Path) -> None:
    (project / "pyproject.toml").write_text(
        "[tool.follow]\nwatch = ['result * 2']\nloop_limit = {first = 2, last = 1}\nexclude_vars = ['pri*']\n"
        "include_vars = ['r*', 'p*', 'n']\nexplode = ['prices']\n"
    )
    config = read_settings(str(project)).config
    assert config.loop_limit == LoopLimit(first=2, last=1) and config.explode == ("prices",)
    assert (config.watch, config.include, config.exclude) == (("result * 2",), ("r*", "p*", "n"), ("pri*",))
    (project / "shop" / "cart.py").write_text(
        "def total(prices):\n    for n in range(9):\n        result = n\n    result = sum(prices)\n    return result\n"
    )
    done = python(project, "main.py", "child", FOLLOW="shop")
    for told in ("… 6 iterations left out", "prices[1] = 2", "result * 2 = 16 → 6", "n = 1 → 8"):
        assert told in done.stderr, told
    assert "prices=" not in done.stderr and "prices = " not in done.stderr
    chosen = ("--loop-limit", "1", "--watch", "result + 1", "--watch", "n", "--exclude-vars", "n", "--explode", "q")
    done = python(project, "-m", "follow", "run", *chosen, "main.py")
    assert done.stdout == "total 3\n" and "… 8 iterations left out" in done.stderr
    assert "result + 1 = 9 → 4" in done.stderr and "result * 2" not in done.stderr and "prices[0]" not in done.stderr
    for wrong, message in (
        (("--watch", "x ="), "FollowConfig.watch: 'x =' is not an expression"),
        (("--loop-limit", "few"), "'few' is no number of iterations"),
        (("--loop-limit", "least=3"), "FollowConfig.loop_limit: 'least' is none of first, last, every"),
    ):
        done = python(project, "-m", "follow", "run", *wrong, "main.py")
        assert (done.returncode, done.stdout) == (2, "") and message in done.stderr


def test_a_project_without_settings(project: Path) -> None:
    (project / "pyproject.toml").write_text("[tool.other]\n")
    assert read_settings(str(project)) == Settings()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tool.follow]\nfolow_prints = true\n", "tool.follow.folow_prints is not known; known are include"),
        ("[tool.follow]\ninclude = 'shop'\n", "tool.follow.include must be a list of module names, not 'shop'."),
        ("[tool.follow]\noutput = 3\n", "tool.follow.output must be the path of a file, not 3."),
        ("[tool.follow]\nmax_items = 0\n", "FollowConfig.max_items must be at least 1"),
        ("[tool.follow]\nwatch = ['a b']\n", "FollowConfig.watch: 'a b' is not an expression"),
        ("[tool]\nfollow = 1\n", "tool.follow must be a table of settings, not 1."),
        ("[tool.follow\n", "cannot be read"),
    ],
)
def test_wrong_settings_are_named_with_their_file(project: Path, text: str, words: str) -> None:
    (project / "pyproject.toml").write_text(text)
    with pytest.raises(FollowError) as caught:
        read_settings(str(project))
    assert words in str(caught.value) and str(project / "pyproject.toml") in str(caught.value)
    done = python(project, "main.py", FOLLOW="shop")
    assert done.stdout == "total 3\n" and "Nothing is followed" in done.stderr
    done = python(project, "-m", "follow", "run", "main.py")
    assert done.returncode == 1 and words in done.stderr and "Traceback" not in done.stderr


def test_a_name_for_nothing(project: Path) -> None:
    done = python(project, "main.py", FOLLOW="1")
    assert done.stdout == "total 3\n" and "FOLLOW=1 names no module" in done.stderr
