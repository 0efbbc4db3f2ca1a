"""Guarantees 15 and 17 to 20: what has been recorded is in the file, whatever happens to the process."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
import tracemalloc
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from follow import FollowConfig, FollowWarning, Recorder, follow, load, outermost, pace
from follow.accelerate import native
from follow.trace import file as frames

from ..support import define
from .children import ROOT, forked, run, told

LOOP = "def f(n, end):\n    for i in range(n):\n        x = i\n    end()\n    return x\n"


def count(path: Path) -> Counter[str]:
    """How often each statement is in a trace, whose tail may be torn."""
    return Counter(record["instruction"] for record in load(path).records())


def die(how: str) -> None:
    """End this process as it should not."""
    if how == "os._exit":
        os._exit(5)
    if how == "segfault":
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        faulthandler.disable()  # pytest's own
        ctypes.string_at(0)
    os.kill(os.getpid(), getattr(signal, how))
    time.sleep(60)


ENDS = {"SIGKILL": -9, "segfault": -11, "SIGTERM": -15, "os._exit": 5}


@pytest.mark.parametrize("durability", ["buffer", "event"])
@pytest.mark.parametrize("how", ENDS)
def test_15_a_killed_process_leaves_what_it_recorded(
    how: str, durability: str, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    path = tmp_path / "killed.trace"
    loops = 20_000 if durability == "buffer" else 500
    function = define(LOOP)

    def work() -> None:
        follow(function, Recorder(path, durability=durability))(loops, lambda: die(how))

    assert forked(work) == ENDS[how]
    trace = load(path)
    events = list(trace.events)
    assert trace.problem is None
    emitted = 1 + 2 * loops + 1  # the call, each turn and its statement, the loop's end
    lost = emitted - len(events)
    figure(f"{durability}: {lost:,} of {emitted:,} events lost at {how}")
    if durability == "event":
        assert lost == 0
        assert count(path) == {"for i in range(n):": loops + 1, "x = i": loops}
    else:
        assert 0 <= lost <= pace.FILE_ITEMS // 4 + pace.MOST_UNSEEN
    numbers = [event.values["x"] for event in events if "x" in event.values]
    assert numbers == list(range(len(numbers)))


def test_15_what_is_old_is_written_by_the_next_call_or_turn(tmp_path: Path) -> None:
    path = tmp_path / "old.trace"
    function = define("def f():\n    x = 1\n    return x\n")

    def work() -> None:
        twin = follow(function, Recorder(path))
        twin()
        time.sleep(0.3)
        twin()  # begins with a look at the time
        os.kill(os.getpid(), signal.SIGKILL)

    assert forked(work) == -9
    assert count(path)["return x"] >= 1


ENDINGS = {
    "return": "    x = n\n    return x\n",
    "bare return": "    x = n\n    if n:\n        return\n",
    "last statement": "    x = n\n    x = [x]\n",
    "method": "    x = [1]\n    x.append(n)\n",
    "loop": "    for i in range(n):\n        x = i\n",
    "break": "    while n:\n        n -= 1\n        if n == 1:\n            break\n",
    "break in a handler": "    for i in range(n):\n        try:\n            1 / i\n        except ZeroDivisionError:\n            break\n",
    "if not": "    x = n\n    if n > 5:\n        x = 1\n",
    "elif": "    if n > 5:\n        x = 1\n    elif n > 1:\n        x = 2\n",
    "else": "    for i in []:\n        break\n    else:\n        if n:\n            x = 1\n        else:\n            x = 2\n",
    "with": "    from contextlib import nullcontext\n    with nullcontext():\n        x = 1\n",
    "finally": "    try:\n        return n\n    finally:\n        x = 1\n",
    "except": "    try:\n        1 / 0\n    except ZeroDivisionError as error:\n        x = error\n",
    "match": "    match n:\n        case 3:\n            x = 1\n",
    "exception": "    x = 1\n    raise ValueError(n)\n",
    "generator": "    x = 1\n    yield n\n    x = 2\n",
    "calls": "    def g():\n        for i in range(2):\n            x = i\n    g()\n    x = (lambda: n)()\n    g()\n",
    "pass": "    x = n\n    pass\n",
}
"""Functions that end in different ways."""


def call_thrice(function: Any) -> None:
    for _ in range(3):
        with contextlib.suppress(ValueError):
            result = function(3)
            if result is not None and type(result) is not int:
                list(result)


def test_15_what_an_outermost_call_has_recorded_is_written_when_it_ends(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    functions = {name: define(f"def f(n):\n{body}") for name, body in ENDINGS.items()}

    def work() -> None:
        for name, function in functions.items():
            call_thrice(follow(function, Recorder(tmp_path / name)))
        os.kill(os.getpid(), signal.SIGKILL)

    assert forked(work) == -9
    lost = {}
    for name, function in functions.items():
        memory = Recorder()
        call_thrice(follow(function, memory))
        expected = list(memory.events())
        lost[name] = len(expected) - len(list(load(tmp_path / name).events))
        assert len(expected) >= 9
    assert lost == dict.fromkeys(ENDINGS, 0)
    figure(f"idle after an outermost call, killed: 0 events lost, in {len(ENDINGS)} ways to end")


def test_15_with_follow_exceptions_off_a_call_ends_as_well(tmp_path: Path) -> None:
    function = define("def f(n):\n    if n:\n        x = n\n")

    def work() -> None:
        config = FollowConfig(follow_exceptions=False)
        call_thrice(follow(function, Recorder(tmp_path / "trace"), config=config))
        os.kill(os.getpid(), signal.SIGKILL)

    assert forked(work) == -9
    assert count(tmp_path / "trace") == {"if n:": 3, "x = n": 3}


def test_15_calls_that_are_many_and_short_are_not_written_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outermost.Budget, "MOST", 0)
    path = tmp_path / "many.trace"
    with Recorder(path) as recorder:
        function = follow(define("def f(n):\n    x = n\n"), recorder)
        for n in range(500):
            function(n)
        kinds = Counter(kind for _, kind, _ in load(path)._frames()) if path.stat().st_size else Counter()
        assert kinds["events"] < 250
    assert count(path) == {"x = n": 500}


def test_15_a_long_statement_of_a_program_is_cut_rather_than_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "long.trace"
    monkeypatch.setattr(frames, "MOST_UNPACKED", 60_000)
    source = "def f():\n    x = [\n" + "        'text',\n" * 8_000 + "    ]\n    y = 1\n    return y\n"
    with Recorder(path) as recorder:
        assert follow(define(source), recorder)() == 1
    instructions = [record["instruction"] for record in load(path).records()]
    assert instructions[1:] == ["y = 1", "return y"] and instructions[0].startswith("x = [ 'text', 'text',")
    assert recorder.dropped == 0


@pytest.mark.parametrize("ring", [None, 50_000])
def test_17_a_full_disk_costs_the_program_nothing(
    ring: int | None, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    path = tmp_path / "full.trace"
    function = define(
        "def f(n, step):\n    for i in range(n):\n        x = str(pow(3, i, 10 ** 90 + 7)).zfill(90)\n        step(i)\n"
        "    return x\n"
    )
    loops = 9_000

    def work() -> str:
        sizes = iter([(3_000, 60_000), (6_000, resource.RLIM_INFINITY)])
        at, limit = next(sizes)

        def step(i: int) -> None:
            nonlocal at, limit
            if i == at:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
                at, limit = next(sizes, (-1, 0))

        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            with Recorder(path, ring=ring) as recorder:
                result = follow(function, recorder)(loops, step)
                if ring is not None:
                    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
                    recorder.dump()
                    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        messages = [str(one.message) for one in warned if issubclass(one.category, FollowWarning)]
        return json.dumps([result, recorder.dropped, messages])

    result, dropped, messages = json.loads(told(work))
    assert result == str(pow(3, 8_999, 10**90 + 7)).zfill(90)
    trace = load(path)
    events = list(trace.events)
    assert trace.problem is None
    assert len(messages) == 1 and "full.trace cannot be written" in messages[0] and "File too large" in messages[0]
    emitted = (1 + 3 * loops + 2) if ring is None else min(ring, 3 * loops + 3)
    assert dropped > 0 and len(events) + dropped == emitted
    assert trace.dropped == dropped
    figure(f"full for a third of the time: {len(events):,} recorded + {dropped:,} dropped = {emitted:,}")


def test_17_a_file_that_cannot_be_written_at_all(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text("import sys\nx = 1\nprint(x)\nsys.exit(3)\n")
    full, folder = run(
        tmp_path,
        ["-m", "follow", "run", "-o", "/dev/full", "program.py"],
        ["-m", "follow", "run", "-o", str(tmp_path), "program.py"],
    )
    for code, output, errors in (full, folder):
        assert (code, output) == (2, "") and "cannot be written" in errors and "Traceback" not in errors


FILLING = """\
import resource, sys
def f(n):
    for i in range(n):
        x = str(pow(3, i, 10 ** 90 + 7)).zfill(90)
        if i == 2_000 and sys.argv[1:] == ["limit"]:
            resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, resource.RLIM_INFINITY))
    return x
print(len(f(6_000)))
sys.exit(3)
"""


def test_17_a_program_on_a_full_disk_ends_as_it_would(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(FILLING)
    (ended,) = run(tmp_path, ["-m", "follow", "run", "-o", "run.follow", "program.py", "limit"])
    assert ended[:2] == (3, "90\n")
    assert ended[2].count("run.follow cannot be written") == 1 and "Traceback" not in ended[2]
    trace = load(tmp_path / "run.follow")
    assert 1_000 < len(list(trace.events)) < 12_000 and trace.problem is None


def test_17_a_full_tmpfs(tmp_path: Path, figure: Callable[[str], None]) -> None:
    """A file system that is really full: in a mount of its own, which only root or a user namespace can make."""
    (tmp_path / "program.py").write_text(FILLING)
    script = (
        "mkdir small && mount -t tmpfs -o size=64k tmpfs small || exit 77\n"
        f"{sys.executable} -m follow run -o small/run.follow program.py; code=$?\n"
        "cp small/run.follow kept.follow; exit $code\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    command = ["unshare", "--map-root-user", "--mount", "sh", "-c", script]
    try:
        ended = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=60)
    except FileNotFoundError:
        pytest.skip("there is no unshare")
    if ended.returncode == 77 or "unshare" in ended.stderr:
        pytest.skip("no file system may be mounted here")
    assert (ended.returncode, ended.stdout) == (3, "90\n")
    assert ended.stderr.count("run.follow cannot be written") == 1 and "No space left" in ended.stderr
    trace = load(tmp_path / "kept.follow")
    kept = len(list(trace.events))
    assert kept > 1_000 and trace.problem is None
    figure(f"a full tmpfs of 64 kB: exit code 3 as without follow, the first {kept:,} events readable")


def test_17_an_interrupted_write_is_taken_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "FILE_AGE", 1 << 60)  # it is written when the call ends, not when it begins
    path = tmp_path / "interrupted.trace"
    original = os.write
    pieces: list[int] = []

    def write(file: int, data: Any) -> int:
        pieces.append(original(file, bytes(data[:100])))
        if len(pieces) == 3:
            raise KeyboardInterrupt
        return pieces[-1]

    with Recorder(path) as recorder:
        twin = follow(define("def f(n):\n    x = n\n    return x\n"), recorder)
        monkeypatch.setattr(frames.os, "write", write)
        with pytest.raises(KeyboardInterrupt):
            twin(1)  # what it has recorded is written when it ends
        twin(2)
        recorder.flush()
        monkeypatch.setattr(frames.os, "write", original)
    trace = load(path)
    values = [record["local_vars"][0]["val"] for record in trace.records() if record["instruction"] == "x = n"]
    assert values == [1, 2] and trace.problem is None and recorder.dropped == 0


def test_18_a_slow_disk_bounds_memory_and_what_is_dropped_is_counted_in_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    path = tmp_path / "slow.trace"
    original = os.write
    slow, writing = threading.Event(), threading.Event()

    def write(file: int, data: Any) -> int:
        if not slow.is_set() and len(data) > 1_000:
            writing.set()
            slow.wait(60)
        return original(file, data)

    monkeypatch.setattr(frames.os, "write", write)
    most = 0
    recorder = Recorder(path)
    function = follow(define(LOOP), recorder)
    writer = threading.Thread(target=function, args=(30_000, lambda: None))
    writer.start()
    assert writing.wait(60)
    for _ in range(12):  # the other thread waits for the disk all the time
        function(10_000, lambda: None)
        most = max(most, len(recorder.buffer))
    slow.set()
    writer.join()
    function(10, lambda: None)
    recorder.close()
    trace = load(path)
    events = list(trace.events)
    emitted = 14 + 2 * (30_000 + 120_000 + 10) + 14 * 3  # of each call: its begin, the loop's end, end() and return x
    assert recorder.dropped > 100_000 and trace.dropped == recorder.dropped
    assert len(events) + recorder.dropped == emitted
    assert most <= pace.MOST_WAITING + 200_000
    told_at = [kind for _, kind, _ in trace._frames()]
    assert "dropped" in told_at[: -told_at[::-1].index("events" if native is None else "columns")], (
        "it is marked before what comes after it"
    )
    figure(f"{len(events):,} recorded + {recorder.dropped:,} dropped = {emitted:,}; at most {most:,} items waited")


HEAVY = {
    "list": "[str(i * 1000 + j) * 140 for j in range(100)]",
    "lists": "[[str(i * 1000 + j) * 140 for j in range(90)] for k in range(10)]",
    "dict": "{str(i * 1000 + j): str(j) * 300 for j in range(100)}",
    "integers": "[(1 << 4000) + i * j for j in range(100)]",
    "text": "str(i) * 190",
    "bytes": "[bytes(999) for j in range(100)]",
}
"""Values of which each is new: what is written counts them by what they weigh."""


@pytest.mark.parametrize("kind", HEAVY)
def test_18_heavy_values_do_not_fill_the_memory(kind: str, tmp_path: Path, figure: Callable[[str], None]) -> None:
    function = define(f"def f(n):\n    for i in range(n):\n        x = {HEAVY[kind]}\n        y = len(x)\n")
    with Recorder(tmp_path / "heavy.trace") as recorder:
        twin = follow(function, recorder)
        twin(1)
        tracemalloc.start()
        try:
            twin(300)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    assert peak < 20_000_000 and recorder.dropped == 0
    figure(f"{kind}: {peak / 1e6:.0f} MB at most")


def test_18_heavy_values_that_wait_for_a_slow_disk_are_dropped_and_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    original = os.write
    slow, writing = threading.Event(), threading.Event()

    def write(file: int, data: Any) -> int:
        if not slow.is_set() and threading.current_thread() is writer:
            writing.set()
            slow.wait(60)
        return original(file, data)

    source = "def f(n):\n    for i in range(n):\n        x = [str(i * 1000 + j) * 140 for j in range(100)]\n        y = str(i) * 190\n"
    recorder = Recorder(tmp_path / "slow.trace")
    function = follow(define(source), recorder)
    writer = threading.Thread(target=function, args=(2,))
    monkeypatch.setattr(frames.os, "write", write)
    writer.start()
    assert writing.wait(60)
    tracemalloc.start()
    try:
        function(1_500)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        slow.set()
        writer.join()
    recorder.close()
    assert peak < 40_000_000 and recorder.dropped > 0
    emitted = sum(1 + 3 * n + 1 for n in (2, 1_500))
    assert len(list(load(tmp_path / "slow.trace").events)) + recorder.dropped == emitted
    figure(f"values of 150 MB while the disk stands still: {peak / 1e6:.0f} MB at most")


def test_19_sixteen_threads_lose_nothing_and_keep_their_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, figure: Callable[[str], None]
) -> None:
    monkeypatch.setattr(pace, "MOST_WAITING", 1 << 20)  # on a busy machine the disk may be too slow: that is line 18
    path = tmp_path / "threads.trace"
    loops = 1_500
    before = sys.getswitchinterval()
    with Recorder(path) as recorder:
        function = follow(define(LOOP), recorder)
        threads = [threading.Thread(target=function, args=(loops, lambda: None)) for _ in range(16)]
        sys.setswitchinterval(1e-5)
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            sys.setswitchinterval(before)
    seen: dict[int, list[int]] = defaultdict(list)
    events = list(load(path).events)
    for event in events:
        if "x" in event.values:
            seen[event.call].append(event.values["x"])
    assert len(seen) == 16 and all(values == list(range(loops)) for values in seen.values())
    assert len({event.thread for event in events if event.kind == "call"}) > 1
    assert recorder.dropped == 0 and len(events) == 16 * (2 * loops + 4)
    figure(f"{len(events):,} events of 16 threads: 0 lost, each thread's in order")


def test_19_a_recorder_that_is_closed_while_others_record(tmp_path: Path) -> None:
    for attempt in range(5):
        path = tmp_path / f"{attempt}.trace"
        recorder = Recorder(path)
        function = follow(define(LOOP), recorder)
        threads = [threading.Thread(target=function, args=(3_000, lambda: None)) for _ in range(3)]
        for thread in threads:
            thread.start()
        function(50, lambda: None)
        recorder.close()
        for thread in threads:
            thread.join()
        trace = load(path)
        assert len(list(trace.events)) >= 104 and trace.problem is None


def test_20_a_fork_while_another_thread_writes_neither_hangs_nor_repeats(
    tmp_path: Path, figure: Callable[[str], None]
) -> None:
    path = tmp_path / "fork.trace"
    recorder = Recorder(path)
    function = follow(define(LOOP), recorder)
    stop = threading.Event()

    def hammer() -> None:
        while not stop.is_set():
            function(50, lambda: None)

    thread = threading.Thread(target=hammer)
    thread.start()
    ended = []
    try:
        for number in range(8):

            def work(number: int = number) -> None:
                signal.alarm(20)  # a deadlock ends with -14
                function(100 + number, lambda: None)
                recorder.close()
                if number % 2:
                    os._exit(7)

            ended.append(forked(work))
    finally:
        stop.set()
        thread.join()
    recorder.close()
    assert ended == [0, 7] * 4
    children = sorted(tmp_path.glob("fork.trace.*"))
    assert len(children) == 8
    assert sorted(count(child)["x = i"] for child in children) == list(range(100, 108))
    assert count(path)["x = i"] % 50 == 0
    assert all(load(child).header["process"] != os.getpid() for child in children)
    figure("8 forks during writes: 8 files, nothing twice, no deadlock")


POOL = """\
import multiprocessing, sys
from follow import Recorder, follow
recorder = Recorder("pool.trace", durability="event")

@follow(follower=recorder)
def work(n):
    for i in range(n):
        x = i
    return x

if __name__ == "__main__":
    context = multiprocessing.get_context(sys.argv[1])
    with context.Pool(2) as pool:
        print(pool.map(work, [5, 6, 7, 8]))
        pool.apply_async(work, (3,))
    work(4)
"""


def test_20_a_pool_that_is_terminated(tmp_path: Path) -> None:
    (tmp_path / "pool.py").write_text(POOL)
    ((code, output, errors),) = run(tmp_path, ["-W", "ignore", "pool.py", "fork"])
    assert (code, output, errors) == (0, "[4, 5, 6, 7]\n", "")
    found = [count(path)["x = i"] for path in tmp_path.glob("pool.trace*")]
    assert count(tmp_path / "pool.trace")["x = i"] == 4
    assert 26 + 4 <= sum(found) <= 26 + 4 + 3
