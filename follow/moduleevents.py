"""A recorder's events of a module's own statements, which mostly run once: no code is compiled for their probes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .channel import Channel
from .events import FEW, id_of
from .nativeprobe import NativeProbes
from .ownstatements import OwnStatements
from .sink import EventSink
from .state import CALL, CELLS, SLOTS


class ModuleEvents:
    """Makes events as the code in ``eventtemplate`` does.

    Nearly all of it is the helper's task; but probes that give back a value are these ones.

    Arguments:
        native: finds what has changed of a module's variables.
        statements: the module's.
        recorder: what gets the events.
        extend: takes one.
        channel: counts those for which there was no room.
    """

    def __init__(
        self,
        native: NativeProbes,
        statements: OwnStatements,
        recorder: EventSink,
        extend: Callable[[tuple[Any, ...]], None],
        channel: Channel,
    ) -> None:
        self._native = native
        self._statements = statements
        self._extend = extend
        self._now = recorder.now
        self._buffer = recorder.buffer
        self._limit = recorder.constants["limit"]
        self._look = recorder.constants["look"]
        self._channel = channel

    def probes(self, base: int) -> dict[int, Callable[..., object]]:
        """The probes of all of the statements, where they are given nothing; ``base`` is the first id of events."""
        return self._native.own_events(self._statements.all, base, self._dropped)

    def probe(self, number: int, base: int, *, gives: bool) -> Callable[..., object]:
        """The probe of one statement; whether it ``gives`` back a value that it is given."""
        _, possible, changes = self._statements.all.statements[number]
        return functools.partial(self._tell, id_of(base, number, FEW), possible, changes, gives)

    def _tell(
        self,
        number: int,
        possible: int,
        changes: tuple[str, ...] | None,
        gives: bool,
        state: list[Any],
        value: object = None,
        *others: object,
    ) -> object:
        changed: dict[str, object] = {}
        if state[CELLS] is not None:  # the call is known
            try:
                names = self._statements.names(possible) if changes is None else changes
                changed = self._native.gather(state[CELLS], state[SLOTS], names)
            except (RecursionError, MemoryError):  # what is left is told later
                self._dropped()
        self._extend((number, state[CALL], changed, self._now()))
        if len(self._buffer) > self._limit.value:
            self._look()
        return value if gives else None

    def _dropped(self) -> None:
        self._channel.dropped += 1
