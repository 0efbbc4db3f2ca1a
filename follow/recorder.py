"""A follower that takes events instead of dicts: recording costs little, and records are rebuilt afterwards."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

from .accelerate import DATAFLOW, NATIVE_DATAFLOW, native
from .config import FollowConfig
from .describe import Describer, describe_record
from .errors import warn
from .events import FIRST_BASE, LENGTHS, RECORD, SILENCE, TIME, UNCOUNTED
from .memory import Memory, Ring, starts
from .model import Lookup, Record
from .outermost import Budget, is_outermost
from .pace import Pace
from .processes import flush_before_answers, path_of_process
from .redacting import describer_of
from .sink import EventSink
from .trace import replay
from .trace.decode import Decoder, Event
from .trace.table import Shown
from .trace.writer import TraceWriter

_PATIENCE = 5.0
"""So long (s) is waited for another thread's write: this thread's own, within which a finalizer runs, never ends."""


class Recorder(EventSink, Shown):
    """Records at full speed, in memory or to a file; give it as ``follower``.

    It is meant to be the only follower of what it records; together with others it gets their dicts. It holds
    none of the program's objects: those that are not built-in values come as descriptions. Use it in ``with``,
    or call ``close()``, to have all of it in the file; a program's normal end does that as well.

    Arguments:
        path: the trace file, which is replaced; None keeps everything in memory (some 100 bytes an event).
        ring: keep only so many of the last events, in memory; with a path they are written when an
            exception leaves a followed call (``on_exception="dump"``), by ``dump()`` and by ``close()``.
        on_exception: ``"dump"`` or ``"ignore"``.
        durability: ``"buffer"`` writes to the file when some 64 KiB are full, when 250 ms have gone by, and when an
            outermost followed call ends (as long as that takes no more than 2 % of the time); ``"event"`` at
            every event.
        detail: ``"dataflow"`` records objects with their attributes, and what functions do to variables of their
            module, so that ``follow why`` can tell where a value came from; its records are the same.

    Raises:
        OSError: the file cannot be written.
        TypeError, ValueError: an argument is of no use; the message names it.
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        ring: int | None = None,
        on_exception: str = "ignore",
        durability: str = "buffer",
        detail: str = "plain",
    ) -> None:
        _check(path, ring, on_exception, durability, detail)
        super().__init__()
        self.detail = detail
        self.path = None if path is None else os.path.abspath(os.fspath(path))
        self.ring = ring
        self._shed = 0
        self._describers: list[tuple[FollowConfig, Describer]] = []
        self._pace = Pace(self.buffer, self._limit, self.now)
        self.shows_last = ring is not None
        self._dumps = on_exception == "dump"
        self._memory = Memory() if ring is None else Ring(ring, self._catalogue)
        self._taking = threading.Lock()
        self._closed = False
        self._process = os.getpid()
        self._each = durability == "event" and self.path is not None
        self._first_path = self.path
        self._writer: TraceWriter | None = None
        if self.path is not None and self._opens_at_once:
            self._writer = TraceWriter(self.path, self._catalogue, self.detail)
        self.buffer += [TIME, self.now()]
        self._origin = replay.Origin(time.time_ns(), self.now(), ((FIRST_BASE, self._process),))
        self._budget = Budget(self.now())
        extend = self._extend_and_write if self._each else self.buffer.extend
        self._offer(extend, self._look, self._begun, self._ended)
        self._begin()

    # -- what probes and channels use --------------------------------------------------------------

    def register(self, tables: Lookup, config: FollowConfig) -> int:
        """Take in a rewritten piece of source; in a child process this is when its file is opened."""
        base = super().register(tables, config)
        with self._lock:
            if self._writer is None and self.path is not None and not self._closed:
                self._open()
        return base

    _opens_at_once = True
    """Whether its file is opened when it is made, or when there is something to record."""

    def _open(self) -> None:
        """Open the file in a child process; where that cannot be, nothing is recorded there."""
        assert self.path is not None
        try:
            self._writer = TraceWriter(self.path, self._catalogue, self.detail)
        except OSError as error:
            self.path = None
            warn(f"The trace of this child process cannot be written ({error}); nothing of it is recorded.")
        self._begin()

    @property
    def form(self) -> str:
        """How code makes its events (see ``accelerate``)."""
        if self.detail == "dataflow":
            return DATAFLOW if native is None else NATIVE_DATAFLOW
        return super().form

    def describer(self, config: FollowConfig) -> Describer:
        """What copies values within a configuration's limits: one for all that is followed with it."""
        with self._lock:
            for known, describer in self._describers:
                if known is config or known == config:
                    return describer
            describer = describer_of(config, objects=self.detail == "dataflow")
            describer.take_from(self._limit)
            self._describers.append((config, describer))
            return describer

    def _forget(self) -> None:
        """What was recorded is gone, or may be soon: later events must not rely on it."""
        for _, describer in self._describers:
            describer.forget()

    def silence(self, base: int) -> None:
        """From now on nothing of a piece of source counts: calls that are still running go on unrecorded."""
        self.buffer.extend((SILENCE, base, self.now()))

    def left(self, number: int) -> None:
        """An exception has left a call."""
        if self._dumps:
            self.dump()
        if number == self._outer.value:
            self._ended()

    def __call__(self, record: Record) -> None:
        """Take a record that is made for other followers, too."""
        self.constants["extend"]((RECORD, describe_record(record), self.now()))

    # -- what users use --------------------------------------------------------------------------

    def events(self) -> Iterator[Event]:
        """What has been recorded and is in memory, in the order in which it happened."""
        chunks = [*list(self._memory.chunks), self.buffer[:]]
        decoded = Decoder(self._catalogue).events(chunks)
        yield from deque(decoded, maxlen=self.ring) if self.ring is not None else decoded

    def records(self) -> list[Record]:
        """The same dicts that a follower of dicts would have got.

        Objects that are not built-in values come as descriptions. With a path and no ring they are read from
        the file.

        Raises:
            TraceError: the file was damaged meanwhile.
        """
        if self._writer is None or self.ring is not None:
            return list(replay.records(self.events(), self._origin))
        from .trace.reader import load

        self.flush()
        assert self.path is not None
        return list(load(self.path).records())

    def _shown_events(self) -> Iterable[Event]:
        if self._writer is None or self.ring is not None:
            return self.events()
        from .trace.reader import load

        self.flush()
        assert self.path is not None
        return load(self.path).events

    def clear(self) -> None:
        """Forget what is in memory."""
        with self._lock:
            self._memory.clear()
            self._take()
            self._forget()

    def dump(self) -> None:
        """Write what a ring holds to the file; what was written is not written again."""
        self._hand_over()
        if self._lock.acquire(timeout=_PATIENCE):
            try:
                self._dump()
            finally:
                self._lock.release()

    def flush(self) -> None:
        """Hand over what has been gathered: to the file, if there is one."""
        try:
            self._hand_over()
        except RecursionError:  # no stack is left: later, then
            pass

    def close(self) -> None:
        """Write what is left and close the file. What is recorded after that is lost."""
        if self._closed:
            return
        self.dump() if self.ring is not None else self.flush()
        held = self._lock.acquire(timeout=_PATIENCE)
        try:
            if not self._closed and held and self._writer is not None:
                rest = self._take()  # another thread may have been writing when this one wanted to
                if self.ring is None and len(rest) > LENGTHS[TIME]:
                    self._write([rest])
                self._writer.close(self.dropped)
            self._closed = True
        finally:
            if held:
                self._lock.release()

    @property
    def dropped(self) -> int:
        """How many events were lost: to a full disk, or because they came faster than a disk could take them."""
        return self._unwritten + self._shed

    @dropped.setter
    def dropped(self, number: int) -> None:
        self._unwritten = number

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    # -- from the buffer onwards -----------------------------------------------------------------

    def _extend_and_write(self, items: tuple[Any, ...]) -> None:
        self.buffer.extend(items)
        self.flush()

    def _look(self) -> None:
        """What a probe calls when the buffer has reached the limit: hand over what is much or old."""
        try:
            if self._filed and not self._pace.is_due():
                return
            self.flush()
        except RecursionError:  # no stack is left: later, then
            pass

    @property
    def _filed(self) -> bool:
        """Whether events go to a file as they come."""
        return self._writer is not None and self.ring is None

    def _begun(self, number: int) -> None:
        """What a probe calls instead where a call begins: if that is an outermost one, its end is waited for."""
        try:
            self._look()
            if self._filed and is_outermost(sys._getframe(1)):
                self._outer.value = number
        except RecursionError:  # no stack is left: later, then
            pass

    def _ended(self) -> None:
        """What a probe calls where that call ends: nothing more may come for a long time, so it is handed over.

        Where calls are so short and so many that this would slow them down, it waits until the next look.
        """
        self._outer.value = 0
        try:
            began = self.now()
            if self._budget.allows(began):
                self.flush()
                self._budget.spend(self.now() - began)
                self._pace.look_at(0)  # the next call is looked at when it begins
        except RecursionError:  # no stack is left: later, then
            pass

    def _begin(self) -> None:
        """The buffer is empty: when to look at it next."""
        self._pace.begin(None if self._filed else self._memory.chunk)

    def _take(self) -> list[Any]:
        """What the buffer holds, which is left with nothing but the time. Both steps cannot be interrupted."""
        self._pace.empty()
        if native is not None:
            return native.taken(self.buffer, TIME, self.now())  # type: ignore[no-any-return]
        taken = self.buffer[:]
        self.buffer[: len(taken)] = [TIME, self.now()]
        return taken

    def _hand_over(self) -> None:
        if not self._lock.acquire(blocking=False):
            self._shed_some()  # another thread is at it, or a finalizer that runs within
            return
        try:
            if self._process != os.getpid() or not self._taking.acquire(blocking=False):
                return
            try:
                taken = self._take()
            finally:
                self._taking.release()
            if self._closed:
                return
            if self._writer is None or self.ring is not None:
                self._memory.keep(taken)
                if self.ring is not None:
                    self._forget()
            else:
                try:
                    self._write([taken])
                except BaseException:  # no stack is left, or a signal's handler raised: later, then
                    self.buffer[:0] = taken
                    raise
        finally:
            try:
                self._begin()
            finally:
                self._lock.release()

    def _shed_some(self) -> None:
        """While another thread waits for a slow disk, no more than some 16 MiB are kept; the rest is counted."""
        if not self._pace.is_too_much() or not self._taking.acquire(blocking=False):
            return
        try:
            taken = self._take()
            places = list(starts(taken, self._catalogue))
            self._shed += sum(taken[at] not in UNCOUNTED for at in places)
            self.buffer[:0] = [
                item for at in places if taken[at] == SILENCE for item in taken[at : at + LENGTHS[SILENCE]]
            ]
        finally:
            self._taking.release()

    def _dump(self) -> None:
        if self._writer is not None and not self._closed and isinstance(self._memory, Ring):
            self._write(self._memory.last())
            self._memory.clear()

    def _write(self, chunks: Iterable[list[Any]]) -> None:
        assert self._writer is not None
        for items in chunks:
            before = self._writer.dropped
            error = self._writer.write(items, self.dropped)
            self._unwritten += self._writer.dropped - before
            if error is not None:
                warn(f"The trace {self.path} cannot be written ({error}); what cannot be written is counted.")

    def after_fork(self) -> None:
        """In a child process: what the parent has gathered is the parent's, and so is its file."""
        self._process = os.getpid()
        self._origin = self._origin._replace(processes=((FIRST_BASE, self._process),))
        self._lock = threading.Lock()
        self._taking = threading.Lock()
        self.buffer[:] = [TIME, self.now()]
        self._memory.clear()
        self._forget()
        if self._first_path is not None:
            self.path = path_of_process(self._first_path)
        if self._writer is not None:
            self._writer.abandon()
            self._writer = None
            if not self._closed:
                self._open()
        flush_before_answers(self)


def _check(path: object, ring: object, on_exception: object, durability: object, detail: object) -> None:
    if path is not None and not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"Recorder's path must be the path of a file, not {path!r}.")
    if ring is not None and (type(ring) is not int or ring < 1):
        raise ValueError(f"Recorder's ring must be a number of events, not {ring!r}.")
    if on_exception not in ("dump", "ignore"):
        raise ValueError(f"Recorder's on_exception must be 'dump' or 'ignore', not {on_exception!r}.")
    if on_exception == "dump" and path is None:
        raise ValueError("Recorder needs a path to dump to when on_exception is 'dump'.")
    if durability not in ("buffer", "event"):
        raise ValueError(f"Recorder's durability must be 'buffer' or 'event', not {durability!r}.")
    if detail not in ("plain", "dataflow"):
        raise ValueError(f"Recorder's detail must be 'plain' or 'dataflow', not {detail!r}.")
