"""What a trace holds, in a few lines: ``follow list``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from .reader import Trace

_MOST = 10
"""So many exceptions are named."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a trace holds.

    Attributes:
        trace: the trace.
        events, calls, threads: how many there are.
        seconds: from its first event to its last.
        functions: by file, first line and name, how often each was called, and how many events it has.
        exceptions: by what they say, how many calls were left by them.
    """

    trace: Trace
    events: int
    calls: int
    threads: int
    seconds: float
    functions: dict[tuple[str, int, str], tuple[int, int]]
    exceptions: Counter[str]

    def head(self) -> Iterator[str]:
        """What is said of the trace as a whole, as text."""
        header = self.trace.header
        arguments = printable(" ".join(map(str, header["arguments"]))) or "no arguments"
        yield f"{printable(str(self.trace.path))}: process {header['process']}, {arguments}"
        yield (
            f"{self.events:,} events, {self.calls:,} calls, {self.threads} threads, {self.seconds:.3f} s; "
            f"{self.trace.dropped:,} events dropped"
        )
        if self.trace.problem:
            yield printable(self.trace.problem)
        for text, count in self.exceptions.most_common(_MOST):
            yield f"{count:>12,} calls left by {printable(text)}"
        if len(self.exceptions) > _MOST:
            yield f"… and by {len(self.exceptions) - _MOST:,} other exceptions"

    def rows(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """The functions, those with most events first: text (a place is written ``file.py:line``) and JSON of each."""
        for (file, line, name), (calls, events) in sorted(self.functions.items(), key=lambda item: -item[1][1]):
            text = f"{events:>12,} events {calls:>10,} calls  {printable(file)}:{line}  {printable(name)}"
            yield text, {"function": name, "file": file, "line": line, "events": events, "calls": calls}

    def fields(self) -> dict[str, Any]:
        """The head, for JSON."""
        header = self.trace.header
        return {
            "process": header["process"],
            "arguments": header["arguments"],
            "events": self.events,
            "calls": self.calls,
            "threads": self.threads,
            "seconds": self.seconds,
            "dropped": self.trace.dropped,
            "problem": self.trace.problem,
            "exceptions": [{"exception": text, "calls": count} for text, count in self.exceptions.most_common()],
        }


def printable(text: str) -> str:
    """A text on one line that a terminal shows as it is: control characters and lone surrogates are escaped."""
    return "".join(one if one.isprintable() else ascii(one)[1:-1] for one in text)


def summarise(trace: Trace) -> Summary:
    """Read a trace once, from start to end.

    Raises:
        TraceError: an event makes no sense.
    """
    events = 0
    first = last = 0
    calls: Counter[tuple[str, int, str]] = Counter()
    counts: Counter[tuple[str, int, str]] = Counter()
    exceptions: Counter[str] = Counter()
    threads: set[int] = set()
    for event in trace.events:
        events += 1
        first, last = first or event.time, event.time
        if event.kind == "leave":
            exceptions[event.exception or "?"] += 1
        if event.function is None or event.piece is None:
            continue
        place = event.piece.filename, event.function.line, event.function.qualname
        counts[place] += 1
        if event.kind == "call":
            calls[place] += 1
            threads.add(event.thread)
    functions = {place: (calls[place], count) for place, count in counts.items()}
    seconds = (last - first) / 1e9
    return Summary(trace, events, sum(calls.values()), len(threads), seconds, functions, exceptions)
