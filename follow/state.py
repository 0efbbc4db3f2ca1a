"""The state of a call: a list, so that generated code reads and changes it fast.

What stands at its start; after that come the call's slots, in which variables are remembered that may be unbound.
For a recorder it is the bare number of the call where nothing else is needed.
"""

from __future__ import annotations

MISSING = object()
"""In a slot, or instead of a value: the variable is not bound."""

CLOCK, THREAD, CELLS, YIELDED, LOCALS, STANDING, SLOTS = range(7)
"""Its clock, its thread, its closure cells, what it yields, the dict that ``locals()`` gave to it, how it stands among
other calls (where records tell), its first slot."""

COUNT, TOLD, SINK, WINDOW, LOOP_SIZE = range(1, 6)
"""Of a loop of which not all iterations are recorded, after whether the running one is: how many have begun, of how
many it has been told which were left out, what takes what the running one gives (None: it is handed on), what holds the
last ones."""

CALL = CLOCK
"""For a recorder, which needs no clock: the number of the call."""


class Number:
    """A number that can change, as a constant of a code object: an attribute in a slot is read fastest."""

    __slots__ = ("value",)

    def __init__(self) -> None:
        self.value = 0
