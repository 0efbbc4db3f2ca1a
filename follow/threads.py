"""Threads that a followed call makes: what they run is followed there."""

from __future__ import annotations

import functools
import threading
from typing import Any

from .channel import Channel


def spawning(channel: Channel, callee: Any) -> Any:
    """The callee itself, or for a class of threads what makes one whose function is followed."""
    if isinstance(callee, type) and threading.Thread in type.__dict__["__mro__"].__get__(callee):
        return functools.partial(_new_thread, channel, callee)
    return callee


def _new_thread(channel: Channel, cls: Any, *args: Any, **kwargs: Any) -> Any:
    """Make a thread whose target is followed there."""
    if issubclass(cls, threading.Timer):
        if "function" in kwargs:
            kwargs["function"] = channel.spawn(kwargs["function"])
        elif len(args) > 1:
            args = (args[0], channel.spawn(args[1]), *args[2:])
    elif kwargs.get("target") is not None:
        kwargs["target"] = channel.spawn(kwargs["target"])
    elif len(args) > 1 and args[1] is not None and cls is threading.Thread:
        args = (args[0], channel.spawn(args[1]), *args[2:])
    return cls(*args, **kwargs)
