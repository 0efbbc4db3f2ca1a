"""From the flat items of a recording to events."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..context import Begin, begin
from ..copies import plain
from ..errors import TraceError
from ..events import ALL, LEFT, RAISED, RECORD, SET, SILENCE, SOME, TIME, UNCOUNTED
from ..model import ELISION
from .catalogue import Catalogue, Meaning
from .model import Function, Piece, Statement


@dataclass(slots=True)
class Event:
    """One thing that happened.

    Attributes:
        sequence: its number in the trace, from 1.
        kind: ``"call"``, ``"statement"``, ``"raise"`` (a statement raised), ``"leave"`` (an exception left the
            call), ``"set"`` (names were bound or unbound by what is not recorded itself) or ``"record"``.
        call: the number of the call; 0 for a record.
        time: in nanoseconds of a monotonic clock, at its end.
        piece, function, statement: what it belongs to, where the event tells.
        forms: the values of variables that are new since the call's event before, containers with their
            identities; ``follow.state.MISSING`` for one that was unbound. The keys of a ``"set"`` may be
            slots' numbers.
        globals: the same of the module's variables that a function's statement has bound, or may have changed; None
            where it tells of none.
        changed: of these the ones whose container was changed, and with it whatever else holds it.
        result_form: what a return, lambda or ``yield`` gave, if ``has_result``; as a form.
        left_out: of a loop's ``"statement"`` that is no execution of its header how many iterations were left out
            (``FollowConfig.loop_limit``) since it was told last; ``forms`` has all variables then. 0 says only that.
        exception: ``"ValueError: text"`` for a raise or leave.
        thread: for a call, its thread's identifier.
        begin: for a call, more of where it stands, if records are to show it.
        record: for a record, the dict.
    """

    sequence: int
    kind: str
    call: int
    time: int
    piece: Piece | None = None
    function: Function | None = None
    statement: Statement | None = None
    forms: dict[Any, Any] = field(default_factory=dict)
    changed: tuple[str, ...] = ()
    globals: dict[str, Any] | None = None
    result_form: object = None
    has_result: bool = False
    left_out: int | None = None
    exception: str | None = None
    thread: int = 0
    begin: Begin | None = None
    record: dict[str, Any] | None = None

    @property
    def told(self) -> dict[Any, Any]:
        """The forms of all variables that it tells, the function's and the module's."""
        return {**self.forms, **self.globals} if self.globals else self.forms

    @property
    def text(self) -> str:
        """The statement's source, or how many iterations of it were left out; empty where it is of no statement."""
        if self.left_out is not None:
            return left_out(self.left_out)
        return "" if self.statement is None else self.statement.instruction

    @property
    def result(self) -> object:
        """What a return, lambda or ``yield`` gave, if ``has_result``."""
        return plain(self.result_form)

    @property
    def values(self) -> dict[Any, Any]:
        """The values of variables that are new since the call's event before."""
        return {name: plain(form) for name, form in self.forms.items()}


def left_out(count: int) -> str:
    """How text tells that iterations of a loop were left out."""
    return f"… {count:,} iteration{'' if count == 1 else 's'} left out"


class Decoder:
    """Reads chunks of items one after another.

    Arguments:
        catalogue: what the ids mean.
        sequence: the number of the first event.
        silent: the bases of pieces of which nothing counts any more.
    """

    def __init__(self, catalogue: Catalogue, sequence: int = 1, silent: Iterable[int] = ()) -> None:
        self._catalogue = catalogue
        self._silent = set(silent)
        self.sequence = sequence

    def events(self, chunks: Iterable[list[Any]]) -> Iterator[Event]:
        """The events of some chunks, in the order in which they happened.

        Raises:
            TraceError: an event's id means nothing.
        """
        for items in chunks:
            if type(items) is not list:
                raise TraceError(f"Events come as a list, not as {type(items).__name__}.")
            position, end = 0, len(items)
            while position < end:
                number = items[position]
                length = self._catalogue.lengths[number]
                event = self.event(items[position : position + length])
                position += length
                if event is not None:
                    _check(event)
                    event.sequence = self.sequence
                    yield event
                if number not in UNCOUNTED:
                    self.sequence += 1

    def event(self, items: Sequence[Any]) -> Event | None:
        """The event that some items are, still without its number; None if they are none that counts.

        Raises:
            TraceError: its id means nothing.
        """
        number = items[0]
        if number > SILENCE:
            meaning = self._catalogue.meaning(number)
            return None if meaning.piece.base in self._silent else _ordinary(meaning, items)
        if number == SILENCE:
            self._silent.add(items[1])
        elif number == SET:
            return Event(0, "set", items[1], items[3], forms=items[2])
        elif number == LEFT:
            return Event(0, "leave", items[1], items[3], exception=items[2])
        elif number == RECORD:
            return Event(0, "record", 0, items[2], record=items[1])
        elif number == RAISED:
            return self._raised(items)
        else:
            assert number == TIME
        return None

    def _raised(self, items: Sequence[Any]) -> Event | None:
        _, call, number, values, exception, time = items
        meaning = self._catalogue.meaning(number)
        if meaning.piece.base in self._silent:
            return None
        event = _event(meaning, "raise", call, time)
        event.forms, event.exception = values, exception
        return event


def _check(event: Event) -> None:
    """What others rely on.

    Raises:
        TraceError: an event holds something else.
    """
    numbers = type(event.call) is type(event.time) is type(event.thread) is int
    text = event.exception is None or type(event.exception) is str
    left = event.left_out is None or type(event.left_out) is int
    if not (
        numbers and left and text and type(event.forms) is dict and (event.record is None or type(event.record) is dict)
    ):
        raise TraceError(f"An event ({event.kind}) does not hold what such an event does.")


def _event(meaning: Meaning, kind: str, call: int, time: int) -> Event:
    return Event(0, kind, call, time, meaning.piece, meaning.function, meaning.statement)


def _ordinary(meaning: Meaning, items: Sequence[Any]) -> Event:
    statement = meaning.statement
    if statement is None:
        event = _event(meaning, "call", items[1], items[-1])
        told = items[2]
        event.begin = begin(told) if type(told) is list else None
        event.thread = told if event.begin is None else event.begin.thread
        event.forms = dict(zip(meaning.function.entered, items[3:-1]))
        return event
    event = _event(meaning, "statement", items[1], items[-1])
    if statement.changes:
        event.forms = items[2]
        if statement.kind == ELISION:
            event.left_out = items[3]
        return event
    values = dict(zip(statement.bound, items[2:]))
    position = 2 + len(statement.bound)
    if meaning.form == SOME:
        changed = {name: form for name, form in zip(statement.bases, items[position:]) if form is not None}
        values.update(changed)
        event.changed = tuple(changed)
    elif meaning.form == ALL:
        values.update(zip(statement.cells, items[position:]))
        position += len(statement.cells)
        again = items[position] or () if statement.together else items[position:]
        values.update((name, value) for name, value in zip(statement.again, again) if value is not None)
    if statement.globals:
        event.globals = {name: values.pop(name) for name in statement.globals if name in values}
    event.forms = values
    if statement.kind == ELISION:
        event.left_out = items[-2]
    elif statement.result:
        event.result_form, event.has_result = items[-2], True
    return event
