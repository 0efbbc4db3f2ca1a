"""The rows of the table: each takes the loop and runs it once, its output discarded."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from time import perf_counter_ns
from types import FrameType
from typing import Any

from follow import FollowConfig, Recorder, follow, text
from tests.reference import reference

from .loop import loop

Run = Callable[[int], object]


def discard(record: object) -> None:
    """A follower that does nothing."""


def floor(n: int) -> int:
    """The loop with ``extend((site, time, value))`` written in by hand."""
    buffer: list[Any] = []
    extend, now = buffer.extend, perf_counter_ns
    total = 0
    for i in range(n):
        extend((1, now(), i))
        x = i * 2
        extend((2, now(), x))
        total += x
        extend((3, now(), total))
        if len(buffer) > 90_000:
            buffer.clear()
    return total


def settrace(n: int) -> int:
    """A bare settrace callback that copies the locals of each line."""

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        dict(frame.f_locals)
        return trace

    sys.settrace(trace)
    try:
        return loop(n)
    finally:
        sys.settrace(None)


def rows() -> Iterator[tuple[str, Run]]:
    """Name and runner of each row; the first is the native loop."""
    module = reference()
    yield "native", loop
    yield "floor: extend written by hand", floor
    yield "bare settrace callback copying f_locals", settrace
    yield "python-follow 0.1.2", module.follow(config=module.FollowConfig(follow_threads=False), follower=discard)(loop)
    yield "follow: the same dicts", follow(loop, discard, config=FollowConfig())
    yield "follow: recorder, ring of 10,000", follow(loop, Recorder(ring=10_000), config=FollowConfig())
    yield "follow: text, no-op writer", follow(loop, text(discard), config=FollowConfig())
    yield from peers()
    yield "follow: values='live'", follow(loop, discard, config=FollowConfig(values="live"))


def peers() -> Iterator[tuple[str, Run]]:
    """The peers that are installed beside it (``pip install '.[benchmarks]'``), their output discarded."""
    with contextlib.suppress(ImportError):
        import pysnooper

        yield "PySnooper, no-op writer", pysnooper.snoop(discard)(loop)
    with contextlib.suppress(ImportError):
        import snoop

        yield "snoop, no-op writer", snoop.Config(out=discard, color=False).snoop(loop)
    with contextlib.suppress(ImportError):
        import hunter

        def hunted(n: int) -> int:
            with hunter.trace(function="loop", action=lambda event: event.locals.copy()):
                return loop(n)

        yield "hunter, own action copying locals", hunted
