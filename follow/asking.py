"""``FollowConfig(repr="user")``: what objects say of themselves, which runs the program's code."""

from __future__ import annotations

import time
import weakref
from collections.abc import Collection
from typing import Any

from .bounded import type_name
from .capture import Capture
from .config import FollowConfig
from .copies import plain
from .describe import Describer, DescribingCopy
from .described import Described, describe
from .state import MISSING

SLOWEST = 50_000_000
"""A type whose ``repr()`` has once taken longer (ns) is not asked again; and so long may those of one variable take."""

_slow: dict[int, weakref.ref[type]] = {}
"""By their ids the types that are not asked any more, as long as they live."""


def asked(value: object, most: int) -> Described:
    """An object's own text, which runs its ``__repr__``.

    Arguments:
        value: an object that is no built-in value.
        most: so many characters of it are kept.

    Returns:
        Its description; without a text if its type takes too long.

    Raises:
        BaseException: what is no ``Exception``, such as a ``KeyboardInterrupt`` that came meanwhile.
    """
    kind = type(value)
    name = type_name(kind)
    if id(kind) in _slow:
        return Described(name)
    began = time.perf_counter_ns()
    try:
        found = repr(value)
        text = str.__getitem__(found, slice(most))
        if str.__len__(found) > most:
            text += "…"
    except Exception as error:
        text = f"<repr raised {type_name(type(error))}>"
    finally:
        if time.perf_counter_ns() - began > SLOWEST:
            _switch_off(kind)
    return Described(name, None, text)


def _switch_off(kind: type) -> None:
    number = id(kind)
    _slow[number] = weakref.ref(kind, lambda _: _slow.pop(number, None))


def _nothing(_: object) -> None:
    """No list is simple."""


class _AskingCopy(DescribingCopy):
    """One variable being copied, its objects asked for their texts."""

    __slots__ = ("until",)
    until: int

    def other(self, value: object) -> object:
        """An object is asked; functions, classes and modules are known by their names."""
        found = describe(value)
        if type(found) is not Described or found.name is not None or time.perf_counter_ns() > self.until:
            return found
        return asked(value, self.string)


_AskingCopy.fillers = DescribingCopy.fillers
_AskingCopy.copiers = DescribingCopy.copiers


class _AskingDescriber(Describer):
    """Copies values within a configuration's limits, objects as what they say of themselves."""

    def __init__(self, config: FollowConfig) -> None:
        super().__init__(config)
        self._kind = _AskingCopy
        self._flat = {}
        self._sequence = _nothing

    def copy(self, value: object) -> object:
        """A value as it is now."""
        try:
            return self.start().copy(value, 0)
        except (RecursionError, MemoryError):
            return self.lost

    def start(self) -> DescribingCopy:
        """A copy that may spend what the limits say."""
        copy = super().start()
        assert isinstance(copy, _AskingCopy)
        copy.until = time.perf_counter_ns() + SLOWEST
        return copy


class AskingCapture(Capture):
    """Values as followers of dicts get them, objects as what they say of themselves at that moment.

    Arguments:
        config: the limits.
    """

    def __init__(self, config: FollowConfig) -> None:
        super().__init__(config)
        self.entries = None
        self._describer = _AskingDescriber(config)

    def variable(self, name: str, value: object) -> dict[str, Any]:
        """The entry of one variable in a record."""
        return {"var": name, "val": self.value(value), "type": type_name(type(value))}

    def namespace(
        self, found: dict[str, object], names: list[str], secret: Collection[str] = ()
    ) -> list[dict[str, Any]]:
        """The entries of those of the names that are bound in a module's dict."""
        return [self.variable(name, value) for name in names if (value := found.get(name, MISSING)) is not MISSING]

    def value(self, value: object) -> object:
        """The value as it is now."""
        return plain(self._describer.copy(value))
