"""Which statement made a call: the caller's next event, unless the statement that made it is not recorded."""

from __future__ import annotations

import ast
from typing import NamedTuple

from .calls import Body, Call
from .expressions import called, calls_in
from .run import Run
from .static import Node


class Caller(NamedTuple):
    """What made a call.

    Attributes:
        at: the index of the caller's event by which that had happened, or -1.
        node: the statement that made it; None if it is not known.
        told: whether the event is that statement's.
        sure: whether it is surely that one.
    """

    at: int
    node: Node | None
    told: bool = True
    sure: bool = True

    @property
    def text(self) -> str:
        """The statement, where it is not recorded."""
        assert self.node is not None
        return f"line {self.node.lineno}, `{ast.unparse(self.node)}`"  # type: ignore[union-attr]  # no match_case


class Callers:
    """Tells what made calls.

    Arguments:
        run: the recorded run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._untold: dict[Body, tuple[Node, ...]] = {}

    def of(self, call: Call) -> Caller | None:
        """What made a call; None if its caller is not recorded."""
        parent = call.parent
        if parent is None or call.begin < 0:
            return None
        index = parent.after(call.begin)
        node = self._run.nodes[index] if index >= 0 else None
        if node is not None and any(is_of(one, call) for one in calls_in(node)):
            return Caller(index, node)
        untold = self._untold_calls(parent)
        those = [one for one in untold if any(is_of(part, call) for part in calls_in(one))]
        if those:
            before = parent.before(call.begin)
            last = self._run.nodes[before] if before >= 0 else None
            line = getattr(last, "lineno", 0)
            later = [one for one in those if getattr(one, "lineno", 0) > line]
            return Caller(index, min(later or those, key=lambda one: getattr(one, "lineno", 0)), told=False, sure=False)
        return Caller(index, node, sure=not untold) if index >= 0 else None

    def _untold_calls(self, parent: Call) -> tuple[Node, ...]:
        """The statements of a call's function that call something and of which no event tells."""
        known = self._untold.get(parent.body)
        if known is None:
            known = self._untold[parent.body] = tuple(self._find_untold(parent))
        return known

    def _find_untold(self, parent: Call) -> list[Node]:
        run = self._run
        first = parent.begin if parent.begin >= 0 else next(iter(parent.events), -1)
        event = run.events[first] if first >= 0 else None
        ran = next(iter(parent.body.nodes), None)
        if event is None or event.piece is None or event.function is None or ran is None:
            return []
        code = run.code(event.piece.filename)
        statements = run.trace.statements_of(event.piece, event.function)
        told = {code.node(one.line, one.column, one.kind) for one in statements}
        owner = code.function.get(ran)
        return [
            node
            for node, its in code.function.items()
            if its is owner and node not in told and isinstance(node, ast.Expr) and calls_in(node)
        ]


def is_of(node: ast.Call, call: Call) -> bool:
    """Whether an expression calls something of a call's name: its function, or its class."""
    assert call.function is not None
    return called(node) in (call.function.name, class_of(call))


def class_of(call: Call) -> str:
    """For ``__init__`` the name of its class."""
    assert call.function is not None
    parts = call.function.qualname.split(".")
    return parts[-2] if parts[-1] == "__init__" and len(parts) > 1 else ""
