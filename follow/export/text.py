"""The same readable text as ``follow.text`` writes of records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from ..followers.render import Renderer
from ..followers.screen import Screen
from ..model import Record


def export(records: Iterable[Record], stream: TextIO) -> int:
    """Write records as text.

    Arguments:
        records: as a trace gives them.
        stream: where to.

    Returns:
        How many there were.
    """
    renderer = Renderer(Screen(stream, None, None).ability, times=True, normalize=False)
    count = 0
    for record in records:
        stream.write(renderer.record(record, 0))
        count += 1
    return count
