"""A module's own statements, which mostly run once."""

from __future__ import annotations

from itertools import compress

from .lazy import lazy
from .model import Lookup, Own


class OwnStatements:
    """The statements of a module about which nothing is special.

    Arguments:
        tables: what knows them.
    """

    def __init__(self, tables: Lookup) -> None:
        self._tables = tables
        self._bits = 0
        self._names: list[str] = []

    @lazy
    def all(self) -> Own:
        """What is known of them."""
        return self._tables.own()

    def names(self, possible: int) -> list[str]:
        """The names that may be bound: mostly a few more each time."""
        if possible == self._bits:
            return self._names
        names = self.all.names
        new = possible & ~self._bits
        if self._bits & ~possible or new & -new < self._bits:
            self._names = list(compress(names, map(int, reversed(f"{possible:b}"))))
        else:
            self._names = self._names.copy()
            while new:
                lowest = new & -new
                self._names.append(names[lowest.bit_length() - 1])
                new ^= lowest
        self._bits = possible
        return self._names
