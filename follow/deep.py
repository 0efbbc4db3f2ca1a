"""Work on source that is nested deeper than the stack allows: again, in a thread with a larger one."""

from __future__ import annotations

import _thread
import sys
import threading
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

_STACK = 256 << 20
"""Bytes; only what is used is taken from memory."""
_LIMIT = 20_000
"""The recursion limit meanwhile, which holds for all threads."""


def deeply(work: Callable[[], T]) -> T:
    """What ``work`` returns; when the stack does not suffice, it is called again with a larger one.

    Raises:
        RecursionError: that did not suffice either, or could not be had.
    """
    try:
        return work()
    except RecursionError as error:
        return _with_larger_stack(work, error)


def _with_larger_stack(work: Callable[[], T], error: RecursionError) -> T:
    results: list[T] = []
    errors: list[BaseException] = []
    done = _thread.allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:
            errors.append(error)
        finally:
            done.release()

    limit = sys.getrecursionlimit()
    try:
        size = threading.stack_size(_STACK)
        try:
            sys.setrecursionlimit(max(limit, _LIMIT))
            _thread.start_new_thread(run, ())
        finally:
            threading.stack_size(size)
        done.acquire()
    except (RuntimeError, ValueError):  # no such thread can be had
        raise error from None
    finally:
        sys.setrecursionlimit(limit)
    if errors:
        raise errors[0]
    return results[0]
