"""For a recorder: values as they were, holding none of the program's objects, made without running its code."""

from __future__ import annotations

import builtins
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any

from .bounded import Copy, Shortened, type_name
from .capture import Capture
from .config import FollowConfig
from .copies import IDENTITY, SHORT, Tagged, plain
from .described import ATOM_IDS, Described, describe, described, descriptions, fixed, mro_of, names_of
from .flat import FlatCopies
from .model import Record
from .state import MISSING, Number

CHANGEABLE_IDS = frozenset(map(id, (list, dict, set, bytearray, deque, OrderedDict, defaultdict)))
WORTH_A_LOOK = CHANGEABLE_IDS | {id(tuple)}
"""The built-in containers; a tuple cannot change, but what is in it can."""


class Describer:
    """Copies values within a configuration's limits, and describes the program's own objects.

    Arguments:
        config: its limits.
    """

    lost = Described("not recorded")
    """Instead of a value for which there was no stack or no memory left."""
    described = staticmethod(described)
    """The description of any object of a type, by the type's id; None where there is more to do."""
    descriptions = descriptions
    """All of these."""
    fixed = staticmethod(fixed)
    """Whether what is recorded of an object of a type, by the type's id, cannot change."""
    objects = False
    """Whether objects are recorded with their attributes."""
    helper: Any = None
    """The compiled helper's part of it, where the two must share what they know."""

    def __init__(self, config: FollowConfig) -> None:
        self._start = Capture(config).start
        self._kind = DescribingCopy
        self._nodes = config.max_nodes
        self._short = min(config.max_string, SHORT)
        self.most = config.max_string
        """Strings up to this length are kept as they are."""
        self._flat_copies = flat = FlatCopies(config, self.described)
        self._room = flat.room
        self._flat = flat.copiers
        self._sequence: Callable[[Any], list[Any] | None] = flat.sequence
        self._copiers = DescribingCopy.copiers

    def copy(self, value: object) -> object:
        """A value as it is now."""
        try:
            flat = self._flat.get(id(type(value)))
            if flat is not None and (form := flat(value)) is not MISSING:
                self._room.value -= len(value)  # type: ignore[arg-type]
                return form
            copier = self._copiers.get(id(type(value)))
            if copier is None:
                return self.simple(value)
            copy = self.start()
            form = copier(copy, value, 0)
            self.weigh(copy)
            return form
        except (RecursionError, MemoryError):
            return self.lost

    def take_from(self, room: Number) -> None:
        """From this number is taken what copies weigh from now on: some 256 bytes are one."""
        self._room = self._flat_copies.room = room

    @property
    def room(self) -> Number:
        """The number from which that is taken."""
        return self._room

    def weigh(self, copy: DescribingCopy) -> None:
        """A copy was made: there is less room."""
        self._room.value -= self._nodes - copy.nodes + copy.weight

    def refer(self, value: object) -> object:
        """The same where nothing ran that may have changed an object since it was recorded."""
        return self.copy(value)

    def hide(self, value: object) -> object:
        """What stands for a secret, where secrets are hidden."""
        return self.copy(value)

    def start(self) -> DescribingCopy:
        """A copy that may spend what the limits say."""
        copy = self._start(self._kind)
        copy.flat = self._flat
        copy.short = self._short
        copy.weight = 0
        copy.sequence = self._sequence
        return copy

    def simple(self, value: object) -> object:
        """What stands for a value that is no built-in one."""
        return describe(value)

    def change(self, value: object) -> object:
        """A copy of a container, which may have changed; None of what cannot change."""
        return self.copy(value) if id(type(value)) in WORTH_A_LOOK else None

    def look(self, level: int) -> Callable[[object], object]:
        """What looks at a variable again; how closely matters for objects (see ``looks``)."""
        return self.change

    def passes_over(self, value: object) -> bool:
        """Whether a value need not be looked at by a statement that does not name it."""
        return False

    def forget(self) -> None:
        """What was told is gone: nothing may rely on it."""

    def changes(self, values: tuple[object, ...], levels: tuple[int, ...]) -> list[object] | None:
        """The same for several; None if none of them can change."""
        kinds = [id(type(value)) for value in values]
        return None if WORTH_A_LOOK.isdisjoint(kinds) else [self.change(value) for value in values]

    def cell(self, cell: Any) -> object:
        """What a closure's cell holds now."""
        try:
            return self.copy(cell.cell_contents)
        except ValueError:
            return MISSING

    def hide_cell(self, cell: Any) -> object:
        """What stands for the secret that a closure's cell holds now."""
        try:
            return self.hide(cell.cell_contents)
        except ValueError:
            return MISSING


class CopiedBytearray(bytearray):
    """A copy of a bytearray, which msgpack would take for bytes were it one itself."""


CopiedBytearray.__name__ = CopiedBytearray.__qualname__ = "bytearray"


class DescribingCopy(Copy):
    """One variable being copied for a recorder."""

    __slots__ = ("attributes", "flat", "sequence", "short", "weight")
    attributes: int
    short: int
    """Longer strings are looked at: they weigh more, or are cut."""
    weight: int
    flat: dict[int, Callable[[Any], object]]
    sequence: Callable[[Any], list[Any] | None]

    def plain(self, value: Any) -> bool:
        """Whether a value surely needs no copy."""
        kind: object = type(value)
        if kind is int:
            return bool(-1073741824 < value < 1073741824)
        return bool(value is None or kind is float or kind is bool or (kind is str and len(value) <= self.short))

    def text(self, value: str | bytes, depth: int) -> object:
        """A string or bytes."""
        self.weight += min(len(value), self.string) // SHORT
        return super().text(value, depth)

    def number(self, value: int, depth: int) -> object:
        """An integer."""
        length = value.bit_length()
        self.weight += length // (8 * SHORT) if length <= self.bits else 0
        return super().number(value, depth)

    def fill(self, value: Any, depth: int) -> object:
        """A copy of a container within the limits: a simple one may be as it was."""
        flat = self.flat.get(id(type(value)))
        if flat is None or (form := flat(value)) is MISSING:
            return self.fillers[id(type(value))](self, value, depth)
        self.memo[id(value)] = form
        return form

    def other(self, value: object) -> object:
        """An object is described."""
        return describe(value)

    def cut(self, value: Any, length: int, shown: object) -> object:
        """What stands for a container beyond the limits, with its identity if it can change."""
        short = Shortened(type(value).__name__, length, shown)
        return Tagged(id(value), short) if id(type(value)) in CHANGEABLE_IDS else short

    def _head(self, value: Any, kind: type, depth: int) -> object:
        if kind is list:
            items = self.sequence(value[: self.items])
            if items is not None:
                return items
        return super()._head(value, kind, depth)

    def list(self, value: Any, depth: int) -> object:
        """A list or deque."""
        if type(value) is list:
            result: Any = super().list(value, depth)
            result.insert(0, id(value))
            return result
        tagged = self.memo[id(value)] = Tagged(id(value), None)
        items = [item if self.plain(item) else self.copy(item, depth + 1) for item in value.copy()]
        tagged.content = deque(items, value.maxlen)
        return tagged

    def byte_array(self, value: bytearray, depth: int) -> object:
        """A bytearray."""
        self.weight += min(len(value), self.string) // SHORT
        return CopiedBytearray(value) if len(value) <= self.string else super().byte_array(value, depth)

    def shortened(self, value: Shortened, depth: int) -> object:
        """What stands in a record that was made for other followers for a value beyond the limits."""
        shown: Any = value.shown
        if type(shown) is list:
            shown = [self.copy(item, depth + 1) for item in shown]
        elif type(shown) is dict:
            shown = {key: self.copy(item, depth + 1) for key, item in shown.items()}
        return Shortened(value.type, value.length, shown)

    def set(self, value: Any, depth: int) -> object:
        """A set, or where objects are in it the list of what stands for them."""
        result: Any = value.copy()
        if not all(map(self.plain, result)):
            items = [self.copy(item, depth + 1) for item in result]
            hashable = all(map(is_hashable, items))
            result = type(value)(items) if hashable else Shortened(type(value).__name__, len(items), items)
        return Tagged(id(value), result) if type(value) is set else result

    def dict(self, value: Any, depth: int) -> object:
        """A dict, or where objects are keys a list of pairs."""
        result = value.copy()
        if type(value) is defaultdict:
            result.default_factory = None
        done: Any = result if type(value) is dict else Tagged(id(value), result)
        keys = list(result)
        if not all(map(self.plain, keys)):
            self.memo[id(value)] = Shortened(type(value).__name__, len(result), None)  # where it is met within itself
            keys = [self.copy(key, depth + 1) for key in keys]
            if not all(map(is_hashable, keys)):
                items = [self.copy(item, depth + 1) for item in result.values()]
                listed = Shortened(type(value).__name__, len(result), list(zip(keys, items)))
                self.memo[id(value)] = listed
                return listed
        self.memo[id(value)] = done
        for key, item in list(result.items()):
            if not self.plain(item) and (copied := self.copy(item, depth + 1)) is not item:
                result[key] = copied
        if done is result:
            done[IDENTITY] = id(value)
        return done


DescribingCopy.fillers = {
    **Copy.fillers,
    **dict.fromkeys(map(id, (list, deque)), DescribingCopy.list),
    **dict.fromkeys(map(id, (set, frozenset)), DescribingCopy.set),
    **dict.fromkeys(map(id, (dict, OrderedDict, defaultdict)), DescribingCopy.dict),
}
DescribingCopy.copiers = {
    **Copy.copiers,
    **dict.fromkeys(map(id, (str, bytes)), DescribingCopy.text),
    id(int): DescribingCopy.number,
    id(Shortened): DescribingCopy.shortened,
    id(bytearray): DescribingCopy.byte_array,
}


def is_hashable(value: object) -> bool:
    """Whether hashing a copied value runs no code but Python's own, and keeps it apart from others."""
    kind = type(value)
    if kind is tuple or kind is frozenset:
        return all(map(is_hashable, value))  # type: ignore[call-overload, no-any-return]
    return id(kind) in ATOM_IDS


def describe_raised(error: BaseException, copy: Callable[[object], object]) -> str:
    """``"ValueError: text"``, as in the last line of a traceback, without running any code of the program's."""
    kind = type(error)
    name = type_name(kind)
    arguments = BaseException.args.__get__(error)  # type: ignore[attr-defined]
    group = getattr(builtins, "BaseExceptionGroup", None)
    if group is not None and any(
        cls is group for cls in mro_of(kind)
    ):  # its text is its message, and how many there are
        arguments = arguments[:1]
    atoms = all(id(type(argument)) in ATOM_IDS for argument in arguments)
    if atoms and type(_defined(kind, "__str__")) is type(object.__str__):
        try:
            text = str(copy(str(error)))
        except Exception:
            text = "<str() failed>"
    else:
        text = ", ".join(repr(plain(copy(argument))) for argument in arguments)
    return f"{name}: {text}" if text else name


def _defined(cls: type, name: str) -> object:
    return next((names_of(base)[name] for base in mro_of(cls) if name in names_of(base)), None)


_describer = Describer(FollowConfig())


def describe_record(record: Record) -> Record:
    """A record that holds none of the program's objects."""
    variables = [{**one, "val": plain(_describer.copy(one["val"]))} for one in record["local_vars"]]
    return {**record, "local_vars": variables}
