"""Records and events of a module's own statements: most run once, so no code is made for their probes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from itertools import compress
from typing import Any

from .capture import Capture
from .channel import Channel, now
from .copies import is_same
from .describe import Describer
from .model import Follower, Scope, Site
from .sink import EventSink
from .state import CALL, CELLS, CLOCK, MISSING, SLOTS, THREAD

Extras = Callable[[list[Any]], dict[str, Any]]
"""Gives the further fields of a record, by the state of its call."""


class ModuleRecords:
    """Makes records of the statements of one module.

    Arguments:
        channel: where they go.
        capture: copies values.
        emit: what the channel gives them to; the attribute is changed when that changes.
    """

    def __init__(self, channel: Channel, capture: Capture, emit: Follower) -> None:
        self._channel = channel
        self._namespace = capture.namespace
        self.emit = emit

    def probe(self, site: Site, scope: Scope, extras: Extras | None, *, gives: bool) -> Callable[..., object]:
        """A site's probe; one that ``gives`` is given a value, too, and returns it."""
        names = possible_names(site, scope)
        record = functools.partial(self._record, scope.name, site.instruction, names, scope.secret, extras)
        return functools.partial(_give, record) if gives else record

    def _record(
        self,
        function: str,
        instruction: str,
        names: list[str],
        secret: tuple[str, ...],
        extras: Extras | None,
        state: list[Any],
    ) -> None:
        thread = state[THREAD]
        if thread.busy:
            return
        try:
            time = now()
            thread.busy = True
            record = {
                "function": function,
                "instruction": instruction,
                "execution_time": (time - state[CLOCK] - thread.overhead) * 1e3,
                "local_vars": self._namespace(state[CELLS], names, secret),
            }
            if extras is not None:
                record.update(extras(state))
            self.emit(record)
        except (RecursionError, MemoryError):
            thread.busy = False
            self._channel.dropped += 1
            return
        except BaseException as error:
            self._channel.fail(error, thread)
        thread.busy = False
        state[CLOCK] = time = time - thread.overhead
        thread.overhead = now() - time


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
        self._extend = recorder.constants["extend"]
        self._look = recorder.constants["look"]
        self._buffer = recorder.constants["buffer"]
        self._limit = recorder.constants["limit"]
        self._now = recorder.now

    def probe(self, number: int, site: Site, scope: Scope, *, gives: bool) -> Callable[..., object]:
        """The probe of a site, whose events have that number."""
        names = possible_names(site, scope) if site.again else site.binds
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


def possible_names(site: Site, scope: Scope) -> list[str]:
    """Of a module's names those that may be bound when a statement has been executed."""
    return list(compress(scope.names, map(int, reversed(f"{site.possible:b}"))))


def _give(record: Callable[[list[Any]], None], state: list[Any], value: object) -> object:
    record(state)
    return value
