"""Threads that a followed call makes: what they run is followed there, and nothing stays patched.

The calls that may hand a function to a thread are known by their names; what is called is looked at when it is
called. So ``threading`` itself is never touched.
"""

from __future__ import annotations

import _thread
import functools
import sys
import threading
from collections.abc import Callable
from itertools import chain, starmap
from types import FunctionType, MethodType
from typing import Any

from .channel import Channel

_mro = type.__dict__["__mro__"].__get__

_FUNCTIONS = {
    ("asyncio.threads", "to_thread"),
    ("trio._threads", "to_thread_run_sync"),
    ("anyio.to_thread", "run_sync"),
}
"""Functions whose first argument is run in a thread, by module and name."""

_EXECUTORS = ("concurrent.futures.thread", "ThreadPoolExecutor"), ("multiprocessing.pool", "ThreadPool")
"""Classes whose methods run their first argument in a thread: whoever has one has imported their modules."""

_EXECUTING = {
    *("submit", "map"),
    *("apply", "apply_async", "map_async", "imap", "imap_unordered", "starmap", "starmap_async"),
}


def spawning(channel: Channel, callee: Any) -> Any:
    """The callee itself, or what does the same with functions that are followed in their thread."""
    try:
        return _spawning(channel, callee)
    except RecursionError:  # no frame is left for this
        return callee


def _spawning(channel: Channel, callee: Any) -> Any:
    kind = type(callee)
    if kind is MethodType:
        owner, name = callee.__self__, getattr(callee.__func__, "__name__", "")
        if name == "start" and _is(owner, threading.Thread):
            _prepare(channel, owner)
        elif name in _EXECUTING and any(_is(owner, _loaded(*place)) for place in _EXECUTORS):
            return functools.partial(_hand_over, channel, callee, 0)
        elif name == "run_in_executor":
            return functools.partial(_run_in_executor, channel, callee)
    elif kind is FunctionType:
        if (callee.__module__, callee.__name__) in _FUNCTIONS:
            return functools.partial(_hand_over, channel, callee, 0)
    elif callee is _thread.start_new_thread:
        return functools.partial(_hand_over, channel, callee, 0)
    elif isinstance(callee, type) and threading.Thread in _mro(callee):
        return functools.partial(_new_thread, channel, callee)
    elif getattr(kind, "__name__", "") == "builtin_function_or_method" and callee.__name__ == "run_in_executor":
        return functools.partial(_run_in_executor, channel, callee)  # that of uvloop
    return callee


def _loaded(module: str, name: str) -> Any:
    return getattr(sys.modules.get(module), name, None)


def _is(value: object, cls: Any) -> bool:
    """Whether a value is of a class, whatever it says itself."""
    return cls in _mro(type(value))


def _hand_over(channel: Channel, callee: Any, index: int, /, *args: Any, **kwargs: Any) -> Any:
    """Call what runs its argument of that index in a thread."""
    if len(args) > index:
        args = (*args[:index], channel.spawn(args[index]), *args[index + 1 :])
    return callee(*args, **kwargs)


def _run_in_executor(channel: Channel, callee: Any, /, *args: Any, **kwargs: Any) -> Any:
    executor = args[0] if args else kwargs.get("executor")
    if executor is not None and not _is(executor, _loaded(*_EXECUTORS[0])):
        return callee(*args, **kwargs)  # processes get what can be pickled
    if "func" in kwargs:
        kwargs["func"] = channel.spawn(kwargs["func"])
    return _hand_over(channel, callee, 1, *args, **kwargs)


def _new_thread(channel: Channel, cls: Any, /, *args: Any, **kwargs: Any) -> Any:
    """Make a thread whose target is followed there."""
    if threading.Timer in _mro(cls):
        if "function" in kwargs:
            kwargs["function"] = channel.spawn(kwargs["function"])
        elif len(args) > 1:
            args = (args[0], channel.spawn(args[1]), *args[2:])
    elif kwargs.get("target") is not None:
        kwargs["target"] = channel.spawn(kwargs["target"])
    elif len(args) > 1 and args[1] is not None and cls is threading.Thread:
        args = (args[0], channel.spawn(args[1]), *args[2:])
    return cls(*args, **kwargs)


def _prepare(channel: Channel, thread: threading.Thread) -> None:
    """What a thread that is about to start will run is followed: its target, and the ``run`` of its own class."""
    own: dict[str, Any] = object.__getattribute__(thread, "__dict__")
    started = own.get("_started")
    if started is None or started.is_set():
        return
    for name in ("_target", "function"):
        if own.get(name) is not None and (name != "function" or _is(thread, threading.Timer)):
            own[name] = channel.spawn(own[name])
    if "run" in own:
        own["run"] = channel.spawn(own["run"])
        return
    run = next(cls.__dict__["run"] for cls in _mro(type(thread)) if "run" in cls.__dict__)
    if type(run) is FunctionType and run not in (threading.Thread.run, threading.Timer.run):
        followed = channel.spawn(MethodType(run, thread))
        if followed.__func__ is not run:
            own["run"] = _once(own, followed)


def _once(own: dict[str, Any], run: Callable[[], object]) -> Callable[[], object]:
    """What takes itself out of a thread's own attributes and then runs; it is all C, so no frame is added."""
    steps = chain(starmap(own.__delitem__, [("run",)]), starmap(run, [()]))
    return functools.partial(next, filter(None, steps), None)
