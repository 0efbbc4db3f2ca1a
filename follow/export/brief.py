"""Values as short text, made without running any of the program's code."""

from __future__ import annotations

import reprlib
from collections.abc import Mapping
from typing import Any

from ..copies import plain
from ..state import MISSING

MOST_VARIABLES = 20
"""So many variables are told of one statement or call."""


class _Brief(reprlib.Repr):
    """A ``repr`` within limits; what a trace holds is built-in values and follow's own stand-ins."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxlist = self.maxtuple = self.maxset = self.maxfrozenset = self.maxdeque = self.maxdict = 8
        self.maxstring = self.maxlong = self.maxother = 80

    def repr_int(self, x: int, level: int) -> str:
        """An integer; Python refuses to write very long ones in base 10."""
        return f"<int of {x.bit_length():,} bits>" if x.bit_length() > 4_096 else super().repr_int(x, level)


_brief = _Brief()


def brief(value: Any) -> str:
    """A value of a record, or an event's result, as short text."""
    try:
        return _brief.repr(value)
    except RecursionError:
        return "…"


def brief_variables(forms: Mapping[Any, Any]) -> dict[str, str]:
    """The variables of an event as short texts, the first ``MOST_VARIABLES`` of them.

    Arguments:
        forms: an event's, containers with their identities; keys that are no names, and names that were unbound,
            are left out.
    """
    named = [(name, form) for name, form in forms.items() if type(name) is str and form is not MISSING]
    shown = {name: brief(plain(form)) for name, form in named[:MOST_VARIABLES]}
    if len(named) > MOST_VARIABLES:
        shown["…"] = f"and {len(named) - MOST_VARIABLES:,} more"
    return shown
