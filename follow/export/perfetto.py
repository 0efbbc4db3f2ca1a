"""Chrome's trace-event JSON, which Perfetto and ``chrome://tracing`` show: calls and statements as slices."""

from __future__ import annotations

import json
import math
from typing import Any, TextIO

from ..trace.decode import Event
from ..trace.reader import Trace
from ..trace.stacks import Frame, walk
from .brief import MOST_VARIABLES, brief, brief_variables
from .tracks import Shown, Track, Tracks

MOST_COUNTERS = 500
"""So many variables are shown as counters, the first ones that hold numbers."""

_MOST_TEXT = 200
"""Characters kept of an instruction or of what an exception says."""


def export(trace: Trace, stream: TextIO) -> int:
    """Write a trace as trace-event JSON.

    A call and a statement are each a complete slice (``X``). A thread is a track, and so is a task: a coroutine
    with what it awaits itself. A generator has a track of its own as long as it lives. A variable that holds a
    number is a counter named by its function and itself, an exception an instant where a statement raised it.

    Arguments:
        trace: the trace.
        stream: where to.

    Returns:
        How many events of the trace there were.

    Raises:
        TraceError: an event makes no sense; what is written by then is closed as valid JSON.
    """
    writer = _Writer(trace, stream)
    stream.write('{"traceEvents":[\n')
    writer.meta("process_name", 0, " ".join(map(str, trace.header["arguments"])) or "python")

    def seen(event: Event, frame: Frame | None) -> None:
        if event.record is not None:
            writer.record(event)
        elif frame is not None:
            writer.event(event, frame)

    try:
        return walk(trace, seen, writer.close)
    finally:
        writer.end()


class _Writer:
    """Writes what is shown, one line each."""

    def __init__(self, trace: Trace, stream: TextIO) -> None:
        self._stream = stream
        self._process = trace.header["process"]
        self._start: int = trace.header["monotonic"]
        self._tracks = Tracks(lambda track: self.meta("thread_name", track.number, track.name))
        self._records: Track | None = None
        self._counters: set[str] = set()
        self._uncounted = 0
        self._between = ""

    def meta(self, name: str, thread: int, text: str) -> None:
        """Name the process or a track."""
        self._write({"ph": "M", "name": name, "pid": self._process, "tid": thread, "args": {"name": text}})

    def event(self, event: Event, frame: Frame) -> None:
        """Show an event of a call."""
        shown: Shown | None = frame.note
        if shown is None:
            shown = frame.note = Shown(self._tracks.of(frame), event.time)
        self._alone(frame, shown.track)
        statement, function = event.statement, event.function
        if function is None:
            return
        if statement is not None:
            begun, end = shown.statement(event.time)
            args: dict[str, Any] = {"line": statement.line, **_variables(event)}
            if event.has_result:
                args[statement.kind] = brief(event.result)
            self._slice("statement", event.text, shown.track, begun, end, args)
            if event.exception is not None:
                self._instant("exception", event.exception, shown.track, end, {"statement": statement.instruction})
        self._count(event, shown.clock)

    def record(self, event: Event) -> None:
        """Show a record that was made for other followers as well, of which there is no more than itself."""
        record = event.record or {}
        if self._records is None:
            self._records = self._tracks.new("records")
        variables = {one["var"]: brief(one["val"]) for one in record["local_vars"][:MOST_VARIABLES]}
        args = {"function": record["function"], "execution_time": record["execution_time"], "variables": variables}
        self._instant("record", record["instruction"], self._records, self._records.event(event.time), args)

    def close(self, frame: Frame) -> None:
        """Show a call, which has ended."""
        shown: Shown | None = frame.note
        if shown is not None:
            self._alone(frame, shown.track)
            self._close(frame, "" if frame.ended else "not recorded")
            self._tracks.free(frame, shown.track)

    def _alone(self, frame: Frame, track: Track) -> None:
        """What stands within a call that goes on is not awaited by it, after all: it gets a track of its own."""
        for above in self._tracks.above(frame, track):
            self._close(above, "goes on on another track")
            above.note = above.awaiter = None

    def _close(self, frame: Frame, end: str) -> None:
        shown: Shown = frame.note
        args: dict[str, Any] = {"call": frame.number}
        if frame.caller:
            args["caller"] = frame.caller
        if frame.piece is not None and frame.function is not None:
            args |= {"file": frame.piece.filename, "line": frame.function.line}
        if frame.entered:
            args["arguments"] = brief_variables(frame.entered)
        if frame.exception is not None:
            args["exception"] = frame.exception[:_MOST_TEXT]
        if end:
            args["end"] = end
        name = "?" if frame.function is None else frame.function.qualname
        self._slice("call", name, shown.track, shown.begun, shown.close(), args)

    def end(self) -> None:
        """Close the JSON."""
        other = {"follow": "calls and statements", "counters left out": self._uncounted}
        self._stream.write(f'\n],"otherData":{json.dumps(other)}}}\n')

    def _slice(self, kind: str, name: str, track: Track, begun: int, end: int, args: dict[str, Any]) -> None:
        times = {"ts": self._micros(begun), "dur": (end - begun) / 1_000}
        self._write({"ph": "X", "cat": kind, "name": name[:_MOST_TEXT], **self._on(track), **times, "args": args})

    def _instant(self, kind: str, name: str, track: Track, time: int, args: dict[str, Any]) -> None:
        place = {"ts": self._micros(time), "s": "t", **self._on(track)}
        self._write({"ph": "i", "cat": kind, "name": name[:_MOST_TEXT], **place, "args": args})

    def _count(self, event: Event, time: int) -> None:
        assert event.function is not None
        for name, form in event.forms.items():
            number = _number(form)
            if number is None or type(name) is not str:
                continue
            counter = f"{event.function.qualname}.{name}"
            if counter not in self._counters:
                if len(self._counters) >= MOST_COUNTERS:
                    self._uncounted += 1
                    continue
                self._counters.add(counter)
            place = {"pid": self._process, "ts": self._micros(time)}
            self._write({"ph": "C", "name": counter, **place, "args": {"value": number}})

    def _on(self, track: Track) -> dict[str, int]:
        return {"pid": self._process, "tid": track.number}

    def _micros(self, time: int) -> float:
        return float(time - self._start) / 1_000

    def _write(self, content: dict[str, Any]) -> None:
        self._stream.write(self._between + json.dumps(content, separators=(",", ":"), allow_nan=False))
        self._between = ",\n"


def _variables(event: Event) -> dict[str, Any]:
    """The variables that are new, as the arguments of a slice."""
    variables = brief_variables(event.forms)
    return {"variables": variables} if variables else {}


def _number(form: Any) -> float | None:
    """What a counter can show of a value: a finite number."""
    if type(form) is float:
        return form if math.isfinite(form) else None
    return float(form) if type(form) is int and form.bit_length() <= 1_000 else None


__all__ = ["MOST_COUNTERS", "export"]
