"""For probes: what was left out of loops of which not all iterations are recorded, and what is held back of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .elision import left_out_of
from .looplimit import LoopLimit
from .model import Scope, Site
from .state import MISSING, SINK, WINDOW
from .window import Tell, Windows

State = list[Any]


class Looping:
    """The loops of one rewritten piece of source.

    Arguments:
        limit: which iterations are recorded.
        tell: makes what tells that iterations were left out.
        out: where everything goes in the end.
        clock: when the record before was, in seconds.
        report: calls what hands records on, as probes do.
        forget: forgets what was told of objects: what is held back may never be, and what is left out may have changed
            them; None where nothing relies on it.
    """

    def __init__(
        self,
        limit: LoopLimit,
        tell: Tell,
        out: Callable[[Any], object],
        clock: Callable[[State], float],
        report: Callable[[State, Callable[[float], None]], None],
        forget: Callable[[], None] | None = None,
    ) -> None:
        self._limit = limit
        self._tell = tell
        self._out = out
        self._clock = clock
        self._report = report
        self._forget = forget
        self._windows: dict[int, Windows] = {}
        self._tellers: dict[tuple[int, int], Callable[..., int]] = {}

    def left_out(self, scope: Scope, loop: int) -> Callable[..., int]:
        """What tells of a call's state how many iterations of a loop were left out since that was told last."""
        key = scope.number, loop
        if key not in self._tellers:
            self._tellers[key] = left_out_of(scope, loop, self._limit)
        return self._tellers[key]

    def telling(self, scope: Scope, site: Site) -> dict[str, object]:
        """What a probe needs that tells what was left out, or with which values an iteration begins."""
        if not scope.windows:
            return {"left_out": self._forgetting(self.left_out(scope, site.loop))}
        windows, loop = self._windows_of(scope), site.loop

        def begin(state: State, opening: Any) -> None:
            windows.begin(state, loop, opening, self._clock(state))

        return {"left_out": self._forgetting(lambda state: windows.holds(state, loop)), "begin": begin}

    def _forgetting(self, left_out: Callable[[State], int]) -> Callable[[State], int]:
        """The same; where there is something to be told of a loop, objects are told as if for the first time."""
        forget = self._forget
        if forget is None:
            return left_out

        def tell(state: State) -> int:
            count = left_out(state)
            if count:
                forget()
            return count

        return tell

    def flush(self, scope: Scope, loop: int, state: State, *values: object) -> None:
        """A loop is left, of which the last iterations were held back."""
        windows, flag = self._windows_of(scope), scope.flag(loop)
        if state[flag + WINDOW] in (None, MISSING):  # nothing is held back, or it has never begun
            return

        def flush(_: float) -> None:
            windows.flush(state, loop)

        self._report(state, flush)
        state[flag + SINK] = state[flag + WINDOW] = None

    def begin_again(self, state: State, scope: Scope, loops: list[int], opening: Callable[[int], Any]) -> None:
        """Hand on what loops hold back, before a record that is made in any case.

        Arguments:
            state: the call's.
            scope: the function.
            loops: the loops around the record's statement, the outermost first.
            opening: tells for a loop which values hold: the rest of its iteration is held back again.
        """
        windows = self._windows_of(scope)
        held = [loop for loop in reversed(loops) if windows.flush(state, loop)]
        for loop in reversed(held):
            windows.begin(state, loop, opening(loop), self._clock(state), 0)

    def _windows_of(self, scope: Scope) -> Windows:
        if scope.number not in self._windows:
            self._windows[scope.number] = Windows(scope, self._limit, self._tell, self._out, self._forget)
        return self._windows[scope.number]
