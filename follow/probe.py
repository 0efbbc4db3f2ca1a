"""What the generated code calls: the probes of one rewritten piece of source, bound to a channel."""

from __future__ import annotations

import functools
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from types import FrameType, MappingProxyType
from typing import Any

from .channel import Channel
from .frames import without_hidden_local
from .lazy import lazy
from .linking import calling_name
from .looping import Looping
from .looplimit import LoopLimit, loop_limit_of
from .model import Lookup, Scope
from .probetable import ProbeTable
from .state import MISSING, SLOTS
from .threads import spawning

MODULE = -1
"""Where the state of a module's own statements is kept, which run once: its frame may not be known at its end."""

SINGLE: Mapping[str, object] = {"locals": without_hidden_local, "RecursionError": RecursionError}
"""Names that stand for one thing wherever they occur."""


class Probes(ABC):
    """Makes the callables that stand for the probe names of one rewritten piece of source: what they have in common,
    whatever they tell.

    Arguments:
        tables: its sites, scopes and guards.
        channel: where what they tell goes.
        depth: how many levels of calls are stepped into; by default what the channel's configuration says.
    """

    def __init__(self, tables: Lookup, channel: Channel, depth: int | None = None) -> None:
        self._depth = channel.config.depth if depth is None else depth
        self._tables = tables
        self._channel = channel
        self._frames: dict[int, list[Any]] = {}
        self._table = ProbeTable(self._make)
        self._watches: dict[tuple[int, int], Callable[..., Any]] = {}
        self._directly: dict[str, object] = {"probes": self._table, **self._shared}
        channel.listen(self._on_emit)

    _shared: Mapping[str, object] = SINGLE
    """What some names stand for in all pieces of source."""

    makers: Mapping[str, object] = MappingProxyType({})
    """What makes the compiled helper's probes, by what their names start with."""

    @abstractmethod
    def _on_emit(self, emit: Callable[..., object]) -> None:
        """The followers are others now."""

    def resolve(self, name: str) -> object:
        """What stands for a sentinel of the generated code: nearly all probes are in the one for ``"probes"``."""
        made = self._directly.get(name)
        if made is None:
            made = self._directly[name] = self._resolve(name)
        return made

    def resolve_all(self, names: tuple[str, ...]) -> list[object]:
        """What stands for each of the sentinels of a piece of code."""
        found = self._directly
        return [found[name] if name in found else self.resolve(name) for name in names]

    def _resolve(self, name: str) -> object:
        if name == "spawn":
            return functools.partial(spawning, self._channel)
        if name == "into":
            return self._channel.into(self._depth)
        make, numbers = _maker_of(name)
        return getattr(self, make)(*numbers)

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

    @abstractmethod
    def _make_enter(self, number: int) -> Callable[..., object]:
        """What begins a call, and gives its state."""

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

    @abstractmethod
    def _nowhere(self, size: int, *, namespace: bool) -> list[Any]:
        """The state of a call that is not known: it tells nothing."""

    def _make_leave(self, number: int) -> Callable[..., object]:
        frames = self._frames

        def leave() -> None:
            try:
                frames.pop(id(sys._getframe(1)), None)
            except RecursionError:
                pass

        return leave

    # -- statements ------------------------------------------------------------------------------

    @abstractmethod
    def _make_record(self, number: int, *, gives: bool) -> Callable[..., object]:
        """A probe that tells a statement; one that ``gives`` takes a value first and returns it."""

    @abstractmethod
    def _make_yield(self, number: int) -> Callable[..., object]:
        """What keeps the value that a generator yields, until it goes on."""

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

    def _watch(self, scope: Scope, index: int) -> Callable[..., Any]:
        """What gives the entries of one expression of a function."""
        key = scope.number, index
        if key not in self._watches:
            self._watches[key] = self._made_watch(scope, index)
        return self._watches[key]

    @abstractmethod
    def _made_watch(self, scope: Scope, index: int) -> Callable[..., Any]:
        """What gives what one expression of a function gives, to be kept."""

    # -- loops -----------------------------------------------------------------------------------

    @lazy
    def _looping(self) -> Looping:
        limit = loop_limit_of(self._channel.config.loop_limit) or LoopLimit()
        return Looping(limit, self._told, self._hand_on, self._clock, self._report, self._forget)

    _forget: Callable[[], None] | None = None
    """Forgets what was told of objects; None where nothing relies on it."""

    @abstractmethod
    def _clock(self, state: list[Any]) -> float:
        """When what was told before was, in seconds."""

    @abstractmethod
    def _told(self, opening: Any, count: int, time: float) -> Any:
        """What tells how many iterations were left out; None if nothing does."""

    @abstractmethod
    def _hand_on(self, item: Any) -> None:
        """Give away what was held back."""

    # -- exceptions ------------------------------------------------------------------------------

    def _make_raised(self, number: int) -> Callable[..., object]:
        return functools.partial(self._on_raised, number)

    def _on_raised(self, number: int, state: list[Any]) -> None:
        self._report(state, lambda time: self._raised(state, number, time))

    @abstractmethod
    def _report(self, state: list[Any], make: Callable[[float], None]) -> None:
        """Tell a statement that has raised, as the probes of other statements do."""

    def _make_reraise(self, number: int) -> Callable[..., object]:
        def reraise(state: list[Any]) -> None:
            try:
                self._report(state, lambda time: self._raise(state, number, time))
            except RecursionError:  # no frame left: the program's exception must not be replaced
                pass

        return reraise

    @abstractmethod
    def _raise(self, state: list[Any], number: int, time: float) -> None:
        """A bare ``raise``: afterwards the traceback would only tell where the exception came from first."""

    @abstractmethod
    def _raised(self, state: list[Any], guard: int, time: float) -> None:
        """A guard was reached by an exception: tell the statement that has raised."""

    def _frame(self) -> FrameType:
        """The frame of the piece of source that a probe was called by."""
        frame = sys._getframe()
        while frame.f_code.co_filename != self._tables.filename and frame.f_back is not None:
            frame = frame.f_back
        return frame


@functools.lru_cache(maxsize=4096)
def _maker_of(name: str) -> tuple[str, tuple[int, ...]]:
    """The method that makes what a name stands for, and the numbers in the name."""
    what, _, numbers = name.partition("_")
    return f"_make_{what}", tuple(map(int, numbers.split("_")))


_GIVING = ("return", "match", "lambda")
"""Probes that make a record and return the value that they are given first."""
