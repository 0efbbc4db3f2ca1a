"""What ``python -m benchmarks.capabilities`` has tools follow."""

from __future__ import annotations

import threading
import weakref

from .witness import Thing, hooked, hooks, things


def inner(n: int) -> None:
    called = n + 1000
    del called


def outside(n: int) -> None:
    in_thread = n + 2000
    del in_thread


def work(numbers: list[int]) -> str:
    first = len(numbers)
    numbers.append(20)
    size = len(numbers)
    thing = Thing()
    things.append(weakref.ref(thing))
    hooks.append(hooked())
    inner(3)
    thread = threading.Thread(target=outside, args=(4,))
    thread.start()
    thread.join()
    try:
        numbers[size + first]
    except IndexError:
        del thing
    return "done"
