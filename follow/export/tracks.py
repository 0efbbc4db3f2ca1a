"""The tracks of a Perfetto trace: a clock for each, so that what stands on it nests without a doubt."""

from __future__ import annotations

from collections.abc import Callable

from ..trace.stacks import Frame

_APART = 8
"""Nanoseconds between two events of a track, at the least: room for the ends of calls, which no event tells."""
_OPENS = 2
"""So long after the event before, a statement begins: within the call that has just begun."""
_CLOSES = 3
"""So long after its last event, or the end of a call that it made, a call ends."""

# Readers of this format turn microseconds into nanoseconds as floats, and may be 1 off, in a length as well:
# what has to nest is therefore 2 or more apart.


class Track:
    """A thread of its own in what is shown: one that calls of functions follow each other and nest on.

    Arguments:
        number: what stands for a thread's identifier in the trace.
        name: as it is shown.
    """

    __slots__ = ("clock", "name", "number")

    def __init__(self, number: int, name: str) -> None:
        self.number = number
        self.name = name
        self.clock = 0

    def event(self, time: int) -> int:
        """When an event is shown: when it happened, or a little later where the clock had not moved."""
        self.clock = max(time, self.clock + _APART)
        return self.clock


class Shown:
    """How a call is shown.

    Arguments:
        track: where.
        time: when it began.

    Attributes:
        track: where.
        begun: when it begins, in nanoseconds.
        clock: when its last event was.
    """

    __slots__ = ("begun", "clock", "track")

    def __init__(self, track: Track, time: int) -> None:
        self.track = track
        self.begun = self.clock = track.event(time)

    def statement(self, time: int) -> tuple[int, int]:
        """The begin and the end of the statement whose event comes now."""
        begun = self.clock + _OPENS
        self.clock = self.track.event(time)
        return begun, self.clock

    def close(self) -> int:
        """The end of the call, after that of the calls that it has made."""
        self.track.clock += _CLOSES
        return self.track.clock


class Tracks:
    """The tracks of threads, and those of calls that may be suspended: each has one alone, from begin to end.

    Arguments:
        announce: is told of each new one.
    """

    def __init__(self, announce: Callable[[Track], None]) -> None:
        self._announce = announce
        self._threads: dict[int, Track] = {}
        self._free: list[Track] = []
        self._count = 0
        self._lanes = 0

    def of(self, frame: Frame) -> Track:
        """The track of a call that begins."""
        if frame.suspends:
            if self._free:
                return self._free.pop()
            self._lanes += 1
            return self.new(f"generators and coroutines {self._lanes}")
        known = self._threads.get(frame.thread)
        if known is None:
            name = f"thread {len(self._threads) + 1} ({frame.thread})" if frame.thread else "calls without a begin"
            known = self._threads[frame.thread] = self.new(name)
        return known

    def new(self, name: str) -> Track:
        """A further track."""
        self._count += 1
        track = Track(self._count, name)
        self._announce(track)
        return track

    def free(self, frame: Frame, track: Track) -> None:
        """A call has ended: another one may be shown where it was."""
        if frame.suspends:
            self._free.append(track)
