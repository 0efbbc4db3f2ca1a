"""The tracks of a Perfetto trace: a clock for each, so that what stands on it nests without a doubt."""

from __future__ import annotations

from collections import Counter
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

    __slots__ = ("clock", "coroutines", "name", "number", "standing")

    def __init__(self, number: int, name: str, *, coroutines: bool = False) -> None:
        self.number = number
        self.name = name
        self.clock = 0
        self.coroutines = coroutines
        self.standing: list[Frame] = []
        """Of a track of calls that may be suspended: the one that it was taken for, and those awaited within."""

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
    """The tracks of threads, and those of calls that may be suspended.

    Such a call has a track of its own from begin to end, so that what goes on meanwhile does not cross it; but what a
    coroutine awaits itself stands within it. So a task is a track.

    Arguments:
        announce: is told of each new one.
    """

    def __init__(self, announce: Callable[[Track], None]) -> None:
        self._announce = announce
        self._threads: dict[int, Track] = {}
        self._free: dict[bool, list[Track]] = {True: [], False: []}
        self._named: Counter[str] = Counter()
        self._count = 0

    def of(self, frame: Frame) -> Track:
        """The track of a call that begins."""
        if frame.suspends:
            track = self._awaiting(frame) or self._lane(frame.coroutine)
            track.standing.append(frame)
            return track
        known = self._threads.get(frame.thread)
        if known is None:
            kind = "thread" if frame.thread else "thread not recorded"
            known = self._threads[frame.thread] = self.new(kind, f" ({frame.thread})" if frame.thread else "")
        return known

    def _awaiting(self, frame: Frame) -> Track | None:
        """The track of the call that awaits this one, if nothing else stands on it."""
        awaiter = frame.awaiter
        if awaiter is None or awaiter.note is None:
            return None
        track: Track = awaiter.note.track
        return track if track.standing and track.standing[-1] is awaiter else None

    def _lane(self, coroutines: bool) -> Track:
        free = self._free[coroutines]
        return free.pop() if free else self.new("task" if coroutines else "generator", coroutines=coroutines)

    def new(self, kind: str, more: str = "", *, coroutines: bool = False) -> Track:
        """A further track."""
        self._count += 1
        self._named[kind] += 1
        track = Track(self._count, f"{kind} {self._named[kind]}{more}", coroutines=coroutines)
        self._announce(track)
        return track

    def above(self, frame: Frame, track: Track) -> list[Frame]:
        """What stands above a call on its track, the uppermost first: were it awaited, the call could not go on."""
        if not track.standing or track.standing[-1] is frame:
            return []
        above: list[Frame] = []
        while track.standing[-1] is not frame:
            above.append(track.standing.pop())
        return above

    def free(self, frame: Frame, track: Track) -> None:
        """A call has ended: when nothing stands on its track any more, another one may."""
        if track.standing and track.standing[-1] is frame:
            track.standing.pop()
        if frame.suspends and not track.standing:
            self._free[track.coroutines].append(track)
