"""A module's own statements, which mostly run once: what their probes need is told without making a site of each."""

from __future__ import annotations

from itertools import compress
from typing import NamedTuple

from .model import ELISION, Lookup, Site

_AT = {name: index for index, name in enumerate(Site._fields)}
_KIND, _INSTRUCTION, _POSSIBLE, _BINDS, _AGAIN, _LOOP = (
    _AT[name] for name in ("kind", "instruction", "possible", "binds", "again", "loop")
)
_STORES, _CLEARS, _RESULT, _WATCHED = (_AT[name] for name in ("stores", "clears", "result", "watched"))


class OwnStatement(NamedTuple):
    """What a probe of such a statement needs."""

    instruction: str
    possible: int
    """As in ``Site``."""
    changes: tuple[str, ...] | None
    """The names whose values it may have changed, if these are only those that it binds."""


class OwnStatements:
    """The statements of a module about which nothing is special.

    Arguments:
        tables: what knows them.
    """

    def __init__(self, tables: Lookup) -> None:
        self._tables = tables
        self._found: dict[int, OwnStatement] | None = None
        self._bits = 0
        self._names: list[str] = []
        self._all: tuple[str, ...] | None = None
        self.function = ""
        """What records call the module."""
        self.secret: tuple[str, ...] = ()

    def all(self) -> dict[int, OwnStatement]:
        """These statements by the numbers of their sites."""
        if self._found is None:
            scope = self._tables.scope(0)
            plain = scope.namespace and not scope.loops and not scope.watches
            self.function, self.secret = scope.name, scope.secret
            self._found = {
                number: OwnStatement(row[_INSTRUCTION], row[_POSSIBLE], None if row[_AGAIN] else row[_BINDS])
                for number, row in (self._tables.rows(0) if plain else {}).items()
                if row[_KIND] != ELISION
                and row[_LOOP] < 0
                and not (row[_STORES] or row[_CLEARS] or row[_RESULT] or row[_WATCHED])
            }
        return self._found

    def names(self, possible: int) -> list[str]:
        """The names that may be bound: mostly a few more each time."""
        if possible == self._bits:
            return self._names
        names = self._all
        if names is None:
            names = self._all = self._tables.scope(0).names
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
