"""How many iterations of a loop were left out since that was told last."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .looplimit import LoopLimit
from .model import Scope
from .state import COUNT, MISSING, TOLD


def loops_around(scope: Scope, loop: int) -> list[int]:
    """A loop and those around it, the outermost first."""
    found: list[int] = []
    while loop >= 0:
        found.append(loop)
        loop = scope.loops[loop][0]
    return found[::-1]


def left_out_of(scope: Scope, loop: int, limit: LoopLimit) -> Callable[..., int]:
    """What tells of a call how many iterations of a loop were left out since it told that last.

    Arguments:
        scope: the function.
        loop: the loop's number in it.
        limit: which iterations are recorded.

    Returns:
        A function of the call's state, and of how many of the iterations that have begun do not count.
    """
    flag, outer = scope.flag(loop), scope.loops[loop][0]
    around = -1 if outer < 0 else scope.flag(outer)
    count, told, left_out = flag + COUNT, flag + TOLD, limit.left_out

    def tell(state: list[Any], running: int = 0) -> int:
        if state[told] is MISSING or (around >= 0 and not state[around]):
            return 0  # it has never begun, or is itself in an iteration that is left out
        done = max(state[count] - running, state[told])
        number = left_out(done) - left_out(state[told])
        state[told] = done
        return number

    return tell
