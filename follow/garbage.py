"""Rewriting a file makes hundreds of thousands of objects that live until it is done, and no cycles of them; so does
reading a recorded run.

The garbage collector, which looks after every 700 new ones, would go through them again and again: a tenth of the time
of the one, half of that of the other.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

_SELDOM = 100_000
_running: list[None] = []
_before: tuple[int, int, int] = gc.get_threshold()


@contextmanager
def collected_seldom() -> Iterator[None]:
    """Let the collector look after so many new objects only; what the program has set meanwhile stays.

    There is no lock, which a fork could leave held: at worst the collector is asked as often as before.
    """
    global _before
    _running.append(None)
    now = gc.get_threshold()
    if len(_running) == 1 and 0 < now[0] < _SELDOM:
        _before = now
        gc.set_threshold(_SELDOM, *now[1:])
    try:
        yield
    finally:
        _running.pop()
        if not _running and gc.get_threshold()[0] == _SELDOM:
            gc.set_threshold(*_before)
