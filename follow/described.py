"""What stands in a recording for an object that is no built-in value; by its type, and by the type's id."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from .accelerate import native
from .bounded import type_name
from .state import MISSING

ATOMS = (int, str, type(None), float, bool, bytes, complex, type(Ellipsis), type(NotImplemented))
ATOM_IDS = frozenset(map(id, ATOMS))


class Described:
    """Stands for an object that is no built-in value; it does not hold the object.

    Attributes:
        type: the name of the object's type.
        name: of a function, class or module its own name, else None.
        text: what ``repr()`` gave, where ``FollowConfig(repr="user")`` asks for it, else None.
    """

    __slots__ = ("name", "packed", "text", "type")

    def __init__(self, type: str, name: str | None = None, text: str | None = None) -> None:
        self.type = type
        self.name = name
        self.text = text
        self.packed: object = None
        """What a trace file writes for it, once it has been written: most objects are of few types."""

    def __repr__(self) -> str:
        if self.text is not None:
            return self.text
        return f"<{self.type}>" if self.name is None else f"<{self.type} {self.name}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Described):
            return NotImplemented
        return (self.type, self.name, self.text) == (other.type, other.name, other.text)

    def __hash__(self) -> int:
        return hash((self.type, self.name))


class Redacted:
    """Stands for a secret (``FollowConfig.redact``); it does not hold it.

    Attributes:
        type: the name of the value's type.
    """

    __slots__ = ("type",)

    def __init__(self, type: str) -> None:
        self.type = type

    def __repr__(self) -> str:
        return f"<redacted {self.type}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Redacted) and self.type == other.type

    def __hash__(self) -> int:
        return hash(self.type)


_THEMSELVES = ATOM_IDS | {id(Described), id(Redacted)}
"""The ids of the types of which an object stands for itself."""

_MOST_NAMES = 4096
_by_name: dict[tuple[str, str], Described] = {}
descriptions: dict[int, Described] = {}
"""By the id of a type the description of its objects, as long as the type lives."""
_fixed: dict[int, bool] = {}
"""The ids of types of which every object is recorded as the same value for ever; of a type that may die, as above."""
_types: dict[int, weakref.ref[type]] = {}

described = descriptions.get
"""The description of any object of a type, by the type's id; None if none was described yet."""
fixed = _fixed.get
"""Whether what is recorded of an object of a type, by the type's id, cannot change; None if that is not known."""


def describe(value: object) -> object:
    """What stands for an object; atoms, and what was described before, stand for themselves."""
    kind = type(value)
    number = id(kind)
    if number in _THEMSELVES or value is MISSING:
        return value
    if number in _NAMED:
        return _named(kind.__name__, _NAMED[number](value))
    if kind is type:
        return _named("type", type_name(value))
    classes = _makes_classes(kind)
    found = None if classes else descriptions.get(number)
    if found is None and number not in _types:

        def forget(_: object) -> None:
            descriptions.pop(number, None)
            _fixed.pop(number, None)
            _types.pop(number, None)
            if native is not None:
                native.forget_types()

        _types[number] = weakref.ref(kind, forget)
        _fixed[number] = True
        if not classes:
            descriptions[number] = Described(type_name(kind))
    return _named("type", type_name(value)) if classes else descriptions[number]


def _named(kind: str, name: str) -> Described:
    """The description of a function, class or module; mostly it is made for one that was described before."""
    found = _by_name.get((kind, name))
    if found is None:
        if len(_by_name) >= _MOST_NAMES:
            _by_name.clear()
        found = _by_name[kind, name] = Described(kind, name)
    return found


def _makes_classes(kind: type) -> bool:
    """Whether objects of this type are classes themselves."""
    return any(cls is type for cls in mro_of(kind))  # "in" would ask a metaclass what is equal


mro_of = type.__dict__["__mro__"].__get__
names_of = type.__dict__["__dict__"].__get__
"""Read the bases of a class, and the names that it defines, past whatever its metaclass does to attributes."""


def _function_name(function: object) -> str:
    return function.__qualname__ if type(function) is FunctionType else type_name(type(function))


def _module_name(module: ModuleType) -> str:
    name = module.__dict__.get("__name__")
    return name if type(name) is str else "?"


_NAMED: dict[int, Callable[[Any], str]] = {
    id(FunctionType): lambda function: function.__qualname__,
    id(BuiltinFunctionType): lambda function: function.__qualname__,
    id(MethodType): lambda method: _function_name(method.__func__),
    id(ModuleType): _module_name,
}


NAMED_IDS = frozenset((*_NAMED, id(type)))
"""The ids of the types whose objects are described by their names."""

_fixed.update(dict.fromkeys((*ATOM_IDS, *_NAMED), True))
