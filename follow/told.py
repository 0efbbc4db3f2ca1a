"""The forms of objects for a recorder of dataflow: each object by itself, what it holds told once and when it changes.

A form of an object has the objects in its attributes without theirs, if they are as they were when they were told
last. So an object costs what its own attributes cost, however much can be reached from it.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from itertools import islice, zip_longest
from operator import is_
from typing import Any

from .bounded import Shortened, type_name
from .config import FollowConfig
from .copies import IDENTITY, MORE, Instance, Tagged
from .objects import Kind, has_attributes, kind_of
from .state import MISSING, Number

_MOST = 1 << 16
"""So many objects are remembered."""
_MOST_CONTAINERS = 1 << 12

_SMALL = 1 << 30


def _gone() -> object:
    """Of an object that cannot be referred to weakly it is never known whether it is still the same."""
    return MISSING


class _Known:
    """What an object was when it was told last.

    Attributes:
        name: the name of its type.
        object: gives the object as long as it lives, if it can be referred to weakly: another may get its place.
        reference: what stands for it where its attributes are told elsewhere.
        kind: what matters of that type; None as long as it is being told for the first time.
        attributes: the forms of these; of objects that were told what stands for them.
        form: its own form, with these; None as long as it is being told for the first time.
        held: the names of what its ``__dict__`` held, and the ids of that, where that was all. What does not change
            is kept by ``attributes``, so nothing else can get its id.
        containers: the names of those of its attributes that hold what can change by itself.
        objects: what gives the objects that it holds, as long as they live.
    """

    __slots__ = ("attributes", "containers", "form", "held", "kind", "name", "object", "objects", "reference")

    def __init__(self, value: object, name: str, reference: Tagged) -> None:
        self.name = name
        try:
            self.object: Callable[[], object] = weakref.ref(value)
        except TypeError:
            self.object = _gone
        self.reference = reference
        self.kind: Kind | None = None
        self.attributes: dict[str, Any] = {}
        self.form: Tagged | None = None
        self.held: tuple[list[str], list[int]] | None = None
        self.containers: tuple[str, ...] = ()
        self.objects: tuple[Callable[[], object], ...] = ()

    def may_be(self, value: object, name: str) -> bool:
        """Whether it may be that object, whose type has that name, for all that is known."""
        return self.name == name and (self.object is _gone or self.object() is value)


class ObjectForms:
    """The forms of objects, and of lists and tuples of objects.

    Nothing of the program is held: what is compared by identity are atoms and forms.

    Arguments:
        config: the limits.
        start: makes what copies values of other kinds.
        flat: by the id of a type what copies simple containers of it.
    """

    def __init__(
        self, config: FollowConfig, start: Callable[[], Any], flat: dict[int, Callable[[Any], object]]
    ) -> None:
        self._start = start
        self._flat = flat
        self._attributes = config.max_attributes
        self._depth = config.max_depth
        self._items = min(config.max_items, config.max_nodes) if config.max_depth > 0 else -1
        self._nodes = config.max_nodes
        self._string = config.max_string
        self.known: dict[int, _Known] = {}
        """By their ids the objects that were told."""
        self._containers: dict[int, Any] = {}
        self._left = 0
        self.room = Number()
        """From this is taken what is kept."""

    def forget(self) -> None:
        """What was told is gone: tell it again."""
        self.known.clear()
        self._containers.clear()

    def form(self, value: object, level: int) -> Tagged:
        """An object's form as it is now; see ``looks`` for the level."""
        self._left = self._nodes
        form = self._form(value, level, 0)
        self.room.value -= self._nodes - self._left
        return form

    def changed(self, value: object, level: int) -> Tagged | None:
        """The same; None if it is as it was told."""
        known = self.known.get(id(value))
        last = None if known is None else known.form
        form = self.form(value, level)
        return None if form is last else form

    def objects(self, value: Any, level: int) -> object:
        """The form of a list or tuple of atoms and objects as it is now; ``MISSING`` if it is no such thing."""
        self._left = self._nodes
        form = self.sequence(value, level, 0, of_objects=True)
        self.room.value -= self._nodes - self._left
        return form

    def _form(self, value: object, level: int, depth: int) -> Tagged:
        number, kind = id(value), kind_of(type(value))
        known = self.known.get(number)
        if known is not None and known.held is not None and known.kind is kind and known.object() is value:
            form = self._brought_up_to_date(value, known, kind, level, depth)
            if form is not None:
                return form
        name = type_name(type(value))
        held = kind.attributes(value)
        if known is None or not known.may_be(value, name):
            known = self._meet(value, number, name)  # it may hold itself
        shown = held if len(held) <= self._attributes else dict(islice(held.items(), self._attributes))
        self._left -= len(shown)
        string = self._string
        now = {
            key: item
            if (
                item is None
                or (type(item) is int and -_SMALL < item < _SMALL)
                or (type(item) is str and len(item) <= string)
                or type(item) is float
                or type(item) is bool
            )
            else self.inner(item, level, depth + 1)
            for key, item in shown.items()
        }
        if shown is not held:
            now[MORE] = Shortened("attributes", len(held), None)
        elif known.form is not None and _is_same(known.attributes, now):
            return known.form
        form = Tagged(number, Instance(name, now))
        known.attributes = kept = self._with_references(shown, now)
        known.form = form if kept is now else Tagged(number, Instance(name, kept))
        known.held, known.kind = None, kind
        if shown is held and not kind.slots:
            self._remember(known, held)
        return form

    def _with_references(self, held: dict[str, Any], now: dict[str, Any]) -> dict[str, Any]:
        """The forms of attributes for the next time: what was told with its own attributes is told once."""
        kept = now
        for key, form in now.items():
            known = self.known.get(form.number) if type(form) is Tagged else None
            if known is not None and form is not known.reference and known.object() is held[key]:
                kept = kept if kept is not now else now.copy()
                kept[key] = known.reference
        return kept

    def _remember(self, known: _Known, held: dict[str, Any]) -> None:
        """Keep what tells fast whether an object is as it was."""
        others = [key for key, form in known.attributes.items() if id(type(form)) not in _SIMPLE]
        objects = {key: self.known.get(id(held[key])) for key in others if has_attributes(type(held[key]))}
        if all(one is not None and one.object() is held[key] for key, one in objects.items()):
            known.containers = tuple(key for key in others if key not in objects)
            known.objects = tuple(one.object for one in objects.values() if one is not None)
            known.held = list(held), list(map(id, held.values()))

    def _brought_up_to_date(self, value: object, known: _Known, kind: Kind, level: int, depth: int) -> Tagged | None:
        """The form of an object of which at most some atoms and containers have changed; None of others."""
        if (level > 1 and known.objects) or kind.place < 0 or known.held is None:
            return None
        own: Any = kind.namespace(value)
        before, last = known.held
        try:
            values, names = list(own.values()), list(own)
        except RuntimeError:  # another thread changes it
            return None
        for one in known.objects:
            if one() is None:
                return None
        if names[: len(before)] != before or len(names) > self._attributes or len(values) != len(names):
            return None
        now, attributes = list(map(id, values)), known.attributes
        changed: dict[str, Any] = {}
        if now != last:
            for key, item, new, old in zip_longest(names, values, now, last):
                if new != old:
                    was_simple = type(key) is str and id(type(attributes.get(key))) in _SIMPLE
                    if not was_simple or not self._is_simple(item):
                        return None
                    changed[key] = item
        for key in known.containers:
            container = self.inner(own.get(key), level, depth + 1)
            if container is not attributes[key]:
                changed[key] = container
        if changed or known.form is None:
            known.attributes = attributes = {**attributes, **changed}
            self._left -= len(attributes)
            known.form = Tagged(id(value), Instance(known.name, attributes))
            known.held = names, now
        return known.form

    def _is_simple(self, item: object) -> bool:
        """Whether a value stands for itself."""
        kind = type(item)
        if kind is int:
            return -_SMALL < item < _SMALL  # type: ignore[operator]
        return item is None or kind is float or kind is bool or (kind is str and len(item) <= self._string)  # type: ignore[arg-type]

    def _meet(self, value: object, number: int, name: str) -> _Known:
        """An object is met for the first time."""
        if len(self.known) >= _MOST:
            self.forget()
        known = self.known[number] = _Known(value, name, Tagged(number, Instance(name, None)))
        return known

    def inner(self, value: object, level: int, depth: int) -> object:
        """The form of what an object or a container holds."""
        known = self.known.get(id(value))
        if known is not None and known.object() is value and level < 2:
            return known.reference
        kind = type(value)
        flat = self._flat.get(id(kind))
        if flat is None and has_attributes(kind):
            return self._held(value, known, level, depth)
        if depth < self._depth:
            if flat is not None and self._left >= len(value) and (form := flat(value)) is not MISSING:  # type: ignore[arg-type]
                self._left -= len(value)  # type: ignore[arg-type]
                return form
            if (kind is list or kind is tuple) and (form := self.sequence(value, level, depth)) is not MISSING:
                return form
            if kind is dict and (form := self._mapping(value, level, depth)) is not MISSING:
                return form
        elif id(kind) in _CUT and value:
            return self._cut(value, len(value))  # type: ignore[arg-type]
        copy = self._start()
        copy.level, copy.nodes = level, self._left
        form = copy.copy(value, depth)
        self._left = copy.nodes - copy.weight
        return form

    def _cut(self, value: object, length: int) -> object:
        """What stands for a container that stands too deep: the same as long as it has as many items."""
        last = self._containers.get(-id(value))
        if last is not None and last[0] is type(value) and last[1] == length:
            return last[2]
        form = self._start().cut(value, length, None)
        self._keep(-id(value), (type(value), length, form))
        return form

    def _held(self, value: object, known: _Known | None, level: int, depth: int) -> Tagged:
        """The form of an object that is held by something: a reference if it is as it was told."""
        name = type_name(type(value))
        if known is None or not known.may_be(value, name):
            if depth < self._depth and self._left > 0:
                return self._form(value, 1, depth)
            return Tagged(id(value), Instance(name, None))
        if level == 0:
            return known.reference
        last, reference = known.form, known.reference
        form = self._form(value, level - 1, depth)
        return reference if form is last else form

    def sequence(self, value: Any, level: int, depth: int, *, of_objects: bool = False) -> object:
        """The form of a list or tuple; ``MISSING`` where there is more to do.

        Arguments:
            value: the list or tuple.
            level: how closely to look at the objects in it.
            depth: how deep it stands.
            of_objects: whether there may be but atoms and objects in it.
        """
        new = value if type(value) is tuple else value.copy()
        if len(new) > self._items or self._left < len(new) or (of_objects and not self._is_of_objects(new)):
            return MISSING
        self._left -= len(new)
        items = [
            item if item is None or (type(item) is int and -_SMALL < item < _SMALL) else self._item(item, level, depth)
            for item in new
        ]
        number = id(value)
        last: Any = self._containers.get(number)
        form: Any = [number, *items] if type(value) is list else tuple(items)
        if type(last) is type(form) and len(last) == len(form) and all(map(is_, last[-len(items) :], items)):
            return last
        return self._keep(number, form)

    def _item(self, item: object, level: int, depth: int) -> object:
        return item if self._is_simple(item) else self.inner(item, level, depth + 1)

    def _is_of_objects(self, items: Any) -> bool:
        kinds = {id(kind): kind for kind in map(type, items)}
        return all(number in _SIMPLE or has_attributes(kind) for number, kind in kinds.items())

    def _mapping(self, value: Any, level: int, depth: int) -> object:
        """The form of a dict whose keys are atoms; ``MISSING`` where there is more to do."""
        new = value.copy()
        if len(new) > self._items or self._left < len(new) or not all(map(self._is_simple, new)):
            return MISSING
        self._left -= len(new)
        form = {key: self._item(item, level, depth) for key, item in new.items()}
        form[IDENTITY] = id(value)
        last: Any = self._containers.get(id(value))
        same = type(last) is dict and len(last) == len(form) and list(last) == list(form)
        if same and all(map(is_, list(last.values())[:-1], form.values())):
            return last
        return self._keep(id(value), form)

    def _keep(self, number: int, form: Any) -> Any:
        if len(self._containers) >= _MOST_CONTAINERS:
            self._containers.clear()
        self._containers[number] = form
        return form


_SIMPLE = frozenset(map(id, (int, str, float, bool, type(None))))
_CUT = frozenset(map(id, (list, tuple, dict, set, frozenset)))


def _is_same(last: dict[str, Any], now: dict[str, Any]) -> bool:
    return len(last) == len(now) and all(map(is_, last.values(), now.values())) and list(last) == list(now)
