"""A recorder's events of a module's own statements: most of these run once, so no code is made for their probes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from .channel import Channel
from .copies import is_same
from .describe import Describer
from .firstrecords import PossibleNames
from .model import Scope, Site
from .sink import EventSink
from .state import CALL, CELLS, MISSING, SLOTS


class ModuleEvents:
    """Makes a recorder's events of the statements of one module.

    Arguments:
        channel: counts what is lost.
        recorder: takes them.
        describer: copies values.
    """

    def __init__(self, channel: Channel, recorder: EventSink, describer: Describer) -> None:
        self._channel = channel
        self._describer = describer
        self._names = PossibleNames()
        self._extend = recorder.constants["extend"]
        self._look = recorder.constants["look"]
        self._buffer = recorder.constants["buffer"]
        self._limit = recorder.constants["limit"]
        self._now = recorder.now

    def probe(self, number: int, site: Site, scope: Scope, *, gives: bool) -> Callable[..., object]:
        """The probe of a site, whose events have that number."""
        names = self._names.of(site, scope) if site.again else site.binds
        tell = functools.partial(self._tell, number, names, scope.secret)
        return functools.partial(_give, tell) if gives else tell

    def _tell(self, number: int, names: Sequence[str], secret: tuple[str, ...], state: list[Any]) -> None:
        try:
            changed = self._changed(state[CELLS], state[SLOTS], names, secret)
        except (RecursionError, MemoryError):
            self._channel.dropped += 1
            return
        self._extend((number, state[CALL], changed, self._now()))
        if len(self._buffer) > self._limit[0]:
            self._look()

    def _changed(
        self, found: dict[str, Any] | None, last: dict[str, Any], names: Sequence[str], secret: tuple[str, ...]
    ) -> dict[str, Any]:
        """Of a module's names those whose values are others than last time."""
        if found is None:  # the call is not known
            return {}
        described, copy = self._describer.described, self._describer.copy
        changed: dict[str, Any] = {}
        for name in names:
            value = found.get(name, MISSING)
            if value is MISSING:
                form = value
            elif name in secret:
                form = self._describer.hide(value)
            else:
                form = described(id(type(value))) or copy(value)
            known = last.get(name, MISSING)
            if form is not known and not is_same(form, known):
                changed[name] = form
        last.update(changed)
        return changed


def _give(tell: Callable[[list[Any]], None], state: list[Any], value: object) -> object:
    tell(state)
    return value
