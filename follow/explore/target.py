"""What a question is about: ``NAME``, ``NAME@SEQUENCE``, ``NAME.ATTRIBUTE``, ``NAME[KEY]``, ``return`` or
``exception``.
"""

from __future__ import annotations

import ast
import re
from bisect import bisect_right

from ..copies import identity
from ..errors import FollowError
from ..state import MISSING
from .calls import Call
from .expressions import root_of
from .forms import item_at
from .run import WHOLE, Run
from .values import Values
from .writes import Writes


class NotFound(FollowError):
    """Nothing in the trace answers to what was asked for; the message says what."""


def target(run: Run, question: str) -> tuple[int, str]:
    """The event that a question is about, and the variable (or nothing).

    Arguments:
        run: the recorded run.
        question: a variable's name, an attribute or item such as ``order.lines[0]``, ``return`` or ``exception``;
            with ``@SEQUENCE`` as of that event, else the last time.

    Raises:
        NotFound: there is no such variable, or no such event.
    """
    asked = re.fullmatch(r"(.*)@[Ee]?(\d+)", question, re.DOTALL)
    name, number = asked.groups() if asked is not None else (question, "")
    last = len(run.events) - 1
    if not number and "@" in name and _part(name) is None:
        raise NotFound(f"{question}: after @ comes an event's number, as in {name.partition('@')[0] or 'x'}@41.")
    if number:
        last = run.position(int(number))
        if last >= len(run.events) or run.events[last].sequence != int(number):
            raise NotFound(f"{question}: there is no event {number}; the last one is {run.events[-1].sequence}.")
    if not name and not number:
        raise NotFound("The question is empty; it names a variable, or is return or exception.")
    if name in ("", "return", "exception") or (name == "yield" and number):
        return _outcome(run, name, last, exactly=bool(number)), ""
    call = run.of[last] if number else None
    found = _written(run, name, last, call)
    if found >= 0:
        return found, name
    part = _part(name)
    if part is not None:
        return _item_written(run, part, last, call), ast.unparse(part)
    known = sorted({name for one in run.calls.values() for name in one.writes})
    raise NotFound(
        f"{name} was never written in what is recorded{' before that' if number else ''}; "
        f"variables are {', '.join(known[:12])}{' …' if len(known) > 12 else ''}."
    )


def _written(run: Run, name: str, last: int, call: Call | None) -> int:
    """The event that wrote a variable last, or changed what it holds; -1 if there is none."""
    found = -1
    for one in [call] if call is not None else run.calls.values():
        writes = one.writes.get(name, [])
        place = bisect_right(writes, last)
        if place:
            found = max(found, _last_change(run, writes[place - 1], name, last))
    for (file, of_module), times in run.globals.items() if call is None else ():
        place = bisect_right(times, last) if of_module == name else 0
        if file and place:
            found = max(found, _last_change(run, times[place - 1], name, last))
    if call is not None and (found < 0 or (call.function is not None and call.function.module)):
        before = run.write_before(call, name, last + 1)
        found = max(found, -1 if before is None else before[0])
    return found


def _part(name: str) -> ast.Attribute | ast.Subscript | None:
    """An attribute or item of a variable as an expression; None if a name is none."""
    try:
        node = ast.parse(name, mode="eval").body
    except (SyntaxError, ValueError):
        return None
    return node if isinstance(node, (ast.Attribute, ast.Subscript)) and root_of(node) else None


def _item_written(run: Run, node: ast.Attribute | ast.Subscript, last: int, call: Call | None) -> int:
    """The event that wrote an attribute or an item last, or changed what that holds."""
    name, root, values, writes = ast.unparse(node), root_of(node), Values(run), Writes(run)
    if call is None:
        at = _written(run, root, last, None)
        if at < 0:
            raise NotFound(f"{name}: {root} was never written in what is recorded.")
        held = (one for one in run.calls.values() if one.writes.get(root))
        call = max(held, key=lambda one: one.writes[root][-1])
    base = values.value(node.value, last + 1, call)
    number = identity(base)
    is_attribute = isinstance(node, ast.Attribute)
    key = node.attr if isinstance(node, ast.Attribute) else values.key(node.slice, last + 1, base, call)
    if base is not MISSING and number is None and not is_attribute:  # a tuple or a string, which does not change
        return _written(run, root, last, call)
    if (
        number is not None
        and key is MISSING
        and isinstance(node, ast.Subscript)
        and not isinstance(node.slice, ast.Slice)
    ):
        raise NotFound(f"{name}: what {ast.unparse(node.slice)} was then is not recorded.")
    found = None if number is None else writes.writer(number, WHOLE if key is MISSING else key, last + 1)
    what = ast.unparse(node.value)
    if found is None and is_attribute and base is not MISSING:
        hint = "" if run.tells_objects else "; follow run --detail dataflow records them"
        raise NotFound(f"{name}: the attributes of {what} are not recorded{hint}.")
    if found is None:
        raise NotFound(f"{name}: what {what} held is not recorded.")
    if key is not MISSING and item_at(base, key) is MISSING:
        raise NotFound(f"{name}: {what} had none then; ask why {what} instead.")
    inner = identity(item_at(base, key))
    changed = None if inner is None else writes.writer(inner, WHOLE, last + 1)
    return found[0] if changed is None else max(found[0], changed[0])


def _last_change(run: Run, at: int, name: str, last: int) -> int:
    """The event that wrote a variable, or changed what it holds after that."""
    number = identity(run.form_of(at, name))
    if number is None:
        return at
    writes = Writes(run)
    changed = writes.writer(number, WHOLE, last + 1)
    inside = (index for index, _ in writes.changed_inside(number, at, last + 1))
    return max(at, -1 if changed is None else changed[0], *inside)


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
