"""The last iterations of a loop: what they give is held back until it is known which they are."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

from .looplimit import LoopLimit
from .model import Scope
from .state import COUNT, MISSING, SINK, WINDOW

State = list[Any]
Tell = Callable[[Any, int, float], Any]
"""Gives what tells that iterations were left out, of what the next began with, how many they were, and for how long."""


class Held(NamedTuple):
    """What one iteration gave.

    Attributes:
        opening: what tells which values held when it began.
        items: its records or events.
        wanted: whether it is shown even if it is not one of the last.
        weight: 1, or 0 of the rest of an iteration of which a part has been handed on.
        began: when that was.
    """

    opening: Any
    items: list[Any]
    wanted: bool
    weight: int
    began: float


class Window:
    """Holds the last iterations of one run of a loop.

    Arguments:
        last: how many.
        tell: makes what tells that iterations were left out.
    """

    def __init__(self, last: int, tell: Tell) -> None:
        self._last = last
        self._tell = tell
        self._held: deque[Held] = deque()
        self._left_out: Held | None = None
        """The first of those that were left out since that was told."""
        self._count = 0

    def begin(self, held: Held, out: Callable[[Any], object]) -> None:
        """An iteration begins: those that cannot be among the last any more are shown or left out."""
        self._held.append(held)
        while len(self._held) > self._last:
            first = self._held.popleft()
            if first.wanted:
                self._release(first, out)
            else:
                self._left_out = self._left_out or first
                self._count += first.weight

    def flush(self, out: Callable[[Any], object]) -> None:
        """The loop ends, or has to tell now what it holds."""
        while self._held:
            self._release(self._held.popleft(), out)

    def _release(self, held: Held, out: Callable[[Any], object]) -> None:
        before, count = self._left_out, self._count
        if before is not None:
            self._left_out, self._count = None, 0
            told = self._tell(held.opening, count, held.began - before.began)
            if told is not None:
                out(told)
        for item in held.items:
            out(item)


class Windows:
    """The windows of the loops of one function; those of each call are in its state.

    Arguments:
        scope: the function.
        limit: which iterations are shown.
        tell: makes what tells that iterations were left out.
        out: where everything goes in the end.
        forget: forgets what was told of objects; None where nothing relies on it.
    """

    def __init__(
        self,
        scope: Scope,
        limit: LoopLimit,
        tell: Tell,
        out: Callable[[Any], object],
        forget: Callable[[], None] | None = None,
    ) -> None:
        self._scope = scope
        self._limit = limit
        self._tell = tell
        self._out = out
        self._forget = forget

    def _sink(self, state: State, loop: int) -> Callable[[Any], object]:
        """What takes what is told of a loop: the iteration of the loop around it, or what takes everything."""
        outer = self._scope.loops[loop][0]
        return self._out if outer < 0 else state[self._scope.flag(outer) + SINK] or self._out

    def holds(self, state: State, loop: int) -> bool:
        """Whether the iteration of a loop that begins now is held back; what its first ones give is not."""
        flag = self._scope.flag(loop)
        if state[flag + COUNT] > self._limit.first:
            return True
        outer = self._scope.loops[loop][0]
        state[flag + SINK] = None if outer < 0 else state[self._scope.flag(outer) + SINK]
        return False

    def begin(self, state: State, loop: int, opening: Any, began: float, weight: int = 1) -> None:
        """An iteration begins that is held back; ``opening`` tells which values hold."""
        flag, every = self._scope.flag(loop), self._limit.every
        window = state[flag + WINDOW]
        if window is None:
            window = state[flag + WINDOW] = Window(self._limit.last, self._tell)
        wanted = every > 0 and state[flag + COUNT] % every == 0
        held = Held(opening, [], wanted, weight, began)
        state[flag + SINK] = self._taking(held.items)
        window.begin(held, self._sink(state, loop))

    def _taking(self, items: list[Any]) -> Callable[[Any], object]:
        """What takes what is held back; nothing may rely on what that tells of objects."""
        forget = self._forget
        if forget is None:
            return items.append
        forget()

        def take(item: Any) -> None:
            items.append(item)
            forget()

        return take

    def flush(self, state: State, loop: int) -> bool:
        """A loop ends, or has to tell now what it holds; whether it holds anything."""
        flag = self._scope.flag(loop)
        window = state[flag + WINDOW]
        if window is None or window is MISSING:
            return False
        window.flush(self._sink(state, loop))
        return True
