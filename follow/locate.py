"""Which statement raised: from a traceback's last instruction to its site."""

from __future__ import annotations

import sys
from itertools import islice
from types import CodeType, TracebackType

from .accelerate import native
from .model import Span
from .probetable import ProbeTable

Candidate = tuple[int, Span]
"""A site that may have raised: its number, and the part of the source that counts as its statement."""


def locate_site(traceback: TracebackType, candidates: tuple[Candidate, ...]) -> int | None:
    """The number of the innermost site whose span holds the instruction that raised.

    Arguments:
        traceback: its first entry is the frame that raised.
        candidates: one a statement.
    """
    code, last = traceback.tb_frame.f_code, traceback.tb_lasti
    position = _position(code, last)
    if position is not None:
        start, end = position[:2], position[2:]
        inside = [one for one in candidates if one[1][:2] <= start and end <= one[1][2:]]
        if inside:
            return min(inside, key=_size)[0]
        # Some instructions of a compound statement carry the position of all of it.
        for number, span in candidates:
            if span[:2] == start:
                return number
    line = traceback.tb_lineno
    near = [one for one in candidates if one[1][0] <= line <= one[1][2]]
    if len(near) < 2:
        return near[0][0] if near else None
    starts = [one for one in near if one[1][0] == one[1][2]] or near
    return _next_probed(code, last, [number for number, _ in starts])


def _position(code: CodeType, last: int) -> tuple[int, int, int, int] | None:
    if native is not None:
        found: tuple[int, int, int, int] | None = native.position(code, last)
        return found
    if sys.version_info < (3, 11):
        return None
    line, end_line, column, end_column = next(islice(code.co_positions(), last // 2, None), (None,) * 4)
    if line is None or end_line is None or column is None or end_column is None:
        return None
    return line, column, end_line, end_column


def _size(candidate: Candidate) -> tuple[int, int]:
    _, (line, column, end_line, end_column) = candidate
    return end_line - line, end_column - column


def _next_probed(code: CodeType, last: int, candidates: list[int]) -> int:
    """Several statements on one line and no columns (3.10): the one whose probe comes next in the code."""
    numbers = {str(number): number for number in candidates}
    raw = code.co_code
    argument = 0
    table = False
    for offset in range(0, len(raw), 2):
        operation, low = raw[offset], raw[offset + 1]
        argument = argument << 8 | low
        if operation == 144:  # EXTENDED_ARG
            continue
        constant = code.co_consts[argument] if operation == 100 else None  # LOAD_CONST
        if table and offset > last:  # the table of probes was loaded, now comes the key
            number = numbers.get(str(constant).rpartition("_")[2])
            if number is not None:
                return number
        table = type(constant) is ProbeTable
        argument = 0
    return candidates[-1]
