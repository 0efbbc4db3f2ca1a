"""Which statements may change a container that some variable holds: after them a recorder looks again."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from ..names import own_expressions


@dataclass(frozen=True)
class Change:
    """How a statement may change containers, by the look of its own expressions.

    Attributes:
        may: whether it may change any at all.
        unless_atom: not if what it has bound is an atom (``x += y``).
        unless_exact: not if this variable holds a built-in container (``for x in names``).
        bases: if all these variables hold built-in containers, only those and what holds them
            (``names[0] = x``, ``names.append(x)``).
    """

    may: bool
    unless_atom: bool = False
    unless_exact: str = ""
    bases: tuple[str, ...] = ()


NEVER, MAYBE = Change(False), Change(True)

_ITERATING = {"range", "enumerate", "zip"}
_QUIET_CALLS = _ITERATING | {
    *("len", "isinstance", "issubclass", "type", "id", "callable", "abs", "ord", "chr"),
    *("int", "float", "bool", "divmod", "round"),
}
_MOST_BASES = 2
_METHODS = {
    # of containers; what these are given they keep or compare, no more
    *("append", "appendleft", "add", "insert", "pop", "popleft", "popitem", "clear", "remove", "discard", "reverse"),
    *("get", "keys", "values", "items", "copy", "index", "count", "setdefault"),
    # of strings
    *("startswith", "endswith", "strip", "lstrip", "rstrip", "lower", "upper", "split", "partition", "find", "isdigit"),
}
_VIEWS = {"keys", "values", "items"}
_CHANGING = (ast.Await, ast.Yield, ast.YieldFrom, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
_SUSPENDING = (ast.With, ast.AsyncWith, ast.AsyncFor, ast.Import, ast.ImportFrom, ast.ClassDef)


def changes(node: ast.AST, is_builtin: Callable[[str], bool]) -> Change:
    """How a statement, ``except`` or ``case`` may change containers.

    Arguments:
        node: the statement, or an expression.
        is_builtin: whether a name that nothing here binds stands for a built-in function.
    """
    if isinstance(node, _SUSPENDING) or getattr(node, "decorator_list", None):
        return MAYBE
    if isinstance(node, ast.For):
        return _header(node, is_builtin)
    bases: dict[str, None] = {}
    for base in _changed([node] if isinstance(node, ast.expr) else own_expressions(node), is_builtin):
        if base is None:
            return MAYBE
        bases[base] = None
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        return MAYBE if bases else Change(True, unless_atom=True)
    if len(bases) > _MOST_BASES:
        return MAYBE
    return Change(True, bases=tuple(bases)) if bases else NEVER


def _header(node: ast.For, is_builtin: Callable[[str], bool]) -> Change:
    """The header of a loop, each time that it has given an item."""
    looped: ast.expr = node.iter
    arguments = [looped]
    if _is_call_of(looped, _ITERATING, is_builtin):
        arguments = [*looped.args, *(keyword.value for keyword in looped.keywords)]  # type: ignore[attr-defined]
        looped = ast.Tuple(elts=[])
    elif isinstance(looped, ast.Call) and isinstance(looped.func, ast.Attribute) and looped.func.attr in _VIEWS:
        arguments = looped.args
        looped = looped.func.value
    if any(True for _ in _changed([*arguments, node.target], is_builtin)):
        return MAYBE
    if isinstance(looped, (ast.Constant, ast.Tuple, ast.List)):
        return NEVER
    if isinstance(looped, ast.Name) and not any(
        isinstance(part, ast.Name) and part.id == looped.id and not isinstance(part.ctx, ast.Load)
        for part in ast.walk(node)
    ):
        return Change(True, unless_exact=looped.id)
    return MAYBE


def _changed(expressions: Iterable[ast.AST], is_builtin: Callable[[str], bool]) -> Iterator[str | None]:
    """The variables whose containers the expressions change, and None for what cannot be told."""
    parts = list(expressions)
    while parts:  # a walk of its own, for this is asked of every statement
        part = parts.pop()
        kind = type(part)
        if kind is ast.Name or kind is ast.Constant:
            continue
        if isinstance(part, _CHANGING):
            yield None
        elif isinstance(part, ast.Call):
            if not _is_call_of(part, _QUIET_CALLS, is_builtin):
                func = part.func
                method = isinstance(func, ast.Attribute) and func.attr in _METHODS and not part.keywords
                yield func.value.id if method and isinstance(func.value, ast.Name) else None  # type: ignore[attr-defined]
        elif isinstance(part, ast.Subscript) and not isinstance(part.ctx, ast.Load):
            yield part.value.id if isinstance(part.value, ast.Name) else None
        elif isinstance(part, ast.Attribute) and not isinstance(part.ctx, ast.Load):
            yield None
        elif isinstance(part, ast.Lambda):  # the defaults run where the lambda is made, its body runs elsewhere
            parts += [*part.args.defaults, *filter(None, part.args.kw_defaults)]
            continue
        for name in part._fields:
            inside = getattr(part, name, None)
            if isinstance(inside, list):
                parts += [item for item in inside if isinstance(item, ast.AST)]
            elif isinstance(inside, ast.AST):
                parts.append(inside)


def _is_call_of(node: ast.expr, names: set[str], is_builtin: Callable[[str], bool]) -> bool:
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in names
        and is_builtin(node.func.id)
    )
