"""Where generated code finds its probes: made when they are first called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

_GIVING = ("return", "match", "lambda", "yield", "keep")
"""The probes that give back the value that they are given."""


class ProbeTable(dict[Any, Any]):
    """The probes of one rewritten piece of source, by site or name: a constant of all its code.

    Most sites of a program never run, so a probe is made when it is first asked for.

    Arguments:
        make: makes the probe of a name.
    """

    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__

    def __init__(self, make: Callable[[Any], Callable[..., object]]) -> None:
        super().__init__()
        self._make = make

    def __missing__(self, name: int | str) -> Callable[..., object]:
        try:
            made = self[name] = self._make(name)
            return made
        except RecursionError:  # no stack is left: the program goes on, unrecorded
            return _given_back if str(name).startswith(_GIVING) else _nothing


def _nothing(*arguments: object) -> None:
    pass


def _given_back(state: object, value: object = None, *arguments: object) -> object:
    return value
