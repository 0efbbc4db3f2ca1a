"""Events as columns: what is alike stands together, so it compresses to a third and in a third of the time."""

from __future__ import annotations

from typing import Any

from ..accelerate import native
from ..events import LEFT, RAISED, SET, SILENCE
from .values import NATIVE_PACKER, pack, without_cycles

KIND, FLAT = "columns", "events"
"""The kinds of the frames that hold them, and of those with a flat list of events."""
_WITH_CALL = frozenset((SET, RAISED, LEFT))
"""Of follow's own events those that belong to a call."""

# Columns are four lists: the ids of events; the numbers of their calls and their times, each as the difference from the
# one before; and all their values.


def items_of(columns: Any, lengths: dict[int, int]) -> list[Any]:
    """The flat list of the events of some columns.

    Arguments:
        columns: what a file holds, which may be damaged.
        lengths: how many items an event has, by its id.

    Raises:
        IndexError, TypeError, ValueError: they do not fit together.
    """
    joined = None if native is None else native.joined(columns, lengths)
    if joined is not None:
        found: list[Any] = joined
        return found
    ids, calls, times, values = columns
    if not all(type(column) is list for column in columns) or len(ids) != len(times):
        raise ValueError("columns of events that do not fit together")
    items: list[Any] = []
    call = time = place = used = 0
    for number, later in zip(ids, times):
        count = lengths[number] - 2
        items.append(number)
        if number > SILENCE or number in _WITH_CALL:
            call += calls[used]
            used += 1
            count -= 1
            items.append(call)
        items += values[place : place + count]
        place += count
        time += later
        items.append(time)
    if place != len(values) or used != len(calls):
        raise ValueError("columns of events that do not fit together")
    return items


def packed_events(items: list[Any], lengths: dict[int, int]) -> tuple[bytes, int]:
    """What a frame of events holds, and how many events that are; 0 where they were not counted.

    Only the compiled helper makes columns: while Python code did, other threads would run, and make events faster than
    they are written. Without it the items are packed as they are, which is one call.

    Arguments:
        items: the events as a flat list.
        lengths: how many items an event has, by its id.

    Raises:
        ValueError: values are nested without end.
    """
    try:
        packed = None if NATIVE_PACKER is None else NATIVE_PACKER.pack_events(items, lengths)
        if packed is not None:
            found: tuple[bytes, int] = packed
            return found
        return pack([FLAT, items]), 0
    except (ValueError, RecursionError):
        return pack([FLAT, without_cycles(items)]), 0
