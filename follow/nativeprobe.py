"""What the compiled helper's probes are made of: the same as what ``inline.py`` and ``eventtemplate.py`` write."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from .accelerate import native
from .channel import SYSTEMS_CLOCK
from .config import FollowConfig
from .copies import is_same
from .describe import Describer
from .events import ALL, FEW, SOME, given_to, held_by, id_of, id_of_entry
from .looks import look_of, runs_code
from .model import CELL, GLOBAL, SLOT, VALUE, Lookup, Own, Shown, Site
from .sink import EventSink
from .snapshots import snapshots_of

_RECORD, _ENTER, _YIELD = range(3)
_SHOWS, _HIDES, _SHOWS_NONE, _SHOWS_YIELDED, _TOGETHER, _LOOKS = (1 << bit for bit in range(6))
_CLEARS_LAST, _STATELESS, _UNLESS_ATOM, _CHECKS, _REFERS = (1 << bit for bit in range(6, 11))
"""As in native/probe.c."""
_PLACES = {VALUE: 0, SLOT: 1, CELL: 2, GLOBAL: 3}
_SECRET, _REFERRED = 1 << 4, 1 << 5
_LEVEL, _INDEX = 6, 9

_FIRST, _KEEPS, _GIVES = -1, 0, 1
"""A probe without which a call cannot go on, one that gives nothing, one that gives back what it is given first."""


def events_of(sink: EventSink, extend: Callable[[tuple[Any, ...]], None]) -> Any:
    """The buffer and clock of what takes events, as the helper uses them; ``extend`` takes one."""
    constants = sink.constants
    system = sink.now is time.perf_counter_ns and SYSTEMS_CLOCK
    return native.Events(
        buffer=sink.buffer,
        limit=constants["limit"],
        outer=constants["outer"],
        look=constants["look"],
        begun=constants["begun"],
        ended=constants["ended"],
        extend=None if getattr(extend, "__self__", None) is sink.buffer else extend,
        now=None if system else sink.now,
    )


class NativeProbes:
    """Makes the helper's probes of one piece of source.

    Arguments:
        tables: its sites and scopes.
        config: what is followed, and the limits of values.
        sink: what gets the events.
        base: the first of its ids.
        describer: copies what the helper does not.
        extend: takes an event.
        begin: tells of a call that begins, where records are to show more than its thread; else None.
    """

    def __init__(
        self,
        tables: Lookup,
        config: FollowConfig,
        sink: EventSink,
        base: int,
        describer: Describer,
        extend: Callable[[tuple[Any, ...]], None],
        begin: Callable[[], object] | None,
    ) -> None:
        self._tables = tables
        self._sink = sink
        self._base = base
        self._told = begin
        shared = sink.helpers.get(config)
        if shared is None:
            shared = sink.helpers[config] = events_of(sink, extend), describer.helper or snapshots_of(describer, config)
        self._events, self._snapshots = shared
        self._objects = describer.objects
        self.makers: dict[str, tuple[Callable[[str], object], int]] = {
            "begin": (self._begin, _FIRST),
            "given": (self._given, _KEEPS),
            "native_statement": (self._statement, _KEEPS),
            **dict.fromkeys(("native_return", "native_match", "native_lambda"), (self._return, _GIVES)),
            "native_yield": (self._yield, _GIVES),
        }
        """What makes the probes, by what their names start with; and whether a probe gives something back."""

    def resolve(self, names: tuple[str, ...], other: Callable[[str], object]) -> list[Any]:
        """What stands for each of the names: of calls (``begin_0``), of sites (``given_0``, ``native_return_0``), ….

        Arguments:
            names: all that a piece of source names.
            other: is asked for a name of something else.
        """
        found: list[Any] = native.probes(names, self.makers, other)
        return found

    def gather(self, found: dict[str, object], last: dict[str, object], names: Sequence[str]) -> dict[str, object]:
        """Of a module's names those whose values are others than last time.

        Arguments:
            found: the module's dict.
            last: what was told of its names so far; it is brought up to date.
            names: those that may have changed.
        """
        changed: dict[str, object] = self._snapshots.gather(found, last, names, is_same)
        return changed

    def own_events(self, own: Own, base: int, dropped: Callable[[], None]) -> dict[int, Callable[..., object]]:
        """The probes of a module's own statements, by their numbers; ``dropped`` is called when there was no room."""
        made: dict[int, Callable[..., object]] = native.own_events(
            *(self._events, self._snapshots, own, base, is_same, dropped)
        )
        return made

    def _given(self, name: str) -> tuple[Any, ...]:
        """Of a statement whose probe gets no more than the event needs."""
        site = self._site(name)
        return self._record(site, given_to(site, self._tables.scope(site.scope)), _SHOWS_NONE * (site.kind == "return"))

    def _statement(self, name: str) -> tuple[Any, ...]:
        site = self._site(name)
        return self._record(site, site.arguments, _SHOWS_NONE * (site.kind == "return"))

    def _return(self, name: str) -> tuple[Any, ...]:
        site = self._site(name)
        shows = _SHOWS if site.kind in ("return", "lambda") else 0
        return self._record(site, site.arguments, shows | _HIDES * site.hides)

    def _yield(self, name: str) -> tuple[Any, ...]:
        return self._spec(_YIELD, _HIDES * self._site(name).hides)

    def _site(self, name: str) -> Site:
        return self._tables.site(_number_in(name))

    def _record(self, site: Site, names: tuple[str, ...], flags: int) -> tuple[Any, ...]:
        scope = self._tables.scope(site.scope)
        held = held_by(site, scope)
        index = {name: number for number, name in enumerate(names)}

        refers = self._objects and not runs_code(site.instruction)

        def where(shown: Shown, level: int = 0) -> int:
            at = index[shown.name] if shown.place == VALUE else shown.index
            return _PLACES[shown.place] | _SECRET * (shown.name in scope.secret) | level << _LEVEL | at << _INDEX

        def again(shown: Shown) -> int:
            return where(shown, look_of(site.instruction, shown.name) if self._objects else 0)

        flags |= _REFERS * refers
        if site.result == "yield":
            flags |= _SHOWS_YIELDED
        flags |= _TOGETHER * held.together | _LOOKS * (site.kind in ("for", "while"))
        flags |= _CLEARS_LAST * (site.kind == "return") | _CHECKS * (site.kind == "return" and site.closing)
        if site.unless_atom and held.bound[0].place != CELL:
            flags |= _UNLESS_ATOM
        return self._spec(
            _RECORD,
            flags,
            exact=index[site.unless_exact] if site.unless_exact else -1,
            few=id_of(self._base, site.number, FEW),
            all=id_of(self._base, site.number, ALL) if held.longer else None,
            some=id_of(self._base, site.number, SOME),
            bound=tuple(where(shown) | _REFERRED * refers for shown in held.bound),
            cells=tuple(map(where, held.cells)),
            again=tuple(map(again, held.again)),
            bases=tuple(1 << _LEVEL | index[name] << _INDEX for name in site.bases) if held.longer else (),
            stores=tuple((slot, index[site.arguments[argument]]) for slot, argument in site.stores),
            clears=tuple(slot << _INDEX for slot in site.clears),
            globals=tuple(_place_of(name) for name in site.globals),
        )

    def _begin(self, name: str) -> tuple[Any, ...]:
        number = _number_in(name)
        scope = self._tables.scope(number)

        # of a new object, which may have the place of one that is gone, nothing is known
        refers = self._objects and scope.name != "__init__" and scope.entered[:1] == ("self",)

        def where(place: str, names: tuple[str, ...]) -> tuple[int, ...]:
            return tuple(
                _PLACES[place]
                | _SECRET * (name in scope.secret)
                | _REFERRED * (refers and place == VALUE and at == 0)
                | at << _INDEX
                for at, name in enumerate(names)
                if place == VALUE or name in scope.names
            )

        entered, held = (scope.entered, scope.cells) if scope.hidden else ((), ())

        return self._spec(
            _ENTER,
            _STATELESS * scope.stateless | _LOOKS * scope.hidden,
            slots=len(scope.slots),
            few=id_of_entry(self._base, self._tables.counts()[0], number),
            calls=self._sink.numbers_of(self._base, number),
            bound=where(VALUE, entered),
            cells=where(CELL, held),
        )

    def _spec(
        self,
        kind: int,
        flags: int,
        *,
        exact: int = -1,
        slots: int = 0,
        few: int = 0,
        all: int | None = None,
        some: int | None = None,
        calls: Iterator[int] | None = None,
        bound: tuple[int, ...] = (),
        cells: tuple[int, ...] = (),
        again: tuple[int, ...] = (),
        bases: tuple[int, ...] = (),
        stores: tuple[tuple[int, int], ...] = (),
        clears: tuple[int, ...] = (),
        globals: tuple[object, ...] = (),
    ) -> tuple[Any, ...]:
        """All that a probe is made of, in the order in which native/probe.c takes it."""
        places = (bound, cells, again, bases, stores, clears, globals)
        return (self._events, self._snapshots, kind, flags, exact, slots, few, all, some, calls, self._told, *places)


def _place_of(name: str) -> object:
    """A module's variable, or the pair of one that holds a module and of that module's."""
    return tuple(name.split(".")) if "." in name else name


def _number_in(name: str) -> int:
    return int(name.rpartition("_")[2])
