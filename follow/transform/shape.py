"""Small questions about the shape of a piece of the syntax tree."""

from __future__ import annotations

import ast

from ..names import mangle
from .headers import Text

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
LOOPS = (ast.For, ast.AsyncFor, ast.While)
_READS_LOCALS = {"locals", "vars", "dir"}


def is_docstring(statement: ast.stmt) -> bool:
    """Whether the statement is a string: as the first of a body it is the docstring."""
    return (
        isinstance(statement, ast.Expr)
        and isinstance(statement.value, ast.Constant)
        and isinstance(statement.value.value, str)
    )


def argument_names(node: FunctionNode) -> list[str]:
    """The names of a function's parameters."""
    args = node.args
    every = [*args.posonlyargs, *args.args, args.vararg, *args.kwonlyargs, args.kwarg]
    return [argument.arg for argument in every if argument is not None]


def block_depth(body: list[ast.stmt]) -> int:
    """The depth of nested blocks that the compiler will count, with the guards that would be added."""
    deepest = 0
    for statement in body:
        cost = 0
        if isinstance(statement, LOOPS):
            cost = 1
        elif isinstance(statement, (ast.With, ast.AsyncWith)):
            cost = 3
        elif hasattr(statement, "handlers"):
            cost = 4
        if isinstance(statement, (*FUNCTIONS, ast.ClassDef)):
            continue
        inner = [getattr(statement, name, None) or [] for name in ("body", "orelse", "finalbody")]
        inner += [part.body for name in ("handlers", "cases") for part in getattr(statement, name, ())]
        deepest = max(deepest, cost + max((block_depth(suite) for suite in inner), default=0))
    return deepest


def is_elif(statement: ast.If, text: Text) -> bool:
    """Whether the ``else`` of an ``if`` is written ``elif``."""
    if len(statement.orelse) != 1 or not isinstance(statement.orelse[0], ast.If):
        return False
    inner = statement.orelse[0]
    start = (inner.lineno, inner.col_offset, inner.lineno, inner.col_offset + 4)
    return text.between(start) == "elif"


def is_locals_call(node: ast.AST) -> bool:
    """Whether it is ``locals()``, ``vars()`` or ``dir()`` called by name without arguments."""
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in _READS_LOCALS
        and not node.args
        and not node.keywords
    )


def nested_declarations(node: ast.AST, class_name: str | None) -> tuple[set[str], set[str]]:
    """The names that functions inside declare ``nonlocal``, and those that the function itself declares ``global``."""
    shared: set[str] = set()
    global_: set[str] = set()
    pending: list[tuple[ast.AST, bool, str | None]] = [
        (child, False, class_name) for child in ast.iter_child_nodes(node)
    ]
    while pending:
        child, inside, owner = pending.pop()
        if isinstance(child, ast.Nonlocal) and inside:
            shared.update(mangle(name, owner) for name in child.names)
        elif isinstance(child, ast.Global) and not inside:
            global_.update(mangle(name, owner) for name in child.names)
        elif isinstance(child, (ast.stmt, ast.excepthandler, ast.match_case)):
            owner = child.name if isinstance(child, ast.ClassDef) else owner
            inside = inside or isinstance(child, (*FUNCTIONS, ast.ClassDef))
            pending.extend((inner, inside, owner) for inner in ast.iter_child_nodes(child))
    return shared, global_


def stores_several(statement: ast.AST) -> bool:
    """Whether the statement binds or unbinds one thing after another, and may fail in between."""
    if isinstance(statement, (ast.Assign, ast.Delete)):
        roots: list[ast.AST] = list(statement.targets)
    elif isinstance(statement, (ast.For, ast.AsyncFor)):
        roots = [statement.target]
    elif isinstance(statement, (ast.With, ast.AsyncWith)):
        roots = [item.optional_vars for item in statement.items if item.optional_vars is not None]
    elif isinstance(statement, (ast.Import, ast.ImportFrom)):
        return len(statement.names) > 1
    else:
        return False
    stored = (ast.Name, ast.Attribute, ast.Subscript)
    count = sum(
        isinstance(part, stored) and not isinstance(part.ctx, ast.Load) for root in roots for part in ast.walk(root)
    )
    return count > 1


def leading_statements(body: list[ast.stmt]) -> int:
    """How many statements of a module must stay first: its docstring and its ``__future__`` imports."""
    count = 1 if body and is_docstring(body[0]) else 0
    while count < len(body):
        statement = body[count]
        if not (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"):
            break
        count += 1
    return count
