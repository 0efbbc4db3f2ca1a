"""Rewritten code and its tables as bytes, and back: what is never asked for is never unpacked."""

from __future__ import annotations

import marshal
from array import array
from collections.abc import Callable
from dataclasses import fields
from operator import attrgetter
from types import CodeType
from typing import Any

from .model import Entering, Guard, Scope, Shown, Site, Tables

_VALUES: dict[type, Callable[[Any], tuple[Any, ...]]] = {
    kind: attrgetter(*(field.name for field in fields(kind))) for kind in (Guard, Scope, Shown, Site)
}
"""The values of an item's fields, in their order."""
_SHOWN_AT = [field.name for field in fields(Site)].index("shown")

Content = tuple[tuple[tuple[Any, ...], ...], bytes, bytes, tuple[bytes, ...]]
"""How each scope is entered, the scope of each site and of each guard, and each scope's packed part."""


def pack(code: CodeType, tables: Tables) -> bytes:
    """Code with sentinels and its tables, as bytes."""
    entering = tuple(tuple(tables.entering(scope.number)) for scope in tables.scopes)
    owners = [array("I", (item.scope for item in items)).tobytes() for items in (tables.sites, tables.guards)]
    shared: dict[object, Any] = {}  # what marshal meets twice, it writes once
    parts = tuple(
        marshal.dumps(
            (
                _VALUES[Scope](scope),
                {site.number: _site(site, shared) for site in tables.sites if site.scope == scope.number},
                {guard.number: _VALUES[Guard](guard) for guard in tables.guards if guard.scope == scope.number},
            )
        )
        for scope in tables.scopes
    )
    return marshal.dumps((code, (entering, *owners, parts)))


def unpack(data: bytes, filename: str) -> tuple[CodeType, PackedTables]:
    """What ``pack`` has packed.

    Arguments:
        data: from ``pack``.
        filename: the file that the sites stand in.

    Raises:
        EOFError, TypeError, ValueError: it is not what ``pack`` gave.
    """
    code, content = marshal.loads(data)
    return code, PackedTables(content, filename)


class PackedTables:
    """The tables of a piece of source, of which each scope is unpacked when it is first asked for."""

    def __init__(self, content: Content, filename: str) -> None:
        self.filename = filename
        entering, sites, guards, self._parts = content
        self._entering = entering
        self._site_scopes, self._guard_scopes = array("I", sites), array("I", guards)
        self._scopes: dict[int, Scope] = {}
        self._sites: dict[int, Site] = {}
        self._unpacked: dict[int, tuple[tuple[Any, ...], dict[int, Any], dict[int, Any]]] = {}

    def _part(self, number: int) -> tuple[tuple[Any, ...], dict[int, Any], dict[int, Any]]:
        part = self._unpacked.get(number)
        if part is None:
            part = self._unpacked[number] = marshal.loads(self._parts[number])
        return part

    def site(self, number: int) -> Site:
        """A site by its number."""
        site = self._sites.get(number)
        if site is None:
            values = list(self._part(self._site_scopes[number])[1][number])
            values[_SHOWN_AT] = tuple(Shown(*parts) for parts in values[_SHOWN_AT])
            site = self._sites[number] = Site(*values)
        return site

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

    def entering(self, scope: int) -> Entering:
        """What a call's state needs when it starts."""
        return Entering(*self._entering[scope])

    def counts(self) -> tuple[int, int]:
        """How many sites and scopes there are."""
        return len(self._site_scopes), len(self._entering)


def _site(site: Site, shared: dict[object, Any]) -> tuple[Any, ...]:
    values = list(_VALUES[Site](site))
    shown = tuple(shared.setdefault(parts, parts) for parts in map(_VALUES[Shown], site.shown))
    values[_SHOWN_AT] = shared.setdefault(shown, shown)
    return tuple(shared.setdefault(value, value) if isinstance(value, tuple) else value for value in values)
