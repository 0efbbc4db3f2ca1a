"""The followed program is not disturbed: traces, tracebacks, source, debugger, coverage, locals, objects."""

from __future__ import annotations

import inspect
import io
import pdb
import pickle
import sys
import traceback
import weakref
from pathlib import Path
from typing import Any

import coverage
import pytest

from follow import follow

from . import support
from .support import define, lines_of

SAMPLE = Path(__file__).parent / "sample.py"


def discard(record: object) -> None:
    pass


def load_sample() -> dict[str, Any]:
    namespace: dict[str, Any] = {"__name__": "tests.sample", "__file__": str(SAMPLE)}
    exec(compile(SAMPLE.read_text(), str(SAMPLE), "exec"), namespace)
    return namespace


def test_no_trace_profile_or_monitoring_hook_is_set() -> None:
    seen: list[object] = []

    def look(record: object) -> None:
        seen.append((sys.gettrace(), sys.getprofile()))
        if sys.version_info >= (3, 12):
            seen.append([sys.monitoring.get_tool(number) for number in range(6)])

    before = (sys.gettrace(), sys.getprofile())
    tools = [sys.monitoring.get_tool(n) for n in range(6)] if sys.version_info >= (3, 12) else None
    follow(define("def f():\n    a = 1\n    return a\n"), look)()
    assert seen and all(entry == before or entry == tools for entry in seen)


def test_a_traceback_is_the_originals() -> None:
    def shown(function: Any) -> list[str]:
        try:
            function(3)
        except KeyError as error:
            return traceback.format_exception(error)[2:]
        raise AssertionError

    original = load_sample()["deep"]
    assert shown(follow(original, discard)) == shown(original)


def test_inspect_gives_the_original() -> None:
    sample = load_sample()
    for name in ("walk", "deep", "counter", "agent"):
        original = sample[name]
        twin = follow(original, discard)
        assert inspect.getsource(twin) == inspect.getsource(original)
        assert inspect.signature(twin) == inspect.signature(original)
        assert inspect.getdoc(twin) == inspect.getdoc(original)
        assert inspect.isgeneratorfunction(twin) == inspect.isgeneratorfunction(original)
        assert inspect.iscoroutinefunction(twin) == inspect.iscoroutinefunction(original)
        assert (twin.__qualname__, twin.__module__) == (original.__qualname__, original.__module__)
        assert twin.__code__ is not original.__code__


@pytest.mark.parametrize("name", ["walk", "branches", "suites"])
def test_a_debugger_sees_the_lines_of_the_original(name: str) -> None:
    original = load_sample()[name]
    assert lines_of(follow(original, discard), 3) == lines_of(original, 3)


def test_pdb_stops_at_original_lines() -> None:
    def session(function: Any) -> list[str]:
        out = io.StringIO()
        debugger = pdb.Pdb(stdin=io.StringIO("n\n" * 12 + "w\nc\n"), stdout=out, nosigint=True, readrc=False)
        debugger.rcLines = []
        debugger.use_rawinput = False
        debugger.set_break(str(SAMPLE), function.__code__.co_firstlineno + 2)
        before = sys.gettrace()
        try:
            debugger.runcall(function, 2)
        finally:
            sys.settrace(before)
        return [line for line in out.getvalue().splitlines() if "sample.py" in line or line.startswith("->")]

    original = load_sample()["branches"]
    plain = session(original)
    assert len(plain) > 10
    assert session(follow(original, discard)) == plain


@pytest.mark.parametrize("branch", [False, True])
def test_coverage_of_a_followed_function_equals_the_plain_ones(branch: bool) -> None:
    def measured(followed: bool) -> Any:
        sample = load_sample()
        functions = [sample[name] for name in ("walk", "branches", "suites", "counter")]
        if followed:
            functions = [follow(function, discard) for function in functions]
        cover = coverage.Coverage(data_file=None, branch=branch, include=[str(SAMPLE)], config_file=False)
        previous = sys.gettrace()
        cover.start()
        try:
            for function in functions:
                for n in (0, 2, 3):
                    list(function(n) or ())
        finally:
            cover.stop()
            sys.settrace(previous)
        data = cover.get_data()
        return sorted(data.arcs(str(SAMPLE)) if branch else data.lines(str(SAMPLE)))  # type: ignore[arg-type]

    assert measured(True) == measured(False)


def test_locals_vars_and_dir_show_nothing_of_follow() -> None:
    source = "def f(a):\n    b = a\n    return dict(locals()), dict(vars()), dir(), [sorted(locals()) for b in 'x']\n"
    function = define(source)
    assert follow(function, discard)(1) == function(1)


def test_locals_keeps_giving_the_same_dict() -> None:
    source = "def f(a):\n    d = locals()\n    d['new'] = 1\n    try:\n        1 / 0\n    except ZeroDivisionError:\n        pass\n    return sorted(d), d is locals()\n"
    function = define(source)
    assert follow(function, discard)(1) == function(1)


@pytest.mark.parametrize(
    "body",
    ["exec('x = 1'); return locals", "return eval('sorted(locals())')", "return sorted(sys._getframe().f_locals)"],
)
def test_readers_of_the_frame_see_no_entry_of_follow(body: str) -> None:
    function = define(f"import sys\ndef f(a):\n    {body}\n")
    assert follow(function, discard)(1) == function(1)


def test_objects_die_when_they_would() -> None:
    source = (
        "def f(C, ref):\n    x = C()\n    w = ref(x)\n    if w():\n        y = x\n    del x\n    del y\n    first = w() is None\n"
        "    z = C()\n    w = ref(z)\n    try:\n        raise ValueError(z)\n    except ValueError as e:\n        pass\n"
        "    z = None\n    return first, w() is None\n"
    )

    class C:
        pass

    function = define(source)
    assert follow(function, discard)(C, weakref.ref) == function(C, weakref.ref) == (True, True)


def test_a_twin_shares_globals_cells_and_attributes() -> None:
    source = "def make():\n    n = 0\n    def f(a, *, b=2):\n        nonlocal n\n        n += 1\n        return n\n    def other(): return n\n    f.mark = 1\n    return f, other\n"
    original, other = define(source, "make")()
    twin = follow(original, discard)
    assert (twin(1), other(), original(1), other()) == (1, 1, 2, 2)
    assert twin.__closure__ == original.__closure__ and twin.__globals__ is original.__globals__
    assert (twin.mark, twin.__kwdefaults__, twin.__annotations__) == (1, {"b": 2}, original.__annotations__)


def test_the_original_stays_as_it_was() -> None:
    function = define("def f():\n    return 1\n")
    code = function.__code__
    records: list[object] = []
    follow(function, records.append)
    assert function() == 1 and function.__code__ is code and records == []


def test_generators_and_coroutines_are_the_rewritten_functions_themselves() -> None:
    source = "def f():\n    got = []\n    try:\n        while True:\n            got.append((yield len(got)))\n    finally:\n        got.append('closed')\n"
    for make in (define(source), follow(define(source), discard)):
        generator = make()
        assert inspect.isgenerator(generator)
        assert [next(generator), generator.send("a"), generator.send("b")] == [0, 1, 2]
        with pytest.raises(KeyError):
            generator.throw(KeyError("k"))


def test_a_followed_function_pickles_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    twin = follow(define, discard)
    monkeypatch.setattr(support, "define", twin)
    assert pickle.loads(pickle.dumps(twin)) is twin


def test_warnings_are_given_once_only(recwarn: pytest.WarningsRecorder) -> None:
    function = define("def f(a):\n    return a == 1 and 'x\\d' != 3\n")
    del recwarn.list[:]
    follow(function, discard)(1)
    assert [str(w.message) for w in recwarn.list] == []


@pytest.mark.dicts
def test_a_bare_raise_at_the_end_of_the_stack_keeps_its_exception() -> None:
    source = "def f(n):\n    if n: return f(n - 1)\n    try: {}['k']\n    except KeyError: raise\n"

    def endings(function: Any) -> list[str]:
        found = []
        for n in range(limit - 60, limit):
            try:
                function(n)
            except (KeyError, RecursionError) as error:
                found.append(type(error).__name__)
        return found

    depth, frame = 0, inspect.currentframe()
    while frame is not None:
        depth, frame = depth + 1, frame.f_back
    limit = sys.getrecursionlimit() - depth + 20
    plain = define(source)
    expected = endings(plain)
    assert {"KeyError", "RecursionError"} == set(expected)
    plain.__globals__["f"] = twin = follow(plain, discard)
    # The RecursionError may come one frame earlier, and nothing else may change.
    earlier = expected.count("KeyError") - endings(twin).count("KeyError")
    assert 0 <= earlier <= 1


@pytest.mark.dicts
def test_a_recursion_error_comes_at_most_one_frame_earlier() -> None:
    source = "def f(n):\n    depth[0] = n\n    f(n + 1)\n"

    def deepest(function: Any, namespace: dict[str, Any]) -> int:
        with pytest.raises(RecursionError):
            function(0)
        return int(namespace["depth"][0])

    plain = define(source, depth=[0])
    reached = deepest(plain, plain.__globals__)
    twin = follow(plain, discard)
    plain.__globals__["f"] = twin
    # One frame for the probe that cannot be called any more.
    assert reached - deepest(twin, plain.__globals__) <= 1
