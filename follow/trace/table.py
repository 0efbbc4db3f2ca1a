"""What a recording looks like in a notebook or at an interactive prompt: its first statements as a table."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Iterable, Sequence
from html import escape
from itertools import islice

from .decode import Event
from .lines import Line, cut, lines_of, shorter, text_of

_MOST = 100
"""Rows of a table."""
_MOST_TEXT = 30
"""Lines of text."""
_CELL = "text-align: left; vertical-align: top; font-family: monospace; white-space: pre-wrap"


class Shown:
    """Gives what has events the ways in which IPython shows objects."""

    shows_last = False
    """Whether the last events are shown instead of the first."""

    def _shown_events(self) -> Iterable[Event]:
        raise NotImplementedError

    def _repr_html_(self) -> str:
        return table(*self._lines(_MOST))

    def _repr_pretty_(self, printer: object, cycle: bool) -> None:
        lines, note = self._lines(_MOST_TEXT)
        text = getattr(printer, "text")  # noqa: B009 - of IPython's printer, which is not needed otherwise
        text(f"{type(self).__name__}: {note}" + "".join(f"\n{line}" for line in text_of(lines).split("\n") if line))

    def _lines(self, most: int) -> tuple[list[Line], str]:
        found = lines_of(self._shown_events())
        lines = list(deque(found, maxlen=most + 1) if self.shows_last else islice(found, most + 1))
        if len(lines) <= most:
            return lines, "nothing was recorded" if not lines else f"{len(lines)} statements and calls"
        if self.shows_last:
            return lines[1:], f"the last {most} statements and calls"
        return lines[:most], f"the first {most} statements and calls; records() has all"


def table(lines: Sequence[Line], note: str) -> str:
    """Lines as a table in HTML; everything that comes from the program is escaped.

    Arguments:
        lines: its rows.
        note: what stands above it.
    """
    top = min((line.depth for line in lines), default=0)
    several = len({line.file for line in lines}) > 1
    rows = "".join(_row(line, line.depth - top, several) for line in lines)
    head = "".join(f'<th style="text-align: left">{name}</th>' for name in ("line", "statement", "new or changed"))
    return f"<table><caption>{escape(note)}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _row(line: Line, depth: int, several: bool) -> str:
    told = [f"<b>{escape(name)}</b> = {escape(text)}" for name, text in line.changes]
    if line.result:
        told.append(f"→ {escape(line.result)}")
    if line.exception:
        told.append(f'<span style="color: #b00020">{escape(cut(line.exception))}</span>')
    indent = f"{_CELL}; padding-left: {1 + 2 * min(depth, 20)}em"
    place = f"{os.path.basename(shorter(line.file))}:{line.number}" if several else str(line.number)
    place = f'<td style="{_CELL}" title="{escape(line.file)}">{escape(place)}</td>'
    statement = f'<td style="{indent}">{escape(cut(line.text))}</td>'
    return f'<tr>{place}{statement}<td style="{_CELL}">{"<br>".join(told)}</td></tr>'
