"""What the recorded forms of containers and objects hold, and whether two of them are the same."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..bounded import Shortened
from ..copies import IDENTITY, Instance, Tagged, identity
from ..state import MISSING


def not_looked_at(form: Tagged) -> bool:
    """Whether a form only says that an object is there."""
    return type(form.content) is Instance and form.content.attributes is None


def items_of(form: Any) -> dict[Any, Any]:
    """The items of a container by key or index, the attributes of an object by name."""
    if type(form) is Tagged:
        return items_of(form.content)
    if type(form) is Instance:
        return form.attributes or {}
    if type(form) is Shortened:
        return items_of([None, *form.shown]) if type(form.shown) is list else items_of(form.shown)
    if type(form) is list:
        return dict(enumerate(form[1:]))
    if isinstance(form, dict):
        return {key: item for key, item in form.items() if key != IDENTITY}
    if isinstance(form, (set, frozenset)):
        return dict.fromkeys(form, True)
    return dict(enumerate(form)) if isinstance(form, Iterable) and not isinstance(form, (str, bytes)) else {}


CONTAINERS = frozenset((list, dict, tuple, Tagged))
"""The types of the forms in which there may be forms of containers and objects."""


def is_container(form: Any) -> bool:
    """Whether a form is that of a container, not of an object."""
    return type(form) in CONTAINERS and not (type(form) is Tagged and type(form.content) is Instance)


def is_cut(content: Any) -> bool:
    """Whether nothing is shown of a container."""
    return type(content) is Shortened and content.shown is None


def containers_in(form: Any) -> Iterable[Any]:
    """The forms of the containers and objects that a container or object holds, without those in them."""
    held = form.content if type(form) is Tagged else form
    if type(held) is Instance:
        held = held.attributes
    elif type(held) is Shortened:
        held = held.shown
    if held is None or isinstance(held, (str, bytes)):
        return ()
    items = held.values() if isinstance(held, dict) else held if isinstance(held, Iterable) else ()
    return () if CONTAINERS.isdisjoint(map(type, items)) else [item for item in items if type(item) in CONTAINERS]


def is_shortened(form: Any) -> bool:
    """Whether a form does not show all that there was."""
    return type(form) is Shortened or (type(form) is Tagged and type(form.content) is Shortened)


def item_at(form: Any, key: Any) -> Any:
    """One item of a container; ``MISSING`` if there is none."""
    if type(form) is list and type(key) is int:
        return form[key + 1] if 0 <= key < len(form) - 1 else MISSING
    try:
        if type(form) is dict:
            return form.get(key, MISSING)
        return items_of(form).get(key, MISSING)
    except TypeError:
        return MISSING


_ATOMS = (int, float, str, bool, bytes, type(None))


def differ(one: Any, other: Any) -> bool:
    """Whether two values surely are not the same: simple ones, of which one may be ``MISSING``."""
    if type(other) not in _ATOMS or other != other or (one is not MISSING and type(one) not in _ATOMS):
        return False
    return type(one) is not type(other) or bool(one != other)


def same(one: Any, other: Any) -> bool:
    """Whether two items are the same value; of containers whether they are the same container."""
    mine, its = identity(one), identity(other)
    if mine is not None or its is not None:
        return mine == its
    try:
        return type(one) is type(other) and bool(one == other)
    except RecursionError:
        return False
