"""Attributes that are made when they are first asked for."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar, overload

Made = TypeVar("Made")


class lazy(Generic[Made]):
    """As ``functools.cached_property``, but without its lock, which all objects share up to Python 3.11.

    Probes ask for such attributes: in a child process that was forked while another thread held the lock, they would
    wait for ever. Where two threads make the attribute at once, the one that is made last stays.
    """

    def __init__(self, make: Callable[[Any], Made]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type) -> lazy[Made]: ...
    @overload
    def __get__(self, instance: object, owner: type) -> Made: ...
    def __get__(self, instance: object | None, owner: type) -> lazy[Made] | Made:
        if instance is None:
            return self
        made = instance.__dict__[self._name] = self._make(instance)
        return made
