"""What takes events: the part that recorders and the text follower have in common, which probes and channels use."""

from __future__ import annotations

import atexit
import itertools
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from .accelerate import NATIVE, WRITTEN_OUT, native
from .config import FollowConfig
from .describe import Describer
from .events import FIRST_BASE, SILENCE, size
from .model import Lookup, Record
from .redacting import describer_of
from .state import Number
from .trace.catalogue import Catalogue
from .trace.model import Function, Statement, function_of, piece_of, statement_of


class EventSink:
    """A follower whose code makes events instead of dicts, as long as it is the only one.

    A subclass calls ``_offer`` once it knows what takes an event.
    """

    def __init__(self) -> None:
        self.dropped = 0
        """How many events were lost: to a full disk, or at the very end of the stack."""
        self.now = time.perf_counter_ns
        self.buffer: list[Any] = Hashable()
        self.constants: dict[str, Any] = {}
        self.helpers: dict[FollowConfig, tuple[Any, Any]] = {}
        """What the compiled helper's probes share, by the limits of values."""
        self._limit = Number()
        self._outer = Number()
        """The number of the outermost call of a thread, if it is known and its end matters."""
        self._catalogue = Catalogue()
        self._next_base = FIRST_BASE
        self._lock = threading.Lock()
        self._calls = itertools.count(1)

    def _offer(
        self,
        extend: Callable[[tuple[Any, ...]], None],
        look: Callable[[], None],
        begun: Callable[[int], None] | None = None,
        ended: Callable[[], None] | None = None,
        late: Callable[[tuple[Any, ...]], None] | None = None,
    ) -> None:
        """Tell what the probes call.

        Arguments:
            extend: takes one event.
            look: is called when the buffer has more items than the limit says.
            begun: is called instead where a call begins, with its number.
            ended: is called when the outermost call ends.
            late: takes one event that has happened some time ago; by default the same.
        """
        self.constants.update(
            extend=extend,
            late=late or extend,
            now=self.now,
            thread=threading.get_ident,
            buffer=self.buffer,
            limit=self._limit,
            look=look,
            begun=begun or (lambda _: look()),
            outer=self._outer,
            ended=ended or look,
        )
        _sinks.add(self)

    def register(self, tables: Lookup, config: FollowConfig) -> int:
        """Take in a rewritten piece of source.

        Arguments:
            tables: its sites and scopes.
            config: what is followed, and the limits of values.

        Returns:
            The first of its ids.
        """

        def statement(number: int) -> Statement:
            site = tables.site(number)
            return statement_of(site, tables.scope(site.scope))

        def function(number: int) -> Function:
            return function_of(tables.scope(number))

        with self._lock:
            base = self._next_base
            self._next_base += size(*tables.counts())
            if config.redact:
                self._catalogue.redact[tables.filename] = config.redact
            self._catalogue.add(piece_of(base, tables, config), statement, function, tables.sites_of)
        return base

    @property
    def form(self) -> str:
        """How the code that is rewritten for it makes its events (see ``accelerate``)."""
        return WRITTEN_OUT if native is None else NATIVE

    def describer(self, config: FollowConfig) -> Describer:
        """What copies values within a configuration's limits."""
        return describer_of(config, objects=False)

    def numbers(self, base: int, scope: int) -> Callable[[], int]:
        """What gives the numbers of a function's calls; when it gives the first, the function is known to be called.

        It is all C, so that no thread can come between, and no frame is needed.
        """
        note = map(self._catalogue.called.append, [(base, scope)])  # gives None, which is filtered out
        return filter(None, itertools.chain(note, self._calls)).__next__

    def numbers_of(self, base: int, scope: int) -> Iterator[int]:
        """The same for what asks for it when the function is first called."""
        self._catalogue.called.append((base, scope))
        return self._calls

    def silence(self, base: int) -> None:
        """From now on nothing of a piece of source counts: calls that are still running go on unrecorded."""
        self.constants["extend"]((SILENCE, base, self.now()))

    def left(self, number: int) -> None:
        """An exception has left the call of a number."""

    def __call__(self, record: Record) -> None:
        """Take a record that is made for other followers, too."""
        raise NotImplementedError

    def close(self) -> None:
        """Let nothing be lost that has been taken."""

    def after_fork(self) -> None:
        """In a child process: what the parent holds is the parent's."""


class Hashable(list[Any]):
    """A list that can be a constant of a code object, which must be hashable."""

    __hash__ = object.__hash__  # type: ignore[assignment]
    __eq__ = object.__eq__


_sinks: weakref.WeakSet[EventSink] = weakref.WeakSet()


def _close_all() -> None:
    for sink in list(_sinks):
        sink.close()


def _after_fork() -> None:
    for sink in list(_sinks):
        sink.after_fork()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
