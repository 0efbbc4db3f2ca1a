"""``why --not``: why a line did not run, by the conditions that kept it from running."""

from __future__ import annotations

import ast
import os
from bisect import bisect_right
from dataclasses import dataclass

from .calls import Call
from .reads import Reader
from .run import Run
from .static import Node, inside
from .target import NotFound


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason.

    Attributes:
        index: the event of the condition in the run; -1 if nothing of it is recorded.
        text: the reason.
        values: the names that the condition read, and what they were.
    """

    index: int
    text: str
    values: tuple[tuple[str, object], ...] = ()


def why_not(run: Run, place: str) -> list[Reason]:
    """Why a line did not run: the nearest conditions first.

    Arguments:
        run: the recorded run.
        place: ``FILE:LINE``; the file by the end of its path.

    Returns:
        The reasons; if the line did run, the one that says so.

    Raises:
        NotFound: no such file is recorded, or no statement begins on the line.
    """
    file, _, number = place.rpartition(":")
    if not file or not number.isdigit():
        raise NotFound(f"{place}: a place is written FILE:LINE.")
    line = int(number)
    files = sorted({one.file for one in run.calls.values() if f"/{one.file}".endswith(f"/{os.path.normpath(file)}")})
    if not files:
        known = sorted({os.path.basename(one.file) for one in run.calls.values() if one.file})
        raise NotFound(f"{file} is not in what is recorded; files are {', '.join(known[:10])}.")
    code = run.code(files[0])
    nodes = [node for (at, _), node in code.nodes.items() if at == line]
    if not nodes:
        raise NotFound(f"{place}: no statement begins there.")
    node = nodes[0]
    times = [index for index in range(len(run.events)) if run.node(index) is node and run.of[index].file == files[0]]
    if times:
        first = run.events[times[0]].sequence
        more = " (and perhaps in iterations that were left out)" if _lost(run, node, files[0]) else ""
        return [Reason(times[-1], f"it did run, {_times(len(times))}; first as event {first}{more}")]
    owner = code.function.get(node)
    calls = [call for call in run.calls.values() if call.file == files[0] and _is(call, owner)]
    if not calls:
        name = getattr(owner, "name", "<module>")
        return [Reason(-1, f"{name} (line {getattr(owner, 'lineno', 1)}), in which it stands, was never called")]
    if not _is_told(run, node, calls):
        return [Reason(-1, _UNTOLD)]
    lost = _lost(run, node, files[0])
    if lost:
        text = f"not recorded: {sum(lost.values()) or 1:,} iterations of the loop round it were left out (loop_limit)"
        return [Reason(next(iter(lost)), text)]
    return _conditions(run, node, calls, files[0])


_TRIES = tuple(getattr(ast, name) for name in ("Try", "TryStar") if hasattr(ast, name))


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count:,} times"


def _raised_in(run: Run, node: ast.AST, index: int) -> str:
    """The exception that was raised in a ``try`` that an event has entered."""
    call = run.of[index]
    suite = inside(node) if isinstance(node, ast.stmt) else frozenset()
    for at in call.events[bisect_right(call.events, index) :]:
        if run.nodes[at] not in suite:
            break
        event = run.events[at]
        if event.kind == "raise":
            return f": {event.exception} was raised at line {getattr(run.nodes[at], 'lineno', 0)}"
    return ""


_UNTOLD = (
    "not recorded: no event tells of this statement, whether it ran or not (of print() some do with follow_prints, "
    "of a class body none)"
)


def _is_told(run: Run, node: Node, calls: list[Call]) -> bool:
    """Whether there would be events of a statement if it ran: what was followed is known of each function."""
    for call in calls:
        first = call.begin if call.begin >= 0 else next(iter(call.events), -1)
        event = run.events[first] if first >= 0 else None
        if event is None or event.piece is None or event.function is None:
            continue
        code = run.code(event.piece.filename)
        known = run.trace.statements_of(event.piece, event.function)
        return not known or any(code.node(one.line, one.column, one.kind) is node for one in known)
    return True


def _lost(run: Run, node: Node, file: str) -> dict[int, int]:
    """The events that tell that iterations of loops round a statement were left out, and how many."""
    found: dict[int, int] = {}
    for indexes in run.left_out.values():
        for index in indexes:
            loop = run.loop_left_out(index)
            if loop is not None and run.of[index].file == file and node in inside(loop):
                found[index] = run.events[index].left_out or 0
    return found


def _is(call: Call, owner: ast.AST | None) -> bool:
    function = call.function
    if function is None or owner is None:
        return False
    if isinstance(owner, ast.Module):
        return function.module
    end: int = getattr(owner, "end_lineno", 0) or 0
    return function.name == getattr(owner, "name", "") and _begins(owner) <= function.line <= end


def _begins(owner: ast.AST) -> int:
    lines: list[int] = [getattr(one, "lineno", 0) for one in (owner, *getattr(owner, "decorator_list", ()))]
    return min(lines)


def _conditions(run: Run, node: Node, calls: list[Call], file: str) -> list[Reason]:
    """The conditions that control a statement: those that ran say why, else those that control them."""
    code, reasons = run.code(file), []
    seen: set[Node] = set()
    pending = list(code.controls.get(node, ()))
    if not pending:
        last = max((call.events[-1] for call in calls if call.events), default=-1)
        text = f"{calls[-1].name} ended before it" if last >= 0 else f"{calls[-1].name} ran none of its statements"
        return [Reason(last, text)]
    reader = Reader(run)
    while pending:
        condition = pending.pop(0)
        if condition in seen:
            continue
        seen.add(condition)
        times = [index for call in calls for index in call.events if run.node(index) is condition]
        if not times:
            pending += code.controls.get(condition, ())
            continue
        held = node in inside(condition) if isinstance(condition, ast.stmt) else True
        way = "never led to it" if held else "always led elsewhere"
        last = times[-1]
        if isinstance(condition, _TRIES):
            reasons.append(
                Reason(last, f"was entered {_times(len(times))} and {way}{_raised_in(run, condition, last)}")
            )
            continue
        names = {read.name: None for read in reader.reads(last) if read.name}
        values = tuple((name, run.value_before(last, name)) for name in names if run.is_known(name))
        reasons.append(Reason(last, f"was evaluated {_times(len(times))} and {way}", values))
    return reasons or [Reason(-1, "none of the conditions before it was reached")]
