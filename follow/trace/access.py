"""Single events and the changes of variables, found by a trace's index."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from typing import Any, NamedTuple

from ..copies import plain
from ..errors import TraceError
from . import index
from .decode import Decoder, Event
from .file import FrameReader
from .index import Builder, EventFrame, Index, Variable
from .reader import NONSENSE, Meanings, Trace


class Change(NamedTuple):
    """A value that a variable has had.

    Attributes:
        event: what told it: ``event.sequence``, ``event.call``, ``event.statement``, ``event.time``.
        value: the value, ``follow.state.MISSING`` where the variable was unbound.
    """

    event: Event
    value: Any


class Access:
    """Finds things in a trace without reading all of it; the first time its index is built.

    Arguments:
        trace: the trace.

    Raises:
        TraceError: a frame makes no sense.
    """

    def __init__(self, trace: Trace) -> None:
        self._trace = trace
        self._meanings = Meanings(trace)
        found = index.read(trace.path)
        self.index = self._build() if found is None else self._loaded(found)
        self._firsts = [frame.first for frame in self.index.frames]

    def _build(self) -> Index:
        builder = Builder(self._meanings.catalogue)
        with open(self._trace.path, "rb") as file:
            for at, kind, content in FrameReader(file, str(self._trace.path)).frames():
                try:
                    items = self._meanings.items(kind, content)
                    if items is None:
                        self._meanings.take(kind, content)
                    builder.take(at, items)
                except NONSENSE as error:
                    raise TraceError(
                        f"{self._trace.path} holds a frame at byte {at:,} that makes no sense: {error!r}."
                    ) from error
        index.keep(self._trace.path, builder.index)
        return builder.index

    def _loaded(self, found: Index) -> Index:
        with open(self._trace.path, "rb") as file:
            reader = FrameReader(file, str(self._trace.path))
            for offset in found.others:
                for _, kind, content in reader.frames(offset):
                    self._meanings.take(kind, content)
                    break
        return found

    # -- events ----------------------------------------------------------------------------------

    def at(self, sequence: int) -> Event:
        """One event by its number.

        Raises:
            LookupError: there is none of that number.
        """
        for event in self.between(sequence, sequence):
            return event
        raise LookupError(
            f"{self._trace.path} has no event {sequence:,}: it has {self.index.events:,} events, numbered from 1."
        )

    def between(self, first: int, last: int) -> Iterator[Event]:
        """The events from one number to another, both included."""
        for place in range(max(bisect_right(self._firsts, first) - 1, 0), len(self._firsts)):
            if self._firsts[place] > last:
                return
            for event in self.decoded(self.index.frames[place]):
                if first <= event.sequence <= last:
                    yield event

    def decoded(self, frame: EventFrame) -> Iterator[Event]:
        """The events of one frame.

        Raises:
            TraceError: they make no sense.
        """
        silent = [base for base, number in self.index.silenced if number <= frame.first]
        decoder = Decoder(self._meanings.catalogue, frame.first, silent)
        with open(self._trace.path, "rb") as file:
            for _, kind, content in FrameReader(file, str(self._trace.path)).frames(frame.offset):
                yield from self._trace.sensible(decoder.events(map(self._meanings.items, [kind], [content])))
                return

    # -- variables -------------------------------------------------------------------------------

    def history(self, name: str, function: str | None, call: int | None) -> History:
        """The changes of a variable."""
        wanted = {
            variable
            for frame in self.index.frames
            for variable in frame.changes
            if variable[2] == name and (function is None or function in self._names(variable))
        }
        return History(self, wanted, call)

    def _names(self, variable: Variable) -> tuple[str, ...]:
        if variable[0] == 0:  # a call whose begin was not recorded
            return ()
        known = self._meanings.function(*variable[:2])
        return known.name, known.qualname

    def variable_in(self, event: Event, name: str) -> tuple[Variable, Any] | None:
        """A variable that an event tells, and its form; None if it tells none of that name."""
        base, number = (
            self.index.functions.get(event.call, (0, 0))
            if event.piece is None or event.function is None
            else (event.piece.base, event.function.number)
        )
        if name in event.told:
            return (base, number, name), event.told[name]
        slots = self._meanings.function(base, number).slots if base and event.kind == "set" else ()
        for key, form in event.forms.items():
            if type(key) is int and slots and slots[key] == name:
                return (base, number, name), form
        return None


class History:
    """The changes of a variable, read from the file when they are asked for: iterate, also in ``reversed()``.

    Attributes:
        count: how many there are, without reading them; with a call this is how many there are in all calls.
    """

    def __init__(self, access: Access, variables: set[Variable], call: int | None) -> None:
        self._access = access
        self._variables = variables
        self._call = call
        self._frames = [frame for frame in access.index.frames if not variables.isdisjoint(frame.changes)]
        self.count = sum(frame.changes.get(variable, 0) for frame in self._frames for variable in variables)

    def __iter__(self) -> Iterator[Change]:
        for frame in self._frames:
            yield from self._changes(frame)

    def __reversed__(self) -> Iterator[Change]:
        for frame in reversed(self._frames):
            yield from reversed(list(self._changes(frame)))

    def _changes(self, frame: EventFrame) -> Iterator[Change]:
        names = {name for _, _, name in self._variables}
        for event in self._access.decoded(frame):
            if self._call is not None and event.call != self._call:
                continue
            for name in names:
                found = self._access.variable_in(event, name)
                if found is not None and found[0] in self._variables:
                    yield Change(event, plain(found[1]))
