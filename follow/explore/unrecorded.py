"""Which statements may have written what is not recorded, by its name alone: attributes of classes, and in a trace of
the plain level what functions do to variables of their module."""

from __future__ import annotations

import ast
from bisect import bisect_left

from ..state import MISSING
from .calls import Call
from .expressions import called, calls_in, targets_of
from .forms import item_at
from .run import Run
from .static import Node
from .values import Values

_MOST_TOLD = 3
"""So many of the latest statements are told that may have written something."""

_Key = str | tuple[str, str]
"""The name of an attribute, or the file and name of a module's variable."""


_READING = frozenset(
    (
        *(
            "get",
            "keys",
            "values",
            "items",
            "copy",
            "index",
            "count",
            "union",
            "intersection",
            "difference",
            "issubset",
        ),
        *("startswith", "endswith", "join", "split", "strip", "format", "lower", "upper", "replace", "encode"),
        *(
            "len",
            "print",
            "repr",
            "str",
            "bool",
            "isinstance",
            "type",
            "id",
            "hash",
            "sorted",
            "list",
            "tuple",
            "dict",
            "set",
        ),
        *(
            "frozenset",
            "sum",
            "min",
            "max",
            "any",
            "all",
            "enumerate",
            "zip",
            "range",
            "reversed",
            "iter",
            "int",
            "float",
        ),
    )
)
"""Methods and functions that change none of the containers that they are of or are given."""


class Unrecorded:
    """Tells which statements may have written what is not recorded.

    Arguments:
        run: the recorded run.
        values: tells what its expressions gave.
    """

    def __init__(self, run: Run, values: Values) -> None:
        self._run = run
        self._values = values
        self._times: dict[_Key, list[int]] | None = None

    def attribute(self, name: str, index: int) -> list[int]:
        """The latest events before an event whose statements write an attribute, or change what it holds.

        An attribute that is recorded of the object whose it is, is not meant.
        """
        return self._latest(name, -1, index)

    def variable(self, call: Call, name: str, start: int, end: int) -> list[int]:
        """The latest events between two others at which functions may have changed what their module's variable holds.

        It is for a trace of the plain level: one with dataflow tells that.

        Arguments:
            call: that reads it.
            name: the variable.
            start, end: the events.
        """
        of_module = (call.file, name) in self._run.globals and name not in call.writes
        return self._latest((call.file, name), start, end) if of_module else []

    def _latest(self, key: _Key, start: int, end: int) -> list[int]:
        if self._times is None:
            self._times = self._find()
        times, found = self._times.get(key, []), list[int]()
        place = bisect_left(times, end) - 1
        while place >= 0 and times[place] > start and len(found) < _MOST_TOLD:
            if type(key) is tuple or not self._is_recorded(key, times[place]):  # type: ignore[arg-type]
                found.append(times[place])
            place -= 1
        return found

    def _is_recorded(self, name: str, index: int) -> bool:
        """Whether all of whose attribute an event's statement writes are objects that are recorded with it."""
        node = self._run.nodes[index]
        written = [] if node is None else _written(node)
        bases = [one.value for one in written if isinstance(one, ast.Attribute) and one.attr == name]
        forms = [self._values.value(base, index + 1, self._run.of[index]) for base in bases]
        return bool(forms) and all(item_at(form, name) is not MISSING for form in forms)

    def _find(self) -> dict[_Key, list[int]]:
        times: dict[_Key, list[int]] = {}
        known: dict[int, tuple[frozenset[str], frozenset[str]]] = {id(None): (frozenset(), frozenset())}
        for index, node in enumerate(self._run.nodes):
            if node is not None and id(node) not in known:
                written = _written(node)
                attributes = (one.attr for one in written if isinstance(one, ast.Attribute))
                names = (one.id for one in written if isinstance(one, ast.Name))
                known[id(node)] = frozenset(attributes), frozenset(names)
            attributes_of, variables = known[id(node)]
            for name in attributes_of:
                times.setdefault(name, []).append(index)
            call = self._run.of[index]
            for name in variables if call.function is not None and not call.function.module else ():
                if name not in call.function.names:  # type: ignore[union-attr]
                    times.setdefault((call.file, name), []).append(index)
        return times


def _written(node: Node) -> list[ast.Attribute | ast.Name]:
    """The attributes that a statement assigns, and what it may change: of what it assigns items or calls methods, and
    what it gives to calls."""
    parts = [part for one in targets_of(node, deleted=True) for part in ast.walk(one)]
    assigned = [one for one in parts if isinstance(getattr(one, "ctx", None), (ast.Store, ast.Del))]
    held: list[ast.AST] = [one for one in assigned if isinstance(one, ast.Attribute)]
    held += [one.value for one in assigned if isinstance(one, ast.Subscript)]
    for call in calls_in(node):
        if called(call) in _READING:
            continue
        held += [call.func.value] if isinstance(call.func, ast.Attribute) else []
        held += [one for one in call.args if isinstance(one, ast.Name)]
    return [one for one in held if isinstance(one, (ast.Attribute, ast.Name))]
