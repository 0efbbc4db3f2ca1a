"""The expressions in statements: which are a statement's own, and which of them give what it writes."""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Sequence


@functools.lru_cache(maxsize=4_096)
def children(node: ast.AST) -> tuple[ast.AST, ...]:
    """The nodes right below a node."""
    return tuple(ast.iter_child_nodes(node))


def own_expressions(node: ast.AST) -> Iterator[ast.expr]:
    """The expressions of a statement itself, not of those in it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.expr):
            yield child
        elif not isinstance(child, (ast.stmt, ast.ExceptHandler, ast.match_case)):
            yield from own_expressions(child)


def targets_of(node: ast.AST | None, *, deleted: bool = False) -> list[ast.expr]:
    """What a statement assigns to, an ``except`` or a loop's header as well; with ``deleted`` also what it deletes."""
    if isinstance(node, ast.Assign) or (deleted and isinstance(node, ast.Delete)):
        return node.targets
    target = getattr(node, "target", None)
    return [] if target is None else [target]


@functools.lru_cache(maxsize=4_096)
def calls_in(node: ast.AST) -> tuple[ast.Call, ...]:
    """The calls in a statement's own expressions."""
    parts = (part for expression in own_expressions(node) for part in ast.walk(expression))
    return tuple(part for part in parts if isinstance(part, ast.Call))


def called(node: ast.Call) -> str:
    """The name of what a call calls."""
    func = node.func
    return func.attr if isinstance(func, ast.Attribute) else func.id if isinstance(func, ast.Name) else ""


def root_of(node: ast.expr) -> str:
    """The variable at the start of a chain of attributes and subscripts; empty where there is none."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""


def pairs_of(node: ast.AST) -> list[tuple[ast.expr, ast.expr]]:
    """What an assignment assigns to what, where it assigns several values to as many targets."""
    if not isinstance(node, ast.Assign):
        return []
    target, value = node.targets[0], node.value
    if not isinstance(target, ast.Tuple) or not isinstance(value, ast.Tuple) or len(target.elts) != len(value.elts):
        return []
    return list(zip(target.elts, value.elts))


def places_of(node: ast.AST) -> list[ast.expr]:
    """The expressions that choose where an assignment puts something: the container or object, and the key."""
    if isinstance(node, ast.AugAssign):  # which reads what it changes
        return []
    found: list[ast.expr] = []
    for target in targets_of(node):
        for part in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
            if isinstance(part, (ast.Attribute, ast.Subscript)):
                found.append(part.value)
            if isinstance(part, ast.Subscript):
                found.append(part.slice)
    return found


def is_alias_of_name(node: ast.AST | None) -> bool:
    """Whether a statement only gives another name to what a variable holds."""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Name)


def moved_by(node: ast.AST) -> list[ast.expr]:
    """The containers of which a statement removes or replaces items by their places, so that others move."""
    found = [one for one in targets_of(node, deleted=True) if isinstance(one, ast.Subscript)]
    return [one.value for one in found if isinstance(one.slice, ast.Slice) or isinstance(node, ast.Delete)]


def expressions_of(node: ast.AST) -> Sequence[ast.expr]:
    """The expressions that give what a statement has written, or decide what it does."""
    if isinstance(node, ast.Assign):
        return [node.value]
    if isinstance(node, ast.AugAssign):
        target = ast.parse(ast.unparse(node.target), mode="eval").body
        return [target, node.value]
    if isinstance(node, ast.AnnAssign):
        return [node.value] if node.value is not None else []
    if isinstance(node, (ast.For, ast.AsyncFor)):
        return [node.iter]
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
        return []
    if isinstance(node, ast.match_case):
        return [] if node.guard is None else [node.guard]
    return list(own_expressions(node))
