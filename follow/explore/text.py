"""Single events as text that people and programs can search: one a line, its parts separated by tabs."""

from __future__ import annotations

import os
from bisect import bisect_left
from typing import Any

from ..copies import identity, plain
from ..state import MISSING
from ..trace.decode import Event
from ..trace.lines import shown as shown_plain
from .calls import Call, last_before
from .reads import Reader
from .run import Run
from .static import yields

_MOST = 120
"""Characters kept of one value."""


def shown(form: object, most: int = _MOST) -> str:
    """A recorded value, given as its form, as text: bounded, and without addresses or line breaks."""
    return shown_value(plain(form), most)


def shown_value(value: object, most: int = _MOST) -> str:
    """The same of the value itself, as ``trace.history`` gives it."""
    return "unbound" if value is MISSING else shown_plain(value, most)


class Lines:
    """Writes the events of a run as lines.

    A line has the event's letter and number (E a statement, C a call that begins, R a return, Y a yield, X an
    exception), the place, the call, the iterations of the loops around it, what it wrote (W) and read (R, with the
    number of the event that had written it), the event that decided it (C@), and the statement.

    Arguments:
        run: the run.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._reader = Reader(run)

    def fields(self, index: int) -> dict[str, Any]:
        """An event's parts by name, for JSON."""
        run = self._run
        event, call = run.events[index], run.of[index]
        found: dict[str, Any] = {
            "event": event.sequence,
            "kind": self._letter(index, event),
            "file": call.file,
            "line": _line_of(event, call),
            "call": call.name,
            "iteration": self._iteration(index, call),
            "wrote": self._writes(index, event),
            "read": self._reads(index),
        }
        decided = run.control_parent(index)
        found["decided_by"] = run.events[decided].sequence if decided >= 0 else None
        if event.left_out is not None:
            found["left_out"] = event.left_out
        if event.has_result:
            found["result"] = shown(event.result_form)
        if event.exception is not None:
            found["exception"] = event.exception
        found["statement"] = event.text or _what(event, call)
        return found

    def line(self, index: int) -> str:
        """An event as a line."""
        return self.line_of(self.fields(index))

    @staticmethod
    def line_of(found: dict[str, Any]) -> str:
        """The line that shows an event's parts."""
        parts = [
            f"{found['kind']}{found['event']:06}",
            f"{os.path.basename(found['file'])}:{found['line']}",
            found["call"],
        ]
        if found["iteration"]:
            parts.append(f"it={':'.join(map(str, found['iteration']))}")
        for name, value, before in found["wrote"]:
            parts.append(f"W {name}={value}" + ("" if before is None else f" (was {before})"))
        parts += (f"R {name}={value}@{at}" for name, value, at in found["read"])
        if "result" in found:
            parts.append(f"-> {found['result']}")
        if "exception" in found:
            parts.append(f"!! {found['exception']}")
        if found["decided_by"] is not None:
            parts.append(f"C@{found['decided_by']}")
        return "\t".join([*parts, found["statement"]])

    def _letter(self, index: int, event: Event) -> str:
        if event.kind == "call":
            return "C"
        if event.kind in ("raise", "leave"):
            return "X"
        if yields(self._run.node(index)):
            return "Y"
        return "R" if event.has_result else "E"

    def _writes(self, index: int, event: Event) -> list[tuple[str, str, str | None]]:
        run, found = self._run, []
        for key, form in event.told.items():
            name = _name(run.of[index], key)
            if form is MISSING and event.kind == "call":
                continue
            before = run.value_before(index, name) if event.kind != "call" else MISSING
            if before is MISSING and event.globals and key in event.globals:  # known by another name
                number = identity(form)
                before = MISSING if number is None else run.latest(number, index)
            if event.kind == "call" or shown(form) != shown(before) or index in run.of[index].writes.get(name, ()):
                found.append((name, shown(form), None if before is MISSING else shown(before)))
        return found

    def _reads(self, index: int) -> list[tuple[str, str, int]]:
        run, found = self._run, []
        for name in {read.name: None for read in self._reader.reads(index) if read.name}:
            at = run.write_before(run.of[index], name, index)
            if at is not None:
                value = run.value_before(index, name)
                untold = value is MISSING and run.events[at[0]].told.get(name) is not MISSING
                found.append((name, "?" if untold else shown(value), run.events[at[0]].sequence))
        return found

    def _iteration(self, index: int, call: Call) -> list[int]:
        """How often each loop around the event has begun an iteration, the outermost first."""
        run = self._run
        node = run.node(index)
        loops = () if node is None else run.code(call.file).loops.get(node, ())
        counts: list[int] = []
        for loop in loops:
            outer = [one for one in loops if one.lineno < loop.lineno]  # type: ignore[union-attr]
            start = max((last_before(call.times.get(one, ()), index) for one in outer), default=-1)
            times = call.times.get(loop, ())
            count = bisect_left(times, index) - bisect_left(times, start + 1)
            for at in run.left_out.get(call.number, ()):
                if start < at < index and run.loop_left_out(at) is loop:
                    count += run.events[at].left_out or 0
            counts.append(count)
        return counts[::-1]


def _name(call: Call, key: Any) -> str:
    slots = () if call.function is None else call.function.slots
    return slots[key] if type(key) is int and slots else str(key)


def _line_of(event: Event, call: Call) -> int:
    if event.statement is not None:
        return event.statement.line
    return 0 if call.function is None else call.function.line


def _what(event: Event, call: Call) -> str:
    name = "?" if call.function is None else call.function.name
    return {"call": f"call {name}", "leave": f"an exception leaves {name}"}.get(event.kind, event.kind)
