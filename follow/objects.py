"""For a recorder that records dataflow: objects with their attributes, read without running the program's code."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from itertools import islice
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType, ModuleType
from typing import Any

from .bounded import Shortened, type_name
from .config import FollowConfig
from .copies import MORE, Instance, Tagged
from .describe import WORTH_A_LOOK, Describer, DescribingCopy
from .described import ATOM_IDS, Described, mro_of, names_of

_flags = type.__dict__["__flags__"].__get__
_HEAP_TYPE, _IMMUTABLE_TYPE = 1 << 9, 1 << 8
"""Classes written in Python are the former; so may be those written in C, but most of these are both."""


class Kind:
    """What matters of a type.

    Attributes:
        has_attributes: whether objects of it are recorded with their attributes.
        place: which of its bases gives its objects a ``__dict__``; -1 where they have none.
        slots: by name which of its bases has each slot.

    What reads them is looked up each time: it would keep the type alive.
    """

    __slots__ = ("has_attributes", "of", "place", "slots")

    def __init__(self, kind: type) -> None:
        mro = mro_of(kind)
        written = _flags(kind) & (_HEAP_TYPE | _IMMUTABLE_TYPE) == _HEAP_TYPE
        simple = written and not any(cls is type or cls is ModuleType for cls in mro)
        self.of = weakref.ref(kind)
        self.has_attributes = simple and kind is not FunctionType
        self.place = -1
        self.slots: dict[str, int] = {}
        for place, base in enumerate(mro if self.has_attributes else ()):
            for name, descriptor in list(names_of(base).items()):
                if type(descriptor) is GetSetDescriptorType and name == "__dict__":
                    self.place = place
                elif type(descriptor) is MemberDescriptorType:
                    self.slots.setdefault(name, place)

    def namespace(self, value: object) -> Any:
        """An object's ``__dict__``; None where it has none."""
        if self.place < 0:
            return None
        descriptor = names_of(mro_of(type(value))[self.place]).get("__dict__")
        return descriptor.__get__(value) if type(descriptor) is GetSetDescriptorType else None

    def attributes(self, value: object) -> dict[str, Any]:
        """An object's attributes: what its ``__dict__`` holds, and its slots."""
        found: dict[str, Any] = {}
        own = self.namespace(value)
        if type(own) is dict:
            found = own.copy()
            if not _STR.issuperset(map(id, map(type, found))):
                found = {key: item for key, item in found.items() if type(key) is str}
        for name, place in self.slots.items():
            descriptor = names_of(mro_of(type(value))[place]).get(name)
            try:
                if type(descriptor) is MemberDescriptorType:
                    found.setdefault(name, descriptor.__get__(value))
            except (AttributeError, TypeError):  # not set, or put there from another class
                continue
        return found


def kind_of(kind: type) -> Kind:
    """What matters of a type; it is found out once."""
    known = _known.get(id(kind))
    if known is None or known.of() is not kind:
        if len(_known) > _MOST:
            _known.clear()
        known = _known[id(kind)] = Kind(kind)
    return known


_MOST = 4_096
_known: dict[int, Kind] = {}


def has_attributes(kind: type) -> bool:
    """Whether objects of a type are recorded with their attributes: those of classes written in Python."""
    return kind_of(kind).has_attributes


def attributes_of(value: object) -> dict[str, Any]:
    """An object's attributes: what its ``__dict__`` holds, and its slots."""
    return kind_of(type(value)).attributes(value)


_STR = frozenset((id(str),))
"""To look a type up by itself would hash it, and a metaclass may object."""


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

    def change_container(self, value: object) -> object:
        """A copy of a container, which may have changed; None of what cannot change, and of an object."""
        return self.copy(value) if id(type(value)) in WORTH_A_LOOK else None

    def change(self, value: object) -> object:
        """A copy of a container or object, which may have changed; None of what cannot change."""
        kind = type(value)
        return self.copy(value) if id(kind) in WORTH_A_LOOK or has_attributes(kind) else None

    def look(self, level: int) -> Callable[[object], object]:
        """What looks at a variable again: at an object only after a statement that names the variable."""
        return lambda value: self.change_at(value, level)

    def change_at(self, value: object, level: int) -> object:
        """A copy of a container, or of an object that a statement names."""
        return self.change(value) if level or not has_attributes(type(value)) else None

    def passes_over(self, value: object) -> bool:
        """Whether a value need not be looked at by a statement that does not name it."""
        return has_attributes(type(value))

    def changes(self, values: tuple[object, ...], levels: tuple[int, ...]) -> list[object] | None:
        """The same for several; None if none of them can change."""
        found = [self.change_at(value, level) for value, level in zip(values, levels)]
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
