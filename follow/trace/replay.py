"""From events back to records: the same dicts that a follower of dicts would have got."""

from __future__ import annotations

import sys
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple

from ..bounded import Shortened
from ..context import Begin
from ..copies import Patch, plain
from ..described import Described, Redacted
from ..model import Record
from ..state import MISSING
from ..variables import expanded
from .decode import Event
from .model import Function, Piece, Statement

_MOST_RETIRED = 256


class Call:
    """What is known of one call at some moment.

    Attributes:
        number: its number.
        function: what is called; None if its begin was not recorded and nothing of it was yet.
        piece: the piece of source of the function.
        values: its variables' values, containers with their identities.
        clock: when its last event was, in nanoseconds.
        running: whether it stands on its thread's stack.
        leaving: the variables that are unbound before the next event.
        begin: its thread, its task and how deep it is, if records are to show it.
        over: whether it has ended, as far as is known.
    """

    __slots__ = ("begin", "clock", "function", "leaving", "number", "over", "piece", "running", "values")

    def __init__(self, number: int, clock: int) -> None:
        self.number = number
        self.function: Function | None = None
        self.piece: Piece | None = None
        self.values: dict[str, Any] = {}
        self.clock = clock
        self.running = False
        self.leaving: tuple[str, ...] = ()
        self.begin: Begin | None = None
        self.over = False

    def update(self, values: dict[Any, Any]) -> None:
        """Take in what an event tells of the variables."""
        slots = () if self.function is None else self.function.slots
        for key, value in values.items():
            name = slots[key] if type(key) is int and slots else key
            if value is MISSING:
                self.values.pop(name, None)
            else:
                self.values[name] = value

    def patch(self, changed: Iterable[str], depth: int) -> None:
        """Put containers that have changed wherever they stand in other variables."""
        for name in changed:
            patch = Patch(self.values[name], depth)
            for other, form in self.values.items():
                if other != name:
                    self.values[other] = patch.value(form)


class Replay:
    """Goes through events and knows of every call its variables as they are then."""

    def __init__(self) -> None:
        self.calls: dict[int, Call] = {}
        self._stacks: dict[int, list[Call]] = {}
        self._threads: dict[int, int] = {}
        self._retired: dict[int, Call] = {}

    def retire(self, call: Call) -> None:
        """A call has ended, as far as is known: the last few of those are kept, for one may still have an event."""
        call.over = True
        stack = self._stacks.get(self._threads.get(call.number, 0), [])
        if call.running and stack and stack[-1] is call:
            stack.pop()
            call.running = False
        if not call.running:
            self.calls.pop(call.number, None)
            self._retired[call.number] = call
            if len(self._retired) > _MOST_RETIRED:
                forgotten = next(iter(self._retired))
                del self._retired[forgotten]
                self._threads.pop(forgotten, None)

    def take(self, event: Event) -> Call:
        """Bring the event's call up to date and return it; its clock still tells of the event before."""
        call = self.calls.get(event.call)
        if call is None:
            call = self._retired.pop(event.call, None) or Call(event.call, event.time)
            self.calls[event.call] = call
        if event.kind == "call":
            self._threads[event.call] = event.thread
            call.begin = event.begin
        if event.function is not None:
            call.function, call.piece = event.function, event.piece
        if not call.running or self._stacks[self._threads.get(event.call, 0)][-1] is not call:
            self._run(call)
        for name in call.leaving:
            call.values.pop(name, None)
        call.update(event.forms)
        if event.changed and event.piece is not None:
            call.patch(event.changed, event.piece.depth)
        call.leaving = event.statement.unbound if event.statement is not None and event.kind == "statement" else ()
        if call.leaving and not event.has_result:  # a return still shows them
            for name in call.leaving:
                call.values.pop(name, None)
        return call

    def _run(self, call: Call) -> None:
        """The call goes on: those that it had called have ended, but for suspended ones."""
        stack = self._stacks.setdefault(self._threads.get(call.number, 0), [])
        if not call.running:
            call.running = True
            stack.append(call)
            return
        while stack[-1] is not call:
            ended = stack.pop()
            ended.running = False
            if ended.function is None or not ended.function.suspends:
                self.calls.pop(ended.number, None)
                self._threads.pop(ended.number, None)


class Origin(NamedTuple):
    """What has recorded.

    Attributes:
        wall, monotonic: two clocks at one moment, in nanoseconds.
        processes: the numbers of the processes, and before each the first of its ids; in their order.
    """

    wall: int
    monotonic: int
    processes: tuple[tuple[int, int], ...]

    def process(self, base: int) -> int:
        """The process that recorded a piece of source, by the piece's base."""
        return self.processes[bisect_right(self.processes, (base, sys.maxsize)) - 1][1]


def records(events: Iterable[Event], origin: Origin, ended: Callable[[Event], int] | None = None) -> Iterator[Record]:
    """The records of events, in the order in which they happened.

    Arguments:
        events: the events.
        origin: what has recorded them.
        ended: tells of each event whether its call has ended by then; without it a call that nothing calls which
            is recorded, too, is kept to the end.
    """
    replay = Replay()
    for event in events:
        if event.record is not None:
            yield event.record
            continue
        if event.call == 0:
            continue
        call = replay.take(event)
        statement, function, piece = event.statement, event.function, event.piece
        silent = event.left_out == 0  # it only says which values hold
        if statement is not None and function is not None and piece is not None and not silent:
            yield _record(event, call, statement, function, piece, origin)
        if event.kind != "set" and event.kind != "leave" and not silent:
            call.clock = event.time
        if ended is not None and (ended(event) or (call.over and event.kind == "set")):
            replay.retire(call)


def _record(event: Event, call: Call, statement: Statement, function: Function, piece: Piece, origin: Origin) -> Record:
    record: Record = {
        "function": function.name,
        "instruction": statement.instruction,
        "execution_time": (event.time - call.clock) / 1e6,
        "local_vars": [],
    }
    if event.kind == "raise":
        names: tuple[str, ...] = function.names
        record["exception"] = event.exception
    elif event.left_out is not None:
        record["left_out"] = event.left_out
        names = statement.shown
    elif statement.label:
        record["local_vars"] = [variable(statement.label, event.result, piece.bits)]
        names = ()
    else:
        names = statement.shown
    values = call.values
    record["local_vars"] += [
        variable(shown, plain(form), piece.bits)
        for name in names
        if name in values
        for shown, form in expanded(name, values[name]).items()
    ]
    if piece.fields:
        record.update(_fields(event, call, statement, function, piece, origin))
    return record


def _fields(event: Event, call: Call, statement: Statement, function: Function, piece: Piece, origin: Origin) -> Record:
    known = {
        "kind": statement.kind,
        "line": statement.line,
        "file": piece.filename,
        "qualname": function.qualname,
        "call_id": call.number,
        "process": origin.process(piece.base),
        "timestamp": (origin.wall + event.time - origin.monotonic) / 1e9,
    }
    if call.begin is not None:
        known |= {"thread": call.begin.thread_name, "task": call.begin.task, "depth": call.begin.standing.depth}
    return {name: known.get(name) for name in piece.fields}


def variable(name: str, value: Any, bits: int) -> dict[str, Any]:
    """The entry of one variable in a record; integers of more bits are shown by their length."""
    kind = type(value)
    if kind is int and value.bit_length() > bits:
        value = Shortened("int", value.bit_length(), None)
        return {"var": name, "val": value, "type": "int"}
    stands_in = kind in (Shortened, Described, Redacted)
    return {"var": name, "val": value, "type": value.type if stands_in else kind.__name__}
