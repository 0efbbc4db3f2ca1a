"""Generators that go on: which one a statement has made go on, and which statement made one go on."""

from __future__ import annotations

import ast

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
            named = made.function is not None and made.function.name == name and made.begin < index
            if named and max(made.before(index), made.begin) > before:
                return made
        return None

    def resumed(self, index: int) -> Call | None:
        """The generator that went on last while a statement ran, other than inside a call that the statement made."""
        run, of = self._run, self._run.of
        start = max(of[index].before(index), of[index].begin, index - _MOST_LOOKED_AT)
        inner = set(map(id, run.calls_within(index)))
        for earlier in range(index - 1, start, -1):
            call = of[earlier]
            if (
                call.function is not None
                and call.function.suspends
                and (call.parent is None or id(call.parent) not in inner)
            ):
                return call
        return None

    def resumer(self, index: int) -> int:
        """The event of the statement that made a generator go on where an event of it tells that; -1 if not known."""
        call = self._run.resumers.get(index)
        return -1 if call is None else call.after(index)


def sent_by(node: ast.AST | None) -> ast.expr | None:
    """What a statement sends to a generator, or None."""
    for part in () if node is None else calls_in(node):
        if called(part) in ("send", "asend") and len(part.args) == 1:
            return part.args[0]
    return None
