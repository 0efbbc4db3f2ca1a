"""For a recorder that records dataflow: objects with their attributes, read without running the program's code."""

from __future__ import annotations

import weakref
from itertools import islice
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import Any

from .capture import Shortened, type_name
from .config import FollowConfig
from .copies import Instance, Tagged
from .describe import WORTH_A_LOOK, Describer, DescribingCopy
from .described import ATOM_IDS, Described, mro_of, names_of

MORE = "…"
"""Under this name stands how many attributes an object has whose attributes are too many."""

_flags = type.__dict__["__flags__"].__get__
_HEAP_TYPE = 1 << 9


def has_attributes(kind: type) -> bool:
    """Whether objects of a type are recorded with their attributes: those of classes written in Python."""
    known = _known.get(id(kind))
    if known is None or known[0]() is not kind:
        mro = mro_of(kind)
        simple = bool(_flags(kind) & _HEAP_TYPE) and not any(cls is type or cls is ModuleType for cls in mro)
        _known[id(kind)] = known = weakref.ref(kind), simple and kind is not FunctionType
        if len(_known) > _MOST:
            _known.clear()
    return known[1]


_MOST = 4_096
_known: dict[int, tuple[weakref.ref[type], bool]] = {}


def attributes_of(value: object) -> dict[str, Any]:
    """An object's attributes: what its ``__dict__`` holds, and its slots."""
    found: dict[str, Any] = {}
    for base in mro_of(type(value)):
        for name, descriptor in list(names_of(base).items()):
            kind = type(descriptor)
            if kind is GetSetDescriptorType and name == "__dict__":
                own = descriptor.__get__(value)
                if type(own) is dict:
                    found |= {key: item for key, item in own.copy().items() if type(key) is str}
            elif kind is MemberDescriptorType:
                try:
                    found.setdefault(name, descriptor.__get__(value))
                except AttributeError:  # not set
                    continue
    return found


class ObjectDescriber(Describer):
    """Copies values within a configuration's limits, objects with their attributes.

    Arguments:
        config: its limits.
    """

    descriptions: dict[int, Described] = {}
    described = staticmethod(descriptions.get)
    objects = True
    fixed = staticmethod(dict.fromkeys(ATOM_IDS, True).get)

    def __init__(self, config: FollowConfig) -> None:
        super().__init__(config)
        self._kind = ObjectCopy
        self._attributes = config.max_attributes

    def start(self) -> DescribingCopy:
        """A copy that may spend what the limits say."""
        copy = super().start()
        assert isinstance(copy, ObjectCopy)
        copy.attributes = self._attributes
        return copy

    def change(self, value: object) -> object:
        """A copy of a container or object, which may have changed; None of what cannot change."""
        kind = type(value)
        return self.copy(value) if id(kind) in WORTH_A_LOOK or has_attributes(kind) else None

    def changes(self, values: tuple[object, ...]) -> list[object] | None:
        """The same for several; None if none of them can change."""
        found = [self.change(value) for value in values]
        return None if all(one is None for one in found) else found

    def simple(self, value: object) -> object:
        """What stands for a value that is no built-in one."""
        if not has_attributes(type(value)):
            return super().simple(value)
        copy = self.start()
        form = copy.copy(value, 0)
        self.weigh(copy)
        return form


class ObjectCopy(DescribingCopy):
    """One variable being copied."""

    __slots__ = ()

    def copy(self, value: object, depth: int) -> object:
        """What stands for a value of any type."""
        kind = type(value)
        return self.other_at(value, depth) if has_attributes(kind) else super().copy(value, depth)

    def other_at(self, value: object, depth: int) -> object:
        """What stands for an object at some depth."""
        done = self.memo.get(id(value))
        if done is not None:
            return done
        name = type_name(type(value))
        if depth >= self.depth or self.nodes <= 0:
            return Tagged(id(value), Instance(name, None))
        attributes: dict[str, Any] = {}
        made = self.memo[id(value)] = Tagged(id(value), Instance(name, attributes))
        held = attributes_of(value)
        self.nodes -= min(len(held), self.attributes)
        for key, item in islice(held.items(), self.attributes):
            attributes[key] = self.attribute(key, item, depth + 1)
        if len(held) > self.attributes:
            attributes[MORE] = Shortened("attributes", len(held), None)
        return made

    def attribute(self, name: str, value: object, depth: int) -> object:
        """The value of an attribute."""
        return value if self.plain(value) else self.copy(value, depth)
