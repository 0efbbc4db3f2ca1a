"""Which statement made a call: the caller's next event, unless the statement that made it is not recorded."""

from __future__ import annotations

import ast
import sys
from bisect import bisect_left
from typing import Any, NamedTuple

from ..described import Described
from .calls import Body, Call
from .expressions import called, calls_in
from .run import Run
from .static import Node

_MOST_LOOKED_AT = 1_000
_MOST_TEXT = 100
"""Characters kept of a statement that is not recorded."""


class Caller(NamedTuple):
    """What made a call.

    Attributes:
        at: the index of the caller's event by which that had happened, or -1.
        node: the statement that made it; None if it is not known.
        told: whether the event is that statement's.
        sure: whether it is surely that one.
        text: the statement, where it is not recorded.
        as_of: the index of the event before which its arguments were what they were.
    """

    at: int
    node: Node | None
    told: bool = True
    sure: bool = True
    text: str = ""
    as_of: int = -1


class Callers:
    """Tells what made calls.

    Arguments:
        run: the recorded run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._known: dict[int, Caller | None] = {}
        """By the number of a call."""
        self._untold: dict[Body, tuple[Node, ...]] = {}

    def of(self, call: Call) -> Caller | None:
        """What made a call; None if its caller is not recorded."""
        if call.number not in self._known:
            self._known[call.number] = self._find(call)
        return self._known[call.number]

    def _find(self, call: Call) -> Caller | None:
        parent, begin = call.parent, call.begin
        if parent is None or begin < 0:
            return None
        at = parent.after(begin)
        node = self._run.nodes[at] if at >= 0 else None
        matching = [] if node is None else [one for one in calls_in(node) if is_of(one, call)]
        untold = self._untold_between(parent, begin, node)
        those = [one for one in untold if any(is_of(part, call) for part in calls_in(one))]
        if matching and (not those or self._is_last(call, parent, at, len(matching))):
            return Caller(at, node, as_of=begin)
        if those:
            one = those[0]
            return Caller(at, one, told=False, sure=False, text=self._text(parent, one), as_of=begin)
        if call.function is not None and call.function.suspends:
            return self._maker(call, parent)
        leaving = call.function is not None and call.function.name in ("__exit__", "__aexit__", "__del__")
        return Caller(at, node, sure=not untold and not leaving, as_of=begin) if at >= 0 else None

    @staticmethod
    def _is_last(call: Call, parent: Call, at: int, count: int) -> bool:
        """Whether a call is among so many of its function that were made last before an event."""
        made = parent.made[bisect_left(parent.begins, call.begin) : bisect_left(parent.begins, at)]
        return sum(one.body is call.body for one in made) <= count

    def _maker(self, call: Call, parent: Call) -> Caller | None:
        """What made a generator or a coroutine: that was before it began, and what made it go on has no part in it."""
        above: Call | None = parent
        left = _MOST_LOOKED_AT
        while above is not None and left > 0:
            events = above.events[: bisect_left(above.events, call.begin)][-left:]
            left -= len(events) + 1
            for at in reversed(events):
                node = self._run.nodes[at]
                if node is not None and any(is_of(one, call) for one in calls_in(node)):
                    return Caller(at, node, sure=False, as_of=at)
            above = above.parent
        return None

    def _text(self, parent: Call, node: Node) -> str:
        """The first line of a statement."""
        line = getattr(node, "lineno", 0)
        source = self._run.trace.sources.get(parent.file)
        lines = [] if source is None else source.text.split("\n")
        text = lines[line - 1].strip() if 0 < line <= len(lines) else ""
        return f"line {line}, `{text if len(text) <= _MOST_TEXT else text[:_MOST_TEXT] + '…'}`"

    def _untold_between(self, parent: Call, begin: int, after: Node | None) -> list[Node]:
        """The calling statements without events that may have run just before a call's begin, the nearest first."""
        before = parent.before(begin)
        last = self._run.nodes[before] if before >= 0 else None
        start = getattr(last, "lineno", 0)
        end = getattr(after, "lineno", sys.maxsize)
        found = []
        for node in self._untold_calls(parent):
            line = getattr(node, "lineno", 0)
            went_back = end <= start and (line > start or line < end)  # to a loop's header
            if start < line < end or went_back:
                found.append((line <= start, line, node))
        return [node for _, _, node in sorted(found, key=lambda one: one[:2])]

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


def is_known_as(call: Call, callee: Any) -> bool:
    """Whether a call is surely one of what a form stands for: of a function of that name."""
    if type(callee) is not Described or callee.type != "function" or call.function is None:
        return False
    return callee.name in (call.function.name, call.function.qualname)
