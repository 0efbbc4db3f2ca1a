"""Rewritten code and its tables as bytes, and back: what is never asked for is never unpacked."""

from __future__ import annotations

import functools
import marshal
import zlib
from array import array
from collections.abc import Callable, Iterable
from dataclasses import fields
from itertools import accumulate, count, repeat
from operator import attrgetter
from typing import Any, NamedTuple

from .accelerate import native
from .later import Deferred, Stored
from .lazy import lazy
from .linetable import shortened
from .linking import Pieces
from .model import VALUE, Guard, Own, Scope, Shown, Site, Span, Tables

_VALUES: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    kind: attrgetter(*(field.name for field in fields(kind))) for kind in (Guard, Scope)
}
"""The values of an item's fields, in their order."""
_SPAN_AT, _ARGUMENTS_AT, _SHOWN_AT, _RAISING_AT = map(Site._fields.index, ("span", "arguments", "shown", "raising"))
_DEFAULTS = tuple(map(Site._field_defaults.get, Site._fields))
_SITE: Callable[[Iterable[Any]], Site] = functools.partial(tuple.__new__, Site)  # type: ignore[arg-type]
_SHOWN: Callable[[tuple[str, str, int]], Shown] = functools.partial(tuple.__new__, Shown)  # type: ignore[arg-type]
"""As their ``_make``, without running Python code: imports make thousands of them."""
_EFFORT = 6
"""How hard tables are compressed: unpacking them takes no longer, and what is kept of a module takes memory."""

_ITEM = array("I").itemsize

Content = tuple[bytes, bytes, bytes]
"""The scope of each site and of each guard, and where each packed part ends: that of the module's own statements, then
each scope's."""


class Packed(NamedTuple):
    """Rewritten code and its tables."""

    head: bytes | memoryview
    """What is unpacked when the module is imported."""
    kept: bytes
    """What is asked for later: with the compiled helper that is most of the code of functions, too."""


def pack(pieces: Pieces, tables: Tables) -> Packed:
    """Code that was taken apart and its tables, as bytes."""
    names, codes = pieces
    pieces = names, tuple((shortened(code), *rest) for code, *rest in codes)  # type: ignore[misc]
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
    own = tables.own()
    parts = [marshal.dumps((*own[:-1], (*own.entering,))), *(zlib.compress(part, _EFFORT) for part in parts)]
    ends = array("I", accumulate(map(len, parts)))
    if native is not None:
        from .postpone import postponed

        found, rest = postponed(pieces)
    else:
        found, rest = Deferred(*pieces, (), (), any(piece[3] for piece in pieces[1])), b""
    head = marshal.dumps(((*found,), len(rest), (*owners, ends.tobytes())))
    return Packed(head, b"".join((rest, *parts)))


def unpack(packed: Packed, filename: str) -> tuple[Stored, PackedTables]:
    """What ``pack`` has packed.

    Arguments:
        packed: what it gave.
        filename: the file that the sites stand in.

    Raises:
        EOFError, TypeError, ValueError: it is something else.
    """
    found, size, content = marshal.loads(packed.head)
    kept = packed.kept
    return Stored(Deferred._make(found), kept), PackedTables(content, memoryview(kept)[size:], filename)


class PackedTables:
    """The tables of a piece of source, of which each scope is unpacked when it is first asked for."""

    def __init__(self, content: Content, parts: memoryview, filename: str) -> None:
        self.filename = filename
        self._parts = parts
        self._content = content
        self._scopes: dict[int, Scope] = {}
        self._sites: dict[int, Site] = {}
        self._raising: dict[int, tuple[tuple[int, Span], ...]] = {}
        self._shown_once: dict[int, tuple[Shown, ...]] = {}
        self._unpacked: dict[int, tuple[tuple[Any, ...], dict[int, Any], dict[int, Any]]] = {}

    @lazy
    def _site_scopes(self) -> array[int]:
        return array("I", self._content[0])

    @lazy
    def _guard_scopes(self) -> array[int]:
        return array("I", self._content[1])

    @lazy
    def _ends(self) -> array[int]:
        return array("I", self._content[2])

    def _part(self, number: int) -> tuple[tuple[Any, ...], dict[int, Any], dict[int, Any]]:
        part = self._unpacked.get(number)
        if part is None:
            found = self._parts[self._ends[number] : self._ends[number + 1]]
            # Another thread may do it meanwhile: all go on with one, whose parts are known by their ids.
            part = self._unpacked.setdefault(number, marshal.loads(zlib.decompress(found)))
        return part

    def site(self, number: int) -> Site:
        """A site by its number."""
        site = self._sites.get(number)
        if site is None:
            found = self._part(self._site_scopes[number])[1][number]
            values = [*found, *_DEFAULTS[len(found) :]]
            values[_SHOWN_AT] = self._shown(values[_ARGUMENTS_AT], values[_SHOWN_AT])
            site = self._sites[number] = _SITE(values)
        return site

    def _shown(self, arguments: tuple[str, ...], parts: tuple[tuple[str, str, int], ...] | None) -> tuple[Shown, ...]:
        source = arguments if parts is None else parts
        shown = self._shown_once.get(id(source))  # they live as long as the part that they are of
        if shown is None:
            shown = _all_of(arguments) if parts is None else tuple(map(_SHOWN, parts))
            self._shown_once[id(source)] = shown
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

    def raising(self, scope: int) -> tuple[tuple[int, Span], ...]:
        """The numbers and spans of a scope's sites, of one for each statement that may raise."""
        found = self._raising.get(scope)
        if found is None:
            sites = self._part(scope)[1].items()
            found = self._raising[scope] = tuple(
                (number, values[_SPAN_AT])
                for number, values in sites
                if len(values) <= _RAISING_AT or values[_RAISING_AT]
            )
        return found

    def sites_of(self, scope: int) -> tuple[int, ...]:
        """The numbers of a scope's sites."""
        return tuple(self._part(scope)[1])

    def own(self) -> Own:
        """Those of a module's own statements about which nothing is special."""
        return Own._make(marshal.loads(self._parts[: self._ends[0]]))

    def counts(self) -> tuple[int, int]:
        """How many sites and scopes there are."""
        return len(self._content[0]) // _ITEM, len(self._content[2]) // _ITEM - 1


def _site(site: Site, shared: dict[object, Any]) -> tuple[Any, ...]:
    """A site's values: without those at the end that are as by default, and without those shown if it shows what it is
    given."""
    values = list(site)
    shown = tuple(shared.setdefault(parts, parts) for parts in map(tuple, site.shown))
    values[_SHOWN_AT] = None if site.shown and site.shown == _all_of(site.arguments) else shown
    while values[-1] == _DEFAULTS[len(values) - 1]:
        values.pop()
    return tuple(shared.setdefault(value, value) if isinstance(value, tuple) else value for value in values)


def _all_of(arguments: tuple[str, ...]) -> tuple[Shown, ...]:
    """What a record shows of variables that its probe is given."""
    return tuple(map(_SHOWN, zip(arguments, repeat(VALUE), count())))
