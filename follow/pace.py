"""How much a recorder's buffer holds, and when it is looked at next."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .copies import SHORT
from .state import Number

FILE_ITEMS = 1 << 14
"""With a file, so many items are gathered before they are written: some 64 KiB."""
FILE_AGE = 250_000_000
"""With a file, what is older than this (ns) is written when the next loop or call begins."""
LOOKS_EVERY = 10_000_000
"""With a file, probes look at the time about as often as this (ns), or when ``MOST_UNSEEN`` items have come."""
MOST_UNSEEN = 1 << 12
MOST_WAITING = 1 << 16
"""With a file, so many items wait while others are being written: some 16 MiB."""


class Pace:
    """Knows how much a buffer holds, and says by a limit when probes look at it.

    What is in containers counts as well, and a long string as several items: describers take from the limit what
    they have copied, so that probes look the sooner.

    Arguments:
        buffer: the buffer.
        limit: what probes compare the buffer's length with.
        now: the clock (ns).
    """

    def __init__(self, buffer: list[Any], limit: Number, now: Callable[[], int]) -> None:
        self._buffer = buffer
        self._limit = limit
        self._now = now
        self._weight = self._told = self._at = self._weighed = 0
        self._looked = self._due = self._seen = 0

    def size(self) -> int:
        """How many items the buffer holds."""
        self._weight += self._told - self._limit.value
        self._told = self._limit.value
        return len(self._buffer) + self._weight

    def look_at(self, size: int) -> None:
        """Look when there are so many items."""
        self.size()
        self._at = size
        self._limit.value = self._told = size - self._weight

    def empty(self) -> None:
        """The buffer is about to be emptied."""
        self._weight = self._weighed = 0
        self._told = self._limit.value

    def begin(self, most: int | None) -> None:
        """The buffer is empty.

        Arguments:
            most: look when there are so many items; None where there is a file: as often as before.
        """
        self._looked = self._now()
        self._due = self._looked + FILE_AGE
        self._seen = self.size()
        self.look_at(min(self._at, MOST_UNSEEN) if most is None else most)

    def is_due(self) -> bool:
        """Whether what has been gathered is much or old; if not, it is decided when to look next."""
        now, size = self._now(), self.size()
        if size > FILE_ITEMS or now >= self._due:
            return True
        pace = (size - self._seen) * LOOKS_EVERY // (now - self._looked + 1)
        self._looked, self._seen = now, size
        self.look_at(min(size + max(min(pace, MOST_UNSEEN), 0), FILE_ITEMS))
        return False

    def is_too_much(self) -> bool:
        """Whether more waits than may; now the texts that are no part of containers are weighed, too."""
        texts = [item for item in self._buffer[self._weighed :] if type(item) is str]
        self._weighed = len(self._buffer)
        self._weight += sum(map(len, texts)) // SHORT
        return self.size() > MOST_WAITING
