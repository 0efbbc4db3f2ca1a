"""The calls of a recorded run, and what the calls of one function have in common."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field

from ..trace.model import Function
from .static import Node

Condition = tuple[Node, frozenset[Node]]
"""A condition and the statements of its suites."""


@dataclass(slots=True, eq=False)
class Body:
    """What the calls of one function have in common.

    Attributes:
        nodes: the statements that any of them has run.
        conditions: by variable those of them in whose suites it may be written, with the suites, once asked for.
    """

    nodes: dict[Node, None] = field(default_factory=dict)
    conditions: dict[str, tuple[Condition, ...]] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class Call:
    """One call.

    Attributes:
        number: its number.
        function: what was called; None where that is not recorded.
        file: where that stands.
        begin: the index of the event that says that it began, or -1.
        parent: the call that was running then, or None.
        body: what it has in common with other calls of the function.
        events: the indexes of its statements' events, in their order.
        writes: by variable, the indexes of the events that wrote it.
        times: by statement, the indexes of its events.
        made: the calls that it made.
        begins: for each of these the index of the event that says that it began.
        suspending: of these the ones that may be suspended.
        left: the exception that left it, as text.
    """

    number: int
    function: Function | None
    file: str
    begin: int
    parent: Call | None
    body: Body
    events: list[int] = field(default_factory=list)
    writes: dict[str, list[int]] = field(default_factory=dict)
    times: dict[Node, list[int]] = field(default_factory=dict)
    made: list[Call] = field(default_factory=list)
    begins: list[int] = field(default_factory=list)
    suspending: list[Call] = field(default_factory=list)
    left: str = ""

    def before(self, index: int) -> int:
        """The index of its last event before an index, or -1."""
        place = bisect_left(self.events, index)
        return self.events[place - 1] if place else -1

    def after(self, index: int) -> int:
        """The index of its first event after an index, or -1."""
        place = bisect_left(self.events, index)
        return self.events[place] if place < len(self.events) else -1

    @property
    def name(self) -> str:
        """How text calls it: ``name#number``."""
        return f"{'?' if self.function is None else self.function.name}#{self.number}"


def last_before(indexes: Sequence[int], index: int) -> int:
    """The last of some indexes before an index, or -1."""
    place = bisect_left(indexes, index)
    return indexes[place - 1] if place else -1
