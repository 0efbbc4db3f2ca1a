"""When the items of containers were written, told from what the containers held from one time to the next."""

from __future__ import annotations

import ast
import itertools
import sys
from bisect import bisect_left, insort
from dataclasses import dataclass, field
from typing import Any

from ..copies import identity
from ..state import MISSING
from .calls import Call, last_before
from .expressions import calls_in, targets_of
from .forms import containers_in, is_container, is_shortened, items_of, same
from .run import WHOLE, Run
from .values import Values

_DISPLAYS = (ast.List, ast.Dict, ast.Set, ast.ListComp, ast.DictComp, ast.SetComp)
"""The expressions that make a container."""
_MOST_INSIDE = 50
"""So many containers in a container are looked at."""
_MOST_ITEMS = 20
"""So many writes of a container's items are told where all of it was read."""
_MOST_SCANNED = 60
"""So many of its changes are looked at for that."""
_MOST_CHANGES = 20
"""And so many of their latest changes are told."""


@dataclass(slots=True)
class _Changes:
    """When a container was changed.

    Attributes:
        first: the index of the event that told of it first.
        births: those of the events at which a new container had the identity of one that was gone.
        whole: those of the events at which any item changed.
        keys: of each of these the keys of the items that did.
        items: the same by item.
        unclear: those at which it may have changed, but not all of it was recorded.
    """

    first: int
    births: list[int] = field(default_factory=list)
    whole: list[int] = field(default_factory=list)
    keys: list[list[Any]] = field(default_factory=list)
    items: dict[Any, list[int]] = field(default_factory=dict)
    unclear: list[int] = field(default_factory=list)

    def note(self, at: int, keys: list[Any]) -> None:
        """Some items have changed."""
        keys = list(map(_hashable, keys))
        self.whole.append(at)
        self.keys.append(keys)
        for key in keys:
            self.items.setdefault(key, []).append(at)


class Writes:
    """Tells who wrote the items of containers.

    Arguments:
        run: the recorded run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._values = Values(run)
        self._stores: dict[int, tuple[int, Any] | None] = {}
        self._changes: dict[int, _Changes] = {}
        self._deep: dict[str, list[int]] | None = None
        self._stored_deep: dict[tuple[int, Any], list[int]] = {}
        """By container and key the events of those that have been looked at."""

    def writer(self, number: int, key: object, index: int) -> tuple[int, bool, bool] | None:
        """The event that last changed an item of a container before an event.

        Returns:
            Its index, whether the container was first seen there, and whether it is sure; None if the container
            was not seen before.
        """
        changes = self._changes.get(number)
        if changes is None:
            changes = self._changes[number] = self._find_changes(number)
        if not changes.first < index:
            return None
        times = changes.whole if key is WHOLE else changes.items.get(_hashable(key), ())
        sure = last_before(times, index)
        perhaps = last_before(changes.unclear, index)
        certain = perhaps < sure  # of all of it: what was unclear is a change, too
        if key is not WHOLE:
            if sure >= 0:  # a function that the statement has called may have stored it, and not told that
                inside = self._stored_again(number, key, self._run.of[sure].before(sure), sure)
                sure = inside if inside >= 0 else sure
            sure = max(sure, self._stored_again(number, key, max(sure, perhaps, changes.first), index))
            certain = sure >= perhaps
        born = last_before(changes.births, index)
        if max(sure, perhaps, born) < 0:
            return changes.first, True, True
        if born > max(sure, perhaps):
            return born, True, True
        return max(sure, perhaps), False, certain

    def of_items(self, number: int, index: int) -> tuple[list[tuple[int, bool]], bool]:
        """The events that have last written the items that a container has before an event, or taken one away.

        Returns:
            The indexes of the latest of them and whether each is sure, the last one first, but for the last change of
            all and the first event that tells of the container; and whether there are more.
        """
        changes = self._changes[number]
        place, born = bisect_left(changes.whole, index) - 2, last_before(changes.births, index)
        found: list[tuple[int, bool]] = []
        for at in range(place, max(place - _MOST_SCANNED, -1), -1):
            event = changes.whole[at]
            if event <= born:
                return found, False
            sure = any(last_before(changes.items[key], index) == event for key in changes.keys[at])
            if sure or last_before(changes.unclear, event + 1) == event:
                found.append((event, sure))
                if len(found) == _MOST_ITEMS:
                    return found, at > 0
        return found, place >= _MOST_SCANNED

    def changed_inside(self, number: int, start: int, end: int) -> list[tuple[int, bool]]:
        """The events that last changed the containers that a container holds, between two events.

        Objects that it holds are left out: what they are is no part of it.

        Returns:
            The indexes of the latest of them, and whether each is sure.
        """
        seen = self._run.seen.get(number)
        if seen is None or not seen.nested:
            return []
        found: dict[int, bool] = {}
        pending, met = [number], {number}
        for outer in pending:
            for form in containers_in(self._run.latest(outer, end)):
                inner = identity(form)
                if inner is None or inner in met or len(met) > _MOST_INSIDE or not is_container(form):
                    continue
                met.add(inner)
                pending.append(inner)
                known = self.writer(inner, WHOLE, end)
                if known is not None and not known[1]:
                    earlier, _ = self.of_items(inner, end)
                    found |= {at: sure for at, sure in ((known[0], known[2]), *earlier) if at > start}
        return sorted(found.items(), reverse=True)[:_MOST_CHANGES]

    def _stored_again(self, number: int, key: object, start: int, end: int) -> int:
        """The last event between two others that has assigned an item of what an object or a container holds; or -1.

        Where that item is as it was, the event does not tell it.
        """
        deep = self._deep_stores()
        for name in {key if isinstance(key, str) else "", ""}.intersection(deep):
            for index in deep.pop(name):
                found = self._store(index)
                if found is not None:
                    insort(self._stored_deep.setdefault((found[0], _hashable(found[1])), []), index)
        times = self._stored_deep.get((number, _hashable(key)), ())
        last = last_before(times, end)
        return last if last > start else -1

    def _deep_stores(self) -> dict[str, list[int]]:
        """The events that assign items of what an object or a container holds, by attribute; of an item ""."""
        if self._deep is None:
            self._deep = {}
            names: dict[int, tuple[str, ...]] = {id(None): ()}
            for index, node in enumerate(self._run.nodes):
                if id(node) not in names:
                    names[id(node)] = _untold_targets(node, self._run.of[index])
                for name in names[id(node)]:
                    self._deep.setdefault(name, []).append(index)
        return self._deep

    def _find_changes(self, number: int) -> _Changes:
        """When a container was changed: by what it held from one time to the next."""
        seen = self._run.seen.get(number)
        if seen is None:
            return _Changes(sys.maxsize)
        changes = _Changes(seen.at[0])
        for (_, before), (at, form) in itertools.pairwise(zip(seen.at, seen.forms)):
            short = is_shortened(form) or is_shortened(before)
            if self._is_new(at, number):  # another container has the id of one that is gone
                changes.note(at, list(items_of(form)))
                changes.births.append(at)
                continue
            alike = form is before or _equal(form, before)
            keys = [] if alike or short else _differing(before, form)
            lost = self._run.events[at].left_out is not None
            if keys or lost:
                changes.note(at, keys)
                if lost:  # an item may have been set to what it was before
                    changes.unclear.append(at)
                continue
            key = self._stored(at, number)
            if key is not MISSING:
                changes.note(at, [key])
            elif short and (not alike or self._changes_something(at)):
                changes.unclear.append(at)
                changes.note(at, [])
        return changes

    def _is_new(self, index: int, number: int) -> bool:
        """Whether an event's statement has bound a variable to a container that it has made."""
        node = self._run.nodes[index]
        if not isinstance(node, (ast.Assign, ast.AnnAssign)) or not isinstance(node.value, _DISPLAYS):
            return False
        names = [target.id for target in targets_of(node) if isinstance(target, ast.Name)]
        return any(identity(self._run.form_of(index, name)) == number for name in names)

    def _stored(self, index: int, number: int) -> Any:
        """The key of the item that an event's statement has assigned in a container; ``MISSING`` if not known."""
        found = self._store(index)
        return found[1] if found is not None and found[0] == number else MISSING

    def _store(self, index: int) -> tuple[int, Any] | None:
        """The container in which an event's statement has assigned an item, and the item's key; once found, kept."""
        if index not in self._stores:
            self._stores[index] = self._find_stored(index)
        return self._stores[index]

    def _find_stored(self, index: int) -> tuple[int, Any] | None:
        """The container in which an event's statement has assigned an item, and the item's key."""
        node = self._run.node(index)
        for target in targets_of(node):
            if not isinstance(target, (ast.Subscript, ast.Attribute)) or isinstance(node, (ast.For, ast.AsyncFor)):
                continue
            base = self._values.value(target.value, index)
            number = None if base is MISSING else identity(base)
            if number is not None:
                key = target.attr if isinstance(target, ast.Attribute) else self._values.key(target.slice, index, base)
                return number, key
        return None

    def _changes_something(self, index: int) -> bool:
        """Whether an event's statement is one that changes containers by calling something."""
        node = self._run.node(index)
        return node is not None and bool(calls_in(node))


def _untold_targets(node: ast.AST | None, call: Call) -> tuple[str, ...]:
    """The names of the attributes that a statement assigns in what none of its call's variables is: what an attribute
    or item holds, or a variable of another scope; of an item ""."""
    return tuple(
        target.attr if isinstance(target, ast.Attribute) else ""
        for target in targets_of(node)
        if isinstance(target, (ast.Attribute, ast.Subscript))
        and (not isinstance(target.value, ast.Name) or target.value.id not in call.writes)
        and not isinstance(node, (ast.For, ast.AsyncFor))
    )


def _hashable(key: Any) -> Any:
    try:
        hash(key)
    except TypeError:
        return repr(key)
    return key


def _equal(one: Any, other: Any) -> bool:
    """Whether two forms are surely the same, told fast."""
    try:
        return type(one) is type(other) is list and bool(one == other)
    except RecursionError:
        return False


def _differing(one: Any, other: Any) -> list[Any]:
    """The keys of the items in which two forms of a container differ."""
    if type(one) is type(other) is list:  # each with its identity before its items
        shorter, longer = sorted((len(one), len(other)))
        pairs = enumerate(zip(one[1:], other[1:]))
        found: list[Any] = [key for key, (mine, its) in pairs if mine is not its and not same(mine, its)]
        return [*found, *range(shorter - 1, longer - 1)]
    before, now = items_of(one), items_of(other)
    keys = dict.fromkeys((*before, *now))
    return [key for key in keys if not same(before.get(key, MISSING), now.get(key, MISSING))]
