"""Questions about a recorded run: what a call saw when, and what decided that something happened."""

from __future__ import annotations

import ast
from bisect import bisect_left
from collections.abc import Callable, Iterator
from typing import Any

from ..copies import identity
from ..state import MISSING
from .calls import Call, last_before
from .modules import assigned_through
from .recorded import Recorded
from .static import Node, inside, takes

WHOLE = "\0whole"
"""Instead of a key: any item of a container, or which there are."""
LOST = -2
"""Instead of an event's index: what it was has been left out (``FollowConfig.loop_limit``)."""


class Run(Recorded):
    """A recorded run in memory, and what is asked of it."""

    # -- what was known when ---------------------------------------------------------------------------

    @property
    def tells_objects(self) -> bool:
        """Whether attributes of objects were recorded."""
        return self.trace.header.get("detail") == "dataflow"

    def is_known(self, name: str) -> bool:
        """Whether anything that is recorded has written a variable of that name."""
        return name in self._names

    def write_before(self, call: Call, name: str, index: int) -> tuple[int, bool] | None:
        """The event that last wrote a variable before an event, as the call sees it, and whether that is sure."""
        if name not in self._names:
            return None
        function = call.function
        of_module = function is not None and function.module  # in which functions write, too
        own = -1 if of_module else last_before(call.writes.get(name, ()), index)
        if own >= 0 and not self.shared:
            return own, True
        if function is None:
            return (own, True) if own >= 0 else None
        if own >= 0:
            shared = last_before(self.shared.get((call.file, function.qualname, name), ()), index)
            return (own, True) if shared < own else (shared, self._is_only(call))
        outer = function.qualname
        while ".<locals>." in outer:
            outer = outer.rpartition(".<locals>.")[0]
            calls = [one for one in self.named.get((call.file, outer), ()) if name in one.writes]
            writes = [last_before(one.writes[name], index) for one in calls]
            writes.append(last_before(self.shared.get((call.file, outer, name), ()), index))
            if max(writes) >= 0:
                return max(writes), len(calls) == 1
        found = self._written_in_module(call.file, name, index)
        if found is not None:
            return found
        told = last_before(self.told.get((call.file, name), ()), index)
        return (told, False) if told >= 0 else None  # it was written by what is not recorded

    def _written_in_module(self, file: str, name: str, index: int) -> tuple[int, bool] | None:
        """The same of a module's variable, which may be assigned as an attribute of the module."""
        own = last_before(self.globals.get((file, name), ()), index)
        through, sure = assigned_through(self, file, name, own, index)
        found = max(own, through)
        return (found, sure) if found >= 0 else None

    def _is_only(self, call: Call) -> bool:
        """Whether a function was called once, so that those inside it are surely of that call."""
        assert call.function is not None
        return len(self.named.get((call.file, call.function.qualname), ())) == 1

    def value_before(self, index: int, name: str, call: Call | None = None) -> Any:
        """The form of a variable just before an event, as its call sees it; ``MISSING`` if that is not known."""
        found = self.write_before(call or self.of[index], name, index)
        if found is None:
            return MISSING
        return self.resolved(self.form_of(found[0], name), index)

    def resolved(self, form: Any, index: int) -> Any:
        """A form, or of a container what was told of it last before an event: what holds it does not tell it anew."""
        number = identity(form)
        latest = MISSING if number is None else self.latest(number, index)
        return form if latest is MISSING else latest

    def latest(self, number: int, index: int) -> Any:
        """A container's form just before an event; ``MISSING`` if it was not seen."""
        known = self.seen.get(number)
        place = 0 if known is None else bisect_left(known.at, index)
        return MISSING if known is None or place == 0 else known.forms[place - 1]

    def node(self, index: int) -> Node | None:
        """The statement that an event is of."""
        return self.nodes[index]

    def takes_what_is_sent(self, index: int) -> bool:
        """Whether an event is that of a generator that went on and used what it was sent."""
        function = self.of[index].function
        return function is not None and function.suspends and takes(self.nodes[index])

    def is_left_out(self, call: Call, start: int, end: int, node: ast.AST | None = None) -> bool:
        """Whether iterations of a call's loops were left out between two events; of those around a statement."""
        known = self.left_out.get(call.number)
        if known is None:
            return False
        for index in known[bisect_left(known, start) : bisect_left(known, end)]:
            loop = self.loop_left_out(index)
            if node is None or loop is None or node is loop or node in inside(loop):
                return True
        return False

    def count_left_out(self, line: int, is_file: Callable[[str], bool]) -> int:
        """How many iterations of loops round a line were left out."""
        count = 0
        for index in (one for indexes in self.left_out.values() for one in indexes):
            loop = self.loop_left_out(index)
            if loop is not None and loop.lineno < line <= (loop.end_lineno or 0) and is_file(self.of[index].file):
                count += self.events[index].left_out or 0
        return count

    def control_parent(self, index: int) -> int:
        """The event that decided that this one happens: a predicate of the same call; -1 if it was the call itself, and
        ``LOST`` if that predicate was left out."""
        node = self.nodes[index]
        return -1 if node is None else self.decided(node, self.of[index], index)

    def decided(self, node: Node, call: Call, index: int) -> int:
        """The event that decided that a statement runs in a call just before an event, as ``control_parent`` has it."""
        deciding = self.deciding(node, call.file)
        latest = -1
        for one in deciding:
            if (times := call.times.get(one)) is not None and (at := last_before(times, index)) > latest:
                latest = at
        lost = call.number in self.left_out and any(self.is_left_out(call, latest + 1, index, one) for one in deciding)
        return LOST if lost else latest

    def deciding(self, node: Node, file: str) -> tuple[Node, ...]:
        """The statements of which one decides that a statement of a file runs."""
        known = self._deciding.get(node)
        if known is None:
            controls = self.code(file).controls.get(node, set())
            known = self._deciding[node] = tuple(controls - {node})
        return known

    @staticmethod
    def earlier(call: Call, index: int) -> Iterator[int]:
        """The events of a call before an event, the latest first."""
        place = bisect_left(call.events, index)
        while place:
            place -= 1
            yield call.events[place]

    def calls_within(self, index: int) -> list[Call]:
        """The calls that a statement's event has made: those begun since its call's event before."""
        call = self.of[index]
        if not call.made:
            return []
        start = max(call.before(index), call.begin)
        return call.made[bisect_left(call.begins, start) : bisect_left(call.begins, index)]

    def position(self, sequence: int) -> int:
        """The index of the event with a sequence number, or of the first after it."""
        return bisect_left(self.events, sequence, key=lambda event: event.sequence)
