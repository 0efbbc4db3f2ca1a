"""Which statement raised: from a traceback's last instruction to its site."""

from __future__ import annotations

import sys
from itertools import islice
from types import CodeType, TracebackType

from .accelerate import native
from .model import Site, Span
from .probetable import ProbeTable


def locate_site(traceback: TracebackType, sites: tuple[Site, ...]) -> Site | None:
    """The innermost site whose span holds the instruction that raised.

    Arguments:
        traceback: its first entry is the frame that raised.
        sites: the candidates, one a statement.
    """
    code, last = traceback.tb_frame.f_code, traceback.tb_lasti
    position = _position(code, last)
    if position is not None:
        inside = [site for site in sites if _holds(site.span, position)]
        if inside:
            return min(inside, key=lambda site: _size(site.span))
        # Some instructions of a compound statement carry the position of all of it.
        for site in sites:
            if site.span[:2] == position[:2]:
                return site
    line = traceback.tb_lineno
    candidates = [site for site in sites if site.span[0] <= line <= site.span[2]]
    if len(candidates) < 2:
        return candidates[0] if candidates else None
    starts = [site for site in candidates if site.span[0] == site.span[2]] or candidates
    return _next_probed(code, last, starts)


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


def _holds(span: Span, position: tuple[int, int, int, int]) -> bool:
    line, column, end_line, end_column = position
    return span[:2] <= (line, column) and (end_line, end_column) <= span[2:]


def _size(span: Span) -> tuple[int, int]:
    return span[2] - span[0], span[3] - span[1]


def _next_probed(code: CodeType, last: int, candidates: list[Site]) -> Site:
    """Several statements on one line and no columns (3.10): the one whose probe comes next in the code."""
    sites = {str(site.number): site for site in candidates}
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
            site = sites.get(str(constant).rpartition("_")[2])
            if site is not None:
                return site
        table = type(constant) is ProbeTable
        argument = 0
    return candidates[-1]
