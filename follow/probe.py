"""What the generated code calls: the probes of one rewritten piece of source, bound to a channel."""

from __future__ import annotations

import builtins
import functools
import sys
import weakref
from collections.abc import Callable
from types import FrameType, FunctionType
from typing import Any

from . import context
from .capture import Shortened
from .channel import THREADS, Channel, ThreadState, now
from .elision import loops_around
from .firstrecords import FirstRecords
from .frames import describe_exception, variables_of, without_hidden_local
from .linking import calling_name, entry_name
from .locate import locate_site
from .looping import Looping
from .looplimit import LoopLimit, loop_limit_of
from .model import ELISION, Lookup, Scope, Site
from .probetable import ProbeTable
from .redacting import capture_of
from .state import CELLS, CLOCK, LOCALS, MISSING, SLOTS, STANDING, THREAD, YIELDED
from .template import shape_of, template
from .threads import spawning
from .watch import content, entries_for

MODULE = -1
"""Where the state of a module's own statements is kept, which run once: its frame may not be known at its end."""

_DEAF = ThreadState()
"""The thread of a call at the very end of the stack: always busy, so no record is made."""
_DEAF.busy = True


class Probes:
    """Makes the callables that stand for the probe names of one rewritten piece of source.

    Arguments:
        tables: its sites, scopes and guards.
        channel: where the records go.
        depth: how many levels of calls are stepped into; by default what the channel's configuration says.
    """

    def __init__(self, tables: Lookup, channel: Channel, depth: int | None = None) -> None:
        self._depth = channel.config.depth if depth is None else depth
        self._tables = tables
        self._channel = channel
        self._capture = capture_of(channel.config)
        self._emit = channel.emit
        fields = channel.config.fields
        self._more = "" if not fields else "static" if set(context.STATIC).issuperset(fields) else "dynamic"
        self._stands = not {"call_id", "depth"}.isdisjoint(fields)
        self._namespaces: list[dict[str, object]] = []
        self._first = FirstRecords(channel, self._capture, self._settle, self._emit)
        self._frames: dict[int, list[Any]] = {}
        self._table = ProbeTable(self._make)
        limit = loop_limit_of(channel.config.loop_limit) or LoopLimit()
        self._looping = Looping(limit, self._told, self._hand_on, self._clock, self._report, self._forget)
        self._watches: dict[tuple[int, int], Callable[..., Any]] = {}
        self._directly: dict[str, object] = {"probes": self._table}
        channel.listen(self._on_emit)

    def _on_emit(self, emit: Callable[..., object]) -> None:
        self._emit = emit
        self._first.emit = emit
        for namespace in self._namespaces:
            namespace["emit"] = emit

    def resolve(self, name: str) -> object:
        """What stands for a sentinel of the generated code: nearly all probes are in the one for ``"probes"``."""
        made = self._directly.get(name)
        if made is None:
            made = self._directly[name] = self._resolve(name)
        return made

    def resolve_all(self, names: tuple[str, ...]) -> list[object]:
        """What stands for each of the sentinels of a piece of code."""
        return list(map(self.resolve, names))

    def _resolve(self, name: str) -> object:
        if name in _SINGLE:
            return _SINGLE[name]
        if name == "spawn":
            return functools.partial(spawning, self._channel)
        if name == "into":
            return self._channel.into(self._depth)
        what, _, numbers = name.partition("_")
        return getattr(self, f"_make_{what}")(*map(int, numbers.split("_")))

    def _make(self, name: int | str) -> Callable[..., object]:
        """A probe of the table, when it is first called."""
        if type(name) is int:
            return self._make_record(name, gives=False)
        what, _, number = str(name).partition("_")
        if what in _GIVING:
            return self._make_record(int(number), gives=True)
        made: Callable[..., object] = getattr(self, f"_make_{what}")(int(number))
        return made

    # -- calls -----------------------------------------------------------------------------------

    def _make_enter(self, number: int) -> Callable[..., object]:
        """What begins a call: functions whose states are alike share it, unless they are given secrets."""
        scope = self._tables.scope(number)
        name = entry_name(scope)
        if name != f"enter_{number}":
            return self.resolve(name)  # type: ignore[return-value]
        return self._entry(*scope.entering, functools.partial(self._learn, scope))

    def _make_entry(self, size: int, by_frame: int, namespace: int) -> Callable[..., object]:
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

    def _make_call(self, number: int) -> Callable[..., object]:
        return self.resolve(calling_name(self._tables.scope(number)))  # type: ignore[return-value]

    def _make_calling(self, size: int, namespace: int) -> Callable[..., object]:
        """What finds the state of a call that is going on."""
        frames = self._frames
        nowhere = self._nowhere(size, namespace=bool(namespace))
        if namespace:
            return functools.partial(frames.get, MODULE, nowhere)

        def call() -> list[Any]:
            try:
                return frames.get(id(sys._getframe(1)), nowhere)
            except RecursionError:
                return nowhere

        return call

    def _nowhere(self, size: int, *, namespace: bool) -> list[Any]:
        """The state of a call that is not known: it makes no records."""
        return [0.0, _DEAF, None, None, None, None, *[MISSING] * size]

    def _make_leave(self, number: int) -> Callable[..., object]:
        frames = self._frames

        def leave() -> None:
            try:
                frames.pop(id(sys._getframe(1)), None)
            except RecursionError:
                pass

        return leave

    # -- records ---------------------------------------------------------------------------------

    def _make_record(self, number: int, *, gives: bool) -> Callable[..., object]:
        """A probe that makes records; one that ``gives`` takes a value first and returns it."""
        site = self._tables.site(number)
        scope = self._tables.scope(site.scope)
        if scope.suspends or site.result or scope.loops or scope.watches:
            return self._compiled_record(number, gives=gives)
        extras = self._reader(site, scope) if self._more else None
        return self._first.probe(site, scope, extras, gives=gives)

    def _settle(self, site: Site, gives: bool) -> None:
        """A statement has run a few times: give it a probe that is compiled."""
        name = f"{site.kind}_{site.number}" if gives else site.number
        self._table[name] = self._compiled_record(site.number, gives=gives)

    def _compiled_record(self, number: int, *, gives: bool) -> Callable[..., object]:
        """The same for a statement that runs often."""
        site = self._tables.site(number)
        scope = self._tables.scope(site.scope)
        # C code that imports something while a probe runs (a finalizer's warning, say) looks for __builtins__.
        namespace: dict[str, object] = {"__builtins__": builtins.__dict__}
        namespace.update(
            function=scope.name,
            instruction=site.instruction,
            variable=self._capture.variable,
            hidden=self._capture.hidden,
            given=self._capture.hidden if site.hides else self._capture.variable,
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
            names = [name for index, name in enumerate(scope.names) if site.possible >> index & 1]
            gather = functools.partial(self._capture.namespace, secret=scope.secret)
            namespace.update(gather=gather if scope.secret else self._capture.namespace, names=names)
        else:
            namespace.update((f"n{index}", shown.name) for index, shown in enumerate(site.shown))
        self._namespaces.append(namespace)
        shape = shape_of(site, scope, gives, more=self._more)
        return FunctionType(template(shape), namespace)

    def _clock(self, state: list[Any]) -> float:
        """When the record before was, in seconds."""
        clock: float = state[CLOCK]
        return clock

    def _told(self, opening: Any, count: int, time: float) -> Any:
        """The record that tells how many iterations were left out; None if it was none."""
        if not count:
            return None
        return {**opening, "left_out": count, "execution_time": time * 1e3}

    _forget: Callable[[], None] | None = None
    """Forgets what was told of objects; None where nothing relies on it."""

    def _hand_on(self, item: Any) -> None:
        self._emit(item)

    def _watch(self, scope: Scope, index: int) -> Callable[..., Any]:
        """What gives the entries of one expression of a function."""
        key = scope.number, index
        if key not in self._watches:
            self._watches[key] = self._made_watch(scope, index)
        return self._watches[key]

    def _made_watch(self, scope: Scope, index: int) -> Callable[..., Any]:
        return entries_for(scope, index, self._channel.config, self._capture)

    def _known(self, site: Site, scope: Scope) -> dict[str, object]:
        """The further fields of a statement's records that are always the same."""
        known = {"kind": site.kind, "line": site.span[0], "file": self._tables.filename, "qualname": scope.qualname}
        return {name: known[name] for name in self._channel.config.fields if name in known}

    def _reader(self, site: Site, scope: Scope) -> Callable[[list[Any]], dict[str, Any]]:
        return context.reader(self._channel.config.fields, self._known(site, scope), STANDING)

    def _make_yield(self, number: int) -> Callable[..., object]:
        site = self._tables.site(number)
        variable = self._capture.hidden if site.hides else self._capture.variable
        flag = self._tables.scope(site.scope).guard(site)

        def keep(state: list[Any], value: object) -> object:
            if flag < 0 or state[flag]:
                state[YIELDED] = _Yielded(variable("yield", value), value)
            return value

        return keep

    def _make_store(self, number: int) -> Callable[..., object]:
        slots = [slot for slot, _ in self._tables.site(number).stores]

        def store(state: list[Any], *values: object) -> None:
            for slot, value in zip(slots, values):
                state[SLOTS + slot] = value

        return store

    def _make_keep(self, slot: int) -> Callable[..., object]:
        def keep(state: list[Any], value: object) -> object:
            state[SLOTS + slot] = value
            return value

        return keep

    def _make_clear(self, slot: int) -> Callable[..., object]:
        def clear(state: list[Any]) -> None:
            state[SLOTS + slot] = MISSING

        return clear

    # -- exceptions ------------------------------------------------------------------------------

    def _make_raised(self, number: int) -> Callable[..., object]:
        return functools.partial(self._on_raised, number)

    def _on_raised(self, number: int, state: list[Any]) -> None:
        self._report(state, lambda time: self._raised(state, number, time))

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

    def _make_reraise(self, number: int) -> Callable[..., object]:
        def reraise(state: list[Any]) -> None:
            try:
                self._report(state, lambda time: self._raise(state, number, time))
            except RecursionError:  # no frame left: the program's exception must not be replaced
                pass

        return reraise

    def _raise(self, state: list[Any], number: int, time: float) -> None:
        """A bare ``raise``: afterwards the traceback would only tell where the exception came from first."""
        site = self._tables.site(number)
        scope = self._tables.scope(site.scope)
        error = sys.exc_info()[1]
        if error is not None:
            frame = sys._getframe()
            while frame.f_code.co_filename != self._tables.filename and frame.f_back is not None:
                frame = frame.f_back
            found = variables_of(frame, scope, state[LOCALS])
            self._emit_raising(state, site, scope, found, error, time)

    def _raised(self, state: list[Any], guard: int, time: float) -> None:
        scope = self._tables.scope(self._tables.guard(guard).scope)
        error, traceback = sys.exc_info()[1:]
        if error is None or traceback is None:  # a program may clear it, and raise again: that has been told
            return
        found = variables_of(traceback.tb_frame, scope, state[LOCALS])
        for index, name in enumerate(scope.slots):
            state[SLOTS + index] = found.get(name, MISSING)
        site = locate_site(traceback, self._tables.raising_sites(scope.number))
        if site is None or site.guard != guard:
            return
        self._emit_raising(state, site, scope, found, error, time)

    def _emit_raising(
        self, state: list[Any], site: Site, scope: Scope, found: dict[str, object], error: BaseException, time: float
    ) -> None:
        """The record of a statement that has raised, after what was left out before it."""
        variables = [
            (self._capture.hidden if name in scope.secret else self._capture.variable)(name, found[name])
            for name in scope.names
            if name in found
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


_GIVING = ("return", "match", "lambda")
"""Probes that make a record and return the value that they are given first."""

_SINGLE: dict[str, object] = {"locals": without_hidden_local, "RecursionError": RecursionError}
"""Names that stand for one thing wherever they occur."""


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
