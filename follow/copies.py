"""The form in which a recorder keeps containers: each one that can change with its identity.

So it is enough to record the container that a statement has changed: what else holds it is known to
have changed with it. A list's first item is its ``id()``, a dict has it under ``IDENTITY``, other
containers come as ``Tagged``. A tuple, which cannot change itself, is a tuple of such forms.
"""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from typing import Any

from .bounded import Shortened
from .described import Described

SHORT = 256
"""Longer strings weigh more than one item: a string of 1,000 characters as much as three more."""

IDENTITY = "\0id"
"""The key of a dict's ``id()``."""

MORE = "…"
"""Under this name stands how many attributes an object has whose attributes are too many."""


class Tagged:
    """A copy of a container that is neither a list nor a dict, or a shortened one, with its ``id()``."""

    __slots__ = ("content", "number")

    def __init__(self, number: int, content: Any) -> None:
        self.number = number
        self.content = content

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Tagged) and (self.number, self.content) == (other.number, other.content)

    __hash__ = None  # type: ignore[assignment]


class Instance:
    """What is recorded of an object where its attributes are recorded as well; it stands in a ``Tagged``.

    Attributes:
        type: the name of its type.
        attributes: the forms of their values by name; None where the object stands too deep.
    """

    __slots__ = ("attributes", "type")

    def __init__(self, type: str, attributes: dict[str, Any] | None) -> None:
        self.type = type
        self.attributes = attributes

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Instance) and (self.type, self.attributes) == (other.type, other.attributes)

    __hash__ = None  # type: ignore[assignment]


def identity(form: Any) -> int | None:
    """The ``id()`` of the container that a form stands for; None of what cannot change."""
    kind = type(form)
    if kind is list:
        return form[0]  # type: ignore[no-any-return]
    if kind is dict:
        return form.get(IDENTITY)  # type: ignore[no-any-return]
    return form.number if kind is Tagged else None


def is_same(one: Any, other: Any) -> bool:
    """Whether two forms surely are the same value, told apart by types and the order of keys, too."""
    return one is other or _same(one, other, set())


def _same(one: Any, other: Any, met: set[tuple[int, int]]) -> bool:
    kind = type(one)
    if one is other:
        return True
    if kind is not type(other):
        return False
    if kind in (str, int, bytes, Described):
        return bool(one == other)
    if kind is float or kind is complex:
        return repr(one) == repr(other)
    if kind is set or kind is frozenset:
        return bool(one == other) and sorted(map(_exactly, one)) == sorted(map(_exactly, other))
    if issubclass(kind, bytearray):
        return bool(one == other)
    pair = id(one), id(other)
    if pair in met:  # within itself, or twice
        return True
    met.add(pair)
    if kind is list or kind is tuple or kind is deque:
        return len(one) == len(other) and all(_same(item, like, met) for item, like in zip(one, other))
    if kind is dict or kind is OrderedDict or kind is defaultdict:
        return (
            len(one) == len(other)
            and all(_same(key, like, met) for key, like in zip(one, other))
            and all(_same(item, like, met) for item, like in zip(one.values(), other.values()))
        )
    if kind is Tagged:
        return one.number == other.number and _same(one.content, other.content, met)
    if kind is Shortened or kind is Instance:
        return all(_same(getattr(one, name), getattr(other, name), met) for name in kind.__slots__)
    return False


def _exactly(item: object) -> tuple[str, str]:
    """What tells equal items of sets apart."""
    return type(item).__name__, repr(item)


def plain(form: Any) -> Any:
    """A new value without identities, as a follower of dicts would have got it."""
    return _Plain().value(form) if type(form) in _FORMS else form


class _Plain:
    """One value being freed of identities: shared containers stay shared, cycles stay cycles."""

    def __init__(self) -> None:
        self._done: dict[int, Any] = {}

    def value(self, form: Any) -> Any:
        kind = type(form)
        if kind not in _FORMS:
            return form
        cut = form.content if kind is Tagged else form
        if type(cut) is Shortened and type(cut.shown) is not list and type(cut.shown) is not dict:
            return cut
        done = self._done.get(_key(form))
        if done is not None:
            return done
        if kind is list:
            return self._items(form, [], form[1:])
        if kind is tuple:
            items = [self.value(item) for item in form]
            return form if all(new is old for new, old in zip(items, form)) else tuple(items)
        if kind is Shortened:
            return Shortened(form.type, form.length, self._shown(form.shown))
        return self._mapping(form, form, {}) if kind is dict else self._content(form)

    def _content(self, form: Tagged) -> Any:
        content = form.content
        kind = type(content)
        if kind is Instance:
            return Described(content.type)
        if kind is deque:
            return self._items(form, deque(maxlen=content.maxlen), content)
        if kind is OrderedDict or kind is defaultdict:
            return self._mapping(form, content, kind())
        return content.copy() if kind is set else self.value(content)

    def _items(self, form: Any, new: Any, items: Any) -> Any:
        self._done[_key(form)] = new
        new.extend(items if _FORMS.isdisjoint(map(type, items)) else map(self.value, items))
        return new

    def _mapping(self, form: Any, content: Any, new: Any) -> Any:
        self._done[_key(form)] = new
        simple = _FORMS.isdisjoint(map(type, content.values()))
        new.update(content if simple else ((key, self.value(item)) for key, item in content.items()))
        new.pop(IDENTITY, None)
        return new

    def _shown(self, shown: Any) -> Any:
        if type(shown) is list:
            return [self.value(item) for item in shown]
        if type(shown) is dict:
            return {key: self.value(item) for key, item in shown.items()}
        return shown


def _key(form: Any) -> int:
    """What tells containers apart at one moment; a shortened one may be shown in full elsewhere."""
    number = None if type(form) is Tagged and type(form.content) is Shortened else identity(form)
    return id(form) if number is None else -number


_FORMS = frozenset((list, dict, tuple, Tagged, Shortened))


class Patch:
    """Puts a container's new form wherever the old one stands.

    Arguments:
        new: the container as it is now.
        depth: so many levels of nested containers are kept of a variable.
    """

    def __init__(self, new: Any, depth: int) -> None:
        self._new = new
        self._depth = depth
        self._number = identity(new)
        self._done: dict[tuple[int, int], Any] = {}

    def value(self, form: Any) -> Any:
        """A variable's form; it is the same object if the container is not in it."""
        return self._value(form, 0)

    def _value(self, form: Any, depth: int) -> Any:
        if type(form) not in _FORMS or depth > self._depth:
            return form
        if self._number is not None and identity(form) == self._number:
            return self._limited(self._new, depth)
        return self._once(form, depth, self._value)

    def _limited(self, form: Any, depth: int) -> Any:
        """A form at some depth of a variable: what is too deep is told by its length."""
        if type(form) not in _FORMS:
            return form
        if depth >= self._depth:
            number = identity(form)
            name, length = name_and_length(form)
            short = Shortened(name, length, None)
            return form if not length else short if number is None else Tagged(number, short)
        return self._once(form, depth, self._limited)

    def _once(self, form: Any, depth: int, change: Callable[[Any, int], Any]) -> Any:
        """A container with its items changed; where it is met within itself, it is as it was: that is never shown."""
        key = _key(form), depth
        above = _key(form), -1
        if key in self._done:
            return self._done[key]
        if above in self._done:
            return form
        self._done[above] = form
        self._done[key] = done = _with_items(form, lambda item: change(item, depth + 1))
        del self._done[above]
        return done


def _with_items(form: Any, change: Callable[[Any], Any]) -> Any:
    """A container with other items; the same one if none of them is another object."""
    kind = type(form)
    if kind is list or kind is tuple:
        items = [change(item) for item in form]
        return form if all(new is old for new, old in zip(items, form)) else kind(items)
    if kind is dict:
        values = {key: change(item) for key, item in form.items()}
        return form if all(values[key] is item for key, item in form.items()) else values
    if kind is Shortened:
        shown = _with_items(form.shown, change) if type(form.shown) in (list, dict) else form.shown
        return form if shown is form.shown else Shortened(form.type, form.length, shown)
    content = form.content
    if type(content) is Instance:
        attributes = content.attributes and _with_items(content.attributes, change)
        new: Any = content if attributes is content.attributes else Instance(content.type, attributes)
    elif type(content) is Shortened:
        new = _with_items(content, change)
    elif type(content) is deque:
        items = _with_items(list(content), change)
        new = content if all(new is old for new, old in zip(items, content)) else deque(items, content.maxlen)
    elif type(content) in (OrderedDict, defaultdict):
        values = _with_items(dict(content), change)
        new = content if all(values[key] is item for key, item in content.items()) else type(content)()
        if new is not content:
            new.update(values)
    else:
        return form
    return form if new is content else Tagged(form.number, new)


def name_and_length(form: Any) -> tuple[str, int | None]:
    """The type and the number of items of the container that a form stands for."""
    kind = type(form)
    if kind is Tagged:
        return name_and_length(form.content)
    if kind is Instance:
        return form.type, None
    if kind is Shortened:
        return form.type, form.length
    return kind.__name__, len(form) - (kind is list or kind is dict)
