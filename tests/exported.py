"""Programs that are recorded to be exported."""

from __future__ import annotations

from pathlib import Path
from types import FunctionType

import follow
from follow.trace.reader import Trace

from .support import define

PROGRAM = """\
import asyncio, contextlib, threading

def fib(n):
    if n < 2:
        return n
    return fib(n - 1) + fib(n - 2)

def count(n):
    for i in range(n):
        yield i

def falls(x):
    with contextlib.nullcontext() as c:
        y = 0.5

def inverse(x):
    return 1 / x

def safe(x):
    try:
        return inverse(x)
    except ZeroDivisionError as error:
        text = str(error)
    finally:
        z = 1

def zipped():
    return list(zip(count(2), count(3)))

async def wait(n):
    await asyncio.sleep(0.001 * n)
    return fib(1)

async def worker(n):
    m = await wait(n)
    return m + n

async def main():
    return await asyncio.gather(worker(1), worker(2))

def in_threads():
    threads = [threading.Thread(target=fib, args=(2,)) for _ in range(2)]
    for thread in threads:
        thread.start()
        thread.join()

def run():
    safe(0)
    safe(1)
    zipped()
    asyncio.run(main())
    in_threads()
    return fib(3)
"""


TASKS = """\
import asyncio, contextlib

class Slow:
    async def __aenter__(self):
        return 1
    async def __aexit__(self, *exc_info):
        await asyncio.sleep(0.003)
        x = 1

async def leaf(n):
    await asyncio.sleep(0.001 * n)
    return n

async def uses(n):
    async with Slow() as slow:
        return await leaf(n)

async def mistaken(n):
    if n > 5:
        await leaf(n)
    task = asyncio.create_task(leaf(3))
    await asyncio.sleep(0.001)
    y = 2
    return await task

async def counting(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i

async def main():
    found = await asyncio.gather(uses(1), uses(2), mistaken(1))
    async for i in counting(2):
        found.append(i)
    task = asyncio.create_task(leaf(1000))
    await asyncio.sleep(0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task

def run():
    asyncio.run(main())
"""


def record(path: Path, source: str = PROGRAM, name: str = "run") -> Trace:
    """Record all functions of a source while one of them runs."""
    function = define(source, name)
    names = function.__globals__
    with follow.Recorder(path) as recorder:
        for known, value in list(names.items()):
            if isinstance(value, type):
                for inner, method in list(vars(value).items()):
                    if isinstance(method, FunctionType):
                        setattr(value, inner, follow.follow(method, follower=recorder))
            elif isinstance(value, FunctionType) and value.__code__.co_filename == function.__code__.co_filename:
                names[known] = follow.follow(value, follower=recorder)
        try:
            names[name]()
        except ZeroDivisionError:
            pass
    return follow.load(path)
