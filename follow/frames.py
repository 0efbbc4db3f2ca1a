"""The variables of a frame, read without leaving a trace in it."""

from __future__ import annotations

from collections.abc import Callable
from types import FrameType
from typing import Any

from .bounded import type_name
from .model import HIDDEN_LOCAL, Scope
from .state import LOCALS


def without_hidden_local(state: list[Any], found: object) -> object:
    """What ``locals()``, ``vars()`` or ``dir()`` gave, without follow's own entry."""
    if type(found) is dict:
        found.pop(HIDDEN_LOCAL, None)
        state[LOCALS] = found
    elif type(found) is list and HIDDEN_LOCAL in found:
        found.remove(HIDDEN_LOCAL)
        if state[LOCALS] is not None:  # before 3.13 dir() has brought it up to date
            state[LOCALS].pop(HIDDEN_LOCAL, None)
    return found


def variables_of(frame: FrameType, scope: Scope, given: dict[str, object] | None) -> dict[str, object]:
    """The variables of the frame that raised, without leaving a trace in it.

    Before 3.13 ``f_locals`` is one dict a frame, brought up to date whenever it is read. ``given`` is that
    dict where ``locals()`` has given it to the program, and is put back as it was; otherwise it is
    emptied, for it would keep the values alive.
    """
    before = None if given is None else dict(given)
    found = frame.f_locals
    result = dict(found)
    result.pop(HIDDEN_LOCAL, None)
    if before is not None and found is given:
        found.clear()
        found.update(before)
    elif type(found) is dict and scope.hidden and not scope.namespace:
        found.clear()
    return result


def describe_exception(error: BaseException, message: Callable[[str], str]) -> str:
    """``"ZeroDivisionError: division by zero"``: the last line of a traceback.

    Arguments:
        error: the exception, which is asked for its text.
        message: gives what is shown of that.
    """
    kind = type_name(type(error))
    try:
        text = message(str(error))
    except Exception:
        text = "<str() failed>"
    return f"{kind}: {text}" if text else kind
