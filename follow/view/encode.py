"""From the events of a trace to the columns of the viewer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ..trace.decode import Event
from ..trace.ends import Ends
from ..trace.replay import Call, Replay
from .calls import Calls
from .columns import Column, Sink
from .tables import EXCEPTION, RESULT, VARIABLE, Tables
from .values import NOT_BOUND, Values

_OFTEN = 4_096
"""After so many events full columns leave."""
_MOST_STEP = 1 << 31
"""A time (ns) from one event to the next of at least so much stands beside the column."""


@dataclass(slots=True)
class _State:
    """What is told of a call: its number, its function's, and of its variables the numbers of their values."""

    call: int
    function: int
    values: dict[str, int] = field(default_factory=dict)


class Encoder:
    """Takes events one by one, and lets their columns leave as they fill.

    Arguments:
        sink: what takes the parts.
        ends: what the source tells of calls.

    Attributes:
        tables, values, calls: what has been numbered.
        events: how many events there are.
        start: the time of the first in ns.
        jumps: pairs: the index of an event, and the time in ns since the one before where the column has no room.
        gaps: pairs: the index of an event, and its number in the trace where that is not the one before's + 1.
        call_functions, call_numbers: by call the number of its function, and its own in the trace.
    """

    def __init__(self, sink: Sink, ends: Ends) -> None:
        self.tables = Tables()
        self.values = Values(sink)
        self.calls = Calls(ends)
        self.events = 0
        self.start = 0
        self.jumps: list[tuple[int, int]] = []
        self.gaps: list[tuple[int, int]] = []
        self.call_functions: list[int] = []
        self.call_numbers: list[int] = []
        self._sink = sink
        self._ends = ends
        self._replay = Replay()
        self._states: dict[int, _State] = {}
        self._told: dict[int, _State] = {}
        self._time = self._sequence = self._seen = 0
        names = ("place", "call", "time", "writes", "variable", "value")
        self._columns = [Column(name, sink) for name in names]
        self._place, self._call, self._times, self._writes, self._variable, self._value = self._columns

    def take(self, events: Iterable[Event]) -> None:
        """Take in events."""
        for event in events:
            self._clock(event)
            if event.record is None:
                self._ordinary(event)
            else:
                self._record(event, event.record)
            self.events += 1
            if not self.events % _OFTEN:
                self._spill()

    def close(self, ended: bool) -> None:
        """Let everything leave.

        Arguments:
            ended: whether the recording came to its end, rather than being cut off.
        """
        self.calls.close(ended)
        for column in self._columns:
            column.spill(1)
        self.values.close()
        calls = self.calls
        told = zip(
            ("callFunction", "callNumber", "callParent", "callStart", "callEnd", "callThread"),
            (self.call_functions, self.call_numbers, calls.parents, calls.starts, calls.ends, calls.threads),
        )
        for name, numbers in told:
            column = Column(name, self._sink)
            for start in range(0, len(numbers), _OFTEN):
                column.values.extend(numbers[start : start + _OFTEN])
                column.spill()
            column.spill(1)

    def _spill(self) -> None:
        for column in self._columns:
            column.spill()
        is_open = self.calls.is_open
        self._states = {number: state for number, state in self._states.items() if is_open(number)}

    def _clock(self, event: Event) -> None:
        if not self.events:
            self.start = self._time = event.time
        step = event.time - self._time
        self._time = event.time
        if not -_MOST_STEP < step < _MOST_STEP:
            self.jumps.append((self.events, step))
            step = 0
        self._times.values.append(2 * step if step >= 0 else -2 * step - 1)
        if event.sequence != self._sequence + 1:
            self.gaps.append((self.events, event.sequence))
        self._sequence = event.sequence

    def _ordinary(self, event: Event) -> None:
        call = self._replay.calls.get(event.call)
        before = dict(call.values) if call is not None and event.changed else {}
        call = self._replay.take(event)
        over = bool(self._ends.after(event))
        state = self._state(event, call, over)
        number = self.tables.place(event, state.function)
        self._place.values.append(number)
        self._call.values.append(state.call)
        place = self.tables.places[number]
        writes = self._variables(event, call, state, before, place.always)
        writes += self._hidden(state, place.shown)
        if event.has_result or event.left_out is not None:
            given = event.result if event.left_out is None else event.left_out
            writes += self._write(state, "", self.values.number_of(given), RESULT)
        if event.exception is not None:
            writes += self._write(state, "", self._exception(event.exception), EXCEPTION)
        self._writes.values.append(writes)
        if over or (call.over and event.kind == "set"):
            self._replay.retire(call)

    def _state(self, event: Event, call: Call, over: bool) -> _State:
        """What is known of an event's call; of one that goes on after it seemed to have ended that begins anew."""
        index = self.calls.take(event.call, event, self.events, over)
        state = self._states.get(event.call)
        if state is None or state.call != index:
            function = self.tables.function(call.piece, call.function)
            state = self._states[event.call] = _State(index, function)
            self.call_functions.append(function)
            self.call_numbers.append(event.call)
        elif call.function is not None and self.tables.functions[state.function].name == "?":
            state.function = self.call_functions[index] = self.tables.function(call.piece, call.function)
        return state

    def _variables(
        self, event: Event, call: Call, state: _State, before: dict[str, Any], always: tuple[str, ...]
    ) -> int:
        values, writes = call.values, 0
        slots = () if call.function is None else call.function.slots
        for key in event.forms:
            name = slots[key] if type(key) is int and slots else key
            if name not in values:
                writes += self._unbound(state, name)
                continue
            number = self.values.number(values[name])
            if name in always or state.values.get(name) != number:
                writes += self._write(state, name, number)
        for name, form in values.items() if event.changed else ():
            if name not in event.forms and before.get(name) is not form:
                writes += self._write(state, name, self.values.number(form))
        return writes

    def _hidden(self, state: _State, shown: frozenset[str] | None) -> int:
        """What is bound no longer, though no event has said so: deleted, or the name of an ``except`` suite left."""
        if shown is None or state.values.keys() <= shown:
            return 0
        return sum(self._unbound(state, name) for name in sorted(state.values.keys() - shown))

    def _unbound(self, state: _State, name: str) -> int:
        if state.values.pop(name, None) is None:
            return 0
        return self._tell(self.tables.variable(state.function, name), NOT_BOUND)

    def _write(self, state: _State, name: str, number: int, role: int = VARIABLE) -> int:
        if role == VARIABLE:
            state.values[name] = number
        return self._tell(self.tables.variable(state.function, name, role), number)

    def _tell(self, variable: int, number: int) -> int:
        """Add a write: a new value as 0, an older one by how far back it came first."""
        self._variable.values.append(variable)
        if number == self._seen + 1:
            self._seen = number
            self._value.values.append(0)
        else:
            self._value.values.append(self._seen + 1 - number)
        return 1

    def _exception(self, text: str) -> int:
        return self.values.text(text.partition(":")[0], text)

    def _record(self, event: Event, record: dict[str, Any]) -> None:
        number = self.tables.told(record)
        function = self.tables.places[number].function
        index = self.calls.take(f"record {function}", event, self.events, over=False)
        state = self._told.get(function)
        if state is None:
            state = self._told[function] = _State(index, function)
            self.call_functions.append(function)
            self.call_numbers.append(0)
        self._place.values.append(number)
        self._call.values.append(index)
        writes = 0
        for entry in record.get("local_vars", ()):
            text = self.values.number_of(entry["val"])
            if state.values.get(str(entry["var"])) != text:
                writes += self._write(state, str(entry["var"]), text)
        if "exception" in record:
            writes += self._write(state, "", self._exception(str(record["exception"])), EXCEPTION)
        self._writes.values.append(writes)
