"""The pytest plugin, in child processes that run a small project's tests."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

import follow
from follow.testing.selection import TestSelection, packages_of

from .support import outcome

PACKAGE = """
def mean(values):
    total = 0
    for value in values:
        total += value
    return total / (len(values) - 1)
"""
TESTS = """
import pytest
from shop import stats

def check(found, wanted):
    assert found == wanted, "as computed by hand"

class TestMean:
    def test_two(self):
        found = stats.mean([2, 4])
        assert found == 3

    def test_helper(self):
        check(stats.mean([0, 0]), 0)

def test_fails_in_helper():
    check(stats.mean([1, 1, 1]), 1)

@pytest.fixture
def prepared():
    data = [1]
    yield stats.mean(data)

@pytest.fixture
def cleared():
    data = [7]
    yield
    stats.mean(data)

def test_setup(prepared):
    pass

def test_teardown(cleared):
    pass
"""
HEADER = "follow: last statements"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "shop").mkdir()
    (tmp_path / "shop/__init__.py").touch()
    (tmp_path / "shop/stats.py").write_text(PACKAGE)
    (tmp_path / "tests").mkdir()
    (tmp_path / "tests/test_stats.py").write_text(TESTS)
    (tmp_path / "pytest.ini").write_text("[pytest]\npythonpath = .\n")
    return tmp_path


def run(project: Path, *arguments: str, **environment: str) -> str:
    """What pytest prints; the places of objects in memory left out."""
    env = {k: v for k, v in os.environ.items() if not k.startswith(("FOLLOW", "PYTEST", "COV_", "COVERAGE"))}
    plugins = ["-p", "no:cacheprovider", "-p", "no:hypothesispytest"]  # the latter takes long to import
    command = [sys.executable, "-m", "pytest", *plugins, "--color=no", *arguments]
    done = subprocess.run(command, cwd=project, env=env | environment, capture_output=True, text=True)
    assert "INTERNALERROR" not in done.stdout, done.stdout
    return re.sub(r"0x[0-9a-f]+", "0x", done.stdout + done.stderr)


def sections(output: str, title: str = HEADER) -> dict[str, list[str]]:
    """By a test's name the lines of its section."""
    found: dict[str, list[str]] = {}
    test, inside = "", False
    for line in output.splitlines():
        heading = re.fullmatch(r"_+ (?:ERROR at \w+ of |ERROR collecting )?(.+?) _+", line)
        if heading or re.fullmatch(r"[-=]+ .* [-=]+", line):
            test = heading.group(1) if heading else test
            inside = line.strip("- ") == title
        elif inside:
            found.setdefault(test, []).append(" ".join(line.split()))
    return found


def without_sections(output: str) -> list[str]:
    """What pytest prints without the plugin: no section of follow, no times."""
    lines, inside = [], False
    for line in output.splitlines():
        if re.fullmatch(r"[-=_]+ .* [-=_]+", line):
            inside = "follow" in line
        if not inside and not line.startswith("follow:"):
            lines.append(re.sub(r" in [\d.]+s.*", "", line))
    return lines


def test_a_failing_test_shows_its_last_statements(project: Path) -> None:
    output = run(project, "--follow-on-failure")
    found = sections(output)
    assert sections(run(project, "--follow-on-failure")) == found  # now from the cache
    assert found["TestMean.test_two"] == [
        "tests/test_stats.py:9 TestMean.test_two(…) # self=<TestMean>",
        "shop/stats.py:2 mean(…) # values=[2, 4]",
        "shop/stats.py:3 total = 0 # total=0",
        "shop/stats.py:4 for value in values: # value=2",
        "shop/stats.py:5 total += value # total=2",
        "shop/stats.py:4 for value in values: # value=4",
        "shop/stats.py:5 total += value # total=6",
        "shop/stats.py:4 for value in values:",
        "shop/stats.py:6 return total / (len(values) - 1) → 6.0",
        "tests/test_stats.py:10 found = stats.mean([2, 4]) # found=6.0",
        "tests/test_stats.py:11 assert found == 3 !! AssertionError: assert 6.0 == 3",
    ]
    assert found["test_fails_in_helper"][-2:] == [
        'tests/test_stats.py:6 assert found == wanted, "as computed by hand" !! AssertionError: as computed by hand',
        "tests/test_stats.py:17 check(stats.mean([1, 1, 1]), 1) !! AssertionError: as computed by hand",
    ]
    assert "TestMean.test_helper" not in found
    indents = [
        re.search(r"\s+", line).group() for line in output.splitlines() if "total += value" in line and "#" in line
    ]
    assert indents and all(len(indent) > 2 for indent in indents)


def test_failures_of_fixtures(project: Path) -> None:
    (project / "tests/conftest.py").write_text(
        "import pytest\n\n@pytest.fixture(autouse=True)\ndef around():\n    level = 1\n    yield level\n"
    )
    found = sections(run(project, "--follow-on-failure"))
    assert all("tests/conftest.py:5 level = 1 # level=1" in lines for lines in found.values())
    assert found["test_setup"][-1] == (
        "tests/test_stats.py:22 yield stats.mean(data) !! ZeroDivisionError: division by zero"
    )
    assert "shop/stats.py:2 mean(…) # values=[1]" in found["test_setup"]
    failed = "tests/test_stats.py:28 stats.mean(data) !! ZeroDivisionError: division by zero"
    assert found["test_teardown"][-2:] == [failed, "tests/conftest.py:6 yield level"]
    assert not any("values=[1]" in line for line in found["test_teardown"])


@pytest.mark.parametrize("mode", [(), ("--assert=plain",), ("--import-mode=importlib",)])
def test_everything_else_is_as_in_a_plain_run(project: Path, mode: tuple[str, ...]) -> None:
    plain, followed = run(project, *mode), run(project, "--follow-on-failure", *mode)
    assert without_sections(followed) == without_sections(plain)
    assert len(sections(followed)) == 4


def test_explanations_look_through_the_probes(project: Path) -> None:
    (project / "tests/test_stats.py").write_text(
        "import threading\nfrom shop import stats\n\ndef double(n):\n    return 2 * n\n\n"
        "def test_call():\n    assert double(3) == (lambda: 7)()\n\n"
        "def test_walrus():\n    assert (n := double(1)) == 3 and n\n\n"
        "def test_thread():\n    assert threading.Thread(target=double).name == 'x'\n"
    )
    (project / "pyproject.toml").write_text("[tool.follow]\nfollow_function_calls = true\n")
    plain, followed = run(project), run(project, "--follow-on-failure")
    assert without_sections(followed) == without_sections(plain)
    assert len(sections(followed)) == 3


def test_few_statements_of_many(project: Path) -> None:
    (project / "tests/test_stats.py").write_text(
        "from shop import stats\n\ndef deep(n):\n    assert n, 'at the end'\n    deep(n - 1)\n\n"
        "def test_it():\n    for i in range(20_000):\n        j = i\n    deep(5)\n"
    )
    found = sections(run(project, "--follow-on-failure", "--follow-last=9"))["test_it"]
    assert len(found) == 10 and "--follow-last" in found[0]
    assert found[-7] == "tests/test_stats.py:4 assert n, 'at the end' !! AssertionError: at the end"
    assert "follow-last" in run(project, "--follow-on-failure", "--follow-last=0")
    assert "--follow-last needs" in run(project, "--follow-last=3")


def test_what_is_shown_is_chosen(project: Path) -> None:
    (project / "tests" / "test_shop.py").write_text(
        "from shop import stats\n\ndef test_it():\n    for i in range(20):\n        j = i\n    assert j == 3\n"
    )
    chosen = ("--follow-loop-limit=first=1,last=1", "--follow-watch=i + j", "--follow-watch=f(1, 2)")
    found = sections(run(project, "--follow-on-failure", *chosen))["test_it"]
    assert any("… 18 iterations left out" in line for line in found) and any("i + j=38" in line for line in found)
    assert "--follow-watch needs" in run(project, "--follow-watch=x")
    assert "FollowConfig.watch: 'x =' is not an expression" in run(project, "--follow", "--follow-watch=x =")
    assert "'few' is no number of iterations" in run(project, "--follow", "--follow-loop-limit=few")


def test_captured_like_a_log(project: Path) -> None:
    output = run(project, "--follow", "-rP")
    call = sections(output, "Captured follow call")
    assert set(call) == {"TestMean.test_two", "TestMean.test_helper", "test_fails_in_helper"}
    assert all(line.startswith("shop/stats.py") for lines in call.values() for line in lines)  # no tests
    assert sections(output, "Captured follow setup")["test_setup"][0] == "shop/stats.py:2 mean(…) # values=[1]"
    assert sections(output, "Captured follow teardown")["test_teardown"][-1].endswith(
        "ZeroDivisionError: division by zero"
    )
    assert "follow: shop\n" in output
    assert "TestMean.test_helper" not in sections(run(project, "--follow"), "Captured follow call")


def test_patterns_and_settings(project: Path) -> None:
    both = sections(run(project, "--follow=json,tests.*,test_stats", "--follow=shop.stats"), "Captured follow call")
    assert {line.split(":")[0] for line in both["TestMean.test_two"]} == {"shop/stats.py", "tests/test_stats.py"}
    (project / "pyproject.toml").write_text('[tool.follow]\ninclude = ["nothing"]\n')
    assert not sections(run(project, "--follow"), "Captured follow call")
    (project / "pyproject.toml").write_text('[tool.follow]\nexclude = ["test_stats"]\nfollow_for_loops = false\n')
    found = sections(run(project, "--follow-on-failure"))["TestMean.test_two"]
    assert not any("for value" in line or "test_stats" in line for line in found)
    (project / "pyproject.toml").write_text("[tool.follow]\nfollow_loops = false\n")
    assert "tool.follow.follow_loops is not known" in run(project, "--follow")


def test_options_that_are_of_no_use(project: Path) -> None:
    assert "put --follow after the paths" in run(project, "--follow", "tests")
    assert "names no module" in run(project, "--follow=tests/test_stats.py")
    assert "cannot be written" in run(project, "--follow-output=nowhere/run.follow")


def test_switched_off(project: Path) -> None:
    assert not sections(run(project, "--follow-on-failure", FOLLOW_DISABLED="1"))
    assert "unrecognized arguments: --follow-on-failure" in run(project, "-p", "no:follow", "--follow-on-failure")


def test_a_module_that_cannot_be_imported(project: Path) -> None:
    (project / "tests/test_stats.py").write_text("from shop import stats\nWANTED = stats.mean([3])\n")
    found = sections(run(project, "--follow-on-failure"))["tests/test_stats.py"]
    assert "shop/stats.py:5 total += value # total=3" in found
    assert found[-1] == "tests/test_stats.py:2 WANTED = stats.mean([3]) !! ZeroDivisionError: division by zero"


def test_a_module_that_cannot_be_followed_stops_nothing(project: Path) -> None:
    (project / "refusing.py").write_text(
        "import libcst\nparse = libcst.parse_module\n"  # an older libcst refuses newer syntax
        "libcst.parse_module = lambda text: parse('(x): int = 1' if 'def mean' in text else text)\n"
    )
    options = ("-p", "refusing", "--follow-on-failure", "-k", "test_two")
    output = run(project, *options)
    assert "The module shop.stats is not followed" in output  # in pytest's summary of warnings
    found = sections(output)["TestMean.test_two"]
    assert sections(run(project, *options, "-W", "error"))["TestMean.test_two"] == found
    assert not any("shop" in line for line in found)
    assert found[-1].endswith("AssertionError: assert 6.0 == 3")


def test_doctests(project: Path) -> None:
    (project / "shop/stats.py").write_text(
        PACKAGE.replace("    total = 0", '    """>>> mean([2, 4])\n    3.0\n    """\n    total = 0')
    )
    output = run(project, "--follow-on-failure", "--doctest-modules", "shop")
    found = sections(output)["[doctest] shop.stats.mean"]
    assert "Got:" in output and found[-1] == "shop/stats.py:9 return total / (len(values) - 1) → 6.0"


def test_marker(project: Path) -> None:
    (project / "tests/test_stats.py").write_text(
        "import functools, pytest\nfrom shop import stats\n\n"
        "def wrapped(f):\n    @functools.wraps(f)\n    def inner(*a):\n        return f(*a)\n    return inner\n\n"
        "@pytest.mark.follow\n@wrapped\ndef test_one():\n    n = 1\n    assert n == 2\n\n"
        "@pytest.mark.follow(follow_function_calls=True)\nclass TestAll:\n    def test_two(self):\n        assert stats.mean([1, 2]) == 3\n\n"
        "@pytest.mark.follow(speed=3)\ndef test_wrong():\n    pass\n\n"
        "def test_unmarked():\n    assert not 5\n"
    )
    output = run(project, "-rP", "--strict-markers")
    found = sections(output, "Captured follow call")
    assert found["test_one"][1:] == [
        "tests/test_stats.py:13 n = 1 # n=1",
        "tests/test_stats.py:14 assert n == 2 !! AssertionError: assert 1 == 2",
    ]
    assert "shop/stats.py:5 total += value # total=3" in found["TestAll.test_two"]
    assert set(found) == {"test_one", "TestAll.test_two"}
    assert "The marker follow of tests/test_stats.py::test_wrong is of no use" in output
    captured = sections(run(project, "-rP", "--follow"), "Captured follow call")
    assert captured["test_one"] == found["test_one"]
    both = run(project, "-rP", "--follow-on-failure")
    assert sections(both)["test_one"][-3:-1] == found["test_one"][1:]


def test_recorder_fixture(project: Path) -> None:
    (project / "tests/test_stats.py").write_text(
        "import follow\nfrom shop import stats\n\n"
        "def test_loop(follow_recorder):\n    with follow.instrument(stats.mean, follower=follow_recorder):\n"
        "        stats.mean([1, 2])\n    stats.mean([1, 2])\n"
        "    assert [r['instruction'] for r in follow_recorder.records()].count('total += value') == 2\n"
    )
    assert "1 passed" in run(project)


def test_trace_files_and_xdist(project: Path) -> None:
    alone = run(project, "--follow-output=run.follow", "--follow-on-failure")
    instructions = [record["instruction"] for record in follow.load(project / "run.follow").records()]
    assert instructions.count("total += value") == 9
    assert instructions.count("def mean(values):") == 1  # what was imported is in it as well
    (project / "run.follow").unlink()
    output = run(project, "-n", "2", "--follow-on-failure", "--follow-output=run.follow")  # pytest-xdist
    assert len(sections(output)) == 4 and sections(output) == sections(alone)
    names = sorted(path.name for path in project.glob("run*"))
    assert names == ["run.gw0.follow", "run.gw1.follow"]
    records = [record for name in names for record in follow.load(project / name).records()]
    assert [record["instruction"] for record in records].count("total += value") == 9


def test_coverage(project: Path) -> None:
    (project / ".coveragerc").write_text("[run]\nbranch = True\n")
    measured = []
    for options in ((), ("--follow-on-failure", "-n", "2")):
        run(project, "--cov=shop", "--cov=tests", "--cov-report=json", "--cov-report=", *options)
        files = json.loads((project / "coverage.json").read_text())["files"]
        measured.append({name: (file["executed_lines"], file["missing_branches"]) for name, file in files.items()})
    assert measured[0] == measured[1]
    assert len(measured[0]["tests/test_stats.py"][0]) > 20


def test_pytest_leaves_follow_itself_alone(project: Path) -> None:
    """It rewrites and warns of modules that come with an installed plugin; that is what this distribution says it is."""
    (project / "pretends.py").write_text(
        "from _pytest.assertion import register_assert_rewrite\nregister_assert_rewrite('follow')\n"
    )
    (project / "tests/test_stats.py").write_text(
        "import follow.config\n\ndef test_it():\n    assert 'Rewriting' not in type(follow.config.__loader__).__name__\n"
    )
    assert "1 passed" in run(project, "-p", "pretends", "-W", "error")
    assert "1 passed" in run(project, "-p", "pretends", "-W", "error", FOLLOW="nothing")


def test_nothing_is_imported_that_is_not_asked_for(project: Path) -> None:
    (project / "tests/test_stats.py").write_text(
        "import sys\n\ndef test_it():\n    assert '_follow_pytest' in sys.modules\n"
        "    assert not [name for name in sys.modules if name.split('.')[0] in ('follow', 'libcst', 'msgpack')]\n"
    )
    assert "1 passed" in run(project)


def test_which_modules_are_a_projects_own(tmp_path: Path) -> None:
    for name in ("src/shop/__init__.py", "src/single.py", "tests/__init__.py", "test_top.py", "setup.py", "data/x.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert packages_of(str(tmp_path)) == ("shop", "single")

    def spec(file: str) -> ModuleSpec:
        return ModuleSpec("name", None, origin=file)

    own, library = str(tmp_path / "src/shop/a.py"), json.__file__
    installed = str(Path(pytest.__file__).parent.parent / "shop/a.py")
    inside = str(tmp_path / "tests/helpers.py")
    for tests in (False, True):
        select = TestSelection((), ("shop.vendored",), str(tmp_path), ["test_*.py"], tests=tests)
        assert select("shop.a", None) and select("shop.a", spec(own)) and select("shop.a", spec(installed))
        assert not select("shop.vendored.b", spec(own)) and not select("json", spec(library))
        assert not select("follow.config", spec(own)) and not select("built", spec("built-in"))
        assert select("tests.helpers", spec(inside)) is tests
        assert select("test_top", spec(str(tmp_path / "test_top.py"))) is tests
    named = TestSelection(("shop.a",), (), str(tmp_path), ["test_*.py"], tests=False)
    assert named("shop.a", spec(own)) and not named("shop.b", None) and not named("test_top", None)


def checked(n: int) -> int:
    double = 2 * n
    assert double == (lambda: 4)(), f"of {n}"
    return double


@pytest.mark.parametrize("recording", [False, True])
def test_a_function_whose_asserts_pytest_has_rewritten(recording: bool) -> None:
    recorder = follow.Recorder()
    records: list[dict[str, object]] = []
    followed = follow.follow(checked, recorder if recording else records.append)
    assert outcome(followed, 2) == outcome(checked, 2) == ("returned", 4)
    plain, twin = (re.sub("0x[0-9a-f]+", "0x", repr(outcome(function, 3))) for function in (checked, followed))
    assert twin == plain  # but for where the lambda is in memory
    told = recorder.records() if recording else records
    assert [record["instruction"] for record in told[-3:]] == ["double = 2 * n", "4", told[-1]["instruction"]]
    assert str(told[-1]["exception"]).startswith("AssertionError: of 3")
