"""The position that a probe's own instructions take, so that no debugger or coverage tool sees it.

A line event is given when the line changes. So a probe after a statement takes the line of the
statement's last instruction, and a probe before one that of its first.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from itertools import takewhile

from ..model import NOWHERE, Span
from .headers import span_of

_FEW_CONSTANTS = 2
"""So many constants in a display are loaded one by one."""
_ON_THE_STACK = 30
"""So many items of a display are put on the stack at most before it is made."""

_FIRST: dict[type, Callable[..., ast.AST | None]] = {
    ast.Expr: lambda s: s.value,
    ast.Assign: lambda s: s.value,
    ast.AugAssign: lambda s: s.target,
    ast.AnnAssign: lambda s: s.value,
    ast.Return: lambda s: s.value,
    ast.For: lambda s: s.iter,
    ast.AsyncFor: lambda s: s.iter,
    ast.If: lambda s: s.test,
    ast.With: lambda s: s.items[0].context_expr,
    ast.AsyncWith: lambda s: s.items[0].context_expr,
    ast.Match: lambda s: s.subject,
    ast.Delete: lambda s: s.targets[0],
    ast.Raise: lambda s: s.exc,
    ast.Assert: lambda s: s.test,
    ast.BinOp: lambda e: e.left,
    ast.BoolOp: lambda e: e.values[0],
    ast.Compare: lambda e: e.left,
    ast.Call: lambda e: e.func,
    ast.Attribute: lambda e: e.value,
    ast.Subscript: lambda e: e.value,
    ast.IfExp: lambda e: e.test,
    ast.UnaryOp: lambda e: e.operand,
    ast.Starred: lambda e: e.value,
    ast.Await: lambda e: e.value,
    ast.Yield: lambda e: e.value,
    ast.YieldFrom: lambda e: e.value,
    ast.NamedExpr: lambda e: e.value,
}


def first_of(node: ast.AST) -> Span:
    """The position of the first instruction of a statement or expression."""
    while True:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            parts: list[ast.expr] = [*node.decorator_list]
            if not isinstance(node, ast.ClassDef):
                parts += [*node.args.defaults, *(d for d in node.args.kw_defaults if d is not None)]
            following: ast.AST | None = parts[0] if parts else None
        elif isinstance(node, ast.While):
            following = None if isinstance(node.test, ast.Constant) else node.test
        elif isinstance(node, (ast.Tuple, ast.List, ast.Set)):
            following = None if _is_built_first(node) else node.elts[0]
        elif isinstance(node, ast.Dict):
            following = _first_of_dict(node)
        else:
            following = _FIRST.get(type(node), _nothing)(node)
        if following is None:
            return span_of(node)
        node = following


def _nothing(node: ast.AST) -> None:
    return None


def _is_built_first(node: ast.Tuple | ast.List | ast.Set) -> bool:
    """Whether a display is made before its items are: an empty or long one, one of constants, one that starts with a
    star."""
    count = len(node.elts)
    constant = (count > _FEW_CONSTANTS or isinstance(node, ast.Tuple)) and all(map(_is_constant, node.elts))
    return not count or count > _ON_THE_STACK or constant or isinstance(node.elts[0], ast.Starred)


def _first_of_dict(node: ast.Dict) -> ast.expr | None:
    """What a dict display evaluates first; None if the dict is made before that."""
    keys = list(takewhile(lambda key: key is not None, node.keys))
    if not keys or 2 * len(keys) > _ON_THE_STACK:
        return None
    return node.values[0] if len(keys) > 1 and all(map(_is_constant, keys)) else keys[0]


def _is_constant(node: ast.expr | None) -> bool:
    """Whether the compiler makes one constant of an expression."""
    if isinstance(node, ast.Tuple):
        return all(map(_is_constant, node.elts))
    if isinstance(node, ast.UnaryOp):
        return _is_constant(node.operand)
    if isinstance(node, ast.BinOp):
        return _is_constant(node.left) and _is_constant(node.right)
    return isinstance(node, ast.Constant)


def last_of(statement: ast.stmt) -> Span:
    """The position of the last instruction of a simple statement that runs to its end."""
    node: ast.AST = statement
    if isinstance(statement, ast.AnnAssign) and statement.value is None:
        return NOWHERE  # no instruction at all
    if statement.lineno != statement.end_lineno and isinstance(statement, (ast.Expr, ast.Assert)) and _jumps(statement):
        return NOWHERE
    if isinstance(statement, (ast.Assign, ast.Delete)):
        node = statement.targets[-1]
    elif isinstance(statement, (ast.AugAssign, ast.AnnAssign)):
        node = statement.target
    elif isinstance(statement, ast.Assert):
        node = statement.test
        while isinstance(node, ast.BoolOp):
            node = node.values[-1]
    while isinstance(node, (ast.Tuple, ast.List)) and node.elts:
        node = node.elts[-1]
    return span_of(node)


def _jumps(statement: ast.Expr | ast.Assert) -> bool:
    """Whether there are several ways through the statement's expression, so that its last line is not known."""
    value = statement.value if isinstance(statement, ast.Expr) else statement.test
    return isinstance(value, (ast.BoolOp, ast.IfExp)) or (isinstance(value, ast.Compare) and len(value.ops) > 1)


def definition_of(statement: ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) -> Span:
    """The position of the store of a function or class: with decorators, their line before 3.11."""
    if statement.decorator_list and sys.version_info < (3, 11):
        return span_of(statement.decorator_list[0])
    return span_of(statement)


def entry_of(body: list[ast.stmt]) -> Span:
    """The position of the first instruction of a suite."""
    for statement in body:
        if isinstance(statement, (ast.Global, ast.Nonlocal)):
            continue
        if isinstance(statement, ast.AnnAssign) and statement.value is None:
            continue
        return first_of(statement)
    return span_of(body[-1])
