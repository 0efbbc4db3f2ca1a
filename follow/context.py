"""Where a call stands: its thread, its task, its process, its number, and how deep it is in followed calls."""

from __future__ import annotations

import itertools
import os
import sys
import threading
import time
from collections.abc import Callable
from types import CodeType, FrameType
from typing import Any, NamedTuple

STATIC = ("kind", "line", "file", "qualname")
"""Fields of a record that its statement decides."""

DYNAMIC = ("thread", "task", "process", "timestamp", "call_id", "depth")
"""Those that must be asked for each record."""

_OF_THE_BEGIN = frozenset(("thread", "task", "depth"))
"""Those for which a recorder must ask when a call begins."""

_MOST = 1 << 16


def asks_begin(fields: tuple[str, ...]) -> bool:
    """Whether a recorder must ask more of the begin of a call, so that its records can have these fields."""
    return not _OF_THE_BEGIN.isdisjoint(fields)


_numbers = itertools.count(1)
"""The numbers of calls."""


class Standing(NamedTuple):
    """How a call stands among others.

    Attributes:
        call: its number; a recorder's own are others.
        depth: how many followed calls are around it in its thread or task.
        parent: the number of the innermost of them, or 0.
    """

    call: int
    depth: int
    parent: int


class Standings:
    """Knows how the calls that run at this moment stand, by their frames."""

    def __init__(self) -> None:
        self._known: dict[int, tuple[CodeType, Standing]] = {}

    def enter(self, frame: FrameType) -> Standing:
        """A followed call begins in this frame; only the frames around it are looked at."""
        above, call = self._around(frame), next(_numbers)
        made = Standing(call, 0, 0) if above is None else Standing(call, above.depth + 1, above.call)
        if len(self._known) >= _MOST:
            self._known.clear()
        self._known[id(frame)] = frame.f_code, made
        return made

    def _around(self, frame: FrameType) -> Standing | None:
        known, starts = self._known, _task_starts()
        above = frame.f_back
        while above is not None:
            code = above.f_code
            if code in starts:
                return None
            entry = known.get(id(above))
            # A followed call notes its frame first of all: so what is noted of this place and code is of this frame.
            if entry is not None and entry[0] is code:
                return entry[1]
            above = above.f_back
        return None


_starts: dict[tuple[str, str, str], CodeType] = {}
_STARTS = (("asyncio.events", "Handle", "_run"), ("trio._core._run", "", "unrolled_run"))


def _task_starts() -> Any:
    """The code from which event loops run tasks: what is above it has nothing to do with the task."""
    for module, holder, name in _STARTS:
        if (module, holder, name) not in _starts and module in sys.modules:
            found: Any = sys.modules[module]
            found = getattr(found, holder, None) if holder else found
            function = getattr(found, name, None)
            if function is not None:
                _starts[module, holder, name] = function.__code__
    return _starts.values()


def thread_name() -> str:
    """The name of the running thread; no thread object is made for one that Python did not start."""
    number = threading.get_ident()
    thread: Any = threading._active.get(number)  # type: ignore[attr-defined]
    return f"thread-{number}" if thread is None else str(thread._name)


def task_name() -> str | None:
    """The name of the running task of asyncio or trio (anyio uses either); None outside of one."""
    asyncio = sys.modules.get("asyncio")
    try:
        if asyncio is not None and asyncio._get_running_loop() is not None:
            task = asyncio.current_task()
            return None if task is None else str(task.get_name())
        trio = sys.modules.get("trio")
        if trio is not None:
            return str(trio.lowlevel.current_task().name)
    except Exception:  # no task runs, or asyncio is only half imported
        pass
    return None


_OF_THE_MOMENT: dict[str, Callable[[], object]] = {
    "thread": thread_name,
    "task": task_name,
    "process": os.getpid,
    "timestamp": time.time,
}


def reader(fields: tuple[str, ...], static: dict[str, object], standing: int) -> Callable[[list[Any]], dict[str, Any]]:
    """What gives the further fields of one statement's records, from the state of the call.

    Arguments:
        fields: their names, in the order of the record.
        static: those that the statement decides.
        standing: where in the state the call's ``Standing`` is.
    """

    def read(state: list[Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name in fields:
            if name in static:
                found[name] = static[name]
            elif name in _OF_THE_MOMENT:
                found[name] = _OF_THE_MOMENT[name]()
            else:
                known = state[standing]
                found[name] = None if known is None else known.call if name == "call_id" else known.depth
        return found

    return read


STANDINGS = Standings()


class Begin(NamedTuple):
    """What a recorder is told of the begin of a call, where records are to show it.

    Attributes:
        thread: the thread's identifier.
        thread_name, task: names; no task is None.
        standing: the call among others.
    """

    thread: int
    thread_name: str
    task: str | None
    standing: Standing


def begin_of(frame: FrameType) -> list[Any]:
    """The values of a ``Begin`` for the call that begins in a frame, as a recorder keeps them."""
    return [threading.get_ident(), thread_name(), task_name(), *STANDINGS.enter(frame)]


def begin_here() -> list[Any]:
    """The same for whoever calls this."""
    return begin_of(sys._getframe(1))


def begin_above() -> list[Any]:
    """The same for whoever called what calls this."""
    return begin_of(sys._getframe(2))


def begin(values: list[Any]) -> Begin:
    """A ``Begin`` from its values."""
    thread, name, task, *standing = values
    return Begin(thread, name, task, Standing(*standing))
