"""The same readable text as a follower of text writes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TextIO

from ..followers.text import text
from ..model import Record


def export(records: Iterable[Record], stream: TextIO) -> int:
    """Write records as text.

    Arguments:
        records: as a trace gives them.
        stream: where to.

    Returns:
        How many there were.
    """
    write = text(stream)
    count = 0
    for record in records:
        write(record)
        count += 1
    return count
