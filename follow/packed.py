"""Rewritten code and its tables as bytes, and back: what is never asked for is never unpacked."""

from __future__ import annotations

import marshal
import zlib
from array import array
from collections.abc import Callable
from dataclasses import fields
from itertools import accumulate
from operator import attrgetter
from typing import Any

from .linking import Pieces
from .model import Guard, Scope, Shown, Site, Tables

_VALUES: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    kind: attrgetter(*(field.name for field in fields(kind))) for kind in (Guard, Scope)
}
"""The values of an item's fields, in their order."""
_SHOWN_AT = Site._fields.index("shown")

Content = tuple[bytes, bytes, bytes, bytes]
"""The scope of each site and of each guard, where each scope's packed part ends, and these parts."""


def pack(pieces: Pieces, tables: Tables) -> bytes:
    """Code that was taken apart and its tables, as bytes."""
    owners = [array("I", (item.scope for item in items)).tobytes() for items in (tables.sites, tables.guards)]
    shared: dict[object, Any] = {}  # what marshal meets twice, it writes once
    parts = [
        marshal.dumps(
            (
                _VALUES[Scope](scope),
                {site.number: _site(site, shared) for site in tables.sites if site.scope == scope.number},
                {guard.number: _VALUES[Guard](guard) for guard in tables.guards if guard.scope == scope.number},
            )
        )
        for scope in tables.scopes
    ]
    parts = [zlib.compress(part, 1) for part in parts]
    ends = array("I", accumulate(map(len, parts)))
    return marshal.dumps((pieces, (*owners, ends.tobytes(), b"".join(parts))))


def unpack(data: bytes | memoryview, filename: str) -> tuple[Pieces, PackedTables]:
    """What ``pack`` has packed.

    Arguments:
        data: from ``pack``.
        filename: the file that the sites stand in.

    Raises:
        EOFError, TypeError, ValueError: it is not what ``pack`` gave.
    """
    pieces, content = marshal.loads(data)
    return pieces, PackedTables(content, filename)


class PackedTables:
    """The tables of a piece of source, of which each scope is unpacked when it is first asked for."""

    def __init__(self, content: Content, filename: str) -> None:
        self.filename = filename
        sites, guards, ends, self._parts = content
        self._site_scopes, self._guard_scopes, self._ends = (array("I", packed) for packed in (sites, guards, ends))
        self._scopes: dict[int, Scope] = {}
        self._sites: dict[int, Site] = {}
        self._shown_once: dict[int, tuple[Shown, ...]] = {}
        self._unpacked: dict[int, tuple[tuple[Any, ...], dict[int, Any], dict[int, Any]]] = {}

    def _part(self, number: int) -> tuple[tuple[Any, ...], dict[int, Any], dict[int, Any]]:
        part = self._unpacked.get(number)
        if part is None:
            start = self._ends[number - 1] if number else 0
            part = marshal.loads(zlib.decompress(self._parts[start : self._ends[number]]))
            self._unpacked[number] = part
        return part

    def site(self, number: int) -> Site:
        """A site by its number."""
        site = self._sites.get(number)
        if site is None:
            values = self._part(self._site_scopes[number])[1][number]
            if values[_SHOWN_AT]:
                values = (*values[:_SHOWN_AT], self._shown(values[_SHOWN_AT]), *values[_SHOWN_AT + 1 :])
            site = self._sites[number] = Site._make(values)
        return site

    def _shown(self, parts: tuple[tuple[str, str, int], ...]) -> tuple[Shown, ...]:
        shown = self._shown_once.get(id(parts))  # they live as long as the part that they are of
        if shown is None:
            shown = self._shown_once[id(parts)] = tuple(map(Shown._make, parts))
        return shown

    def scope(self, number: int) -> Scope:
        """A scope by its number."""
        scope = self._scopes.get(number)
        if scope is None:
            scope = self._scopes[number] = Scope(*self._part(number)[0])
        return scope

    def guard(self, number: int) -> Guard:
        """A guard by its number."""
        return Guard(*self._part(self._guard_scopes[number])[2][number])

    def raising_sites(self, scope: int) -> tuple[Site, ...]:
        """The sites of a scope, one for each statement that may raise."""
        return tuple(site for site in map(self.site, self._part(scope)[1]) if site.raising)

    def sites_of(self, scope: int) -> tuple[int, ...]:
        """The numbers of a scope's sites."""
        return tuple(self._part(scope)[1])

    def counts(self) -> tuple[int, int]:
        """How many sites and scopes there are."""
        return len(self._site_scopes), len(self._ends)


def _site(site: Site, shared: dict[object, Any]) -> tuple[Any, ...]:
    values = list(site)
    shown = tuple(shared.setdefault(parts, parts) for parts in map(tuple, site.shown))
    values[_SHOWN_AT] = shared.setdefault(shown, shown)
    return tuple(shared.setdefault(value, value) if isinstance(value, tuple) else value for value in values)
