"""The events that a recorder gets, as items of one flat list: which there are, and what each of them holds.

An event is its id, the number of its call, then its values, and last the time. Ids below ``FIRST_BASE``
are of follow's own; the pieces of source that are recorded each get a range of them:

* ``base + 3 * site``: the statement was executed; its values are those of the names that it has bound;
* ``base + 3 * site + 1``: the same, then what it may have changed (None for what surely is as before);
* ``base + 3 * site + 2``: the same, then the containers that it has changed, and no others;
* ``base + 3 * sites + scope``: a call began; its values are its thread, its arguments, and its closure's.
"""

from __future__ import annotations

from dataclasses import dataclass

from .model import CELL, ELISION, GLOBAL, VALUE, Scope, Shown, Site

TIME, SET, RAISED, LEFT, RECORD, SILENCE = range(6)
"""The ids of follow's own events:

* ``TIME``, time: nothing has happened;
* ``SET``, call, {name: value}, time: names were bound or unbound by what is not recorded itself;
* ``RAISED``, call, id, {name: value}, exception, time: the statement of that id has raised;
* ``LEFT``, call, exception, time: an exception has left the call;
* ``RECORD``, record, time: a record that was made for other followers as well;
* ``SILENCE``, base, time: from here on nothing of that piece of source counts.
"""

FEW, ALL, SOME = range(3)
"""The forms of a statement's event, as above."""

FIRST_BASE = 16

UNCOUNTED = (TIME, SILENCE)
"""These are not counted as events."""

LENGTHS = {TIME: 2, SET: 4, RAISED: 6, LEFT: 4, RECORD: 3, SILENCE: 3}
"""How many items each of them takes."""

MOST_WRITTEN_OUT = 10
"""So many variables are looked at one by one to see whether they have changed; more of them as one list."""


@dataclass(frozen=True, slots=True)
class Held:
    """What the events of a site hold.

    Of the names ``bound`` the values; and in the longer form of the event of the closure's ``cells`` the
    values, too, and of the names in ``again`` what has changed. Of both the module's
    variables (``Site.globals``) come last.
    """

    bound: tuple[Shown, ...]
    cells: tuple[Shown, ...]
    again: tuple[Shown, ...]
    bases: tuple[Shown, ...]
    """The containers that it changes if they are built-in ones."""
    result: bool
    """Whether the last value is what is returned or yielded, or how many iterations were left out."""
    changes: bool
    """Whether the only value is a dict of the names that have changed, as in a module's own statements."""

    @property
    def longer(self) -> bool:
        """Whether there is a longer form."""
        return bool(self.cells or self.again)

    @property
    def together(self) -> bool:
        """Whether what has changed comes as one list (or None)."""
        return len(self.again) > MOST_WRITTEN_OUT


def held_by(site: Site, scope: Scope) -> Held:
    """What the events of a site hold."""
    result = site.kind in ("return", ELISION) or scope.name == "<lambda>" or site.result == "yield"
    if scope.namespace:
        return Held((), (), (), (), site.kind == ELISION, changes=True)
    bound = [shown for shown in site.shown if shown.name in site.binds]
    again = [shown for shown in site.shown if shown.name in site.again]
    cells = tuple(shown for shown in again if shown.place == CELL)
    known = {shown.name: shown for shown in site.shown}
    bases = tuple(known[name] for name in site.bases)
    again = [shown for shown in again if shown.place != CELL]
    for index, name in enumerate(site.globals):
        (bound if name in site.binds else again).append(Shown(name, GLOBAL, index))
    return Held(tuple(bound), cells, tuple(again), bases, result, changes=False)


def given_to(site: Site, scope: Scope) -> tuple[str, ...]:
    """The names whose values a statement's probe needs to be given."""
    held = held_by(site, scope)
    names = dict.fromkeys(shown.name for shown in (*held.bound, *held.again) if shown.place == VALUE)
    if held.longer:
        names.update(dict.fromkeys((*site.bases, *filter(None, [site.unless_exact]))))
    names.update(dict.fromkeys(site.arguments[argument] for _, argument in site.stores))
    return tuple(names)


def id_of(base: int, site: int, form: int = FEW) -> int:
    """The id of a site's event."""
    return base + 3 * site + form


def id_of_entry(base: int, sites: int, scope: int) -> int:
    """The id of the event that a call has begun."""
    return base + 3 * sites + scope


def size(sites: int, scopes: int) -> int:
    """How many ids a piece of source takes."""
    return 3 * sites + scopes
