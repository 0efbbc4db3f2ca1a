"""What is known of attributes that no recorded object holds: those of classes, by their names alone."""

from __future__ import annotations

import ast

from ..state import MISSING
from .calls import last_before
from .expressions import calls_in
from .forms import item_at
from .run import Run
from .static import Node
from .values import Values

_MOST_TOLD = 3
"""So many of the latest statements are told that may have written an attribute."""


class Attributes:
    """Tells which statements may have written an attribute, by its name alone.

    Arguments:
        run: the recorded run.
        values: tells what its expressions gave.
    """

    def __init__(self, run: Run, values: Values) -> None:
        self._run = run
        self._values = values
        self._times: dict[str, list[int]] | None = None

    def writers(self, name: str, index: int) -> list[int]:
        """The latest events before an event whose statements write an attribute, or change what it holds.

        An attribute that is recorded of the object whose it is, is not meant.
        """
        if self._times is None:
            self._times = self._find()
        times, found = self._times.get(name, []), list[int]()
        at = last_before(times, index)
        place = times.index(at) if at >= 0 else -1
        while place >= 0 and len(found) < _MOST_TOLD:
            if not self._is_recorded(name, times[place]):
                found.append(times[place])
            place -= 1
        return found

    def _is_recorded(self, name: str, index: int) -> bool:
        """Whether all of whose attribute an event's statement writes are objects that are recorded with it."""
        node = self._run.nodes[index]
        bases = [] if node is None else [one.value for one in _written(node) if one.attr == name]
        forms = [self._values.value(base, index + 1, self._run.of[index]) for base in bases]
        return bool(forms) and all(item_at(form, name) is not MISSING for form in forms)

    def _find(self) -> dict[str, list[int]]:
        times: dict[str, list[int]] = {}
        names: dict[int, frozenset[str]] = {id(None): frozenset()}
        for index, node in enumerate(self._run.nodes):
            if id(node) not in names:
                names[id(node)] = frozenset(one.attr for one in _written(node))  # type: ignore[arg-type]
            for name in names[id(node)]:
                times.setdefault(name, []).append(index)
        return times


def _written(node: Node) -> list[ast.Attribute]:
    """The attributes that a statement assigns, or whose items, or of whose values it calls a method."""
    targets = node.targets if isinstance(node, (ast.Assign, ast.Delete)) else [getattr(node, "target", None)]
    parts = [part for one in targets if one is not None for part in ast.walk(one)]
    held: list[ast.AST] = [one for one in parts if isinstance(getattr(one, "ctx", None), (ast.Store, ast.Del))]
    held += [one.value for one in held if isinstance(one, ast.Subscript)]
    held += [one.func.value for one in calls_in(node) if isinstance(one.func, ast.Attribute)]
    return [one for one in held if isinstance(one, ast.Attribute)]
