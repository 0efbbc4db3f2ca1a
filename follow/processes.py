"""The processes of ``multiprocessing``, which do not end as Python does, and the files of child processes."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable
from typing import Any, Protocol


def path_of_process(path: str) -> str:
    """Where this process, if it is a child of the one that was given a path, writes its own trace."""
    import platform

    return f"{path}.{platform.node()}.{os.getpid()}"


class Flushable(Protocol):
    """What holds something that is not written yet."""

    def flush(self) -> None:
        """Write it."""


def flush_before_answers(owner: Flushable) -> None:
    """In a process that ``multiprocessing`` has started: write what is left before it answers, and at its end.

    Such a process ends without Python's own end, and those of a pool are killed when they have answered. This must
    be called before ``multiprocessing`` starts the process's work.

    Arguments:
        owner: what is to be written; it is not kept alive.
    """
    util: Any = sys.modules.get("multiprocessing.util")
    if util is None:
        return
    util.register_after_fork(owner, _in_forked_child)
    process: Any = sys.modules["multiprocessing.process"].current_process()
    if getattr(process, "_inheriting", False):  # it was spawned, and does not know yet what to do
        _in_spawned_child(owner)


def _in_forked_child(owner: Flushable) -> None:
    util: Any = sys.modules["multiprocessing.util"]
    util.Finalize(owner, owner.flush, exitpriority=0)
    process: Any = sys.modules["multiprocessing.process"].current_process()
    pool = sys.modules.get("multiprocessing.pool")
    if pool is not None and process._target is pool.worker:
        asked, answers, *rest = process._args
        process._args = asked, _Answers(answers, owner.flush), *rest


def _in_spawned_child(owner: Flushable) -> None:
    """What the process is to do comes pickled: a pool's worker is found by its name."""
    import multiprocessing.pool

    pool: Any = multiprocessing.pool
    pool.worker = functools.partial(_worker, pool.worker, owner.flush)


def _worker(work: Callable[..., None], flush: Callable[[], None], asked: Any, answers: Any, *rest: Any) -> None:
    work(asked, _Answers(answers, flush), *rest)


class _Answers:
    """The queue on which a process of a pool answers: first it is written what was recorded.

    Arguments:
        queue: the queue.
        flush: writes it.
    """

    def __init__(self, queue: Any, flush: Callable[[], None]) -> None:
        self._queue = queue
        self._flush = flush

    def __getattr__(self, name: str) -> Any:
        return getattr(self._queue, name)

    def put(self, answer: object) -> None:
        """Write, and answer."""
        self._flush()
        self._queue.put(answer)
