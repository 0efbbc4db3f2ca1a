"""What a question is about: ``NAME``, ``NAME@SEQUENCE``, ``return`` or ``exception``."""

from __future__ import annotations

from bisect import bisect_right

from ..copies import identity
from ..errors import FollowError
from .run import WHOLE, Run
from .writes import Writes


class NotFound(FollowError):
    """Nothing in the trace answers to what was asked for; the message says what."""


def target(run: Run, question: str) -> tuple[int, str]:
    """The event that a question is about, and the variable (or nothing).

    Arguments:
        run: the recorded run.
        question: a variable's name, ``return`` or ``exception``; with ``@SEQUENCE`` as of that event, else the
            last time.

    Raises:
        NotFound: there is no such variable, or no such event.
    """
    name, _, number = question.partition("@")
    last = len(run.events) - 1
    if number:
        if not number.lstrip("Ee").isdigit():
            raise NotFound(f"{question}: after @ comes an event's number, as in {name or 'x'}@41.")
        last = run.position(int(number.lstrip("Ee")))
        if last >= len(run.events) or run.events[last].sequence != int(number.lstrip("Ee")):
            raise NotFound(f"{question}: there is no event {number}; the last one is {run.events[-1].sequence}.")
    if name in ("", "return", "exception") or (name == "yield" and number):
        return _outcome(run, name, last, exactly=bool(number)), ""
    call = run.of[last] if number else None
    found = -1
    for one in [call] if call is not None else run.calls.values():
        writes = one.writes.get(name, [])
        place = bisect_right(writes, last)
        if place:
            found = max(found, _last_change(run, writes[place - 1], name, last))
    if found < 0 and call is not None:
        before = run.write_before(call, name, last + 1)
        found = -1 if before is None else before[0]
    if found < 0:
        known = sorted({name for one in run.calls.values() for name in one.writes})
        raise NotFound(
            f"{name} was never written in what is recorded{' before that' if number else ''}; "
            f"variables are {', '.join(known[:12])}{' …' if len(known) > 12 else ''}."
        )
    return found, name


def _last_change(run: Run, at: int, name: str, last: int) -> int:
    """The event that wrote a variable, or changed what it holds after that."""
    number = identity(run.form_of(at, name))
    changed = None if number is None else Writes(run).writer(number, WHOLE, last + 1)
    return at if changed is None else max(at, changed[0])


def _outcome(run: Run, name: str, last: int, *, exactly: bool) -> int:
    """The last event that returned from a call made by what is recorded, or raised."""
    for index in range(last, -1, -1):
        event = run.events[index]
        if exactly and not name:
            return index
        if name == "exception" and event.kind == "raise" and (event.statement is None or run.node(index)):
            return _innermost(run, index)
        if name != "exception" and event.has_result:
            return index
    raise NotFound(f"nothing that is recorded {'has raised' if name == 'exception' else 'has returned a value'}.")


def _innermost(run: Run, index: int) -> int:
    """The statement that raised first what has left the calls above it."""
    text = run.events[index].exception
    while index > 0:
        before = index - 1
        while before > 0 and run.events[before].kind == "leave":
            before -= 1
        if run.events[before].kind != "raise" or run.events[before].exception != text:
            return index
        index = before
    return index
