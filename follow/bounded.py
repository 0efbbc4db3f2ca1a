"""Bounded copies of values, made without running any of the program's code."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable, Iterable
from itertools import islice
from operator import is_
from typing import Any, ClassVar

type_name = type.__dict__["__name__"].__get__
"""Reads the name of a class past whatever its metaclass does to attributes."""

_MOST_KNOWN = 1024
"""So many containers of atoms are remembered."""
_FEW = 3
"""Those of so few items are not: they are copied as fast."""


class Shortened:
    """Stands in a record for a value beyond the limits; it does not hold the value.

    Attributes:
        type: the name of the value's type.
        length: how long it was: items, characters, bytes, or bits of an integer; None if not known.
        shown: what was kept of it, or None.
    """

    __slots__ = ("length", "shown", "type")

    def __init__(self, type: str, length: int | None, shown: object) -> None:
        self.type = type
        self.length = length
        self.shown = shown

    def __repr__(self) -> str:
        size = "" if self.length is None else f" of {self.length:,}"
        return f"<{self.type}{size}>" if self.shown is None else f"<{self.type}{size}: {self.shown!r}…>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Shortened):
            return NotImplemented
        return (self.type, self.length, self.shown) == (other.type, other.length, other.shown)

    def __hash__(self) -> int:
        return hash((self.type, self.length))


class Copy:
    """One variable being copied: what may still be spent, and which containers are done."""

    __slots__ = ("bits", "depth", "items", "known", "memo", "nodes", "string")
    known: dict[int, Any]
    """By its id what a list, tuple or dict of atoms held when it was last copied: mostly it still does."""

    def __init__(self, depth: int, items: int, string: int, nodes: int, bits: int) -> None:
        self.depth = depth
        self.items = items
        self.string = string
        self.nodes = nodes
        self.bits = bits
        self.memo: dict[int, object] = {}

    fillers: ClassVar[dict[int, Callable[[Any, Any, int], object]]] = {}
    """By the id of a type of containers, what copies one of them."""
    copiers: ClassVar[dict[int, Callable[[Any, Any, int], object]]] = {}
    """By the id of a type, what copies a value that cannot be kept as it is."""

    def plain(self, value: Any) -> bool:
        """Whether a value surely needs no copy: most of those in containers, told at the least cost."""
        kind = type(value)
        return (kind is int and -1073741824 < value < 1073741824) or (kind is str and len(value) <= self.string)

    def copy(self, value: object, depth: int) -> object:
        """What stands for a value of any type."""
        copier = self.copiers.get(id(type(value)))
        return self.other(value) if copier is None else copier(self, value, depth)

    def other(self, value: object) -> object:
        """What stands for a value that is no built-in container: the value itself."""
        return value

    def number(self, value: int, depth: int) -> object:
        """An integer."""
        length = value.bit_length()
        return value if length <= self.bits else Shortened("int", length, None)

    def text(self, value: str | bytes, depth: int) -> object:
        """A string or bytes."""
        if len(value) <= self.string:
            return value
        return Shortened(type(value).__name__, len(value), value[: self.string])

    def byte_array(self, value: bytearray, depth: int) -> object:
        """A bytearray."""
        if len(value) <= self.string:
            return value[:]
        return Shortened("bytearray", len(value), bytes(value[: self.string]))

    def shortened(self, value: Shortened, depth: int) -> object:
        """What was shortened before."""
        return value

    def container(self, value: Any, depth: int) -> object:
        """A copy of a built-in container; containers met twice stay one, cycles stay cycles."""
        done = self.memo.get(id(value))
        if done is not None:
            return done
        length = len(value)
        if depth >= self.depth and length:
            return self.cut(value, length, None)
        self.nodes -= min(length, self.items)
        if self.nodes < 0:
            return self.cut(value, length, None)
        if length <= self.items:
            return self.fill(value, depth)
        return self.cut(value, length, self._head(value, type(value), depth))

    def cut(self, value: Any, length: int, shown: object) -> object:
        """What stands for a container beyond the limits."""
        return Shortened(type(value).__name__, length, shown)

    def fill(self, value: Any, depth: int) -> object:
        """A copy of a container within the limits."""
        kind = type(value)
        if len(value) > _FEW and (kind is list or kind is tuple or kind is dict):
            copied = self._of_simple(value, kind)
            if copied is not None:
                return copied
        return self.fillers[id(kind)](self, value, depth)

    def _of_simple(self, value: Any, kind: Any) -> object:
        """A copy of a list, tuple or dict whose items need no copies; None of another one.

        If there are only atoms in it, these are kept, and compared by identity the next time: so it does no harm when
        another container gets an id.
        """
        held: Any = self.known.get(id(value))
        if type(held) is kind and len(held) == len(value) and _holds_the_same(held, value):
            new = held if kind is tuple else held.copy()
        else:
            new = value if kind is tuple else value.copy()  # one call, so no other thread can change it half way
            items = new.values() if kind is dict else new
            if self._are_atoms(items) and (kind is not dict or self._are_atoms(new)):
                if len(self.known) >= _MOST_KNOWN:
                    self.known.clear()
                self.known[id(value)] = new if kind is tuple else new.copy()
            elif not _COPIED.isdisjoint(map(id, map(type, items))):
                return None
        if kind is tuple:
            return value
        self.memo[id(value)] = new
        return new

    def _are_atoms(self, items: Iterable[Any]) -> bool:
        string = self.string
        for item in items:
            kind = type(item)
            if not (
                (kind is str and len(item) <= string)
                or (kind is int and -1073741824 < item < 1073741824)
                or item is None
                or kind is float
                or kind is bool
            ):
                return False
        return True

    def _head(self, value: Any, kind: type, depth: int) -> object:
        mapping = kind in (dict, OrderedDict, defaultdict)
        try:
            first: list[Any] = list(islice(value.items() if mapping else value, self.items))
        except RuntimeError:  # another thread changed it meanwhile
            return None
        if mapping:
            return _pairs([self.pair(key, item, depth + 1) for key, item in first])
        return first if all(map(self.plain, first)) else [self.copy(item, depth + 1) for item in first]

    def pair(self, key: object, item: object, depth: int) -> Any:
        """A dict's key and what it stands for."""
        if not (type(key) is str and len(key) <= self.string):
            key = self.copy(key, depth)
        copier = self.copiers.get(id(type(item)))
        return key, self.other(item) if copier is None else copier(self, item, depth)

    def list(self, value: Any, depth: int) -> object:
        """A list or deque."""
        result = value.copy()  # one call, so no other thread can change it half way
        self.memo[id(value)] = result
        for index, item in enumerate(result):
            if self.plain(item):
                continue
            if (copied := self.copy(item, depth + 1)) is not item:
                result[index] = copied
        return result

    def tuple(self, value: Any, depth: int) -> object:
        """A tuple: itself if nothing in it had to be copied."""
        if all(map(self.plain, value)):
            return value
        copied = [self.copy(item, depth + 1) for item in value]
        if all(new is old for new, old in zip(copied, value)):
            return value
        return tuple(copied)

    def set(self, value: Any, depth: int) -> object:
        """A set or frozenset."""
        return value.copy()

    def dict(self, value: Any, depth: int) -> object:
        """A dict, also an ordered one or one with defaults."""
        result = value.copy()
        self.memo[id(value)] = result
        for key, item in list(result.items()):
            if self.plain(item):
                continue
            if (copied := self.copy(item, depth + 1)) is not item:
                result[key] = copied
        return result


def _holds_the_same(held: Any, value: Any) -> bool:
    if type(held) is not dict:
        return held is value or all(map(is_, held, value))
    try:
        return all(map(is_, held, value)) and all(map(is_, held.values(), value.values()))
    except RuntimeError:  # another thread changes it
        return False


_KEY_IDS = frozenset(map(id, (str, int, bool, float, bytes, type(None))))


def _pairs(items: list[tuple[Any, Any]]) -> object:
    """A dict of the items if no key can run the program's code, else the pairs themselves."""
    if all(id(type(key)) in _KEY_IDS for key, _ in items):
        return dict(items)
    return items


# Keyed by the id of the type: looking a type up in a dict would hash it, and a metaclass may object.
Copy.fillers = {
    id(list): Copy.list,
    id(deque): Copy.list,
    id(tuple): Copy.tuple,
    id(set): Copy.set,
    id(frozenset): Copy.set,
    id(dict): Copy.dict,
    id(OrderedDict): Copy.dict,
    id(defaultdict): Copy.dict,
}
COPIED_TYPES = (
    *(int, str, bytes, bytearray, Shortened),
    *(list, deque, tuple, set, frozenset, dict, OrderedDict, defaultdict),
)
COPIERS: dict[int, Callable[[Copy, Any, int], object]] = {
    **{id(kind): Copy.container for kind in COPIED_TYPES},
    id(int): Copy.number,
    id(str): Copy.text,
    id(bytes): Copy.text,
    id(bytearray): Copy.byte_array,
    id(Shortened): Copy.shortened,
}
Copy.copiers = COPIERS
_COPIED = frozenset(COPIERS)
