"""The probes that make records: what code calls that is followed for anything but a recorder."""

from __future__ import annotations

import builtins
import functools
import sys
import weakref
from collections.abc import Callable
from types import FrameType, FunctionType
from typing import Any

from . import context
from .bounded import Shortened
from .channel import THREADS, Channel, ThreadState, now
from .elision import loops_around
from .firstrecords import FirstRecords
from .frames import describe_exception, variables_of
from .linking import entry_name
from .locate import locate_site
from .model import ELISION, Lookup, Scope, Site
from .ownstatements import OwnStatements
from .probe import MODULE, SINGLE, Probes
from .state import CELLS, CLOCK, LOCALS, MISSING, SLOTS, STANDING, THREAD, YIELDED
from .template import shape_of, template
from .watch import content, entries_for

_DEAF = ThreadState()
"""The thread of a call at the very end of the stack: always busy, so no record is made."""
_DEAF.busy = True


@functools.cache
def _plain_entry(size: int) -> Callable[..., object]:
    """What begins the calls of most functions; it is the same in all pieces of source."""
    slots = [MISSING] * size

    def enter(user: FunctionType | None = None) -> list[Any]:
        state = [0.0, _DEAF, None if user is None else user.__closure__, None, None, None, *slots]
        try:
            state[THREAD] = thread = THREADS.state
            state[CLOCK] = now() - thread.overhead
        except RecursionError:
            pass
        return state

    return enter


_ENTRIES = {**SINGLE, **{f"entry_{size}_0_0": _plain_entry(size) for size in range(16)}}
"""Names that stand for one thing in all pieces of source, where records do not tell how calls stand among others."""


class RecordProbes(Probes):
    """Makes the probes that make records, for any follower.

    Arguments:
        tables: its sites, scopes and guards.
        channel: where the records go.
        depth: how many levels of calls are stepped into; by default what the channel's configuration says.
    """

    def __init__(self, tables: Lookup, channel: Channel, depth: int | None = None) -> None:
        self._capture = channel.capture
        self._emit = channel.emit
        fields = channel.config.fields
        self._more = "" if not fields else "static" if set(context.STATIC).issuperset(fields) else "dynamic"
        self._stands = not {"call_id", "depth"}.isdisjoint(fields)
        self._namespaces: list[dict[str, object]] = []
        if not self._stands:
            self._shared = _ENTRIES
        self._own = OwnStatements(tables)
        self._first = FirstRecords(self._own, channel, self._capture, self._settle, self._emit)
        super().__init__(tables, channel, depth)

    def _on_emit(self, emit: Callable[..., object]) -> None:
        self._emit = emit
        self._first.emit = emit
        for namespace in self._namespaces:
            namespace["emit"] = emit

    # -- calls -----------------------------------------------------------------------------------

    def _make_enter(self, number: int) -> Callable[..., object]:
        """What begins a call: functions whose states are alike share it, unless they are given secrets."""
        scope = self._tables.scope(number)
        name = entry_name(scope)
        if name != f"enter_{number}":
            return self.resolve(name)  # type: ignore[return-value]
        return self._entry(*scope.entering, functools.partial(self._learn, scope))

    def _make_entry(self, size: int, by_frame: int, namespace: int) -> Callable[..., object]:
        if not (by_frame or namespace or self._stands):
            return _plain_entry(size)
        return self._entry(size, bool(by_frame), bool(namespace), None)

    def _entry(
        self, size: int, by_frame: bool, namespace: bool, learn: Callable[[FrameType], None] | None
    ) -> Callable[..., object]:
        slots = [MISSING] * size
        frames, stands = self._frames, self._stands

        def enter(user: FunctionType | None = None) -> list[Any]:
            state = [0.0, _DEAF, None if user is None else user.__closure__, None, None, None, *slots]
            try:  # up to 3.11 what C functions do inside counts as frames, too
                state[THREAD] = thread = THREADS.state
                if namespace:
                    state[CELLS] = sys._getframe(1).f_globals
                    frames[MODULE] = state
                elif by_frame:
                    frames[id(sys._getframe(1))] = state
                if stands:
                    state[STANDING] = context.STANDINGS.enter(sys._getframe(1))
                if learn is not None:
                    learn(sys._getframe(1))
                state[CLOCK] = now() - thread.overhead
            except RecursionError:
                pass
            return state

        return enter

    def _learn(self, scope: Scope, frame: FrameType) -> None:
        """The secrets that a call was given are known before anything of it is shown."""
        for name, value in variables_of(frame, scope, None).items():
            if name in scope.given_secrets:
                self._capture.learn(value)

    def _nowhere(self, size: int, *, namespace: bool) -> list[Any]:
        """The state of a call that is not known: it makes no records."""
        return [0.0, _DEAF, None, None, None, None, *[MISSING] * size]

    # -- records ---------------------------------------------------------------------------------

    def _make_record(self, number: int, *, gives: bool) -> Callable[..., object]:
        """A probe that makes records; one that ``gives`` takes a value first and returns it."""
        if not gives and not self._more and number in self._own.all.statements:
            found = self._first.own_probes()
            self._table.update(found)  # all at once: nearly all of a module's statements run
            return found[number]
        site = self._tables.site(number)
        scope = self._tables.scope(site.scope)
        extras = self._reader(site, scope) if self._more else None
        special = scope.namespace or site.watched or site.kind == ELISION or scope.sink(site) >= 0
        if self._first.helps and not special:
            return self._first.call_probe(site, scope, extras, gives=gives)
        if scope.suspends or site.result or scope.loops or scope.watches:
            return self._compiled_record(number, gives=gives)
        return self._first.probe(site, scope, extras, gives=gives)

    def _settle(self, number: int, gives: bool) -> None:
        """A statement has run a few times: give it a probe that is compiled."""
        name = f"{self._tables.site(number).kind}_{number}" if gives else number
        self._table[name] = self._compiled_record(number, gives=gives)

    def _compiled_record(self, number: int, *, gives: bool) -> Callable[..., object]:
        """The same for a statement that runs often."""
        site = self._tables.site(number)
        scope = self._tables.scope(site.scope)
        # C code that imports something while a probe runs (a finalizer's warning, say) looks for __builtins__.
        namespace: dict[str, object] = {"__builtins__": builtins.__dict__}
        entries = self._capture.entries
        namespace.update(
            function=scope.name,
            instruction=site.instruction,
            variable=self._capture.variable,
            hidden=self._capture.hidden,
            given=self._capture.hidden if site.hides else self._capture.entry,
            channel=self._channel,
            fail=self._channel.fail,
            now=now,
            MISSING=MISSING,
            threads=THREADS,
            deaf=_DEAF,
            extras=self._reader(site, scope) if self._more == "dynamic" else self._known(site, scope),
            emit=self._emit,
        )
        if site.kind == ELISION:
            if scope.windows and site.number != scope.loops[site.loop][1]:
                return functools.partial(self._looping.flush, scope, site.loop)
            namespace.update(self._looping.telling(scope, site))
        if site.watched:
            namespace.update((f"watch{at}", self._watch(scope, index)) for at, (index, _) in enumerate(site.watched))
            namespace["content"] = content
        if scope.namespace:
            names = self._own.names(site.possible)
            gather = functools.partial(self._capture.namespace, secret=scope.secret)
            namespace.update(gather=gather if scope.secret else self._capture.namespace, names=names)
        elif entries is not None:
            namespace.update(of_call=entries.of_call, shown=self._first.shown(site))
        else:
            namespace.update((f"n{index}", shown.name) for index, shown in enumerate(site.shown))
        self._namespaces.append(namespace)
        shape = shape_of(site, scope, gives, more=self._more, helped=entries is not None)
        return FunctionType(template(shape), namespace)

    def _known(self, site: Site, scope: Scope) -> dict[str, object]:
        """The further fields of a statement's records that are always the same."""
        known = {"kind": site.kind, "line": site.span[0], "file": self._tables.filename, "qualname": scope.qualname}
        return {name: known[name] for name in self._channel.config.fields if name in known}

    def _reader(self, site: Site, scope: Scope) -> Callable[[list[Any]], dict[str, Any]]:
        return context.reader(self._channel.config.fields, self._known(site, scope), STANDING)

    def _make_yield(self, number: int) -> Callable[..., object]:
        site = self._tables.site(number)
        variable = self._capture.hidden if site.hides else self._capture.entry
        flag = self._tables.scope(site.scope).guard(site)

        def keep(state: list[Any], value: object) -> object:
            if flag < 0 or state[flag]:
                state[YIELDED] = _Yielded(variable("yield", value), value)
            return value

        return keep

    def _made_watch(self, scope: Scope, index: int) -> Callable[..., Any]:
        return entries_for(scope, index, self._channel.config, self._capture)

    # -- loops -----------------------------------------------------------------------------------

    def _clock(self, state: list[Any]) -> float:
        """When the record before was, in seconds."""
        clock: float = state[CLOCK]
        return clock

    def _told(self, opening: Any, count: int, time: float) -> Any:
        """The record that tells how many iterations were left out; None if it was none."""
        if not count:
            return None
        return {**opening, "left_out": count, "execution_time": time * 1e3}

    def _hand_on(self, item: Any) -> None:
        self._emit(item)

    # -- exceptions ------------------------------------------------------------------------------

    def _report(self, state: list[Any], make: Callable[[float], None]) -> None:
        """Make the record of a raising statement, as the probes of other statements do."""
        channel, thread = self._channel, _DEAF
        try:
            thread = THREADS.state
            if thread.busy:
                return
            start = now()
            thread.busy = True
            make(start - thread.overhead)
        except (RecursionError, MemoryError):
            if thread is not _DEAF:
                thread.busy = False
            channel.dropped += 1
            return
        except BaseException as error:
            channel.fail(error, thread)
        thread.busy = False
        state[CLOCK] = start = start - thread.overhead
        thread.overhead = now() - start

    def _raise(self, state: list[Any], number: int, time: float) -> None:
        """A bare ``raise``: afterwards the traceback would only tell where the exception came from first."""
        site = self._tables.site(number)
        scope = self._tables.scope(site.scope)
        error = sys.exc_info()[1]
        if error is not None:
            found = variables_of(self._frame(), scope, state[LOCALS])
            self._emit_raising(state, site, scope, found, error, time)

    def _raised(self, state: list[Any], guard: int, time: float) -> None:
        scope = self._tables.scope(self._tables.guard(guard).scope)
        error, traceback = sys.exc_info()[1:]
        if error is None or traceback is None:  # a program may clear it, and raise again: that has been told
            return
        found = variables_of(traceback.tb_frame, scope, state[LOCALS])
        for index, name in enumerate(scope.slots):
            state[SLOTS + index] = found.get(name, MISSING)
        number = locate_site(traceback, self._tables.raising(scope.number))
        if number is None or (site := self._tables.site(number)).guard != guard:
            return
        self._emit_raising(state, site, scope, found, error, time)

    def _emit_raising(
        self, state: list[Any], site: Site, scope: Scope, found: dict[str, object], error: BaseException, time: float
    ) -> None:
        """The record of a statement that has raised, after what was left out before it."""
        entry, hidden = self._capture.entry, self._capture.hidden
        variables = [
            (hidden if name in scope.secret else entry)(name, found[name]) for name in scope.names if name in found
        ]
        for index, (_, _, names, _) in enumerate(scope.watches):
            variables += self._watch(scope, index)(*(found.get(name, MISSING) for name in names))
        around = loops_around(scope, site.loop)
        for loop in around if not scope.windows else ():
            count = self._looping.left_out(scope, loop)(state, 1)
            if count:
                self._emit(self._opening(state, scope, variables, time, loop, count))
                state[CLOCK] = time
        if scope.windows:
            make = functools.partial(self._opening, state, scope, variables, time)
            self._looping.begin_again(state, scope, around, make)
        message = describe_exception(error, self._capture.message)
        self._emit(self._raising_record(state, site, scope, variables, time, "exception", message))

    def _opening(
        self, state: list[Any], scope: Scope, variables: list[dict[str, Any]], time: float, loop: int, count: int = 0
    ) -> dict[str, Any]:
        """The record that tells how many iterations of a loop were left out."""
        told = self._tables.site(scope.loops[loop][1])
        unknown = set(scope.names) - {shown.name for shown in told.shown} if not scope.namespace else set()
        shown = [dict(one) for one in variables if one["var"] not in unknown]
        return self._raising_record(state, told, scope, shown, time, "left_out", count)

    def _raising_record(
        self,
        state: list[Any],
        site: Site,
        scope: Scope,
        variables: list[dict[str, Any]],
        time: float,
        key: str,
        told: object,
    ) -> dict[str, Any]:
        return {
            "function": scope.name,
            "instruction": site.instruction,
            "execution_time": (time - state[CLOCK]) * 1e3,
            "local_vars": variables,
            key: told,
            **self._reader(site, scope)(state),
        }


class _Yielded:
    """What a generator has yielded, until it goes on: an object of the program's is not kept alive by it."""

    def __init__(self, entry: dict[str, Any], value: object) -> None:
        self._entry = entry
        self._value: Callable[[], object] | None = None
        if entry["val"] is value:
            try:
                self._value = weakref.ref(value)
            except TypeError:
                return
            entry["val"] = None

    def entry(self) -> dict[str, Any]:
        if self._value is not None:
            value = self._value()
            self._entry["val"] = Shortened(self._entry["type"], None, None) if value is None else value
        return self._entry
