"""Which statements may change a container that some variable holds: after them a recorder looks again."""

from __future__ import annotations

import ast
from collections.abc import Iterable

from .names import own_expressions, walk

NEVER, MAYBE, UNLESS_ATOM = 0, 1, 2
"""Whether a statement may change containers; the last: only if what it has bound is no atom (``x += y``)."""

_QUIET_CALLS = {"range", "enumerate", "zip", "len"}
_CHANGING = (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SUSPENDING = (ast.With, ast.AsyncWith, ast.AsyncFor, ast.Import, ast.ImportFrom, ast.ClassDef)


def mutates(node: ast.AST) -> int:
    """How a statement, ``except`` or ``case`` may change containers, by the look of its own expressions."""
    if isinstance(node, _SUSPENDING) or getattr(node, "decorator_list", None):
        return MAYBE
    if isinstance(node, ast.For):
        if not _is_quiet_call(node.iter):
            return MAYBE
        return MAYBE if _changing([*node.iter.args, node.target]) else NEVER  # type: ignore[attr-defined]
    if _changing([node] if isinstance(node, ast.expr) else own_expressions(node)):
        return MAYBE
    return UNLESS_ATOM if isinstance(node, ast.AugAssign) else NEVER


def _changing(expressions: Iterable[ast.AST]) -> bool:
    for expression in expressions:
        for part in walk(expression):
            if isinstance(part, _CHANGING):
                return True
            if isinstance(part, (ast.Attribute, ast.Subscript)) and not isinstance(part.ctx, ast.Load):
                return True
    return False


def _is_quiet_call(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _QUIET_CALLS
