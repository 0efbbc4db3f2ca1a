"""A recorder whose events are turned back into dicts at once: the whole suite can be run through it."""

from __future__ import annotations

from typing import Any

from follow import Recorder
from follow.events import SILENCE
from follow.model import Follower
from follow.trace import replay
from follow.trace.decode import Decoder, Event


class LiveRecorder(Recorder):
    """A recorder that hands every record on as soon as its event is there.

    Arguments:
        follower: what gets the records.
        detail: the recorder's.
    """

    def __init__(self, follower: Follower, detail: str = "plain") -> None:
        super().__init__(detail=detail)
        self._follower = follower
        self._decoder = Decoder(self._catalogue)
        self._queue: list[Event] = []
        self._records = replay.records(iter(self._next, None), self._origin)
        self._busy = False
        self.constants["extend"] = self.constants["late"] = self.extend

    def silence(self, base: int) -> None:
        """What the recorder does, at once."""
        self.extend((SILENCE, base, 0))

    def _next(self) -> Any:
        return self._queue.pop(0) if self._queue else _NOTHING

    def extend(self, items: tuple[Any, ...]) -> None:
        """Take one event."""
        if self._busy:  # a finalizer, or the follower itself, runs followed code
            return
        self._busy = True
        try:
            self._queue += self._decoder.events([list(items)])
            self._queue.append(_NOTHING)
            for record in self._records:
                if record is _NOTHING.record:
                    break
                self._follower(record)
        finally:
            self._busy = False


_NOTHING = Event(0, "record", 0, 0, record={})
"""Stands in the queue for its end: its record is told by identity."""
