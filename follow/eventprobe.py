"""What code that is followed for a recorder calls: constants of one piece of source, bound to the recorder."""

from __future__ import annotations

import builtins
import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

from .accelerate import IN_PYTHON, is_helped
from .channel import THREADS, Channel
from .context import asks_begin, begin_above, begin_here
from .copies import identity, is_same
from .describe import describe_raised
from .described import NAMED_IDS, Described, describe
from .elision import loops_around
from .eventconstants import constants_of, extend_unless_watching
from .events import ALL, FEW, LEFT, RAISED, SET, SOME, held_by, id_of, id_of_entry
from .eventtemplate import event_shape, event_template
from .frames import variables_of
from .lazy import lazy
from .locate import locate_site
from .looks import level_of
from .model import ELISION, WATCH, Follower, Lookup, Scope, Site
from .moduleevents import ModuleEvents
from .nativeprobe import NativeProbes
from .ownstatements import OwnStatements
from .probe import MODULE, Probes
from .sink import EventSink
from .state import CALL, CELLS, LOCALS, MISSING, SLOTS, YIELDED
from .watch import form_for

_FORMS = {"few_id": FEW, "all_id": ALL, "some_id": SOME}
_OWN = ("extend", "thread")
"""The constants of a recorder of which there may be others."""


class EventProbes(Probes):
    """Makes what the sentinels of one rewritten piece of source stand for, when a recorder gets its events.

    Arguments:
        tables: its sites, scopes and guards.
        channel: whose only follower is the recorder.
        recorder: what gets the events.
        depth: how many levels of calls are stepped into; by default what the channel's configuration says.
    """

    def __init__(self, tables: Lookup, channel: Channel, recorder: EventSink, depth: int | None = None) -> None:
        self._recorder = recorder
        self._base = recorder.register(tables, channel.config)
        self._describer = describer = recorder.describer(channel.config)
        self._copy = describer.copy
        if describer.objects:
            self._forget = describer.forget
        self._extend = recorder.constants["extend"]
        self._late = recorder.constants["late"]
        if channel.config.watch:
            self._extend = functools.partial(extend_unless_watching, self._extend, describer.forget)
        self._now = recorder.now
        self._tells_begin = asks_begin(channel.config.fields)
        self._thread = begin_above if self._tells_begin else recorder.constants["thread"]
        self._native: NativeProbes | None = None
        if is_helped(recorder.form):
            begin = begin_here if self._tells_begin else None
            self._native = NativeProbes(tables, channel.config, recorder, self._base, describer, self._extend, begin)
            self._native.makers.update(dict.fromkeys(IN_PYTHON, (self._make, 0)))
            self.makers = self._native.makers
        self._own = OwnStatements(tables)
        self._of_module: ModuleEvents | None = None
        if self._native is not None and not describer.objects:
            self._of_module = ModuleEvents(self._native, self._own, recorder, self._extend, channel)
        super().__init__(tables, channel, depth)

    @lazy
    def _constants(self) -> dict[str, object]:
        """What the names in written-out probes stand for, whichever statement they are of."""
        found = {**constants_of(self._recorder, self._describer), "extend": self._extend}
        return {**found, "thread": begin_here} if self._tells_begin else found

    def _on_emit(self, emit: Follower) -> None:
        if self._channel.silent:
            self._recorder.silence(self._base)

    def resolve_all(self, names: tuple[str, ...]) -> list[object]:
        """What stands for each of the sentinels of a piece of code; the helper's probes are made all at once."""
        return super().resolve_all(names) if self._native is None else self._native.resolve(names, self.resolve)

    def _resolve(self, name: str) -> object:
        common = self._recorder.constants
        if name in common and name not in _OWN:
            return common[name]
        what, _, number = name.rpartition("_")
        if what.startswith(WATCH) and what != WATCH:
            return self._watch(self._tables.scope(int(number)), int(what.removeprefix(WATCH)))
        if what in _FORMS:
            return id_of(self._base, int(number), _FORMS[what])
        if what == "enter_id":
            return self._entry_id(int(number))
        if what == "next":
            return self._recorder.numbers(self._base, int(number))
        if hasattr(self, f"_make_{name.partition('_')[0]}") or name in ("spawn", "into"):
            return super()._resolve(name)
        return self._constants[name]

    def _entry_id(self, scope: int) -> int:
        return id_of_entry(self._base, self._tables.counts()[0], scope)

    # -- calls -----------------------------------------------------------------------------------

    def _make_enter(self, number: int) -> Callable[..., object]:
        size, by_frame, namespace = (self._tables.scope(number) if number else self._own.all).entering
        rest: list[object] = [MISSING] * size
        frames, extend, now = self._frames, self._extend, self._now
        new, thread = self._recorder.numbers(self._base, number), self._thread
        began = self._entry_id(number)

        def enter(user: FunctionType | None = None) -> list[Any]:
            state = [new(), None, None if user is None else user.__closure__, None, None, None, *rest]
            try:
                if namespace:
                    state[CELLS] = sys._getframe(1).f_globals
                    state[SLOTS] = {}
                    frames[MODULE] = state
                elif by_frame:
                    frames[id(sys._getframe(1))] = state
                extend((began, state[CALL], thread(), now()))
            except RecursionError:
                pass
            return state

        return enter

    def _nowhere(self, size: int, *, namespace: bool) -> list[Any]:
        state = [0, None, None, None, None, None, *[MISSING] * size]
        if namespace:
            state[SLOTS] = {}
        return state

    def _clock(self, state: list[Any]) -> float:
        return 0.0  # its events have times of their own

    def _told(self, opening: Any, count: int, time: float) -> Any:
        return (*opening[:-2], count, opening[-1])

    def _hand_on(self, item: Any) -> None:
        self._late(item)

    def _made_watch(self, scope: Scope, index: int) -> Callable[..., Any]:
        return form_for(scope, index, self._channel.config, self._describer)

    # -- events ----------------------------------------------------------------------------------

    def _make_record(self, number: int, *, gives: bool) -> Callable[..., object]:
        if self._of_module is not None and number in self._own.all.statements and not self._own.all.secret:
            if gives:
                return self._of_module.probe(number, self._base, gives=True)
            found = self._of_module.probes(self._base)
            self._table.update(found)  # all at once: nearly all of a module's statements run
            return found[number]
        site = self._tables.site(number)
        scope = self._tables.scope(site.scope)
        held = held_by(site, scope)
        namespace: dict[str, object] = {
            "__builtins__": builtins.__dict__,
            **self._constants,
            "MISSING": MISSING,
            "number": id_of(self._base, site.number, ALL if held.longer else FEW),
            "globals": site.globals,
        }
        if site.kind == ELISION:
            if scope.windows and site.number != scope.loops[site.loop][1]:
                return functools.partial(self._looping.flush, scope, site.loop)
            namespace.update(self._looping.telling(scope, site))
        namespace.update((f"{WATCH}{at}", self._watch(scope, index)) for at, (index, _) in enumerate(site.watched))
        if scope.namespace:
            names = self._own.names(site.possible)
            whole = site.kind == ELISION and scope.windows
            gather = functools.partial(self._gather, scope, whole, self._named_by(site, names))
            namespace.update(gather=gather, names=names if site.again else site.binds)
        return FunctionType(event_template(event_shape(site, scope, held, gives)), namespace)

    def _named_by(self, site: Site, names: list[str]) -> frozenset[str]:
        """Which of a module's variables a statement names, where only those that hold objects need be looked at."""
        if not self._describer.objects:
            return frozenset()
        return frozenset((*(name for name in names if level_of(site.instruction, name)), *site.binds))

    def _named(self, secret: tuple[str, ...], name: str, value: object) -> object:
        """What is kept of a variable's value."""
        return self._describer.hide(value) if name in secret else self._copy(value)

    def _gather(
        self,
        scope: Scope,
        whole: bool,
        named: frozenset[str],
        found: dict[str, object] | None,
        last: dict[str, object],
        names: list[str],
    ) -> dict[str, object]:
        """Of a module's names, and of what is computed of them, those whose values are others than last time, or all.

        All are told where an iteration begins that is held back: what was told before may be left out. The statement
        names those that are ``named``.
        """
        changed: dict[str, object] = {}
        if found is None:  # the call is not known
            return changed
        try:
            if self._native is not None and not (self._describer.objects or whole or scope.secret or scope.watched):
                return self._native.gather(found, last, names)
            for name in names:
                value = found.get(name, MISSING)
                if not whole and self._as_before(value, last.get(name, MISSING)) and name not in scope.secret:
                    continue
                passed = not whole and name not in named and self._describer.passes_over(value)
                if passed and identity(last.get(name)) == id(value):
                    continue
                value = self._named(scope.secret, name, value)
                if whole or not is_same(value, last.get(name, MISSING)):
                    changed[name] = value
            for index, name in enumerate(scope.watched):
                value = self._watch(scope, index)()
                if whole or not is_same(value, last.get(name, MISSING)):
                    changed[name] = value
        except (RecursionError, MemoryError):  # what is left is told later
            self._channel.dropped += 1
        if whole:
            return changed
        last.update(changed)
        return changed

    def _as_before(self, value: object, before: object) -> bool:
        """Whether a value surely is recorded as it was before: most names of a module hold functions and classes."""
        if type(before) is Described:
            return id(type(value)) in NAMED_IDS and describe(value) is before
        return value is before  # an atom, or not bound

    def _make_yield(self, number: int) -> Callable[..., object]:
        site = self._tables.site(number)
        copy = self._describer.hide if site.hides else self._copy
        flag = self._tables.scope(site.scope).guard(site)

        def keep(state: list[Any], value: object) -> object:
            if flag < 0 or state[flag]:
                state[YIELDED] = copy(value)
            return value

        return keep

    def _make_store(self, number: int) -> Callable[..., object]:
        site = self._tables.site(number)
        names = [site.arguments[argument] for _, argument in site.stores]
        named = functools.partial(self._named, self._tables.scope(site.scope).secret)
        store = super()._make_store(number)

        def store_and_tell(state: list[Any], *values: object) -> None:
            store(state, *values)
            self._tell(state, dict(zip(names, map(named, names, values))))

        return store_and_tell

    def _make_clear(self, slot: int) -> Callable[..., object]:
        clear = super()._make_clear(slot)

        def clear_and_tell(state: list[Any]) -> None:
            clear(state)
            self._tell(state, {slot: MISSING})

        return clear_and_tell

    def _tell(self, state: Any, values: dict[Any, object]) -> None:
        number = state if type(state) is int else state[CALL]
        self._extend((SET, number, values, self._now()))

    # -- exceptions ------------------------------------------------------------------------------

    def _report(self, state: Any, make: Callable[[float], None]) -> None:
        channel = self._channel
        try:
            make(0.0)
        except (RecursionError, MemoryError):
            channel.dropped += 1
        except BaseException as error:
            channel.fail(error, THREADS.state)

    def _raise(self, state: Any, number: int, time: float) -> None:
        error = sys.exc_info()[1]
        if error is not None:
            site = self._tables.site(number)
            found = self._variables(self._frame(), self._tables.scope(site.scope), state)
            self._tell_raised(state, site, found, describe_raised(error, self._copy))

    def _raised(self, state: Any, guard: int, time: float) -> None:
        known = self._tables.guard(guard)
        scope = self._tables.scope(known.scope)
        error, traceback = sys.exc_info()[1:]
        if error is None:
            return
        description = describe_raised(error, self._copy)
        if traceback is not None:  # a program may clear it, and raise again: that has been told
            found = self._variables(traceback.tb_frame, scope, state)
            raising = locate_site(traceback, self._tables.raising(scope.number))
            if raising is None:
                self._tell(state, found)
            elif (site := self._tables.site(raising)).guard == guard:
                self._tell_raised(state, site, found, description)
        if known.outermost:
            number = state if type(state) is int else state[CALL]
            self._extend((LEFT, number, description, self._now()))
            self._recorder.left(number)

    def _variables(self, frame: Any, scope: Scope, state: Any) -> dict[str, object]:
        """Copies of the variables of the frame that raised; the call's slots are brought up to date."""
        if scope.loops and self._forget is not None:  # iterations may have been left out that it ends
            self._forget()
        listed = type(state) is list
        found = variables_of(frame, scope, state[LOCALS] if listed else None)
        if listed:
            for index, name in enumerate(scope.slots):
                state[SLOTS + index] = found.get(name, MISSING)
        copied = {name: self._named(scope.secret, name, found.get(name, MISSING)) for name in scope.names}
        for index, (text, _, names, _) in enumerate(scope.watches):
            copied[text] = self._watch(scope, index)(*(found.get(name, MISSING) for name in names))
        if scope.namespace:
            state[SLOTS].update(copied)
        return copied

    def _tell_raised(self, state: Any, site: Site, found: dict[str, object], description: str) -> None:
        number = state if type(state) is int else state[CALL]
        scope = self._tables.scope(site.scope)
        around = loops_around(scope, site.loop)

        def opening(loop: int, count: int = 0) -> tuple[Any, ...]:
            told = self._tables.site(scope.loops[loop][1])
            values = [found] if scope.namespace else [found[shown.name] for shown in held_by(told, scope).bound]
            return (id_of(self._base, told.number), number, *values, count, self._now())

        if scope.windows:
            self._looping.begin_again(state, scope, around, opening)
        for loop in around if not scope.windows else ():
            count = self._looping.left_out(scope, loop)(state, 1)
            running = state[scope.flag(loop)]
            if count or not running:  # after this event nothing of before counts for the trace's questions
                self._extend(opening(loop, count))
            if not running:
                break
        self._extend((RAISED, number, id_of(self._base, site.number), found, description, self._now()))
