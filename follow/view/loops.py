"""Which loops stand around which places."""

from __future__ import annotations

from collections.abc import Sequence

from .source import Layout, Position
from .tables import Place, Tables


def loops_of(tables: Tables, layouts: Sequence[Layout]) -> tuple[list[int], dict[int, int]]:
    """The loops around places; a loop is told by the place at which its body is entered.

    Arguments:
        tables: the places.
        layouts: by the number of a file where loops stand in it.

    Returns:
        Of each place the innermost loop around it, or -1; and of each such loop the one around it, or -1.
    """
    entries = _entries(tables)

    def entry(place: Place, position: Position | None) -> int:
        return -1 if position is None else entries.get((place.function, *position), -1)

    loops: list[int] = []
    outer: dict[int, int] = {}
    for place in tables.places:
        layout = layouts[tables.functions[place.function].file]
        position = layout.around(place.line, place.column) if place.number >= 0 else None
        loops.append(entry(place, position))
        if position is not None:
            outer[loops[-1]] = entry(place, layout.outer[position])
    outer.pop(-1, None)
    return loops, outer


def _entries(tables: Tables) -> dict[tuple[int, int, int], int]:
    """By a function and a position the place at which the body of the loop that stands there is entered."""
    found: dict[tuple[int, int, int], int] = {}
    for number, place in enumerate(tables.places):
        if place.kind in ("for", "while") and place.event == "statement":
            key = place.function, place.line, place.column
            known = found.get(key)
            if known is None or tables.places[known].number > place.number:
                found[key] = number
    return found
