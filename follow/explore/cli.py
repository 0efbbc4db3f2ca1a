"""The commands that ask a trace: ``list``, ``at``, ``line``, ``var``, ``calls``, ``tree``, ``why``, ``diff``."""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import sys
from collections.abc import Iterable, Iterator
from typing import Any

from ..copies import plain
from ..state import MISSING
from ..trace.access import Change
from ..trace.reader import Trace, load
from ..trace.summary import summarise
from ..variables import PARTS
from .answer import answer
from .calls import Call
from .condition import Condition
from .diff import diff
from .run import Run
from .table import Table, add_command
from .target import NotFound
from .text import Lines, shown, shown_value

_MANY = 100_000
"""More rows than these are not counted before some are shown."""


def register(commands: Any) -> None:
    """Add the commands to the command line's."""
    add_command(commands, "list", "summarise a trace", _list)
    add_command(commands, "at", "show one event, and those around it", _at, ("sequence", "the event's number"))
    line = add_command(commands, "line", "show each time that a line ran", _line, ("place", "FILE:LINE"))
    line.add_argument("--if", dest="condition", metavar="EXPR", help="only where this held, such as 'n > 3'")
    var = add_command(commands, "var", "show the values that a variable has had", _var, ("name", "the variable"))
    var.add_argument("--in", dest="call", metavar="CALL", help="only in this call or function: name#number or name")
    add_command(commands, "calls", "show the calls of a function", _calls, ("name", "the function"))
    add_command(commands, "tree", "show who called whom", _tree)
    asked = ("question", "NAME, NAME@EVENT, NAME.ATTRIBUTE, NAME[KEY], return, exception")
    why = add_command(commands, "why", "show where a value came from", _why, asked)
    why.add_argument("--full", action="store_true", help="all causes, not only the nearest")
    why.add_argument("--not", dest="absent", action="store_true", help="the question is FILE:LINE: why it did not run")
    two = commands.add_parser("diff", help="show where two runs part")
    two.add_argument("left", metavar="FILE")
    two.add_argument("right", metavar="FILE")
    two.add_argument("--json", action="store_true", help="as JSON")
    two.set_defaults(run=_diff)


def _trace(path: str) -> Trace:
    try:
        return load(path)
    except OSError as error:
        raise NotFound(f"{path} cannot be read ({error}).") from error


def _list(options: argparse.Namespace) -> int:
    summary = summarise(_trace(options.file))
    if not options.json:
        print("\n".join(summary.head()))
    Table(options).show(summary.rows(), len(summary.functions), about=summary.fields())
    return 0 if summary.events else 1


def _row(lines: Lines, index: int) -> tuple[str, Any]:
    return lines.line(index), lines.fields(index)


def _at(options: argparse.Namespace) -> int:
    text = options.sequence.lstrip("ECRXY")
    if not text.isdigit():
        raise NotFound(f"{options.sequence}: an event is called by its number, as E000041 or 41.")
    run = Run(_trace(options.file))
    lines = Lines(run)
    index = run.position(int(text))
    if index >= len(run.events) or run.events[index].sequence != int(text):
        raise NotFound(f"{options.file} has no event {text}.")
    found = range(max(index - 3, 0), min(index + 4, len(run.events)))
    for one in found:
        if options.json and one == index:
            print(json.dumps(lines.fields(one), indent=1))
        elif not options.json:
            print(("> " if one == index else "  ") + lines.line(one))
    if not options.json:
        print(f"# next: {shlex.join(['follow', 'why', options.file, f'@{int(text)}'])}")
    return 0


def _line(options: argparse.Namespace) -> int:
    file, _, number = options.place.rpartition(":")
    if not file or not number.isdigit():
        raise NotFound(f"{options.place}: a place is written FILE:LINE.")
    try:
        condition = Condition(options.condition) if options.condition else None
    except ValueError as error:
        raise NotFound(str(error)) from error
    run = Run(_trace(options.file))
    lines = Lines(run)

    def rows() -> Iterator[tuple[str, Any]]:
        for index, event in enumerate(run.events):
            statement = event.statement
            if statement is None or statement.line != int(number) or not _is_file(run.of[index].file, file):
                continue
            if condition is None or condition.holds(_values(run, index, condition)):
                yield _row(lines, index)

    code = Table(options).show(rows())
    lost = 0 if options.json else run.count_left_out(int(number), lambda path: _is_file(path, file))
    if lost:
        print(f"# {lost:,} iterations of loops round that line were left out (loop_limit)")
        return 0
    return code


def _values(run: Run, index: int, condition: Condition) -> dict[str, Any]:
    """The values of a condition's variables once an event has happened."""
    return {name: plain(run.value_before(index + 1, name, run.of[index])) for name in condition.names}


def _is_file(path: str, wanted: str) -> bool:
    return f"/{path}".endswith(f"/{os.path.normpath(wanted)}")


def _var(options: argparse.Namespace) -> int:
    trace = _trace(options.file)
    function, _, call = (options.call or "").partition("#")
    if call and not call.isdigit():
        raise NotFound(f"--in {options.call}: a call is written name#number.")
    number = int(call) if call else None
    history = trace.history(options.name, function=function or None, call=number)
    if options.name.isidentifier():
        rows = (_change(change, options.name) for change in _written(history, options.name))
        many = not call and history.count > _MANY
        return Table(options).show(rows, history.count if many else None, at_most=many)
    base, suffix = _part(options.name)
    if not history.count and suffix:
        history = trace.history(base + PARTS, function=function or None, call=number)
    else:
        suffix = ""
    return Table(options).show(_changed(history, options.name, suffix))


def _written(history: Iterable[Change], name: str) -> Iterator[Change]:
    """The changes of a variable: an event may tell again what it knows to be as it was."""
    last: dict[int | str, str] = {}
    for change in history:
        event, value = change.event, shown_value(change.value, sys.maxsize)
        statement = event.statement if event.kind == "statement" else None
        told_all = statement is None or statement.kind in ("except", "case")
        wrote = not told_all and statement is not None and name in statement.bound
        of_module = name in (event.globals or ()) or (event.function is not None and event.function.module)
        whose = event.piece.filename if of_module and event.piece is not None else event.call
        if value != last.get(whose, "unbound") or wrote:
            yield change
        last[whose] = value


def _part(name: str) -> tuple[str, str]:
    """Of ``x[0]`` or ``x.name`` the variable, and which of its items or attributes; that is "" of other names."""
    end = name.rfind("[") if name.endswith("]") else name.rfind(".")
    return (name[:end], name[end:]) if end > 0 else (name, "")


def _changed(history: Any, name: str, suffix: str) -> Iterator[tuple[str, Any]]:
    """The changes of what is computed after each statement: an expression, or an item or attribute of a variable."""
    last: dict[int, str] = {}
    for change in history:
        value = change.value
        if suffix:
            value = value.get(suffix, MISSING) if type(value) is dict else MISSING
        call = change.event.call
        text = shown_value(value, sys.maxsize)
        if text != last.get(call, "unbound"):
            yield _told(change._replace(value=value), name)
        last[call] = text


def _change(change: Change, name: str) -> tuple[str, Any]:
    text, known = _told(change, name)
    event, written = change.event, re.sub(r"^_[^_]\w*?(?=__)", "", name)  # as the source of a class has it
    elsewhere = change.value is not MISSING and event.kind == "statement" and event.left_out is None
    if elsewhere and not re.search(rf"(?<!\w){written}\b", event.text):
        return f"{text}\t(changed by then, through another name or in a call: see follow why)", {
            **known,
            "changed_elsewhere": True,
        }
    return text, known


def _told(change: Change, name: str) -> tuple[str, Any]:
    event = change.event
    file = event.piece.filename if event.piece is not None else ""
    line = event.statement.line if event.statement is not None else event.function.line if event.function else 0
    call = f"{event.function.name if event.function else '?'}#{event.call}"
    statement = event.text or event.kind
    value = shown_value(change.value)
    text = f"E{event.sequence:06}\t{os.path.basename(file)}:{line}\t{call}\tW {name}={value}\t{statement}"
    known = {"event": event.sequence, "file": file, "line": line, "call": call, "value": value}
    return text, {**known, "statement": statement}


def _calls(options: argparse.Namespace) -> int:
    run = Run(_trace(options.file))

    def rows() -> Iterator[tuple[str, Any]]:
        for call in run.calls.values():
            function = call.function
            if function is not None and options.name in (function.name, function.qualname):
                yield _call(run, call, 0)

    return Table(options).show(rows())


def _tree(options: argparse.Namespace) -> int:
    run = Run(_trace(options.file))

    def rows() -> Iterator[tuple[str, Any]]:
        pending = [(call, 0) for call in reversed(run.calls.values()) if call.parent is None]
        while pending:
            call, depth = pending.pop()
            yield _call(run, call, depth)
            pending += ((child, depth + 1) for child in reversed(call.made))

    return Table(options).show(rows())


def _call(run: Run, call: Call, depth: int) -> tuple[str, Any]:
    """A call as a row: its arguments, and how it ended."""
    first = run.events[call.begin].sequence if call.begin >= 0 else 0
    given = run.events[call.begin].forms if call.begin >= 0 else {}
    arguments = ", ".join(f"{name}={shown(form, 40)}" for name, form in given.items() if form is not MISSING)
    last = run.events[call.events[-1]] if call.events else None
    end = f" !! {call.left}" if call.left else ""
    if last is not None and not end and (last.has_result or last.exception):
        end = f" -> {shown(last.result_form, 60)}" if last.has_result else f" !! {last.exception}"
    line = 0 if call.function is None else call.function.line
    text = f"C{first:06}\t{os.path.basename(call.file)}:{line}\t{'  ' * depth}{call.name}({arguments}){end}"
    known = {"event": first, "call": call.name, "file": call.file, "line": line, "depth": depth}
    return text, {**known, "arguments": {name: shown(form) for name, form in given.items()}, "end": end.strip()}


def _why(options: argparse.Namespace) -> int:
    found = answer(Run(_trace(options.file)), options.question, full=options.full, absent=options.absent)
    if options.absent and not options.json:
        print(found)
        return 0
    code = Table(options).show(((cause.text, cause.fields) for cause in found), len(found))
    if not options.json and found.note:
        print(found.note)
    return code


def _diff(options: argparse.Namespace) -> int:
    left, right = Run(_trace(options.left)), Run(_trace(options.right))
    found = diff(left, right)
    if options.json:
        print(json.dumps(None if found is None else _divergence(left, right, found), indent=1))
        return 0 if found is None else 1
    if found is None:
        print("# the two runs did the same")
        return 0
    if found.changed >= 0 and found.changed != found.left:
        print(f"changed\t{Lines(left).line(found.changed)}")
    print(f"{found.kind}\t{found.text}")
    for side, run, index in (("left", left, found.left), ("right", right, found.right)):
        if index >= 0:
            print(f"{side}\t{Lines(run).line(index)}")
    return 1


def _divergence(left: Run, right: Run, found: Any) -> dict[str, Any]:
    sides = (("left", left, found.left), ("right", right, found.right), ("changed", left, found.changed))
    events = {side: Lines(run).fields(index) if index >= 0 else None for side, run, index in sides}
    return {"kind": found.kind, "text": found.text, **events}
