"""What the stages hand to each other: sites, scopes and guards of a rewritten piece of source.

All of them are plain frozen values: they can be compared, printed and written to a cache.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

Record = dict[str, Any]
"""One executed statement: ``function``, ``instruction``, ``execution_time`` (ms), ``local_vars``."""

Follower = Callable[[Record], object]
"""Anything that takes one record."""

Span = tuple[int, int, int, int]
"""First line, first column, last line, last column; lines from 1, columns in UTF-8 bytes from 0."""

NOWHERE: Span = (-1, -1, -1, -1)
"""No line: the compiler gives such an instruction that of the one before it, if there is only one way to it."""

HIDDEN_LOCAL = ".f"
"""The local that holds a call's state: not an identifier, so no name of the program's can meet it."""

RESULT_LOCAL = ".r"
"""The local that holds what a call returns, just before it does."""

PROBE_FILENAME = "<follow probe>"
"""The file name of the code that follow compiles for its probes."""

VALUE, SLOT, CELL = "value", "slot", "cell"
"""Where a probe finds a variable: in its arguments, in the call's table, in a closure cell."""


@dataclass(frozen=True, slots=True)
class Shown:
    """A variable that a record shows: its name, where the probe finds it, and at which index there."""

    name: str
    place: str
    index: int


@dataclass(frozen=True, slots=True)
class Site:
    """A place in the source that gives records: one statement, in one of its roles.

    ``arguments`` are the names that the probe is given; ``stores`` are pairs (slot, argument) to
    remember, ``clears`` the slots that the statement unbinds. ``anchor`` is the position that the
    probe's own instructions take; ``span`` is the part of the source that counts as this statement
    when it raises.
    """

    number: int
    scope: int
    kind: str
    instruction: str
    span: Span
    anchor: Span
    guard: int
    arguments: tuple[str, ...] = ()
    shown: tuple[Shown, ...] = ()
    possible: int = 0
    """For a module's own statements instead of ``shown``: a bit for each of the scope's names that may be bound."""
    binds: tuple[str, ...] = ()
    """Of the variables shown those that the statement has bound (or that no other site tells)."""
    again: tuple[str, ...] = ()
    """Of the variables shown those that may hold something changeable that the statement may have changed."""
    unless_atom: bool = False
    """Whether the statement can only have changed something if what it has bound is no atom (``x += y``)."""
    unless_exact: str = ""
    """A variable: if it holds a built-in container or string, then the statement has changed nothing."""
    bases: tuple[str, ...] = ()
    """Variables: if they all do, then the statement has changed them alone, and containers that hold them."""
    stores: tuple[tuple[int, int], ...] = ()
    clears: tuple[int, ...] = ()
    closing: bool = False
    raising: bool = True
    """Whether a record is made of this site when its statement raises (one site a statement)."""
    result: str = ""
    """``"return"`` or ``"yield"`` when the record shows the value instead of the variables."""
    hides: bool = False
    """Whether what is returned or yielded is a secret."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A followed function, lambda or module."""

    number: int
    name: str
    qualname: str
    anchor: Span
    names: tuple[str, ...]
    """Every variable that a record may show, in the record's order."""
    entered: tuple[str, ...] = ()
    """The parameters."""
    slots: tuple[str, ...] = ()
    cells: tuple[str, ...] = ()
    hidden: bool = True
    """Whether the call's state lives in a hidden local of the function itself."""
    suspends: bool = False
    namespace: bool = False
    """Whether it is a module's own statements, whose variables live in a dict."""
    stateless: bool = False
    """Whether a recorder needs to keep no more of a call than its number."""
    secret: tuple[str, ...] = ()
    """The variables whose values are hidden."""
    line: int = 0
    """The line of its ``def`` or ``lambda``; of a module that of its first statement."""


@dataclass(frozen=True, slots=True)
class Guard:
    """A suite inside ``try: … except: …; raise``, which reports the statement that raised."""

    number: int
    scope: int
    anchor: Span
    outermost: bool = False
    """Whether what leaves the suite leaves the call."""


class Lookup(Protocol):
    """What probes ask of the tables of one rewritten piece of source: the tables themselves, or a cached form."""

    @property
    def filename(self) -> str:
        """The file that the sites stand in."""

    def site(self, number: int) -> Site:
        """A site by its number."""

    def scope(self, number: int) -> Scope:
        """A scope by its number."""

    def guard(self, number: int) -> Guard:
        """A guard by its number."""

    def raising_sites(self, scope: int) -> tuple[Site, ...]:
        """The sites of a scope, one for each statement that may raise."""

    def sites_of(self, scope: int) -> tuple[int, ...]:
        """The numbers of a scope's sites."""

    def entering(self, scope: int) -> Entering:
        """What a call's state needs when it starts; asked for every scope, so it must be had cheaply."""

    def counts(self) -> tuple[int, int]:
        """How many sites and scopes there are."""


class Entering(NamedTuple):
    """How a call starts: the number of its slots, whether its state is kept by frame, whether it is a module."""

    slots: int
    by_frame: bool
    namespace: bool


@dataclass(frozen=True, slots=True)
class Tables:
    """Everything that the probes of one rewritten piece of source need to know."""

    sites: tuple[Site, ...]
    scopes: tuple[Scope, ...]
    guards: tuple[Guard, ...]
    filename: str

    def site(self, number: int) -> Site:
        """A site by its number."""
        return self.sites[number]

    def scope(self, number: int) -> Scope:
        """A scope by its number."""
        return self.scopes[number]

    def guard(self, number: int) -> Guard:
        """A guard by its number."""
        return self.guards[number]

    def raising_sites(self, scope: int) -> tuple[Site, ...]:
        """The sites of a scope, one for each statement that may raise."""
        return tuple(site for site in self.sites if site.scope == scope and site.raising)

    def sites_of(self, scope: int) -> tuple[int, ...]:
        """The numbers of a scope's sites."""
        return tuple(site.number for site in self.sites if site.scope == scope)

    def entering(self, scope: int) -> Entering:
        """What a call's state needs when it starts."""
        found = self.scopes[scope]
        by_frame = not found.hidden and found.name != "<lambda>"
        return Entering(len(found.slots), by_frame, found.namespace)

    def counts(self) -> tuple[int, int]:
        """How many sites and scopes there are."""
        return len(self.sites), len(self.scopes)
