"""Generators that go on: which one a statement has made go on, and which statement made one go on."""

from __future__ import annotations

import ast
import functools

from .calls import Call
from .expressions import called, calls_in
from .run import Run

RESUMING = frozenset(("send", "asend", "throw", "athrow", "next", "__next__", "anext", "__anext__"))
"""The names of what makes a generator go on."""
_MOST_LOOKED_AT = 10_000


class Generators:
    """Tells how generators went on.

    Arguments:
        run: the recorded run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run

    def of_function(self, index: int, name: str) -> Call | None:
        """The generator of a function of that name from which a statement's event has taken one more item."""
        call = self._run.of[index]
        if not call.suspending:
            return None
        before = call.before(index)
        for made in reversed(call.suspending):
            if made.function is not None and made.function.name == name and made.begin < index:
                last = made.before(index)
                if max(last, made.begin) > before or made.after(index) >= 0:
                    return made
        return None

    def resumed(self, index: int) -> Call | None:
        """The generator that went on last while a statement ran."""
        of = self._run.of
        start = max(of[index].before(index), of[index].begin, index - _MOST_LOOKED_AT)
        for earlier in range(index - 1, start, -1):
            function = of[earlier].function
            if function is not None and function.suspends:
                return of[earlier]
        return None

    def resumer(self, index: int) -> int:
        """The event of the statement that made a generator go on where an event of it tells that; -1 if not known."""
        of, own = self._run.of, self._run.of[index]
        for later in range(index + 1, min(len(of), index + _MOST_LOOKED_AT)):
            call = of[later]
            if call is not own and call.begin < index and call.before(later) < index and self._run.nodes[later]:
                return later
        return -1


@functools.lru_cache(maxsize=4_096)
def takes(node: ast.AST | None) -> bool:
    """Whether a statement uses what its ``yield`` is sent."""
    pending = [] if node is None or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Yield)) else [node]
    while pending:
        part = pending.pop()
        if isinstance(part, ast.Yield):
            return True
        inner = (ast.stmt, ast.ExceptHandler, ast.match_case, ast.Lambda)
        pending += (child for child in ast.iter_child_nodes(part) if not isinstance(child, inner))
    return False


def sent_by(node: ast.AST | None) -> ast.expr | None:
    """What a statement sends to a generator, or None."""
    for part in () if node is None else calls_in(node):
        if called(part) in ("send", "asend") and len(part.args) == 1:
            return part.args[0]
    return None
