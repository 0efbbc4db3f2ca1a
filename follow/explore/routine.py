"""Statements whose events all read and depend on the same: nothing but their call's own variables and conditions."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from .calls import Body
from .expressions import is_alias_of_name
from .frontier import COSTS
from .generators import RESUMING
from .omissions import Omissions
from .plan import OpenCall, Plan, Read
from .reads import Reader
from .run import Run
from .static import Node


@dataclass(frozen=True, slots=True)
class Routine:
    """What is alike about all events of a statement in a function.

    Attributes:
        calls: whether it calls something, which must be nothing that was followed.
        deciding: the statements that may have decided that it runs.
        reads: the variables that it reads; how much farther than the statement the cause is; whether the value was
            read, and whether that may have been kept from being written by a condition.
        noted: whether there may be a note on what it reads.
    """

    calls: bool
    deciding: tuple[Node, ...]
    reads: tuple[tuple[Read, int, bool, bool], ...]
    noted: bool


class Routines:
    """Tells which statements are so simple, which are most of those in long loops: their causes are found fast.

    Arguments:
        run: the recorded run.
        reader: tells what statements read.
        omissions: tells what did not happen.
    """

    def __init__(self, run: Run, reader: Reader, omissions: Omissions) -> None:
        self._run = run
        self._reader = reader
        self._omissions = omissions
        self._known: dict[tuple[Body, Node], Routine | None] = {}
        self._none = bool(run.left_out or run.shared)

    def of(self, index: int) -> Routine | None:
        """That of an event of a statement that has not raised; None if it is not so simple."""
        node, call = self._run.nodes[index], self._run.of[index]
        if node is None:
            return None
        key = call.body, node
        if key not in self._known:
            self._known[key] = None if self._none else self._find(node, index)
        known = self._known[key]
        if known is not None and known.calls and call.made and (call.suspending or self._run.calls_within(index)):
            return None
        return known

    def _find(self, node: Node, index: int) -> Routine | None:
        call = self._run.of[index]
        plan, function = self._reader.plan(node, index), call.function
        if function is None or function.module or function.suspends:
            return None
        if isinstance(node, (ast.ExceptHandler, ast.match_case)):
            return None
        if is_alias_of_name(node):
            return None
        if isinstance(node, (ast.For, ast.AsyncFor)) and not isinstance(node.iter, ast.Call):  # of a generator, say
            return None
        reads = list(_reads(plan))
        if plan.chosen or None in reads:
            return None
        deciding = self._run.deciding(node, call.file)
        known: list[tuple[Read, int, bool, bool]] = []
        for read in reads:
            if read is not None and self._run.is_known(read.name):
                conditions = self._omissions.conditions(call, read.name) if read.relation == "value" else ()
                kept = any(deciding != (node,) for node, _ in conditions)  # what has decided is told as such
                known.append((read, COSTS[read.relation], read.relation == "value", kept))
        return Routine(not plan.closed, deciding, tuple(known), self._omissions.has_other_loops(call, index))


def _reads(plan: Plan) -> Iterator[Read | None]:
    """The variables that are read according to a plan if its calls are of nothing that was followed; None for all
    else."""
    for part in plan:
        if type(part) is OpenCall and part.name not in RESUMING and part.item is None:
            yield from _reads(part.given)
        else:
            yield part if type(part) is Read and part.relation in ("value", "index") and part.event < 0 else None
