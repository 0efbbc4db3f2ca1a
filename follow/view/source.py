"""What the viewer shows of source: lines with their colours, and which loops stand in which."""

from __future__ import annotations

import ast
import warnings
from html import escape

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

Position = tuple[int, int]
"""A line, from 1, and a column in UTF-8 bytes, from 0."""

_LONG = 2_000_000
"""Text of more characters is shown without colours."""


def lines_of(text: str) -> list[str]:
    """The lines of a file's text as HTML, in which nothing of the text is markup."""
    if len(text) > _LONG:
        return escape(text.replace("\r\n", "\n").replace("\r", "\n")).split("\n")
    shown: str = highlight(text, PythonLexer(stripnl=False, ensurenl=False), HtmlFormatter(nowrap=True))
    return shown.rstrip("\n").split("\n")


class Layout:
    """Where functions and loops stand in a text; loops count within their functions.

    Arguments:
        text: a file's text; of one that this Python cannot parse nothing is known.

    Attributes:
        outer: by the position of a loop that of the loop around it, or None.
    """

    def __init__(self, text: str) -> None:
        self.outer: dict[Position, Position | None] = {}
        self._around: dict[Position, Position | None] = {}
        self._cases: dict[int, Position | None] = {}
        self._functions: list[tuple[str, int, int]] = []
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                tree: ast.AST = ast.parse(text)
        except (SyntaxError, ValueError, RecursionError):
            return
        waiting: list[tuple[ast.AST, Position | None]] = [(tree, None)]
        while waiting:
            waiting.extend(self._inside(*waiting.pop()))

    def around(self, line: int, column: int) -> Position | None:
        """The innermost loop around the statement at a position; a loop's own header counts as inside of it."""
        if (line, column) in self._around:
            return self._around[line, column]
        return self._cases.get(line)

    def line_of(self, name: str, inside: int) -> int:
        """The line with the name of the function that holds a line; the line itself where there is none."""
        holding = [line for one, line, last in self._functions if one == name and line <= inside <= last]
        return max(holding, default=inside)

    def _inside(self, node: ast.AST, loop: Position | None) -> list[tuple[ast.AST, Position | None]]:
        """Note the loop of a node, and tell what stands in the node, each with its loop."""
        if isinstance(node, _LOOPS):
            position = node.lineno, node.col_offset
            self.outer[position] = loop
            self._around[position] = position
            return [(child, position) for child in node.body] + [(child, loop) for child in node.orelse]
        if isinstance(node, (ast.stmt, ast.excepthandler)):
            self._around[node.lineno, node.col_offset] = loop
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self._functions.append((node.name, node.lineno, node.end_lineno or node.lineno))
        elif isinstance(node, ast.match_case):
            self._cases[node.pattern.lineno] = loop
        inner = None if isinstance(node, _SCOPES) else loop
        return [(child, inner) for child in ast.iter_child_nodes(node)]


_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Lambda)
