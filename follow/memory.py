"""Where a recorder's events are kept that do not go to a file: all of them, or the last ones."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from itertools import islice
from typing import Any

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
        # To count events costs half as much as to record them; of a large chunk few need be counted.
        self.chunk = min(max(20 * events, 1 << 14), 1 << 17)
        self._events = events
        self._catalogue = catalogue
        self._counts: deque[int] = deque()

    def keep(self, items: list[Any]) -> None:
        """Take one more chunk, and forget those before it that are not needed any more."""
        self.chunks.append(items)
        self._counts.append(sum(1 for _ in islice(starts(items, self._catalogue), self._events)))
        while sum(self._counts) - self._counts[0] >= self._events:
            self._counts.popleft()
            self.chunks.popleft()

    def clear(self) -> None:
        """Forget all."""
        super().clear()
        self._counts.clear()

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
