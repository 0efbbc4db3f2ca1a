"""Rewritten code and its tables as bytes, and back: what is never asked for is never unpacked."""

from __future__ import annotations

import marshal
import zlib
from array import array
from collections.abc import Callable, Mapping
from dataclasses import fields
from itertools import accumulate
from operator import attrgetter
from typing import Any

from .accelerate import native
from .later import Deferred, Stored
from .linking import Pieces
from .model import Guard, Scope, Shown, Site, Tables

_VALUES: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    kind: attrgetter(*(field.name for field in fields(kind))) for kind in (Guard, Scope)
}
"""The values of an item's fields, in their order."""
_SHOWN_AT = Site._fields.index("shown")

Content = tuple[bytes, bytes, bytes]
"""The scope of each site and of each guard, and where each scope's packed part ends."""
_COMPRESSED = zlib.compress(b"", 1)[:1]
"""What compressed parts start with, and others do not."""
_SIZE = 4
"""So many bytes tell how long what is unpacked first is."""


def pack(pieces: Pieces, tables: Tables) -> bytes:
    """Code that was taken apart and its tables, as bytes.

    The first ones are unpacked when the module is imported; after them comes what is asked for later: with the compiled
    helper that is most of the code of functions, too.
    """
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
    parts = [part if scope.namespace else zlib.compress(part, 1) for part, scope in zip(parts, tables.scopes)]
    ends = array("I", accumulate(map(len, parts)))
    if native is not None:
        from .postpone import postponed

        found, rest = postponed(pieces)
    else:
        found, rest = Deferred(*pieces, (), (), any(piece[3] for piece in pieces[1])), b""
    first = marshal.dumps(((*found,), len(rest), (*owners, ends.tobytes())))
    return b"".join((len(first).to_bytes(_SIZE, "little"), first, rest, *parts))


def unpack(data: bytes, start: int, filename: str) -> tuple[Stored, PackedTables]:
    """What ``pack`` has packed.

    Arguments:
        data: what has it; it is kept, for what is asked for later.
        start: where it starts.
        filename: the file that the sites stand in.

    Raises:
        EOFError, TypeError, ValueError: it is not what ``pack`` gave.
    """
    begin = start + _SIZE
    end = begin + int.from_bytes(data[start:begin], "little")
    found, size, content = marshal.loads(memoryview(data)[begin:end])
    return Stored(Deferred._make(found), data, end), PackedTables(content, memoryview(data)[end + size :], filename)


class PackedTables:
    """The tables of a piece of source, of which each scope is unpacked when it is first asked for."""

    def __init__(self, content: Content, parts: memoryview, filename: str) -> None:
        self.filename = filename
        self._parts = parts
        sites, guards, ends = content
        self._site_scopes, self._guard_scopes, self._ends = (array("I", packed) for packed in (sites, guards, ends))
        self._scopes: dict[int, Scope] = {}
        self._sites: dict[int, Site] = {}
        self._shown_once: dict[int, tuple[Shown, ...]] = {}
        self._unpacked: dict[int, tuple[tuple[Any, ...], dict[int, Any], dict[int, Any]]] = {}

    def _part(self, number: int) -> tuple[tuple[Any, ...], dict[int, Any], dict[int, Any]]:
        part = self._unpacked.get(number)
        if part is None:
            start = self._ends[number - 1] if number else 0
            found: bytes | memoryview = self._parts[start : self._ends[number]]
            if found[:1] == _COMPRESSED:
                found = zlib.decompress(found)
            part = self._unpacked[number] = marshal.loads(found)
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

    def rows(self, scope: int) -> Mapping[int, tuple[Any, ...]]:
        """The fields of a scope's sites, in their order, by number; of those that they show only the values."""
        return self._part(scope)[1]

    def counts(self) -> tuple[int, int]:
        """How many sites and scopes there are."""
        return len(self._site_scopes), len(self._ends)


def _site(site: Site, shared: dict[object, Any]) -> tuple[Any, ...]:
    values = list(site)
    shown = tuple(shared.setdefault(parts, parts) for parts in map(tuple, site.shown))
    values[_SHOWN_AT] = shared.setdefault(shown, shown)
    return tuple(shared.setdefault(value, value) if isinstance(value, tuple) else value for value in values)
