"""Records of statements that have run a few times at most: no code is compiled for the probes of these.

That is nearly all that happens while modules are imported: their own statements run once, and so do most of those
that are called then.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Sequence
from itertools import chain, compress, repeat
from typing import Any, NamedTuple

from .capture import Capture
from .channel import Channel, now
from .model import SLOT, VALUE, Follower, Scope, Site
from .state import CELLS, CLOCK, MISSING, SLOTS, THREAD

_TIMES = 30
"""So often a statement runs before code is compiled for its probe: that takes as long as some 200 of these records."""

Variables = Callable[[list[Any], Sequence[object]], list[dict[str, Any]]]
"""Gives the variables of a record, by the state of its call and the probe's arguments."""

Extras = Callable[[list[Any]], dict[str, Any]]
"""Gives the further fields of a record, by the state of its call."""


class First(NamedTuple):
    """What one probe knows; one that ``gives`` is given a value before its other arguments, and returns it."""

    function: str
    instruction: str
    variables: Variables
    extras: Extras | None
    gives: bool
    stores: tuple[tuple[int, int], ...]
    clears: tuple[int, ...]
    returns: bool
    left: Iterator[bool]
    """Gives False when another probe is to take its place."""
    settle: Callable[[], None]
    """Puts that in its place."""


class FirstRecords:
    """Makes records for the probes of one piece of source, as the code in ``template`` does.

    Arguments:
        channel: where they go.
        capture: copies values.
        emit: what the channel gives them to; the attribute is changed when that changes.
    """

    def __init__(self, channel: Channel, capture: Capture, emit: Follower) -> None:
        self._channel = channel
        self._capture = capture
        self._names = PossibleNames()
        self.emit = emit

    def probe(
        self, site: Site, scope: Scope, extras: Extras | None, settle: Callable[[], None], *, gives: bool
    ) -> Callable[..., object]:
        """The probe of a statement whose record shows variables, in what cannot be suspended.

        Arguments:
            site: the statement.
            scope: the function or module.
            extras: the further fields.
            settle: is called after a few times, to put another probe in its place.
            gives: whether it is given a value and returns it.
        """
        if scope.namespace:
            names = self._names.of(site, scope)
            variables = functools.partial(_of_namespace, self._capture.namespace, names, scope.secret)
        else:
            variables = functools.partial(_of_call, self._capture, site, scope.secret)
        left = chain(repeat(True, _TIMES), repeat(False))
        known = First(
            *(scope.name, site.instruction, variables, extras, gives),
            *(site.stores, site.clears, site.kind == "return", left, settle),
        )
        return functools.partial(self._record, known)

    def _record(self, known: First, state: list[Any], *values: Any) -> Any:
        value = None
        if known.gives:
            value, *values = values  # type: ignore[assignment]
        for slot, argument in known.stores:
            state[SLOTS + slot] = values[argument]
        if not known.returns:
            for slot in known.clears:
                state[SLOTS + slot] = MISSING
        thread = state[THREAD]
        if thread.busy:
            return value
        try:
            time = now()
            thread.busy = True
            record = {
                "function": known.function,
                "instruction": known.instruction,
                "execution_time": (time - state[CLOCK] - thread.overhead) * 1e3,
                "local_vars": known.variables(state, values),
            }
            if known.extras is not None:
                record.update(known.extras(state))
            self.emit(record)
            if not next(known.left):
                known.settle()
        except (RecursionError, MemoryError):
            thread.busy = False
            self._channel.dropped += 1
            return value
        except BaseException as error:
            self._channel.fail(error, thread)
        thread.busy = False
        if known.returns:  # its own record still shows them
            for slot in known.clears:
                state[SLOTS + slot] = MISSING
        state[CLOCK] = time = time - thread.overhead
        thread.overhead = now() - time
        return value


def _of_namespace(
    namespace: Callable[..., list[dict[str, Any]]],
    names: list[str],
    secret: tuple[str, ...],
    state: list[Any],
    values: Sequence[object],
) -> list[dict[str, Any]]:
    """The variables of a module."""
    return namespace(state[CELLS], names, secret)


def _of_call(
    capture: Capture, site: Site, secret: tuple[str, ...], state: list[Any], values: Sequence[object]
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
        found.append((capture.hidden if name in secret else capture.variable)(name, value))
    return found


class PossibleNames:
    """Of a module's names those that may be bound when a statement has been executed; mostly a few more each time."""

    def __init__(self) -> None:
        self._bits = 0
        self._found: list[str] = []

    def of(self, site: Site, scope: Scope) -> list[str]:
        """The names at a site of the module."""
        bits = site.possible
        new = bits & ~self._bits
        if bits != self._bits | new or (new and new & -new < self._bits):
            self._found = list(compress(scope.names, map(int, reversed(f"{bits:b}"))))
        elif new:
            start = self._bits.bit_length()
            more = map(int, reversed(f"{new >> start:b}"))
            self._found = [*self._found, *compress(scope.names[start:], more)]
        self._bits = bits
        return self._found
