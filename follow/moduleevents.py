"""A recorder's events of a module's own statements, which mostly run once: no code is compiled for their probes."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from .channel import Channel
from .nativeprobe import NativeProbes
from .ownstatements import OwnStatement, OwnStatements
from .sink import EventSink
from .state import CALL, CELLS, SLOTS


class ModuleEvents:
    """Makes events as the code in ``eventtemplate`` does.

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
        self._gather = native.gather
        self._statements = statements
        self._extend = extend
        self._now = recorder.now
        self._buffer = recorder.buffer
        self._limit = recorder.constants["limit"]
        self._look = recorder.constants["look"]
        self._channel = channel

    def probe(self, statement: OwnStatement, number: int, *, gives: bool) -> Callable[..., object]:
        """The probe of a statement.

        Arguments:
            statement: what is known of it.
            number: the id of its events.
            gives: whether it is given a value, which it returns.
        """
        return functools.partial(self._tell, statement, number, gives)

    def _tell(
        self, statement: OwnStatement, number: int, gives: bool, state: list[Any], value: object = None, *others: object
    ) -> object:
        changed: dict[str, object] = {}
        if state[CELLS] is not None:  # the call is known
            try:
                names = self._statements.names(statement.possible) if statement.changes is None else statement.changes
                changed = self._gather(state[CELLS], state[SLOTS], names)
            except (RecursionError, MemoryError):  # what is left is told later
                self._channel.dropped += 1
        self._extend((number, state[CALL], changed, self._now()))
        if len(self._buffer) > self._limit.value:
            self._look()
        return value if gives else None
