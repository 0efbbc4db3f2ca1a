"""A recorder's events of a module's own statements, which mostly run once: no code is compiled for their probes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .channel import Channel
from .firstrecords import PossibleNames
from .model import ELISION, Scope, Site
from .nativeprobe import NativeProbes
from .sink import EventSink
from .state import CALL, CELLS, SLOTS


class ModuleEvents:
    """Makes events as the code in ``eventtemplate`` does, of statements about which nothing is special.

    Arguments:
        native: finds what has changed of a module's variables.
        recorder: what gets the events.
        extend: takes one.
        channel: counts those for which there was no room.
    """

    def __init__(
        self, native: NativeProbes, recorder: EventSink, extend: Callable[[tuple[Any, ...]], None], channel: Channel
    ) -> None:
        self._gather = native.gather
        self._extend = extend
        self._now = recorder.now
        self._buffer = recorder.buffer
        self._limit = recorder.constants["limit"]
        self._look = recorder.constants["look"]
        self._channel = channel
        self._names = PossibleNames()

    @staticmethod
    def makes(site: Site, scope: Scope) -> bool:
        """Whether it makes the events of a site of a module."""
        special = scope.secret or scope.watched or site.kind == ELISION or site.stores or site.clears
        return not special and scope.guard(site) < 0 and scope.sink(site) < 0

    def probe(self, site: Site, scope: Scope, number: int, *, gives: bool) -> Callable[..., object]:
        """The probe of a statement.

        Arguments:
            number: the id of its events.
            gives: whether it is given a value, which it returns.
        """
        names = self._names.of(site, scope) if site.again else site.binds
        return functools.partial(self._tell, number, names, gives)

    def _tell(self, number: int, names: Sequence[str], gives: bool, state: list[Any], *values: object) -> object:
        changed: dict[str, object] = {}
        if state[CELLS] is not None:  # the call is known
            try:
                changed = self._gather(state[CELLS], state[SLOTS], names)
            except (RecursionError, MemoryError):  # what is left is told later
                self._channel.dropped += 1
        self._extend((number, state[CALL], changed, self._now()))
        if len(self._buffer) > self._limit.value:
            self._look()
        return values[0] if gives else None
