"""What code that is followed for a recorder calls: constants of one piece of source, bound to the recorder."""

from __future__ import annotations

import builtins
import functools
import sys
from collections.abc import Callable
from types import FunctionType
from typing import Any

from .channel import THREADS, Channel
from .context import asks_begin, begin_above, begin_here
from .copies import identity
from .describe import describe_raised
from .events import ALL, FEW, LEFT, RAISED, SET, SOME, held_by, id_of, id_of_entry
from .eventtemplate import event_shape, event_template
from .flat import BASE_IDS, EXACT_IDS
from .frames import variables_of
from .locate import locate_site
from .looks import CLOSEST, level_of
from .model import Follower, Lookup, Scope, Site
from .probe import MODULE, Probes
from .sink import EventSink
from .state import CALL, CELLS, LOCALS, MISSING, SLOTS, YIELDED

_FORMS = {"few_id": FEW, "all_id": ALL, "some_id": SOME}
_BUILTINS = ("type", "len", "id", "int", "str", "float", "bool")


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
        self._extend = recorder.constants["extend"]
        self._now = recorder.now
        self._constants: dict[str, object] = {
            **{name: getattr(builtins, name) for name in _BUILTINS},
            **recorder.constants,
            "copy": describer.copy,
            "refer": describer.refer,
            "change": describer.change,
            "changes": describer.changes,
            **{f"look_{level}": describer.look(level) for level in range(CLOSEST + 1)},
            "cell": describer.cell,
            "hide": describer.hide,
            "hide_cell": describer.hide_cell,
            "described": describer.described,
            "fixed": describer.fixed,
            "is_exact": EXACT_IDS.__contains__,
            "is_base": BASE_IDS.__contains__,
            "most": describer.most,
            "missing": MISSING,
        }
        self._thread = recorder.constants["thread"]
        if asks_begin(channel.config.fields):
            self._constants["thread"], self._thread = begin_here, begin_above
        super().__init__(tables, channel, depth)

    def _on_emit(self, emit: Follower) -> None:
        if self._channel.silent:
            self._recorder.silence(self._base)

    def _resolve(self, name: str) -> object:
        if name in self._constants:
            return self._constants[name]
        what, _, number = name.rpartition("_")
        if what in _FORMS:
            return id_of(self._base, int(number), _FORMS[what])
        if what == "enter_id":
            return self._entry_id(int(number))
        if what == "next":
            return self._recorder.numbers(self._base, int(number))
        return super()._resolve(name)

    def _entry_id(self, scope: int) -> int:
        return id_of_entry(self._base, self._tables.counts()[0], scope)

    # -- calls -----------------------------------------------------------------------------------

    def _make_enter(self, number: int) -> Callable[..., object]:
        size, by_frame, namespace = self._tables.entering(number)
        rest: list[object] = [{}] if namespace else [MISSING] * size
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

    def _nowhere(self, size: int) -> list[Any]:
        return [0, None, None, None, None, None, *[MISSING] * size, {}]

    # -- events ----------------------------------------------------------------------------------

    def _make_record(self, number: int, *, gives: bool) -> FunctionType:
        site = self._tables.site(number)
        scope = self._tables.scope(site.scope)
        held = held_by(site, scope)
        namespace: dict[str, object] = {
            "__builtins__": builtins.__dict__,
            **self._constants,
            "MISSING": MISSING,
            "number": id_of(self._base, site.number, ALL if held.longer else FEW),
        }
        if scope.namespace:
            names = [name for index, name in enumerate(scope.names) if site.possible >> index & 1]
            named = frozenset((*(name for name in names if level_of(site.instruction, name)), *site.binds))
            gather = functools.partial(self._gather, scope.secret, named)
            namespace.update(gather=gather, names=names if site.again else site.binds)
        return FunctionType(event_template(event_shape(site, scope, held, gives)), namespace)

    def _named(self, secret: tuple[str, ...], name: str, value: object) -> object:
        """What is kept of a variable's value."""
        return self._describer.hide(value) if name in secret else self._copy(value)

    def _gather(
        self,
        secret: tuple[str, ...],
        named: frozenset[str],
        found: dict[str, object],
        last: dict[str, object],
        names: list[str],
    ) -> dict[str, object]:
        """Of a module's names those whose values are others than last time; ``named`` are those of the statement."""
        changed: dict[str, object] = {}
        for name in names:
            value = found.get(name, MISSING)
            if name not in named and self._describer.passes_over(value) and identity(last.get(name)) == id(value):
                continue
            value = self._named(secret, name, value)
            if not _is_same(value, last.get(name, MISSING)):
                changed[name] = value
        last.update(changed)
        return changed

    def _make_yield(self, number: int) -> Callable[..., object]:
        copy = self._describer.hide if self._tables.site(number).hides else self._copy

        def keep(state: list[Any], value: object) -> object:
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

    def _make_keep(self, slot: int) -> Callable[..., object]:
        return super()._make_keep(slot)  # the statement's own event tells

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
            frame = sys._getframe()
            while frame.f_code.co_filename != self._tables.filename and frame.f_back is not None:
                frame = frame.f_back
            found = self._variables(frame, self._tables.scope(site.scope), state)
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
            site = locate_site(traceback, self._tables.raising_sites(scope.number))
            if site is not None and site.guard == guard:
                self._tell_raised(state, site, found, description)
            elif site is None:
                self._tell(state, found)
        if known.outermost:
            number = state if type(state) is int else state[CALL]
            self._extend((LEFT, number, description, self._now()))
            self._recorder.left(number)

    def _variables(self, frame: Any, scope: Scope, state: Any) -> dict[str, object]:
        """Copies of the variables of the frame that raised; the call's slots are brought up to date."""
        listed = type(state) is list
        found = variables_of(frame, scope, state[LOCALS] if listed else None)
        if listed:
            for index, name in enumerate(scope.slots):
                state[SLOTS + index] = found.get(name, MISSING)
        copied = {name: self._named(scope.secret, name, found.get(name, MISSING)) for name in scope.names}
        if scope.namespace:
            state[SLOTS].update(copied)
        return copied

    def _tell_raised(self, state: Any, site: Site, found: dict[str, object], description: str) -> None:
        number = state if type(state) is int else state[CALL]
        self._extend((RAISED, number, id_of(self._base, site.number), found, description, self._now()))


def _is_same(one: object, other: object) -> bool:
    """Whether two copies are the same value; containers only if they are written the same, too."""
    if one is other:
        return True
    return type(one) is type(other) and one == other and (type(one) is str or repr(one) == repr(other))
