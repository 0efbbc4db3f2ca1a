"""What did not happen, where that bears on a value: conditions that kept a write from happening, loops without one."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ..copies import identity
from .calls import Body, Call, Condition, last_before
from .run import Run
from .static import Node, inside, may_write

_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_CONDITIONS = (ast.If, *_LOOPS)


class Reading(NamedTuple):
    """What a step's notes are about: something that was read, and had been written by the step.

    Attributes:
        what: the variable or item, as text.
        container: the identity of the container whose item it is; None for a variable.
        changing: of a variable whether it holds a container that was never changed.
    """

    what: str
    container: int | None = None
    changing: bool = False


class Omissions:
    """Tells what did not happen.

    Arguments:
        run: the recorded run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._others: dict[tuple[Body, Node | None], tuple[Node, ...]] = {}

    def conditions(self, call: Call, name: str) -> tuple[Condition, ...]:
        """The conditions of a call's function in whose suites a variable may be written, with those suites."""
        known = call.body.conditions.get(name)
        if known is None:
            known = call.body.conditions[name] = tuple(
                (node, inside(node))
                for node in call.body.nodes
                if isinstance(node, _CONDITIONS) and may_write(node, name)
            )
        return known

    def ran(self, node: Node, suite: frozenset[Node], call: Call, at: int, one: int, index: int) -> bool:
        """Whether a condition's suite ran.

        Arguments:
            node, suite: the condition and its suite.
            call: in which call.
            at, index: the indexes of the events between which it matters.
            one: that of the condition's last event between them.
        """
        if isinstance(node, ast.If):
            after = call.after(one)
            return after >= 0 and self._run.nodes[after] in suite
        if isinstance(node, ast.While):
            return any(last_before(call.times.get(other, ()), index) > at for other in suite)
        return not suite.isdisjoint(call.times)  # that a loop has come to its end is nothing remarkable

    def is_noted(self, at: int, index: int, call: Call) -> bool:
        """Whether there may be a note on a statement's write and a read of it in a call: it has loops elsewhere."""
        return self.has_other_loops(call, index) and self._run.events[at].kind == "statement"

    def has_other_loops(self, call: Call, index: int) -> bool:
        """Whether a call's function has loops that do not stand around the statement of one of its events."""
        return bool(self._other_loops(call, index))

    def notes(self, at: int, index: int, reading: Reading) -> list[str]:
        """What did not happen between a write and a read of what it wrote.

        Arguments:
            at: the index of the event that wrote.
            index: the index of the event that read.
            reading: what was read.
        """
        call = self._run.of[index]
        if reading.container is not None:
            return self._unchanged_by(at, index, call, reading)
        if self._run.is_left_out(call, at + 1, index):
            return []
        what = (
            f"adding, removing or replacing an item of {reading.what}"
            if reading.changing
            else f"writing {reading.what}"
        )
        return [
            f"the loop at line {line} ran {count - 1} times after that without {what}"
            for line, count in _iterations(at, index, call, self._other_loops(call, index))
            if count > 1
        ]

    def _unchanged_by(self, at: int, index: int, call: Call, reading: Reading) -> list[str]:
        """The calls after a write that were given the container and have not changed that item."""
        notes: list[str] = []
        first, last = bisect_left(call.begins, at + 1), bisect_left(call.begins, index)
        for made in call.made[first:last]:
            given = self._run.events[made.begin].forms.values()
            if any(identity(form) == reading.container for form in given):
                notes.append(f"{made.name} was given it after that and ended without changing {reading.what}")
                if len(notes) == _MOST_NOTES:
                    break
        return notes

    def _other_loops(self, call: Call, index: int) -> tuple[Node, ...]:
        """The loops of a call's function that do not stand around the statement of one of its events."""
        reader = self._run.nodes[index]
        key = call.body, reader
        known = self._others.get(key)
        if known is None:
            around = () if reader is None else (reader, *self._run.code(call.file).loops.get(reader, ()))
            lines = {getattr(node, "lineno", 0) for node in around}
            found = (node for node in call.body.nodes if isinstance(node, _LOOPS))
            known = self._others[key] = tuple(node for node in found if node.lineno not in lines)
        return known


def _iterations(at: int, index: int, call: Call, loops: Sequence[Node]) -> Iterator[tuple[int, int]]:
    """The loops that ran after a variable's only write and before it was read: they might have written as well."""
    ran = [node for node in loops if node in call.times]
    for node in sorted(ran, key=lambda node: call.times[node][0]) if len(ran) > 1 else ran:
        times = call.times[node]
        yield node.lineno, bisect_left(times, index) - bisect_left(times, at + 1)  # type: ignore[union-attr]


_MOST_NOTES = 3
"""So many calls are told that have not changed an item."""
