"""What a followed call hands to threads is followed there; everything else is as it was."""

from __future__ import annotations

import gc
import os
import sys
import threading
import traceback

import pytest

from follow import FollowConfig, Recorder, follow

from .support import define

pytestmark = pytest.mark.usefixtures("no_file_is_left")

WORKERS = """
import asyncio, _thread, concurrent.futures, functools, multiprocessing.pool, threading

def work(n=1):
    m = n + 1
    return m

class Work:
    def __init__(self):
        self.done = []
    def run_it(self, n=1):
        self.done.append(n)
    def __call__(self, n=1):
        self.done.append(n)

class Worker(threading.Thread):
    def run(self):
        self.result = 7

class Both(threading.Thread):
    def run(self):
        super().run()
        self.result = 8
"""

WAYS = {
    "target by keyword": ("t = threading.Thread(target=work)\n t.start()\n t.join()", {"work"}),
    "target by position": ("t = threading.Thread(None, work, 'name', (3,))\n t.start()\n t.join()", {"work"}),
    "another name of Thread": ("T = threading.Thread\n t = T(target=work)\n t.start()\n t.join()", {"work"}),
    "bound method": ("t = threading.Thread(target=Work().run_it)\n t.start()\n t.join()", {"run_it"}),
    "callable object": ("t = threading.Thread(target=Work())\n t.start()\n t.join()", {"__call__"}),
    "partial": ("t = threading.Thread(target=functools.partial(work, n=4))\n t.start()\n t.join()", {"work"}),
    "lambda": ("t = threading.Thread(target=lambda: work(2))\n t.start()\n t.join()", {"<lambda>"}),
    "subclass": ("t = Worker()\n t.start()\n t.join()\n assert t.result == 7 and 'run' not in vars(t)", {"run"}),
    "subclass with target": ("t = Both(target=work)\n t.start()\n t.join()", {"run", "work"}),
    "assigned run": ("t = threading.Thread()\n t.run = work\n t.start()\n t.join()", {"work"}),
    "Timer": ("t = threading.Timer(0.001, work, [5])\n t.start()\n t.join()", {"work"}),
    "submit": (
        "with concurrent.futures.ThreadPoolExecutor(1) as e:\n  assert e.submit(work, 2).result() == 3",
        {"work"},
    ),
    "map": (
        "with concurrent.futures.ThreadPoolExecutor(2) as e:\n  assert list(e.map(work, [1, 2])) == [2, 3]",
        {"work"},
    ),
    "to_thread": ("assert asyncio.run(asyncio.wait_for(asyncio.to_thread(work, 1), 9)) == 2", {"work"}),
    "run_in_executor": (
        "async def main():\n  assert await asyncio.get_running_loop().run_in_executor(None, work, 6) == 7\n asyncio.run(main())",
        {"work", "main"},
    ),
    "ThreadPool": (
        "with multiprocessing.pool.ThreadPool(1) as p:\n  assert p.map(work, [1]) == [2]\n p.join()",
        {"work"},
    ),
    "start_new_thread": (
        "lock = threading.Lock()\n lock.acquire()\n _thread.start_new_thread(lambda: lock.release(), ())\n lock.acquire(timeout=9)",
        {"<lambda>"},
    ),
}


@pytest.mark.parametrize("way", WAYS)
def test_what_is_handed_to_a_thread_is_followed(way):
    body, names = WAYS[way]
    f = define(f"{WORKERS}\ndef f():\n {body}\n")
    f()  # plain
    records = []
    follow(f, lambda record: records.append(record))()
    assert names <= {record["function"] for record in records} - {"f"}
    quiet = []
    follow(f, quiet.append, config=FollowConfig(follow_threads=False))()
    assert {record["function"] for record in quiet} - {"f", "main", "<lambda>"} == set()


def test_processes_are_handed_the_plain_function():
    executor = type("Executor", (), {"submit": lambda self, function: function, "map": lambda self, function: function})
    f = define("def work(): pass\ndef f(e, t):\n return [e.submit(work), e.map(work), t.start(work)]", t=None)
    starter = type("Starter", (), {"start": lambda self, function: function})()
    assert follow(f, lambda record: None)(executor(), starter) == [f.__globals__["work"]] * 3


def test_a_thread_that_another_starts_is_not_followed():
    f = define(f"{WORKERS}\ndef f():\n t = threading.Thread(target=work)\n t.start()\n t.join()\n")
    records = []
    follow(f, records.append)()
    count = len([record for record in records if record["function"] == "work"])
    thread = threading.Thread(target=f.__globals__["work"])
    thread.start()
    thread.join()
    f()
    assert len([record for record in records if record["function"] == "work"]) == count > 0


def test_a_worker_that_is_followed_already_is_not_followed_twice():
    f = define(f"{WORKERS}\ndef f():\n t = threading.Thread(target=work)\n t.start()\n t.join()\n")
    mine, others = [], []
    f.__globals__["work"] = follow(f.__globals__["work"], mine.append)
    follow(f, others.append)()
    assert len([record for record in mine if record["function"] == "work"]) == 2
    assert {record["function"] for record in others} == {"f"}


@pytest.mark.parametrize("interval", [None, 1e-5], ids=["as ever", "threads take turns at once"])
def test_nested_and_concurrent_calls_with_other_configurations(interval):
    """All are rewritten at the same time: the syntax trees that this takes are shared."""
    usual = sys.getswitchinterval()
    if interval is not None:
        sys.setswitchinterval(interval)
    try:
        for _ in range(1 if interval is None else 5):
            run_with_two_configurations()
    finally:
        sys.setswitchinterval(usual)


def run_with_two_configurations():
    source = f"{WORKERS}\ndef f():\n t = threading.Thread(target=work)\n t.start()\n t.join()\n"
    one, two = define(source), define(source)
    with_values, plain = [], []
    one = follow(one, with_values.append, config=FollowConfig(follow_return=True))
    two = follow(two, plain.append, config=FollowConfig(follow_variable_set=False))
    threads = [threading.Thread(target=function) for function in (one, two) * 8]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    of_work = [record for record in with_values if record["function"] == "work"]
    assert [record["instruction"] for record in of_work].count("m = n + 1") == 8
    returned = [record["local_vars"] for record in of_work if record["instruction"] == "return m"]
    assert returned == [[{"var": "return", "val": 2, "type": "int"}]] * 8
    assert [record["instruction"] for record in plain if record["function"] == "work"] == ["return m"] * 8


def test_an_exception_in_a_thread_has_the_same_traceback(monkeypatch):
    source = (
        "import threading\nclass Worker(threading.Thread):\n    def run(self):\n        self.missing()\n"
        "def f():\n    t = Worker()\n    t.start()\n    t.join()\n"
    )
    seen = []
    monkeypatch.setattr(threading, "excepthook", lambda args: seen.append(traceback.extract_tb(args.exc_traceback)))
    f = define(source)
    f()
    follow(f, lambda record: None)()
    plain, followed = ([(frame.filename, frame.lineno, frame.name) for frame in stack] for stack in seen)
    assert followed == plain
    monkeypatch.undo()


def test_a_thread_that_runs_already_is_left_alone():
    f = define(
        f"{WORKERS}\ndef f(t):\n try:\n  t.start()\n except RuntimeError as error:\n  return str(error)\n return None\n"
    )
    thread = threading.Thread(target=lambda: None)
    thread.start()
    thread.join()
    before = dict(vars(thread))
    assert follow(f, lambda record: None)(thread) == "threads can only be started once"
    assert dict(vars(thread)) == before


def test_a_finished_thread_is_not_kept_alive():
    f = define(f"{WORKERS}\ndef f():\n t = Worker()\n t.start()\n t.join()\n")
    follow(f, lambda record: None)()
    gc.collect()
    worker = f.__globals__["Worker"]
    assert not [thing for thing in gc.get_objects() if type(thing) is worker]


@pytest.mark.dicts
def test_sixteen_threads_at_full_speed_lose_nothing():
    f = define(
        "import threading\n"
        "def count(n):\n    for i in range(n):\n        j = i\n"
        "def f(n):\n    threads = [threading.Thread(target=count, args=(n,), name=f'w{k}') for k in range(16)]\n"
        "    for t in threads:\n        t.start()\n    for t in threads:\n        t.join()\n"
    )
    records = []
    follow(f, records.append, config=FollowConfig(fields=("thread",)))(500)
    for number in range(16):
        own = [r for r in records if r["thread"] == f"w{number}"]
        values = [{v["var"]: v["val"] for v in r["local_vars"]} for r in own]
        wanted = []
        for i in range(500):
            before = {"n": 500, "i": i, **({"j": i - 1} if i else {})}
            wanted += [before, {**before, "j": i}]
        assert values == [*wanted, {}]


ASYNC = """
import asyncio

async def leaf(n):
    await asyncio.sleep(0)
    return plain(n)

def plain(n):
    m = n * 2
    return m

async def tree(n):
    total = 0
    for k in range(3):
        total += (await asyncio.sleep(0) or n) + await leaf(k)
    return total

async def numbers(n):
    try:
        for k in range(n):
            yield k
            await asyncio.sleep(0)
    finally:
        closed = True

async def cancelled():
    async for k in numbers(1000):
        await asyncio.sleep(0)

async def main(count):
    doomed = asyncio.create_task(cancelled(), name="doomed")
    found = await asyncio.gather(*(tree(n) for n in range(count)))
    doomed.cancel()
    try:
        await doomed
    except asyncio.CancelledError:
        pass
    return found

def f(count):
    return asyncio.run(main(count))
"""


@pytest.mark.dicts
@pytest.mark.parametrize("recorded", [False, True])
def test_a_thousand_tasks_have_their_own_call_trees(recorded):
    module_names = ("f", "main", "tree", "leaf", "plain", "cancelled", "numbers")
    f = define(ASYNC)
    records = []
    recorder = Recorder()
    config = FollowConfig(fields=("task", "depth", "call_id", "thread", "process"), follow_return=True)
    for name in module_names:
        if name != "f":
            f.__globals__[name] = follow(f.__globals__[name], recorder if recorded else records.append, config=config)
    wanted = define(ASYNC)(1_000)
    assert f(1_000) == wanted
    records = recorder.records() if recorded else records
    assert {record["thread"] for record in records} == {"MainThread"}
    assert {record["process"] for record in records} == {os.getpid()}
    by_task = {}
    for record in records:
        by_task.setdefault(record["task"], []).append(record)
    assert "doomed" in by_task
    roots = set()
    for own in by_task.values():
        if own[-1]["function"] != "tree":
            continue
        calls = {}
        shape = []
        for record in own:
            calls.setdefault(record["call_id"], (record["function"], record["depth"]))
            shape.append((record["function"], record["instruction"], record["depth"]))
        expected = []
        n = {v["var"]: v["val"] for v in own[0]["local_vars"]}["n"]
        expected.append(("tree", "total = 0", 0))
        for k in range(3):
            expected.append(("tree", "for k in range(3):", 0))
            expected.append(("leaf", "await asyncio.sleep(0)", 1))
            expected.append(("plain", "m = n * 2", 2))
            expected.append(("plain", "return m", 2))
            expected.append(("leaf", "return plain(n)", 1))
            expected.append(("tree", "total += (await asyncio.sleep(0) or n) + await leaf(k)", 0))
        expected.append(("tree", "for k in range(3):", 0))
        expected.append(("tree", "return total", 0))
        assert shape == expected
        assert sorted(calls.values()) == sorted([("tree", 0), *[("leaf", 1)] * 3, *[("plain", 2)] * 3])
        roots.add((own[0]["call_id"], n))
        assert own[-1]["local_vars"][0]["val"] == wanted[n]
    assert len({call for call, _ in roots}) == 1_000 and sorted(n for _, n in roots) == list(range(1_000))


def test_times_of_a_task_are_its_own():
    f = define(
        "import asyncio\nasync def wait(s):\n    a = 1\n    await asyncio.sleep(s)\n    b = 2\n"
        "async def main():\n    await asyncio.gather(wait(0.05), wait(0.1), wait(0))\n"
        "def f():\n    asyncio.run(main())\n"
    )
    records = []
    f.__globals__["wait"] = follow(
        f.__globals__["wait"], records.append, config=FollowConfig(fields=("call_id", "timestamp"))
    )
    f()
    for call in {record["call_id"] for record in records}:
        own = [record for record in records if record["call_id"] == call]
        wanted = own[0]["local_vars"][0]["val"]
        assert own[1]["execution_time"] >= wanted * 1e3 * 0.99
        assert own[0]["execution_time"] < 45 and own[2]["execution_time"] < 45
        assert abs((own[1]["timestamp"] - own[0]["timestamp"]) * 1e3 - own[1]["execution_time"]) < 45


def test_context_variables_are_the_programs_own():
    f = define(
        "import contextvars, asyncio\nvar = contextvars.ContextVar('var', default=0)\n"
        "async def one(n):\n    var.set(n)\n    await asyncio.sleep(0)\n    return var.get(), len(contextvars.copy_context())\n"
        "async def main():\n    return await asyncio.gather(*(one(n) for n in range(9)))\n"
        "def f():\n    return asyncio.run(main())\n"
    )
    plain = f()
    for name in ("one", "main"):
        f.__globals__[name] = follow(
            f.__globals__[name], lambda record: None, config=FollowConfig(fields=("task", "depth"))
        )
    assert f() == plain
