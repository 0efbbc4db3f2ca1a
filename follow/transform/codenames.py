"""The variables of each function, as the compiler sees them.

The order of ``co_varnames`` is the compiler's own, so it is asked: the tree is compiled once with a
serial number in place of the first line of each function, which then tells the code objects apart.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from .. import quiet
from ..model import Span
from ..source import walk_codes
from .headers import span_of


@dataclass(frozen=True, slots=True)
class Names:
    """The variables of one function: all in the record's order, and which of them are cells or free."""

    order: tuple[str, ...]
    cell: tuple[str, ...]
    free: tuple[str, ...]


CodeNames = dict[ast.AST, Names]


def code_names(tree: ast.Module, flags: int) -> CodeNames:
    """Compile ``tree`` and tell the variables of each function and lambda that is not dead code."""
    marks = _Marks()
    try:
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                marks.mark(node)
        code = quiet.compile_tree(tree, flags)
    finally:
        marks.undo()
    found: CodeNames = {}
    for inner in walk_codes(code):
        marked = marks.functions.get((inner.co_firstlineno, inner.co_name))
        if marked is not None:
            order = dict.fromkeys((*inner.co_varnames, *inner.co_cellvars, *inner.co_freevars))
            found[marked] = Names(tuple(order), inner.co_cellvars, inner.co_freevars)
    return found


class _Marks:
    """Serial numbers in place of lines: on the function's node, or on its first decorator, as the compiler reads it."""

    def __init__(self) -> None:
        self.functions: dict[tuple[int, str], ast.AST] = {}
        self._bearers: dict[ast.expr | ast.stmt, tuple[int, Span]] = {}

    def mark(self, node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) -> None:
        """Give the function a number of its own; a lambda that decorates shares that of what it decorates."""
        bearer: ast.expr | ast.stmt = node
        name = "<lambda>"
        if not isinstance(node, ast.Lambda):
            name = node.name
            bearer = node.decorator_list[0] if node.decorator_list else node
        if bearer not in self._bearers:
            serial = len(self._bearers) + 1
            self._bearers[bearer] = serial, span_of(bearer)
            bearer.lineno = bearer.end_lineno = serial
            bearer.col_offset = bearer.end_col_offset = 0
        self.functions[self._bearers[bearer][0], name] = node

    def undo(self) -> None:
        """Put the positions back."""
        for bearer, (_, (line, column, end_line, end_column)) in self._bearers.items():
            bearer.lineno, bearer.col_offset = line, column
            bearer.end_lineno, bearer.end_col_offset = end_line, end_column
