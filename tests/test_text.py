"""The text follower: what it shows, where that goes, and that the program does not notice."""

from __future__ import annotations

import asyncio
import copy
import fcntl
import io
import itertools
import linecache
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
import threading
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings

import follow as package
from follow import FollowConfig, FollowerWarning, Recorder, follow, instrument, text
from follow.describe import Describer
from follow.followers.shown import shown

from .programs import functions
from .support import outcome
from .test_differential import _arguments
from .test_hard_cases import CASES, EVERYTHING

_serial = itertools.count()
ROOT = str(Path(__file__).parent.parent)


def define(source: str, name: str = "f") -> Any:
    """A function of a file that is always called sample.py."""
    filename = f"/sample/{next(_serial)}/sample.py"
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {"__name__": "sample"}
    exec(compile(source, filename, "exec"), namespace)
    return namespace[name]


def lines_of(source: str, *arguments: Any, width: int = 80, config: FollowConfig | None = None, **options: Any) -> str:
    """What is shown of a call, which must end as it does unfollowed."""
    written: list[str] = []
    plain = outcome(define(source), *arguments)
    options.setdefault("normalize", True)
    followed = follow(define(source), text(written.append, width=width, **options), config=config)
    assert outcome(followed, *arguments) == plain
    return "".join(written)


LOOP = """\
def f(values):
    total = 0
    for value in values:
        total += value
    return total / len(values)
"""


def test_a_loop_in_80_columns() -> None:
    assert (
        lines_of(LOOP, [1, 3])
        == """\
     ┌ f(values=[1, 3])               sample.py:1
   2 │ total = 0                      total = 0
   3 │ for value in values:           value = 1
   4 │     total += value             total = 0 → 1
   3 │ for value in values:           value = 1 → 3
   4 │     total += value             total = 1 → 4
   3 │ for value in values:
   5 └ return total / len(values)     ⇒ 2.0
"""
    )


def test_a_loop_in_200_columns() -> None:
    assert (
        lines_of(LOOP, [1], width=200)
        == """\
       sample.py:1 ┌ f(values=[1])
       sample.py:2 │ total = 0                                                     total = 0
       sample.py:3 │ for value in values:                                          value = 1
       sample.py:4 │     total += value                                            total = 0 → 1
       sample.py:3 │ for value in values:
       sample.py:5 └ return total / len(values)                                    ⇒ 1.0
"""
    )


def test_recursion_and_an_exception_that_leaves_it() -> None:
    source = "def f(n):\n    if n == 0:\n        raise ValueError('no more')\n    f(n - 1)\n"
    function = define(source)
    written: list[str] = []
    followed = follow(function, text(written.append, width=80, normalize=True))
    function.__globals__["f"] = followed
    with pytest.raises(ValueError, match="no more"):
        followed(1)
    assert (
        "".join(written)
        == """\
     ┌ f(n=1)                         sample.py:1
   2 │ if n == 0:
     │ ┌ f(n=0)                       sample.py:1
   2 │ │ if n == 0:
   3 │ │     raise ValueError('no more')  !! ValueError: no more
   4 │ f(n - 1)                       !! ValueError: no more
     └ left                           !! ValueError: no more
"""
    )


def test_calls_that_fall_off_their_ends_are_not_taken_for_callers() -> None:
    source = "def f(n):\n    m = n\n"
    written: list[str] = []
    followed = follow(define(source), text(written.append, width=80, normalize=True))
    list(map(followed, (1, 2)))
    assert (
        "".join(written)
        == """\
     ┌ f(n=1)                         sample.py:1
   2 │ m = n                          m = 1
     ┌ f(n=2)                         sample.py:1
   2 │ m = n                          m = 2
"""
    )


def test_a_caught_exception_and_what_a_name_was_before() -> None:
    source = (
        "def f(n):\n    a = n\n    try:\n        n / 0\n    except ZeroDivisionError as error:\n        a = 'caught'\n"
        "    return [a, n]\n"
    )
    assert (
        lines_of(source, 2)
        == """\
     ┌ f(n=2)                         sample.py:1
   2 │ a = n                          a = 2
   3 │ try:
   4 │     n / 0                      !! ZeroDivisionError: division by zero
   5 │ except ZeroDivisionError as error:  error = <ZeroDivisionError>
   6 │     a = 'caught'               a = 2 → 'caught'
   7 └ return [a, n]                  ⇒ ['caught', 2]
"""
    )


def test_generators_that_take_turns() -> None:
    source = (
        "def f():\n    def count(n):\n        for i in range(n):\n            yield i\n"
        "    for a, b in zip(count(2), count(1)):\n        c = a + b\n"
    )
    assert (
        lines_of(source, config=FollowConfig(follow_return=True))
        == """\
     ┌ f()                            sample.py:1
   2 │ def count(n):
     │ ┌ count#1(n=2)                 sample.py:2
   3 │ │ for i in range(n):           i = 0
     │ ┌ count#2(n=1)                 sample.py:2
   3 │ │ for i in range(n):           i = 0
   5 │ for a, b in zip(count(2), count(1)):  a = 0  b = 0
   6 │     c = a + b                  c = 0
     │ ┄┄ in count#1 ┄┄
   4 │ │     yield i                  ⇒ 0
   3 │ │ for i in range(n):           i = 0 → 1
     │ ┄┄ in count#2 ┄┄
   4 │ │     yield i                  ⇒ 0
   3 │ └ for i in range(n):
     │ ┄┄ in count#1 ┄┄
   4 │ │     yield i                  !! GeneratorExit
   5 └ for a, b in zip(count(2), count(1)):
"""
    )


def test_a_generator_that_goes_on_and_calls_does_not_end_its_caller() -> None:
    source = (
        "def f():\n    def inner(n):\n        return n\n    def gen():\n        yield 1\n        inner(2)\n        inner(3)\n"
        "    g = gen()\n    next(g)\n    inner(1)\n    next(g, None)\n    return inner(4)\n"
    )
    assert (
        lines_of(source)
        == """\
     ┌ f()                            sample.py:1
   2 │ def inner(n):
   4 │ def gen():
   8 │ g = gen()                      g = <generator>
     │ ┌ gen#1()                      sample.py:4
   9 │ next(g)
     │ ┌ inner(n=1)                   sample.py:2
   3 │ └ return n                     ⇒ 1
  10 │ inner(1)
     │ ┄┄ in gen#1 ┄┄
   5 │ │ yield 1
     │ │ ┌ inner(n=2)                 sample.py:2
   3 │ │ └ return n                   ⇒ 2
   6 │ │ inner(2)
     │ │ ┌ inner(n=3)                 sample.py:2
   3 │ │ └ return n                   ⇒ 3
   7 │ │ inner(3)
  11 │ next(g, None)
     │ ┌ inner(n=4)                   sample.py:2
   3 │ └ return n                     ⇒ 4
  12 └ return inner(4)                ⇒ 4
"""
    )


def test_tasks_that_take_turns_stay_apart() -> None:
    source = (
        "import asyncio\nasync def worker(name):\n    await asyncio.sleep(0)\n    return name\n"
        "async def f():\n    return await asyncio.gather(worker('a'), worker('b'))\n"
    )
    written: list[str] = []
    f = define(source)
    follower = text(written.append, width=80, normalize=True)
    worker = f.__globals__["worker"] = follow(f.__globals__["worker"], follower)
    assert asyncio.run(follow(f, follower)()) == ["a", "b"]
    assert worker is not None
    assert (
        "".join(written)
        == """\
     ┌ f#1()                          sample.py:5
     ┌ worker#1(name='a')             sample.py:2
     ┌ worker#2(name='b')             sample.py:2
     ┄┄ in worker#1 ┄┄
   3 │ await asyncio.sleep(0)
   4 └ return name                    ⇒ 'a'
     ┄┄ in worker#2 ┄┄
   3 │ await asyncio.sleep(0)
   4 └ return name                    ⇒ 'b'
     ┄┄ in f#1 ┄┄
   6 └ return await asyncio.gather(worker('a'), worker('b'))  ⇒ ['a', 'b']
"""
    )


def test_threads_say_when_they_go_on() -> None:
    source = (
        "import threading\ndef f():\n    def run(n):\n        m = n\n"
        "    t = threading.Thread(target=run, args=(1,))\n    t.start(); t.join()\n    return 2\n"
    )
    shown_lines = lines_of(source)
    # when the new thread gets its turn is not ours to say; what belongs together is
    assert "     ┄┄ thread 2 ┄┄\n     ┌ run(n=1)                       sample.py:3\n" in shown_lines
    assert re.search(r"   4 │ m = n +m = 1\n(?:.*\n)*     ┄┄ thread 1: in f ┄┄\n", shown_lines)
    assert shown_lines.endswith("   7 └ return 2                       ⇒ 2\n")


def test_closures_and_lists_that_change_under_another_name() -> None:
    source = (
        "def f():\n    total = 0\n    def add(n):\n        nonlocal total\n        total += n\n    a = b = []\n"
        "    a.append(1)\n    add(2)\n    key = lambda v: -v\n    return sorted(b, key=key), total\n"
    )
    assert (
        lines_of(source)
        == """\
     ┌ f()                            sample.py:1
   2 │ total = 0                      total = 0
   3 │ def add(n):
   6 │ a = b = []                     a = []  b = []
   7 │ a.append(1)                    a = [] → [1]  b = [] → [1]
     │ ┌ add(n=2, total=0)            sample.py:3
   5 │ │ total += n                   total = 0 → 2
   8 │ add(2)                         total = 0 → 2
   9 │ key = lambda v: -v             key = <function f.<locals>.<lambda>>
   9 │ ╶ <lambda> -v                  v = 1  ⇒ -1
  10 └ return sorted(b, key=key), total  ⇒ ([1], 2)
"""
    )


def test_what_is_too_wide_is_broken_or_cut() -> None:
    source = (
        "def f(a, b):\n    c = a + b; d = 1\n    e = {'key': a, 'other': [a, b], 'and': 'more', 'so': 'on' * 100}\n"
        "    return ('a long string that does not fit into the columns', c, d)\n"
    )
    assert (
        lines_of(source, "x" * 40, "y" * 40)
        == """\
     ┌ f(…)                           sample.py:1
                                      a = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
                                        xxx'
                                      b = 'yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy
                                        yyy'
   2 │ c = a + b                      c = 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
                                        xxxyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy
                                        yyy'
   2 │ d = 1                          d = 1
   3 │ e = {'key': a, 'other': [a, b], 'and': 'more', 'so': 'on' * 100}
                                      e = {'key': 'xxxxxxxxxxxxxxxxxxxxxxxxxxxxx
                                        xxxxxxxxxxx', 'other':
                                        ['xxx…nononononononononononononononon'}
   4 └ return ('a long string that does not fit into the columns', c, d)
                                      ⇒ ('a long string that does not fit into
                                        the columns', 'xxxxxxxxxxxx…yyyyyyyyyyyy
                                        yyyyyyyyyyyyyyyy', 1)
"""
    )


def test_every_line_fits_into_the_width() -> None:
    source = "def f(n):\n    text = '日本語' * 30\n    return n and f(n - 1)\n"
    function = define(source)
    for width in (40, 80, 99, 100, 200):
        written: list[str] = []
        function.__globals__["f"] = followed = follow(function, text(written.append, width=width, times=True))
        assert followed(60) == 0
        cells = [sum(2 if "⺀" <= c <= "鿿" else 1 for c in line) for line in "".join(written).splitlines()]
        assert max(cells) <= width
        assert "…60 " in written[-1] or "60" in "".join(written)


def test_times_are_shown_in_their_column() -> None:
    for line in lines_of(LOOP, [1], normalize=False).splitlines():
        assert re.match(r"[0-9]{2}:[0-9]{2}:[0-9]{2}      ┌| {0,4}[0-9]+\.[0-9] (µs|ms|s ) +[0-9]+ [│└]", line), line
    assert lines_of(LOOP, [1], normalize=False, times=False) == lines_of(LOOP, [1])


def test_values_are_described_without_running_the_programs_code() -> None:
    ran: list[str] = []

    class Loud:
        def __repr__(self) -> str:
            ran.append("repr")
            return "loud"

        def __eq__(self, other: object) -> bool:
            ran.append("eq")
            return True

        __hash__ = None  # type: ignore[assignment]

    def values(written: Callable[[str], object], *more: object) -> None:
        follow(define("def f(a):\n    b = [a]\n    b = [a, 10 ** 5000, {a: 1} if a is None else 's' * 5000]\n    a.x\n"),
               [text(written, width=200, normalize=True), *more])(Loud())  # fmt: skip

    for more in ((), (lambda record: None,)):
        written: list[str] = []
        with pytest.raises(AttributeError):
            values(written.append, *more)
        assert "a=<Loud>" in "".join(written) or "a = <Loud>" in "".join(written)
        assert "b = [<Loud>] → [<Loud>, <int of 16,610 bits>, <'sss" in "".join(written)
    assert ran == []


def test_sets_are_in_a_fixed_order_and_cycles_end() -> None:
    assert lines_of("def f():\n    s = {'b', 'a', 1, 'c'}\n").count("s = {'a', 'b', 'c', 1}") == 1
    assert "a = [] → [[…]]" in lines_of("def f():\n    a = []\n    a.append(a)\n    return 1\n")


@pytest.mark.parametrize(
    "value", [1, -5, 1.5, True, None, "it's\n", b"x", 1j, (), (1,), frozenset(), {"a": [1, (2, "x")]}, ..., set()]
)
def test_values_are_written_as_repr_writes_them(value: object) -> None:
    assert f"⇒ {value!r}\n" in lines_of("def f(x):\n    return x\n", value)
    assert f"f(x={value!r})" in lines_of("def f(x):\n    return x\n", value)


def test_addresses_are_left_out_if_normalized() -> None:
    source = "def f(x):\n    a = x\n    raise ValueError(a)\n"
    assert "0x" not in lines_of(source, "<C object at 0x7f0011223344>")
    assert "0x7f0011223344" in lines_of(source, "<C object at 0x7f0011223344>", normalize=False)


def test_with_other_followers_it_shows_their_records() -> None:
    written: list[str] = []
    records: list[dict[str, Any]] = []
    config = FollowConfig(fields=("file", "line"))
    follow(define(LOOP), [text(written.append, width=80, normalize=True), records.append], config=config)([1])
    assert len(records) == 5
    assert (
        "".join(written)
        == """\
   2 │ f: total = 0                   values = [1]  total = 0
   3 │ f: for value in values:        value = 1
   4 │ f: total += value              total = 0 → 1
   3 │ f: for value in values:
   5 │ f: return total / len(values)
"""
    )


def test_a_stream_or_path_as_follower_gets_the_same_text(tmp_path: Path) -> None:
    stream = io.StringIO()
    path = tmp_path / "out.txt"
    for follower in (stream, path, str(path)):
        one, two = define(LOOP), define(LOOP)
        follow(one, follower)([1])
        follow(two, follower)([2])
    assert stream.getvalue().count("┌ f(values=[1])") == 1
    assert path.read_text("utf-8").count("┌ f(values=[1])") == path.read_text("utf-8").count("(values=[2])") == 2
    nested = io.StringIO()
    inner = follow(define("def f():\n    return 1\n"), nested)
    outer = define("def f(g):\n    return g()\n")
    follow(outer, nested)(inner)
    assert "│ └ return 1" in nested.getvalue()  # one follower, which knows of both calls


def test_an_ascii_stream_gets_ascii() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii", errors="strict")
    follow(define("def f(x):\n    y = [x]\n    y = 'é'\n    return y\n"), stream)("日本")
    stream.flush()
    done = raw.getvalue().decode("ascii")
    assert "> f(x='\\u65e5\\u672c')" in done and "-> '\\xe9'" in done and "=> '\\xe9'" in done


def test_a_stream_that_fails_is_told_once_and_the_program_goes_on() -> None:
    stream = io.StringIO()
    f = follow(define(LOOP), stream)
    stream.close()
    with pytest.warns(FollowerWarning, match=r"follow.text\(\) cannot write its lines \(ValueError: I/O") as caught:
        assert f([1, 3]) == 2.0
    assert len(caught) == 1 and caught[0].filename.endswith("sample.py")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert f([1, 3]) == 2.0

    def broken(line: str) -> None:
        raise LookupError(line)

    with pytest.raises(LookupError):
        follow(define(LOOP), text(broken), config=FollowConfig(on_follower_error="raise"))([1])


def test_a_stream_that_is_followed_itself_makes_no_lines() -> None:
    written: list[str] = []
    take = define("def f(line):\n    written.append(line)\n    return None\n")
    take.__globals__["written"] = written
    followed: Any = None
    follower = text(lambda line: followed(line), width=80, normalize=True)
    followed = follow(take, follower)
    assert follow(define(LOOP), follower)([1]) == 1.0
    assert len(written) == 6 and follower.dropped > 0


def test_a_finalizer_or_the_end_of_the_stack_does_not_disturb_it() -> None:
    source = "def f(n):\n    return f(n + 1)\n"
    function = define(source)
    written: list[str] = []
    function.__globals__["f"] = followed = follow(function, text(written.append, width=80))
    with pytest.raises(RecursionError):
        followed(0)
    follow(define(LOOP), text(written.append, width=80, normalize=True))([1])
    assert written[-1].endswith("⇒ 1.0\n")


@pytest.mark.parametrize("plain", [True, False])
def test_the_exception_of_a_signal_handler_reaches_the_program(plain: bool, tmp_path: Path) -> None:
    """Most of the time goes into writing lines, so that is where the signal comes."""
    f = follow(
        define("def f(start):\n    start()\n    while True:\n        n = 1\n"), text(tmp_path / "out" if plain else len)
    )

    def start() -> None:
        signal.setitimer(signal.ITIMER_REAL, 0.003)

    def handler(number: int, frame: object) -> None:
        raise LookupError("time is up")

    before = signal.signal(signal.SIGALRM, handler)
    try:
        for _ in range(30):
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                with pytest.raises(LookupError, match="time is up"):
                    f(start)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def test_the_program_keeps_its_stack() -> None:
    source = "deepest = [0]\ndef f(n):\n    deepest[0] = n\n    f(n + 1)\n"

    def deepest(follower: object) -> int:
        f = define(source)
        if follower is not None:
            f.__globals__["f"] = follow(f, follower)
        with pytest.raises(RecursionError):
            f.__globals__["f"](0)
        return f.__globals__["deepest"][0]

    for width in (40, 200):
        assert deepest(None) - deepest(text(lambda line: None, width=width)) <= 1


def test_what_runs_on_after_the_end_of_following_is_not_shown() -> None:
    cls = define("class f:\n    def count(self):\n        for i in range(9):\n            yield i\n")
    written: list[str] = []
    handle = instrument(cls, follower=text(written.append))
    running = cls().count()
    assert [next(running), next(running)] == [0, 1]
    handle.uninstall()
    count = len(written)
    assert count == 4 and list(running) == [2, 3, 4, 5, 6, 7, 8] and list(cls().count()) == list(range(9))
    assert len(written) == count


def test_lines_of_many_threads_are_whole() -> None:
    written: list[str] = []
    follower = text(written.append, width=80, normalize=True)
    f = follow(define("def f(n):\n    a = n\n    b = a\n    return b\n"), follower)
    threads = [threading.Thread(target=lambda: [f(n) for n in range(50)]) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    calls = [line for line in "".join(written).splitlines() if "┄" not in line]
    assert len(calls) == 8 * 50 * 4 and follower.dropped == 0
    assert all(line.startswith("     ┌") or re.match(r"   [234] [│└]", line) for line in calls)


def test_memory_of_calls_is_bounded() -> None:
    follower = text(lambda line: None)
    f = follow(define("def f():\n    yield 1\n    yield 2\n"), follower)
    alive = [f() for _ in range(12_000)]
    for one in alive:
        next(one)
    assert len(follower._renderer._calls._known) <= 10_000
    assert [next(one) for one in alive[:3]] == [2, 2, 2]


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="width"):
        text(width=0)
    with pytest.raises(TypeError, match="output"):
        text(5)  # type: ignore[arg-type]


def test_the_summary_counts_calls_statements_and_exceptions() -> None:
    written: list[str] = []
    f = define("def f(n):\n    for i in range(n):\n        i += 1\n    return 1 / n\n")
    with text(written.append, width=80, normalize=True, summary=True) as follower:
        followed = follow(f, follower)
        followed(3)
        with pytest.raises(ZeroDivisionError):
            followed(0)
    assert (
        written[-1]
        == """\

followed: 2 calls, 10 statements

count   place         most often
────────────────────────────────────────
    5   sample.py:2   for i in range(n):
    3   sample.py:3   i += 1
    2   sample.py:4   return 1 / n
1 × left by ZeroDivisionError: division by zero
"""
    )
    followed(1)
    assert written[-1].startswith("\nfollowed:")  # it is closed


def test_an_instrumented_class_shows_self_by_its_type() -> None:
    source = "class f:\n    def __init__(self, n):\n        self.n = n\n    def get(self):\n        return self.n\n"
    cls = define(source)
    written: list[str] = []
    with instrument(cls, follower=text(written.append, width=80, normalize=True)):
        assert cls(3).get() == 3
    assert (
        "".join(written)
        == """\
     ┌ f.__init__(self=<f>, n=3)      sample.py:2
   3 │ self.n = n
     ┌ f.get(self=<f>)                sample.py:4
   5 └ return self.n                  ⇒ 3
"""
    )


PROGRAM = """\
import sys
import follow

@follow.follow(follower=follow.text(%s))
def work(n):
    total = 0
    for i in range(n):
        total += i
    return total

print(work(%d), flush=True)
"""


def run(tmp_path: Path, arguments: str, n: int, *command: str, **more: Any) -> subprocess.CompletedProcess[str]:
    (tmp_path / "program.py").write_text(PROGRAM % (arguments, n))
    environment = {**os.environ, "PYTHONPATH": ROOT, **more}
    environment.pop("COLUMNS", None) if "COLUMNS" not in more else None
    start = command or (sys.executable, "program.py")
    return subprocess.run(start, capture_output=True, text=True, cwd=tmp_path, env=environment, timeout=60, check=False)


def test_a_pipe_gets_no_colours_and_columns_decides(tmp_path: Path) -> None:
    done = run(tmp_path, "normalize=True", 1, COLUMNS="80")
    assert (done.returncode, done.stdout) == (0, "0\n") and "\x1b" not in done.stderr
    assert done.stderr.startswith("     ┌ work(n=1)                      program.py:5\n")
    wide = run(tmp_path, "normalize=True", 1)
    assert "      program.py:6 │ total = 0 " in wide.stderr
    assert "\x1b[" in run(tmp_path, "color=True", 1, TERM="xterm").stderr
    assert "\x1b[" in run(tmp_path, "", 1, FORCE_COLOR="1", TERM="xterm").stderr
    assert "\x1b[" not in run(tmp_path, "", 1, FORCE_COLOR="1", NO_COLOR="1", TERM="xterm").stderr


def test_a_broken_pipe_or_a_closed_stream_leaves_the_program_as_it_is(tmp_path: Path) -> None:
    shell = ("sh", "-c", f'exec 3>&1; {{ "{sys.executable}" program.py >&3; echo "code $?" >&3; }} 2>&1 | head -n 1')
    done = run(tmp_path, "", 20_000, *shell)
    assert "199990000\ncode 0\n" in done.stdout
    closed = run(tmp_path, "sys.stdout", 5, "sh", "-c", f'"{sys.executable}" program.py >&-; echo "code $?"')
    assert "code 0" in closed.stdout and "Traceback" not in closed.stderr
    no_stderr = run(tmp_path, "", 5, "sh", "-c", f'"{sys.executable}" program.py 2>&-; echo "code $?"')
    assert no_stderr.stdout == "10\ncode 0\n"
    full = run(tmp_path, "'/dev/full'", 5)
    assert (full.returncode, full.stdout) == (0, "10\n") and full.stderr.count("cannot write its lines") == 1


def test_text_and_the_programs_own_output_stay_in_order(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import sys, follow\n@follow.follow(follower=follow.text(sys.stdout, normalize=True, width=80))\n"
        "def f():\n    a = 1\n    print('mine')\n    return a\nprint('first')\nf()\nprint('last')\nimport os\nos._exit(3)\n"
    )
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    done = subprocess.run(
        [sys.executable, "program.py"], capture_output=True, text=True, cwd=tmp_path, env={**kept, "PYTHONPATH": ROOT}
    )
    assert (done.returncode, done.stderr) == (3, "")
    assert done.stdout == (
        "first\n     ┌ f()                            program.py:3\n   4 │ a = 1                          a = 1\n"
        "mine\n   6 └ return a                       ⇒ 1\n"
    )  # what the program itself had not flushed is lost, as it is without follow


def on_terminal(tmp_path: Path, columns: int, *command: str, **more: str) -> str:
    """What a command writes to a terminal of so many columns."""
    parent, child = pty.openpty()
    fcntl.ioctl(child, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "NO_COLOR", "FORCE_COLOR")}
    environment = {**kept, "PYTHONPATH": ROOT, "TERM": "xterm-256color", **more}
    process = subprocess.Popen(command, stdin=child, stdout=child, stderr=child, cwd=tmp_path, env=environment)
    os.close(child)
    found = b""
    while True:
        try:
            data = os.read(parent, 1 << 16)
        except OSError:  # Linux says so that the other side is closed
            break
        if not data:
            break
        found += data
    os.close(parent)
    assert process.wait(timeout=60) == 0, found
    return found.decode().replace("\r\n", "\n")


def test_a_terminal_gets_colours_and_its_width(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM % ("normalize=True", 2))
    coloured = on_terminal(tmp_path, 80, sys.executable, "program.py")
    assert "\x1b[2m" in coloured and "\x1b[32m1\x1b[0m" in coloured  # dim places, new values in green
    assert re.search(r"\x1b\[[0-9;]*m(for|return)\x1b\[0m", coloured)  # highlighted source
    plain = re.sub(r"\x1b\[[0-9;]*m", "", coloured)
    (tmp_path / "program.py").write_text(PROGRAM % ("normalize=True, color=False", 2))
    assert plain == on_terminal(tmp_path, 80, sys.executable, "program.py")
    (tmp_path / "program.py").write_text(PROGRAM % ("normalize=True", 2))
    assert plain == on_terminal(tmp_path, 80, sys.executable, "program.py", NO_COLOR="1")
    assert "\x1b[" not in on_terminal(tmp_path, 80, sys.executable, "program.py", TERM="dumb")
    wide = on_terminal(tmp_path, 200, sys.executable, "program.py", NO_COLOR="1")
    assert "      program.py:6 │ total = 0" in wide


def test_importing_follow_does_not_import_rich(tmp_path: Path) -> None:
    code = "import follow, sys; f = follow.text(); print([m for m in sys.modules if m.split('.')[0] in ('rich', 'pygments')])"
    done = run(tmp_path, "", 1, sys.executable, "-c", code)
    assert done.stdout == "[]\n", done.stderr


def test_a_forked_child_writes_beside_the_parents_file(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(
        "import os, follow\n@follow.follow(follower='out.txt')\ndef f(who):\n    return who\nf('parent')\n"
        "child = os.fork()\nif child == 0:\n    f('child')\n    os._exit(0)\nos.waitpid(child, 0)\nf('again')\n"
    )
    done = run(tmp_path / "..", "", 1, sys.executable, "-W", "ignore", str(tmp_path / "program.py"))
    files = sorted((tmp_path / "..").resolve().glob("out.txt*"))
    texts = [file.read_text("utf-8") for file in files]
    for file in files:
        file.unlink()
    assert done.returncode == 0, done.stderr
    assert [("parent" in t, "child" in t, "again" in t) for t in texts] == [(True, False, True), (False, True, False)]


def test_it_tells_calls_as_a_recorder_does() -> None:
    """Each call of a recording begins one line of the text, and each of its statements is one."""
    source = (
        "def f(n):\n    def g(k):\n        return [h(i) for i in range(k)]\n    def h(i):\n        x = i\n"
        "    for j in range(n):\n        g(j)\n    while n:\n        n -= 1\n"
    )
    written: list[str] = []
    recorder = Recorder()
    follow(define(source), text(written.append, width=200, normalize=True))(4)
    follow(define(source), recorder)(4)
    events = list(recorder.events())
    assert sum("┌" in line for line in written) == sum(event.kind == "call" for event in events) > 8
    assert sum("┌" not in line for line in written) == sum(event.kind == "statement" for event in events)
    depths = {line.split("┌ ")[1].split("(")[0]: line.count("│") for line in written if "┌" in line}
    assert depths == {"f": 0, "g": 1, "h": 2}


def variables_told(make: Callable[[], Any], *arguments: Any, config: FollowConfig = EVERYTHING) -> None:
    """What has been shown of a call's variables when a statement's line is written is what its record holds."""
    plain = outcome(make(), *copy.deepcopy(arguments))
    recorder = Recorder()
    outcome(follow(make(), recorder, config=config), *copy.deepcopy(arguments))
    told: list[dict[str, str]] = []

    def write(line: str) -> None:
        if "┌" not in line and "└ left" not in line:
            told.append(dict(follower._renderer._last.texts))  # type: ignore[union-attr]

    follower = text(write, width=200, times=False)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert repr(outcome(follow(make(), follower, config=config), *copy.deepcopy(arguments))) == repr(plain)
    describe = Describer(config).copy
    records = recorder.records()
    assert len(records) == len(told) and follower.dropped == 0
    for record, texts in zip(records, told):
        for variable in record["local_vars"]:
            assert texts[variable["var"]] == shown(describe(variable["val"])), record["instruction"]


@settings(max_examples=10, deadline=None, derandomize=True)
@given(functions())
def test_random_functions_show_the_variables_of_their_records(source: str) -> None:
    variables_told(lambda: define(source), *_arguments())


@pytest.mark.parametrize("name", sorted(CASES.keys() - {"locals_read", "threads"}))
def test_hard_cases_show_the_variables_of_their_records(name: str) -> None:
    variables_told(lambda: define(CASES[name]))


def test_text_is_exported() -> None:
    assert package.text is text and "text" in package.__all__ and shown([0]) == "[]"
