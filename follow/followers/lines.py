"""What is the same in all lines of one statement."""

from __future__ import annotations

import linecache
import os
import re
from collections.abc import Sequence
from types import CodeType

from ..model import ELISION, Lookup, Scope
from ..trace.model import Function, Piece, Statement
from .layout import ALONE, BODY, END, Layout, One, Part
from .shown import one_line

QUIET = ("import", "def", "class")
"""Statements whose variables say what the source says already."""
_MOST_HEADS = 100
"""So many depths of one statement are kept ready."""
_DEF = re.compile(r"\s*(async\s+)?def\s")
_MOST_DECORATORS = 50
"""So many lines of decorators are passed over."""

Head = tuple[str, int, One]
"""What stands between a line's time and its variables, how many columns are taken with it, and the line for one."""


def short_name(filename: str) -> str:
    """A file's name; of ``__init__.py`` and the like with its folder."""
    folder, name = os.path.split(filename)
    return f"{os.path.basename(folder)}/{name}" if name.startswith("__") and folder else name


def line_for(statement: Statement, function: Function, piece: Piece, tables: Lookup) -> Line:
    """The line of a statement of a piece of source whose tables are given."""
    spans = [tables.site(number).span for number in tables.sites_of(function.number)]
    left = min(column for _, column, *_ in spans)
    first = min(column for line, column, *_ in spans if line == statement.line)  # of what stands in its line
    ends = tables.site(statement.number).closing
    return Line(statement, function, short_name(piece.filename), first - left, ends)


def short_qualname(function: Function) -> str:
    """A function's name with that of its class, but without that of the function that defines it."""
    return function.qualname.rpartition("<locals>.")[2]


class Entry:
    """What is the same in all lines that tell that a function is called.

    Arguments:
        function, piece, scope: what is called.
        code: its code object, if that is known.

    Attributes:
        calls: how many there were.
        parameters: their names; what else a call begins with are the closure's variables.
        untold: whether there are parameters, but events do not tell their values.
    """

    __slots__ = ("alone", "calls", "name", "parameters", "place", "untold")

    def __init__(self, function: Function, piece: Piece, scope: Scope, code: CodeType | None) -> None:
        line = function.line if code is None or function.module else _line_of(code)
        self.place = f"{short_name(piece.filename)}:{line}"
        self.name = short_qualname(function)
        self.alone = function.name == "<lambda>"
        self.parameters = scope.entered
        self.untold = bool(scope.entered) and not scope.hidden
        self.calls = 0


def _line_of(code: CodeType) -> int:
    """The line in which a function's ``def`` stands: its code's first may be that of a decorator."""
    for line in range(code.co_firstlineno, code.co_firstlineno + _MOST_DECORATORS):
        if _DEF.match(linecache.getline(code.co_filename, line)):
            return line
    return code.co_firstlineno


class Line:
    """What the lines of a statement have in common, and how often and how long it was executed.

    Arguments:
        statement, function: what the line tells of.
        file: its name.
        indent: how deep it is nested in its function, in columns.
        ends: whether the call ends with it.

    Attributes:
        plain: whether its shortest event holds no more than what it has bound.
        ends: whether the call ends with it.
        layout, heads: by depth, what stands between the time and the variables in one layout.
    """

    __slots__ = (
        "bound",
        "code",
        "count",
        "ends",
        "heads",
        "indent",
        "layout",
        "mark",
        "name",
        "plain",
        "time",
        "where",
    )

    def __init__(self, statement: Statement, function: Function, file: str, indent: int, ends: bool) -> None:
        alone = function.name == "<lambda>"
        self.code = ("<lambda> " if alone else "") + one_line(statement.instruction)
        self.indent = " " * indent
        self.where = f"{file}:{statement.line}"
        self.bound = statement.bound
        self.name = self.bound[0] if len(self.bound) == 1 else ""
        self.ends = ends or (alone and statement.result)
        self.mark = ALONE if alone else END if self.ends else BODY
        self.plain = not (
            statement.kind == ELISION
            or statement.changes
            or statement.result
            or statement.unbound
            or statement.kind in QUIET
            or self.ends
        )
        self.count = 0
        self.time = 0
        self.layout: Layout | None = None
        self.heads: dict[int, Head] = {}

    def head(self, layout: Layout, depth: int) -> Head:
        """What stands between the time and the variables; of deep recursion not all is kept."""
        found = self.heads.get(depth) if self.layout is layout else None
        if found is None:
            if self.layout is not layout or len(self.heads) > _MOST_HEADS:
                self.layout = layout
                self.heads.clear()
            head = layout.head(self.where, depth, self.mark, self.indent, self.code)
            found = self.heads[depth] = (*head, layout.one(head, self.name))
        return found

    def left_out(self, layout: Layout, depth: int, spent: int, text: str, parts: Sequence[Part]) -> str:
        """The line that tells how many iterations were left out, as deep as the loop's body."""
        if layout.gap != "…":
            text = text.replace("…", layout.gap)
        line, used = layout.head(self.where, depth, BODY, self.indent + "    ", text, "note")
        return f"{layout.duration(spent) if layout.times else ''}{line}{layout.parts(parts, used)}\n"

    def text(self, layout: Layout, depth: int, spent: int, parts: Sequence[Part]) -> str:
        """The line.

        Arguments:
            layout: how it looks.
            depth: of the call.
            spent: the time (ns) that the statement took.
            parts: what it has to tell.
        """
        line, used, _ = self.head(layout, depth)
        return f"{layout.duration(spent) if layout.times else ''}{line}{layout.parts(parts, used)}\n"
