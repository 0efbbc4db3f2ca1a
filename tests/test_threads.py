"""What a followed call hands to threads is followed there; everything else is as it was."""

from __future__ import annotations

import asyncio
import concurrent.futures
import functools
import gc
import multiprocessing.pool
import threading
import traceback
import _thread

import pytest

from follow import FollowConfig, follow

from .support import define

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
    "submit": ("with concurrent.futures.ThreadPoolExecutor(1) as e:\n  assert e.submit(work, 2).result() == 3", {"work"}),
    "map": ("with concurrent.futures.ThreadPoolExecutor(2) as e:\n  assert list(e.map(work, [1, 2])) == [2, 3]", {"work"}),
    "to_thread": ("assert asyncio.run(asyncio.wait_for(asyncio.to_thread(work, 1), 9)) == 2", {"work"}),
    "run_in_executor": (
        "async def main():\n  assert await asyncio.get_running_loop().run_in_executor(None, work, 6) == 7\n asyncio.run(main())",
        {"work", "main"},
    ),
    "ThreadPool": ("with multiprocessing.pool.ThreadPool(1) as p:\n  assert p.map(work, [1]) == [2]", {"work"}),
    "start_new_thread": (
        "lock = threading.Lock()\n lock.acquire()\n _thread.start_new_thread(lambda: lock.release(), ())\n lock.acquire(timeout=9)",
        {"<lambda>"},
    ),
}


def patched() -> list[object]:
    """Whatever might have been patched."""
    thread = [vars(threading)[name] for name in ("Thread", "Timer")]
    methods = [vars(cls).get(name) for cls in thread for name in ("__init__", "start", "run")]
    executor = concurrent.futures.ThreadPoolExecutor
    more = [executor.submit, executor.map, multiprocessing.pool.ThreadPool.map, asyncio.to_thread]
    loop = asyncio.BaseEventLoop.run_in_executor
    return [*thread, *methods, *more, loop, _thread.start_new_thread, threading.excepthook]


@pytest.fixture(autouse=True)
def nothing_is_left_behind():
    threads, before = threading.enumerate(), patched()
    yield
    assert patched() == before
    assert threading.enumerate() == threads


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


def test_nested_and_concurrent_calls_with_other_configurations():
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
