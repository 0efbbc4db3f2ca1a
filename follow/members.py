"""The plain functions inside other things: methods, properties, caches, wrappers, partials, classes."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from types import FunctionType, MethodType

_INSIDE = ("__func__", "__wrapped__", "func", "fget", "fset", "fdel")


def inner_functions(thing: object) -> Iterator[FunctionType]:
    """The functions that a descriptor or wrapper ends in; a plain function that wraps another gives the other.

    Only C-implemented holders are looked into, so no code of the program runs.
    """
    pending, seen = [thing], set()
    while pending:
        thing = pending.pop()
        if thing is None or id(thing) in seen:
            continue
        seen.add(id(thing))
        if isinstance(thing, FunctionType):
            wrapped = thing.__dict__.get("__wrapped__")
            if wrapped is None or not any(True for _ in inner_functions(wrapped)):
                yield thing
            else:
                pending.append(wrapped)
        elif _is_holder(thing):
            pending.extend(getattr(thing, name, None) for name in _INSIDE)


def _is_holder(thing: object) -> bool:
    kinds = (
        staticmethod,
        classmethod,
        property,
        MethodType,
        functools.partial,
        functools.partialmethod,
        functools.cached_property,
        functools.singledispatchmethod,
    )
    return isinstance(thing, kinds) or type(thing).__name__ == "_lru_cache_wrapper"


def class_functions(cls: type) -> Iterator[FunctionType]:
    """The functions that a class body defines, those of the classes in it too; generated ones are left out."""
    prefix = f"{cls.__qualname__}."
    for thing in list(vars(cls).values()):
        if isinstance(thing, type):
            if thing.__module__ == cls.__module__ and thing.__qualname__.startswith(prefix):
                yield from class_functions(thing)
            continue
        for function in inner_functions(thing):
            own = function.__module__ == cls.__module__ and function.__qualname__.startswith(prefix)
            if own and not function.__code__.co_filename.startswith("<string>"):
                yield function
