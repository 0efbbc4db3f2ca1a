"""The variables of each function, as the compiler sees them.

The order of ``co_varnames`` is the compiler's own, so it is asked: the tree is compiled once with a
serial number in place of the first line of each function, which then tells the code objects apart.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from types import CodeType

from .. import quiet


@dataclass(frozen=True, slots=True)
class Names:
    """The variables of one function: all in the record's order, and which of them are cells or free."""

    order: tuple[str, ...]
    cell: tuple[str, ...]
    free: tuple[str, ...]


CodeNames = dict[ast.AST, Names]


def code_names(tree: ast.Module, flags: int) -> CodeNames:
    """Compile ``tree`` and tell the variables of each function and lambda that is not dead code."""
    marked: dict[int, dict[str, ast.AST]] = {}
    undo: list[tuple[ast.AST, tuple[int, int, int, int]]] = []
    try:
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)):
                _mark(node, marked, undo)
        code = quiet.compile_tree(tree, flags)
    finally:
        for node, (line, column, end_line, end_column) in reversed(undo):
            node.lineno, node.col_offset = line, column  # type: ignore[attr-defined]
            node.end_lineno, node.end_col_offset = end_line, end_column  # type: ignore[attr-defined]
    found: CodeNames = {}
    for inner in _walk(code):
        node = marked.get(inner.co_firstlineno, {}).get(inner.co_name)  # type: ignore[assignment]
        if node is not None:
            order = dict.fromkeys((*inner.co_varnames, *inner.co_cellvars, *inner.co_freevars))
            found[node] = Names(tuple(order), inner.co_cellvars, inner.co_freevars)
    return found


def _mark(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda,
    marked: dict[int, dict[str, ast.AST]],
    undo: list[tuple[ast.AST, tuple[int, int, int, int]]],
) -> None:
    decorators = [] if isinstance(node, ast.Lambda) else node.decorator_list
    bearer: ast.AST = decorators[0] if decorators else node
    name = "<lambda>" if isinstance(node, ast.Lambda) else node.name
    line = bearer.lineno  # type: ignore[attr-defined]
    serial = line if line in marked and any(done is bearer for done, _ in undo) else len(undo) + 1
    marked.setdefault(serial, {})[name] = node
    if any(done is bearer for done, _ in undo[-2:]):
        return
    undo.append((bearer, (line, bearer.col_offset, bearer.end_lineno, bearer.end_col_offset)))  # type: ignore[attr-defined]
    bearer.lineno = bearer.end_lineno = serial  # type: ignore[attr-defined]
    bearer.col_offset = bearer.end_col_offset = 0  # type: ignore[attr-defined]


def _walk(code: CodeType) -> Iterator[CodeType]:
    stack = [code]
    while stack:
        code = stack.pop()
        yield code
        stack.extend(c for c in code.co_consts if isinstance(c, CodeType))
