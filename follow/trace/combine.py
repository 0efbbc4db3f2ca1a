"""``follow combine``: the traces of several processes become one, in the order of time."""

from __future__ import annotations

import heapq
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from itertools import chain
from pathlib import Path
from typing import Any

from ..errors import TraceError
from ..events import RAISED, RECORD, SILENCE, TIME
from .columns import packed_events
from .file import FrameReader, FrameWriter, frame, framed
from .reader import NONSENSE, Meanings, Trace

BASES = 1 << 32
"""The ids of each process start at a multiple of this."""
THREADS = 1 << 48
"""So do the identifiers of its threads."""
_CHUNK = 1 << 14
"""So many items make a frame."""
_SAME_BOOT = 10_000_000_000
"""Clocks that differ by less (ns) are one machine's: its wall clock may have been set meanwhile."""


def combine(
    paths: Sequence[str | os.PathLike[str]], output: str | os.PathLike[str], warn: Callable[[str], None]
) -> int:
    """Write the events of several traces into one, in the order of time; the traces stay as they are.

    Each is read as a stream. Of a trace that is damaged, what could be read is kept.

    Arguments:
        paths: the traces.
        output: the new trace; it must not be one of them.
        warn: is told of each trace that could not be read, or not to its end.

    Returns:
        How many traces are in it.

    Raises:
        OSError: the new trace cannot be written.
        TraceError: none of the traces can be read, or the new one is one of them.
    """
    output = Path(output)
    if any(output.resolve() == Path(path).resolve() for path in paths):
        raise TraceError(f"{output} is one of the traces that are to be combined; write to another file.")
    traces: list[Trace] = []
    for path in paths:
        try:
            trace = Trace(path)
            _ = trace.origin
            traces.append(trace)
        except (TraceError, OSError) as error:
            warn(f"{path} is left out: {error}")
    if not traces:
        raise TraceError("None of the traces can be read, so there is nothing to combine.")
    temporary = output.with_name(f"{output.name}.{os.getpid()}")
    writer = FrameWriter(str(temporary))
    try:
        _write(traces, writer, warn)
        writer.close()
        os.replace(temporary, output)
    except BaseException:
        writer.close()
        with suppress(OSError):
            temporary.unlink()
        raise
    return len(traces)


def _write(traces: list[Trace], writer: FrameWriter, warn: Callable[[str], None]) -> None:
    first = min(traces, key=lambda trace: trace.origin.wall)
    processes: list[list[Any]] = []
    shards: list[_Shard] = []
    for index, trace in enumerate(traces):
        slot = len(processes)
        shards.append(_Shard(trace, slot, index, len(traces), _shift(trace, first)))
        processes += ([slot * BASES + base, header] for base, header in trace.processes)
    writer.write(frame("header", first.header), frame("processes", processes))
    events: list[list[Any]] = []
    size = 0
    for _, event in heapq.merge(*(shard.events(warn) for shard in shards), key=lambda event: event[0]):
        events.append(event)
        size += len(event)
        if size >= _CHUNK:
            _flush(events, shards, writer)
            size = 0
    _flush(events, shards, writer)
    dropped = sum(trace.dropped for trace in traces)
    writer.write(frame("end", {"dropped": dropped, "time": max(shard.last for shard in shards)}))


def _flush(events: list[list[Any]], shards: list[_Shard], writer: FrameWriter) -> None:
    """Write what the events mean, as far as it was read meanwhile, and then the events."""
    frames = [one for shard in shards for one in shard.definitions]
    for shard in shards:
        shard.definitions.clear()
    writer.write(*frames, *_frames(events))
    events.clear()


def _frames(events: list[list[Any]]) -> list[bytes]:
    """The frames of some events: several if they are too much for one."""
    if not events:
        return []
    try:
        lengths = {event[0]: len(event) for event in events}
        return [framed(packed_events(list(chain.from_iterable(events)), lengths)[0])]
    except ValueError:
        middle = len(events) // 2
        return [*_frames(events[:middle]), *_frames(events[middle:])]


def _shift(trace: Trace, first: Trace) -> int:
    """What is added to a trace's times, so that they are of the first one's clock."""
    mine, its = trace.origin, first.origin
    difference = (mine.wall - mine.monotonic) - (its.wall - its.monotonic)
    same = trace.header.get("host") == first.header.get("host") and abs(difference) < _SAME_BOOT
    return 0 if same else difference


class _Shard:
    """One trace on its way into the new one.

    Arguments:
        trace: the trace.
        slot: the number of its first process among those of all traces.
        index: its number among the traces, of which there are ``count``.
        shift: what is added to its times.
    """

    def __init__(self, trace: Trace, slot: int, index: int, count: int, shift: int) -> None:
        self._trace = trace
        self._base, self._threads = slot * BASES, slot * THREADS
        self._index, self._count = index, count
        self._shift = shift
        self.definitions: list[bytes] = []
        """Frames that must be written before the events that come next."""
        self.last = 0

    def events(self, warn: Callable[[str], None]) -> Iterator[tuple[int, list[Any]]]:
        """The events as they are in the new trace, each with its time."""
        meanings = Meanings(self._trace)
        with open(self._trace.path, "rb") as file:
            reader = FrameReader(file, str(self._trace.path))
            for at, kind, content in reader.frames():
                try:
                    items = meanings.items(kind, content)
                    if items is not None:
                        yield from self._moved(items, meanings)
                    elif kind != "header":
                        meanings.take(kind, content)
                        self._define(kind, content)
                except (TraceError, *NONSENSE) as error:
                    warn(
                        f"{self._trace.path} holds a frame at byte {at:,} that makes no sense ({error}); what follows "
                        f"it is left out."
                    )
                    return
            if reader.problem:
                warn(reader.problem)

    def _define(self, kind: str, content: Any) -> None:
        base = self._base
        if kind == "piece":
            self.definitions.append(frame(kind, [content[0] + base, *content[1:]]))
        elif kind in ("functions", "statements"):
            self.definitions.append(frame(kind, [[first + base, *rest] for first, *rest in content]))
        elif kind == "source":
            self.definitions.append(frame(kind, content))

    def _moved(self, items: list[Any], meanings: Meanings) -> Iterator[tuple[int, list[Any]]]:
        lengths, position, end = meanings.catalogue.lengths, 0, len(items)
        while position < end:
            number = items[position]
            length = lengths[number]
            event = items[position : position + length]
            position += length
            event[-1] += self._shift
            if number > SILENCE:
                event[0] += self._base
                event[1] = self._call(event[1])
                if meanings.catalogue.meaning(number).statement is None:
                    event[2] = self._thread(event[2])
            elif number == RAISED:
                event[1], event[2] = self._call(event[1]), event[2] + self._base
            elif number == SILENCE:
                event[1] += self._base
            elif number not in (TIME, RECORD):
                event[1] = self._call(event[1])
            self.last = max(self.last, event[-1])
            yield event[-1], event

    def _call(self, number: int) -> int:
        return number * self._count + self._index

    def _thread(self, told: Any) -> Any:
        """A thread; of more that is told of a call's begin its number and its caller's are moved as well."""
        if type(told) is not list:
            return told + self._threads
        thread, name, task, own, depth, parent = told
        return [thread + self._threads, name, task, self._call(own), depth, parent and self._call(parent)]
