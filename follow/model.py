"""What the stages hand to each other: sites, scopes and guards of a rewritten piece of source.

All of them are plain frozen values: they can be compared, printed and written to a cache.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from .state import LOOP_SIZE, SINK, SLOTS

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

VALUE, SLOT, CELL, WATCH, GLOBAL = "value", "slot", "cell", "watch", "global"
"""Where a probe finds a variable: in its arguments, in the call's table, in a closure cell; or it computes it."""

ELISION = "elision"
"""The kind of the sites that tell how many iterations of a loop were left out."""


class Shown(NamedTuple):
    """A variable that a record shows: its name, where the probe finds it, and at which index there."""

    name: str
    place: str
    index: int  # type: ignore[assignment]


class Site(NamedTuple):
    """A place in the source that gives records: one statement, in one of its roles.

    It is no dataclass, for an import unpacks hundreds of them.

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
    globals: tuple[str, ...] = ()
    """Where it is recorded what objects hold: the module's variables that a function binds or may change there; as
    ``module.name`` those of other modules."""
    stores: tuple[tuple[int, int], ...] = ()
    clears: tuple[int, ...] = ()
    closing: bool = False
    raising: bool = True
    """Whether a record is made of this site when its statement raises (one site a statement)."""
    result: str = ""
    """``"return"`` or ``"yield"`` when the record shows the value instead of the variables."""
    hides: bool = False
    """Whether what is returned or yielded is a secret."""
    loop: int = -1
    """The innermost loop around it of which not all iterations are recorded, by its number in the scope."""
    always: bool = False
    """Whether it is recorded in iterations that are left out, too."""
    watched: tuple[tuple[int, tuple[tuple[str, str, int], ...]], ...] = ()
    """For each variable shown that is computed: which of the scope's, and of the names in it name, place and index."""


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
    loops: tuple[tuple[int, int, Span], ...] = ()
    """The loops of which not all iterations are recorded: for each the one around it, or -1, a site that tells how many
    were left out, and the position of the instructions before it."""
    watches: tuple[tuple[str, str, tuple[str, ...], bool], ...] = ()
    """What is computed: name in records, expression, the variables in it, whether its value's parts are meant."""
    owner: str = ""
    """The class around it, for private names."""
    windows: bool = False
    """Whether what iterations give is held back until it is known which are the last."""
    line: int = 0
    """The line of its ``def`` or ``lambda``; of a module that of its first statement."""

    @property
    def watched(self) -> tuple[str, ...]:
        """The names under which records show what is computed."""
        return tuple(name for name, *_ in self.watches)

    def flag(self, loop: int) -> int:
        """Where a call's state has whether the running iteration of a loop is recorded.

        More about the loop comes after that: see ``state``.
        """
        return SLOTS + len(self.slots) + self.namespace + LOOP_SIZE * loop

    def guard(self, site: Site) -> int:
        """Where a call's state has whether a site's record is made; -1 of one that is made in any case."""
        limited = site.loop >= 0 and not site.always and site.kind != ELISION
        return self.flag(site.loop) if limited and not self.windows else -1

    def sink(self, site: Site) -> int:
        """Where a call's state has what takes a site's record, if anything; -1 where there never is."""
        limited = site.loop >= 0 and not site.always and site.kind != ELISION
        return self.flag(site.loop) + SINK if limited and self.windows else -1

    @property
    def given_secrets(self) -> frozenset[str]:
        """The secrets among what a call has when it starts."""
        return frozenset({*self.secret} & {*self.entered, *self.cells})

    @property
    def entering(self) -> Entering:
        """What a call's state needs when it starts."""
        by_frame = not self.hidden and self.name != "<lambda>"
        size = len(self.slots) + self.namespace + LOOP_SIZE * len(self.loops)
        return Entering(size, by_frame, self.namespace)


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

    def raising(self, scope: int) -> tuple[tuple[int, Span], ...]:
        """The numbers and spans of a scope's sites, of one for each statement that may raise."""

    def sites_of(self, scope: int) -> tuple[int, ...]:
        """The numbers of a scope's sites."""

    def own(self) -> Own:
        """Those of a module's own statements about which nothing is special."""

    def counts(self) -> tuple[int, int]:
        """How many sites and scopes there are."""


OwnStatement = tuple[str, int, "tuple[str, ...] | None"]
"""Its instruction, which names may be bound (as in ``Site.possible``), and the names whose values it may have changed,
if these are only those that it binds."""


class Own(NamedTuple):
    """A module's own statements, which mostly run once: what their probes need is told without a site of each."""

    function: str
    """What records call the module."""
    names: tuple[str, ...]
    secret: tuple[str, ...]
    statements: dict[int, OwnStatement]
    """By the numbers of their sites."""
    entering: Entering
    """How the first scope starts, that of a module or of a function."""


class Entering(NamedTuple):
    """How a call starts: how much its state holds, whether that is kept by frame, whether it is a module."""

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

    def raising(self, scope: int) -> tuple[tuple[int, Span], ...]:
        """The numbers and spans of a scope's sites, of one for each statement that may raise."""
        return tuple((site.number, site.span) for site in self.sites if site.scope == scope and site.raising)

    def sites_of(self, scope: int) -> tuple[int, ...]:
        """The numbers of a scope's sites."""
        return tuple(site.number for site in self.sites if site.scope == scope)

    def own(self) -> Own:
        """Those of a module's own statements about which nothing is special."""
        if not self.scopes:  # an empty file
            return Own("", (), (), {}, Entering(0, False, False))
        scope = self.scopes[0]
        plain = scope.namespace and not scope.loops and not scope.watches
        statements: dict[int, OwnStatement] = {
            site.number: (site.instruction, site.possible, None if site.again else site.binds)
            for site in self.sites
            if plain and site.scope == 0 and site.kind != ELISION and site.loop < 0
            if not (site.stores or site.clears or site.result or site.watched)
        }
        return Own(scope.name, scope.names, scope.secret, statements, scope.entering)

    def counts(self) -> tuple[int, int]:
        """How many sites and scopes there are."""
        return len(self.sites), len(self.scopes)
