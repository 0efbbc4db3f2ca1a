"""For a recorder: cheap copies of containers that hold no other containers, most of which are as they were."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from operator import is_
from typing import Any

from .config import FollowConfig
from .copies import IDENTITY, SHORT, Tagged
from .state import MISSING, Number

BASE_IDS = frozenset(map(id, (list, tuple, dict, set, frozenset, deque, str, bytes, range, int)))
"""The ids of the types of what has an identity in a recording, or cannot change."""
EXACT_IDS = frozenset(map(id, (list, tuple, dict, set, frozenset, deque, str, bytes, bytearray, range)))
"""The ids of the types whose iterators and methods run no code but Python's own."""
_MOST = 4096
"""So many copies are kept, to see whether a container is as it was."""
_MOST_ITEMS = 1 << 15
"""And no more than so many items of them: some 8 MiB, for none is longer than ``SHORT``."""
_SMALL = 1 << 30
"""Integers below this are within any limits."""


_NOTHING: tuple[Any, Any] = (frozenset(), MISSING)


class FlatCopies:
    """Copies lists, tuples, dicts and sets in which there are only atoms, and objects of types met before.

    The last copy of a container is kept by the container's id. It is compared by the identity of the items,
    so it does no harm when another container gets that id.

    Arguments:
        config: the limits; what is beyond them is not copied here.
        described: gives by a type's id what stands for any object of that type.
    """

    def __init__(self, config: FollowConfig, described: Callable[[int], Any]) -> None:
        self._described = described
        self._items = min(config.max_items, config.max_nodes) if config.max_depth > 0 else -1
        self._string = min(config.max_string, SHORT)
        self._longest = config.max_string
        self.room = Number()
        """From this is taken what long strings weigh."""
        self._number = _SMALL if config.max_bits >= _SMALL.bit_length() else 1 << config.max_bits
        self._kept = 0
        self._last: dict[int, tuple[Any, Any]] = {}
        """What a container held, and the form of that."""

        self.copiers: dict[int, Callable[[Any], object]] = {
            id(list): self._list,
            id(dict): self._dict,
            id(tuple): self._tuple,
            id(set): self._set,
        }
        """By the id of its type, what gives a container's form as it is now; ``MISSING`` if it is not so simple."""

    def _set(self, value: set[Any]) -> object:
        if len(value) > self._items:
            return MISSING
        copied = value.copy()
        return Tagged(id(value), copied) if self._are_atoms(copied) else MISSING

    def _list(self, value: list[Any]) -> object:
        if len(value) > self._items:
            return MISSING
        number = id(value)
        held, form = self._last.get(number, _NOTHING)
        if len(held) == len(value) and type(held) is list and all(map(is_, held, value)):
            return form
        new = value.copy()
        items = self.sequence(new) if len(new) <= self._items else None
        if items is None:
            self._last.pop(number, None)
            return MISSING
        form = [number, *items]
        self._keep(number, items, form)
        return form

    def _tuple(self, value: tuple[Any, ...]) -> object:
        if len(value) > self._items:
            return MISSING
        number = id(value)
        held, form = self._last.get(number, _NOTHING)
        if len(held) == len(value) and type(held) is tuple and all(map(is_, held, value)):
            return form
        items = self.sequence(value)
        if items is None:
            return MISSING
        form = value if all(map(is_, items, value)) else tuple(items)
        self._keep(number, form, form)
        return form

    def _dict(self, value: dict[Any, Any]) -> object:
        if len(value) > self._items:
            return MISSING
        number = id(value)
        held, form = self._last.get(number, _NOTHING)
        if self._is_as_it_was(held, value):
            return form
        new = value.copy()
        if len(new) > self._items or not self._are_atoms(new):
            return MISSING
        items = self.sequence(list(new.values()))
        if items is None:
            return MISSING
        held = dict(zip(new, items))
        form = {**held, IDENTITY: number}
        self._keep(number, held, form)
        return form

    def _keep(self, number: int, held: Any, form: Any) -> None:
        self._kept += len(held)
        if len(self._last) >= _MOST or self._kept > _MOST_ITEMS:
            self._last.clear()
            self._kept = len(held)
        self._last[number] = held, form

    def _is_as_it_was(self, last: Any, value: dict[Any, Any]) -> bool:
        if type(last) is not dict or len(last) != len(value):
            return False
        try:
            return all(map(is_, last.values(), value.values())) and all(map(is_, last, value))
        except RuntimeError:  # another thread changes it
            return False

    def sequence(self, new: Any) -> list[Any] | None:
        """The items of a fresh copy, objects described; None if there is more to do."""
        number, string, described = self._number, self._string, self._described
        others: list[Any] = []
        other = others.append
        items = [
            item
            if (
                (type(item) is int and -number < item < number)
                or item is None
                or (type(item) is str and len(item) <= string)
                or type(item) is float
                or type(item) is bool
            )
            else described(id(type(item))) or other(item)
            for item in new
        ]
        return self._with_long(new, others) if others else items

    def _with_long(self, new: Any, others: list[Any]) -> list[Any] | None:
        """The same where the others are nothing but longer strings, which weigh more."""
        longest, described = self._longest, self._described
        if not all(type(other) is str and len(other) <= longest for other in others):
            return None
        weight = sum(map(len, others)) // SHORT
        self._kept += weight
        self.room.value -= weight
        return [described(id(type(item))) or item for item in new]

    def _are_atoms(self, keys: Any) -> bool:
        number, string = self._number, self._string
        return not [
            key
            for key in keys
            if not (
                (type(key) is str and len(key) <= string)
                or (type(key) is int and -number < key < number)
                or key is None
                or type(key) is float
                or type(key) is bool
            )
        ]
