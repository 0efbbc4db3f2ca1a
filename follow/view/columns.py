"""Columns of numbers and text that leave as compressed parts, so that a trace is never held as a whole."""

from __future__ import annotations

import sys
import zlib
from array import array
from base64 import b64encode
from collections.abc import Callable

PART = 1 << 20
"""A part holds about so many bytes before it is compressed."""
_LEVEL = 6

Sink = Callable[[str, int, str], None]
"""What takes a part: the column's name, the number of its items (of text: bytes), and the data in base64."""


def compressed(data: bytes) -> str:
    """Bytes as zlib's stream in base64."""
    return b64encode(zlib.compress(data, _LEVEL)).decode("ascii")


def planes(values: array[int]) -> bytes:
    """Numbers of 32 bits byte by byte: first the lowest byte of each, last the highest. That packs far better."""
    if sys.byteorder == "big":
        values = values[:]
        values.byteswap()
    raw = values.tobytes()
    return b"".join(raw[place::4] for place in range(4))


class Column:
    """Unsigned numbers of 32 bits.

    Arguments:
        name: the column's name.
        sink: what takes its parts.

    Attributes:
        values: the numbers that have not left yet; append to them and call ``spill`` now and then.
        left: how many numbers have left.
    """

    __slots__ = ("_name", "_sink", "left", "values")

    def __init__(self, name: str, sink: Sink) -> None:
        self._name = name
        self._sink = sink
        self.values = array("I")
        self.left = 0

    def __len__(self) -> int:
        return self.left + len(self.values)

    def spill(self, least: int = PART // 4) -> None:
        """Let the numbers leave if there are at least so many."""
        values = self.values
        if values and len(values) >= least:
            self.left += len(values)
            self._sink(self._name, len(values), compressed(planes(values)))
            del values[:]


class Text:
    """Text of which each piece follows the one before; it leaves as UTF-8.

    Arguments:
        name: the column's name.
        sink: what takes its parts.

    Attributes:
        size: how many bytes there are in all.
    """

    def __init__(self, name: str, sink: Sink) -> None:
        self._name = name
        self._sink = sink
        self._pieces: list[bytes] = []
        self._held = 0
        self.size = 0

    def append(self, text: str) -> int:
        """Add a piece and return how many bytes it takes."""
        data = text.encode("utf-8", "backslashreplace")
        self._pieces.append(data)
        self._held += len(data)
        self.size += len(data)
        if self._held >= PART:
            self.spill()
        return len(data)

    def spill(self) -> None:
        """Let everything leave."""
        if self._held:
            self._sink(self._name, self._held, compressed(b"".join(self._pieces)))
            self._pieces.clear()
            self._held = 0
