"""Where a recorder's events are kept that do not go to a file: all of them, or the last ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from typing import Any

from .events import ALL, LENGTHS, SOME
from .trace.catalogue import Catalogue


class Memory:
    """Keeps chunks of events, all of them."""

    chunk = 1 << 14
    """How many items a chunk should have."""

    def __init__(self) -> None:
        self.chunks: deque[list[Any]] = deque()

    def keep(self, items: list[Any]) -> None:
        """Take one more chunk."""
        self.chunks.append(items)

    def clear(self) -> None:
        """Forget all."""
        self.chunks.clear()


class Ring(Memory):
    """Keeps as many chunks as hold the last events.

    Arguments:
        events: how many events.
        catalogue: what tells how long an event is.
    """

    def __init__(self, events: int, catalogue: Catalogue) -> None:
        super().__init__()
        self._events = events
        self._catalogue = catalogue
        self._items = 0
        self._functions = 0
        self._longest = max(LENGTHS.values())

    def keep(self, items: list[Any]) -> None:
        """Take one more chunk, and forget those before it that are not needed any more.

        To count events costs half as much as to record them, so they are taken to be as long as the longest of
        the functions that have been called.
        """
        self._look_at_new_functions()
        self.chunks.append(items)
        self._items += len(items)
        while self._items - len(self.chunks[0]) >= self._events * self._longest:
            self._items -= len(self.chunks.popleft())

    def _look_at_new_functions(self) -> None:
        for base, number in self._catalogue.called[self._functions :]:
            self._functions += 1
            function, statements = self._catalogue.contents(base, number)
            longest = max((statement.values(form) for statement in statements for form in (ALL, SOME)), default=0)
            self._longest = max(self._longest, 4 + len(function.entered), 3 + longest)

    def clear(self) -> None:
        """Forget all."""
        super().clear()
        self._items = 0

    def last(self) -> list[list[Any]]:
        """The chunks of the last events: the first may have been cut."""
        chunks: deque[list[Any]] = deque()
        wanted = self._events
        for items in reversed(self.chunks):
            places = list(starts(items, self._catalogue))
            chunks.appendleft(items[places[-wanted] :] if wanted < len(places) else items)
            wanted -= len(places)
            if wanted <= 0:
                break
        return list(chunks)


def starts(items: list[Any], catalogue: Catalogue) -> Iterator[int]:
    """Where the events of a chunk start."""
    lengths, position, end = catalogue.lengths, 0, len(items)
    while position < end:
        yield position
        position += lengths[items[position]]
