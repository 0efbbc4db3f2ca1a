"""Tables of positions, as short as they can be.

CPython 3.11 writes one entry for each instruction, even where the position is that of the one before. Later versions do
this themselves, and 3.10 keeps lines only. The format is that of CPython's Objects/locations.md.
"""

from __future__ import annotations

import re
import sys
from types import CodeType

_ENTRY = re.compile(rb"[\x80-\xff][\x00-\x7f]*")
_LONGEST = 8
"""So many code units an entry may stand for; its first byte has that number, less one, in the lowest bits."""
_LENGTH, _KIND = 0x07, 0x78
_SAME_LINE, _WITHOUT_COLUMNS, _NONE = 10 << 3, 13 << 3, 15 << 3
"""Kinds of entries: below the first are short ones on the line of the one before, below the second those that have two
columns on one line."""
_CONTINUES = 0x40

Position = tuple[int, bytes]
"""What an entry tells besides its line, whatever its kind."""


def shortened(code: CodeType) -> CodeType:
    """The same code, with neighbouring instructions of one position in one entry of its table."""
    if sys.version_info[:2] != (3, 11):
        return code
    return code.replace(co_linetable=merged(code.co_linetable))


def merged(table: bytes) -> bytes:
    """A table with as few entries as tell the same."""
    made = bytearray()
    last: Position | None = None
    start = length = 0  # of the entry that was written last
    for entry in _ENTRY.findall(table):
        position, moves = _read(entry)
        size = (entry[0] & _LENGTH) + 1
        if moves or position != last:
            last, start, length = position, len(made), size
            made += entry
            continue
        within = min(size, _LONGEST - length)
        made[start] += within
        length += within
        if size > within:
            start, length = len(made), size - within
            made += entry
            made[start] -= within
    return bytes(made)


def _read(entry: bytes) -> tuple[Position, bool]:
    """What an entry tells besides its line, and whether that is another than the one before has."""
    kind = entry[0] & _KIND
    if kind < _SAME_LINE:
        column = kind | entry[1] >> 4
        return (_SAME_LINE, bytes((column, column + (entry[1] & 0x0F)))), False
    if kind < _WITHOUT_COLUMNS:
        return (_SAME_LINE, entry[1:]), kind != _SAME_LINE
    if kind == _NONE:
        return (kind, b""), False
    number = 1  # the first number is how many lines further it is
    while entry[number] & _CONTINUES:
        number += 1
    return (kind, entry[number + 1 :]), entry[1] != 0
