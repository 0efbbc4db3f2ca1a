"""For a recorder: values as they were, holding none of the program's objects, made without running its code."""

from __future__ import annotations

import builtins
import weakref
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any

from .capture import Capture, Copy, Shortened, copier_of, type_name
from .config import FollowConfig
from .model import Record
from .state import MISSING

_ATOMS = (int, str, type(None), float, bool, bytes, complex, type(Ellipsis), type(NotImplemented))
_ATOM_IDS = frozenset(map(id, _ATOMS))
_CHANGEABLE = frozenset(map(id, (list, dict, set, bytearray, deque, OrderedDict, defaultdict, tuple)))
"""The built-in containers; a tuple cannot change, but what is in it can."""


class Described:
    """Stands for an object that is no built-in value; it does not hold the object.

    Attributes:
        type: the name of the object's type.
        name: of a function, class or module its own name, else None.
    """

    __slots__ = ("name", "type")

    def __init__(self, type: str, name: str | None = None) -> None:
        self.type = type
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.type}>" if self.name is None else f"<{self.type} {self.name}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Described):
            return NotImplemented
        return (self.type, self.name) == (other.type, other.name)

    def __hash__(self) -> int:
        return hash((self.type, self.name))


_described: dict[int, Described] = {}
"""By the id of a type the description of its objects, as long as the type lives."""
_fixed: dict[int, bool] = {}
"""The ids of types of which every object is recorded as the same value for ever; of a type that may die, as above."""
_types: dict[int, weakref.ref[type]] = {}

described = _described.get
"""The description of any object of a type, by the type's id; None if none was described yet."""
fixed = _fixed.get
"""Whether what is recorded of an object of a type, by the type's id, cannot change; None if that is not known."""


def describe(value: object) -> object:
    """What stands for an object; atoms stand for themselves."""
    kind = type(value)
    number = id(kind)
    if number in _ATOM_IDS or value is MISSING:
        return value
    if number in _NAMED:
        return Described(kind.__name__, _NAMED[number](value))
    classes = _makes_classes(kind)
    found = None if classes else _described.get(number)
    if found is None and number not in _types:

        def forget(_: object) -> None:
            _described.pop(number, None)
            _fixed.pop(number, None)
            _types.pop(number, None)

        _types[number] = weakref.ref(kind, forget)
        _fixed[number] = True
        if not classes:
            _described[number] = Described(type_name(kind))
    return Described("type", type_name(value)) if classes else _described[number]


def _makes_classes(kind: type) -> bool:
    """Whether objects of this type are classes themselves."""
    return type in _mro(kind)


_mro = type.__dict__["__mro__"].__get__


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


_fixed.update(dict.fromkeys((*_ATOM_IDS, *_NAMED), True))


class Describer:
    """Copies values within a configuration's limits, and describes the program's own objects.

    Arguments:
        capture: what knows the limits.
    """

    def __init__(self, capture: Capture) -> None:
        self._start = capture.start
        self.most = capture.most_characters
        """Strings up to this length are kept as they are."""

    def copy(self, value: object) -> object:
        """A value as it is now."""
        try:
            copier = copier_of(value)
            if copier is None:
                return describe(value)
            return copier(self._start(_DescribingCopy), value, 0)
        except (RecursionError, MemoryError):
            return _LOST

    def change(self, value: object) -> object:
        """A copy of a container, which may have changed; None of what cannot change."""
        return self.copy(value) if id(type(value)) in _CHANGEABLE else None

    def changes(self, values: tuple[object, ...]) -> list[object] | None:
        """The same for several; None if none of them can change."""
        kinds = [id(type(value)) for value in values]
        return None if _CHANGEABLE.isdisjoint(kinds) else [self.change(value) for value in values]

    def cell(self, cell: Any) -> object:
        """What a closure's cell holds now."""
        try:
            return self.copy(cell.cell_contents)
        except ValueError:
            return MISSING


class CopiedBytearray(bytearray):
    """A copy of a bytearray, which msgpack would take for bytes were it one itself."""


CopiedBytearray.__name__ = CopiedBytearray.__qualname__ = "bytearray"


class _DescribingCopy(Copy):
    """One variable being copied for a recorder."""

    __slots__ = ()

    def other(self, value: object) -> object:
        """An object is described."""
        return describe(value)

    def byte_array(self, value: bytearray, depth: int) -> object:
        """A bytearray."""
        return CopiedBytearray(value) if len(value) <= self.string else super().byte_array(value, depth)

    def set(self, value: Any, depth: int) -> object:
        """A set, or where objects are in it the list of what stands for them."""
        result = value.copy()
        if all(map(self.plain, result)):
            return result
        items = [self.copy(item, depth + 1) for item in result]
        if all(map(_is_hashable, items)):
            return type(value)(items)
        return Shortened(type(value).__name__, len(items), items)

    def dict(self, value: Any, depth: int) -> object:
        """A dict, or where objects are keys a list of pairs."""
        result = value.copy()
        if type(value) is defaultdict:
            result.default_factory = None
        self.memo[id(value)] = result
        keys = list(result)
        if not all(map(self.plain, keys)):
            keys = [self.copy(key, depth + 1) for key in keys]
            if not all(map(_is_hashable, keys)):
                items = [self.copy(item, depth + 1) for item in result.values()]
                return Shortened(type(value).__name__, len(result), list(zip(keys, items)))
        for key, item in list(result.items()):
            if not self.plain(item) and (copied := self.copy(item, depth + 1)) is not item:
                result[key] = copied
        return result


_DescribingCopy.fillers = {
    **Copy.fillers,
    **dict.fromkeys(map(id, (set, frozenset)), _DescribingCopy.set),
    **dict.fromkeys(map(id, (dict, OrderedDict, defaultdict)), _DescribingCopy.dict),
}


def _is_hashable(value: object) -> bool:
    """Whether hashing a copied value runs no code but Python's own, and keeps it apart from others."""
    kind = type(value)
    if kind is tuple or kind is frozenset:
        return all(map(_is_hashable, value))  # type: ignore[call-overload, no-any-return]
    return id(kind) in _ATOM_IDS


_LOST = Described("not recorded")
"""Instead of a value for which there was no stack or no memory left."""


def describe_raised(error: BaseException, copy: Callable[[object], object]) -> str:
    """``"ValueError: text"``, as in the last line of a traceback, without running any code of the program's."""
    kind = type(error)
    name = type_name(kind)
    arguments = BaseException.args.__get__(error)  # type: ignore[attr-defined]
    group = getattr(builtins, "BaseExceptionGroup", None)
    if group is not None and group in _mro(kind):  # its text is its message, and how many there are
        arguments = arguments[:1]
    atoms = all(id(type(argument)) in _ATOM_IDS for argument in arguments)
    if atoms and type(_defined(kind, "__str__")) is type(object.__str__):
        try:
            text = str(copy(str(error)))
        except Exception:
            text = "<str() failed>"
    else:
        text = ", ".join(repr(copy(argument)) for argument in arguments)
    return f"{name}: {text}" if text else name


def _defined(cls: type, name: str) -> object:
    return next((base.__dict__[name] for base in _mro(cls) if name in base.__dict__), None)


_describer = Describer(Capture(FollowConfig()))


def describe_record(record: Record) -> Record:
    """A record that holds none of the program's objects."""
    variables = [{**one, "val": _describer.copy(one["val"])} for one in record["local_vars"]]
    return {**record, "local_vars": variables}
