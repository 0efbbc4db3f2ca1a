"""Guarantees 1 to 8: the followed program is not disturbed."""

from __future__ import annotations

import gc
import logging
import os
import signal
import sys
import threading
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from follow import FollowConfig, FollowerWarning, Recorder, asking, follow, install_import_hook, instrument, load, pace

from ..support import define
from .children import run

PROGRAM = """\
import os, signal, sys, warnings

def work(n):
    total = 0
    for i in range(n):
        total += i
    warnings.warn("a warning")
    return total

def end(how):
    print(how, work(5), flush=True)
    if how == "raise":
        return [1, 2][work(3)]
    if how == "exit":
        sys.exit(3)
    if how in ("SIGTERM", "SIGINT", "SIGABRT"):
        os.kill(os.getpid(), getattr(signal, how))
    if how == "os._exit":
        os._exit(4)
    if how == "stdout":
        os.close(1)
        sys.stdout = None
        print("nobody reads this")

if __name__ == "__main__":
    end(sys.argv[1])
"""


@pytest.mark.parametrize("how", ["normal", "raise", "exit", "SIGTERM", "SIGINT", "SIGABRT", "os._exit", "stdout"])
def test_01_a_program_ends_as_it_would(how: str, tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    recorded = ["-m", "follow", "run", "-o", "run.follow", "--durability", "event", "program.py", how]
    plain, followed = run(tmp_path, ["program.py", how], recorded)
    assert followed == plain
    assert "a warning" in plain[2]
    instructions = [record["instruction"] for record in load(tmp_path / "run.follow").records()]
    assert instructions.count("total += i") == (8 if how == "raise" else 5)


def test_01_without_an_output_or_with_a_broken_one(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    (tmp_path / "start.py").write_text(
        "import os, sys\nfor number in (1, 2): os.close(number)\nos.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
    )
    into_pipe = "import subprocess, sys; p = subprocess.Popen([sys.executable, *sys.argv[1:]], stderr=subprocess.PIPE); p.stderr.read(10); p.stderr.close(); sys.exit(p.wait())"
    follow_it = ["-m", "follow", "run", "program.py", "exit"]
    closed, piped = run(tmp_path, ["start.py", *follow_it], ["-c", into_pipe, *follow_it])
    assert closed[0] == piped[0] == 3
    assert piped[1] == "exit 10\n"


class Boom:
    """A follower that fails in its own way at every record."""

    def __init__(self, error: BaseException | None) -> None:
        self.error = error
        self.calls = 0

    def __call__(self, record: dict[str, Any]) -> None:
        self.calls += 1
        if self.error is not None:
            raise self.error
        self(record)


SOURCE = "def f(n):\n    a = n\n    for i in range(3):\n        a += i\n    return a\n"


def test_02_a_follower_that_raises_is_switched_off_with_one_warning() -> None:
    first, second = Boom(ValueError("no")), Boom(OSError("neither"))
    records: list[Any] = []
    twin = follow(define(SOURCE), [first, records.append, second])
    with pytest.warns(FollowerWarning) as warned:
        assert twin(1) == twin(1) == 4
    assert (first.calls, second.calls, len(records)) == (1, 1, 18)
    assert ["ValueError" in str(one.message) for one in warned] == [True, False]
    with pytest.raises(ValueError, match="no"):
        follow(define(SOURCE), first, config=FollowConfig(on_follower_error="raise"))(1)


def test_02_what_is_no_exception_goes_through() -> None:
    for error in (KeyboardInterrupt(), SystemExit(3), GeneratorExit()):
        with pytest.raises(type(error)) as caught:
            follow(define(SOURCE), Boom(error))(1)
        assert caught.value is error


@pytest.mark.dicts
def test_02_a_warning_turned_into_an_error_does_not_reach_the_program(capsys: pytest.CaptureFixture[str]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert follow(define(SOURCE), Boom(ValueError("no")))(1) == 4
    assert "ValueError: no" in capsys.readouterr().err


@pytest.mark.dicts
def test_02_a_follower_that_hangs_can_be_interrupted() -> None:
    def interrupt(number: int, frame: object) -> None:
        raise TimeoutError("enough")

    hanging = threading.Event()
    twin = follow(define(SOURCE), lambda record: hanging.wait(60))
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        signal.setitimer(signal.ITIMER_REAL, 0.05)
        with pytest.warns(FollowerWarning, match="enough"):
            assert twin(1) == 4
    finally:
        signal.signal(signal.SIGALRM, before)


@pytest.mark.dicts
def test_02_a_follower_that_recurses_without_end_loses_its_records_only() -> None:
    follower = Boom(None)
    twin = follow(define(SOURCE), follower)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert twin(1) == 4
    assert follower.calls > 9 * 100  # it was not switched off


@pytest.mark.dicts
def test_03_followers_and_reprs_that_run_followed_code_make_no_records() -> None:
    records: list[dict[str, Any]] = []
    helper = follow(define("def helper(n):\n    m = n\n    return m\n", "helper"), records.append)

    class Shown:
        def __repr__(self) -> str:
            return f"Shown({helper(1)})"

    def show(record: dict[str, Any]) -> None:
        records.append({"function": repr([variable["val"] for variable in record["local_vars"]])})
        twin(Shown())

    twin = follow(define("def f(x):\n    y = x\n    return y\n"), show)
    twin(Shown())
    assert [record["function"] for record in records] == ["[Shown(1), Shown(1)]", "[]"]
    recorder = Recorder()
    follow(define("def f(x):\n    y = [x]\n    return y\n"), recorder)(Shown())
    assert len(records) == 2 and len(list(recorder.events())) == 3


@pytest.mark.dicts
def test_03_what_a_follower_runs_is_recorded_by_another_recorder_alone() -> None:
    other = Recorder()
    helper = follow(define("def helper(n):\n    m = n\n    return m\n", "helper"), other)
    records: list[dict[str, Any]] = []

    def show(record: dict[str, Any]) -> None:
        records.append(record)
        assert helper(len(records)) == len(records)

    assert follow(define("def f(x):\n    y = x\n    return y\n"), show)(1) == 1
    assert [record["instruction"] for record in records] == ["y = x", "return y"]
    shown = [variable["val"] for record in other.records() for variable in record["local_vars"]]
    assert {1, 2}.issubset(shown)


def test_03_a_predicate_that_runs_followed_code_makes_no_records() -> None:
    records: list[dict[str, Any]] = []
    recorder = Recorder()
    source = "def f(n):\n    m = n + 1\n    return m\n"
    for follower in (records.append, recorder):

        def wanted(record: dict[str, Any]) -> bool:
            return bool(twin(1) + 1)

        twin = follow(define(source), follower, config=FollowConfig(when=wanted))
        assert twin(5) == 6
    assert [record["instruction"] for record in records] == ["m = n + 1", "return m"]
    assert [record["instruction"] for record in recorder.records()] == ["m = n + 1", "return m"]


def test_03_an_object_that_tells_of_itself_by_followed_code_makes_no_records(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(asking, "SLOWEST", 1 << 60)

    class Shown:
        def __repr__(self) -> str:
            return f"Shown({twin(3)})"

    recorder = Recorder()
    twin = follow(define("def f(x):\n    y = x\n    return y\n"), recorder, config=FollowConfig(repr="user"))
    twin(Shown())
    found = recorder.records()
    assert [record["instruction"] for record in found] == ["y = x", "return y"]
    assert repr(found[0]["local_vars"][0]["val"]) == "Shown(3)"


@pytest.mark.dicts
def test_03_a_value_whose_repr_raises_is_shown_as_such(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    source = "def __init__(self, x):\n    y = [x]\n    self.x = y\n"

    class Unfinished:
        def __repr__(self) -> str:
            return f"Unfinished({self.x})"  # type: ignore[attr-defined]

    initialise = define(source, "__init__")
    logger = logging.getLogger("unfinished")
    with caplog.at_level(logging.INFO, logger="unfinished"):
        follow(initialise, [print, logger])(Unfinished(), 1)
    printed = capsys.readouterr().out.splitlines()
    assert [line[line.index("{") :] for line in caplog.text.splitlines()] == printed
    first, last = (line.partition("'local_vars': ")[2] for line in printed)
    assert first.startswith("[{'var': 'self', 'val': <repr raised AttributeError>, 'type': 'Unfinished'}, {'var': 'x'")
    assert last.startswith("[{'var': 'self', 'val': Unfinished([1]), 'type': 'Unfinished'}")


LOOKING = '''\
import inspect, pickle, sys, warnings
class Base:
    def who(self):
        return "base"
class C(Base):
    def look(self, a, *, b=2):
        """Doc."""
        n = a
        def inner():
            nonlocal n
            n += 1
            return n
        inner()
        found = [dict(locals()).keys(), vars().keys(), dir(), sorted(globals())]
        found += [super().who(), __class__.__name__, n, type(self).look.__qualname__]
        found += [[(f.function, f.lineno, f.code_context) for f in inspect.stack()[:2]]]
        warnings.warn("to the caller", stacklevel=2)
        warnings.warn("here")
        found += [inspect.signature(self.look), inspect.getsource(type(self).look), inspect.getdoc(self.look)]
        found += [inner.__closure__[0].cell_contents, inner.__code__.co_freevars, look(self)]
        return [list(part) if type(part).__name__ == "dict_keys" else part for part in found]
def look(thing):
    return type(thing).__mro__[1].__name__
def f():
    c = C()
    result = c.look(1)
    return result, pickle.loads(pickle.dumps([1, c.__dict__]))
'''


@pytest.mark.parametrize("recorded", [False, True])
def test_04_what_looks_at_the_code_sees_the_original(recorded: bool) -> None:
    def looked(followed: bool) -> list[Any]:
        f = define(LOOKING, __name__="looking")
        things = [f, f.__globals__["look"], f.__globals__["C"]]
        cells = [cell for thing in things[:2] for cell in thing.__closure__ or ()]
        follower = Recorder() if recorded else [].append
        handles = [instrument(thing, follower=follower) for thing in things] if followed else []
        assert [cell for thing in things[:2] for cell in thing.__closure__ or ()] == cells
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            result = f()
        for handle in handles:
            handle.uninstall()
        shown = [(str(one.message), one.lineno) for one in warned]
        return [repr(result).replace(f.__code__.co_filename, "FILE"), shown]

    assert looked(True) == looked(False)


@pytest.mark.parametrize("recorded", [False, True])
def test_05_objects_die_when_they_would(recorded: bool) -> None:
    source = (
        "def f(C, died):\n    a = C('a')\n    b = [a, {'k': a}]\n    died.append('made')\n    a = None\n    b.pop()\n    b.clear()\n"
        "    died.append('cleared')\n    c = C('c')\n    try:\n        raise ValueError(c)\n    except ValueError as e:\n        c = e\n"
        "    c = None\n    died.append('raised')\n    d = lambda: C('d')\n    d()\n    died.append('called')\n    g = C('g')\n    return C('r')\n"
    )

    def deaths(followed: bool) -> list[str]:
        died: list[str] = []

        class C:
            def __init__(self, name: str) -> None:
                self.name = name

            def __del__(self) -> None:
                died.append(self.name)

        function = define(source)
        if followed:
            function = follow(function, Recorder() if recorded else lambda record: None)
        function(C, died)
        died.append("end")
        gc.collect()
        return died

    assert deaths(True) == deaths(False)


@pytest.mark.parametrize("detail", ["plain", "dataflow"])
def test_05_a_recorder_keeps_no_object_nor_its_type(detail: str, figure: Callable[[str], None]) -> None:
    recorder = Recorder(detail=detail)
    alive: list[weakref.ref[Any]] = []

    def make() -> Any:
        kind = type("Made", (), {})
        one = kind()
        alive.extend((weakref.ref(kind), weakref.ref(one)))
        return one

    function = follow(
        define("def f(make):\n    for i in range(50):\n        x = make()\n        y = [x, (x,)]\n    return\n"),
        recorder,
    )
    function(make)
    gc.collect()
    assert [reference() for reference in alive if reference() is not None] == []
    figure(f"{len(alive)} objects and types recorded, 0 kept")
    assert len(list(recorder.events())) > 100


def test_06_where_no_stack_is_left_nothing_is_looked_at_or_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pace, "MOST_UNSEEN", 0)  # each call looks whether there is something to write
    monkeypatch.setattr(pace, "FILE_AGE", 0)  # and there is
    source = "def f(n):\n    depth[0] = n\n    try:\n        f(n + 1)\n    finally:\n        x = n\n"
    plain = define(source, depth=[0])
    with pytest.raises(RecursionError):
        plain(0)
    reached = plain.__globals__["depth"][0]
    with Recorder(tmp_path / "deep.trace") as recorder:
        plain.__globals__["f"] = twin = follow(plain, recorder)
        with pytest.raises(RecursionError):
            twin(0)
        assert reached - plain.__globals__["depth"][0] <= 1
        assert not recorder._lock.locked() and not recorder._taking.locked()
    trace = load(tmp_path / "deep.trace")
    calls = sum(event.kind == "call" for event in trace.events)
    assert trace.problem is None and reached <= calls + 1


@pytest.mark.dicts
@pytest.mark.parametrize("recorded", [False, True])
def test_06_a_recursion_error_comes_one_frame_earlier_at_most(recorded: bool, figure: Callable[[str], None]) -> None:
    source = "def f(n):\n    depth[0] = n\n    try:\n        x = n\n    finally:\n        f(n + 1)\n"

    def deepest(function: Any, namespace: dict[str, Any]) -> int:
        with pytest.raises(RecursionError):
            function(0)
        return int(namespace["depth"][0])

    plain = define(source, depth=[0])
    reached = deepest(plain, plain.__globals__)
    plain.__globals__["f"] = twin = follow(plain, Recorder() if recorded else lambda record: None)
    lost = reached - deepest(twin, plain.__globals__)
    figure(f"{lost} frame(s) less")
    assert lost <= 1


@pytest.mark.dicts
@pytest.mark.parametrize("error", [MemoryError, RecursionError])
def test_06_follow_without_memory_or_stack_drops_a_record_and_nothing_else(error: type[Exception]) -> None:
    seen: list[str] = []

    def follower(record: dict[str, Any]) -> None:
        seen.append(record["instruction"])
        if len(seen) in (1, 4):
            raise error

    source = "def f(n):\n    a = n\n    try:\n        b = 1 / n\n    except ZeroDivisionError:\n        raise\n    return a\n"
    with pytest.raises(ZeroDivisionError):
        follow(define(source), follower)(0)
    assert seen == ["a = n", "try:", "b = 1 / n", "except ZeroDivisionError:", "raise"]


def test_06_a_function_of_twenty_blocks_is_followed_without_exceptions() -> None:
    depth = 20
    lines = [f"{'    ' * level}for i{level} in range(1):" for level in range(1, depth + 1)]
    source = "\n".join(["def f():", *lines, "    " * (depth + 1) + "x = 1", "    return x", ""])
    records: list[dict[str, Any]] = []
    for follower in (records.append, Recorder()):
        assert follow(define(source), follower)() == 1
    assert [record["instruction"] for record in records].count("x = 1") == 1


ENDING = """\
import atexit, sys, threading, time
from follow import Recorder, follow
follower = Recorder("end.follow") if sys.argv[1] == "recorded" else (lambda record: None)
if sys.argv[1] == "text":
    follower = "end.txt"
@follow(follower=follower)
class Kept:
    def __init__(self, other=None):
        self.other = other or self
    def __del__(self):
        x = [1, {2: 3}]
        for i in range(3):
            x.append(i)
        try:
            x[9]
        except IndexError as error:
            y = error
@follow(follower=follower)
def forever():
    while True:
        z = [1] * 3
@follow(follower=follower)
def at_exit():
    for i in range(3):
        last = i
    return Kept()
atexit.register(at_exit)
kept, cycle, sys.kept = Kept(), Kept(Kept()), Kept()
threading.Thread(target=forever, daemon=True).start()
time.sleep(0.05)
"""


def test_07_nothing_is_printed_while_the_interpreter_ends(tmp_path: Path) -> None:
    (tmp_path / "ending.py").write_text(ENDING)
    assert (
        run(tmp_path, *(["-W", "error", "ending.py", how] for how in ("recorded", "dicts", "text")))
        == [(0, "", "")] * 3
    )
    assert load(tmp_path / "end.follow").header["arguments"] == ["ending.py", "recorded"]


@pytest.mark.parametrize("recorded", [False, True])
def test_08_nothing_is_left_of_what_is_uninstalled(
    recorded: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "shop8.py").write_text(
        "def walk():\n    for i in range(9):\n        yield i\n\nclass Cart:\n    def add(self):\n        return 1\n\n\ndef f():\n    a = 1\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    patched = ((threading.Thread, "start"), (threading.Thread, "run"), (sys, "excepthook"), (os, "fork"))
    before = [list(sys.meta_path), sys.gettrace(), [getattr(owner, name) for owner, name in patched]]
    dicts: list[Any] = []
    recorder = Recorder()
    follower = recorder if recorded else dicts.append

    def recorded_so_far() -> int:
        return len(recorder.records()) if recorded else len(dicts)

    shop = __import__("shop8")
    codes = (shop.walk.__code__, shop.Cart.add.__code__, shop.f.__code__)
    with instrument(shop, follower=follower):
        suspended = shop.walk()
        next(suspended)
        shop.Cart().add()
    assert (shop.walk.__code__, shop.Cart.add.__code__, shop.f.__code__) == codes
    del sys.modules["shop8"]
    with install_import_hook("shop8", follower=follower):
        hooked = __import__("shop8")
        hooked.f()
    count = recorded_so_far()
    assert count > 3
    assert list(suspended) == list(range(1, 9))
    hooked.f()
    shop.f()
    assert recorded_so_far() == count
    assert [list(sys.meta_path), sys.gettrace(), [getattr(owner, name) for owner, name in patched]] == before
    del sys.modules["shop8"]


OFF = """\
import follow, sys
before = list(sys.meta_path), follow.follow.__code__
@follow.follow
def f(n):
    m = n
    return m
@follow.follow(follower=print, config=follow.FollowConfig(follow_return=True))
class C:
    def g(self):
        return f(2)
handle = follow.install_import_hook("other8", follower=print)
import other8
with follow.instrument(other8, follower=print):
    other8.h()
print(f(1), C().g(), other8.h(), (list(sys.meta_path), follow.follow.__code__) == before)
"""


def test_08_switched_off_by_the_environment_no_door_opens(tmp_path: Path) -> None:
    (tmp_path / "off.py").write_text(OFF)
    (tmp_path / "other8.py").write_text("def h():\n    x = 1\n    return x\n")
    environment = {"FOLLOW_DISABLED": "1", "FOLLOW": "other8", "FOLLOW_OUTPUT": "run.txt"}
    ((code, output, errors),) = run(tmp_path, ["off.py"], **environment)
    assert (code, output, errors) == (0, "1 2 1 True\n", "")
    assert sorted(one.name for one in tmp_path.iterdir() if one.is_file()) == ["off.py", "other8.py"]


def test_08_switched_off_by_the_environment_nothing_happens(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    recorded = ["-m", "follow", "run", "-o", "run.follow", "program.py", "raise"]
    plain, off = run(tmp_path, ["program.py", "raise"], recorded, FOLLOW_DISABLED="1")
    assert off == plain and not (tmp_path / "run.follow").exists()
