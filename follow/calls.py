"""Functions that a followed statement calls: followed in that call, and in no other."""

from __future__ import annotations

import functools
from collections.abc import Callable
from types import CodeType, FunctionType, MethodType
from typing import Any

from .channel import Channel
from .config import FollowConfig
from .selection import is_installed, matches

_MOST = 2_048
"""Of so many functions the followed code is kept at a time."""

_mro = type.__dict__["__mro__"].__get__
"""Reads the bases of a class past whatever its metaclass does to attributes."""


class Stepping:
    """What calls in followed statements go through: it gives the followed form of what is called.

    Arguments:
        channel: where the records go.
        depth: so many levels of calls are followed.
        link: makes the followed code of a function for a channel, at a depth; None where it cannot be followed.
        twin: makes a function with other code.
    """

    def __init__(
        self,
        channel: Channel,
        depth: int,
        link: Callable[[FunctionType, Channel, int], CodeType | None],
        twin: Callable[[FunctionType, CodeType], FunctionType],
    ) -> None:
        self._channel = channel
        self._depth = depth
        self._link = link
        self._twin = twin
        self._codes: dict[int, tuple[CodeType, CodeType | None]] = {}

    def __call__(self, callee: Any) -> Any:
        """The followed form of what is called, or the callee itself."""
        try:
            return self._followed(callee)
        except RecursionError:  # no frame is left for this
            return callee

    def _followed(self, callee: Any) -> Any:
        kind = type(callee)
        if kind is FunctionType:
            return self._function(callee)
        if kind is MethodType:
            function = callee.__func__
            new = self._function(function) if type(function) is FunctionType else function
            return callee if new is function else MethodType(new, callee.__self__)
        if kind is type:
            return self._class(callee)
        function = _defined(kind, "__call__")
        if type(function) is not FunctionType or type in _mro(kind):
            return callee
        new = self._function(function)
        return callee if new is function else MethodType(new, callee)

    def _function(self, function: FunctionType) -> FunctionType:
        code = function.__code__
        known = self._codes.get(id(code))
        if known is None or known[0] is not code:
            if len(self._codes) >= _MOST:
                self._codes.clear()
            wanted = is_wanted(function, self._channel.config)
            known = code, self._link(function, self._channel, self._depth - 1) if wanted else None
            self._codes[id(code)] = known
        return function if known[1] is None else self._twin(function, known[1])

    def _class(self, cls: type) -> Any:
        """A class whose own ``__init__`` is what runs when it is called."""
        function = _defined(cls, "__init__")
        if type(function) is not FunctionType or _defined(cls, "__new__") is not object.__dict__["__new__"]:
            return cls
        new = self._function(function)
        return cls if new is function else functools.partial(_construct, cls, new)


def is_wanted(function: FunctionType, config: FollowConfig) -> bool:
    """Whether a function that followed code calls or hands over is the program's own, or named by ``step_into``."""
    name = function.__globals__.get("__name__", "")
    if type(name) is not str or not matches(name, ("*",)):
        return False
    return matches(name, config.step_into) or not is_installed(function.__code__.co_filename)


def _construct(cls: type, initialize: Callable[..., object], /, *args: Any, **kwargs: Any) -> Any:
    """What ``type.__call__`` does, with another ``__init__``."""
    made = cls.__new__(cls, *args, **kwargs)
    result = initialize(made, *args, **kwargs)
    if result is not None:
        raise TypeError(f"__init__() should return None, not '{type(result).__name__}'")
    return made


def _defined(cls: type, name: str) -> object:
    """What a class or the first of its bases that has it defines under a name."""
    for base in _mro(cls):
        if name in base.__dict__:
            return base.__dict__[name]
    return None
