"""For a recorder: cheap copies of containers that hold no other containers, most of which are as they were."""

from __future__ import annotations

from collections import deque
from operator import is_
from typing import Any

from .config import FollowConfig
from .described import described
from .state import MISSING

EXACT_IDS = frozenset(map(id, (list, tuple, dict, set, frozenset, deque, str, bytes, bytearray, range)))
"""The ids of the types whose iterators and methods run no code but Python's own."""
_MOST = 4096
"""So many copies are kept, to see whether a container is as it was."""
_SMALL = 1 << 30
"""Integers below this are within any limits."""


class FlatCopies:
    """Copies lists, tuples, dicts and sets in which there are only atoms, and objects of types met before.

    The last copy of a container is kept by the container's id. It is compared by the identity of the items,
    so it does no harm when another container gets that id; but ``is_flat`` is only right of containers that
    were copied after they were made.

    Arguments:
        config: the limits; what is beyond them is not copied here.
    """

    def __init__(self, config: FollowConfig) -> None:
        self._items = min(config.max_items, config.max_nodes) if config.max_depth > 0 else -1
        self._string = config.max_string
        self._number = min(1 << config.max_bits, _SMALL)
        self._last: dict[int, Any] = {}
        self.is_flat = self._last.__contains__
        """By its id, whether a container held no others when it was last copied."""

    def copy(self, value: Any) -> object:
        """The value as it is now; ``MISSING`` if it is not so simple."""
        last = self._last.get(id(value))
        kind = type(value)
        if kind is list or kind is tuple:
            if last is not None and len(last) == len(value) and type(last) is kind and all(map(is_, last, value)):
                return last
            new = value if kind is tuple else value.copy()
            done: Any = self._sequence(new) if len(new) <= self._items else None
        elif kind is dict:
            if last is not None and self._is_as_it_was(last, value):
                return last
            done = self._dict(value.copy()) if len(value) <= self._items else None
        elif kind is set:
            done = value.copy() if len(value) <= self._items else None
            if done is not None and not self._are_atoms(done):
                done = None
        else:
            return MISSING
        if done is None:
            self._last.pop(id(value), None)
            return MISSING
        if len(self._last) >= _MOST:
            self._last.clear()
        self._last[id(value)] = done
        return done

    def _is_as_it_was(self, last: Any, value: dict[Any, Any]) -> bool:
        if type(last) is not dict or len(last) != len(value):
            return False
        try:
            return all(map(is_, last.values(), value.values())) and all(map(is_, last, value))
        except RuntimeError:  # another thread changes it
            return False

    def _sequence(self, new: Any) -> Any:
        """The items of a fresh copy, objects described; None if there is more to do."""
        number, string = self._number, self._string
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
        if others:
            return None
        if type(new) is list:
            return items
        return new if all(map(is_, items, new)) else tuple(items)

    def _dict(self, new: dict[Any, Any]) -> Any:
        if not self._are_atoms(new):
            return None
        items = self._sequence(list(new.values()))
        return None if items is None else dict(zip(new, items))

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
