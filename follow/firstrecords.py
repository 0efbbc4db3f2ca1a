"""Records for which no code is compiled: all that the compiled helper makes, and without it those of statements that
have run a few times at most.

The latter is nearly all that happens while modules are imported: their own statements run once, and so do most of those
that are called then.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .accelerate import native
from .capture import Capture
from .channel import SYSTEMS_CLOCK, THREADS, Channel, ThreadState, now
from .model import SLOT, VALUE, Follower, Scope, Shown, Site
from .ownstatements import OwnStatements
from .state import CELLS, CLOCK, MISSING, SLOTS, THREAD

_TIMES = 30
"""So often a statement runs before code is compiled for its probe: that takes as long as some 200 of these records."""

_KEYS = ("function", "instruction", "execution_time", "local_vars")
WORDS = (
    *_KEYS,
    *("emit", "dropped", "failed", "own_record"),
    *("return", "entry", "state"),
    dict.fromkeys(_KEYS),
)
"""The keys of a record, what the helper asks for, and a record without values; in the order of native/record.h."""

_SHOWN = {"": 0, "return": 1, "yield": 2}
"""What a site's result is for the helper: see native/callrecord.c."""

Extras = Callable[[list[Any]], dict[str, Any]]
"""Gives the further fields of a record, by the state of its call."""


class First(NamedTuple):
    """What one probe knows; one that ``gives`` is given a value before its other arguments, and returns it."""

    site: Site
    scope: Scope
    extras: Extras | None
    gives: bool
    returns: bool
    """Known beforehand, for up to 3.11 even a comparison may find no room at the end of the stack."""


class FirstRecords:
    """Makes records for the probes of one piece of source, as the code in ``template`` does.

    Arguments:
        statements: a module's own.
        channel: where they go.
        capture: copies values.
        settle: puts another probe in the place of that of a site, which gives back a value or does not.
        emit: what the channel gives records to; the attribute is changed when that changes.
    """

    __slots__ = ("_capture", "_channel", "_settle", "_shown", "_statements", "_times", "emit")

    def __init__(
        self,
        statements: OwnStatements,
        channel: Channel,
        capture: Capture,
        settle: Callable[[int, bool], None],
        emit: Follower,
    ) -> None:
        self._channel = channel
        self._capture = capture
        self._settle = settle
        self._statements = statements
        self._times: dict[int, int] = {}
        self._shown: dict[int, tuple[tuple[Shown, ...], tuple[object, ...]]] = {}
        self.emit = emit

    def probe(self, site: Site, scope: Scope, extras: Extras | None, *, gives: bool) -> Callable[..., object]:
        """The probe of a statement whose record shows variables, in what cannot be suspended."""
        return functools.partial(self._record, First(site, scope, extras, gives, site.kind == "return"))

    def shown(self, site: Site) -> tuple[object, ...]:
        """What a site shows, as the helper is told: of a value that is given at the same place, the name alone."""
        known = self._shown.get(id(site.shown))  # many sites share it
        if known is None:
            names = [
                name if place == VALUE and index == at else (name, place, index)
                for at, (name, place, index) in enumerate(site.shown)
            ]
            known = self._shown[id(site.shown)] = site.shown, (*names,)
        return known[1]

    @property
    def helps(self) -> bool:
        """Whether the helper makes records of calls."""
        return self._capture.entries is not None

    @property
    def _common(self) -> tuple[object, ...]:
        """What the helper's probes need to know."""
        return self, self._capture.entries, ThreadState, None if SYSTEMS_CLOCK else now, WORDS

    def call_probe(self, site: Site, scope: Scope, extras: Extras | None, *, gives: bool) -> Callable[..., object]:
        """The helper's probe of a statement in a function."""
        shown = (scope.name, site.instruction, self.shown(site), site.stores, site.clears, _SHOWN[site.result])
        how = scope.guard(site), scope.suspends, gives, site.kind == "return"
        made: Callable[..., object] = native.call_record(*self._common, shown, extras, THREADS, how)
        return made

    def own_probes(self) -> dict[int, Callable[..., object]]:
        """The probes of a module's own statements that give nothing, in records without further fields."""
        own = self._statements.all
        if self._capture.entries is not None and not own.secret:
            made: dict[int, Callable[..., object]] = native.own_probes(*self._common, own)
            return made
        return {
            number: functools.partial(self.own_record, number, instruction, possible)
            for number, (instruction, possible, _) in own.statements.items()
        }

    def _record(self, known: First, state: list[Any], *values: Any) -> Any:
        site, scope, extras, gives, returns = known
        value = None
        if gives:
            value, *values = values  # type: ignore[assignment]
        for slot, argument in site.stores:
            state[SLOTS + slot] = values[argument]
        if not returns:
            for slot in site.clears:
                state[SLOTS + slot] = MISSING
        thread = state[THREAD]
        if thread.busy:
            return value
        try:
            time = now()
            thread.busy = True
            if scope.namespace:
                names = self._statements.names(site.possible)
                variables = self._capture.namespace(state[CELLS], names, scope.secret)
            else:
                variables = self._variables(site, scope.secret, state, values)
            record = {
                "function": scope.name,
                "instruction": site.instruction,
                "execution_time": (time - state[CLOCK] - thread.overhead) * 1e3,
                "local_vars": variables,
            }
            if extras is not None:
                record.update(extras(state))
            self.emit(record)
            self._count(site.number, gives)
        except (RecursionError, MemoryError):
            thread.busy = False
            self._channel.dropped += 1
            return value
        except BaseException as error:
            self._channel.fail(error, thread)
        thread.busy = False
        if returns:  # its own record still shows them
            for slot in site.clears:
                state[SLOTS + slot] = MISSING
        state[CLOCK] = time = time - thread.overhead
        thread.overhead = now() - time
        return value

    def own_record(self, number: int, instruction: str, possible: int, state: list[Any], *values: object) -> None:
        """What the probe of such a statement does; the helper's does the same."""
        thread = state[THREAD]
        if thread.busy:
            return
        try:
            time = now()
            thread.busy = True
            own = self._statements
            variables = self._capture.namespace(state[CELLS], own.names(possible), own.all.secret)
            self.emit(
                {
                    "function": own.all.function,
                    "instruction": instruction,
                    "execution_time": (time - state[CLOCK] - thread.overhead) * 1e3,
                    "local_vars": variables,
                }
            )
            self._count(number, False)
        except (RecursionError, MemoryError):
            thread.busy = False
            self._channel.dropped += 1
            return
        except BaseException as error:
            self._channel.fail(error, thread)
        thread.busy = False
        state[CLOCK] = time = time - thread.overhead
        thread.overhead = now() - time

    def dropped(self) -> None:
        """There was no room for a record of the helper's."""
        self._channel.dropped += 1

    def failed(self, error: BaseException, thread: ThreadState) -> None:
        """Making or handing over a record of the helper's has raised."""
        self._channel.fail(error, thread)

    def _count(self, number: int, gives: bool) -> None:
        """A probe has made a record: after some of them it gives way to one that is compiled."""
        self._times[number] = times = self._times.get(number, 0) + 1
        if times > _TIMES:
            self._settle(number, gives)

    def _variables(
        self, site: Site, secret: tuple[str, ...], state: list[Any], values: Sequence[object]
    ) -> list[dict[str, Any]]:
        """The variables that a function's statement shows."""
        found: list[dict[str, Any]] = []
        for name, place, index in site.shown:
            if place == VALUE:
                value = values[index]
            elif place == SLOT:
                value = state[SLOTS + index]
                if value is MISSING:
                    continue
            else:
                try:
                    value = state[CELLS][index].cell_contents
                except ValueError:
                    continue
            found.append((self._capture.hidden if name in secret else self._capture.variable)(name, value))
        return found
